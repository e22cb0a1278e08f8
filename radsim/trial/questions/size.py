"""The number of patients that reaches a power, by simulation."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.trial.conduct.run import TrialPlan, largest_exact_trial, run_trials
from radsim.trial.proportions.exact_tests import EXACT_TESTS
from radsim.trial.questions.characteristics import (
    Share,
    mc_error,
    no_event_shares,
    rejections,
    share_of,
)
from radsim.vocabulary.mistakes import require

START = 64  # patients to begin with where no formula says better
MOST = 20_000  # patients that are tried at most
FLAT = 0.02  # gain of power from twice the patients below which more are of no use
OFTEN = 0.5  # share of trials from which on what is wrong with them is the reason
NEARBY = 8  # sizes to either side that are tried where the power saws with the number


@dataclass(frozen=True)
class Tried:
    """What trials of one size showed: power, and how many had no event or allowed no test."""

    power: Share
    not_estimable: float
    without_event: float


@dataclass(frozen=True)
class SampleSize:
    """Patients in all that reach a power, or the power that can't be passed.

    Attributes
    ----------
    patients
        The smallest number whose simulated power reaches the target; the largest tried where
        none does.
    power
        Of that number.
    reached
        Whether the target is reached.
    why
        Where it is not: the ceiling and its reason. Empty else.
    tried
        Every number tried with its power, growing.
    lower, upper
        Numbers that the Monte Carlo error (2 standard errors of the power) can't tell from it.
        For a binary endpoint, whose power saws with the number, of the numbers tried.
    """

    patients: int
    power: Share
    reached: bool
    why: str
    tried: tuple[tuple[int, Share], ...]
    lower: int
    upper: int


def sample_size(
    plan: TrialPlan,
    *,
    analysis: str,
    power: float = 0.8,
    trials: int = 4000,
    seed: int,
    workers: int = 1,
    start: int = START,
    most: int = MOST,
) -> SampleSize:
    """Find the number of patients by bracketing, every size on the same random numbers.

    A larger trial holds the smaller one's patients, so that the powers that are compared share
    their luck. The bracket is doubled, then cut at where the power, straightened by the normal
    quantile over the square root of the number, should pass the target.

    Parameters
    ----------
    start
        Where to begin, such as a formula's answer.
    most
        Largest number that is tried.

    Raises
    ------
    ValueError
        If the analysis is not one of the plan's, the power is impossible, or ``most`` is less
        than one block.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan
    >>> arms = StatedArm(control=0.5), StatedArm(control=0.9)
    >>> design = TrialDesign(patients=2, minimum_follow_up=24.0)
    >>> plan = TrialPlan(design=design, arms=arms, analyses=("logrank",))
    >>> found = sample_size(plan, analysis="logrank", trials=400, seed=1)
    >>> found.reached, found.power.value >= 0.8
    (True, True)
    """
    require(0.0 < power < 1.0, f"power must lie between 0 and 1, got {power}")
    require(analysis in plan.analyses, f"{analysis!r} is not one of the plan's analyses")
    step = plan.design.unit
    require(most >= step, f"most must be at least {step}, the smallest trial, got {most}")
    asked = most
    if plan.binary and analysis in EXACT_TESTS:
        most = min(most, largest_exact_trial(plan.design))
    most = max(step, most // step * step)
    known: dict[int, Tried] = {}

    def reached(patients: int) -> Share:
        if patients not in known:
            known[patients] = _try(plan, patients, analysis, trials, seed, workers)
        return known[patients].power

    low, high = _bracket(reached, _whole(start, step, most), step, most, power)
    if high is None:
        reason = _reason(plan, known, low, asked)
        why = (
            f"a power of {power:g} is not reached: {known[low].power.value:.3f} with {low} patients"
        )
        return SampleSize(low, known[low].power, False, f"{why}; {reason}", _all(known), low, low)
    while high - low > step:
        middle = _between(low, high, known, power, step)
        if reached(middle).value >= power:
            high = middle
        else:
            low = middle
        if _close(known, low, high, trials):
            break
    if plan.binary:
        high, lower, upper = _scan(reached, high, step, most, power)
    else:
        lower, upper = _compatible(known[high].power, high, power, step, plan.alpha)
    return SampleSize(high, known[high].power, True, "", _all(known), lower, upper)


def _try(
    plan: TrialPlan, patients: int, analysis: str, trials: int, seed: int, workers: int
) -> Tried:
    only = replace(plan, analyses=(analysis,)).with_patients(patients)
    shown = run_trials(only, trials, seed=seed, workers=workers)
    outcome = shown.outcomes[analysis]
    return Tried(
        share_of(rejections(outcome, plan.alpha), shown.pools),
        float((~outcome.estimable).mean()),
        no_event_shares(shown)["either"].value,
    )


def _all(known: dict[int, Tried]) -> tuple[tuple[int, Share], ...]:
    return tuple((n, known[n].power) for n in sorted(known))


def _bracket(
    reached: Callable[[int], Share], start: int, step: int, most: int, power: float
) -> tuple[int, int | None]:
    """Halve or double until the target lies between two sizes."""
    n = start
    if reached(n).value >= power:
        while n > step:
            smaller = _whole(n / 2, step, most)
            if smaller == n or reached(smaller).value < power:
                return smaller, n
            n = smaller
        return 0, n
    while n < most:
        larger = _whole(2 * n, step, most)
        if reached(larger).value >= power:
            return n, larger
        n = larger
    return n, None


def _between(low: int, high: int, known: dict[int, Tried], power: float, step: int) -> int:
    """Size at which a straight line of probit power over sqrt(n) passes the target."""
    middle = 0.5 * (low + high)
    if low in known:
        at = [_probit(known[n].power.value) for n in (low, high)]
        if at[1] > at[0]:
            share = (_probit(power) - at[0]) / (at[1] - at[0])
            root = np.sqrt(low) + np.clip(share, 0.1, 0.9) * (np.sqrt(high) - np.sqrt(low))
            middle = root**2
    whole = int(np.round(middle / step)) * step
    return int(np.clip(whole, low + step, high - step))


def _close(known: dict[int, Tried], low: int, high: int, trials: int) -> bool:
    """Say whether the error of the power is larger than what the bracket still holds."""
    if low not in known:
        return False
    gap = known[high].power.value - known[low].power.value
    return gap < 0.25 * mc_error(known[high].power.value, trials)


def _scan(
    reached: Callable[[int], Share], patients: int, step: int, most: int, power: float
) -> tuple[int, int, int]:
    """Smallest size near one that reaches the target, and the sizes that can't be told from it."""
    first = max(step, patients - NEARBY * step)
    last = min(most, patients + NEARBY * step)
    powers = {n: reached(n) for n in range(first, last + 1, step)}
    smallest = min(n for n, share in powers.items() if share.value >= power)
    unsure = [
        n
        for n, share in powers.items()
        if abs(share.value - power) <= 2.0 * share.mc_standard_error
    ]
    return smallest, min([smallest, *unsure]), max([smallest, *unsure])


