"""Trials with interim looks: when they stop, and what that does to power and duration."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.randomness.streams import Streams
from radsim.trial.conduct.analyses import EVERY_ANALYSIS, analyse, check_analyses
from radsim.trial.conduct.draw import draw_enrolment, draw_fate
from radsim.trial.conduct.observe import observe
from radsim.trial.conduct.run import TrialPlan, in_blocks, show
from radsim.trial.conduct.uncertainty import draw_arms
from radsim.trial.formulas.group_sequential import (
    EFFICACY,
    NEVER,
    Boundaries,
    conditional_power,
    predictive_power,
)
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.questions.characteristics import Share, error_of_mean, share_of
from radsim.vocabulary.arguments import count
from radsim.vocabulary.mistakes import require

COMPLETE = 0.999  # share of the information from which on nothing is left to learn
LEAST = 1e-6  # share of it that the first look has at least


@dataclass(frozen=True)
class Look:
    """One look over all trials.

    Attributes
    ----------
    information
        Share of the planned events at which the look is.
    reached
        Share of the final information that the analysis has by then, which is what the error is
        spent on; 0 where the analysis can be made in no trial.
    analysed
        Share of trials in which the look comes before the last one and the analysis can be made;
        else it stops nothing and spends nothing.
    events
        Events at which the look is planned.
    efficacy_limit, futility_limit
        Of z in favor of the experimental arm, where every look can be made; 20 and -20 for none.
    conditional_power, predictive_power
        Of a trial whose z is the futility limit: under the drift of a trial that has the power
        wanted, and over what is known of it then; None where there is no limit, or it is the end.
    efficacy, futility
        Share of trials that stop here; at the last look ``futility`` is the share that ends
        without having rejected.
    """

    information: float
    reached: float
    analysed: Share
    events: int
    efficacy_limit: float
    futility_limit: float
    conditional_power: float | None
    predictive_power: float | None
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
    one is skipped, and so is one whose analysis can't be made: it stops nothing, and a spending
    function spends nothing on it. Futility limits stop a trial.

    The information of an analysis that counts events is their share. That of any other (a
    landmark, a restricted mean) is what its variances say: the median over the trials of the share
    of the last look's that the look has, on which the spending functions are then spent.

    Parameters
    ----------
    planned_events
        Events of the final analysis, to which the shares of information refer.

    Raises
    ------
    ValueError
        If the endpoint is binary, no events are planned, the analysis is unknown, there are no
        trials, or a classical boundary is asked for an analysis that does not count events.

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
    check_looks(limits, analysis)
    trials = count("trials", trials, least=1)
    parts = in_blocks(
        lambda block: _run_block(plan, limits, analysis, planned_events, block, seed), trials
    )
    z, information, duration, enrolled, events = (
        np.concatenate([part[i] for part in parts]) for i in range(5)
    )
    made = np.isfinite(z)
    reached = np.array(limits.information)
    if not EVERY_ANALYSIS[analysis].counts_events:
        reached = _reached(information, made)
    every = limits.at(_growing(reached)) if limits.spends else limits
    efficacy, futility = _limits(limits, reached, made)
    stop, good = _stops(z, efficacy, futility)
    rows, pools = np.arange(trials), plan.pools
    at_stop = [values[rows, stop] for values in (duration, enrolled, events)]
    looks = tuple(
        Look(
            t,
            float(reached[k]),
            share_of(made[:, k], pools),
            _events_at(t, planned_events),
            every.efficacy[k] if k < len(every.efficacy) else NEVER,
            every.futility[k] if k < len(every.futility) else -NEVER,
            *_foreseen(every, k),
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


def _foreseen(limits: Boundaries, look: int) -> tuple[float | None, float | None]:
    """Conditional and predictive power at a futility limit."""
    if look + 1 >= len(limits.futility) or limits.futility[look] <= -NEVER:
        return None, None
    z, t, final = limits.futility[look], limits.information[look], limits.efficacy[-1]
    return (
        conditional_power(z, t, final=final, drift=limits.drift),
        predictive_power(z, t, final=final),
    )


def check_looks(limits: Boundaries, analysis: str) -> None:
    """Raise ValueError for a boundary that does not fit the information of an analysis."""
    require(
        EVERY_ANALYSIS[analysis].has_information,
        f"{analysis} has no information that errors could be spent on; take another analysis",
    )
    require(
        limits.spends or EVERY_ANALYSIS[analysis].counts_events,
        f"kind: {limits.rule.kind} needs equal steps of information, which shares of events are "
        f"not for {analysis}; got no spending function ({', '.join(EFFICACY)})",
    )


def _reached(information: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Share of the final information at each look: the typical one of the trials that make it.

    The median of the trials' own shares, for a variance that is estimated from a few events may
    be next to nothing.
    """
    shares = np.zeros(made.shape[1])
    for look in range(made.shape[1]):
        both = made[:, look] & (information[:, -1] > 0.0)
        if both.any():
            shares[look] = np.median(information[both, look] / information[both, -1])
    shares[-1] = 1.0
    return np.minimum(np.maximum.accumulate(shares), 1.0)


