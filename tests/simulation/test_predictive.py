"""Series of a published size: what each would report, and where the published one falls."""

import numpy as np
import pytest
from command_line import radsim

from radsim import make_experiment, simulate
from radsim.execution.pieces import Cutting, Work, pieces_of
from radsim.execution.totals import Totals
from radsim.experiment.model import ExperimentError
from radsim.report.tables.ledger import PREDICTIVE, records
from radsim.report.text.series import predictive_text
from radsim.results.run import run

SETTINGS = {
    "name": "series",
    "seed": 3,
    "patients": 60,
    "cohort": {"preset": "sib-phase2"},
    "arms": {"one": {"regimen": "24x1"}, "other": {"regimen": "sib-phase2"}},
    "tcp": {"preset": "hytec-spine-2021"},
    "ntcp": {"vcf": {"preset": "vcf-2013"}},
    "survival": {"preset": "rtog-0631"},
    "predictive": {
        "patients": 8,
        "segments": 10,
        "source": "somebody",
        "observed": [
            {"endpoint": "local_control", "months": 24, "value": 0.9},
            {"endpoint": "local_failure", "months": 24, "value": 0.1},
            {"endpoint": "vcf", "months": 24, "value": 0.2},
            {"endpoint": "survival", "months": 24, "value": 0.5},
        ],
    },
}


def changed(**predictive):
    return {**SETTINGS, "predictive": {**SETTINGS["predictive"], **predictive}}


def naive(failure, fracture, death, months):
    """Figures of one series, lesion by lesion, the way they are counted by hand."""
    free = 1.0
    for time in sorted(f for f, d in zip(failure, death, strict=True) if f <= min(d, months)):
        at_risk = sum(min(f, d) >= time for f, d in zip(failure, death, strict=True))
        free *= 1.0 - 1.0 / at_risk
    pairs = list(zip(failure, fracture, death, strict=True))
    failed = sum(f <= min(d, months) for f, _, d in pairs) / len(pairs)
    broken = sum(b <= min(d, months) for _, b, d in pairs) / len(pairs)
    return [free, failed, broken, sum(d > months for d in death[:8]) / 8]


def figures_of(experiment, block=8192):
    """Figures of every simulated series, from blocks of some size."""
    work = Work(experiment, Cutting(block=block))
    totals = Totals(work)
    for piece in pieces_of(experiment, 0, experiment.patients, work.cutting):
        totals.add(piece, work([piece])[0])
    return totals.sums().series


def test_every_series_is_what_counting_by_hand_gives():
    experiment = make_experiment(SETTINGS)
    found = figures_of(experiment)
    patients = simulate(experiment, range(60)).sel(arm="one").isel(control_model=0)
    assert found.shape == (4, 6)
    for number in range(6):
        mine = slice(10 * number, 10 * number + 10)
        death = list(patients["time_to_death"].values[mine])
        death[8:] = death[:2]  # the ninth and tenth segment are those of the first two patients
        times = [patients[f"time_to_{e}"].values[mine] for e in ("local_failure", "vcf")]
        assert found[:, number] == pytest.approx(naive(*times, death, 24.0))


@pytest.mark.parametrize("block", [7, 10, 25])
def test_series_are_the_same_in_whatever_blocks_they_are_simulated(block):
    experiment = make_experiment(SETTINGS)
    assert figures_of(experiment, block).tobytes() == figures_of(experiment).tobytes()


def test_the_result_says_where_the_published_figure_falls():
    experiment = make_experiment(changed(arm="other"))
    result = run(experiment, scheduler="single")
    found = figures_of(experiment)
    assert np.quantile(found, 0.5, axis=1) == pytest.approx(result["predictive_median"].values)
    row = records(result, PREDICTIVE)[3]
    assert list(row.values())[:7] == ["other", "survival", "share alive", 24.0, 8, 10, 6]
    alive = found[3]
    assert row["at_or_below"] == np.mean(alive <= 0.5)
    assert row["at_or_above"] == np.mean(alive >= 0.5)
    assert "among 6 simulated series of 8 patients with 10 segments" in predictive_text(result)
    without = run(make_experiment({k: v for k, v in SETTINGS.items() if k != "predictive"}))
    assert records(without, PREDICTIVE) == []
    assert predictive_text(without) == ""


def test_a_figure_that_is_rounded_lies_in_both_tails():
    tied = {"endpoint": "vcf", "months": 1e-3, "value": 0.0004}  # nobody breaks that early
    result = run(make_experiment(changed(observed=[tied])), scheduler="single")
    assert float(result["predictive_at_or_below"][0]) == 1.0
    assert float(result["predictive_at_or_above"][0]) == 1.0


@pytest.mark.parametrize(
    ("predictive", "says"),
    [
        ({"patinets": 8}, "predictive.patinets: unknown key; did you mean 'patients'?"),
        ({"patients": 0}, "predictive.patients: must be above 0, got 0"),
        ({"segments": 7}, "predictive.segments: must not be fewer than the 8 patients, got 7"),
        ({"segments": 90}, "predictive.segments: 90 make one series, and the run has 60 patients"),
        ({"observed": []}, "predictive.observed: must name at least one figure"),
        ({"arm": "onne"}, "predictive.arm: no arm 'onne'; did you mean 'one'?"),
        (
            {"observed": [{"endpoint": "vfc", "months": 12, "value": 0.1}]},
            "endpoint: no endpoint 'vfc'; did you mean 'vcf'?",
        ),
        (
            {"observed": [{"endpoint": "vcf", "months": 12, "value": 15.6}]},
            "value: must lie between 0 and 1, got 15.6",
        ),
        (
            {"observed": [{"endpoint": "myelopathy", "months": 12, "value": 0.0}]},
            "predictive.observed[0].endpoint: myelopathy is not simulated; give its model",
        ),
    ],
)
def test_mistakes_are_named(predictive, says):
    with pytest.raises(ExperimentError) as caught:
        make_experiment(changed(**predictive))
    assert len(caught.value.mistakes) == 1
    assert says in caught.value.mistakes[0]


def test_a_sweep_has_no_predictive_distribution():
    with pytest.raises(ExperimentError, match="takes a file without sweep, uncertainty"):
        make_experiment({**SETTINGS, "sweep": {"arms.one.prescription": [20.0, 24.0]}})


def test_a_run_prints_and_writes_it_and_the_next_one_without_takes_it_away(tmp_path, capsys):
    import tomli_w

    file, out = tmp_path / "series.toml", tmp_path / "out"
    file.write_text(tomli_w.dumps(SETTINGS), encoding="utf-8")
    ran = radsim(capsys, "run", file, "--out", out, "--no-figures")
    assert ran.code == 0
    assert "somebody, among 6 simulated series" in ran.output
    lines = (out / "predictive.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    assert radsim(capsys, "check", out / "experiment.toml").code == 0
    without = {k: v for k, v in SETTINGS.items() if k != "predictive"}
    file.write_text(tomli_w.dumps(without), encoding="utf-8")
    assert radsim(capsys, "run", file, "--out", out, "--no-figures", "--overwrite").code == 0
    assert not (out / "predictive.csv").exists()
