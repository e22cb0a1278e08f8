"""Designs from the field that once gave wrong numbers, each with the right one.

Where a number is simulated its seed is fixed. A tolerance of 4 standard errors would fail by chance
once in 16,000 choices of the seed, one of 5 once in 1.7 million.
"""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from command_line import radsim
from scipy import special
from trial_cases import cells_of

from radsim.experiment.trial_file import load_trial
from radsim.randomness.distributions.continuous import Normal
from radsim.randomness.streams import Streams
from radsim.report.figures.trial import plot_incidence, plot_power
from radsim.report.text.trial import assumptions_text, summary_text
from radsim.simulation.virtual_trial import plan_of, run_scenario_of
from radsim.trial import (
    PatientPool,
    Pieces,
    RampAccrual,
    Settings,
    StatedArm,
    Stratum,
    TrialDesign,
    TrialPlan,
    UncertainArms,
    Visits,
    boundaries,
    draw_trials,
    expected_curves,
    median_trial,
    run_sequential,
    run_trials,
    sample_size,
    under_null,
)
from radsim.trial.conduct.analyses import analyse_binary
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.characteristics import mc_error, power_of, rejections
from radsim.trial.questions.direction import better_arm
from radsim.trial.sizes.power_curve import power_curve
from radsim.trial.survival.landmark import incidence_difference
from radsim.trial.varied import Curve
from radsim.trial.wording import notes_of

CASES = Path(__file__).parent / "cases"


def case(name):
    return load_trial(CASES / f"{name}.toml")


def stated(name):
    section = case(name).trial
    return section, section.plan((section.control, section.experimental))


def looked(name, null=False, trials=None):
    section, plan = stated(name)
    trials = trials or section.trials
    events = run_trials(plan, trials, seed=3).counts["events"].sum(axis=1).mean()
    return run_sequential(
        under_null(plan, "no_difference") if null else plan,
        section.looks.limits(), analysis=section.primary_analysis, planned_events=round(events),
        trials=trials, seed=3,
    )  # fmt: skip


# ---- what is not estimable is not a number


def test_a_look_whose_analysis_cannot_be_made_stops_nothing():
    found = looked("looks_before_landmark")
    assert found.power.value == pytest.approx(0.475, abs=4.0 * mc_error(0.475, 4000))
    assert found.early_futility.value == pytest.approx(0.090, abs=4.0 * mc_error(0.09, 4000))
    assert found.looks[0].analysed.value == pytest.approx(0.24, abs=0.03)
    null = looked("looks_before_landmark", null=True)
    assert null.power.value == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 4000))


def test_a_look_without_any_event_stops_nothing():
    arms = StatedArm(failure_hazard=0.001), StatedArm(failure_hazard=0.001, control=None)
    design = TrialDesign(patients=40, minimum_follow_up=24.0)
    plan = TrialPlan(design=design, arms=arms, settings=Settings(landmark=1.0))
    limits = boundaries([0.5, 1.0], futility="pocock")
    found = run_sequential(
        plan, limits, analysis="incidence_difference", planned_events=2, trials=400, seed=1
    )
    no_event = 1.0 - np.exp(-0.001 * 40)
    assert found.early_futility.value < no_event  # a z of 0 would have stopped nearly all of them
    assert found.looks[0].analysed.value < 0.2


