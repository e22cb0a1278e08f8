"""Organs of a user's plans: what is kept, how hot spots are read, limits, who has them."""

import tomllib
import warnings
from dataclasses import replace

import numpy as np
import pytest
from library_cases import SETTINGS, add_organ, write_library

from radsim import make_experiment, run
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import DoseMetric, Wanted, wanted_of
from radsim.dose.plans.library import LibraryDose
from radsim.experiment.model import ExperimentError
from radsim.patients.cohort import draw_cohort
from radsim.planfiles import read_plan
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import Streams
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.structures import HotSpot

LESION = {
    "words": "a lesion of the esophagus",
    "kind": "logistic",
    "effect": "physical",
    "dose": {"structure": "esophagus", "metric": "D2.5cc"},
    "intercept": -8.0,
    "slope": 0.3,
    "onset": {"kind": "lognormal", "median": 6.0, "sigma": 0.5},
}
ORGAN = DoseMetric(structure="esophagus", metric="D2.5cc")


def settings(**changes):
    arm = {"kind": "library", "folder": "plans", "boost": 42.0, "smoothing": 0.0}
    arm |= changes.pop("arm", {})
    model = LESION | changes.pop("model", {})
    ntcp = {"myelopathy": {"preset": "sbrt-cord-default"}, "lesion": model}
    return {**SETTINGS, "arms": {"library": arm}, "ntcp": ntcp, **changes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("organs")
    write_library(top / "plans", 12)
    rng = np.random.default_rng(5)
    for path in sorted((top / "plans").iterdir()):
        add_organ(path, "Esophagus", rng.uniform(12.0, 30.0), rng.uniform(6.0, 20.0))
        add_organ(path, "Pharynx Const", 9.0, 4.0)
        add_organ(path, "Liver", 5.0, 1400.0)
    return top


@pytest.fixture
def own(folder, tmp_path):
    """A copy of the library, to be changed at will."""
    (tmp_path / "plans").mkdir()
    for path in (folder / "plans").iterdir():
        (tmp_path / "plans" / path.name).write_text(path.read_text())
    return tmp_path


def made(folder, **changes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_experiment(settings(**changes), folder)


def drawn(experiment, *spots, patients=60, whole=()):
    cohort = draw_cohort(experiment.cohort, range(patients), Streams(3))
    plan = experiment.arms["library"].plan
    wanted = Wanted(frozenset(whole), frozenset(spots))
    return draw_dose(plan, experiment.dose, cohort, Streams(3), wanted), cohort


def has_esophagus(cohort):
    return cohort.have({"region": ("cervical", "thoracic")})


# hot spots ---------------------------------------------------------------------------------------


def test_a_hot_spot_is_as_stated_or_between_the_nodes_and_never_extrapolated():
    dose = LibraryDose(
        dose=(20.0, 18.0, 12.0, 9.0), d003cc=21.0, volume=10.0, hot_spots=((2.5, 17.0),)
    )
    assert (dose.hottest(0.03), dose.hottest(2.5)) == (21.0, 17.0)
    between = [dose.hottest(volume) for volume in (0.1, 1.0, 3.0, 5.0, 9.9)]
    assert (np.diff(between) < 0.0).all() and 9.0 <= between[-1] < between[0] < 21.0
    assert np.isnan([dose.hottest(0.01), dose.hottest(10.1)]).all()
    assert dose.hottest(10.0) >= 9.0


def test_without_its_volume_only_listed_hot_spots_are_known():
    dose = LibraryDose(dose=(20.0, 18.0, 12.0, 9.0), hot_spots=((2.5, 17.0),))
    assert dose.hottest(2.5) == 17.0
    assert np.isnan([dose.hottest(0.03), dose.hottest(1.0), dose.hottest(3.0)]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"volume": 0.0},
        {"hot_spots": ((12.0, 9.0),)},
        {"hot_spots": ((0.0, 9.0),)},
        {"hot_spots": ((1.0, 9.0), (2.0, 11.0))},
        {"hot_spots": ((1.0, 22.0),)},
    ],
)
def test_impossible_hot_spots_are_refused(wrong):
    with pytest.raises(ValueError, match="volume"):
        LibraryDose(**({"dose": (20.0, 18.0, 12.0, 9.0), "d003cc": 21.0, "volume": 10.0} | wrong))


