"""Laws of stated arms: pieces, shares that are spared, and what trials of them show.

Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 choices of the
seed.
"""

from dataclasses import replace

import numpy as np
import pytest
from examples import TRIALS

from radsim.experiment.trial_file import load_trial
from radsim.randomness.distributions.continuous import Normal
from radsim.randomness.streams import Streams
from radsim.trial import (
    Pieces,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UncertainArms,
    UniformAccrual,
    draw_trials,
    run_trials,
)
from radsim.trial.conduct.uncertainty import draw_arms, drawn_pairs
from radsim.trial.protocol.laws import SparedLaw, WeibullLaw, constant_ratio, same_law
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.nulls import differs_in_death, under_null

LATE = Pieces(until=(6.0, 18.0), hazards=(0.03, 0.01, 0.05))
LAWS = (
    WeibullLaw(1.0, 0.02), WeibullLaw(0.6, 0.1), LATE, Pieces(until=(), hazards=(0.02,)),
    Pieces(until=(6.0, 12.0), hazards=(0.0, 0.1, 0.02)), SparedLaw(0.3, LATE),
    SparedLaw(0.3, WeibullLaw(2.0, 0.01)),
)  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_time_of_a_level_is_where_the_cumulative_hazard_has_it(law):
    level = np.array([0.001, 0.05, 0.18, 0.3, 0.31])
    times = law.time_of(level)
    assert (np.diff(times) > 0.0).all()
    assert law.cumulative(times) == pytest.approx(level, rel=1e-12)


def test_pieces_without_a_hazard_have_no_events():
    law = Pieces(until=(6.0, 12.0), hazards=(0.05, 0.0, 0.0))
    assert law.cumulative(np.array([6.0, 9.0, 100.0])).tolist() == pytest.approx([0.3] * 3)
    assert np.isinf(law.time_of(np.array([0.31, 5.0]))).all()


def test_one_piece_is_the_constant_hazard():
    design = TrialDesign(patients=60, minimum_follow_up=24.0)
    plain = StatedArm(failure_hazard=0.02, death_hazard=0.03)
    pieces = StatedArm(
        failure_pieces=Pieces(until=(5.0,), hazards=(0.02, 0.02)),
        death_pieces=Pieces(until=(), hazards=(0.03,)),
    )
    first, second = (
        draw_trials(design, (arm, arm), range(20), Streams(1)) for arm in (plain, pieces)
    )
    np.testing.assert_allclose(first.time, second.time, rtol=1e-12)
    np.testing.assert_array_equal(first.cause, second.cause)


def test_what_is_stated_of_all_stays_with_a_share_that_is_spared():
    arm = StatedArm(control=0.7, cured=0.5, median_survival=9.0, survivors=0.2)
    assert np.exp(-arm.failure.cumulative(24.0)) == pytest.approx(0.7)
    assert np.exp(-arm.failure.cumulative(1e6)) == pytest.approx(0.5)
    assert np.exp(-arm.death.cumulative(9.0)) == pytest.approx(0.5)
    assert np.exp(-arm.death.cumulative(1e6)) == pytest.approx(0.2)


def test_the_cured_never_fail():
    arm = StatedArm(failure_hazard=0.5, cured=0.3)
    design = TrialDesign(patients=200, minimum_follow_up=200.0)
    shown = run_trials(TrialPlan(design=design, arms=(arm, arm)), 200, seed=1)
    share = shown.counts["events"].sum() / shown.counts["randomized"].sum()
    assert share == pytest.approx(0.7, abs=4.0 * np.sqrt(0.21 / 40_000))


def closed_incidence(failure, death, months):
    """Cumulative incidence where both hazards are constant between common cuts."""
    total, free, last = 0.0, 1.0, 0.0
    for end, h, d in zip((*failure.until, months), failure.hazards, death.hazards, strict=True):
        total += free * h / (h + d) * -np.expm1(-(h + d) * (end - last))
        free *= np.exp(-(h + d) * (end - last))
        last = end
    return total