def _compatible(
    share: Share, patients: int, power: float, step: int, alpha: float
) -> tuple[int, int]:
    """Sizes whose power is within two standard errors of the target, by the probit line."""
    limit = float(special.ndtri(1.0 - alpha / 2.0))
    drift = _probit(share.value) + limit
    if drift <= 0.0:
        return patients, patients
    error = 2.0 * share.mc_standard_error
    sizes = []
    for target in (power - error, power + error):
        wanted = max(_probit(target) + limit, 0.0)
        sizes.append(int(np.ceil(patients * (wanted / drift) ** 2 / step) * step))
    return max(min(sizes[0], patients), step), max(sizes[1], patients)


def _probit(p: float) -> float:
    return float(special.ndtri(np.clip(p, 1e-6, 1.0 - 1e-6)))


def _reason(plan: TrialPlan, known: dict[int, Tried], n: int, asked: int) -> str:
    """Why the largest trial that was tried falls short."""
    last = known[n]
    if last.not_estimable >= OFTEN:
        events = f"no event is seen in an arm in {100 * last.without_event:.0f} % of trials"
        cause = f", and {events}" if last.without_event >= OFTEN else ""
        return f"the analysis can't be made in {100 * last.not_estimable:.0f} % of trials{cause}"
    if last.without_event >= OFTEN:
        return f"no event is seen in an arm in {100 * last.without_event:.0f} % of trials"
    if plan.design.event_target is not None:
        return (
            f"the analysis waits for {plan.design.event_target} events however many patients "
            "there are; the power grows with event_target"
        )
    half = known.get(max((k for k in known if k < n), default=n), last)
    if last.power.value - half.power.value < FLAT and last.power.value < OFTEN:
        return (
            "the power hardly grows with the number of patients, so the arms differ too little "
            "in what this analysis compares"
        )
    if n + plan.design.unit <= asked:
        return f"exact tests list every outcome, so no more than {n} can be tried"
    return f"more than the {asked} patients that may be tried would be needed"


def _whole(patients: float, step: int, most: int) -> int:
    return int(np.clip(np.ceil(patients / step) * step, step, most))
