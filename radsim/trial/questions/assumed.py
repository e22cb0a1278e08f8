"""What the arms of a plan do by themselves, whatever a trial gets to see of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from radsim.trial.conduct.analyses import EVERY_ANALYSIS
from radsim.trial.conduct.draw import Arms, groups_of
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.protocol.accrual import Accrual
from radsim.trial.protocol.arms import PatientPool
from radsim.trial.protocol.comparison import EVERYBODY, INSIDE, Comparison
from radsim.trial.protocol.design import Protocol, Stratum
from radsim.trial.protocol.laws import Law
from radsim.trial.protocol.subgroup import MixedArms
from radsim.trial.survival.subjects import ARMS

CELLS = 4096  # of time, and of entry; finer ones change no digit that is shown
LARGEST_LOG_RATIO = 20.0
ROUNDING = 1e-9  # of a month
TINY = 1e-12
EFRON = 8  # steps in which the events of a tie leave those at risk


@dataclass(frozen=True)
class Course:
    """What befalls the lesions of one arm if their patients are watched for ever.

    Attributes
    ----------
    months
        Times, growing, shape (atom,).
    event, death
        Probability that the event is seen then, and that death comes then before any event.
    free
        Probability to be alive and free of the event just before some times.
    """

    months: np.ndarray
    event: np.ndarray
    death: np.ndarray
    free: Callable[[np.ndarray], np.ndarray]

    def incidence(
        self, months: np.ndarray, cause: str = "event", side: Literal["left", "right"] = "right"
    ) -> np.ndarray:
        """Cumulative incidence of the event, or of death before it, at (or just before) times."""
        place = np.searchsorted(self.months, months, side=side)
        return np.append(0.0, np.cumsum(getattr(self, cause)))[place]

    def area(self, months: float, mass: np.ndarray) -> float:
        """Area under the cumulative incidence of what has these masses, up to a time."""
        left = np.maximum(months - np.where(np.isfinite(self.months), self.months, np.inf), 0.0)
        return float((left * mass).sum())

    def net_control(self, months: float) -> float:
        """Share free of the event at a time if nobody died (Kaplan-Meier, death censored)."""
        seen = (self.months <= months) & (self.event > 0.0)
        left = np.maximum(self.free(self.months[seen]), np.finfo(float).tiny)
        hazard = np.minimum(self.event[seen] / left, 1.0)
        return float(np.prod(1.0 - hazard))


Events = Callable[[Course], np.ndarray]
AtRisk = Callable[[Course, np.ndarray], np.ndarray]
HAZARD: tuple[Events, AtRisk] = (lambda c: c.event, lambda c, times: c.free(times))
SUBDISTRIBUTION: tuple[Events, AtRisk] = (
    lambda c: c.event, lambda c, times: 1.0 - c.incidence(times, side="left"),
)  # fmt: skip
OF_FINE_GRAY = (
    "fine_gray", "fine_gray_cluster_robust", "fine_gray_stratified", "fine_gray_first_event",
)  # fmt: skip
RATIOS: dict[str, tuple[Events, AtRisk]] = {  # of other than cause-specific hazards
    **dict.fromkeys(OF_FINE_GRAY, SUBDISTRIBUTION),
    "logrank_any_event": (lambda c: c.event + c.death, lambda c, times: c.free(times)),
}


def events_of_analysis(analysis: str) -> Events:
    """What an analysis counts of a course: the event, or event and death.

    Examples
    --------
    >>> course = Course(np.ones(1), np.array([0.2]), np.array([0.3]), np.ones_like)
    >>> [float(events_of_analysis(name)(course)[0]) for name in ("gray", "logrank_any_event")]
    [0.2, 0.5]
    """
    return RATIOS.get(analysis, HAZARD)[0]


@dataclass(frozen=True)
class Assumed:
    """A plan's arms as courses, with what the design lets be seen of them.

    Attributes
    ----------
    marks
        Times at which incidences are to be read, beside the landmark and the horizon [months].

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, UniformAccrual
    >>> design = TrialDesign(
    ...     patients=300, accrual=UniformAccrual(months=12.0), event_target=60, latest=60.0
    ... )
    >>> arms = (
    ...     StatedArm(failure_hazard=0.030, median_survival=24.0),
    ...     StatedArm(failure_hazard=0.018, median_survival=24.0),
    ... )
    >>> assumed = Assumed(TrialPlan(design=design, arms=arms))
    >>> [round(float(course.incidence(24.0)), 4) for course in assumed.courses]
    [0.3855, 0.2593]
    >>> round(assumed.end, 2)  # when 60 events are to be expected
    17.41
    """

    plan: TrialPlan
    marks: tuple[float, ...] = ()

    @cached_property
    def courses(self) -> tuple[Course, Course]:
        """The course of each arm; of uncertain ones, as they are stated."""
        arms, design = self.plan.stated_arms, self.plan.design
        if isinstance(arms, PatientPool):
            first, second = (_course_of_pool(arms, arm, design) for arm in ARMS)
            return first, second
        settings = self.plan.settings
        ends = (design.cut, settings.landmark, settings.horizon, *self.marks)
        by_group = [
            [course_of_laws(arm.failure, arm.death, design, ends) for arm in group]
            for group in groups_of(arms)
        ]
        if isinstance(arms, MixedArms):
            outside, inside = by_group
            by_group = [[_mixed(*pair, arms.share) for pair in zip(outside, inside, strict=True)]]
        first, second = by_group[0]
        return first, second

    def seen(self, cut: float | None = None, analysis: str = "logrank") -> tuple[float, float]:
        """Probability that what an analysis counts is seen by a month of the calendar, by arm.

        That is a lesion's event, or for a test of any event death before it, too.
        """
        kept, events_of = 1.0 - float(self.plan.design.not_evaluable), events_of_analysis(analysis)
        control, experimental = (
            kept * float((events_of(course) * self.watched(course.months, cut)).sum())
            for course in self.courses
        )
        return control, experimental

    def watched(self, months: np.ndarray, cut: float | None = None) -> np.ndarray:
        """Probability that an evaluable patient is watched for so long, if alive."""
        design = self.plan.design
        cut = design.cut if cut is None else cut
        share = entered_by(design.entering, cut - np.asarray(months))
        share = share * np.exp(-float(design.drop_out_hazard) * np.asarray(months))
        if design.longest_follow_up is not None:
            share = np.where(np.asarray(months) <= design.longest_follow_up, share, 0.0)
        return np.asarray(share)

    def at_risk(self, months: float, cut: float | None = None) -> tuple[float, float]:
        """Lesions to be expected at risk at a time, by arm, if the trial is analysed at a month."""
        share = float(self.watched(np.array(months), self.end if cut is None else cut))
        control, experimental = (
            lesions * float(course.free(np.array(months))) * share
            for lesions, course in zip(self.lesions, self.courses, strict=True)
        )
        return control, experimental

    @property
    def lesions(self) -> tuple[float, float]:
        """Evaluable lesions by arm."""
        design = self.plan.design
        each = float(np.average(np.arange(len(design.lesions)) + 1, weights=design.lesions))
        number = each * design.patients * (1.0 - float(design.not_evaluable))
        total = sum(design.allocation)
        control, experimental = (number * part / total for part in design.allocation)
        return control, experimental

    def events(self, cut: float | None = None, analysis: str = "logrank") -> float:
        """Events to be expected by a month of the calendar, however many are waited for."""
        return sum(self.events_by_arm(cut, analysis))

    def events_by_arm(
        self, cut: float | None = None, analysis: str = "logrank"
    ) -> tuple[float, float]:
        """Events to be expected in each arm by a month of the calendar."""
        kept = 1.0 - float(self.plan.design.not_evaluable)
        control, experimental = (
            lesions * share / kept
            for lesions, share in zip(self.lesions, self.seen(cut, analysis), strict=True)
        )
        return control, experimental

    def when(self, events: float) -> float:
        """Month of the calendar by which so many events are to be expected, or the last one."""
        last = float(self.plan.design.cut)
        if self.events(last) <= events:
            return last
        return float(brentq(lambda cut: self.events(cut) - events, 0.0, last, xtol=1e-6))

    @cached_property
    def end(self) -> float:
        """Month of the calendar at which the trial is to be expected to be analysed."""
        target = self.plan.design.event_target
        return float(self.plan.design.cut) if target is None else self.when(target)

    @cached_property
    def hazard_ratio(self) -> float | None:
        """Ratio that Cox's regression finds in an endless number of patients; None without one.

        Where hazards are not proportional it depends on how long patients are watched: up to the
        end of the design, at the latest.
        """
        return self._ratio(*HAZARD)

    @property
    def strata(self) -> list[tuple[float, "Assumed"]]:
        """The share of each stratum of the analyses, and what its patients do; one without any."""
        plan, arms = self.plan, self.plan.stated_arms
        minimization = plan.design.minimization
        if isinstance(arms, PatientPool):
            if minimization is None:  # strata are drawn whatever a patient is
                return [(1.0, self)]
            levels = np.stack([arms.factors[name] for name in minimization.factors])
            _, mine = np.unique(levels, axis=1, return_inverse=True)
            parts = [np.flatnonzero(mine.ravel() == number) for number in range(mine.max() + 1)]
            return [
                (len(rows) / mine.size, replace(self, plan=replace(plan, arms=arms.only(rows))))
                for rows in parts
            ]
        if not plan.design.is_uneven:
            return [(1.0, self)]
        designs = [
            (share, replace(plan.design, strata=(Stratum(share=1.0, hazard_ratio=ratio),),
                            minimization=None))
            for share, ratio in plan.design.mixture
        ]  # fmt: skip
        return [
            (share, replace(self, plan=replace(plan, design=design))) for share, design in designs
        ]

    def _ratio(
        self, events_of: Events, at_risk_of: AtRisk, *, within: bool = False
    ) -> float | None:
        """Ratio at which the score is 0; ``within`` strata it is the sum of theirs."""
        parts = self.strata if within else [(1.0, self)]
        scores = [(share, part._score(events_of, at_risk_of)) for share, part in parts]

        def score(log_ratio: float) -> float:
            return sum(share * each(log_ratio) for share, each in scores)

        reach = LARGEST_LOG_RATIO
        if not score(-reach) > 0.0 > score(reach):
            return None
        return float(np.exp(brentq(score, -reach, reach, xtol=1e-12)))

    def _score(self, events_of: Events, at_risk_of: AtRisk) -> Callable[[float], float]:
        """Score of Cox's likelihood for a patient, by the log ratio."""
        control, experimental = self.courses
        share = self.plan.design.allocation[1] / self.plan.design.allocation[0]
        times = np.union1d(control.months, experimental.months)
        times = times[np.isfinite(times)]
        weight = self.watched(times)
        seen = [_at(times, course.months, events_of(course)) for course in self.courses]
        at_risk = [at_risk_of(course, times) for course in self.courses]
        both = (at_risk[0] > 0.0) & (at_risk[1] > 0.0) & (weight > 0.0)
        d0, d1, y0, y1 = (values[both] for values in (*seen, *at_risk))
        d1, y1, weight = share * d1, share * y1, weight[both]
        steps = 1 if self.plan.design.visits is None else EFRON
        done = np.linspace(0.0, 1.0, 2 * steps + 1)[1::2, np.newaxis] * (steps > 1)  # of a tie

        def score(log_ratio: float) -> float:
            ones = (y1 - done * d1) * np.exp(log_ratio)
            expected = (ones / (y0 - done * d0 + ones)).mean(axis=0)
            return float((weight * (d1 - (d0 + d1) * expected)).sum())

        return score

    def effect(self, analysis: str) -> float | None:
        """What an analysis estimates (log for ratios), of an endless number of patients."""
        settings = self.plan.settings
        landmark, horizon = float(settings.landmark), float(settings.horizon)
        if EVERY_ANALYSIS[analysis].is_ratio:
            within = EVERY_ANALYSIS[analysis].needs_strata
            ratio = self._ratio(*RATIOS.get(analysis, HAZARD), within=within)
            return None if ratio is None else float(np.log(ratio))
        gaps: dict[str, Callable[[Course], float]] = {
            "survival_difference": lambda c: c.net_control(landmark),
            "restricted_mean_difference": lambda c: horizon - c.area(horizon, c.event + c.death),
            "time_lost_difference": lambda c: c.area(horizon, c.event),
        }
        read = gaps.get(analysis, lambda c: float(c.incidence(np.array(landmark))))
        control, experimental = (read(course) for course in self.courses)
        return experimental - control


