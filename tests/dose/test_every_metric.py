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
from radsim.dose.dose import Course, Dose
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, wanted_of
from radsim.ntcp import load_ntcp
from radsim.patients.cohort import draw_cohort
from radsim.radiobiology.dvh import share_at_dose, share_of_parts, volume_nodes
from radsim.randomness.streams import Streams
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.mistakes import Mistake

SIZES = {"distance": 3.0, "extent": 15.0, "volume": 30.0, "falloff": 4.0, "valley": 0.1}
TUBE = SampledOrgan(**SIZES)
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


ANALYTIC = {  # dose in the hottest share of the volume [Gy], of 10 cm3, with its inverse
    "even": (lambda v: 30.0 - 20.0 * v, lambda d: (30.0 - d) / 20.0),
    "falling": (lambda v: 28.0 * np.exp(-1.2 * v), lambda d: -np.log(d / 28.0) / 1.2),
    "flat": (lambda v: 20.0 + 0.0 * v, lambda d: 1.0 * (d <= 20.0)),
}
KINDS_OF_METRIC = (
    "D98", "D50", "D2%", "D0.03cc", "D2.5cc", "D9.5cc", "V12Gy", "V20Gy", "V20Gy_cc", "V99Gy",
    "V1Gy_cc", "mean", "max", "D0", "D100", "gEUD(4)", "gEUD(-10)",
)  # fmt: skip


def by_hand(name, dose, share_above, volume=10.0):
    """A metric of a curve in closed form, means by a slow sum."""
    metric, number = parse_metric(name), parse_metric(name).number
    middle = (np.arange(200_000) + 0.5) / 200_000
    match metric.kind:
        case "dose_at_share":
            return dose(number)
        case "dose_at_volume":
            return dose(number / volume)
        case "share_above":
            return float(np.clip(share_above(number), 0.0, 1.0))
        case "volume_above":
            return float(np.clip(share_above(number), 0.0, 1.0)) * volume
    return np.mean(dose(middle) ** number) ** (1.0 / number)


@pytest.mark.parametrize("name", KINDS_OF_METRIC)
@pytest.mark.parametrize("shape", ANALYTIC)
def test_every_kind_of_metric_is_that_of_an_analytic_curve(shape, name):
    curve, inverse = ANALYTIC[shape]
    nodes = curve(volume_nodes(64)[0])[None]
    output = 1.1  # of what is delivered
    target = Course(nodes, output * nodes, (output * nodes) ** 2 / 5)
    dose = Dose(
        plan=plan_of(regimen="30-in-5"),
        nodes=64,
        volumes={"gtv": np.array([10.0])},
        courses={"gtv": target},
        facts={"prescription": np.array([30.0])},
    )
    for course, scale in (("planned", 1.0), ("delivered", output)):
        read = dose.sums(DoseMetric(structure="gtv", metric=name, course=course))
        wanted = by_hand(name, lambda v, s=scale: s * curve(v), lambda d, s=scale: inverse(d / s))
        assert read.total[0] == pytest.approx(wanted, rel=2e-3, abs=2e-3), course
        if parse_metric(name).is_dose:
            assert read.squared[0] == pytest.approx(read.total[0] ** 2 / 5, rel=1e-6)
    too_large = dose.sums(DoseMetric(structure="gtv", metric="D10.5cc"))
    assert np.isnan(too_large.total[0])


@pytest.mark.parametrize("plan", PLANS)
def test_shares_fall_with_the_dose_and_hot_spots_with_their_volume(plan):
    shares, spots = [f"V{d}Gy" for d in range(2, 40, 4)], [f"D{v}cc" for v in (0.1, 0.5, 1, 4)]
    dose = drawn(PLANS[plan], metrics(*shares, *spots))
    for names in (shares, spots):
        for some, more in pairwise(names):
            for a, b in zip(metrics(some), metrics(more), strict=True):
                before, after = dose.sums(a).total, dose.sums(b).total
                known = ~np.isnan(after)
                assert (after[known] <= before[known] * (1.0 + 1e-6) + 1e-9).all(), (a, b)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("percent", [10, 30, 70])
