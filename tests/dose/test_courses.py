"""Several earlier courses, and courses in sequence, against sums made by hand."""

import copy
import tomllib

import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from hypothesis import given, settings
from hypothesis import strategies as st

import radsim
from radsim import ExperimentError, make_experiment
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, Wanted
from radsim.ntcp import load_ntcp
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot

FIRST = {"dose": 30.0, "fractions": 10, "interval": 24.0}
SECOND = {
    "dose": 20.0, "fractions": 5, "interval": {"kind": "uniform", "lower": 4.0, "upper": 9.0},
    "organs": {"spinal_cord": 15.0}, "recovered": {"kind": "uniform", "lower": 0.1, "upper": 0.4},
}  # fmt: skip
CORD = HotSpot("spinal_cord")
WHOLE = Wanted(frozenset({"gtv", "ptv", "spinal_cord"}))


def drawn(patients=300, **arm):
    people = spine_patients(0, patients)
    return draw_dose(plan_of(**arm), default_dose_model(), people, Streams(4), WHOLE)


def bed(dose, fractions, alpha_beta=2.0):
    return dose * (1.0 + dose / fractions / alpha_beta)


# --- earlier courses


def test_bed_adds_up_over_all_earlier_courses():
    dose = drawn(regimen="30-in-5", priors=[FIRST, SECOND])
    later = next(course for course in dose.earlier if course.fractions == 5)
    assert ((later.recovered >= 0.1) & (later.recovered <= 0.4)).all()
    assert ((later.interval >= 4.0) & (later.interval <= 9.0)).all()
    by_hand = 0.5 * bed(30.0, 10) + (1.0 - later.recovered) * bed(15.0, 5)
    np.testing.assert_allclose(dose.residual_prior_bed("spinal_cord", 2.0), by_hand, rtol=1e-14)
    by_hand = 0.5 * bed(30.0, 10) + (1.0 - later.recovered) * bed(20.0, 5)
    np.testing.assert_allclose(dose.residual_prior_bed("thecal_sac", 2.0), by_hand, rtol=1e-14)
    np.testing.assert_array_equal(dose.facts["prior_interval"], later.interval)


def test_their_order_changes_nothing():
    one, other = (
        drawn(regimen="30-in-5", priors=priors, limits={"preset": "cumulative-bed3-75-106"})
        for priors in ([FIRST, SECOND], [SECOND, FIRST])
    )
    np.testing.assert_array_equal(
        one.residual_prior_bed("spinal_cord", 2.0), other.residual_prior_bed("spinal_cord", 2.0)
    )
    np.testing.assert_array_equal(one.hot_spots[CORD].planned, other.hot_spots[CORD].planned)
    for name in (*one.facts, *one.flags):
        told = [{**dose.facts, **dose.flags}[name] for dose in (one, other)]
        np.testing.assert_array_equal(*told, err_msg=name)


@given(
    dose=st.floats(1.0, 60.0),
    fractions=st.integers(1, 15),
    interval=st.floats(0.0, 60.0),
    rule=st.sampled_from(["25-50", "25-50-linear", "half-time", "none", 0.3]),
)
@settings(max_examples=25, deadline=None)
def test_two_halves_at_one_date_are_one_course(dose, fractions, interval, rule):
    def prior(share):
        return {
            "dose": dose * share, "fractions": int(2 * fractions * share), "interval": interval,
            "recovered": rule,
        }  # fmt: skip

    whole = drawn(10, regimen="8x1", priors=[prior(1.0)])
    halves = drawn(10, regimen="8x1", priors=[prior(0.5), prior(0.5)])
    np.testing.assert_allclose(
        whole.residual_prior_bed("spinal_cord", 3.0),
        halves.residual_prior_bed("spinal_cord", 3.0),
        rtol=1e-12,
    )


