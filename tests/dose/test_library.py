"""A user's plan library: sampled, rejected, delivered."""

import warnings

import numpy as np
import pytest
import xarray as xr
from library_cases import NAMES, SETTINGS, write_library

from radsim import make_experiment, simulate
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, Wanted
from radsim.experiment.model import ExperimentError
from radsim.patients.cohort import draw_cohort
from radsim.randomness.streams import Streams


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    dose = write_library(folder / "plans", 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # single plans miss a limit by rounding
        return make_experiment(SETTINGS, folder), dose


def test_every_draw_of_an_eligible_patient_keeps_the_limits(library):
    experiment, _ = library
    patients = simulate(experiment, range(400)).sel(arm="library")
    eligible = patients["plan_eligible"] == 1
    assert float(eligible.mean()) > 0.95
    some = patients.where(eligible, drop=True)
    assert float(some["gtv_d98_planned"].min()) >= 21.0 - 1e-3
    assert float(some["ptv_d90_planned"].min()) >= 29.7 - 1e-3
    assert float(some["cord_prv_d003cc_planned"].max()) <= 25.0 + 1e-9
    assert float(some["thecal_sac_d003cc_planned"].max()) <= 30.0 + 1e-9


def test_sampling_keeps_the_population_of_the_library(library):
    # the mean of 400 draws differs from the library's by less than 5 standard errors of both
    # (probability of failing under 1e-6)
    experiment, dose = library
    drawn = simulate(experiment, range(400))["gtv_d98_planned"].values[0]
    theirs = dose.sums(DoseMetric(structure="gtv", metric="D98")).total
    error = np.hypot(drawn.std() / np.sqrt(400), theirs.std() / np.sqrt(40))
    assert abs(drawn.mean() - theirs.mean()) < 5 * error


def test_doses_fall_with_volume_and_structures_move_together(library):
    experiment, _ = library
    arm = experiment.arms["library"].plan
    cohort = draw_cohort(experiment.cohort, range(200), Streams(3))
    dose = draw_dose(arm, experiment.dose, cohort, Streams(3), Wanted(frozenset(NAMES)))
    for structure in NAMES:
        nodes = dose.courses[structure].planned
        assert (np.diff(nodes[~np.isnan(nodes).any(axis=1)], axis=1) <= 0).all()


def test_chunks_change_nothing(library):
    experiment, _ = library
    whole = simulate(experiment, range(30))
    pieces = [simulate(experiment, range(i, i + 5)) for i in range(0, 30, 5)]
    xr.testing.assert_identical(xr.concat(pieces, "patient", data_vars="minimal"), whole)


def test_a_small_library_is_used_as_it_is(tmp_path):
    dose = write_library(tmp_path / "plans", 6)
    with pytest.warns(UserWarning, match="holds 6 of the 25 plans"):
        experiment = make_experiment(SETTINGS, tmp_path)
    drawn = simulate(experiment, range(200))["gtv_d98_planned"].values[0]
    theirs = dose.sums(DoseMetric(structure="gtv", metric="D98")).total
    nearest = np.abs(drawn[:, None] - theirs[None, :]).min(axis=1)
    assert nearest.max() < 0.05  # [Gy] each draw is one of the plans, read back from its file


def test_delivery_moves_doses_along_the_edge(library):
    experiment, _ = library
    patients = simulate(experiment, range(400)).sel(arm="library")
    change = (patients["cord_prv_d003cc_delivered"] - patients["cord_prv_d003cc_planned"]).values
    assert 0.5 < np.nanmean(change) < 5.0  # the hottest point of an arc gains on the average
    target = (patients["gtv_d50_delivered"] - patients["gtv_d50_planned"]).values
    assert abs(target.mean()) < 0.5


def test_a_result_runs_again_without_the_folder(library, tmp_path):
    experiment, _ = library
    import tomllib

    again = make_experiment(tomllib.loads(experiment.to_toml()), tmp_path)
    assert again == experiment


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"folder": "nowhere"}, "is not a folder"),
        ({"prescription": 24.0}, "prescription"),
        ({"fractions": 3}, "fractions"),
        ({"smoothing": 2.0}, "smoothing: must lie between 0 and 1"),
        ({"boost": 20.0}, "boost: must not be below the prescription"),
        ({"smothing": 0.1}, "did you mean 'smoothing'?"),
    ],
)
def test_mistakes_are_named(library, tmp_path, change, says):
    write_library(tmp_path / "plans", 2)
    arm = {**SETTINGS["arms"]["library"], **change}
    with warnings.catch_warnings(), pytest.raises(ExperimentError, match=says):
        warnings.simplefilter("ignore")
        make_experiment({**SETTINGS, "arms": {"library": arm}}, tmp_path)


def test_a_library_that_mixes_regimens_is_refused(tmp_path):
    write_library(tmp_path / "plans", 2)
    write_library(tmp_path / "plans", 2, regimen="24-in-2", prescription=24.0, fractions=2, first=5)
    with pytest.raises(ExperimentError, match="mixes regimens"):
        make_experiment(SETTINGS, tmp_path)
