"""Trials whose size is reckoned anew on the way, from what both arms together show."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.randomness.streams import Streams
from radsim.trial.conduct.analyses import EVERY_ANALYSIS, analyse, analyse_binary
from radsim.trial.conduct.draw import Enrolled, Fate, draw_enrolment, draw_fate, draw_numbers
from radsim.trial.conduct.observe import observe
from radsim.trial.conduct.run import TrialPlan, in_blocks
from radsim.trial.conduct.uncertainty import draw_arms, proportions_of
from radsim.trial.protocol.design import TrialDesign
from radsim.trial.questions.characteristics import Share, error_of_mean, share_of
from radsim.trial.survival.subjects import ABSENT, CENSORED, DEATH, EVENT
from radsim.vocabulary.arguments import count, open_probability
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Real

TINY = 1e-12  # stands in for what has not been seen yet
CELLS = 64  # of accrual, over which the chance of an event is averaged
CENTRAL = (0.025, 0.975)  # quantiles between which the sizes are said to lie


@dataclass(frozen=True, kw_only=True)
class Resize:
    """When and how a size is reckoned anew, without knowing who is in which arm.

    The trial never becomes smaller than it was planned.

    Attributes
    ----------
    at
        Share of the planned patients: for times to an event the month is that by which they have
        entered; for a binary endpoint so many have their answer.
    most_patients
        It never becomes larger.
    events
        For times to an event: events that the end is to have; of an analysis that counts deaths as
        events, too, events and deaths. The hazards of the event, of death and of being lost in both
        arms together say how many patients that takes.
    difference
        For a binary endpoint: the difference of proportions that the power is for. The proportion
        in both arms together says how many patients that takes.
    """

    at: Real
    most_patients: Count
    events: Count | None = None
    difference: Real | None = None

    def __post_init__(self) -> None:
        open_probability("at", self.at)
        count("most_patients", self.most_patients, least=1)
        require(
            self.events is None or self.events > 0, f"events must be above 0, got {self.events}"
        )
        require(
            self.difference is None or 0.0 < self.difference < 1.0,
            f"difference must lie between 0 and 1, got {self.difference}",
        )

    def check(self, plan: TrialPlan) -> None:
        """Raise ValueError where a plan can't be resized so; the message names the key."""
        require(
            plan.number_of_arms == 2 and not plan.has_subgroup,
            "at: a size is reckoned anew in trials of two arms without a subgroup",
        )
        wanted, other = ("difference", "events") if plan.binary else ("events", "difference")
        what = "a binary endpoint" if plan.binary else "a time to an event"
        require(getattr(self, other) is None, f"{other}: has no effect here: it is {what}")
        require(getattr(self, wanted) is not None, f"{wanted}: is missing, for {what}")
        planned = plan.design.patients
        require(
            self.at * planned >= 1.0,
            f"at: nobody of the {planned} patients is known by then, got {self.at}",
        )
        require(
            self.most_patients >= planned,
            f"most_patients: must be at least {planned}, the planned size, got "
            f"{self.most_patients}",
        )
        if not plan.binary:
            design = plan.design
            require(
                design.event_target in (None, self.events),
                f"events: the trial waits for {design.event_target} (event_target), however many "
                f"patients there are; got {self.events}",
            )
            require(
                design.entering.end > 0.0,
                "at: all patients enter at once, so nothing is known before they have",
            )
            entered = design.entering.end + (self.most_patients - planned) / design.accrual_rate
            last = design.cut if design.minimum_follow_up is None else np.inf
            require(
                entered <= last,
                f"most_patients: {self.most_patients} have entered by month {entered:.4g}, after "
                f"the end of the trial at month {last:g}",
            )
        plan.with_patients(self.most_patients)


@dataclass(frozen=True)
class Resized:
    """What a size that is reckoned anew does to a trial.

    Attributes
    ----------
    favorable
        Share of trials that reject in favor of the experimental arm; of a binary endpoint without a
        better side, on either side.
    planned
        The same of trials that keep their planned size.
    rejected
        Share that reject on either side; the type-I error, where a null is true.
    patients, patients_error
        Mean size at the end and its Monte Carlo error.
    lower, upper
        Between which 95 % of the sizes lie.
    grown, at_most
        Share of trials that become larger, and that would become larger than they may.
    duration, duration_error
        Mean month at which they end.
    """

    favorable: Share
    planned: Share
    rejected: Share
    patients: float
    patients_error: float
    lower: float
    upper: float
    grown: Share
    at_most: Share
    duration: float
    duration_error: float


