"""Non-inferiority: tests against a margin, their power, and the null at the margin.

Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 choices of the
seed, one of 3 once in 370.
"""

from dataclasses import replace

import numpy as np
import pytest
from command_line import radsim
from scipy import stats
from trial_cases import cells_of

from radsim.experiment.trial_file import load_trial
from radsim.report.text.trial import assumptions_text, summary_text
from radsim.simulation.virtual_trial import run_scenario_of
from radsim.trial import (
    Factor,
    Minimization,
    PatientPool,
    Settings,
    StatedArm,
    Stratum,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    Visits,
    boundaries,
    cox_ratio,
    logrank,
    non_inferiority_test,
    risk_table,
    run_sequential,
    run_trials,
    under_null,
)
from radsim.trial.conduct.analyses import (
    AGAINST_MARGIN,
    ANALYSES,
    BINARY_WITH_MARGIN,
    FIRST,
    WITH_MARGIN,
    analyse_binary,
)
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.characteristics import mc_error, rejections
from radsim.trial.survival.log_rank import logrank_score

DESIGN = TrialDesign(
    patients=400, accrual=UniformAccrual(months=12.0), minimum_follow_up=24.0,
    drop_out_hazard=0.005,
    strata=(Stratum(share=1.0), Stratum(share=1.0, hazard_ratio=1.5)),
)  # fmt: skip
ARMS = (
    StatedArm(failure_hazard=0.015, death_hazard=0.04),
    StatedArm(failure_hazard=0.012, death_hazard=0.025),
)
HAZARDS = (
    "logrank", "logrank_stratified", "cox", "cox_robust", "cox_stratified", "cox_adjusted",
)  # fmt: skip
WORST = {
    **dict.fromkeys(HAZARDS, float(np.log(1.6))),
    "logrank_any_event": float(np.log(1.2)), "fine_gray": float(np.log(1.7)),
    "incidence_difference": 0.1, "survival_difference": -0.1,
    "restricted_mean_difference": -2.0, "time_lost_difference": 2.0,
}  # fmt: skip


def pool(patients=4000):
    rng = np.random.default_rng(1)
    failure = rng.exponential([[60.0], [80.0]], (2, patients))
    death = rng.exponential([[25.0], [40.0]], (2, patients))
    return PatientPool(failure, death, {}, pools=2)


def plan_of(name, arms=ARMS, design=DESIGN):
    if isinstance(arms, PatientPool):
        design = replace(design, strata=())
    return TrialPlan(
        design=design, arms=arms, analyses=(name, AGAINST_MARGIN[name]),
        settings=Settings(worst=WORST[name]),
    )  # fmt: skip


def shares(name, plan, trials, seed=5):
    shown = run_trials(plan, trials, seed=seed)
    return shown, rejections(shown.outcomes[AGAINST_MARGIN[name]], 0.05).mean()


def test_every_effect_has_a_margin():
    assert set(WORST) == set(WITH_MARGIN)
    left = {name for name in ANALYSES if name not in AGAINST_MARGIN.values()} - set(WITH_MARGIN)
    assert left == {
        "gray", "gray_cluster_robust", "logrank_cluster_robust", "logrank_weighted", "maxcombo",
        "fine_gray_cluster_robust", "fine_gray_stratified", "incidence_differences", *FIRST,
    }  # fmt: skip


@pytest.mark.parametrize("name", WITH_MARGIN)
def test_the_error_at_the_margin_is_the_one_sided_level_with_death_in_the_picture(name):
    shown, error = shares(name, under_null(plan_of(name), "at_margin"), 2000)
    assert error == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 2000))
    outcome = shown.outcomes[name]
    effects = outcome.effect[outcome.estimable]
    spread = effects.std() / np.sqrt(len(effects))
    bias = 0.012 if name == "logrank" else 0.004  # the one-step estimate is no maximum
    assert effects.mean() == pytest.approx(WORST[name], abs=4.0 * spread + bias)
    assert (shown.counts["deaths"].mean(axis=0) > 50).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_MARGIN)
def test_the_error_at_the_margin_with_many_trials(name):
    _, error = shares(name, under_null(plan_of(name), "at_margin"), 40_000, seed=7)
    assert error == pytest.approx(0.025, abs=3.0 * mc_error(0.025, 40_000))


@pytest.mark.parametrize("name", ["cox", "fine_gray", "incidence_difference"])
@pytest.mark.parametrize("visits", [None, Visits(then_every=6.0)])
def test_simulated_patients_have_their_null_at_the_margin(name, visits):
    plan = plan_of(name, pool(), replace(DESIGN, visits=visits))
    null = under_null(plan, "at_margin")
    for part in null.arms.apart():
        effect = Assumed(replace(null, arms=part)).effect(name)
        assert effect == pytest.approx(WORST[name], abs=1e-3)
    np.testing.assert_array_equal(null.arms.death, plan.arms.death)
    np.testing.assert_array_equal(null.arms.failure[0], plan.arms.failure[0])
    _, error = shares(name, null, 2000)
    assert error == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 2000))


