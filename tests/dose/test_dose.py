"""The dose engine as a whole; statistical tests have fixed seeds, so they pass or fail for good."""

from dataclasses import replace

import numpy as np
import pytest
from dose_cases import ALL, arrays_of, plan_of, some_of, spine_patients
from hypothesis import given, settings
from hypothesis import strategies as st

from radsim.dose.anatomy.dose_model import DoseModel, default_dose_model
from radsim.dose.anatomy.geometry import draw_geometry
from radsim.dose.course.two_courses import draw_earlier_courses, organ_limit
from radsim.dose.dose import Course
from radsim.dose.drawing import draw_dose
from radsim.dose.fields.conformal import conformal_dose
from radsim.dose.metrics import DoseMetric, Wanted, metric_of
from radsim.dose.nodes.compiled import fill_compiled
from radsim.dose.nodes.plain import fill_plainly
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import Streams
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.structures import TARGETS, HotSpot

MODEL = default_dose_model()
ARMS = {
    "sib": plan_of(regimen="sib-phase2"),
    "single": plan_of(regimen="24x1"),
    "two": plan_of(regimen="24-in-2"),
    "isotoxic": plan_of(
        regimen="30-in-5", isotoxic=True, limits={"cord_prv": 14.0, "thecal_sac": 16.0}
    ),
    "again": plan_of(regimen="reirradiation-30-in-5"),
    "conventional": plan_of(regimen="30-in-10"),
    "source": plan_of(regimen="iort-8-at-13mm"),
    "no_errors": plan_of(regimen="sib-30-45-in-5", delivery=False),
}


def structures_of(plan):
    return frozenset(plan.gives())


def draw(plan, start=0, stop=600, model=MODEL, seed=3, structures=None):
    patients = some_of(spine_patients(0, 6000), start, stop)
    whole = structures_of(plan) if structures is None else frozenset(structures)
    return draw_dose(plan, model, patients, Streams(seed), Wanted(whole))


def filled(fill, plan, model, patients=600):
    """Doses of a plan that spares the neural structures, at nodes worked out by ``fill``."""
    cohort, streams = spine_patients(0, patients), Streams(3)
    geometry = draw_geometry(model, cohort, streams)
    wanted = Wanted(structures_of(plan))
    dose = conformal_dose(plan, model, cohort, geometry, streams, wanted, fill)
    return arrays_of(dose)


def metric(dose, structure, name, course="planned"):
    return dose.sums(DoseMetric(structure=structure, metric=name, course=course)).total


# --- promises of the engine


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize(("size", "stop"), [(1, 40), (7, 210), (263, 600)])
def test_chunks_do_not_change_a_bit(arm, size, stop):
    whole = draw(ARMS[arm])
    for start in range(0, stop, size):
        part = draw(ARMS[arm], start, min(start + size, stop))
        for name, values in arrays_of(part).items():
            rows = arrays_of(whole)[name][start : start + size]
            assert np.array_equal(values, rows[: len(values)], equal_nan=True), name


@pytest.mark.parametrize("nodes", [16, 64])
@pytest.mark.parametrize("arm", [name for name in ARMS if name not in ("conventional", "source")])
def test_compiled_loops_say_what_numpy_says(arm, nodes):
    """Single precision carries 6e-8; sums over fractions and merged volumes lose a digit of it."""
    model = replace(MODEL, nodes=nodes)
    compiled = filled(fill_compiled, ARMS[arm], model)
    for name, values in filled(fill_plainly, ARMS[arm], model).items():
        np.testing.assert_allclose(compiled[name], values, rtol=5e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("arm", "falloff", "spread"), [("sib", 0.2, 0.0), ("sib", 0.3, 0.0), ("two", 20.0, 0.05)]
)
def test_compiled_loops_and_numpy_agree_at_the_ends_of_what_is_allowed(arm, falloff, spread):
    """Steep fall-off makes the coldest doses of a part equal, flat fall-off all of them alike."""
    model = replace(MODEL, falloff=falloff, in_target_spread=spread)
    compiled = filled(fill_compiled, ARMS[arm], model, patients=150)
    for name, values in filled(fill_plainly, ARMS[arm], model, patients=150).items():
        np.testing.assert_allclose(compiled[name], values, rtol=5e-6, atol=1e-5, err_msg=name)