def test_the_hot_spot_that_a_model_reads_is_that_of_the_whole_dvh(folder):
    experiment = made(folder)
    dose, cohort = drawn(experiment, HotSpot("esophagus", 2.5))
    got = dose.sums(ORGAN).total
    files = sorted((folder / "plans").iterdir())
    plans = [read_plan(path)["esophagus"] for path in files]
    exact = np.array([plan.read(parse_metric("D2.5cc")) for plan in plans])
    present = has_esophagus(cohort)
    assert present.any() and not present.all()
    assert np.isnan(got[~present]).all()
    assert np.isin(got[present], exact).all()
    # and of one that nobody asked for when the plans were read, between the nodes
    between, _ = drawn(experiment, HotSpot("esophagus", 0.7))
    exact = np.array([plan.read(parse_metric("D0.7cc")) for plan in plans])
    other = between.hot_spots[HotSpot("esophagus", 0.7)].planned[present]
    assert np.abs(other[:, None] - exact).min(axis=1).max() < 0.01  # [Gy]


def test_what_is_asked_of_a_library_changes_none_of_its_draws(folder):
    experiment = made(folder, arm={"smoothing": 0.5})
    plain, _ = drawn(experiment)
    asked, _ = drawn(experiment, HotSpot("esophagus", 2.5), whole=("esophagus", "gtv"))
    for spot, course in plain.hot_spots.items():
        np.testing.assert_array_equal(course.planned, asked.hot_spots[spot].planned)


def test_a_step_towards_another_plan_moves_hot_spots_with_the_nodes(own):
    for path in sorted((own / "plans").iterdir())[2:]:
        path.unlink()
    experiment = made(own, arm={"smoothing": 0.5})
    a, b = (plan["esophagus"] for plan in experiment.arms["library"].plan.plans)
    dose, cohort = drawn(experiment, HotSpot("esophagus", 2.5), whole=("esophagus",))
    present = has_esophagus(cohort)
    place = 31
    nodes = dose.courses["esophagus"].planned[present, place]
    step = (nodes - a.dose[place]) / (b.dose[place] - a.dose[place])
    assert np.unique(step.round(4)).size > 5  # between the plans, and beyond them
    expected = a.hottest(2.5) + step * (b.hottest(2.5) - a.hottest(2.5))
    np.testing.assert_allclose(dose.sums(ORGAN).total[present], expected, rtol=1e-4)


# volumes -----------------------------------------------------------------------------------------


def slow(curve, volume, metric, points=200_000):
    """A metric of a whole DVH, counted over fine parts of its volume."""
    doses = np.array([curve.at(share) for share in (np.arange(2000) + 0.5) / 2000])
    doses = np.interp((np.arange(points) + 0.5) / points, (np.arange(2000) + 0.5) / 2000, doses)
    if metric.kind == "dose_at_volume":
        return doses[min(int(metric.number / volume * points), points - 1)]
    return (doses >= metric.number).mean() * volume


@pytest.mark.parametrize("metric", ["D0.5cc", "D2cc", "V36Gy_cc", "V28Gy_cc"])
@pytest.mark.parametrize("structure", ["gtv", "ptv", "esophagus"])
def test_what_is_of_cm3_is_that_of_the_whole_dvh_and_its_volume(folder, structure, metric):
    wanted = DoseMetric(structure=structure, metric=metric)
    experiment = made(folder, model={"dose": {"structure": structure, "metric": metric}})
    plan = experiment.arms["library"].plan
    assert not wanted.missing_in(plan)
    cohort = draw_cohort(experiment.cohort, range(60), Streams(3))
    dose = draw_dose(plan, experiment.dose, cohort, Streams(3), wanted_of(plan, [wanted]))
    got = dose.sums(wanted).total
    there = has_esophagus(cohort) if structure == "esophagus" else np.ones(60, dtype=bool)
    read = [read_plan(path)[structure] for path in sorted((folder / "plans").iterdir())]
    exact = np.array([slow(s.dvh, s.volume, parse_metric(metric)) for s in read])
    assert np.abs(got[there, None] - exact).min(axis=1).max() < 0.05  # [Gy, cm3]
    assert np.isnan(got[~there]).all()


