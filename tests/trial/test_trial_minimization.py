"""Minimization: patients go where the arms become most alike, and tests keep their level.

Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 choices of the
seed, one of 3 once in 370.
"""

from dataclasses import replace

import numpy as np
import pytest
from command_line import radsim

from radsim.randomness.streams import Streams
from radsim.trial import (
    PatientPool,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    draw_trials,
    run_trials,
)
from radsim.trial.conduct.draw import draw_enrolment
from radsim.trial.conduct.minimize import minimized
from radsim.trial.conduct.run import run_comparisons
from radsim.trial.protocol.minimization import Factor, Minimization
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.characteristics import mc_error, rejections
from radsim.trial.questions.dunnett import joint_of, level_of

ALIKE = StatedArm(failure_hazard=0.03, death_hazard=0.03)
FACTORS = {
    "grade": Factor(shares=(1, 1), hazard_ratios=(1, 2.5)),
    "site": Factor(shares=(2, 1, 1)),
}
DESIGN = TrialDesign(
    patients=240, accrual=UniformAccrual(months=12.0), minimum_follow_up=18.0,
    minimization=Minimization(factors=FACTORS),
)  # fmt: skip
ANALYSES = ("logrank", "logrank_stratified")
FILE = """
name = "minimized"
seed = 3

[trial]
trials = 20
patients = 60
control = { failure_hazard = 0.03 }
experimental = { failure_hazard = 0.02 }
find_size = false

[trial.design]
minimum_follow_up = 18.0

[trial.design.minimization.factors]
grade = { shares = [0.5, 0.5], hazard_ratios = [1.0, 2.0] }
site = { shares = [0.5, 0.3, 0.2] }
"""


def one_by_one(levels, arms, probability, luck):
    """Arms of one trial as Pocock and Simon say, patient after patient."""
    arm = []
    for patient in range(levels.shape[1]):
        sums = []
        for candidate in range(arms):
            total = 0
            for factor in levels:
                alike = [a for a, level in zip(arm, factor, strict=False)
                         if level == factor[patient]]  # fmt: skip
                counts = [alike.count(a) + (a == candidate) for a in range(arms)]
                total += max(counts) - min(counts)
            sums.append(total)
        best = [a for a in range(arms) if sums[a] == min(sums)]
        chosen = best[int(luck[1, patient] * len(best))]
        if len(best) < arms and luck[0, patient] >= probability:
            rest = (luck[0, patient] - probability) / (1.0 - probability)
            chosen = (chosen + 1 + int(rest * (arms - 1))) % arms
        arm.append(chosen)
    return arm


@pytest.mark.parametrize("arms", [2, 3])
@pytest.mark.parametrize("probability", [0.7, 1.0])
def test_each_patient_goes_where_the_definition_says(arms, probability):
    rng = np.random.default_rng(arms)
    levels = rng.integers(0, 3, (2, 5, 40))
    luck = rng.random((2, 5, 40))
    arm = minimized(levels, arms, probability, luck)
    for trial in range(5):
        expected = one_by_one(levels[:, trial], arms, probability, luck[:, trial])
        assert arm[trial].tolist() == expected


@pytest.mark.parametrize("arms", [2, 3])
def test_arms_become_alike_in_every_factor(arms):
    """More so than chance makes them, and more so the surer the choice."""
    spread = {}
    for probability in (1.0 / arms, 0.8, 1.0):
        design = replace(
            DESIGN, allocation=(1,) * arms,
            minimization=Minimization(factors=FACTORS, probability=probability),
        )  # fmt: skip
        enrolled = draw_enrolment(design, (ALIKE,) * arms, range(100), Streams(1))
        site = enrolled.stratum % 3  # the last factor runs first
        counts = [[((enrolled.arm == a) & (site == s)).sum(axis=1) for s in range(3)]
                  for a in range(arms)]  # fmt: skip
        spread[probability] = np.ptp(counts, axis=0).mean()
    least, usual, most = spread[1.0], spread[0.8], spread[1.0 / arms]
    assert least < usual < 1.5 and most > 4.0


def test_a_larger_trial_holds_the_smaller_one():
    small = draw_trials(replace(DESIGN, patients=60), (ALIKE, ALIKE), range(5), Streams(2))
    large = draw_trials(DESIGN, (ALIKE, ALIKE), range(5), Streams(2))
    np.testing.assert_array_equal(small.arm, large.arm[:, :60])


def test_combinations_of_levels_are_the_strata():
    enrolled = draw_enrolment(DESIGN, (ALIKE, ALIKE), range(400), Streams(1))
    shares = [(enrolled.stratum == number).mean() for number in range(6)]
    assert DESIGN.mixture[3] == pytest.approx((0.25, 2.5))
    expected = [share for share, _ in DESIGN.mixture]
    assert shares == pytest.approx(expected, abs=4.0 * mc_error(0.25, 96_000))
    hazards = Assumed(TrialPlan(design=DESIGN, arms=(ALIKE, ALIKE))).courses[0]
    half = 0.5 * (np.exp(-0.03 * 10.0) + np.exp(-2.5 * 0.03 * 10.0))
    assert float(hazards.free(np.array(10.0))) == pytest.approx(half * np.exp(-0.3), rel=1e-9)


