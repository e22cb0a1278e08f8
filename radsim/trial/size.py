"""The number of patients that reaches a power, by simulation."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.distributions import require
from radsim.trial.characteristics import Share, rejections, share_of
from radsim.trial.exact_tests import EXACT_TESTS
from radsim.trial.run import TrialPlan, largest_exact_trial, run_trials

START = 64  # patients to begin with where no formula says better
MOST = 20_000  # patients that are tried at most
FLAT = 0.02  # gain of power from twice the patients below which more are of no use


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
    """

    patients: int
    power: Share
    reached: bool
    why: str
    tried: tuple[tuple[int, float], ...]
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
        If the analysis is not one of the plan's, or the power is impossible.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan
    >>> arms = StatedArm(control=0.5), StatedArm(control=0.9)
    >>> design = TrialDesign(patients=2, minimum_follow_up=24.0)
    >>> plan = TrialPlan(design=design, arms=arms, analyses=("logrank",))
    >>> found = sample_size(plan, analysis="logrank", trials=400, seed=1)
    >>> found.reached, 40 < found.patients < 80
    (True, True)
    """
    require(0.0 < power < 1.0, f"power must lie between 0 and 1, got {power}")
    require(analysis in plan.analyses, f"{analysis!r} is not one of the plan's analyses")
    step = plan.design.block or sum(plan.design.allocation)
    if plan.binary and analysis in EXACT_TESTS:
        most = min(most, largest_exact_trial(plan.design))
    most = max(step, most // step * step)
    known: dict[int, Share] = {}

    def reached(patients: int) -> Share:
        if patients not in known:
            shown = run_trials(_only(plan, patients, analysis), trials, seed=seed, workers=workers)
            known[patients] = share_of(rejections(shown.outcomes[analysis], plan.alpha))
        return known[patients]

    low, high = _bracket(reached, _whole(start, step, most), step, most, power)
    if high is None:
        return _ceiling(known, low, power, most)
    while high - low > step:
        middle = _between(low, high, known, power, step)
        if reached(middle).value >= power:
            high = middle
        else:
            low = middle
        if _close(known, low, high, power):
            break
    lower, upper = _compatible(known, high, power, step)
    tried = tuple((n, known[n].value) for n in sorted(known))
    return SampleSize(high, known[high], True, "", tried, lower, upper)


def _only(plan: TrialPlan, patients: int, analysis: str) -> TrialPlan:
    return replace(plan, analyses=(analysis,)).with_patients(patients)


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


def _between(low: int, high: int, known: dict[int, Share], power: float, step: int) -> int:
    """Size at which a straight line of probit power over sqrt(n) passes the target."""
    middle = 0.5 * (low + high)
    if low in known:
        at = [float(special.ndtri(np.clip(known[n].value, 1e-6, 1 - 1e-6))) for n in (low, high)]
        if at[1] > at[0]:
            share = (float(special.ndtri(power)) - at[0]) / (at[1] - at[0])
            root = np.sqrt(low) + np.clip(share, 0.1, 0.9) * (np.sqrt(high) - np.sqrt(low))
            middle = root**2
    whole = int(np.round(middle / step)) * step
    return int(np.clip(whole, low + step, high - step))


def _close(known: dict[int, Share], low: int, high: int, power: float) -> bool:
    """Say whether the error of the power is larger than what the bracket still holds."""
    if low not in known:
        return False
    gap = known[high].value - known[low].value
    return gap < 0.25 * known[high].mc_standard_error


def _compatible(known: dict[int, Share], patients: int, power: float, step: int) -> tuple[int, int]:
    """Sizes whose power is within two standard errors of the target, by the probit line."""
    share = known[patients]
    drift = float(special.ndtri(min(max(share.value, 1e-6), 1 - 1e-6))) + 1.959964
    if drift <= 0.0:
        return patients, patients
    error = 2.0 * share.mc_standard_error
    sizes = []
    for target in (power - error, power + error):
        wanted = float(special.ndtri(min(max(target, 1e-6), 1 - 1e-6))) + 1.959964
        sizes.append(int(np.ceil(patients * (max(wanted, 0.0) / drift) ** 2 / step) * step))
    return min(sizes[0], patients), max(sizes[1], patients)


def _ceiling(known: dict[int, Share], n: int, power: float, most: int) -> SampleSize:
    share = known[n]
    half = known.get(max((k for k in known if k < n), default=n), share)
    if share.value - half.value < FLAT and share.value < 0.5:
        reason = (
            "the power hardly grows with the number of patients, so the arms differ too little "
            "in what this analysis compares"
        )
    else:
        reason = "more patients than may be tried would be needed"
    why = f"a power of {power:g} is not reached: {share.value:.3f} with {n} patients; {reason}"
    tried = tuple((k, known[k].value) for k in sorted(known))
    return SampleSize(n, share, False, why, tried, n, n)


def _whole(patients: float, step: int, most: int) -> int:
    return int(np.clip(np.ceil(patients / step) * step, step, most))