def test_a_volume_moves_with_the_step_and_stays_above_zero(folder):
    metric = DoseMetric(structure="esophagus", metric="V8Gy_cc")
    experiment = made(folder, arm={"smoothing": 1.0})
    plan = experiment.arms["library"].plan
    cohort = draw_cohort(experiment.cohort, range(200), Streams(3))
    dose = draw_dose(plan, experiment.dose, cohort, Streams(3), wanted_of(plan, [metric]))
    volume, stated = dose.volumes["esophagus"], [p["esophagus"].volume for p in plan.plans]
    there = has_esophagus(cohort)
    assert (volume > 0.0).all()
    between = ~np.isclose(volume[:, None], stated, rtol=1e-9).any(axis=1)
    assert between.mean() > 0.1 and np.isclose(volume[~between, None], stated).any(axis=1).all()
    nodes = dose.courses["esophagus"].planned[there].astype(float)
    fine = np.linspace(0.0, 1.0, 20_001)
    share = [(np.interp(fine, volume_nodes(64)[0], row) >= 8.0).mean() for row in nodes]
    np.testing.assert_allclose(dose.sums(metric).total[there], share * volume[there], atol=0.02)


def test_what_is_of_cm3_is_unknown_without_a_volume_and_never_extrapolated(folder):
    experiment = made(folder)
    plan = experiment.arms["library"].plan
    bare = [
        {name: replace(d, volume=None, hot_spots=(), d003cc=d.d003cc) for name, d in p.items()}
        for p in plan.plans
    ]
    small = [{**p, "gtv": replace(p["gtv"], volume=1.5, hot_spots=())} for p in plan.plans]
    cohort = draw_cohort(experiment.cohort, range(40), Streams(3))
    for plans, unknown, known in (
        (bare, ("D2cc", "V20Gy_cc"), ("D0.03cc", "V20Gy")),
        (small, ("D2cc",), ("D1cc", "V20Gy_cc")),
    ):
        changed = replace(plan, plans=tuple(plans))
        asked = [DoseMetric(structure="gtv", metric=name) for name in (*unknown, *known)]
        told = wanted_of(changed, asked)
        dose = draw_dose(changed, experiment.dose, cohort, Streams(3), told)
        for metric in asked:
            values = dose.sums(metric).total
            assert np.isnan(values).all() == (metric.metric in unknown), metric
            lacking = metric.missing_in(changed)
            assert bool(lacking) == (metric.metric in unknown)
            assert not lacking or "of the GTV is unknown in 12 of 12 plans" in lacking


@pytest.mark.parametrize("bound", ["at_most", "at_least"])
@pytest.mark.parametrize("metric", ["D2cc", "mean", "max", "D90", "D100", "gEUD(-10)"])
def test_a_limit_on_a_target_is_kept_by_drawing_again(folder, metric, bound):
    wanted = DoseMetric(structure="gtv", metric=metric)
    spots = [] if wanted.hottest is None else [HotSpot("gtv", 2.0)]
    free, _ = drawn(made(folder), *spots, whole=("gtv",))
    before = free.sums(wanted).total
    level = float(np.median(before))
    limits = [{"structure": "gtv", "metric": metric, bound: level}]
    kept, _ = drawn(made(folder, arm={"limits": limits}), *spots, whole=("gtv",))
    after, sign = kept.sums(wanted).total, 1.0 if bound == "at_most" else -1.0
    met = sign * (after - level) <= 1e-4
    np.testing.assert_array_equal(met, kept.flags["plan_eligible"])
    assert met.mean() > (sign * (before - level) <= 1e-4).mean() + 0.2
    assert (kept.facts["plans_tried"] > 1).any()


# what is kept ------------------------------------------------------------------------------------