def run_resized(
    plan: TrialPlan,
    resize: Resize,
    *,
    analysis: str,
    power: float = 0.8,
    higher_is_better: bool | None = None,
    trials: int,
    seed: int,
) -> Resized:
    r"""Simulate trials whose size is reckoned anew from what both arms together show.

    .. math:: N = \frac{D}{\hat P}, \qquad
              N = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2\,\hat p (1 - \hat p)(1 + r)^2}{r\,\delta^2}

    the first for D events, with P the events to be expected of a patient of the design as planned,
    under constant hazards that all patients together show at the look; the second for a binary
    endpoint. Who is added enters after the planned patients, at their mean rate; where the trial
    ends so long after accrual, it ends later. The arms are only known at the end.

    Parameters
    ----------
    power
        For a binary endpoint.
    higher_is_better
        Of a binary endpoint.

    Raises
    ------
    ValueError
        If the plan can't be resized so, or there are no trials.

    References
    ----------
    Gould (1992), Stat Med 11, 55-66; Friede and Kieser (2006), Biom J 48, 537-555.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan
    >>> plan = TrialPlan(
    ...     design=TrialDesign(patients=80), binary=True, analyses=("pearson",),
    ...     arms=(StatedArm(proportion=0.4), StatedArm(proportion=0.6)),
    ... )
    >>> rule = Resize(at=0.5, difference=0.2, most_patients=300)
    >>> resized = run_resized(plan, rule, analysis="pearson", trials=200, seed=1)
    >>> resized.patients > 180.0, resized.rejected.value > resized.planned.value
    (True, True)
    """
    resize.check(plan)
    plan = replace(plan, analyses=(analysis,))
    z_sum = special.ndtri(1.0 - plan.alpha / 2.0) + special.ndtri(open_probability("power", power))
    streams = Streams(seed)

    def work(block: range) -> tuple[np.ndarray, ...]:
        if plan.binary:
            return _binary_block(plan, resize, float(z_sum), block, streams)
        return _block(plan, resize, block, streams)

    parts = in_blocks(work, count("trials", trials, least=1))
    z, p, planned_z, planned_p, wanted, size, end = (
        np.concatenate([part[i] for part in parts]) for i in range(7)
    )
    pools = plan.pools
    sign = 1.0 if higher_is_better else -1.0
    if not plan.binary:
        sign = -1.0 if EVERY_ANALYSIS[analysis].more_is_worse else 1.0
    one_sided = not plan.binary or higher_is_better is not None

    def in_favor(z: np.ndarray, p: np.ndarray) -> np.ndarray:
        return (p <= plan.alpha) & ((sign * z > 0.0) if one_sided else True)

    return Resized(
        share_of(in_favor(z, p), pools),
        share_of(in_favor(planned_z, planned_p), pools),
        share_of(p <= plan.alpha, pools),
        float(size.mean()),
        error_of_mean(size, pools),
        float(np.quantile(size, CENTRAL[0], method="inverted_cdf")),
        float(np.quantile(size, CENTRAL[1], method="inverted_cdf")),
        share_of(size > plan.design.patients, pools),
        share_of(wanted > resize.most_patients, pools),
        float(end.mean()),
        error_of_mean(end, pools),
    )


def _sizes(plan: TrialPlan, resize: Resize, wanted: np.ndarray) -> np.ndarray:
    """Whole turns of the allocation, between the planned size and the largest."""
    unit = plan.design.unit
    whole = np.ceil(np.minimum(wanted, 2.0 * resize.most_patients) / unit - 1e-9) * unit
    return np.clip(whole, plan.design.patients, resize.most_patients).astype(int)


def _block(
    plan: TrialPlan, resize: Resize, trials: range, streams: Streams
) -> tuple[np.ndarray, ...]:
    """Statistic and p value with the new and the planned size, sizes and end, shapes (trial,)."""
    design, most = plan.design, resize.most_patients
    large = replace(design, patients=most)
    arms = draw_arms(plan.arms, trials, streams)
    enrolled = draw_enrolment(large, arms, trials, streams)
    fate = draw_fate(large, arms, enrolled, trials, streams)
    u = draw_numbers(streams, "entry", trials, most)
    entry = design.entering.entry(u)
    planned = _first(enrolled, entry, np.full(len(trials), design.patients))
    either = EVERY_ANALYSIS[plan.analyses[0]].counts_death
    each = _events_each(design, planned, fate, float(resize.at), either=either)
    wanted = float(resize.events or 0) / each
    size = _sizes(plan, resize, wanted)
    months = ((size - design.patients) / design.accrual_rate)[:, np.newaxis]  # of accrual, added
    added = np.arange(most) >= design.patients
    entry = np.where(added, design.entering.end + u * months, entry)
    later = months if design.minimum_follow_up is not None else np.zeros_like(months)
    spare = later.max() - later  # the trials of a block end together: what enters sooner is moved
    last = design if not later.any() else _ending(design, design.cut + float(later.max()))
    name, columns, ends = plan.analyses[0], [], []
    for of, some in ((last, _first(enrolled, entry + spare, size)), (design, planned)):
        seen = observe(of, some, fate)
        outcome = analyse(seen, (name,), plan.settings)[name]
        columns += [outcome.z, outcome.p_value]
        ends.append(seen.cut)
    return (*columns, wanted, size, ends[0] - spare[:, 0])