def _growing(reached: np.ndarray) -> tuple[float, ...]:
    """Shares of information that grow to 1, up to the first look at which it is complete."""
    shares: list[float] = []
    for share in reached[: int(np.argmax(reached >= COMPLETE))]:
        shares.append(max(float(share), LEAST + (shares[-1] if shares else 0.0)))
    return (*shares, 1.0)


def _limits(
    limits: Boundaries, reached: np.ndarray, made: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Limits of z for each trial, shapes (trial, look), spent on the looks that it can make.

    A look at which the information is complete spends what is left; those after it have none.
    """
    efficacy = np.broadcast_to(limits.efficacy, made.shape).copy()
    futility = np.broadcast_to(limits.futility, made.shape).copy()
    if not limits.spends:
        return efficacy, futility
    usable = made.copy()
    usable[:, -1] = True
    for pattern in np.unique(usable, axis=0):
        looks = np.flatnonzero(pattern)
        spent = limits.at(_growing(reached[looks]))
        mine = (usable == pattern).all(axis=1)
        for place, look in enumerate(looks):
            known = place < len(spent.efficacy)
            efficacy[mine, look] = spent.efficacy[place] if known else NEVER
            futility[mine, look] = spent.futility[place] if known else -NEVER
    return efficacy, futility


def _stops(
    z: np.ndarray, efficacy: np.ndarray, futility: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Look at which each trial stops, and whether for efficacy; what is no number stops nothing."""
    better = z >= efficacy
    stopped = better | (z < futility)
    stopped[:, -1] = True
    stop = stopped.argmax(axis=1)
    return stop, better[np.arange(len(z)), stop]


def _events_at(information: float, planned: int) -> int:
    return max(1, int(np.ceil(information * planned - 1e-9)))


def _run_block(
    plan: TrialPlan, limits: Boundaries, analysis: str, planned: int, trials: range, seed: int
) -> tuple[np.ndarray, ...]:
    """Statistic, information, calendar time, patients entered and events, shapes (trial, look).

    The statistic is no number where a look is skipped, or its analysis can't be made.
    """
    streams = Streams(seed)
    arms = draw_arms(plan.arms, trials, streams)
    enrolled = draw_enrolment(plan.design, arms, trials, streams)
    fate = draw_fate(plan.design, arms, enrolled, trials, streams)
    sign = -1.0 if EVERY_ANALYSIS[analysis].more_is_worse else 1.0
    last = observe(plan.design, enrolled, fate)
    columns: list[tuple[np.ndarray, ...]] = []
    for t in limits.information:
        seen = last
        if t < 1.0:
            seen = observe(_until(plan.design, _events_at(t, planned)), enrolled, fate)
        shown = show(seen, analyse(seen, (analysis,), plan.settings))
        outcome = shown.outcomes[analysis]
        entered, events = (shown.counts[name].sum(axis=1) for name in ("randomized", "events"))
        early = (seen.cut < last.cut) | (t >= 1.0)
        z = np.where(early, sign * outcome.statistic, np.nan)
        columns.append((z, outcome.information, seen.cut, entered, events))
    return tuple(np.stack([column[i] for column in columns], axis=1) for i in range(5))


def _until(design: TrialDesign, events: int) -> TrialDesign:
    return replace(
        design,
        event_target=events,
        latest=max(design.cut, design.entering.end),
        minimum_follow_up=None,
        calendar_cut=None,
    )
