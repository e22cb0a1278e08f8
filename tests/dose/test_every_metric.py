"""Every metric of every structure, against a slow reading of the same nodes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from hypothesis import given, settings
from hypothesis import strategies as st

from radsim import ExperimentError, make_experiment, simulate
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.anatomy.organ import SampledOrgan
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, wanted_of
from radsim.ntcp import load_ntcp
from radsim.radiobiology.dvh import share_at_dose, volume_nodes
from radsim.randomness.streams import Streams

TUBE = SampledOrgan(distance=3.0, extent=15.0, volume=30.0, falloff=4.0, valley=0.1)
MODEL = replace(default_dose_model(), organs={"esophagus": TUBE})
PLANS = {
    "single": plan_of(regimen="24x1"),
    "boosted": plan_of(regimen="sib-phase2"),
    "field": plan_of(regimen="30-in-10"),
}
STRUCTURES = ("gtv", "ptv", "spinal_cord", "thecal_sac", "esophagus")


def metrics(*names, structures=STRUCTURES, courses=("planned", "delivered")):
    return [
        DoseMetric(structure=structure, metric=name, course=course)
        for structure in structures
        for name in names
        for course in courses
    ]


def drawn(plan, wanted, patients=200):
    wanted = (*wanted, *metrics("D50"))
    people = spine_patients(0, patients)
    return draw_dose(plan, MODEL, people, Streams(3), wanted_of(plan, wanted))


def curve(dose, structure, course):
    """Doses and shares of a fine DVH, linear between nodes, of who has the structure."""
    values = getattr(dose.courses[structure], course).astype(float)
    present = ~np.isnan(values[:, 0])
    share = np.linspace(0.0, 1.0, 20_001)
    nodes = volume_nodes(dose.nodes)[0]
    return present, share, np.array([np.interp(share, nodes, row) for row in values[present]])


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("level", [5.0, 20.0, 24.0])
def test_a_share_above_a_dose_is_that_of_a_fine_curve(plan, level):
    names = (f"V{level:g}Gy", f"V{level:g}Gy_cc")
    dose = drawn(PLANS[plan], metrics(*names))
    for share_of, volume_of in zip(metrics(names[0]), metrics(names[1]), strict=True):
        structure, course = share_of.structure, share_of.course
        present, _, fine = curve(dose, structure, course)
        told = dose.sums(share_of).total
        slow = (fine >= level).mean(axis=1)
        np.testing.assert_allclose(told[present], slow, atol=1e-3)
        assert np.isnan(told[~present]).all()
        absolute = dose.sums(volume_of).total
        np.testing.assert_allclose(absolute, told * dose.volumes[structure], rtol=1e-12)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("volume", [0.1, 0.5, 2.5])
def test_the_dose_of_a_volume_is_that_of_the_curve(plan, volume):
    wanted = metrics(f"D{volume:g}cc", courses=("planned",))
    dose = drawn(PLANS[plan], wanted)
    for metric in wanted:
        present, share, fine = curve(dose, metric.structure, "planned")
        told = dose.sums(metric).total
        wanted_share = volume / dose.volumes[metric.structure][present]
        rows = enumerate(np.minimum(wanted_share, 1.0))
        slow = np.array([np.interp(s, share, fine[row]) for row, s in rows])
        large = wanted_share <= 1.0
        np.testing.assert_allclose(told[present][large], slow[large], rtol=0.006)
        assert np.isnan(told[present][~large]).all()


@pytest.mark.parametrize("plan", PLANS)
def test_metrics_are_in_the_order_of_what_they_are(plan):
    names = ("max", "D0.03cc", "D0.5cc", "D2.5cc", "D100")
    dose = drawn(PLANS[plan], metrics(*names))
    for structure in STRUCTURES:
        for course in ("planned", "delivered"):
            each = [
                dose.sums(DoseMetric(structure=structure, metric=name, course=course)).total
                for name in names
            ]
            for hotter, colder in pairwise(each):
                known = ~np.isnan(hotter) & ~np.isnan(colder)
                assert (hotter[known] >= colder[known] * (1.0 - 2e-3)).all(), structure


@given(
    st.lists(st.floats(0.0, 80.0), min_size=4, max_size=12).map(lambda d: sorted(d, reverse=True)),
    st.floats(-1.0, 90.0),
)
@settings(max_examples=200, deadline=None)
def test_a_share_and_its_dose_are_inverse_and_shares_fall(doses, level):
    volume = volume_nodes(len(doses))[0]
    share = float(share_at_dose(np.array(doses), volume, level))
    assert 0.0 <= share <= 1.0
    assert float(share_at_dose(np.array(doses), volume, level + 0.5)) <= share
    if volume[0] < share < volume[-1]:
        assert np.interp(share, volume, doses) >= level - 1e-6


FILE = {
    "name": "metrics",
    "seed": 3,
    "patients": 100,
    "months": [12],
    "cohort": {"preset": "sib-phase2"},
    "dose": {"organs": {"esophagus": {**vars(TUBE), "regions": ["thoracic"]}}},
    "arms": {"one": {"regimen": "24x1"}, "five": {"regimen": "30-in-5"}},
}


def model(**settings):
    return {
        "words": "ulcer",
        "kind": "logistic",
        "effect": "physical",
        "dose": {"structure": "esophagus", "metric": "V15Gy"},
        "intercept": -6.0,
        "slope": 9.0,
        "onset": {"kind": "lognormal", "median": 6.0, "sigma": 0.5},
        **settings,
    }


def test_a_model_of_physical_dose_reads_a_share_and_a_volume():
    for metric, slope in (("V15Gy", 9.0), ("V15Gy_cc", 0.4)):
        dose = {"structure": "esophagus", "metric": metric}
        made = make_experiment({**FILE, "ntcp": {"ulcer": model(dose=dose, slope=slope)}})
        patients = simulate(made, range(100))
        read = patients[f"esophagus_{metric.lower()}_planned"].values
        risk = patients["ulcer_net"].isel(months=0).values
        told = 1.0 / (1.0 + np.exp(6.0 - slope * read))
        grown = made.ntcp["ulcer"].model.onset.growth(12.0)
        np.testing.assert_allclose(risk, np.where(np.isnan(read), 0.0, told * grown), rtol=1e-9)
        assert patients[f"esophagus_{metric.lower()}_planned"].attrs["units"] == (
            "1" if metric == "V15Gy" else "cm3"
        )
        assert "ulcer_eqd2" not in patients  # a share is no dose


@pytest.mark.parametrize("effect", ["eqd2", "bed"])
def test_a_share_is_refused_where_a_law_of_dose_would_have_to_move_its_threshold(effect):
    with pytest.raises(ExperimentError, match="V15Gy is a part of the volume above a physical"):
        make_experiment({**FILE, "ntcp": {"ulcer": model(effect=effect, alpha_beta=3.0)}})


@pytest.mark.parametrize(
    ("metric", "line"),
    [
        ("D0.03", "did you mean 'D0.03cc'"),
        ("V15", "did you mean 'V15Gy'"),
        ("D120", "a share of the volume is at most 100 %"),
        ("E5", "no metric 'E5'"),
        ("D0cc", "its number must not be 0"),
    ],
)
def test_a_metric_that_is_none_is_one_line(metric, line):
    dose = {"structure": "esophagus", "metric": metric}
    with pytest.raises(ExperimentError, match=line) as told:
        make_experiment({**FILE, "ntcp": {"ulcer": model(dose=dose)}})
    assert len(told.value.mistakes) == 1


def test_a_model_reads_what_its_organ_is_large_enough_for():
    dose = {"structure": "esophagus", "metric": "D40cc"}
    with pytest.raises(ExperimentError, match="too little for its hottest 40 cm3"):
        make_experiment({**FILE, "ntcp": {"ulcer": model(dose=dose)}})


def test_an_unknown_dose_of_an_organ_that_is_there_is_no_dose_of_zero():
    read = DoseMetric(structure="spinal_cord", metric="D20cc")
    plan = PLANS["single"]
    people = spine_patients(0, 50)
    dose = draw_dose(plan, MODEL, people, Streams(3), wanted_of(plan, [read]))
    harmed = replace(load_ntcp("sbrt-cord-default"), dose=read)
    assert np.isnan(dose.sums(read).total[people["cord_present"] > 0]).any()
    with pytest.raises(ValueError, match="dose must be a number that is not negative, got nan"):
        harmed.risk(people, dose)