def _ending(design: TrialDesign, month: float) -> TrialDesign:
    """The same design, analysed at a month of the calendar."""
    return replace(
        design, minimum_follow_up=None, calendar_cut=month, event_target=None, latest=None
    )


def _first(enrolled: Enrolled, entry: np.ndarray, size: np.ndarray) -> Enrolled:
    """Keep so many patients of each trial, who enter when they are said to."""
    there = np.arange(enrolled.arm.shape[-1]) < size[:, np.newaxis]
    return replace(
        enrolled,
        arm=np.where(there, enrolled.arm, ABSENT),
        entry=np.where(there, entry, np.inf),
        evaluable=enrolled.evaluable & there,
    )


def _events_each(
    design: TrialDesign, planned: Enrolled, fate: Fate, at: float, *, either: bool
) -> np.ndarray:
    """Events, or events and deaths, to be expected of a randomized patient, shape (trial,).

    By what all show at a look.
    """
    last, month = design.cut, float(design.entering.entry(np.array(at)))
    moved = replace(planned, entry=planned.entry + (last - month))
    seen = observe(_ending(design, last), moved, fate)
    inside = (seen.arm != ABSENT) & (seen.time > 0.0)
    watched = np.maximum(np.where(inside, seen.time, 0.0).sum(axis=-1), TINY)
    lost = np.repeat(seen.lost, seen.time.shape[-1] // seen.lost.shape[-1], axis=-1)
    ends = (seen.cause == EVENT, seen.cause == DEATH, lost & (seen.cause == CENSORED))
    hazards = [np.count_nonzero(inside & end, axis=-1) / watched for end in ends]
    entered = np.count_nonzero((planned.arm != ABSENT) & (planned.entry < month), axis=-1)
    subjects = np.count_nonzero(inside, axis=-1) / np.maximum(entered, 1)
    total = np.maximum(sum(hazards), TINY)
    shares = (np.arange(CELLS) + 0.5) / CELLS
    follow_up = np.maximum(last - design.entering.entry(shares), 0.0)
    if design.longest_follow_up is not None:
        follow_up = np.minimum(follow_up, float(design.longest_follow_up))
    ended = -np.expm1(-total[:, np.newaxis] * follow_up).mean(axis=-1)
    counted = hazards[0] + hazards[1] if either else hazards[0]
    return np.asarray(np.maximum(subjects * counted / total * ended, TINY))


def _binary_block(
    plan: TrialPlan, resize: Resize, z_sum: float, trials: range, streams: Streams
) -> tuple[np.ndarray, ...]:
    design, large = plan.design, replace(plan.design, patients=resize.most_patients)
    arms = draw_arms(plan.arms, trials, streams)
    enrolled = draw_enrolment(large, arms, trials, streams)
    u = draw_numbers(streams, "proportion", trials, large.patients)
    control, experimental = proportions_of(arms)
    answered = (u < np.where(enrolled.arm == 1, experimental, control)) & enrolled.evaluable
    first = int(np.ceil(float(resize.at) * design.patients))
    known = np.count_nonzero(enrolled.evaluable[:, :first], axis=-1)
    share = np.count_nonzero(answered[:, :first], axis=-1) / np.maximum(known, 1)
    control_turns, turns = design.allocation[0], sum(design.allocation)
    balance = control_turns * (turns - control_turns) / turns**2
    spread = share * (1.0 - share) / balance
    wanted = z_sum**2 * spread / float(resize.difference or 1.0) ** 2
    wanted = wanted * first / np.maximum(known, 1)
    size = _sizes(plan, resize, wanted)
    columns = []
    for number in (size, np.full(len(trials), design.patients)):
        there = (np.arange(large.patients) < number[:, np.newaxis]) & enrolled.evaluable
        x1, n1, x0, n0 = (
            np.count_nonzero(there & who & (enrolled.arm == arm), axis=-1)
            for arm in (1, 0)
            for who in (answered, enrolled.evaluable)
        )
        name, worst = plan.analyses[0], plan.settings.worst
        outcome = analyse_binary(x1, n1, x0, n0, (name,), None if worst is None else float(worst))[
            name
        ]
        columns += [outcome.z, outcome.p_value]
    return (*columns, wanted, size, np.full(len(trials), np.maximum(design.cut, 0.0)))