def test_one_of_a_list_is_a_prior_course():
    alone = drawn(regimen="reirradiation-30-in-5", prior=FIRST)
    listed = drawn(regimen="reirradiation-30-in-5", prior=None, priors=[FIRST])
    np.testing.assert_array_equal(alone.hot_spots[CORD].planned, listed.hot_spots[CORD].planned)


def test_a_second_earlier_course_leaves_less_room():
    limits = {"preset": "cumulative-bed3-75-106"}
    one = drawn(regimen="30-in-5", priors=[FIRST], limits=limits)
    two = drawn(regimen="30-in-5", priors=[FIRST, {**FIRST, "interval": 30.0}], limits=limits)
    cord = ~np.isnan(one.hot_spots[CORD].planned)
    assert (two.hot_spots[CORD].planned[cord] < one.hot_spots[CORD].planned[cord]).all()
    rule = "meets_cumulative_bed3_75_106"
    eligible = two.flags["plan_eligible"]
    assert eligible.any() and two.flags[rule][eligible].all()


# --- courses in sequence


def test_doses_of_a_sequence_are_the_sums_of_its_courses():
    first = drawn(regimen="30-in-10")
    both = drawn(courses=[{"regimen": "30-in-10"}, {"regimen": "24-in-2"}])
    for structure in ("gtv", "spinal_cord"):
        one, two = first.courses[structure], both.courses[structure]
        second = two.planned - one.planned
        assert np.nanmin(second) > 0.0
        squares = one.planned**2 / 10 + second**2 / 2
        np.testing.assert_allclose(two.planned_squared, squares, rtol=2e-5)
    assert (both.prescription == 54.0).all() and both.fractions == 12
    np.testing.assert_allclose(both.squared_prescription, 30.0**2 / 10 + 24.0**2 / 2)
    read = both.sums(DoseMetric(metric="prescription"))
    np.testing.assert_allclose(read.squared, both.squared_prescription)


def test_a_models_eqd2_of_a_sequence_is_that_of_its_fractions():
    both = drawn(courses=[{"regimen": "30-in-10"}, {"regimen": "24-in-2"}])
    first = drawn(regimen="30-in-10")
    people = spine_patients(0, 300)
    model = load_ntcp("sbrt-cord-default")
    planned = both.hot_spots[CORD]
    second = planned.planned - first.hot_spots[CORD].planned
    alpha_beta = model.alpha_beta
    by_hand = (bed(first.hot_spots[CORD].planned, 10, alpha_beta) + bed(second, 2, alpha_beta)) / (
        1.0 + 2.0 / alpha_beta
    )
    cord = people["cord_present"] > 0
    np.testing.assert_allclose(model.eqd2(people, both)[cord], by_hand[cord], rtol=1e-12)


def test_a_sequence_of_one_course_twice_is_planned_and_delivered_anew():
    both = drawn(courses=[{"regimen": "24-in-2"}, {"regimen": "24-in-2"}])
    alone = drawn(regimen="24-in-2")
    second = both.courses["gtv"].delivered - alone.courses["gtv"].delivered
    assert not np.allclose(second, alone.courses["gtv"].delivered)
    np.testing.assert_allclose(
        np.median(second), np.median(alone.courses["gtv"].delivered), rtol=0.02
    )


def test_later_courses_keep_the_limits_over_all_of_them():
    cumulative = {"preset": "cumulative-bed3-75-106", "thecal_sac": 30.0, "cord_prv": 25.0}
    second = {"prescription": 24.0, "fractions": 2, "limits": cumulative}
    close = drawn(courses=[{"regimen": "30-in-10"}, second])
    later = drawn(courses=[{"regimen": "30-in-10"}, second], gaps=[14.0])
    cord = ~np.isnan(close.hot_spots[CORD].planned)
    assert np.nanmean(close.hot_spots[CORD].planned) < np.nanmean(later.hot_spots[CORD].planned)
    rule = "meets_cumulative_bed3_75_106"
    assert later.flags[rule][cord & later.flags["plan_eligible"]].all()


