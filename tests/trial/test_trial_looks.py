"""Looks that stop for futility alone, and what conditional and predictive power foresee.

`reference/trial/analyses.R` made the values with rpact. Seeds are fixed; a tolerance of 4 standard
errors would fail by chance once in 16,000 choices of the seed, one of 3 once in 370.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from trial_cases import BENCH, FAILING, FOLDER

from radsim.trial import (
    TrialPlan,
    boundaries,
    conditional_power,
    mc_error,
    predictive_power,
    run_sequential,
    under_null,
)
from radsim.trial.formulas.group_sequential import NEVER

R = json.loads((FOLDER / "analyses.json").read_text())
THIRDS = (1.0 / 3.0, 2.0 / 3.0, 1.0)
PLAN = TrialPlan(design=BENCH, arms=FAILING, analyses=("logrank",))
RULES = ("conditional-power", "conditional-power-of-trend", "predictive-power")


def test_futility_alone_has_the_limits_of_rpact():
    """Its first two efficacy limits, for 1e-12 of error, lie at 7: nothing is spent there."""
    wanted = R["futility_only"]
    found = boundaries(wanted["information"], kind="futility-only", futility="obrien-fleming")
    assert found.efficacy[:2] == (NEVER, NEVER)
    assert found.efficacy[2] == pytest.approx(wanted["efficacy"][2], abs=1e-6)
    assert found.futility[:2] == pytest.approx(wanted["futility"], abs=2e-4)
    assert found.alpha_spent == (0.0, 0.0, 0.025)


def test_conditional_power_is_that_of_rpact():
    wanted = R["conditional_power"]
    columns = zip(wanted["z"], wanted["at_drift"], wanted["at_trend"], strict=True)
    for z, at_drift, at_trend in columns:
        options = {"final": wanted["final"]}
        found = conditional_power(z, 0.5, drift=wanted["drift"], **options)
        assert found == pytest.approx(at_drift, abs=1e-9)
        assert conditional_power(z, 0.5, **options) == pytest.approx(at_trend, abs=1e-9)


@pytest.mark.parametrize("z", [-0.5, 0.3, 1.2, 2.1])
def test_predictive_power_is_the_mean_conditional_power(z):
    """Over the drifts that z speaks for: normal with mean z/sqrt(t) and variance 1/t."""
    t, c = 0.4, 1.96
    drifts = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000, z / np.sqrt(t), t**-0.5)
    mean = np.mean(stats.norm.cdf((z * np.sqrt(t) + drifts * (1.0 - t) - c) / np.sqrt(1.0 - t)))
    assert predictive_power(z, t, final=c) == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("futility", RULES)
@pytest.mark.parametrize("kind", ["futility-only", "obrien-fleming"])
def test_at_a_limit_the_power_foreseen_is_what_was_named(kind, futility):
    limits = boundaries(THIRDS, kind=kind, futility=futility, below=0.15)
    for z, t in zip(limits.futility[:-1], THIRDS, strict=False):
        final = limits.efficacy[-1]
        found = {
            "conditional-power": conditional_power(z, t, final=final, drift=limits.drift),
            "conditional-power-of-trend": conditional_power(z, t, final=final),
            "predictive-power": predictive_power(z, t, final=final),
        }
        assert found[futility] == pytest.approx(0.15, abs=1e-9)
    assert limits.futility[-1] == limits.efficacy[-1]


def test_conditional_power_is_what_trials_do_after_a_look():
    """Of paths of a drifting score that stand near a z at a look."""
    rng, t, drift, c = np.random.default_rng(1), 0.5, 2.8, 1.96
    half = rng.normal(drift * t, np.sqrt(t), 400_000)
    near = np.abs(half / np.sqrt(t) - 1.2) < 0.05
    end = half[near] + rng.normal(drift * (1.0 - t), np.sqrt(1.0 - t), near.sum())
    found = conditional_power(1.2, t, final=c, drift=drift)
    assert np.mean(end >= c) == pytest.approx(found, abs=4.0 * mc_error(found, int(near.sum())))


@pytest.mark.parametrize(
    ("futility", "below"), [("pocock", None), *((rule, 0.2) for rule in RULES)]
)
def test_futility_alone_only_lowers_the_error_and_the_duration(futility, below):
    limits = boundaries((0.5, 1.0), kind="futility-only", futility=futility, below=below)
    null = under_null(PLAN, "no_difference")
    options = {"analysis": "logrank", "planned_events": 50, "trials": 1500, "seed": 8}
    under = run_sequential(null, limits, **options)
    assert under.power.value <= under.fixed_power.value
    assert under.fixed_power.value == pytest.approx(0.025, abs=4.0 * mc_error(0.025, 1500))
    first, last = under.looks
    assert (first.efficacy.value, first.efficacy_limit, last.conditional_power) == (0, NEVER, None)
    assert first.futility.value == under.early_futility.value > 0.3
    assert under.duration < 36.0
    if below is not None:
        shown = {"conditional-power": first.conditional_power}
        shown["predictive-power"] = first.predictive_power
        assert shown.get(futility, below) == pytest.approx(below, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("futility", RULES)
def test_limits_for_futility_do_not_bind_in_many_trials(futility):
    """Whoever goes on all the same has the error of a trial without looks."""
    null = under_null(replace(PLAN), "no_difference")
    limits = boundaries((0.5, 1.0), kind="futility-only", futility=futility, below=0.2)
    under = run_sequential(
        null, limits, analysis="logrank", planned_events=50, trials=40_000, seed=3
    )
    assert under.fixed_power.value == pytest.approx(0.025, abs=3.0 * mc_error(0.025, 40_000))
    assert under.power.value < under.fixed_power.value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "futility-only"}, "futility-only stops for nothing without futility"),
        ({"futility": "conditional-power"}, "below: give the conditional-power under which"),
        ({"futility": "pocock", "below": 0.2}, "below: goes with a futility of conditional-power"),
        ({"below": 0.2}, "below: goes with a futility of"),
        ({"futility": "predictive-power", "below": 1.2}, "below must lie between 0 and 1"),
        ({"futility": "predictive"}, "predictive"),
    ],
)
def test_impossible_looks_are_one_line(options, message):
    with pytest.raises(ValueError, match=message) as mistake:
        boundaries((0.5, 1.0), **options)
    assert "\n" not in str(mistake.value)