def errors(arms, trials, seed=5):
    """Familywise error of each analysis where all arms are the control arm."""
    design = replace(DESIGN, allocation=(1,) * arms)
    plan = TrialPlan(design=design, arms=(ALIKE,) * arms, analyses=ANALYSES)
    shown = run_comparisons(plan, plan.comparisons, trials, seed=seed)
    levels = {name: level_of(shown, name, 0.05) for name in ANALYSES}
    return {n: joint_of(n, levels[n], shown, shown).type_one.value for n in ANALYSES}


@pytest.mark.parametrize("arms", [2, 3])
def test_the_test_within_levels_keeps_its_level_and_the_other_is_on_the_safe_side(arms):
    """Arms alike in what decides the hazard differ less than the plain test expects."""
    error = errors(arms, 2000)
    assert error["logrank_stratified"] == pytest.approx(0.05, abs=4.0 * mc_error(0.05, 2000))
    assert error["logrank"] < error["logrank_stratified"]


@pytest.mark.slow
@pytest.mark.parametrize("arms", [2, 3])
def test_minimized_trials_keep_their_level_in_many_trials(arms):
    error = errors(arms, 40_000)
    assert error["logrank_stratified"] == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))
    assert error["logrank"] < 0.05 - 3.0 * mc_error(0.05, 40_000)


@pytest.mark.slow
def test_where_factors_decide_nothing_the_plain_test_keeps_its_level():
    factors = {name: Factor(shares=factor.shares) for name, factor in FACTORS.items()}
    plan = TrialPlan(
        design=replace(DESIGN, minimization=Minimization(factors=factors)), arms=(ALIKE, ALIKE),
        analyses=("logrank", "gray"),
    )  # fmt: skip
    for outcome in run_trials(plan, 40_000, seed=5).outcomes.values():
        rejected = rejections(outcome, 0.05).mean()
        assert rejected == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))


def test_simulated_patients_bring_their_own_levels():
    rng = np.random.default_rng(1)
    grade = rng.integers(0, 3, 900)
    times = np.tile(rng.exponential(40.0, 900), (2, 1))
    pool = PatientPool(times, times + 1.0, {}, factors={"grade": grade})
    minimization = Minimization(factors={"grade": Factor()}, probability=1.0)
    design = replace(DESIGN, minimization=minimization)
    enrolled = draw_enrolment(design, pool, range(20), Streams(1))
    for level in range(3):
        mine = enrolled.stratum == level
        gap = (mine & (enrolled.arm == 1)).sum(axis=1) - (mine & (enrolled.arm == 0)).sum(axis=1)
        assert (np.abs(gap) <= 1).all()
    for factors, message in (
        ({"grade": Factor(shares=(1, 1))}, "grade.shares: has no effect here"),
        ({"site": Factor()}, "site: the simulated patients have no such factor"),
    ):
        with pytest.raises(ValueError, match=message):
            TrialPlan(design=replace(design, minimization=Minimization(factors=factors)), arms=pool)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("grade = { shares = [0.5, 0.5], hazard_ratios = [1.0, 2.0] }\n"
         "site = { shares = [0.5, 0.3, 0.2] }\n", "", "factors must name what the arms"),
        ("shares = [0.5, 0.5], hazard_ratios = [1.0, 2.0]", "", "grade: give the shares"),
        ("hazard_ratios = [1.0, 2.0]", "hazard_ratios = [1.0]", "one for each of 2 levels"),
        ("shares = [0.5, 0.3, 0.2]", "shares = [1.0]", "shares must be those of two levels"),
        ("minimum_follow_up", "block = 4\nminimum_follow_up", "block: has no effect here"),
        ("minimum_follow_up", "strata = [{ share = 1 }, { share = 1 }]\nminimum_follow_up",
         "strata: has no effect here"),
        ("minimum_follow_up", "allocation = [1, 2]\nminimum_follow_up", "allocation must be equal"),
        ("[trial.design.minimization.factors]",
         "[trial.design.minimization]\nprobability = 0.0\n[trial.design.minimization.factors]",
         "probability must be above 0"),
        ("[trial.design.minimization.factors]",
         "[trial.design.minimization]\nprobability = 0.3\n[trial.design.minimization.factors]",
         "probability must be at least 0.5"),
    ],
)  # fmt: skip
def test_mistakes_in_minimization_are_named_in_one_line(tmp_path, capsys, old, new, message):
    assert old in FILE
    path = tmp_path / "file.toml"
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    for command in (("check", path), ("trial", path, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        assert ended.code == 2
        said = [line.replace(": must", " must") for line in ended.errors]
        assert len(said) == 1 and message in said[0], said


def test_the_plan_says_how_patients_are_put_into_arms(tmp_path, capsys):
    path = tmp_path / "file.toml"
    path.write_text(FILE, encoding="utf-8")
    said = radsim(capsys, "check", path).output
    assert "by minimization of grade and site: the arm that leaves the arms most alike" in said
    assert "The levels of grade hold 50 % and 50 % of patients, with 1 and 2 times" in said