def test_pieces_have_their_incidence():
    death = Pieces(until=(6.0, 18.0), hazards=(0.02, 0.06, 0.01))
    arm = StatedArm(failure_pieces=LATE, death_pieces=death)
    design = TrialDesign(patients=100, minimum_follow_up=24.0)
    plan = TrialPlan(design=design, arms=(arm, arm), analyses=("logrank",))
    wanted = closed_incidence(LATE, death, 24.0)
    assert float(Assumed(plan).courses[0].incidence(24.0)) == pytest.approx(wanted, abs=1e-6)
    shown = run_trials(plan, 400, seed=2)
    share = shown.counts["events"].sum() / 40_000
    assert share == pytest.approx(wanted, abs=4.0 * np.sqrt(wanted * (1 - wanted) / 40_000))


CROSSING = (
    StatedArm(failure_pieces=Pieces(until=(6.0,), hazards=(0.02, 0.04)), death_hazard=0.02),
    StatedArm(failure_pieces=Pieces(until=(6.0,), hazards=(0.05, 0.01)), death_hazard=0.02),
)


@pytest.mark.parametrize(
    "arms", [CROSSING, (StatedArm(control=0.7, cured=0.6), StatedArm(control=0.8, cured=0.75))]
)
def test_a_ratio_that_is_not_constant_is_that_of_many_patients(arms):
    design = TrialDesign(patients=4000, accrual=UniformAccrual(months=12.0), minimum_follow_up=12.0)
    plan = TrialPlan(design=design, arms=arms, analyses=("cox",))
    assert constant_ratio(arms[0].failure, arms[1].failure) is None
    effects = run_trials(plan, 40, seed=3).outcomes["cox"].effect
    error = effects.std() / np.sqrt(40)
    assert np.log(Assumed(plan).hazard_ratio) == pytest.approx(effects.mean(), abs=4.0 * error)


def test_nulls_of_such_arms_hold():
    plan = TrialPlan(
        design=TrialDesign(patients=200, minimum_follow_up=24.0), arms=CROSSING,
        analyses=("logrank",),
    )  # fmt: skip
    assert not differs_in_death(plan)
    for null in ("no_difference", "equal_hazards"):
        arms = under_null(plan, null).arms
        assert same_law(arms[0].failure, arms[1].failure)
    shown = run_trials(under_null(plan, "no_difference"), 4000, seed=3)
    error = (shown.outcomes["logrank"].p_value <= 0.05).mean()
    assert error == pytest.approx(0.05, abs=4.0 * np.sqrt(0.05 * 0.95 / 4000))


def test_each_trial_of_uncertain_pieces_has_its_own_draw():
    arms = UncertainArms(CROSSING, {"experimental.cured": Normal(mean=0.3, sd=0.05)})
    together = draw_arms(arms, range(6), Streams(1))
    design = TrialDesign(patients=40, minimum_follow_up=24.0)
    seen = draw_trials(design, together, range(6), Streams(1))
    for trial, pair in enumerate(drawn_pairs(arms, range(6), Streams(1))):
        alone = draw_trials(design, pair, range(trial, trial + 1), Streams(1))
        np.testing.assert_array_equal(seen.time[trial], alone.time[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pieces(until=(6.0,), hazards=(0.1,)), "one number for each piece, 2 .* got 1"),
        (lambda: Pieces(until=(6.0, 3.0), hazards=(0.1,) * 3), r"grow from above 0, got \[6.0, 3"),
        (lambda: Pieces(until=(), hazards=(-0.1,)), r"hazards must be 0 or more, got \[-0.1\]"),
        (lambda: StatedArm(control=0.6, cured=0.7), "cured must be below the control .* got 0.7"),
        (lambda: StatedArm(control=0.6, cured=1.0), "cured must lie between 0 and 1, got 1.0"),
        (lambda: StatedArm(control=0.6, median_survival=9, survivors=0.5), "below the survival"),
        (lambda: StatedArm(control=0.6, failure_pieces=LATE), "give one of failure_hazard"),
        (lambda: StatedArm(failure_pieces=LATE, failure_shape=2), "failure_shape must go with"),
    ],
)
def test_impossible_laws_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_shipped_late_effect_has_the_control_it_says():
    (path,) = [path for path in TRIALS if path.stem == "late_effect"]
    for name, section in load_trial(path).trial.variants().items():
        for role, wanted in (("control", 0.75), ("experimental", 0.85)):
            arm = getattr(section, role)
            control = np.exp(-arm.failure.cumulative(24.0))
            assert control == pytest.approx(wanted, abs=1e-3), (name, role)
            assert replace(arm, label="x").failure == arm.failure