def test_the_median_trial_is_one_of_those_with_a_test():
    _, plan = stated("nobody_at_landmark")
    shown = run_trials(plan, 500, seed=2)
    for name, outcome in shown.outcomes.items():
        place = median_trial(shown, name)
        assert (place is None) == (not outcome.tested.any()), name
        assert place is None or outcome.tested[place], name
    sometimes = run_trials(
        replace(plan, settings=Settings(landmark=23.0), analyses=("incidence_difference",)),
        300, seed=2,
    )  # fmt: skip
    outcome = sometimes.outcomes["incidence_difference"]
    assert 0.05 < outcome.tested.mean() < 0.95
    z = outcome.z[outcome.tested]
    wanted = np.sort(z)[(len(z) - 1) // 2]
    assert outcome.z[median_trial(sometimes, "incidence_difference")] == wanted


def test_an_analysis_without_a_test_has_no_power_to_state():
    section, _ = stated("nobody_at_landmark")
    source = case("nobody_at_landmark")
    section = replace(section, trials=40, find_size=False, primary="survival_difference")
    result = run_scenario_of(section, source)
    power = next(p for p in result.powers if p.analysis == "survival_difference")
    assert not power.is_tested
    for cells in cells_of("trial_characteristics.csv", {"trial": result}):
        if cells["analysis"] == "survival_difference":
            assert (cells["rejected"], cells["favorable"], cells["not_tested"]) == ("", "", 1.0)
    line = next(x for x in summary_text({"trial": result}).splitlines() if "survival_dif" in x)
    assert line.split()[1:5] == ["-", "-", "-", "-"]
    assert "can't be made in any trial" in assumptions_text({"trial": result}, source)


def test_grays_test_stands_where_its_landmark_is_not_reached():
    _, plan = stated("event_target_60")
    shown = run_trials(replace(plan, analyses=("gray",)), 200, seed=1)
    gray = shown.outcomes["gray"]
    assert gray.tested.all()
    assert gray.estimable.mean() < 0.05
    assert power_of("gray", shown, 0.05).rejected.value > 0.2


def test_a_proportion_test_without_variance_is_no_test():
    nobody, all_of = np.zeros(1, int), np.full(1, 20)
    found = analyse_binary(nobody, all_of, nobody, all_of, ("pearson", "unpooled_z", "fisher"))
    assert [bool(o.tested[0]) for o in found.values()] == [False, False, True]
    assert all(o.estimable[0] and o.effect[0] == 0.0 for o in found.values())


# ---- information


def test_the_error_is_spent_on_the_information_of_the_landmark():
    found = looked("looks_after_landmark")  # its arms are alike
    assert found.power.value == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 10_000))
    assert found.looks[0].reached == pytest.approx(0.88, abs=0.02)
    assert found.looks[1].reached == 1.0
    assert found.looks[2].efficacy.value == 0.0  # nothing is left to learn, or to spend


def test_information_is_the_square_of_the_correlation_with_the_end():
    section, plan = stated("looks_after_landmark")
    numbers, z = range(2000), []
    found = looked("looks_after_landmark", trials=2000)
    month = Assumed(plan).when(found.looks[0].events)
    for cut in (month, plan.design.cut):
        design = replace(plan.design, minimum_follow_up=None, calendar_cut=cut)
        table = draw_trials(design, plan.arms, numbers, Streams(3)).table()
        z.append(incidence_difference(table, section.landmark).test.z)
    assert np.corrcoef(*z)[0, 1] ** 2 == pytest.approx(found.looks[0].reached, abs=0.03)


@pytest.mark.parametrize("analysis", ["restricted_mean_difference", "survival_difference", "gray"])
def test_looks_keep_their_error_for_other_analyses(analysis):
    _, plan = stated("looks_after_landmark")
    plan = replace(plan, analyses=(analysis,), settings=Settings(landmark=12.0, horizon=12.0))
    found = run_sequential(
        plan, boundaries([0.3, 0.6, 1.0], kind="pocock"), analysis=analysis, planned_events=220,
        trials=4000, seed=5,
    )  # fmt: skip
    assert found.power.value == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 4000))


def test_classical_limits_do_not_fit_information_that_is_not_counted_in_events():
    section = case("looks_after_landmark").trial
    with pytest.raises(ValueError, match=r"looks: kind: classical-pocock needs equal steps"):
        replace(
            section, looks=replace(section.looks, kind="classical-pocock", information=(0.5, 1.0))
        )


# ---- companion keys

PIECES = {"until": (6.0,), "hazards": (0.01, 0.03)}
FAILURE = ({"failure_hazard": 0.02}, {"control": 0.6}, {"failure_pieces": PIECES}, {})
DEATH = (
    {"death_hazard": 0.05}, {"median_survival": 9.0}, {"survival": 0.4}, {"death_pieces": PIECES},
    {},
)  # fmt: skip
BESIDE = {
    "control_months": (12.0, ("control",)),
    "failure_shape": (2.0, ("failure_hazard", "control")),
    "survival_months": (6.0, ("survival",)),
    "survival_shape": (3.0, ("death_hazard", "median_survival", "survival")),
    "cured": (0.2, ("failure_hazard", "control", "failure_pieces")),
    "survivors": (0.2, ("death_hazard", "median_survival", "survival", "death_pieces")),
}


def arm_of(**keys):
    """An arm whose pieces are given as a file gives them."""
    return StatedArm(**{k: Pieces(**v) if k.endswith("_pieces") else v for k, v in keys.items()})


