"""Trials with interim looks: when they stop, and what that does to power and duration."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.randomness.streams import Streams
from radsim.trial.conduct.analyses import ANALYSES, analyse, check_analyses
from radsim.trial.conduct.draw import draw_enrolment, draw_fate
from radsim.trial.conduct.observe import Trials, observe
from radsim.trial.conduct.run import BLOCK, TrialPlan
from radsim.trial.conduct.uncertainty import draw_arms
from radsim.trial.formulas.group_sequential import Boundaries
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.questions.characteristics import Share, error_of_mean, share_of
from radsim.trial.survival.subjects import ABSENT, EVENT
from radsim.vocabulary.arguments import count
from radsim.vocabulary.mistakes import require


@dataclass(frozen=True)
class Look:
    """One look over all trials, or the trial as a whole (``information`` 0).

    Attributes
    ----------
    efficacy_limit, futility_limit
        Of z in favor of the experimental arm.
    events
        Events at which the look is planned.
    efficacy, futility
        Share of trials that stop here; at the last look ``futility`` is the share that ends
        without having rejected.
    """

    information: float
    events: int
    efficacy_limit: float
    futility_limit: float
    efficacy: Share
    futility: Share


@dataclass(frozen=True)
class Sequential:
    """What looks do to a trial.

    Attributes
    ----------
    power
        Share of trials that stop for efficacy at any look.
    early_futility
        Share of trials that stop for futility before the last look.
    duration, enrolled, events
        Means when the trial stops.
    duration_error, enrolled_error, events_error
        Their Monte Carlo standard errors.
    fixed_power
        Power of the same trial without looks, at the same one-sided error.
    """

    looks: tuple[Look, ...]
    power: Share
    fixed_power: Share
    early_futility: Share
    duration: float
    enrolled: float
    events: float
    duration_error: float
    enrolled_error: float
    events_error: float


def run_sequential(
    plan: TrialPlan,
    limits: Boundaries,
    *,
    analysis: str,
    planned_events: int,
    trials: int,
    seed: int,
) -> Sequential:
    """Simulate trials that are looked at when shares of the planned events are seen.

    The last look is the analysis of the design itself. A look that comes no sooner than the last
    one is skipped. Futility limits stop a trial.

    Parameters
    ----------
    planned_events
        Events of the final analysis, to which the shares of information refer.

    Raises
    ------
    ValueError
        If the endpoint is binary, no events are planned, the analysis is unknown, or there are
        no trials.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan, boundaries
    >>> design = TrialDesign(patients=80, minimum_follow_up=24.0)
    >>> plan = TrialPlan(design=design, arms=(StatedArm(control=0.5), StatedArm(control=0.8)))
    >>> looked = run_sequential(
    ...     plan, boundaries([0.5, 1.0]), analysis="logrank", planned_events=28, trials=50, seed=1
    ... )
    >>> [look.events for look in looked.looks]
    [14, 28]
    """
    require(not plan.binary, "looks need a time to an event")
    check_analyses((analysis,), binary=False)
    planned_events = count("planned_events", planned_events)
    require(planned_events >= 1, "no events are expected, so there is nothing to look at")
    trials = count("trials", trials, least=1)
    parts = [
        _run_block(plan, limits, analysis, planned_events, range(a, min(a + BLOCK, trials)), seed)
        for a in range(0, trials, BLOCK)
    ]
    z, duration, enrolled, events = (np.concatenate([part[i] for part in parts]) for i in range(4))
    stop, good = _stops(z, limits)
    rows, pools = np.arange(trials), plan.pools
    at_stop = [values[rows, stop] for values in (duration, enrolled, events)]
    looks = tuple(
        Look(
            t,
            _events_at(t, planned_events),
            limits.efficacy[k],
            limits.futility[k],
            share_of((stop == k) & good, pools),
            share_of((stop == k) & ~good, pools),
        )
        for k, t in enumerate(limits.information)
    )
    one_sided = limits.alpha_spent[-1]
    fixed = z[:, -1] >= -special.ndtri(one_sided)
    return Sequential(
        looks,
        share_of(good, pools),
        share_of(fixed, pools),
        share_of(~good & (stop < len(looks) - 1), pools),
        *(float(values.mean()) for values in at_stop),
        *(error_of_mean(values, pools) for values in at_stop),
    )


def _stops(z: np.ndarray, limits: Boundaries) -> tuple[np.ndarray, np.ndarray]:
    """Look at which each trial stops, and whether for efficacy."""
    efficacy = z >= np.array(limits.efficacy)
    futility = z < np.array(limits.futility)
    stopped = efficacy | futility
    stopped[:, -1] = True
    stop = stopped.argmax(axis=1)
    return stop, efficacy[np.arange(len(z)), stop]


def _events_at(information: float, planned: int) -> int:
    return max(1, int(np.ceil(information * planned - 1e-9)))


def _run_block(
    plan: TrialPlan, limits: Boundaries, analysis: str, planned: int, trials: range, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Statistic, calendar time, patients entered and events at each look, shapes (trial, look)."""
    streams = Streams(seed)
    arms = draw_arms(plan.arms, trials, streams)
    enrolled = draw_enrolment(plan.design, trials, streams)
    fate = draw_fate(plan.design, arms, enrolled, trials, streams)
    sign = -1.0 if ANALYSES[analysis].more_is_worse else 1.0
    last = observe(plan.design, enrolled, fate)
    columns: list[tuple[np.ndarray, ...]] = []
    for t in limits.information:
        if t >= 1.0:
            seen = last
        else:
            seen = observe(_until(plan.design, _events_at(t, planned)), enrolled, fate)
        outcome = analyse(seen, (analysis,), plan.settings)[analysis]
        early = (seen.cut < last.cut) | (t >= 1.0)
        z = np.where(early, sign * outcome.z, np.nan)
        columns.append((z, seen.cut, _entered(seen), _events(seen)))
    z, cut, entered, events = (
        np.stack([column[i] for column in columns], axis=1) for i in range(4)
    )
    return _skipped_stay(z, limits), cut, entered, events


def _skipped_stay(z: np.ndarray, limits: Boundaries) -> np.ndarray:
    """Give a look that is skipped a statistic between its limits, so that nothing stops."""
    middle = 0.5 * (np.array(limits.efficacy) + np.array(limits.futility))
    return np.where(np.isnan(z), middle, z)


def _until(design: TrialDesign, events: int) -> TrialDesign:
    return replace(
        design,
        event_target=events,
        latest=max(design.cut, design.accrual.end),
        minimum_follow_up=None,
        calendar_cut=None,
    )


def _entered(trials: Trials) -> np.ndarray:
    return np.count_nonzero(trials.enrolled.entry <= trials.cut[:, np.newaxis], axis=-1)


def _events(trials: Trials) -> np.ndarray:
    return np.count_nonzero((trials.cause == EVENT) & (trials.arm != ABSENT), axis=-1)