def alone(plan: TrialPlan) -> TrialPlan:
    """Give the comparison of a plan as a trial of two arms, of those patients who take part in it.

    They enter as they do in the trial. Of the events that the trial waits for, those that are to
    be expected among them are waited for.
    """
    arms, compared, design = plan.stated_arms, plan.comparison, plan.design
    whole = compared.population == EVERYBODY
    if plan.number_of_arms == 2 and whole:
        return plan
    part, share = (design.allocation[0], design.allocation[compared.arm]), 1.0
    two: Arms
    if isinstance(arms, PatientPool):
        rows = np.arange(arms.death.shape[1])
        if not whole:
            assert arms.inside is not None
            rows = np.flatnonzero(arms.inside == (compared.population == INSIDE))
            share = len(rows) / len(arms.inside)
        mine = [0, compared.arm]
        some = replace(arms.only(rows), inside=None)
        two = replace(
            some,
            failure=some.failure[mine],
            death=some.death[mine],
            harms={name: times[mine] for name, times in some.harms.items()},
            labels=tuple(arms.labels[arm] for arm in mine),
        )
    elif isinstance(arms, MixedArms):
        within = compared.population == INSIDE
        group = arms.inside if within else arms.outside
        two = (group[0], group[compared.arm])
        if whole:
            two = MixedArms((arms.inside[0], arms.inside[compared.arm]), two, arms.share)
        else:
            share = arms.share if within else 1.0 - arms.share
    else:
        two = (arms[0], arms[compared.arm])
    patients = design.patients * share * sum(part) / sum(design.allocation)
    pair = replace(
        plan,
        arms=two,
        comparison=Comparison(),
        co_primary=False,
        design=replace(
            design,
            patients=max(round(patients), 2),
            allocation=part,
            block=None if design.minimization is not None else 0,
            accrual=replace(design.entering),
            event_target=None,
            latest=None,
            calendar_cut=design.latest if design.event_target else design.calendar_cut,
        ),
    )
    if design.event_target is None:
        return pair
    end, of_all = _end_of_all(plan)
    events = max(round(design.event_target * Assumed(pair).events(end) / max(of_all, TINY)), 1)
    ended = replace(pair.design, calendar_cut=None, event_target=events, latest=design.latest)
    return replace(pair, design=ended)


