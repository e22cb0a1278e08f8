"""Expected cumulative incidence over time, with the numbers still at risk."""

from dataclasses import dataclass

import numpy as np

from radsim.randomness.streams import Streams
from radsim.trial.conduct.observe import draw_trials
from radsim.trial.conduct.run import BLOCK, TrialPlan
from radsim.trial.conduct.uncertainty import draw_arms
from radsim.trial.questions.characteristics import error_of_mean
from radsim.trial.survival.incidence import incidence_steps
from radsim.trial.survival.subjects import ARMS, DEATH, EVENT
from radsim.vocabulary.arguments import count, number_array
from radsim.vocabulary.mistakes import require


@dataclass(frozen=True)
class ExpectedCurves:
    """Means over trials, shapes (arm, month).

    Attributes
    ----------
    months
        Times, shape (month,).
    event, death
        Mean cumulative incidence of the event and of death before it.
    event_error
        Monte Carlo standard error of the mean incidence of the event.
    lower, upper
        Central 95 % of the trials' estimates of the event's incidence.
    at_risk
        Mean number still at risk.
    """

    months: np.ndarray
    event: np.ndarray
    death: np.ndarray
    event_error: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    at_risk: np.ndarray


def expected_curves(
    plan: TrialPlan, months: np.ndarray, *, trials: int, seed: int
) -> ExpectedCurves:
    """Estimate each trial's curves and average them; a curve is carried on where a trial ends.

    Parameters
    ----------
    months
        Times, shape (month,).

    Raises
    ------
    ValueError
        If the endpoint is binary, a time is negative or not finite, or there are no trials.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan
    >>> design = TrialDesign(patients=40, minimum_follow_up=24.0)
    >>> plan = TrialPlan(design=design, arms=(StatedArm(control=0.5), StatedArm(control=0.8)))
    >>> curves = expected_curves(plan, np.array([0.0, 12.0, 24.0]), trials=20, seed=1)
    >>> curves.event.shape, curves.at_risk[:, 0].tolist()
    ((2, 3), [20.0, 20.0])
    """
    require(not plan.binary, "expected curves need a time to an event")
    months = np.asarray(number_array("months", months), float)
    good = months.ndim == 1 and bool(((months >= 0.0) & np.isfinite(months)).all())
    require(good, f"months must list times of 0 or more, got {months}")
    trials = count("trials", trials, least=1)
    streams = Streams(seed)
    parts = [
        _curves(plan, months, range(first, min(first + BLOCK, trials)), streams)
        for first in range(0, trials, BLOCK)
    ]
    events, deaths, at_risk = (np.concatenate([p[i] for p in parts], axis=-1) for i in range(3))
    lower, upper = np.quantile(events, (0.025, 0.975), axis=-1)
    error = np.apply_along_axis(error_of_mean, -1, events, plan.pools)
    return ExpectedCurves(
        months,
        events.mean(axis=-1),
        deaths.mean(axis=-1),
        error,
        lower,
        upper,
        at_risk.mean(axis=-1),
    )


def _curves(
    plan: TrialPlan, months: np.ndarray, trials: range, streams: Streams
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Incidence of event and death, and number at risk, shapes (arm, month, trial)."""
    arms = draw_arms(plan.arms, trials, streams)
    table = draw_trials(plan.design, arms, trials, streams).table()

    def incidence(cause: int, arm: int) -> list[np.ndarray]:
        steps = incidence_steps(table, cause, arm).incidence
        return [table.value_at(steps, month, 0.0) for month in months]

    def left(arm: int) -> list[np.ndarray]:
        mine = np.where(table.members(arm), table.time, -1.0)
        return [np.count_nonzero(mine >= month, axis=-1) for month in months]

    return (
        np.array([incidence(EVENT, arm) for arm in ARMS]),
        np.array([incidence(DEATH, arm) for arm in ARMS]),
        np.array([left(arm) for arm in ARMS], float),
    )
