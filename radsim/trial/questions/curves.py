"""Expected cumulative incidence over time, with the numbers still at risk."""

from dataclasses import dataclass, replace

import numpy as np

from radsim.randomness.streams import Streams
from radsim.trial.conduct.draw import Arms
from radsim.trial.conduct.observe import draw_trials
from radsim.trial.conduct.run import TrialPlan, in_blocks
from radsim.trial.conduct.uncertainty import UncertainArms, draw_arms, drawn_pairs
from radsim.trial.protocol.arms import PatientPool
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.characteristics import error_of_mean, mc_error
from radsim.trial.survival.incidence import incidence_steps
from radsim.trial.survival.quantiles import survival_quantile
from radsim.trial.survival.subjects import ARMS, EVENT
from radsim.trial.survival.survival_curve import is_reached
from radsim.vocabulary.arguments import count, number_array
from radsim.vocabulary.mistakes import require

OFTEN_SEEN = 0.5  # share of trials that a band is drawn from at least


@dataclass(frozen=True)
class ExpectedCurves:
    """What is to be expected, shapes (arm, month).

    Attributes
    ----------
    months
        Times, shape (month,).
    event, death
        Cumulative incidence of the event as it would be seen, and of death before it, of patients
        who are all watched for so long: what the arms do, whenever the trial ends.
    event_error
        Monte Carlo standard error of the incidence of the event: 0 where the arms are stated,
        else that of the simulated patients.
    lower, upper
        Central 95 % of the estimates of the event's incidence by trials that are observed so
        long; no number where fewer than half are.
    at_risk
        Mean number still at risk in the trials.
    median_free
        Median time free of event and death in a typical trial, and the ends of its interval, shape
        (arm, 3); infinite where half of the trials do not reach it.
    """

    months: np.ndarray
    event: np.ndarray
    death: np.ndarray
    event_error: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    at_risk: np.ndarray
    median_free: np.ndarray


def expected_curves(
    plan: TrialPlan, months: np.ndarray, *, trials: int, seed: int
) -> ExpectedCurves:
    """Give the incidences that the arms have, and what trials see of them.

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
    >>> curves.event.round(6).tolist()
    [[0.0, 0.292893, 0.5], [0.0, 0.105573, 0.2]]
    >>> curves.at_risk[:, 0].tolist()
    [20.0, 20.0]
    """
    require(not plan.binary, "expected curves need a time to an event")
    months = np.asarray(number_array("months", months), float)
    good = months.ndim == 1 and bool(((months >= 0.0) & np.isfinite(months)).all())
    require(good, f"months must list times of 0 or more, got {months}")
    trials = count("trials", trials, least=1)
    streams = Streams(seed)
    parts = in_blocks(lambda block: _curves(plan, months, block, streams), trials)
    events, at_risk, medians = (
        np.concatenate([part[i] for part in parts], axis=-1) for i in range(3)
    )
    lower, upper = _central(events)
    event, death, error = _assumed(plan, months, trials, streams)
    return ExpectedCurves(
        months,
        event,
        death,
        error,
        lower,
        upper,
        at_risk.mean(axis=-1),
        np.quantile(medians, 0.5, axis=-1, method="inverted_cdf"),
    )


def _central(estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles over the trials that give an estimate; no number where fewer than half do."""
    some = np.isfinite(estimates).mean(axis=-1) >= OFTEN_SEEN
    held = np.where(some[..., np.newaxis], estimates, 0.0)
    lower, upper = np.nanquantile(held, (0.025, 0.975), axis=-1)
    return np.where(some, lower, np.nan), np.where(some, upper, np.nan)


def _assumed(
    plan: TrialPlan, months: np.ndarray, trials: int, streams: Streams
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Incidence of event and death, and the error of the first, shapes (arm, month)."""
    arms: list[Arms]
    if isinstance(plan.arms, UncertainArms):
        arms = [*drawn_pairs(plan.arms, range(trials), streams)]
    elif isinstance(plan.arms, PatientPool):
        arms = [*plan.arms.apart()]
    else:
        arms = [plan.arms]
    marks = tuple(float(month) for month in months)
    courses = [Assumed(replace(plan, arms=each), marks).courses for each in arms]
    events, deaths = (
        np.array([[course.incidence(months, cause) for course in pair] for pair in courses])
        for cause in ("event", "death")
    )
    mean = events.mean(axis=0)
    if len(arms) > 1:
        error = np.apply_along_axis(error_of_mean, 0, events, len(arms))
    elif isinstance(plan.arms, PatientPool):
        number = plan.arms.failure.shape[1]
        error = np.vectorize(lambda p: mc_error(p, number))(np.clip(mean, 0.0, 1.0))
    else:
        error = np.zeros(mean.shape)
    return mean, deaths.mean(axis=0), error


def _curves(
    plan: TrialPlan, months: np.ndarray, trials: range, streams: Streams
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimated incidence of the event, and number at risk, shapes (arm, month, trial); medians.

    The estimate is no number where the arm is not observed so long and somebody is event-free.
    """
    arms = draw_arms(plan.arms, trials, streams)
    table = draw_trials(plan.design, arms, trials, streams).table()

    def incidence(arm: int) -> list[np.ndarray]:
        steps = incidence_steps(table, EVENT, arm)
        return [
            np.where(
                is_reached(table, month, arm, steps.survival),
                table.value_at(steps.incidence, month, 0.0),
                np.nan,
            )
            for month in months
        ]

    def left(arm: int) -> list[np.ndarray]:
        mine = np.where(table.members(arm), table.time, -1.0)
        return [np.count_nonzero(mine >= month, axis=-1) for month in months]

    medians = [survival_quantile(table, arm=arm) for arm in ARMS]
    return (
        np.array([incidence(arm) for arm in ARMS]),
        np.array([left(arm) for arm in ARMS], float),
        np.array([[m.value, m.lower, m.upper] for m in medians]),
    )
