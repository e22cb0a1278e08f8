"""Several arms against control: Dunnett's limit, the level of the trial, and what is told of it.

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
from radsim.randomness.streams import Streams
from radsim.report.text.trial import assumptions_text, summary_text
from radsim.report.text.trial_plan import describe_trial
from radsim.simulation.virtual_trial import run_trial
from radsim.trial import (
    PatientPool,
    Settings,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    draw_trials,
    run_trials,
    sample_size,
    under_null,
)
from radsim.trial.conduct.kept import keeping
from radsim.trial.conduct.run import run_comparisons
from radsim.trial.protocol.comparison import Comparison
from radsim.trial.questions.assumed import Assumed, alone
from radsim.trial.questions.characteristics import mc_error, rejections
from radsim.trial.questions.dunnett import joint_of, level_of, limit_of, probability_within

TIMES = {"minimum_follow_up": 18.0, "accrual": UniformAccrual(months=12.0)}
ALIKE = StatedArm(failure_hazard=0.03, death_hazard=0.03)
BETTER = StatedArm(failure_hazard=0.015, death_hazard=0.03)
NORMAL = ("logrank", "gray", "cox", "fine_gray", "incidence_difference")
THREE = TrialPlan(
    design=TrialDesign(patients=300, allocation=(1, 1, 1), **TIMES),
    arms=(ALIKE, ALIKE, ALIKE),
    analyses=NORMAL,
)
FOUR = TrialPlan(
    design=TrialDesign(patients=360, allocation=(2, 1, 1, 1), **TIMES),
    arms=(ALIKE,) * 4,
    analyses=("logrank",),
)
FILE = """
name = "three"
seed = 3

[trial]
trials = 120
patients = 90
control = { failure_hazard = 0.06, death_hazard = 0.02 }
experimental = [
  { failure_hazard = 0.02, death_hazard = 0.02, label = "high" },
  { failure_hazard = 0.03, death_hazard = 0.02, label = "middle dose" },
]
analyses = ["logrank", "incidence_difference"]
landmark = 12.0
most_patients = 400

