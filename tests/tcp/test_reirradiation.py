"""The ratio of hazards after an earlier course, solved in the plans of such a course."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter

from radsim import make_experiment, simulate
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.fitting.calibration import (
    AGAIN,
    AGAIN_COHORT,
    AGAIN_PATIENTS,
    draw_anchor_plans,
    reirradiated_plans,
    with_rest,
)
from radsim.presets import load_preset
from radsim.report.text.description import notes
from radsim.response.onset import PowerOnset
from radsim.tcp import load_tcp
from radsim.tcp.reirradiation import ratio_of_control

SOLVED = ("hytec-spine-gtv-d90", "hytec-spine-gtv-d98", "hytec-spine-ptv-d90")
MODEL = load_tcp("hytec-spine-gtv-d90")
FILE = {
    "name": "again", "seed": 5, "patients": 4000, "months": [12, 24],
    "cohort": {"preset": "reirradiation-series"},
    "arms": {"again": {"regimen": "reirradiation-30-in-5"}},
    "survival": {"preset": "reirradiation-series"},
}  # fmt: skip


@pytest.mark.parametrize("name", SOLVED)
@pytest.mark.parametrize(
    "changes", [{}, {"onset": {"kind": "power", "months": 24.0, "exponent": 0.8}}]
)
def test_patients_of_the_series_have_the_published_control_at_a_year(name, changes):
    experiment = make_experiment({**FILE, "tcp": {"preset": name, **changes}})
    control = simulate(experiment, range(4000))["local_control_net"].isel(control_model=0)
    # other plans and other luck: 3 standard errors of 4,000 patients are below 0.005
    assert float(control.sel(months=12).mean()) == pytest.approx(0.76, abs=0.006)


def test_the_whole_gtv_has_a_ratio_of_its_own():
    experiment = make_experiment({**FILE, "tcp": {"preset": "hytec-spine-gtv-dvh"}})
    control = simulate(experiment, range(2000))["local_control_net"].isel(control_model=0)
    assert float(control.sel(months=12).mean()) == pytest.approx(0.76, abs=0.008)


@pytest.mark.parametrize("published", [0.66, 0.76, 0.90])
@pytest.mark.parametrize("beyond", [0.0, 0.5])
@pytest.mark.parametrize("exponent", [0.75, 1.35])
def test_it_follows_curve_growth_and_weight_in_a_slow_computation(published, beyond, exponent):
    onset = PowerOnset(months=24.0, exponent=exponent)
    model = replace(
        MODEL, reirradiation_control=published, beyond=beyond, onset=onset, d50=19.5, gamma50=0.9
    )
    gtv, rest = model.calibration.reirradiated.doses
    growth = 0.5**exponent
    control = []
    for d90, of_rest in zip(gtv, rest, strict=True):
        near = -np.log(float(model.probability(d90, fractions=5)))
        far = -np.log(float(model.probability(of_rest, fractions=5)))
        hazard = (1.0 - beyond) * near + beyond * far
        control.append(np.exp(-model.ratio_after_earlier * hazard * growth))
    assert np.mean(control) == pytest.approx(published, abs=1e-9)


def test_plans_come_out_the_same_and_their_luck_moves_the_ratio_by_little():
    dose = default_dose_model()
    stored = MODEL.calibration.reirradiated
    assert reirradiated_plans(with_rest(MODEL), dose) == stored
    plans = [
        draw_anchor_plans([AGAIN], [MODEL.dose], dose, AGAIN_PATIENTS, seed, AGAIN_COHORT)
        for seed in range(6)
    ]
    ratios = [
        ratio_of_control(0.5 * MODEL.hazard_of(p.readings[0], 5, p.patients), 0.76) for p in plans
    ]
    low, high = (replace(MODEL, reirradiation_control=p).ratio_after_earlier for p in (0.90, 0.66))
    assert np.std(ratios) < 0.1 * (high - low) / 3.92  # a tenth of its spread


def test_a_stated_ratio_takes_its_place():
    stated = load_tcp("hytec-spine-gtv-d90", reirradiation_hazard_ratio=1.0)
    assert stated.ratio_after_earlier == 1.0
    with pytest.raises(ValueError, match="state one thing; leave one of them out"):
        replace(MODEL, reirradiation_hazard_ratio=1.0)
    assert load_tcp("hytec-spine-2021").ratio_after_earlier == 1.67  # as published
    assert load_tcp("spine-cross-strategy").ratio_after_earlier >= 1.0


def test_what_it_rests_on_is_said():
    experiment = make_experiment({**FILE, "tcp": {"preset": "hytec-spine-gtv-d90"}})
    ratio = MODEL.ratio_after_earlier
    said = [note for note in notes(experiment) if f"{ratio:.3g}" in note]
    assert len(said) == 1 and "76 %" in said[0] and "reirradiation-30-in-5" in said[0]
    stated = load_preset("tcp", "hytec-spine-gtv-d90").parameters["reirradiation_control"]
    assert stated.flag == "assumption" and stated.uncertainty["kind"] == "triangular"


@pytest.mark.parametrize("control", [0.0, 1.0, -0.2, 76.0])
def test_a_control_that_can_not_be_is_refused(control):
    with pytest.raises(ValueError, match="reirradiation_control must be between 0 and 1"):
        replace(MODEL, reirradiation_control=control)


def test_a_control_without_plans_is_refused():
    with pytest.raises(ValueError, match="reirradiation_control: no plans of reirradiation"):
        load_tcp("hytec-spine-2021", reirradiation_control=0.76)


def test_no_ratio_gives_a_control_where_nothing_fails():
    with pytest.raises(ValueError, match=r"no ratio of hazards gives 0\.7"):
        ratio_of_control(np.zeros(3), 0.7)


def test_a_stored_control_is_read_again_as_it_is():
    adapter = TypeAdapter(type(MODEL))
    again = adapter.validate_python(adapter.dump_python(MODEL, mode="json"))
    assert again.ratio_after_earlier == MODEL.ratio_after_earlier