def test_the_share_above_the_dose_of_a_share_is_that_share(plan, percent):
    # as far as nodes tell: between the same two
    volume = volume_nodes(64)[0]
    right = int(np.searchsorted(volume, percent / 100))
    at = metrics(f"D{percent}")
    dose = drawn(PLANS[plan], at)
    for metric in at:
        levels = dose.sums(metric).total
        nodes = getattr(dose.courses[metric.structure], metric.course).astype(float)
        there = ~np.isnan(levels)
        assert there.any()
        for level, row in zip(levels[there], nodes[there], strict=True):
            assert share_at_dose(row, volume, level - 1e-4) >= volume[right - 1]
            assert share_at_dose(row, volume, level + 1e-4) <= volume[right]


@pytest.mark.parametrize("plan", PLANS)
def test_the_volume_above_the_dose_of_a_volume_of_a_target_is_that_volume(plan):
    (wanted,) = metrics("D2.5cc", structures=("ptv",), courses=("delivered",))
    dose = drawn(PLANS[plan], [wanted])
    levels, volume = dose.sums(wanted).total, dose.volumes["ptv"]
    rows = dose.courses["ptv"].delivered.astype(float)
    for level, row, size in zip(levels, rows, volume, strict=True):
        assert share_at_dose(row, volume_nodes(64)[0], level) * size == pytest.approx(2.5, rel=1e-4)


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
    "dose": {"organs": {"esophagus": {**SIZES, "regions": ["thoracic"]}}},
    "arms": {"one": {"regimen": "24x1"}, "five": {"regimen": "30-in-5"}},
}

READ = {"structure": "esophagus", "metric": "V15Gy"}


