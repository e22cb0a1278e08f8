"""Several earlier courses, and courses in sequence, against sums made by hand."""

import copy
import tomllib
from itertools import permutations

import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from hypothesis import given, settings
from hypothesis import strategies as st

import radsim
from radsim import ExperimentError, make_experiment
from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, Wanted, wanted_of
from radsim.ntcp import load_ntcp
from radsim.patients.cohort import draw_cohort
from radsim.randomness.streams import Streams
from radsim.tcp import load_tcp
from radsim.tcp.anchors import is_anchored
from radsim.vocabulary.structures import HotSpot

FIRST = {"dose": 30.0, "fractions": 10, "interval": 24.0}
SECOND = {
    "dose": 20.0, "fractions": 5, "interval": {"kind": "uniform", "lower": 4.0, "upper": 9.0},
    "organs": {"spinal_cord": 15.0}, "recovered": {"kind": "uniform", "lower": 0.1, "upper": 0.4},
}  # fmt: skip
THIRD = {**FIRST, "interval": {"kind": "lognormal", "median": 15.0, "sigma": 0.4}}
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


@pytest.mark.parametrize("order", list(permutations([FIRST, SECOND, THIRD])))
def test_their_order_changes_nothing(order):
    one, other = (
        drawn(regimen="30-in-5", priors=priors, limits={"preset": "cumulative-bed3-75-106"})
        for priors in ([FIRST, SECOND, THIRD], list(order))
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
    interval=st.just(0.0) | st.floats(0.01, 60.0),
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


def test_two_equal_halves_share_their_luck():
    half = {**SECOND, "dose": 10.0, "fractions": 3, "organs": {"spinal_cord": 7.5}}
    whole = {**SECOND, "fractions": 6}
    for plan in ({"prior": whole}, {"priors": [whole]}):
        np.testing.assert_allclose(
            drawn(regimen="8x1", **plan).residual_prior_bed("spinal_cord", 3.0),
            drawn(regimen="8x1", priors=[half, half]).residual_prior_bed("spinal_cord", 3.0),
            rtol=1e-12,
        )


def test_courses_that_differ_have_luck_of_their_own_whatever_their_doses():
    hotter = {**THIRD, "dose": 40.0}
    one, other = (drawn(regimen="8x1", priors=[SECOND, third]) for third in (THIRD, hotter))
    for course, same in zip(one.earlier, other.earlier, strict=True):
        np.testing.assert_array_equal(course.interval, same.interval)
        np.testing.assert_array_equal(course.recovered, same.recovered)
    intervals = [course.interval for course in one.earlier]
    assert abs(np.corrcoef(intervals)[0, 1]) < 0.2


@pytest.mark.parametrize("prior", [FIRST, SECOND])
def test_one_of_a_list_is_a_prior_course_in_the_place_of_the_regimens(prior):
    alone = drawn(regimen="reirradiation-30-in-5", prior=prior)
    listed = drawn(regimen="reirradiation-30-in-5", priors=[prior])
    np.testing.assert_array_equal(alone.hot_spots[CORD].planned, listed.hot_spots[CORD].planned)
    assert [course.fractions for course in listed.earlier] == [prior["fractions"]]


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
    read = both.sums(DoseMetric(metric="prescription"))
    np.testing.assert_allclose(read.squared, 30.0**2 / 10 + 24.0**2 / 2)


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


def test_limits_of_a_later_course_see_that_earlier_ones_went_on_recovering():
    limits = {"preset": "cumulative-bed3-75-106", "thecal_sac": 40.0, "cord_prv": 40.0}
    second = {"prescription": 30.0, "fractions": 5, "limits": limits}
    prior = {"dose": 30.0, "fractions": 10, "interval": 3.0, "organs": {"spinal_cord": 20.0}}
    both = drawn(courses=[{"regimen": "8x1"}, second], gaps=[4.0], priors=[prior])
    first = drawn(regimen="8x1").hot_spots[CORD].planned
    dose = both.hot_spots[CORD].planned - first
    total = bed(first, 1, 3.0) + bed(dose, 5, 3.0)
    has_cord = ~np.isnan(first)
    left = bed(20.0, 10, 3.0)
    assert (total + 0.75 * left)[has_cord].max() == pytest.approx(75.0, rel=0.02)
    assert (total + 0.75 * left)[has_cord].max() <= 75.01
    assert both.residual_prior_bed("spinal_cord", 3.0) == pytest.approx(left)


def test_courses_may_limit_other_hot_spots():
    limits = [
        {"structure": "thecal_sac", "metric": "D0.03cc", "at_most": 17.0},
        {"structure": "spinal_cord", "metric": "D0.5cc", "at_most": 6.0},
    ]
    limited = {"prescription": 24.0, "fractions": 2, "limits": limits}
    spot = HotSpot("spinal_cord", 0.5)
    alone = drawn(**limited).hot_spots[spot].planned
    assert np.nanmax(alone) == pytest.approx(6.0, abs=0.1)
    for courses in ([limited, {"regimen": "24-in-2"}], [{"regimen": "24-in-2"}, limited]):
        assert np.nanmax(drawn(courses=courses).hot_spots[spot].planned) > 6.0


def test_a_fracture_sees_the_dose_a_fraction_that_each_patient_got():
    limits = {"thecal_sac": 10.0, "cord_prv": 8.0}
    isotoxic = {"prescription": 24.0, "fractions": 1, "isotoxic": True, "limits": limits}
    alone = drawn(**isotoxic).fraction_dose
    assert alone.min() < 18.0 < alone.max()
    both = drawn(courses=[isotoxic, {"prescription": 36.0, "fractions": 2, "limits": limits}])
    np.testing.assert_array_equal(both.fraction_dose, np.maximum(alone, 18.0))


def test_a_fracture_sees_the_highest_dose_a_fraction():
    both = drawn(courses=[{"regimen": "30-in-10"}, {"regimen": "24x1"}])
    assert (both.fraction_dose == 24.0).all()
    assert (drawn(regimen="30-in-10").fraction_dose == 3.0).all()
    boosted = drawn(courses=[{"regimen": "30-in-10"}, {"regimen": "sib-phase2"}])
    alone = drawn(regimen="sib-phase2")
    assert alone.fraction_dose.min() > 8.2 and np.median(alone.fraction_dose) > 8.5
    assert boosted.fraction_dose.min() > 8.2


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


def test_a_key_of_a_course_is_swept():
    file = changed(again={"regimen": "30-in-5", "priors": [FIRST, SECOND]})
    keys = {
        "arms.two.courses[1].prescription": [8.0, 24.0],
        "arms.again.priors[0].dose": [20.0, 40.0],
    }
    experiment = make_experiment({**file, "sweep": keys})
    result = radsim.run(experiment, scheduler="single")
    control = result["local_control_net"].isel(control_model=0, months=0).sel(arm="two")
    control = control.isel(priors_0_dose=0)
    risk = result["myelopathy_net"].sel(arm="again").isel(courses_1_prescription=0)
    assert control[1] > control[0]
    assert (risk.isel(priors_0_dose=1) > risk.isel(priors_0_dose=0)).all()
    assert result["priors_0_dose"].attrs["units"] == "Gy"


def test_an_organ_of_its_own_sees_every_course():
    file = changed(
        again={
            "courses": [
                {"prescription": 20.0, "fractions": 5, "field": "uniform"}, {"regimen": "24-in-2"},
            ],
            "priors": [{**FIRST, "organs": {"esophagus": 12.0}}],
        },
    )  # fmt: skip
    file["dose"] = {"organs": {"esophagus": {"preset": "esophagus"}}}
    structure = {"structure": "esophagus", "metric": "D2.5cc"}
    file["ntcp"] = {
        "esophagitis": {
            "words": "esophagitis", "kind": "logistic", "intercept": -7.0, "slope": 0.08,
            "alpha_beta": 3.0, "dose": structure,
            "onset": {"kind": "lognormal", "median": 3.0, "sigma": 0.5},
        }
    }  # fmt: skip
    experiment = make_experiment(file)
    model = experiment.ntcp["esophagitis"].model
    people = draw_cohort(experiment.cohort, range(300), Streams(3))
    plan = experiment.arms["again"].plan
    metric = DoseMetric(**structure)
    dose = draw_dose(plan, experiment.dose, people, Streams(3), wanted_of(plan, [metric]))
    first = draw_dose(
        plan.courses[0], experiment.dose, people, Streams(3), wanted_of(plan, [metric])
    )
    one = first.sums(metric).total
    other = dose.sums(metric).total - one
    by_hand = bed(one, 5, 3.0) + bed(other, 2, 3.0) + 0.5 * bed(12.0, 10, 3.0)
    present = people.with_structure("esophagus")
    assert present.any() and not present.all()
    np.testing.assert_allclose(model.eqd2(people, dose)[present], by_hand[present] / (1 + 2 / 3.0))
    assert "esophagitis_net" in radsim.run(experiment, scheduler="single")


@pytest.mark.parametrize(("second", "is_anchors"), [((8.0, 1), False), ((14.0, 1), True)])
def test_a_sequence_is_an_anchors_schedule_if_its_fractions_are(second, is_anchors):
    limits = {"thecal_sac": 14.0}
    doses = [(28.0 - second[0], 1), second]
    plan = plan_of(
        courses=[{"prescription": d, "fractions": n, "limits": limits} for d, n in doses]
    )
    assert is_anchored(load_tcp("hytec-spine-2021"), plan) == is_anchors


def test_physical_doses_of_unequal_fractions_are_never_added():
    file = changed()
    file["ntcp"]["myelopathy"] = {
        "kind": "logistic", "effect": "physical", "intercept": -7.0, "slope": 0.1,
        "dose": {"structure": "spinal_cord", "metric": "D0.03cc"},
        "onset": {"kind": "lognormal", "median": 6.0, "sigma": 0.4},
    }  # fmt: skip
    del file["arms"]["again"]
    with pytest.raises(ExperimentError, match=r"arms\.two has courses of unequal fractions"):
        make_experiment(file)
    file["arms"]["two"]["courses"] = [COURSE, COURSE]
    make_experiment(file)


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
        ({"courses": [COURSE, {"courses": [COURSE, COURSE]}]}, "external beam, got sequence"),
        (
            {"courses": [COURSE, {"regimen": "iort-8-at-13mm"}]},
            "courses[1]: a course of a sequence is external beam, got intraoperative",
        ),
        ({"courses": [COURSE, {**COURSE, "limits": 5}]}, "courses[1].limits must be a list, got 5"),
        ({"courses": [COURSE, COURSE], "limits": {}}, "arms.again.limits: unknown key"),
        ({"courses": [COURSE, COURSE], "gaps": 1.0}, "arms.again.gaps must be a list"),
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
        (
            {**COURSE, "priors": [FIRST, {**FIRST, "organs": {"spinal_chord": 15.0}}]},
            "arms.again.priors[1].organs.spinal_chord: the arm gives it no dose; did you mean",
        ),
        ({**COURSE, "prior": {**FIRST, "organs": {"gtv": 15.0}}}, "organs.gtv: is a target"),
        (
            {**COURSE, "prior": {**FIRST, "interval": {"kind": "normal", "mean": 10.0, "sd": 5.0}}},
            "prior.interval must not be negative",
        ),
        ({**COURSE, "priors": [{**FIRST, "interval": "bilsky"}]}, "priors[0].interval: 'bilsky'"),
        (
            {**COURSE, "priors": [{**FIRST, "interval": "months"}]},
            "cohort variable 'months'; known",
        ),
    ],
)
def test_a_mistake_is_told(arm, line):
    with pytest.raises(ExperimentError) as told:
        make_experiment(changed(again=arm))
    joined = [mistake.replace(": must", " must") for mistake in told.value.mistakes]
    assert any(mistake.startswith("arms.again") for mistake in joined)
    assert [line in mistake for mistake in joined] == [True], told.value.mistakes