def test_failures_come_later_where_deaths_alone_pass_the_margin():
    """Who lives longer has more failures, so that a small margin needs a smaller hazard."""
    name, arms = "incidence_difference", pool()
    plan = replace(plan_of(name, arms), settings=Settings(worst=0.01))
    null = under_null(plan, "at_margin").arms
    assert (null.failure[1] >= null.failure[0]).mean() > 0.9
    for part in null.apart():
        effect = Assumed(replace(plan, arms=part)).effect(name)
        assert effect == pytest.approx(0.01, abs=1e-3)


@pytest.mark.parametrize("worst", [0.1, -0.1])
@pytest.mark.parametrize("name", BINARY_WITH_MARGIN)
def test_proportions_against_a_margin(name, worst):
    arms = StatedArm(proportion=0.3), StatedArm(proportion=0.3)
    plan = TrialPlan(
        design=TrialDesign(patients=300), arms=arms, binary=True,
        analyses=(AGAINST_MARGIN[name],), settings=Settings(worst=worst),
    )  # fmt: skip
    null = under_null(plan, "at_margin")
    assert null.arms[1].proportion == pytest.approx(0.3 + worst)
    _, error = shares(name, null, 20_000)
    assert error == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 20_000))
    _, power = shares(name, plan, 20_000)
    drift = 0.1 / np.sqrt(2.0 * 0.3 * 0.7 / 150.0)
    assert power == pytest.approx(stats.norm.cdf(drift - 1.96), abs=0.03)


def test_a_published_trial_of_proportions_has_its_p_value():
    counts = (np.array([n]) for n in (115, 166, 128, 176))  # SCORAD
    (name,) = [n for n, test in BINARY_WITH_MARGIN.items() if test == "farrington-manning"]
    found = analyse_binary(*counts, (AGAINST_MARGIN[name],), worst=-0.11)[AGAINST_MARGIN[name]]
    assert found.p_value[0] / 2.0 == pytest.approx(0.061952515, abs=1e-8)
    verdict = non_inferiority_test(115, 166, 128, 176, -0.11)
    assert found.z[0] == pytest.approx(float(verdict.z))


def test_the_score_at_a_ratio_is_that_of_coxs_likelihood():
    rng = np.random.default_rng(3)
    time, cause, arm = rng.exponential(10.0, 60), rng.integers(0, 3, 60), rng.integers(0, 2, 60)
    table = risk_table(time, cause, arm)
    best = float(np.exp(cox_ratio(table).log_ratio))
    score, variance = logrank_score(table, ratio=best)
    assert score == pytest.approx(0.0, abs=1e-6)
    assert variance == pytest.approx(float(cox_ratio(table).standard_error) ** -2, rel=1e-6)
    score, variance = logrank_score(table, ratio=1.0)
    assert float(score / np.sqrt(variance)) == pytest.approx(float(logrank(table).z))


def test_looks_of_a_margin_keep_its_error():
    name = "incidence_difference"
    null = under_null(plan_of(name), "at_margin")
    found = run_sequential(
        null, boundaries([0.6, 1.0], kind="pocock"), analysis=AGAINST_MARGIN[name],
        planned_events=100, trials=4000, seed=3,
    )  # fmt: skip
    assert found.power.value == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 4000))


NI = """
name = "not worse"
seed = 3

[trial]
trials = 400
patients = 400
control = { failure_hazard = 0.01, median_survival = 24.0 }
experimental = { failure_hazard = 0.01, median_survival = 30.0 }
primary = "cox"
margin = 1.8
analyses = ["cox", "logrank", "gray"]
design = { accrual = { kind = "uniform", months = 12 }, minimum_follow_up = 24 }
"""