def test_only_the_ptv_is_asked_for():
    for arm in ("sib", "two"):
        alone, beside = draw(ARMS[arm], structures={"ptv"}), draw(ARMS[arm])
        for kind in ("planned", "delivered"):
            assert np.array_equal(
                alone.courses["ptv"].arrays[kind], beside.courses["ptv"].arrays[kind]
            )


@given(start=st.integers(0, 5000), size=st.integers(1, 60))
@settings(max_examples=15, deadline=None)
def test_a_patient_is_the_same_in_any_range(start, size):
    whole = draw(ARMS["sib"], 0, 6000, structures=["gtv"])
    part = draw(ARMS["sib"], start, start + size, structures=["gtv"])
    assert np.array_equal(part.courses["gtv"].planned, whole.courses["gtv"].planned[start:][:size])


def test_doses_do_not_depend_on_what_else_is_asked_for():
    whole = draw(ARMS["sib"])
    for structure in ALL:
        alone = draw(ARMS["sib"], structures=[structure])
        for kind, values in alone.courses[structure].arrays.items():
            beside = whole.courses[structure].arrays[kind]
            assert np.array_equal(values, beside, equal_nan=True)
    assert not draw(ARMS["sib"], structures=[]).courses


def test_arms_share_geometry_and_luck():
    # the same settings under another name, and another plan in the same anatomy
    same = draw(plan_of(**{**{"regimen": "24-in-2"}}))
    for name, values in arrays_of(draw(ARMS["two"])).items():
        assert np.array_equal(arrays_of(same)[name], values, equal_nan=True), name
    assert np.array_equal(
        draw(ARMS["sib"]).facts["gtv_distance"], draw(ARMS["single"]).facts["gtv_distance"]
    )


@pytest.mark.parametrize("arm", ARMS)
def test_doses_fall_along_the_nodes_and_are_finite(arm):
    dose = draw(ARMS[arm])
    for structure in structures_of(ARMS[arm]):
        planned = dose.courses[structure].planned
        has = dose_has(dose, structure)
        assert np.isfinite(planned[has]).all()
        assert np.isnan(planned[~has]).all()
        assert (np.diff(planned[has], axis=1) <= 1e-4).all()
        assert (planned[has] >= 0).all()


def dose_has(dose, structure):
    cord = spine_patients(0, 6000)["cord_present"][: len(dose.prescription)] > 0
    return cord | (structure not in ("cord_prv", "spinal_cord"))


def test_what_the_dose_step_reads():
    named = plan_of(
        regimen="reirradiation-30-in-5",
        prior={"dose": 30.0, "fractions": 10, "interval": "months_since"},
    )
    again = ARMS["again"].required_variables
    assert named.required_variables - again == {"months_since"}
    patients = spine_patients(0, 50).with_columns({"months_since": np.full(50, 7.0)})
    dose = draw_dose(named, MODEL, patients, Streams(1), Wanted())
    assert (dose.facts["prior_recovery"] == 0.25).all()
    patients = spine_patients(0, 50)
    patients = replace(patients, columns={name: patients[name] for name in again})
    draw_dose(ARMS["again"], MODEL, patients, Streams(1), Wanted())


@pytest.mark.parametrize("course", ["planned", "delivered"])
@pytest.mark.parametrize("structure", ["gtv", "ptv", "spinal_cord"])
def test_the_maximum_and_the_minimum_are_those_of_the_nodes(structure, course):
    dose = draw(ARMS["two"], 0, 200, structures=["gtv", "ptv", "spinal_cord"])
    nodes = getattr(dose.courses[structure], course)
    for name, extreme in (
        ("max", nodes.max(axis=1)),
        ("D0", nodes.max(axis=1)),
        ("D100", nodes.min(axis=1)),
    ):
        np.testing.assert_array_equal(metric(dose, structure, name, course), extreme)
        wanted = DoseMetric(structure=structure, metric=name, course=course)
        if course == "delivered":
            squared = dose.courses[structure].squared
            extreme = squared.max(axis=1) if name != "D100" else squared.min(axis=1)
            np.testing.assert_array_equal(dose.sums(wanted).squared, extreme)
    assert (metric(dose, "gtv", "D0") >= metric(dose, "gtv", "D0.5")).all()
    assert (metric(dose, "gtv", "D100") <= metric(dose, "gtv", "D99.5")).all()


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="no dose to 'ptv'; did you mean 'gtv'"):
        draw(ARMS["source"], structures=["ptv"])
    dose = draw(ARMS["two"], 0, 5, structures=["gtv"])
    with pytest.raises(KeyError, match="no ptv in this dose"):
        dose.sums(DoseMetric(structure="ptv", metric="D90"))
    with pytest.raises(ValueError, match="squared doses have no V20Gy"):
        metric_of(np.zeros((1, 8)), 8, parse_metric("V20Gy"), 2.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"falloff": 0.0}, "falloff must lie between 0.2 and 20.0, got 0"),
        ({"valley": 1.0}, "valley must lie between 0.0 and 0.99, got 1"),
        ({"plans": 0}, "plans must lie between 1 and 256, got 0"),
        ({"nodes": 2}, "nodes must lie between 4 and 8192, got 2"),
    ],
)
def test_impossible_parameters_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(MODEL, **change)