PAIRS = [
    (failure, death, key) for failure, death, key in product(FAILURE, DEATH, BESIDE)
]  # fmt: skip


def law(arm):
    times = np.array([1.0, 7.0, 30.0])
    return [*arm.failure.cumulative(times), *arm.death.cumulative(times)]


@pytest.mark.parametrize(("failure", "death", "key"), PAIRS)
def test_a_companion_key_acts_or_is_refused_in_an_arm(failure, death, key):
    value, owners = BESIDE[key]
    base = {**failure, **death}
    if any(owner in base for owner in owners):
        assert law(arm_of(**base, **{key: value})) != law(arm_of(**base))
        return
    with pytest.raises(
        ValueError, match=f"{key} must go with .*{owners[-1]}, without which it has no"
    ):
        arm_of(**base, **{key: value})


@pytest.mark.parametrize(("failure", "death", "key"), PAIRS)
def test_a_companion_key_acts_or_is_refused_in_scenarios_and_uncertainty(failure, death, key):
    value, owners = BESIDE[key]
    base = {**failure, **death}
    if not failure:
        return  # no trial without a law of the event
    arm = arm_of(**base)
    section = replace(case("scenario_shape").trial, control=arm, experimental=arm, scenarios={})
    acts = any(owner in base for owner in owners)
    scenario = {"changed": {"control": {key: value}}}
    narrow = {f"control.{key}": Normal(mean=value, sd=0.01 * value)}
    if acts:
        changed = replace(section, scenarios=scenario).variants()["changed"]
        assert law(changed.control) == law(arm_of(**base, **{key: value}))
        assert law(changed.experimental) == law(arm)
        replace(section, uncertainty=narrow)
        drawn = UncertainArms((arm, arm), narrow).drawn({f"control.{key}": value})
        assert law(drawn[0]) == law(changed.control)
        return
    with pytest.raises(ValueError, match=rf"scenarios\.changed\.control\.{key}: must go with"):
        replace(section, scenarios=scenario).variants()
    with pytest.raises(ValueError, match=rf"uncertainty: control\.{key}: may be .*must go with"):
        replace(section, uncertainty=narrow)


@pytest.mark.parametrize("new", [way for way in DEATH if way and way != DEATH[3]])
@pytest.mark.parametrize("old", [way for way in DEATH if way and way != DEATH[3]])
def test_a_scenario_that_states_survival_anew_keeps_its_shape(old, new):
    arm = arm_of(control=0.6, survival_shape=3.0, **old)
    section = replace(case("scenario_shape").trial, control=arm, experimental=arm)
    section = replace(section, scenarios={"changed": {"control": new}})
    assert law(section.variants()["changed"].control) == law(
        arm_of(control=0.6, survival_shape=3.0, **new)
    )


@pytest.mark.parametrize("new", [way for way in FAILURE if way and way != FAILURE[2]])
@pytest.mark.parametrize("old", [way for way in FAILURE if way and way != FAILURE[2]])
def test_a_scenario_that_states_the_event_anew_keeps_its_shape(old, new):
    arm = arm_of(failure_shape=2.0, **old)
    section = replace(case("scenario_shape").trial, control=arm, experimental=arm)
    section = replace(section, scenarios={"changed": {"control": new}})
    changed = section.variants()["changed"].control
    assert law(changed) == law(arm_of(failure_shape=2.0, **new))


@pytest.mark.parametrize("death", [way for way in DEATH if way and way != DEATH[3]])
@pytest.mark.parametrize("shape", [None, 0.7, 3.0])
def test_a_curve_at_the_designs_own_survival_has_its_power(death, shape):
    arms = [arm_of(control=c, survival_shape=shape, **death) for c in (0.6, 0.8)]
    median = float(arms[0].death.time_of(np.log(2.0)))
    plan = TrialPlan(
        design=TrialDesign(patients=80, minimum_follow_up=24.0), arms=tuple(arms),
        analyses=("logrank",),
    )  # fmt: skip
    own = rejections(run_trials(plan, 400, seed=1).outcomes["logrank"], 0.05).mean()
    curve = Curve(median_survival=(median,), minimum_follow_up=(24.0,), patients=(80,))
    for point in power_curve(plan, curve, "logrank", trials=400, seed=1):
        assert point.power.value == pytest.approx(own, abs=1.0 / 400), point.over