def model(**settings):
    return {
        "words": "ulcer",
        "kind": "logistic",
        "effect": "physical",
        "dose": READ,
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
def test_over_an_effect_the_threshold_is_one_of_the_effect_in_every_part(effect):
    alpha_beta = 3.0
    stated = model(effect=effect, alpha_beta=alpha_beta, dose={**READ, "course": "delivered"})
    made = make_experiment({**FILE, "ntcp": {"ulcer": stated}})
    people = draw_cohort(made.cohort, range(60), Streams(3)).with_organs(made.dose.structures)
    plan = made.arms["five"].plan
    read = made.ntcp["ulcer"].model
    dose = draw_dose(plan, made.dose, people, Streams(3), wanted_of(plan, read.reads))
    course = dose.courses["esophagus"]
    bed = course.delivered + course.squared.astype(float) / alpha_beta
    parts = bed / (1.0 + 2.0 / alpha_beta) if effect == "eqd2" else bed
    share, fine = volume_nodes(dose.nodes)[0], np.linspace(0.0, 1.0, 40_001)
    present = people.with_structure(made.dose.structures["esophagus"])
    assert 10 < present.sum() < 60
    for patient, told in enumerate(read.eqd2(people, dose)):
        if not present[patient]:
            assert np.isnan(told)
            continue
        slow = (np.interp(fine, share, parts[patient]) >= 15.0).mean()
        assert told == pytest.approx(slow, abs=1e-3)
        odds = np.exp(read.intercept + read.slope * told)
        risk = read.risk(people, dose).lifetime[patient]
        assert risk == pytest.approx(odds / (1.0 + odds), rel=1e-9)
    patients = simulate(made, range(60))
    grown = read.onset.growth(12.0)
    risks = patients["ulcer_net"].sel(arm="five").isel(months=0).values
    np.testing.assert_allclose(risks, read.risk(people, dose).lifetime * grown, rtol=1e-6)


def test_what_earlier_courses_left_moves_every_part_over_the_threshold():
    prior = {"dose": 30.0, "fractions": 10, "interval": 12.0}
    arms = {"again": {"regimen": "30-in-5", "prior": prior, "recovery": "none"}}
    shares = []
    for arm in (arms, {"again": {"regimen": "30-in-5"}}):
        stated = model(effect="eqd2", alpha_beta=3.0, slope=9.0)
        made = make_experiment({**FILE, "arms": arm, "ntcp": {"ulcer": stated}})
        plan, read = made.arms["again"].plan, made.ntcp["ulcer"].model
        people = draw_cohort(made.cohort, range(40), Streams(3)).with_organs(made.dose.structures)
        dose = draw_dose(plan, made.dose, people, Streams(3), wanted_of(plan, read.reads))
        shares.append((read, people, dose))
    (read, people, dose), _ = shares
    residual = read._residual(dose, 3.0)
    parts = dose.courses["esophagus"].planned.astype(float)
    effect = (parts + parts**2 / 5 / 3.0 + np.reshape(residual, (-1, 1))) / (1.0 + 2.0 / 3.0)
    told = read.eqd2(people, dose)
    there = ~np.isnan(told)
    assert np.all(np.asarray(residual) > 0.0)
    slow = share_at_dose(effect, volume_nodes(dose.nodes)[0], 15.0)
    np.testing.assert_allclose(told[there], slow[there], atol=1e-3)
    (other, others, alone) = shares[1]
    assert np.nanmean(told) > np.nanmean(other.eqd2(others, alone)) + 0.01


def test_a_formula_takes_a_dvh_for_a_threshold_of_an_effect_and_says_so_without():
    made = make_experiment({**FILE, "ntcp": {"ulcer": model(effect="eqd2", alpha_beta=3.0)}})
    read = made.ntcp["ulcer"].model
    doses, weight = np.array([5.0, 12.0, 20.0, 30.0]), np.full(4, 0.25)
    eqd2 = doses * (1.0 + doses / 5 / 3.0) / (1.0 + 2.0 / 3.0)
    share = read.effect_of(doses, fractions=5, weight=weight)
    assert share == share_of_parts(eqd2, weight, 15.0)
    assert 0.25 < share < 0.75
    odds = np.exp(read.intercept + read.slope * share)
    told = read.probability(doses, fractions=5, weight=weight)
    assert told == pytest.approx(odds / (1.0 + odds))
    assert told == pytest.approx(read.curve_over_effect(share))
    with pytest.raises(ValueError, match="V15Gy of EQD2 or BED needs a DVH, with weight"):
        read.probability(20.0, fractions=5)
    absolute = replace(read, dose=replace(read.dose, metric="V15Gy_cc"))
    with pytest.raises(ValueError, match="V15Gy_cc needs cm3, which shares do not tell"):
        absolute.probability(doses, fractions=5, weight=weight)


def test_a_threshold_of_cm3_of_an_effect_is_the_share_times_the_volume():
    made = make_experiment({**FILE, "ntcp": {"ulcer": model(effect="eqd2", alpha_beta=3.0)}})
    read = made.ntcp["ulcer"].model
    absolute = replace(read, dose=replace(read.dose, metric="V15Gy_cc"))
    plan = made.arms["five"].plan
    people = draw_cohort(made.cohort, range(40), Streams(3)).with_organs(made.dose.structures)
    dose = draw_dose(plan, made.dose, people, Streams(3), wanted_of(plan, read.reads))
    told = absolute.eqd2(people, dose)
    np.testing.assert_allclose(told, read.eqd2(people, dose) * 30.0, rtol=1e-12)
    assert np.nanmax(told) > 1.0


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


@pytest.mark.parametrize(
    ("structure", "metric", "line"),
    [
        ("spinal_cord", "D4cc", "ntcp.ulcer.dose: the spinal cord may have "),
        ("prescribed", "D20cc", "ntcp.ulcer.dose: the GTV may have "),
        ("ptv", "D200cc", "ntcp.ulcer.dose: the PTV_Eval may have "),
    ],
)
def test_a_structure_of_the_anatomy_that_may_be_too_small_is_told(structure, metric, line):
    dose, arms = {"structure": structure, "metric": metric}, {"one": {"regimen": "sib-phase2"}}
    with pytest.raises(ExperimentError) as told:
        make_experiment({**FILE, "arms": arms, "ntcp": {"ulcer": model(dose=dose)}})
    (mistake,) = told.value.mistakes
    assert mistake.startswith(line)
    assert mistake.endswith(f"too little for its hottest {float(metric[1:-2]):g} cm3")
    tiny = model(dose={"structure": structure, "metric": "D0.03cc"})
    assert make_experiment({**FILE, "arms": arms, "ntcp": {"ulcer": tiny}}).ntcp["ulcer"]


def test_an_unknown_dose_of_an_organ_that_is_there_is_no_dose_of_zero():
    read = DoseMetric(structure="spinal_cord", metric="D20cc")
    plan = PLANS["single"]
    people = spine_patients(0, 50)
    dose = draw_dose(plan, MODEL, people, Streams(3), wanted_of(plan, [read]))
    harmed = replace(load_ntcp("sbrt-cord-default"), dose=read)
    assert np.isnan(dose.sums(read).total[people["cord_present"] > 0]).any()
    lack = np.isnan(dose.sums(read).total) & (people["cord_present"] > 0)
    line = (
        f"planned D20cc of the spinal cord is unknown in {lack.sum()} of "
        f"{int(people['cord_present'].sum())} patients after 24 Gy in 1"
    )
    with pytest.raises(Mistake, match=line):
        harmed.risk(people, dose)