def test_every_parameter_may_be_a_number():
    settings = {n: getattr(MODEL, n) for n in MODEL.__dataclass_fields__ if n != "organs"}
    fixed = {
        name: value if isinstance(value, int | float | str) else float(value.ppf(np.array(0.5)))
        for name, value in settings.items()
    }
    dose = draw(ARMS["sib"], model=DoseModel(**fixed))
    assert np.isfinite(dose.courses["gtv"].planned).all()


# --- metrics


def test_metrics_of_a_dose_that_is_linear_in_volume():
    dose = draw(ARMS["two"], 0, 3, structures=["gtv"])
    linear = 50.0 - 20.0 * volume_nodes(dose.nodes)[0]
    dose = replace(dose, courses={"gtv": Course(np.tile(linear, (3, 1)))})
    for name, expected in (("D98", 30.4), ("D50", 40.0), ("D2", 49.6), ("mean", 40.0)):
        total, squared, _ = dose.sums(DoseMetric(structure="gtv", metric=name))
        np.testing.assert_allclose(total, expected, rtol=1e-9)
        np.testing.assert_allclose(squared, expected**2 / 2, rtol=1e-9)
    exact = ((50.0**3 - 30.0**3) / (3 * 20.0)) ** 0.5
    np.testing.assert_allclose(metric(dose, "gtv", "gEUD(2)"), exact, rtol=1e-9)
    np.testing.assert_allclose(metric(dose, "gtv", "gEUD(1)"), 40.0, rtol=1e-9)


@pytest.mark.parametrize("name", ["D98", "D50", "mean", "gEUD(-10)", "gEUD(20)"])
def test_delivery_without_errors_is_the_plan(name):
    still = replace(MODEL, systematic_shift=0.0, random_shift=0.0, output_error=0.0)
    dose = draw(ARMS["two"], model=still, structures=["gtv", "thecal_sac"])
    for structure in ("gtv", "thecal_sac"):
        planned, delivered = (
            dose.sums(DoseMetric(structure=structure, metric=name, course=c))
            for c in ("planned", "delivered")
        )
        np.testing.assert_allclose(delivered[0], planned[0], rtol=2e-6)
        np.testing.assert_allclose(delivered[1], planned[1], rtol=4e-6)


def test_without_delivery_there_is_only_the_plan():
    dose = draw(ARMS["no_errors"], structures=["gtv", "thecal_sac"])
    assert not [name for name in arrays_of(dose) if "delivered" in name]
    for name in ("D98", "gEUD(-10)"):
        wanted = DoseMetric(structure="gtv", metric=name)
        planned, given = dose.sums(wanted), dose.sums(replace(wanted, course="delivered"))
        assert np.array_equal(planned[:2], given[:2])


@pytest.mark.parametrize("arm", ["sib", "two", "again", "source", "conventional"])
def test_unequal_fractions_never_lower_the_squared_dose(arm):
    dose = draw(ARMS[arm])
    for structure in structures_of(ARMS[arm]) - {"ptv"}:
        total, squared = (
            dose.courses[structure].arrays[kind].astype(float) for kind in ("delivered", "squared")
        )
        has = np.isfinite(total)
        assert (squared[has] >= total[has] ** 2 / ARMS[arm].fractions * (1 - 1e-5)).all()


