"""What decides the ratio of hazards after an earlier course, where a file says something of it."""

import pytest

from radsim import make_experiment, simulate
from radsim.tcp import load_tcp

GTV = "hytec-spine-gtv-d90"
WHOLE = {"dose": {"structure": "gtv", "metric": "DVH"}, "calibrate": "plans"}
FILE = {
    "name": "again", "seed": 5, "patients": 400, "months": [12, 24],
    "cohort": {
        "preset": "reirradiation-series",
        "own": {"kind": "normal", "mean": 20.0, "sd": 1.0, "units": "Gy", "meaning": "a D50"},
    },
    "arms": {"again": {"regimen": "reirradiation-30-in-5"}},
    "survival": {"preset": "reirradiation-series"},
}  # fmt: skip


def read(**tcp):
    return make_experiment({**FILE, "tcp": tcp})


def control_at_a_year(**tcp):
    net = simulate(read(**tcp), range(400))["local_control_net"].isel(control_model=0)
    return float(net.sel(months=12).mean())


@pytest.mark.parametrize("level", [0.66, 0.90])
def test_a_stated_control_takes_the_place_of_a_preset_s_ratio(level):
    of_gtv = {"structure": "gtv", "metric": "D90"}
    settings = {"preset": "hytec-spine-2021", "dose": of_gtv, "calibrate": "plans"}
    assert control_at_a_year(**settings, reirradiation_control=level) == pytest.approx(
        level, abs=0.01
    )


def test_a_stated_ratio_takes_the_place_of_a_preset_s_control():
    model = read(preset=GTV, reirradiation_hazard_ratio=1.3).tcp.model
    assert (model.reirradiation_control, model.ratio_after_earlier) == (None, 1.3)
    assert load_tcp(GTV, reirradiation_hazard_ratio=1.3) == model


def test_a_curve_calibrated_for_the_whole_gtv_has_a_solved_ratio():
    stated = load_tcp("hytec-spine-gtv-dvh").reirradiation_hazard_ratio
    model = read(preset=GTV, **WHOLE).tcp.model
    assert model.reirradiation_hazard_ratio == pytest.approx(stated, abs=0.005)
    assert model.reirradiation_control is None
    given = read(preset=GTV, **WHOLE, reirradiation_hazard_ratio=1.0).tcp.model
    assert given.ratio_after_earlier == 1.0


@pytest.mark.parametrize("name", ["hytec-spine-2021", "hytec-spine-gtv-dvh"])
def test_a_control_where_no_plans_are_kept_is_refused_and_not_ignored(name):
    with pytest.raises(ValueError, match="reirradiation_control: no plans of reirradiation"):
        read(preset=name, reirradiation_control=0.5)


def test_a_curve_that_differs_between_patients_needs_a_ratio():
    told = "tcp.reirradiation_control: no ratio can be solved for while d50 is a variable"
    with pytest.raises(ValueError, match=told):
        read(preset=GTV, d50="own")
    assert read(preset=GTV, d50="own", reirradiation_hazard_ratio=1.0)
    first = {**FILE, "arms": {"first": {"regimen": "30-in-5"}}}
    assert make_experiment({**first, "tcp": {"preset": GTV, "d50": "own"}})  # nobody was before


def test_nearly_full_control_is_met_as_any_other():
    assert 0.99999 < control_at_a_year(preset=GTV, reirradiation_control=0.999999) < 1.0