def test_a_shape_in_a_scenario_leaves_the_median_and_death_in_place():
    source = case("scenario_shape")
    section = source.trial.variants()["weibull"]
    found = run_trials(plan_of(section, source), 4000, seed=3)
    events = found.counts["events"].sum(axis=1)
    error = events.std() / np.sqrt(len(events))
    assert events.mean() == pytest.approx(16.57, abs=4.0 * error)
    power = rejections(found.outcomes["logrank"], 0.05).mean()
    assert power == pytest.approx(0.21, abs=0.005 + 4.0 * mc_error(0.21, 4000))
    assert found.counts["deaths"].sum() > 0


def test_a_visit_in_a_scenario_changes_what_it_names():
    section = case("scenario_shape").trial
    design = replace(section.design, visits=Visits(at=(3.0, 6.0), then_every=6.0))
    changes = {"rare": {"design": {"visits": {"then_every": 12.0}}}}
    changed = replace(section, design=design, scenarios=changes).variants()["rare"]
    assert changed.design.visits == Visits(at=(3.0, 6.0), then_every=12.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("control = 0.6, median", "control = 0.6, survival_months = 9, median",
         "trial.control.survival_months: must go with survival, without which it has no effect"),
        ("control = 0.6, median", "failure_hazard = 0.02, control_months = 9, median",
         "trial.control.control_months: must go with control, without which it has no effect"),
        ("survival_shape = 3.0 }\nexp", "survival_months = 3.0 }\nexp",
         "scenarios.weibull.control.survival_months: must go with survival"),
        ("alpha = 0.05", "design = { latest = 50.0 }",
         "base.design.latest: must go with event_target"),
    ],
)  # fmt: skip
def test_an_idle_companion_ends_with_one_line_and_code_2(tmp_path, capsys, old, new, message):
    text = (CASES / "scenario_shape.toml").read_text()
    assert old in text
    path = tmp_path / "file.toml"
    path.write_text(text.replace(old, new, 1))
    ended = radsim(capsys, "check", path)
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert message in ended.errors[0]


def test_a_parameter_is_drawn_once():
    law_of = Normal(mean=9.0, sd=0.5)
    spread = {"both.median_survival": law_of, "control.median_survival": law_of}
    arms = StatedArm(control=0.6, median_survival=9.0), StatedArm(control=0.7, median_survival=9.0)
    with pytest.raises(ValueError, match=r"is drawn by both\.median_survival too"):
        UncertainArms(arms, spread)


def test_keys_that_act_only_together_are_drawn_together():
    section = replace(
        case("scenario_shape").trial, scenarios={},
        uncertainty={
            "both.survival_shape": Normal(mean=3.0, sd=0.1),
            "both.median_survival": Normal(mean=9.0, sd=0.1),
        },
    )  # fmt: skip
    bare = replace(section.control, median_survival=None)
    replace(section, control=bare, experimental=bare)


# ---- nothing is read off a trial that has ended


def closed_incidence(hazard, death, months):
    return hazard / (hazard + death) * -np.expm1(-months * (hazard + death))


@pytest.mark.parametrize("name", ["event_target_60", "event_target_121"])
@pytest.mark.parametrize("patients", [200, 300, 1000])
def test_event_driven_trials_have_the_incidences_of_their_arms(name, patients):
    source = case(name)
    section = replace(source.trial, trials=50, find_size=False, patients=patients)
    result = run_scenario_of(section, source)
    wanted = [closed_incidence(h, np.log(2.0) / 24.0, 24.0) for h in (0.03, 0.018)]
    assert result.incidence.event[:, -1] == pytest.approx(wanted, abs=1e-6)
    assert result.incidence.months[-1] == 24.0
    rows = {row.formula: row for row in result.formulas.sizes}
    assert rows["normal_pooled"].patients == 430
    assert rows["schoenfeld"].evaluable == pytest.approx(286.2, abs=0.1)
    assert np.isnan(result.incidence.upper[:, -1]).all() or patients < 1000
    assert "nan" not in str(cells_of("trial_incidence.csv", {"trial": result}))