@pytest.mark.parametrize("nodes", [512, pytest.param(4096, marks=pytest.mark.slow)])
def test_64_nodes_are_enough(nodes):
    fine = draw(ARMS["sib"], 0, 400, replace(MODEL, nodes=nodes), structures=["gtv"])
    coarse = draw(ARMS["sib"], 0, 400, structures=["gtv"])
    ratio = metric(coarse, "gtv", "gEUD(-10)") / metric(fine, "gtv", "gEUD(-10)")
    assert np.abs(ratio - 1).max() < 0.005
    for model in ((0.15, 6.0, 1e4), (0.3, 10.0, 1e7), (0.35, 10.0, 1e7)):
        tcp = [poisson_control(dose, *model) for dose in (coarse, fine)]
        assert 0.3 < tcp[1].mean() < 0.8
        assert np.abs(tcp[0] - tcp[1]).max() < 5e-4


def poisson_control(dose, alpha, alpha_beta, density, volume=9.5):
    """Control if no clonogen of the whole distribution survives: it rests on the coldest part."""
    planned = dose.courses["gtv"].planned.astype(float)
    effect = alpha * planned * (1 + planned / 5 / alpha_beta)
    survivors = density * volume * (dose.weight * np.exp(-effect)).sum(axis=1)
    return np.exp(-survivors)


# --- limits


def test_every_eligible_plan_meets_table_1():
    dose = draw(ARMS["sib"], 0, 6000, replace(MODEL, nodes=256))
    eligible = dose.flags["plan_eligible"]
    assert 0.99 < eligible.mean() < 1.0  # some are never eligible, and are kept and counted
    for limit in ARMS["sib"].limits:
        planned = metric(dose, limit.structure, limit.metric)[eligible]
        planned = planned[np.isfinite(planned)]
        slack = 0.05 if limit.structure in TARGETS else 0.002
        if not limit.optimal and limit.at_most is not None:
            assert planned.max() <= limit.at_most + slack, limit
        if not limit.optimal and limit.at_least is not None:
            assert planned.min() >= limit.at_least - slack, limit
    assert dose.flags["limits_met"].all()
    for name in ("gtv", "ptv"):
        assert np.isfinite(dose.courses[name].planned).all()


@pytest.mark.parametrize("arm", ["single", "two", "again", "isotoxic"])
def test_neural_limits_hold_for_every_patient(arm):
    dose = draw(ARMS[arm], 0, 3000)
    assert dose.flags["limits_met"].all()
    for limit in ARMS[arm].limits:
        if limit.kind == "dose" and limit.structure not in TARGETS:
            planned = metric(dose, limit.structure, "D0.03cc")
            assert np.nanmax(planned) <= limit.at_most + 0.002


def test_the_hot_spot_agrees_with_the_distribution():
    dose = draw(ARMS["sib"], 0, 300, replace(MODEL, nodes=1024))
    volume = volume_nodes(dose.nodes)[0]
    for name in ("cord_prv", "spinal_cord", "thecal_sac"):
        exact = dose.hot_spots[HotSpot(name)].planned
        for row in np.flatnonzero(np.isfinite(exact))[:50]:
            planned = dose.courses[name].planned[row]
            share = np.interp(-exact[row], -planned, volume)  # where the curve has that dose
            # 0.03 cm3 of an organ of 1 to 20 cm3
            assert 0.03 / 20 < share < 0.03 / 1


def test_replanning_leaves_anatomy_alone_and_keeps_every_patient():
    strict = plan_of(
        regimen="sib-phase2", limits={"preset": "sib-phase2-table-1", "cord_prv": 12.0}
    )
    dose, loose = draw(strict, 0, 2000), draw(ARMS["sib"], 0, 2000)
    assert np.array_equal(dose.facts["gtv_distance"], loose.facts["gtv_distance"])
    assert dose.flags["plan_eligible"].mean() < loose.flags["plan_eligible"].mean()
    assert dose.facts["plans_tried"].max() == MODEL.plans
    assert np.isfinite(dose.courses["gtv"].planned).all()
    # even then the cord is spared, and what gives is the target
    assert np.nanmax(metric(dose, "cord_prv", "D0.03cc")) <= 12.002


def test_a_plan_nobody_could_make_is_kept_and_flagged():
    impossible = plan_of(
        prescription=24.0, fractions=1, limits={"cord_prv": 0.1, "thecal_sac": 0.1}
    )
    dose = draw(impossible, 0, 200)
    assert not dose.flags["limits_met"].any()
    assert not dose.flags["plan_eligible"].any()
    assert (dose.facts["plans_tried"] == MODEL.plans).all()
    assert np.isfinite(dose.courses["ptv"].planned).all()