[trial.design]
minimum_follow_up = 18.0
"""


def familywise(plan, trials, seed=5):
    """Share of trials under the null that reject in any comparison, by analysis."""
    shown = run_comparisons(plan, plan.comparisons, trials, seed=seed)
    errors = {}
    for name in plan.analyses:
        level = level_of(shown, name, plan.alpha)
        errors[name] = joint_of(name, level, shown, shown).type_one.value
    return errors


@pytest.mark.parametrize(
    ("arms", "correlation", "limit"),
    # Dunnett (1964), Biometrics 20, 482: two-sided 5 % limits for infinite degrees of freedom
    [(2, 0.5, 2.21), (3, 0.5, 2.35), (4, 0.5, 2.44), (5, 0.5, 2.51), (9, 0.5, 2.69)],
)
def test_limits_are_dunnetts(arms, correlation, limit):
    matrix = np.full((arms, arms), correlation) + (1.0 - correlation) * np.eye(arms)
    assert limit_of(matrix, 0.05) == pytest.approx(limit, abs=0.006)


@pytest.mark.parametrize("loads", [(0.3, 0.8), (0.5, 0.7, 0.9), (0.2, 0.4, 0.6, 0.8)])
@pytest.mark.parametrize(("lower", "upper"), [(-2.1, 2.1), (-np.inf, 1.7), (-0.5, 3.0)])
def test_the_probability_is_that_of_one_shared_factor(loads, lower, upper):
    """With correlations a_i a_j the statistics are independent given a factor that they share."""
    a = np.array(loads)
    matrix = np.outer(a, a) + np.diag(1.0 - a**2)
    x, weight = np.polynomial.hermite_e.hermegauss(120)
    spread = np.sqrt(1.0 - a**2)
    each = [stats.norm.cdf((end - a * x[:, None]) / spread) for end in (upper, lower)]
    exact = (np.prod(each[0] - each[1], axis=1) * weight).sum() / np.sqrt(2.0 * np.pi)
    assert probability_within(lower, upper, matrix) == pytest.approx(exact, abs=2e-5)


def test_the_correlation_is_that_of_a_shared_control_arm():
    shown = run_comparisons(FOUR, FOUR.comparisons, 4000, seed=2)
    level = level_of(shown, "logrank", 0.05)
    # arms half as large as control share 1 / (1 + 2) of their variance
    apart = level.correlation[np.triu_indices(3, 1)]
    assert apart == pytest.approx(1.0 / 3.0, abs=4.0 / np.sqrt(4000))
    assert level.each == pytest.approx(2.0 * stats.norm.sf(level.limit))
    assert 0.05 / 3.0 < level.each < 0.05


@pytest.mark.parametrize("plan", [THREE, FOUR], ids=["three arms", "four arms, 2:1:1:1"])
def test_the_trial_keeps_its_level(plan):
    for error in familywise(plan, 3000).values():
        assert error == pytest.approx(0.05, abs=4.0 * mc_error(0.05, 3000))


@pytest.mark.slow
@pytest.mark.parametrize("plan", [THREE, FOUR], ids=["three arms", "four arms, 2:1:1:1"])
def test_the_trial_keeps_its_level_in_many_trials(plan):
    for error in familywise(plan, 40_000).values():
        assert error == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))


def test_without_the_limit_several_comparisons_reject_too_often():
    shown = run_comparisons(THREE, THREE.comparisons, 3000, seed=5)
    any_of_them = np.logical_or(*(rejections(s.outcomes["logrank"], 0.05) for s in shown))
    assert any_of_them.mean() > 0.05 + 6.0 * mc_error(0.05, 3000)


def test_tests_against_a_margin_keep_half_of_the_level():
    plan = replace(
        THREE,
        analyses=("cox_against_margin",),
        arms=(ALIKE, BETTER, StatedArm(failure_hazard=0.02, death_hazard=0.01)),
        settings=Settings(worst=float(np.log(1.5))),
    )
    null = under_null(plan, "at_margin")
    for comparison in null.comparisons:
        effect = Assumed(alone(replace(null, comparison=comparison))).effect("cox")
        assert effect == pytest.approx(np.log(1.5), abs=1e-6)
    assert null.arms[2].death.cumulative(10.0) == pytest.approx(0.1)
    error = familywise(null, 3000)["cox_against_margin"]
    assert error == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 3000))


def test_a_comparison_is_that_of_its_two_arms():
    """Taking an arm out of the table changes nothing for those that are left."""
    plan = replace(THREE, arms=(ALIKE, BETTER, ALIKE), analyses=("logrank",))
    first, second = run_comparisons(plan, plan.comparisons, 30, seed=4)
    seen = draw_trials(plan.design, plan.arms, range(30), Streams(4))
    for number, shown in ((1, first), (2, second)):
        for trial in range(30):
            mine = np.isin(seen.arm[trial], (0, number))
            time, cause = seen.time[trial, mine], seen.cause[trial, mine]
            arm = (seen.arm[trial, mine] == number).astype(int)
            events = [int(((cause == 1) & (arm == a)).sum()) for a in (0, 1)]
            assert shown.counts["events"][trial].tolist() == events
            deaths = [int(((cause == 2) & (arm == a)).sum()) for a in (0, 1)]
            assert shown.counts["deaths"][trial].tolist() == deaths
            assert len(time) == shown.counts["randomized"][trial].sum()
    np.testing.assert_array_equal(
        run_trials(replace(plan, comparison=Comparison(2)), 30, seed=4).outcomes["logrank"].z,
        second.outcomes["logrank"].z,
    )


def test_blocks_hold_every_arm_as_often_as_the_allocation_says():
    design = replace(FOUR.design, patients=400)
    arm = draw_trials(design, FOUR.arms, range(50), Streams(1)).arm
    assert design.blocks == 10
    for number, wanted in enumerate((4, 2, 2, 2)):
        counted = (arm.reshape(50, 40, 10) == number).sum(axis=-1)
        assert (counted == wanted).all()
    loose = replace(design, block=0)
    shares = [(draw_trials(loose, FOUR.arms, range(200), Streams(1)).arm == a).mean() for a in
              range(4)]  # fmt: skip
    assert shares == pytest.approx([0.4, 0.2, 0.2, 0.2], abs=4.0 * mc_error(0.4, 80_000))


def test_blocks_of_trials_and_workers_change_nothing():
    plan = replace(THREE, arms=(ALIKE, BETTER, ALIKE), analyses=("logrank",))
    whole = run_comparisons(plan, plan.comparisons, 40, seed=4)
    parts = run_comparisons(plan, plan.comparisons, 40, seed=4, workers=2, block=7)
    for first, second in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(first.outcomes["logrank"].z, second.outcomes["logrank"].z)


class Kept(dict):
    """Arrays of blocks in memory."""

    find = dict.get
    keep = dict.__setitem__


def test_kept_blocks_hold_every_comparison():
    plan = replace(THREE, arms=(ALIKE, BETTER, ALIKE), analyses=("logrank",))
    store = Kept()
    with keeping(store):
        first = run_comparisons(plan, plan.comparisons, 300, seed=4)
        blocks = len(store)
        again = run_comparisons(plan, plan.comparisons, 300, seed=4)
        assert len(store) == blocks == 2
        run_comparisons(plan, plan.comparisons[:1], 300, seed=4)
        assert len(store) == 2 * blocks  # other comparisons are other blocks
    for made, read in zip(first, again, strict=True):
        np.testing.assert_array_equal(made.outcomes["logrank"].z, read.outcomes["logrank"].z)
        np.testing.assert_array_equal(made.counts["events"], read.counts["events"])


def test_an_event_target_counts_the_events_of_all_arms():
    design = TrialDesign(
        patients=300, allocation=(1, 1, 1), accrual=UniformAccrual(months=12.0), event_target=60,
        latest=60.0,
    )  # fmt: skip
    plan = replace(THREE, design=design, arms=(ALIKE, BETTER, ALIKE), analyses=("logrank",))
    first, second = run_comparisons(plan, plan.comparisons, 400, seed=4)
    control, experimental = first.counts["events"].T
    assert (control + experimental + second.counts["events"][:, 1] == 60).all()
    pair = alone(plan)
    assert pair.design.event_target == pytest.approx((control + experimental).mean(), abs=1.0)
    assert Assumed(pair).end == pytest.approx(first.duration.mean(), abs=0.3)


def test_any_and_all_comparisons_ask_for_different_sizes():
    plan = replace(THREE, arms=(ALIKE, BETTER, BETTER), analyses=("logrank",))
    options = {"analysis": "logrank", "trials": 400, "seed": 1}
    any_of_them = sample_size(plan, success="any", **options)
    all_of_them = sample_size(plan, success="all", **options)
    single = sample_size(
        TrialPlan(
            design=TrialDesign(patients=200, **TIMES), arms=(ALIKE, BETTER), analyses=("logrank",)
        ),
        **options,
    )
    assert any_of_them.reached and all_of_them.reached
    assert any_of_them.patients < all_of_them.patients
    assert 1.5 * single.patients < all_of_them.patients  # three arms, and a stricter level


def test_proportions_of_three_arms_keep_their_level():
    arm = StatedArm(proportion=0.4)
    plan = TrialPlan(
        design=TrialDesign(patients=900, allocation=(1, 1, 1)), arms=(arm,) * 3, binary=True,
        analyses=("pearson", "fisher"),
    )  # fmt: skip
    errors = familywise(plan, 3000)
    assert errors["pearson"] == pytest.approx(0.05, abs=4.0 * mc_error(0.05, 3000))
    assert errors["fisher"] < errors["pearson"]  # which lists outcomes, and errs on the safe side


def test_simulated_patients_have_as_many_arms():
    rng = np.random.default_rng(1)
    failure, death = rng.exponential(40.0, (3, 2000)), np.tile(rng.exponential(40.0, 2000), (3, 1))
    failure[2] *= 3.0
    pool = PatientPool(failure, death, {"harm": failure[::-1]}, labels=("a", "b", "c"), pools=4)
    plan = TrialPlan(
        design=TrialDesign(patients=240, allocation=(1, 1, 1), **TIMES), arms=pool,
        analyses=("logrank",),
    )  # fmt: skip
    first, second = run_comparisons(plan, plan.comparisons, 400, seed=3)
    assert rejections(second.outcomes["logrank"], 0.05).mean() > 0.8
    assert rejections(first.outcomes["logrank"], 0.05).mean() < 0.2
    null = under_null(plan, "no_difference")
    assert (null.arms.failure == pool.failure[0]).all()
    assert alone(replace(plan, comparison=Comparison(2))).arms.labels == ("a", "c")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("arms") / "three.toml"
    path.write_text(FILE, encoding="utf-8")
    return load_trial(path)


@pytest.fixture(scope="module")
def results(source):
    return run_trial(source)


def test_each_comparison_is_told_with_its_level(results):
    assert list(results) == ["trial-high", "trial-2"]  # a label that is no name is a number
    text = summary_text(results)
    joint = results["trial-high"].joint[0]
    assert f"two-sided alpha 0.05 over 2 comparisons, {joint.level.each:.4f} each" in text
    assert "middle dose against control" in text and "high against control" in text
    assert text.count("patients in all reach") == 1  # one size, of the trial
    assert "by simulation in any of the comparisons" in text
    power = results["trial-high"].primary.rejected.value
    assert joint.all.value <= power <= joint.any.value
    assert results["trial-2"].asked == joint.any


def test_tables_hold_what_the_comparisons_show_together(results):
    rows = cells_of("trial_joint.csv", results)
    assert [(row["scenario"], row["analysis"], row["comparisons"]) for row in rows] == [
        ("trial-high", "logrank", 2), ("trial-high", "incidence_difference", 2),
    ]  # fmt: skip
    for row in rows:
        assert row["correlation"] == pytest.approx(0.5, abs=0.3)
        assert row["any"] >= row["all"]
    design = {row["scenario"]: [] for row in cells_of("trial_design.csv", results)}
    for row in cells_of("trial_design.csv", results):
        design[row["scenario"]].append((row["key"], row["value"]))
    assert ("experimental", "middle dose") in design["trial-2"]
    assert ("design.allocation", "1; 1; 1") in design["trial-high"]


def test_formulas_give_the_patients_of_all_arms(results):
    rows = [row for row in results["trial-high"].formulas.sizes if row.patients]
    level = results["trial-high"].joint[0].level.each
    for row in rows:
        assert row.patients % 3 == 0
        assert f"each comparison at {level:.4g}" in row.takes
    # Schoenfeld by hand: 4 (z + z)^2 / log(ratio)^2 events in the two arms that are compared
    z = stats.norm.isf(level / 2.0) + stats.norm.isf(0.2)
    assert rows[0].events == pytest.approx(4.0 * z**2 / np.log(3.0) ** 2, rel=1e-6)


def test_the_plan_says_what_is_compared(source, results):
    text = describe_trial(source)
    assert "randomized 1:1:1 (control:experimental:experimental) in permuted blocks of 6" in text
    assert "the second experimental arm (middle dose)" in text.lower()
    assert "(Dunnett); the trial succeeds if any of the comparisons rejects" in text
    pasted = assumptions_text(results, source)
    assert pasted.count("90 patients are randomized") == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("design]", "design]\nallocation = [1, 2]", "design.allocation: must have a number for"),
        ("design]", "looks]\ninformation = [0.5, 1.0]\n[trial.design]", "looks: is for two arms"),
        ("analyses", 'success = "most"\nanalyses', "success"),
        (
            "failure_hazard = 0.03, d",
            "failure_hasard = 0.03, d",
            "experimental[1].failure_hasard: unknown key; did you mean 'failure_hazard'?",
        ),
        ('label = "middle dose"', 'label = "high"', "arm is called 'high' too"),
        ("death_hazard = 0.02, label", "proportion = 0.2, label", "experimental[0].proportion"),
        (
            "[trial.design]",
            '[trial.uncertainty]\n"both.failure_hazard" = { kind = "uniform", lower = 0.01, '
            "upper = 0.02 }\n[trial.design]",
            "uncertainty: is for two arms",
        ),
        (
            '  { failure_hazard = 0.03, death_hazard = 0.02, label = "middle dose" },\n]',
            ']\nsuccess = "all"',
            "success: has no effect here: there is one comparison",
        ),
    ],
)
def test_mistakes_in_several_arms_are_named_in_one_line(tmp_path, capsys, old, new, message):
    assert old in FILE
    path = tmp_path / "file.toml"
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    for command in (("check", path), ("trial", path, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        assert ended.code == 2
        assert len(ended.errors) == 1 and message in ended.errors[0], ended.errors