def test_an_event_target_and_a_fixed_end_ask_one_question_of_the_formulas():
    sizes = []
    for name in ("event_arms", "event_arms_fixed"):
        source = case(name)
        section = replace(source.trial, trials=100, simulated_patients=2000)
        sizes.append(run_scenario_of(section, source).formulas.sizes)
    for waiting, fixed in zip(*sizes, strict=True):
        assert waiting.formula == fixed.formula
        assert waiting.evaluable == pytest.approx(fixed.evaluable, rel=0.1)
        if waiting.formula not in ("schoenfeld", "freedman"):  # whose events are simulated
            assert waiting.evaluable == pytest.approx(fixed.evaluable, rel=1e-9)


RICH = TrialDesign(
    patients=400, accrual=RampAccrual(months=20.0, full=10.0), minimum_follow_up=20.0,
    longest_follow_up=30.0, drop_out_hazard=0.01, not_evaluable=0.1, lesions=(0.7, 0.3),
    frailty=0.8, allocation=(1, 2), block=6,
    strata=(Stratum(share=1.0), Stratum(share=2.0, hazard_ratio=2.0)),
)  # fmt: skip
RICH_ARMS = (
    StatedArm(control=0.6, failure_shape=0.7, survival=0.5, survival_months=9, survival_shape=2),
    StatedArm(control=0.8, death_hazard=0.05),
)


@pytest.mark.parametrize("visits", [None, Visits(at=(3.0, 6.0), then_every=6.0)])
def test_what_is_assumed_is_what_is_simulated(visits):
    plan = TrialPlan(design=replace(RICH, visits=visits), arms=RICH_ARMS, analyses=("logrank",))
    assumed = Assumed(plan)
    shown = run_trials(plan, 1000, seed=1)
    events = shown.counts["events"].sum(axis=1)
    error = events.std() / np.sqrt(1000)
    assert assumed.events() == pytest.approx(events.mean(), abs=4.0 * error)
    large = replace(
        plan, analyses=("cox",), design=replace(plan.design, patients=12_000, minimum_follow_up=20)
    )
    ratios = run_trials(large, 20, seed=2).outcomes["cox"].effect
    error = ratios.std() / np.sqrt(20)
    assert np.log(assumed.hazard_ratio) == pytest.approx(ratios.mean(), abs=5.0 * error)
    month, left = 12.0, assumed.at_risk(12.0)
    curves = expected_curves(plan, np.array([month]), trials=300, seed=3)
    assert curves.at_risk[:, 0] == pytest.approx(left, rel=0.02)


def test_the_pools_own_ratio_stands_in_the_formulas():
    rng = np.random.default_rng(1)
    failure = rng.exponential([[20.0], [40.0]], (2, 20_000))
    death = np.tile(rng.exponential(15.0, 20_000), (2, 1))
    ratios = []
    for patients in (20, 400):
        plan = TrialPlan(
            design=TrialDesign(patients=patients, minimum_follow_up=24.0),
            arms=PatientPool(failure, death, {}), analyses=("logrank",),
        )  # fmt: skip
        ratios.append(Assumed(plan).hazard_ratio)
    assert ratios[0] == ratios[1]
    events = (failure < np.minimum(death, 24.0)).sum()
    assert np.log(ratios[0]) == pytest.approx(np.log(0.5), abs=4.0 * 2.0 / np.sqrt(events))


# ---- the size


def test_a_size_on_a_plateau_is_the_smallest_and_does_not_depend_on_the_start():
    _, plan = stated("event_target_121")
    found = [
        sample_size(plan, analysis="logrank", trials=2000, seed=3, start=start, most=1000)
        for start in (None, 100, 602)
    ]
    assert len({(f.patients, f.power.value, f.lower, f.upper, f.why) for f in found}) == 1
    first = found[0]
    assert first.reached
    assert 264 < first.patients <= 300
    assert abs(first.power.value - 0.8) <= 2.0 * mc_error(0.8, 2000)
    assert (first.lower, first.upper) == (first.patients, 1000)
    assert "the power stops growing near 0.80" in first.why
    assert "waits for 121 events however many patients" in first.why
    assert 100 in dict(found[1].tried)


def test_a_size_on_a_slope_does_not_depend_on_the_start_either():
    arms = StatedArm(failure_hazard=0.03), StatedArm(failure_hazard=0.015)
    design = TrialDesign(patients=20, minimum_follow_up=24.0)
    plan = TrialPlan(design=design, arms=arms, analyses=("logrank",))
    found = [
        sample_size(plan, analysis="logrank", trials=1000, seed=3, start=start)
        for start in (None, 20, 150, 1000)
    ]
    assert len({(f.patients, f.lower, f.upper) for f in found}) == 1
    assert found[0].why == ""
    assert found[0].lower <= found[0].patients <= found[0].upper < 2 * found[0].patients