# --- what the plans look like


@pytest.fixture(scope="module")
def trial():
    return draw(ARMS["sib"], 0, 5992, structures=["gtv", "ptv", "cord_prv", "thecal_sac"])


@pytest.mark.parametrize(
    ("name", "published"), [("D98", (32.8, 25.3, 41.4)), ("D50", (43.2, 41.3, 45.7))]
)
def test_cohorts_of_28_look_like_the_phase_2_trial(trial, name, published):
    # a check of the fit, not a validation: the spill was chosen with GTV D98 in view
    cohorts = metric(trial, "gtv", name).reshape(-1, 28)
    for statistic, value in zip((np.median, np.min, np.max), published, strict=True):
        low, high = np.percentile(statistic(cohorts, axis=1), [2.5, 97.5])
        assert low <= value <= high


def test_coverage_falls_with_epidural_grade_at_cord_level(trial):
    patients = some_of(spine_patients(0, 6000), 0, 5992)
    cord = patients["cord_present"] > 0
    d98, grade = metric(trial, "gtv", "D98"), patients["bilsky"]
    free, impinging, abutting = (np.median(d98[cord & (grade == code)]) for code in (0, 1, 3))
    # groups of 400 to 1700 patients with a spread near 3 Gy: differences of 3 Gy are 10 errors
    assert free > impinging + 2.0
    assert impinging > abutting + 3.0


def test_a_prescription_covers_90_percent(trial):
    d90 = metric(trial, "ptv", "D90")
    assert np.percentile(d90, [2.5, 50, 97.5]) == pytest.approx([29.8, 30.0, 30.2], abs=0.06)
    for arm in ("single", "two"):
        dose = draw(ARMS[arm], 0, 2000, structures=["ptv"])
        assert np.median(metric(dose, "ptv", "D90")) == pytest.approx(24.0, abs=0.1)
        assert (dose.facts["prescription"] == 24.0).all()


def test_the_hottest_dose_keeps_its_share_of_the_prescription():
    dose = draw(ARMS["single"], 0, 2000, structures=["ptv"])
    assert metric(dose, "ptv", "D2").max() <= 1.2 * 24.0 + 0.05


def test_a_2_mm_shift_at_24_in_2_raises_the_sac_by_15_to_25_percent_of_prescription():
    toward = replace(
        MODEL, systematic_shift=2.0, random_shift=0.0, output_error=0.0, wrap=1e-6
    )  # both axes shift by 2 mm, but on an arc of no width only the one toward the target counts
    dose = draw(ARMS["two"], 0, 3000, toward, structures=["thecal_sac", "spinal_cord"])
    rise = {
        name: np.nanmean(metric(dose, name, "D0.03cc", "delivered") - metric(dose, name, "D0.03cc"))
        for name in ("thecal_sac", "spinal_cord")
    }
    assert 0.15 < rise["thecal_sac"] / 24.0 < 0.25
    assert rise["spinal_cord"] < 0.6 * rise["thecal_sac"]


def test_delivery_blurs_targets_and_heats_the_margin_around_the_cord():
    dose = draw(ARMS["sib"], 0, 3000)
    change = metric(dose, "cord_prv", "D0.03cc", "delivered") - metric(dose, "cord_prv", "D0.03cc")
    assert 1.5 < np.nanmean(change) < 4.0
    d98 = metric(dose, "gtv", "D98", "delivered") - metric(dose, "gtv", "D98")
    assert abs(d98.mean()) < 0.5
    assert 1.0 < d98.std() < 3.0
    over = metric(dose, "spinal_cord", "D0.03cc", "delivered") > metric(dose, "cord_prv", "D0.03cc")
    assert 0.0 < over.mean() < 0.10  # a 2 mm margin holds for more than 90 %


def test_less_room_beside_the_cord_costs_control_dose():
    medians = [
        np.median(metric(draw(plan_of(**settings), 0, 1500), "gtv", "D98"))
        for settings in (
            {"regimen": "24x1", "limits": {"cord_prv": limit, "thecal_sac": limit + 4}}
            for limit in (8.0, 11.0, 14.0)
        )
    ]
    assert medians[0] < medians[1] < medians[2]