def test_a_fracture_sees_the_highest_dose_a_fraction():
    both = drawn(courses=[{"regimen": "30-in-10"}, {"regimen": "24x1"}])
    assert (both.fraction_dose == 24.0).all()
    assert (drawn(regimen="30-in-10").fraction_dose == 3.0).all()


# --- files

FILE = {
    "name": "courses",
    "seed": 3,
    "patients": 100,
    "months": [12],
    "cohort": {"preset": "sib-phase2"},
    "arms": {
        "alone": {"regimen": "30-in-10"},
        "two": {"courses": [{"regimen": "30-in-10"}, {"regimen": "24-in-2"}], "gaps": [0.5]},
        "again": {"regimen": "30-in-5", "priors": [FIRST, SECOND]},
    },
    "tcp": {"preset": "hytec-spine-2021"},
    "ntcp": {"myelopathy": {"preset": "sbrt-cord-default"}, "vcf": {"preset": "vcf-2013"}},
    "survival": {"preset": "sib-phase2"},
}


def changed(**arms):
    file = copy.deepcopy(FILE)
    file["arms"].update(arms)
    return file


def test_a_file_of_courses_runs_and_is_written_and_read_again():
    experiment = make_experiment(FILE)
    assert make_experiment(tomllib.loads(experiment.to_toml())) == experiment
    assert experiment.arms["two"].plan.words == "30 Gy in 10, then 24 Gy in 2"
    assert experiment.arms["again"].plan.words.endswith("after 30 Gy in 10, after 20 Gy in 5")
    result = radsim.run(experiment, scheduler="single")
    control = result["local_control_net"].isel(control_model=0, months=0)
    assert control.sel(arm="two") > control.sel(arm="alone") + 0.2
    again = radsim.run(experiment, scheduler="threads", workers=2, chunk_size=7)
    np.testing.assert_array_equal(again["vcf_net"], result["vcf_net"])


COURSE = {"regimen": "24-in-2"}


@pytest.mark.parametrize(
    ("arm", "line"),
    [
        ({"courses": []}, "courses must hold two or more"),
        ({"courses": [COURSE]}, "courses must hold two or more"),
        ({"courses": [COURSE, {"regimen": "24-in-3"}]}, "courses[1]: regimen: no regimen preset"),
        (
            {"courses": [COURSE, {**COURSE, "kind": "library"}]},
            "courses[1]: a course of a sequence",
        ),
        ({"courses": [COURSE, COURSE], "gaps": [1.0, 2.0]}, "gaps must be 1, one between"),
        ({"courses": [COURSE, COURSE], "gaps": [-1.0]}, "gaps must lie between 0 and 120 months"),
        ({"courses": [COURSE, {**COURSE, "prior": FIRST}]}, "courses[1] has a prior course"),
        ({**COURSE, "prior": FIRST, "priors": [FIRST]}, "prior is one earlier course, priors are"),
        ({**COURSE, "priors": [{**FIRST, "interval": -1.0}]}, "interval must not be negative"),
        ({**COURSE, "priors": [{"dose": 30.0, "fractions": 10}]}, "interval: is missing"),
        ({**COURSE, "priors": [{**FIRST, "recovered": 1.5}]}, "recovered must lie between 0 and 1"),
        (
            {**COURSE, "priors": [{**FIRST, "organs": {"spinal_cord": 3000.0}}]},
            "organs.spinal_cord",
        ),
        ({**COURSE, "priors": [{**FIRST, "dose": 3000.0}]}, "in cGy?"),
    ],
)
def test_a_mistake_is_told(arm, line):
    with pytest.raises(ExperimentError) as told:
        make_experiment(changed(again=arm))
    joined = [mistake.replace(": must", " must") for mistake in told.value.mistakes]
    assert any(mistake.startswith("arms.again") for mistake in joined)
    assert any(line in mistake for mistake in joined), told.value.mistakes