def test_a_landmark_that_more_patients_do_not_reach_is_the_cause():
    arms = StatedArm(failure_hazard=0.03), StatedArm(failure_hazard=0.018)
    design = TrialDesign(patients=40, event_target=40, latest=60.0)
    design = replace(design, accrual=RampAccrual(months=12.0, full=6.0))
    plan = TrialPlan(
        design=design, arms=arms, analyses=("incidence_difference",),
        settings=Settings(landmark=18.0),
    )  # fmt: skip
    found = sample_size(plan, analysis="incidence_difference", trials=400, seed=1, most=1000)
    assert not found.reached
    assert found.power.value > 0.1  # the best size, not the largest
    assert "nobody is watched for as long as it needs" in found.why


# ---- what check sees


def notes(capsys, path):
    return json.loads(radsim(capsys, "check", path, "--json").output)["trials"]["trial"]["notes"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody_at_landmark", "landmark: 0.0 and 0.0 patients (control, experimental)"),
        ("looks_before_landmark", "looks: at 50 % of the events, at about month"),
        ("curve_drops_target", "without the design's event_target of 40 and its latest of 60"),
    ],
)
def test_check_says_what_a_design_cannot_show(capsys, name, said):
    assert any(said in note for note in notes(capsys, CASES / f"{name}.toml"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("event_target = 60", "event_target = 200", "of the 200 that are waited for"),
        ('["logrank"]', '["logrank", "incidence_difference"]', "with the last event; where nobody"),
        ("event_target = 60\nlatest = 60", "minimum_follow_up = 24\nlongest_follow_up = 25\n"
         "[trial.curve]\nminimum_follow_up = [24, 48]", "beyond longest_follow_up, 25 months"),
    ],
)  # fmt: skip
def test_check_counts_what_is_to_be_expected(tmp_path, capsys, old, new, said):
    text = (CASES / "event_target_60.toml").read_text()
    assert old in text
    path = tmp_path / "file.toml"
    path.write_text(text.replace(old, new))
    assert any(said in note for note in notes(capsys, path))
    assert not notes(capsys, CASES / "event_target_60.toml")


def test_numbers_at_risk_of_an_experiment_are_checked_too(tmp_path, capsys):
    text = (CASES / "event_arms.toml").read_text()
    path = tmp_path / "file.toml"
    path.write_text(text.replace('analyses = ["logrank"]', 'analyses = ["incidence_difference"]'))
    assert any(note.startswith("landmark: ") for note in notes(capsys, path))


# ---- direction


def test_a_better_control_arm_is_said_wherever_a_size_is():
    source = case("experimental_arm_is_worse")
    section = replace(source.trial, trials=200, simulated_patients=2000, analyses=("gray",))
    result = run_scenario_of(section, source)
    results = {"trial": result}
    assert result.better == result.size.better == "control"
    summary = summary_text(results)
    assert "warning: the experimental arm (sib_30_5) is the WORSE one" in summary
    for line in (*summary.splitlines(), *assumptions_text(results, source).split(". ")):
        if " patients in all reach" in line or ("(hazard ratio" in line and "patients" in line):
            assert "in favor of the control arm" in line
    sizes = cells_of("trial_sizes.csv", results)
    assert {row["better"] for row in sizes if row["patients"] != ""} == {"control"}
    assert cells_of("trial_power.csv", results)[-1]["better"] == "control"
    labels = (
        plot_incidence("trial", result, result.incidence).axes[0].get_legend_handles_labels()[1]
    )
    assert any("single_24 (better)" in label for label in labels)
    labels = plot_power(results).axes[0].get_legend_handles_labels()[1]
    assert any("the control arm is better" in label for label in labels)


def test_a_better_experimental_arm_is_named():
    source = case("event_target_60")
    result = run_scenario_of(replace(source.trial, trials=200, find_size=False), source)
    assert result.better == "experimental"
    assert "the better arm by logrank is the experimental arm" in summary_text({"trial": result})
    assert {row.better for row in result.formulas.sizes} == {"experimental"}


def test_arms_that_are_alike_are_not_told_apart():
    _, plan = stated("looks_after_landmark")
    power = power_of("incidence_difference", run_trials(plan, 2000, seed=1), 0.05)
    assert better_arm(power.rejected, power.favorable) == "neither"


