"""Precision on demand: as many patients as it takes, and no more than it must."""

import numpy as np
import pytest
from command_line import radsim
from examples import experiment, settings

from radsim import ExperimentError, make_experiment, run
from radsim.execution.pieces import Cutting
from radsim.execution.precision import largest_error, patients_next, patients_projected
from radsim.experiment.model import Precision
from radsim.sums.moments import Moments
from radsim.sums.run_sums import RunSums

CHEAP = {
    "arms": {
        "a": {"prescription": 8.0, "fractions": 1, "field": "uniform"},
        "b": {"prescription": 20.0, "fractions": 5, "field": "uniform"},
    },
    "compare": {},
}


CUTTING = Cutting(block=64)


def cheap(standard_error, **changes):
    precision = {
        "standard_error": standard_error,
        "estimates": ["local_failure_cumulative_incidence"],
    }
    return experiment(**CHEAP, precision=precision, patients=64, **changes)


def test_a_run_ends_when_its_largest_error_is_small_enough_and_not_long_after():
    result = run(cheap(0.02), scheduler="single", cutting=CUTTING)
    patients = result.attrs["patients"]
    error = float(result["local_failure_cumulative_incidence_mc_standard_error"].max())
    assert error <= 0.02
    assert 0.25 / 0.02**2 * 0.5 < patients < 0.25 / 0.02**2 * 1.6
    assert patients % 64 == 0


def test_the_result_is_that_of_a_plain_run_of_as_many_patients():
    precise = run(cheap(0.03), workers=2, cutting=CUTTING)
    patients = precise.attrs["patients"]
    plain = run(experiment(**CHEAP, patients=patients), scheduler="single", cutting=CUTTING)
    for name in plain.data_vars:
        np.testing.assert_array_equal(precise[name].values, plain[name].values, name)


def test_precision_takes_the_place_of_patients():
    table = settings()
    del table["patients"]
    assert make_experiment({**table, "precision": 0.01}).precision == Precision(standard_error=0.01)
    with pytest.raises(ExperimentError, match="patients: is missing"):
        make_experiment(table)


def test_every_variant_of_a_design_is_as_exact():
    result = run(
        cheap(0.04, sweep={"tcp.alpha_beta": [3, 10]}), scheduler="single", cutting=CUTTING
    )
    errors = result["local_failure_cumulative_incidence_mc_standard_error"]
    assert errors.sizes["alpha_beta"] == 2
    assert float(errors.max()) <= 0.04


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, float("nan"), "small", {"standard_error": 2.0}])
def test_an_impossible_precision_is_refused(value):
    with pytest.raises(ExperimentError, match="precision"):
        experiment(precision=value)


@pytest.mark.parametrize(
    ("estimates", "without", "missing"),
    [
        (["vcf_net", "local_control_net"], "ntcp", ["vcf_net"]),
        (["complication_free_control_net_difference"], "ntcp", None),
        (["vcf_cumulative_incidence", "survival_alive"], "survival", None),
    ],
)
def test_an_estimate_that_is_not_reported_cannot_be_asked_for(estimates, without, missing):
    written = {key: value for key, value in settings().items() if key != without}
    written["precision"] = {"standard_error": 0.01, "estimates": estimates}
    with pytest.raises(ExperimentError) as caught:
        make_experiment(written)
    named = [line.split()[1] for line in caught.value.mistakes]
    assert named == (missing or estimates)
    assert all("is not reported" in line for line in caught.value.mistakes)


def test_a_precision_that_would_take_too_long_says_so_and_keeps_its_blocks(capsys, tmp_path):
    path = tmp_path / "far.toml"
    path.write_text(cheap(0.02).to_toml(), encoding="utf-8")
    folder = tmp_path / "r"
    arguments = ("run", path, "--out", folder, "--no-figures", "--precision", "1e-5")
    ended = radsim(capsys, *arguments)
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert "the precision would need about" in ended.errors[0]
    assert "--yes" in ended.errors[0]
    assert not (folder / "result.nc").exists()
    assert (folder / ".radsim" / "journal").exists()


def test_no_precision_asks_for_more_patients_than_there_can_be():
    with pytest.raises(ExperimentError, match=r"would need about [\d,]+ patients, at most"):
        run(cheap(1e-7), scheduler="single", cutting=CUTTING)


def test_progress_knows_how_far_a_precision_has_to_go():
    steps = []

    def growth(needed, planned):
        steps.append((needed.patients, planned.patients))

    result = run(cheap(0.02), scheduler="single", growth=growth, cutting=CUTTING)
    assert steps
    assert all(planned <= needed for needed, planned in steps)
    assert result.attrs["patients"] == steps[-1][1]


def looked_at(standard_error, name):
    return experiment(precision={"standard_error": standard_error, "estimates": [name]})


def test_an_event_that_has_not_come_is_not_known_exactly():
    name = "myelopathy_cumulative_incidence"
    sums = RunSums(patients=1000, moments={name: Moments(1000, np.zeros(1), np.zeros(1))})
    asked = looked_at(1e-5, name)
    assert 5e-4 < largest_error(asked, sums) < 2e-3
    projected = patients_projected(asked, sums, 64)
    assert projected > 16_000
    assert patients_next(projected, 1000, 64) == 16_000
    with pytest.raises(ValueError, match="none is reported"):
        largest_error(looked_at(0.1, "vcf_net"), sums)


def test_two_arms_without_a_discordant_patient_are_not_known_to_be_alike():
    name = "myelopathy_cumulative_incidence_difference"
    alike = Moments(1000, np.zeros((2, 1)), np.zeros((2, 1)))
    sums = RunSums(patients=1000, moments={name: alike})
    asked = looked_at(1e-5, name)
    assert largest_error(asked, sums) == pytest.approx(9.76e-4, abs=1e-6)
    assert patients_projected(asked, sums, 64) > 16_000