def test_only_organs_that_the_file_names_are_kept_and_the_result_runs_again(folder, tmp_path):
    experiment = made(folder)
    plan = experiment.arms["library"].plan.plans[0]
    assert "esophagus" in plan and not {"pharynx_const", "liver"} & set(plan)
    assert [volume for volume, _ in plan["esophagus"].hot_spots] == [2.5]
    assert make_experiment(tomllib.loads(experiment.to_toml()), tmp_path) == experiment
    named = made(folder, arm={"names": {"Pharynx Const": "pharynx"}})
    assert "pharynx" in named.arms["library"].plan.plans[0]
    grouped = made(folder, report={"by": [{"pharynx_const D0.5cc planned": [5.0, 8.0]}]})
    pharynx = grouped.arms["library"].plan.plans[0]["pharynx_const"]
    assert [volume for volume, _ in pharynx.hot_spots] == [0.5, 2.5]
    told = made(folder, question="What does the liver cost, planned?", expect="liver")
    assert "liver" not in told.arms["library"].plan.plans[0]
    limited = made(folder, arm={"limits": {"liver": 20.0}})
    assert "liver" in limited.arms["library"].plan.plans[0]


def test_a_design_keeps_what_any_variant_reads_and_needs_no_folder(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    sweep = {"ntcp.lesion.dose.structure": ["esophagus", "pharynx_const"]}
    result = run(made(folder, sweep=sweep, patients=20), scheduler="single")
    risks = result["lesion_net"].values.ravel()
    assert np.isfinite(risks).all()
    assert len(np.unique(risks)) > 1


# limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "highest"), [("D0.03cc", 18.0), ("D2.5cc", 15.0), ("D50", 10.0), ("mean", 10.0)]
)
def test_a_limit_on_an_organ_is_kept_by_drawing_again(folder, metric, highest):
    limits = [{"structure": "esophagus", "metric": metric, "at_most": highest}]
    spot = HotSpot("esophagus", 2.5)
    free, cohort = drawn(made(folder), spot, whole=("esophagus",))
    kept, _ = drawn(made(folder, arm={"limits": limits}), spot, whole=("esophagus",))
    present = has_esophagus(cohort)
    wanted = DoseMetric(structure="esophagus", metric=metric)
    before, after = (dose.sums(wanted).total[present] for dose in (free, kept))
    assert (before > highest).mean() > 0.3
    eligible = kept.flags["plan_eligible"]
    assert eligible.mean() > 0.9 and eligible[~present].all()
    np.testing.assert_array_equal(after <= highest, eligible[present])
    assert (kept.facts["plans_tried"][present] > 1).any()
    assert (kept.facts["plans_tried"][~present] == 1).all()  # who has no such organ has no limit
    impossible = [{**limits[0], "at_most": 5.0}]
    broken, _ = drawn(made(folder, arm={"limits": impossible}), spot)
    np.testing.assert_array_equal(broken.flags["plan_eligible"], ~present)
    np.testing.assert_array_equal(broken.flags["limits_met"], ~present)


# who has it --------------------------------------------------------------------------------------


def without_esophagus(folder, count):
    for path in sorted((folder / "plans").iterdir())[:count]:
        rows = path.read_text().splitlines()
        path.write_text("\n".join(row for row in rows if not row.startswith("Esophagus")) + "\n")


def test_who_has_the_organ_gets_a_plan_with_it_and_the_others_one_without(own):
    without_esophagus(own, 8)
    with pytest.warns(UserWarning) as said:
        experiment = make_experiment(settings(), own)
    told = [str(warning.message) for warning in said]
    assert any(
        "of 12 plans without esophagus, so patients who have one (cervical, thoracic) get the "
        "other 4" in line
        for line in told
    )
    dose, cohort = drawn(experiment, HotSpot("esophagus", 2.5), whole=("gtv",))
    present = has_esophagus(cohort)
    organ = dose.sums(ORGAN).total
    assert np.isfinite(organ[present]).all() and np.isnan(organ[~present]).all()
    plans = [np.float32(plan["gtv"].dose) for plan in experiment.arms["library"].plan.plans]
    row = [
        next(i for i, p in enumerate(plans) if (p == d).all()) for d in dose.courses["gtv"].planned
    ]
    assert (np.array(row)[present] >= 8).all()
    cord = cohort["cord_present"] > 0
    cordless = np.array(["spinal_cord" not in p for p in experiment.arms["library"].plan.plans])
    np.testing.assert_array_equal(cordless[row], ~cord)