def _end_of_all(plan: TrialPlan) -> tuple[float, float]:
    """Month by which the events that a trial waits for are to be expected, and how many they are.

    Where they do not come by the last month, how many there are then.
    """
    target, last = plan.design.event_target or 0, float(plan.design.latest or np.inf)
    timed = replace(
        plan, design=replace(plan.design, event_target=None, latest=None, calendar_cut=last)
    )
    pairs = [Assumed(alone(replace(timed, comparison=each))) for each in plan.comparisons]
    pairs = pairs[: plan.number_of_arms - 1]

    def events(cut: float) -> float:
        counted = [pair.events_by_arm(cut) for pair in pairs]
        return counted[0][0] + sum(experimental for _, experimental in counted)

    if events(last) <= target:
        return last, events(last)
    return float(brentq(lambda cut: events(cut) - target, 0.0, last, xtol=1e-6)), float(target)


def course_of_laws(failure: Law, death: Law, design: Protocol, marks: Sequence[float]) -> Course:
    """Course of an arm whose times follow laws, in cells that are finer at the start.

    Parameters
    ----------
    marks
        Times that a cell ends at [months]; the last of them is the end.
    """
    latest = max(marks)
    edges = np.union1d(latest * np.linspace(0.0, 1.0, CELLS + 1) ** 2, marks)

    def alive(months: np.ndarray) -> np.ndarray:
        return np.exp(-death.cumulative(months))

    if design.visits is None:
        middle = 0.5 * (edges[1:] + edges[:-1])

        def control(months: np.ndarray) -> np.ndarray:
            return _net_control(failure, design, months)

        event = -np.diff(control(edges)) * alive(middle)
        deaths = control(middle) * -np.diff(alive(edges))
        return Course(middle, event, deaths, lambda t: control(t) * alive(t))
    visits = design.visits.upto(latest)
    seen = _net_control(failure, design, np.append(0.0, visits))  # free of it at each visit

    def seen_free(months: np.ndarray) -> np.ndarray:
        return seen[np.searchsorted(visits, months, side="left")]

    edges = np.union1d(edges, visits)
    middle = 0.5 * (edges[1:] + edges[:-1])
    deaths = seen_free(middle) * -np.diff(alive(edges))
    months = np.concatenate([middle, visits])
    order = np.argsort(months, kind="stable")
    return Course(
        months[order],
        np.append(np.zeros(len(middle)), -np.diff(seen) * alive(visits))[order],
        np.append(deaths, np.zeros(len(visits)))[order],
        lambda t: seen_free(t) * alive(t),
    )