# ---- a test of any event: its formulas count deaths, too


def any_event_section(**changes):
    """A trial of 500 whose arms die faster than they fail, analysed by event or death."""
    arms = [StatedArm(failure_hazard=h, death_hazard=0.04) for h in (0.02, 0.01)]
    waiting = case("event_target_60").trial
    design = replace(waiting.design, event_target=None, latest=None, minimum_follow_up=24.0)
    settings = {
        "control": arms[0], "experimental": arms[1], "patients": 500, "trials": 400,
        "analyses": ("logrank_any_event",), "primary": None, "find_size": False,
        "design": design, **changes,
    }  # fmt: skip
    return replace(waiting, **settings)


def any_event_share(hazard):
    """Of patients who enter over 12 months and are analysed at 36, who failed or died."""
    follow_up = np.linspace(24.0, 36.0, 20_001)
    return -np.expm1(-hazard * follow_up).mean()


def test_formulas_of_a_test_of_any_event_count_deaths():
    section = any_event_section()
    found = run_scenario_of(section, case("event_target_60")).formulas
    events = 4.0 * (special.ndtri(0.975) + special.ndtri(0.8)) ** 2 / np.log(0.05 / 0.06) ** 2
    share = 0.5 * (any_event_share(0.06) + any_event_share(0.05))
    (row,) = (r for r in found.sizes if r.formula == "schoenfeld")
    assert row.events == pytest.approx(events, rel=1e-6)
    assert row.evaluable == pytest.approx(events / share, rel=1e-4)
    drift = np.sqrt(500 * share / 4.0) * np.log(0.06 / 0.05)
    power = special.ndtr(drift - special.ndtri(0.975)) + special.ndtr(-drift - special.ndtri(0.975))
    assert found.powers[0].power == pytest.approx(power, abs=1e-4)


def test_formulas_of_a_margin_on_any_event_count_deaths():
    alike = StatedArm(failure_hazard=0.02, death_hazard=0.04)
    section = any_event_section(control=alike, experimental=alike, margin=1.3)
    result = run_scenario_of(section, case("event_target_60"))
    drift = np.sqrt(500 * any_event_share(0.06) / 4.0) * np.log(1.3)
    power = special.ndtr(drift - special.ndtri(0.975))
    assert result.formulas.powers[0].power == pytest.approx(power, abs=1e-3)
    shown = next(p for p in result.powers if p.analysis == "logrank_any_event_against_margin")
    assert abs(shown.rejected.value - power) < 0.1  # 4 standard errors of 400 trials


def test_an_arm_beyond_the_margin_is_the_reason_why_no_size_shows_it():
    arms = [StatedArm(failure_hazard=h, death_hazard=0.03) for h in (0.03, 0.06)]
    section = any_event_section(
        control=arms[0], experimental=arms[1], analyses=("logrank",), margin=1.3, find_size=True,
        most_patients=400,
    )  # fmt: skip
    found = run_scenario_of(section, case("event_target_60")).size
    assert not found.reached
    assert "beyond" in found.why and "differ too little" not in found.why


def test_check_says_where_hardly_any_event_is_to_be_expected():
    rare = [StatedArm(failure_hazard=h, median_survival=6.0) for h in (0.001, 0.0005)]
    section = any_event_section(
        control=rare[0], experimental=rare[1], patients=30, analyses=("logrank",)
    )
    (note,) = (n for n in notes_of(section, section.plan(section.arms)) if "events" in n)
    expected = [
        15.0 * h / (h + np.log(2.0) / 6.0) * any_event_share(h + np.log(2.0) / 6.0)
        for h in (0.001, 0.0005)
    ]
    assert f"{expected[0]:.1f} and {expected[1]:.1f} events" in note
    assert not any(
        "events" in n
        for n in notes_of(any_event_section(), any_event_section().plan(any_event_section().arms))
    )


def test_power_by_events_adds_the_wrong_side_as_the_simulation_does():
    alike = StatedArm(failure_hazard=0.03, death_hazard=0.04)
    section = any_event_section(
        control=alike, experimental=alike, analyses=("logrank",), patients=200
    )
    found = run_scenario_of(section, case("event_target_60")).formulas
    assert [row.power for row in found.powers] == pytest.approx([0.05, 0.05], abs=1e-9)
