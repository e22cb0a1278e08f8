"""How far the delivery rule of a library is from shifting the plans that it was read from."""

import warnings

import numpy as np
import pytest
from library_cases import SETTINGS, write_library

from radsim import make_experiment, simulate

PATIENTS = 1000
OVERSTATED = {  # delivered over planned D0.03cc by the library's rule, over that of shifted plans
    (0.0, "spinal_cord"): 1.0,
    (2.0, "spinal_cord"): 1.03,
    (2.0, "cord_prv"): 1.07,
    (2.0, "thecal_sac"): 1.10,
    (4.0, "spinal_cord"): 1.06,
    (4.0, "cord_prv"): 1.135,
    (4.0, "thecal_sac"): 1.16,
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
    for (shift, structure), expected in OVERSTATED.items():
        given, planned = (
            means[shift][f"{structure}_d003cc_{course}"] for course in ("delivered", "planned")
        )
        rise = given / planned
        ratio = float(rise.sel(arm="library") / rise.sel(arm="model"))
        assert ratio == pytest.approx(expected, abs=0.02), (shift, structure)
    exact = means[4.0]["spinal_cord_d003cc_delivered"].sel(arm="model")
    assert float(exact) == pytest.approx(26.5, abs=0.5)