def test_isotoxic_planning_lowers_the_prescription_as_far_as_limits_ask():
    dose = draw(ARMS["isotoxic"], 0, 2000)
    prescription = dose.facts["prescription"]
    assert prescription.max() == 30.0
    assert (prescription < 29.0).mean() > 0.1
    lowered = prescription < 29.999
    d90 = metric(dose, "ptv", "D90")
    np.testing.assert_allclose(d90[lowered], prescription[lowered], rtol=0.02)
    # with the ceiling kept, the same patients lose coverage
    kept = draw(plan_of(regimen="30-in-5", limits={"cord_prv": 14.0, "thecal_sac": 16.0}), 0, 2000)
    assert (metric(kept, "ptv", "D90")[lowered] < 29.99).mean() > 0.9


# --- two courses


def test_cumulative_limits_are_planned_to_and_flagged():
    dose = draw(ARMS["again"], 0, 3000)
    assert dose.flags["meets_cumulative_bed3_75_106"].all()
    assert 0.3 < dose.flags["meets_hytec_reirradiation"].mean() < 0.9
    recovery = dose.facts["prior_recovery"]
    allowed = np.select([recovery == 0.5, recovery == 0.25], [19.54, 15.00], 9.27)
    cord = metric(dose, "spinal_cord", "D0.03cc")
    has = np.isfinite(cord)
    assert (cord[has] <= allowed[has] + 0.01).all()
    assert (cord[has] > 0.7 * allowed[has]).mean() > 0.5  # and they are made use of


def test_an_earlier_course_costs_dose_and_a_later_one_less():
    def d98(months):
        prior = {"dose": 30.0, "fractions": 10, "interval": months}
        return np.median(
            metric(draw(plan_of(regimen="reirradiation-30-in-5", prior=prior)), "gtv", "D98")
        )

    assert d98(3.0) < d98(9.0) < d98(18.0)


@settings(deadline=None, max_examples=8)
@given(
    dose=st.floats(0.5, 30.0),
    fractions=st.integers(1, 10),
    months=st.floats(0.5, 60.0),
    course=st.sampled_from([(16.0, 1), (24.0, 2), (27.0, 3), (40.0, 5)]),
)
def test_a_second_course_is_never_hotter_than_a_first(dose, fractions, months, course):
    limits = {1: (14.0, 18.0), 2: (17.0, 20.0), 3: (20.3, 24.0), 5: (25.3, 30.0)}[course[1]]
    plan = plan_of(
        prescription=course[0], fractions=course[1],
        prior={"dose": dose, "fractions": fractions, "interval": months},
        limits={"preset": "cumulative-bed3-75-106"},
    )  # fmt: skip
    given_dose = draw(plan, 0, 400)
    kept = given_dose.flags["limits_met"]
    for structure, most in zip(("cord_prv", "thecal_sac"), limits, strict=True):
        value = metric(given_dose, structure, "D0.03cc")[kept]
        assert (value[np.isfinite(value)] <= most + 1e-6).all()


def dose_left(at_most, prior, fractions):
    """Dose [Gy] within a BED_3; 0, 25 or 50 % of the prior is gone, by 6 and 12 months."""
    recovered = 0.25 * (prior["interval"] >= 6.0) + 0.25 * (prior["interval"] >= 12.0)
    given = prior["dose"] * (1.0 + prior["dose"] / prior["fractions"] / 3.0)
    room = max(at_most - (1.0 - recovered) * given, 0.0)
    return fractions * (np.sqrt(9.0 + 12.0 * room / fractions) - 3.0) / 2.0


@settings(deadline=None, max_examples=25)
@given(
    dose=st.floats(0.5, 45.0),
    fractions=st.integers(1, 15),
    months=st.sampled_from([1.0, 5.9, 6.1, 11.9, 12.1, 40.0]),
    course=st.sampled_from([(1, 14.0, 18.0), (2, 17.0, 20.0), (3, 20.3, 24.0), (5, 25.3, 30.0)]),
)
def test_limits_after_an_earlier_course_are_the_lower_of_a_first_course_s_and_what_is_left(
    dose, fractions, months, course
):
    again, prv, sac = course
    prior = {"dose": dose, "fractions": fractions, "interval": months}
    limits = {"preset": "cumulative-bed3-75-106"}
    plan = plan_of(prescription=24.0, fractions=again, prior=prior, limits=limits)
    patients, streams = spine_patients(0, 60), Streams(3)
    geometry = draw_geometry(MODEL, patients, streams)
    earlier = draw_earlier_courses(plan, patients, streams)
    highest = {
        name: organ_limit(plan, HotSpot(name), geometry, earlier)
        for name in ("spinal_cord", "cord_prv", "thecal_sac")
    }
    cord, below = geometry.has_cord, ~geometry.has_cord
    assert cord.any() and below.any()
    assert highest["spinal_cord"][cord] == pytest.approx(dose_left(75.0, prior, again), rel=1e-9)
    assert highest["cord_prv"][cord] == pytest.approx(prv)
    assert highest["thecal_sac"][cord] == pytest.approx(sac)
    left = min(sac, dose_left(106.0, prior, again))
    assert highest["thecal_sac"][below] == pytest.approx(left, rel=1e-9)