def entered_by(accrual: Accrual, months: np.ndarray) -> np.ndarray:
    """Share of patients who have entered by some months.

    Examples
    --------
    >>> from radsim.trial import UniformAccrual
    >>> entered_by(UniformAccrual(months=12.0), np.array([-1.0, 3.0, 20.0])).tolist()
    [0.0, 0.25, 1.0]
    """
    if accrual.end == 0.0:
        return np.where(np.asarray(months) >= -ROUNDING, 1.0, 0.0)
    shares = np.linspace(0.0, 1.0, CELLS + 1)
    return np.interp(months, accrual.entry(shares), shares, left=0.0, right=1.0)


def _net_control(failure: Law, design: Protocol, months: np.ndarray) -> np.ndarray:
    """Share free of the event if nobody died, over strata and frailties."""
    hazard = failure.cumulative(months)
    free = np.zeros(hazard.shape)
    variance = float(design.frailty)
    for share, ratio in design.mixture:
        level = ratio * hazard
        mine = (1.0 + variance * level) ** (-1.0 / variance) if variance else np.exp(-level)
        free += share * mine
    return free


def _mixed(outside: Course, inside: Course, share: float) -> Course:
    """Course of an arm whose patients are of two groups, at the same times."""

    def mean(out: np.ndarray, within: np.ndarray) -> np.ndarray:
        return (1.0 - share) * out + share * within

    return Course(
        outside.months,
        mean(outside.event, inside.event),
        mean(outside.death, inside.death),
        lambda t: mean(outside.free(t), inside.free(t)),
    )


def _course_of_pool(pool: PatientPool, arm: int, design: Protocol) -> Course:
    failure, death = pool.failure[arm], pool.death[arm]
    if design.visits is not None:
        visits = np.append(design.visits.upto(design.cut), np.inf)
        failure = visits[np.searchsorted(visits, failure, side="left")]
    first = failure <= death
    months = np.where(first, failure, death)
    order = np.argsort(months, kind="stable")
    months, happens = months[order], np.isfinite(months)[order] / len(months)

    def free(at: np.ndarray) -> np.ndarray:
        return 1.0 - np.searchsorted(months, at, side="left") / len(months)

    return Course(months, happens * first[order], happens * ~first[order], free)


def _at(times: np.ndarray, months: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Sum masses over the times that they belong to; what never comes belongs to none."""
    place = np.searchsorted(times, months)
    return np.bincount(place, weights=mass, minlength=len(times))[: len(times)]