def written(tmp_path, text):
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_with_a_margin_is_asked_for_non_inferiority(tmp_path):
    source = load_trial(written(tmp_path, NI))
    result = run_scenario_of(source.trial, source)
    assert result.primary.analysis == "cox_against_margin"
    assert result.primary.rejected == result.primary.favorable
    assert result.size.reached
    (row,) = result.formulas.sizes
    events = 4.0 * (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 / np.log(1.8) ** 2
    assert row.events == pytest.approx(events, rel=1e-4)
    assert result.size.lower <= row.patients <= 1.1 * result.size.upper
    cells = cells_of("trial_characteristics.csv", {"trial": result})
    true = {(c["truth"], c["analysis"]): c["null_is_true"] for c in cells}
    assert true["at_margin", "cox_against_margin"] == "yes"
    assert true["at_margin", "cox"] == true["no_difference", "cox_against_margin"] == "no"
    assert all(c["better"] == "" for c in cells if c["analysis"] == "cox_against_margin")
    said = assumptions_text({"trial": result}, source)
    assert "not worse than the control arm by a cause-specific hazard ratio of 1.8" in said
    assert "one-sided significance level of 0.025" in said
    assert "to be not worse by the margin" in summary_text({"trial": result})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("margin = 1.8", "margin = 1.8\nplanned_hazard_ratio = 0.5", "planned_hazard_ratio: has"),
        ("margin = 1.8", "margin = 0.8", "margin: must be above 1, for the cause-specific"),
        ('"cox"\nmargin = 1.8', '"gray"\nmargin = 0.1', "gray has no effect that a margin is on"),
        ('"cox"\nmargin = 1.8\nanalyses = ["cox", "logrank", "gray"]',
         '"incidence_difference"\nmargin = -0.1', "must lie between 0 and 1, for the difference"),
        ('"cox"\nmargin = 1.8\nanalyses = ["cox", "logrank", "gray"]',
         '"restricted_mean_difference"\nmargin = 30', "must lie between 0 and 24"),
        ('"cox"\nmargin = 1.8\nanalyses = ["cox", "logrank", "gray"]',
         '"restricted_mean_difference"\nmargin = 23', "margin: no hazard of the event puts"),
        ('"gray"]', '"cox_against_margin"]', "name the analysis as primary, and give a margin"),
        ("margin = 1.8", "margin = 1e6", "it is 0.001 and 1e+03, got 1e+06"),
        ("margin = 1.8", "margin = 1.8\nplanned_hazard_ratio = 0.7", "formulas are of the margin"),
    ],
)  # fmt: skip
def test_a_margin_that_means_nothing_ends_with_one_line(tmp_path, capsys, old, new, message):
    assert old in NI
    ended = radsim(capsys, "check", written(tmp_path, NI.replace(old, new)))
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert message in ended.errors[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("margin = 0.1", "say by higher_is_better on which side"),
        ("margin = 0.1\nhigher_is_better = true\nprimary = 'fisher'", "fisher has no effect"),
        ("margin = 0.3\nhigher_is_better = true", "a control arm of 0.2 leaves no room for -0.3"),
    ],
)
def test_a_margin_of_proportions_that_means_nothing_is_refused(tmp_path, capsys, line, message):
    text = (
        'name = "b"\nseed = 1\n[trial]\ntrials = 50\npatients = 40\nbinary = true\n'
        f"control = {{ proportion = 0.2 }}\nexperimental = {{ proportion = 0.2 }}\n{line}\n"
    )
    ended = radsim(capsys, "check", written(tmp_path, text))
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert message in ended.errors[0]


# ---- analyses within strata: the margin is on the ratio there


@pytest.mark.parametrize("analysis", ["logrank_stratified", "cox_stratified", "cox_adjusted"])
def test_the_null_of_an_analysis_within_strata_lies_at_the_margin_there(analysis):
    """The ratio over all patients is nearer to 1 than the one of hazards within strata."""
    strata = (Stratum(share=1.0), Stratum(share=1.0, hazard_ratio=5.0))
    design = replace(DESIGN, strata=strata)
    name = AGAINST_MARGIN[analysis]
    plan = TrialPlan(
        design=design, arms=ARMS, analyses=(name,), settings=Settings(worst=float(np.log(1.4))),
    )  # fmt: skip
    null = under_null(plan, "at_margin")
    assert null.arms[1].failure.factor == pytest.approx(1.4, rel=1e-6)
    over_all = Assumed(null).effect("cox")
    assert over_all < np.log(1.4) - 0.02


def test_the_ratio_within_levels_of_simulated_patients_is_that_of_stratified_regression():
    rng = np.random.default_rng(8)
    level = rng.integers(0, 2, 400)
    hazard = np.where(level == 1, 0.15, 0.02)
    failure = rng.exponential(1.0 / (hazard * np.array([[1.0], [0.6]])))
    pool = PatientPool(
        failure, rng.exponential(40.0, (2, 400)), {}, labels=("a", "b"),
        factors={"grade": level},
    )  # fmt: skip
    design = TrialDesign(
        patients=200, minimum_follow_up=24.0, minimization=Minimization(factors={"grade": Factor()})
    )
    plan = TrialPlan(design=design, arms=pool, analyses=("cox_stratified",))
    first = np.minimum(np.minimum(pool.failure, pool.death), 24.0)
    cause = np.where(first == 24.0, 0, np.where(pool.failure <= pool.death, 1, 2))
    arm, stratum = np.repeat([0, 1], 400), np.tile(level, 2)
    table = risk_table(first.ravel(), cause.ravel(), arm, stratum=stratum)
    wanted = float(np.log(cox_ratio(table, stratified=True).ratio))
    assert Assumed(plan).effect("cox_stratified") == pytest.approx(wanted, abs=1e-6)
    assert abs(Assumed(plan).effect("cox") - wanted) > 0.02