def test_a_second_course_may_state_a_limit_of_its_own():
    plan = plan_of(
        regimen="reirradiation-30-in-5",
        prior={"dose": 8.0, "fractions": 1, "interval": 24.0},
        limits={"preset": "cumulative-bed3-75-106", "cord_prv": 40.0},
    )
    hottest = metric(draw(plan, 0, 2000), "cord_prv", "D0.03cc")
    assert np.nanmax(hottest) > 25.3  # after 8 Gy the cumulative limit alone leaves more room


def test_hytec_rules_as_limits_hold_wherever_their_interval_does():
    plan = plan_of(
        regimen="reirradiation-30-in-5",
        limits={"preset": "hytec-reirradiation", "thecal_sac": 30.0},
    )
    dose = draw(plan, 0, 2000)
    long_enough = dose.facts["prior_interval"] >= 5.0
    cord = spine_patients(0, 6000)["cord_present"][:2000] > 0
    assert dose.flags["meets_hytec_reirradiation"][long_enough | ~cord].all()
    assert not dose.flags["limits_met"][~long_enough & cord].any()


# --- other kinds of plan


def test_a_conventional_field_gives_every_structure_the_prescription():
    dose = draw(ARMS["conventional"])
    for structure in structures_of(ARMS["conventional"]):
        d50 = metric(dose, structure, "D50")
        assert d50[np.isfinite(d50)] == pytest.approx(30.0, rel=1e-3)
        assert np.nanmax(metric(dose, structure, "D2")) < 30.0 * 1.05
    assert np.nanmax(metric(dose, "spinal_cord", "D0.03cc")) < 30.0 * 1.07


def test_an_arm_after_another_course_may_be_conventional():
    plan = plan_of(regimen="8x1", prior={"dose": 30.0, "fractions": 10, "interval": 24.0})
    dose = draw(plan)
    assert {"meets_hytec_reirradiation", "prior_recovery"} <= {*dose.flags, *dose.facts}


# --- far from what anybody would ask for


@pytest.mark.parametrize("arm", ["sib", "single", "again", "conventional", "source"])
@pytest.mark.parametrize("volumes", [(0.01, 0.02), (3000.0, 1.0), (0.001, 500.0)])
def test_doses_stay_finite_for_volumes_of_any_size(arm, volumes):
    gtv, ptv = (np.full(40, volume) for volume in volumes)
    patients = spine_patients(0, 40).with_columns({"gtv_volume": gtv, "ptv_volume": ptv})
    dose = draw_dose(ARMS[arm], MODEL, patients, Streams(1), Wanted(structures_of(ARMS[arm])))
    for structure in structures_of(ARMS[arm]):
        for values in dose.courses[structure].arrays.values():
            values = values[dose_has(dose, structure)]
            assert np.isfinite(values).all()
            assert (values >= 0).all()


@pytest.mark.parametrize("arm", ARMS)
def test_no_patients_is_an_empty_dose(arm):
    nobody = some_of(spine_patients(0, 40), 0, 0)
    dose = draw_dose(ARMS[arm], MODEL, nobody, Streams(1), Wanted(structures_of(ARMS[arm])))
    assert {a.shape for a in arrays_of(dose).values()} == {(0,), (0, MODEL.nodes)}


def test_a_first_course_that_leaves_no_room_is_flagged():
    prior = {"dose": 60.0, "fractions": 30, "interval": 1.0}
    dose = draw(plan_of(regimen="reirradiation-30-in-5", prior=prior), 0, 300)
    cord = dose_has(dose, "spinal_cord")
    assert not dose.flags["limits_met"][cord].any()
    assert np.nanmax(metric(dose, "spinal_cord", "D0.03cc")) < 1.0
    assert np.isfinite(metric(dose, "ptv", "D90")).all()