def test_an_organ_of_everyone_must_be_in_every_plan(own):
    path = min((own / "plans").iterdir())
    rows = path.read_text().splitlines()
    path.write_text("\n".join(row for row in rows if not row.startswith("Pharynx")) + "\n")
    reads = {"model": {"dose": {"structure": "pharynx_const", "metric": "D0.03cc"}}}
    with (
        pytest.warns(UserWarning, match="000.csv of 12 plans without pharynx_const, so the"),
        pytest.raises(ExperimentError, match="no dose to pharynx_const; known: gtv, ptv"),
    ):
        make_experiment(settings(**reads), own)


def test_a_library_without_a_plan_for_a_region_is_refused(own):
    without_esophagus(own, 8)
    for path in sorted((own / "plans").iterdir())[:8]:
        add_organ(path, "Heart", 9.0, 500.0)
    with pytest.raises(ExperimentError, match="none has esophagus and heart, as thoracic patients"):
        made(own, arm={"limits": {"heart": 20.0}})


def test_patients_whom_no_plan_suits_are_named(own):
    without_esophagus(own, 8)
    experiment = made(own)
    plan = experiment.arms["library"].plan
    with_cord = [p for p in plan.plans if "spinal_cord" in p and "esophagus" not in p]
    lumbar = [p for p in plan.plans if "spinal_cord" not in p and "esophagus" not in p]
    cordless = {k: v for k, v in next(p for p in plan.plans if "esophagus" in p).items()
                if k in ("gtv", "ptv", "thecal_sac", "esophagus")}  # fmt: skip
    plan = replace(plan, plans=(*with_cord, *lumbar, cordless))
    arms = {"library": replace(experiment.arms["library"], plan=plan)}
    with pytest.raises(ValueError, match="some patients have a spinal cord and esophagus, but no"):
        drawn(experiment.model_copy(update={"arms": arms}))


# mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"model": {"dose": {"structure": "esophagus", "metric": "D15cc"}}},
            r"ntcp.lesion.dose: D15cc of the esophagus is unknown in \d+ of 12 plans: it is",
        ),
        (
            {"model": {"dose": {"structure": "larynx", "metric": "D2.5cc"}}},
            "ntcp.lesion.dose: no dose to larynx; known: gtv, ptv, cord_prv, spinal_cord",
        ),
        (
            {"model": {"dose": {"structure": "esophagus", "metric": "D0.03"}}},
            "no metric 'D0.03'; did you mean 'D0.03cc'",
        ),
        (
            {"model": {"dose": {"structure": "esophagus", "metric": "D2.5ml"}}},
            "no metric 'D2.5ml'; known: D98",
        ),
        (
            {"arm": {"limits": [{"structure": "esophagus", "metric": "D15cc", "at_most": 9.0}]}},
            r"limits: D15cc of the esophagus is unknown in \d+ of 12 plans",
        ),
        ({"arm": {"limits": {"larynx": 20.0}}}, "limits: no plan has a larynx; known: gtv"),
        ({"arm": {"limits": {"esophagos": 20.0}}}, "limits: no plan has a esophagos; known: gtv"),
        ({"arm": {"names": {"Oesoph": "esophagus"}}}, "no plan has a structure 'Oesoph'"),
        (
            {"arm": {"names": {"Liver": "the liver"}}},
            "'the liver' is no structure: its name is of small letters, digits and _",
        ),
        (
            {"arm": {"names": {"Liver": "bowel", "Esophagus": "bowel"}}},
            "Esophagus and Liver could each be bowel: say which, as Esophagus=bowel",
        ),
    ],
)
def test_mistakes_about_organs_are_one_line(folder, change, says):
    with pytest.raises(ExperimentError, match=says) as caught:
        made(folder, **change)
    said = {line.partition(".csv: ")[2] or line for line in caught.value.mistakes}
    assert len(said) == 1, said  # once, or of each plan


def test_an_organ_in_part_without_a_dose_gives_what_is_known_of_it(own):
    for path in (own / "plans").iterdir():
        text = path.read_text()
        path.write_text("# outside the dose grid [cm3], Esophagus = 2.0\n" + text)
    mean = {"dose": {"structure": "esophagus", "metric": "mean"}}
    plan = made(own, model=mean).arms["library"].plan
    assert plan.plans[0]["esophagus"].volume is None
    with pytest.raises(ExperimentError, match=r"D2.5cc of the esophagus is unknown in 12 of 12"):
        made(own)
