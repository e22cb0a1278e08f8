"""The null of a test against a margin: an experimental arm that is worse by just the margin."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from radsim.randomness.streams import Streams
from radsim.trial.conduct.analyses import EVERY_ANALYSIS
from radsim.trial.conduct.draw import Arms, groups_of
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.conduct.uncertainty import LawfulArm, proportions_of
from radsim.trial.protocol.arms import PatientPool, StatedArm
from radsim.trial.protocol.laws import Law
from radsim.trial.questions.assumed import LARGEST_LOG_RATIO, Assumed, alone
from radsim.vocabulary.mistakes import require

LARGEST = 1e3  # times the control arm's hazard that are tried
ADDED = 0  # seed of the failures that are added to simulated patients


@dataclass(frozen=True)
class Hastened:
    """A law with its hazard multiplied."""

    law: Law
    factor: float

    def cumulative(self, months: np.ndarray) -> np.ndarray:
        """Cumulative hazard at some times [months]."""
        return self.factor * self.law.cumulative(months)

    def time_of(self, level: np.ndarray) -> np.ndarray:
        """Time at which the cumulative hazard reaches a level [months]."""
        return self.law.time_of(level / self.factor)


def at_margin(plan: TrialPlan, analysis: str) -> TrialPlan:
    """Return a plan whose experimental arm is worse by just the margin of an analysis.

    Its hazard of the event is the control arm's times the number at which the effect that is
    tested, of an endless number of patients who die as the experimental arm's do, lies at the
    margin.

    Raises
    ------
    ValueError
        If no such number exists, such as where death alone takes the effect past the margin.

    Examples
    --------
    >>> from radsim.trial import Settings, StatedArm, TrialDesign
    >>> arms = StatedArm(control=0.8, death_hazard=0.04), StatedArm(control=0.8, death_hazard=0.02)
    >>> plan = TrialPlan(
    ...     design=TrialDesign(patients=40, minimum_follow_up=24.0), arms=arms,
    ...     settings=Settings(worst=0.1), analyses=("incidence_difference_against_margin",),
    ... )
    >>> null = at_margin(plan, "incidence_difference_against_margin")
    >>> round(Assumed(null).effect("incidence_difference"), 9)
    0.1
    """
    arms = plan.stated_arms
    if plan.number_of_arms > 2:
        pairs = [
            at_margin(alone(replace(plan, comparison=each)), analysis).arms
            for each in plan.comparisons
        ]
        if isinstance(arms, PatientPool):
            rows = [arms.failure[0], *(pair.failure[1] for pair in pairs)]  # type: ignore[union-attr]
            return replace(plan, arms=replace(arms, failure=np.stack(rows)))
        return replace(plan, arms=(pairs[0][0], *(pair[1] for pair in pairs)))  # type: ignore[index]
    worst = float(plan.settings.worst or 0.0)
    if plan.binary:
        control = float(proportions_of(arms)[0])
        require(
            0.0 <= control + worst <= 1.0,
            f"margin: a control arm of {control:g} leaves no room for {worst:+g}",
        )
        return replace(plan, arms=(arms[0], StatedArm(proportion=control + worst)))  # type: ignore[index]
    if isinstance(arms, PatientPool) and arms.pools > 1:  # each of them is to lie at the margin
        parts = [at_margin(replace(plan, arms=part), analysis).arms for part in arms.apart()]
        failure = np.concatenate([part.failure for part in parts], axis=1)  # type: ignore[union-attr]
        return replace(plan, arms=replace(arms, failure=failure))
    of, make = EVERY_ANALYSIS[analysis].of or analysis, _maker(arms)

    def gap(log_factor: float) -> float:
        effect = Assumed(replace(plan, arms=make(float(np.exp(log_factor))))).effect(of)
        if effect is None:  # nearly everybody fails at once, or nobody, so that it has no bound
            return float(np.copysign(LARGEST_LOG_RATIO, log_factor))
        return effect - worst

    least, most = -np.log(LARGEST), np.log(LARGEST)
    ends = gap(0.0 if isinstance(arms, PatientPool) else least), gap(most)
    if isinstance(arms, PatientPool):  # those who fail anyway stay as they are, if that will do
        if ends[0] * ends[1] > 0.0:
            most, ends = 0.0, (gap(least), ends[0])
        else:
            least = 0.0
    said = np.array([ends[0] + worst, ends[1] + worst, worst])
    first, last, got = np.exp(said) if EVERY_ANALYSIS[of].is_ratio else said
    require(
        ends[0] * ends[1] <= 0.0,
        f"margin: no hazard of the event puts the {EVERY_ANALYSIS[of].estimates} at the margin; "
        f"with {np.exp(least):g} and {np.exp(most):g} times the control arm's it is "
        f"{first:.3g} and {last:.3g}, got {got:.3g}",
    )
    factor = float(np.exp(brentq(gap, least, most, xtol=1e-10)))
    return replace(plan, arms=make(factor))


def _maker(arms: Arms) -> Callable[[float], Arms]:
    """Make arms of which the experimental one fails at a multiple of the control arm's hazard."""
    if isinstance(arms, PatientPool):
        times, hazard = _net_hazard(arms.failure[0])
        level = -np.log(Streams(ADDED).uniforms("trial/margin", range(arms.failure.shape[1])))

        def hastened(factor: float) -> PatientPool:
            control = arms.failure[0]
            if factor > 1.0:  # some fail sooner
                place = np.searchsorted(hazard, level / (factor - 1.0), side="left")
                changed = np.minimum(control, np.append(times, np.inf)[place])
            else:  # everyone fails later
                own = np.append(hazard, np.inf)[np.searchsorted(times, control, side="left")]
                place = np.searchsorted(hazard, own / factor, side="left")
                changed = np.append(times, np.inf)[place]
            return replace(arms, failure=np.stack([control, changed]))

        return hastened
    require(isinstance(arms, tuple), "margin: has no test where there is a subgroup")
    control, experimental = groups_of(arms)[0]

    def multiplied(factor: float) -> Arms:
        return (  # type: ignore[return-value]
            LawfulArm(control.failure, control.death),
            LawfulArm(Hastened(control.failure, factor), experimental.death),
        )

    return multiplied


def _net_hazard(failure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative hazard of failures that nothing hides, at their times (Nelson and Aalen)."""
    times = np.sort(failure[np.isfinite(failure)])
    return times, np.cumsum(1.0 / (len(failure) - np.arange(len(times))))
