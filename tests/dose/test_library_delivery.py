"""How far the delivery rule of a library is from shifting the plans that it was read from."""

import warnings

import numpy as np
import pytest
from library_cases import SETTINGS, write_library

from radsim import make_experiment, simulate

PATIENTS = 1000
OVERSTATED = {  # delivered D0.03cc of the library's rule over that of the shifted plan
    (0.0, "spinal_cord"): (0.98, 1.03),
    (2.0, "spinal_cord"): (1.02, 1.07),
    (2.0, "cord_prv"): (1.06, 1.11),
    (2.0, "thecal_sac"): (1.08, 1.13),
    (4.0, "spinal_cord"): (1.05, 1.10),
    (4.0, "cord_prv"): (1.11, 1.17),
    (4.0, "thecal_sac"): (1.13, 1.19),
}


def fixed(value):
    return {"kind": "fixed", "value": value}


def delivered(folder, shift):
    """Mean D0.03cc of the model's plans and of a library of them, shifted by so much [mm]."""
    dose = {
        "preset": "distance",
        "systematic_shift": fixed(shift / np.sqrt(2.0)),  # in each of two directions
        "random_shift": fixed(0.0),
        "output_error": fixed(0.0),
    }
    library = {"kind": "library", "folder": "plans", "smoothing": 0.0, "boost": 42.0}
    arms = {"model": {"regimen": "sib-phase2"}, "library": library}
    experiment = make_experiment({**SETTINGS, "dose": dose, "arms": arms}, folder)
    patients = simulate(experiment, range(PATIENTS))
    return patients.mean("patient")


def test_the_rule_overstates_what_the_shifted_plan_gives_by_as_much_as_the_page_says(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_library(tmp_path / "plans", 200)
        means = {shift: delivered(tmp_path, shift) for shift in (0.0, 2.0, 4.0)}
    for (shift, structure), (low, high) in OVERSTATED.items():
        of = means[shift][f"{structure}_d003cc_delivered"]
        ratio = float(of.sel(arm="library") / of.sel(arm="model"))
        assert low < ratio < high, (shift, structure, ratio)
    assert means[0.0]["spinal_cord_d003cc_delivered"].values == pytest.approx(18.2, abs=0.6)
