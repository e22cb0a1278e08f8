"""The number of patients that reaches a power, by simulation."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.trial.conduct.run import TrialPlan, largest_exact_trial, run_trials
from radsim.trial.proportions.exact_tests import EXACT_TESTS
from radsim.trial.questions.characteristics import (
    Power,
    Share,
    mc_error,
    no_event_shares,
)
from radsim.trial.questions.direction import better_by
from radsim.trial.questions.dunnett import power_of_comparisons
from radsim.trial.questions.testing import power_within
from radsim.vocabulary.mistakes import require

START = 64  # patients to begin with
MOST = 20_000  # patients that are tried at most
FLAT = 0.02  # gain of power from twice the patients below which more are of no use
OFTEN = 0.5  # share of trials from which on what is wrong with them is the reason
NEARBY = 8  # sizes to either side that are tried where the power saws with the number
SURE = 2.0  # standard errors of a power beyond which it is told from the target
CLEARLY_LARGER = 1.5  # times a size, from which on the power of a trial that gains is told from it
PEAK = (0.6, 0.8, 1.25, 1.6)  # of the best size, tried too where larger trials show less


@dataclass(frozen=True)
class Tried:
    """What trials of one size showed; ``without_event`` is the share with no event in an arm."""

    shown: Power
    without_event: float

    @property
    def power(self) -> Share:
        """Share that reject."""
        return self.shown.rejected

    @property
    def not_tested(self) -> float:
        """Share whose data do not allow the test."""
        return self.shown.not_tested.value


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
        Where it is not, or where the power stops growing at it: the ceiling and its reason. Empty
        else.
    lower, upper
        Numbers that the Monte Carlo error (2 standard errors of the power) can't tell from it.
        For a binary endpoint, whose power saws with the number, of the numbers tried. Where the
        power stops growing at the target, the smallest and the largest number tried that can't
        be told from it.
    each
        Every number tried, growing, with what its trials showed.
    """

    patients: int
    power: Share
    reached: bool
    why: str
    lower: int
    upper: int
    each: tuple[tuple[int, Power], ...]

    @property
    def tried(self) -> tuple[tuple[int, Share], ...]:
        """Every number tried with its power, growing."""
        return tuple((n, shown.rejected) for n, shown in self.each)

    @property
    def better(self) -> str:
        """The arm that trials of this number are in favor of; see `better_by`."""
        return better_by(dict(self.each)[self.patients])


def sample_size(
    plan: TrialPlan,
    *,
    analysis: str,
    power: float = 0.8,
    trials: int = 4000,
    seed: int,
    workers: int = 1,
    start: int | None = None,
    most: int = MOST,
    higher_is_better: bool | None = None,
    success: str = "any",
    within: str = "",
) -> SampleSize:
    """Find the number of patients by bracketing, every size on the same random numbers.

    A larger trial holds the smaller one's patients, so that the powers that are compared share
    their luck. From 64 patients the number is doubled (or halved) until the power is surely above
    the target, then cut at where the power, straightened by the normal quantile over the square
    root of the number, should pass the target. Where doubling it does not bring the power surely
    above the target, the power has stopped growing there: then the answer is the smallest number
    that can't be told from the target, and why the power stops is said.

    Parameters
    ----------
    start
        A number to try too, such as a formula's answer; it does not change what is found.
    most
        Largest number that is tried.
    higher_is_better
        Whether more of a binary endpoint is good, if that is known.
    success
        Where a trial compares several things: whether ``any`` or ``all`` comparisons must reject.
    within
        Of a plan with several hypotheses: the one whose power in the procedure is meant, ``all``
        or ``any``; that of the analysis by itself unless given.

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
    while most > step and not plan.design.fits(most):
        most -= step

    def attempt(patients: int) -> Tried:
        only = replace(plan, analyses=(analysis,)).with_patients(patients)
        if within:
            shown = run_trials(only, trials, seed=seed, workers=workers)
            return Tried(power_within(only, shown, within), no_event_shares(shown)["either"].value)
        reached, without_event = power_of_comparisons(
            only,
            analysis,
            success=success,
            trials=trials,
            seed=seed,
            workers=workers,
            higher_is_better=higher_is_better,
        )
        return Tried(reached, without_event)

    search = _Search(attempt, step, most, power, trials)
    below, first = search.bracket()
    if first is None:
        return _unreached(plan, search, asked, start)
    levels = search.levels(first)
    test = search.near if levels else search.above
    patients = search.smallest(below, first, test, halve=levels)
    why = ""
    if levels:
        alike = [n for n in search.known if n >= patients and search.near(n)]
        lower, upper = patients, max(alike)
        larger = [n for n in alike if n >= CLEARLY_LARGER * patients] or [patients]
        level = np.mean([search.value(n) for n in larger])
        why = (
            f"the power stops growing near {level:.3f} ({_ceiling(plan, search)}); {patients} is "
            f"the smallest number that can't be told from {power:g}"
        )
    elif plan.binary:
        patients, lower, upper = search.scan(patients)
    else:
        lower, upper = search.compatible(patients)
    return search.result(patients, start, why=why, reached=True, lower=lower, upper=upper)


def _unreached(plan: TrialPlan, search: "_Search", asked: int, start: int | None) -> SampleSize:
    """Say which power can't be passed, and why."""
    last = max(search.known)
    best = search.best()
    power = search.known[best].power
    why = (
        f"a power of {search.power:g} is not reached: {power.value:.3f} "
        f"(± {power.mc_standard_error:.3f}) with {best} patients; "
        f"{_reason(plan, search, last, asked)}"
    )
    return search.result(best, start, why=why, reached=False, lower=best, upper=best)


class _Search:
    """Sizes that were tried, and what their power says of the target."""

    def __init__(
        self,
        attempt: Callable[[int], Tried],
        step: int,
        most: int,
        power: float,
        trials: int,
    ) -> None:
        self.attempt, self.step, self.most, self.power = attempt, step, most, power
        self.error = mc_error(power, trials)
        self.known: dict[int, Tried] = {}

    def value(self, patients: int) -> float:
        """Power of a size, which is tried once."""
        if patients not in self.known:
            self.known[patients] = self.attempt(patients)
        return self.known[patients].power.value

    def gap(self, patients: int) -> float:
        """Standard errors by which the power is above the target."""
        value = self.value(patients)
        return (value - self.power) / max(self.error, self.known[patients].power.mc_standard_error)

    def above(self, patients: int) -> bool:
        """Whether the power reaches the target."""
        return self.value(patients) >= self.power

    def near(self, patients: int) -> bool:
        """Whether the power reaches the target or can't be told from it."""
        return self.gap(patients) >= -SURE

    def surely(self, patients: int) -> bool:
        """Whether the power is surely above the target."""
        return self.gap(patients) > SURE

    def whole(self, patients: float) -> int:
        """Round up to a size that can be tried."""
        return int(np.clip(np.ceil(patients / self.step) * self.step, self.step, self.most))

    def best(self) -> int:
        """Size with the highest power, the smallest of those that can't be told from it."""
        highest = max(tried.power.value for tried in self.known.values())
        return min(
            n for n, tried in self.known.items() if tried.power.value >= highest - SURE * self.error
        )

    def bracket(self) -> tuple[int, int | None]:
        """Find neighbors between which the power passes the target; 0 below the smallest trial.

        The second is the first size that reaches the target or, where the power levels off there,
        that can't be told from it; None where there is none.
        """
        n = self.whole(START)
        while self.near(n) and n > self.step:
            n = self.whole(n / 2.0)
        while not self.surely(n) and n < self.most and not self._has_levelled(n):
            n = self.whole(2.0 * n)
        self._look_around_peak()
        sizes = sorted(self.known)
        test = self.above if any(self.surely(size) for size in sizes) else self.near
        first = next((size for size in sizes if test(size)), None)
        if first is None or not (self.levels(first) or self.above(first)):
            return max(sizes), None
        smaller = [size for size in sizes if size < first]
        return (smaller[-1] if smaller else 0), first

    def levels(self, first: int) -> bool:
        """Whether no larger size is surely above the target, though there is one to say so."""
        larger = [n for n in self.known if n >= CLEARLY_LARGER * first]
        return bool(larger) and not any(self.surely(n) for n in self.known)

    def _has_levelled(self, n: int) -> bool:
        """Whether sizes four times as far apart can both not be told from the target."""
        return self.near(n) and any(m <= n / 4.0 and self.near(m) for m in self.known)

    def _look_around_peak(self) -> None:
        """Try sizes about the best one, where larger trials have less power."""
        peak = max(self.known, key=self.value)
        lower = [n for n in self.known if n > peak and self.value(n) < self.value(peak)]
        fallen = any(self.value(peak) - self.value(n) > 2.0 * SURE * self.error for n in lower)
        if fallen and not self.surely(peak):
            for factor in PEAK:
                self.value(self.whole(factor * peak))

    def smallest(
        self, low: int, high: int, test: Callable[[int], bool], *, halve: bool = False
    ) -> int:
        """Cut a bracket until its ends are neighbors, or closer than their powers tell."""
        while high - low > self.step:
            middle = self._between(low, high)
            if halve:
                middle = min(self.whole(0.5 * (low + high)), high - self.step)
            if test(middle):
                high = middle
            else:
                low = middle
            if low in self.known and self.value(high) - self.value(low) < 0.25 * self.error:
                break
        return high

    def _between(self, low: int, high: int) -> int:
        """Size at which a straight line of probit power over sqrt(n) passes the target."""
        middle = 0.5 * (low + high)
        if low in self.known:
            at = [_probit(self.value(n)) for n in (low, high)]
            if at[1] > at[0]:
                share = (_probit(self.power) - at[0]) / (at[1] - at[0])
                root = np.sqrt(low) + np.clip(share, 0.1, 0.9) * (np.sqrt(high) - np.sqrt(low))
                middle = root**2
        whole = int(np.round(middle / self.step)) * self.step
        return int(np.clip(whole, low + self.step, high - self.step))

    def scan(self, patients: int) -> tuple[int, int, int]:
        """Smallest size near one that reaches the target, and those that can't be told from it."""
        first = max(self.step, patients - NEARBY * self.step)
        last = min(self.most, patients + NEARBY * self.step)
        sizes = range(first, last + 1, self.step)
        smallest = min(n for n in sizes if self.above(n))
        unsure = [n for n in sizes if abs(self.gap(n)) <= SURE]
        return smallest, min([smallest, *unsure]), max([smallest, *unsure])

    def compatible(self, patients: int) -> tuple[int, int]:
        """Sizes whose power is within two standard errors of the target.

        Read off straight lines of probit power over sqrt(n) between the sizes that were tried.
        """
        reach = SURE * max(self.error, self.known[patients].power.mc_standard_error)
        sizes = sorted(self.known)
        roots = np.sqrt(np.array(sizes, float))
        rising = np.maximum.accumulate([_probit(self.value(n)) for n in sizes])

        def at(power: float) -> int:
            after = int(np.searchsorted(rising, _probit(power)))
            if after in (0, len(sizes)):
                return patients
            share = (_probit(power) - rising[after - 1]) / (rising[after] - rising[after - 1])
            root = roots[after - 1] + share * (roots[after] - roots[after - 1])
            return self.whole(float(root) ** 2 - 1e-9)

        return min(at(self.power - reach), patients), max(at(self.power + reach), patients)

    def result(
        self, patients: int, start: int | None, *, why: str, reached: bool, lower: int, upper: int
    ) -> SampleSize:
        """Put an answer together, with the size that was to be tried too."""
        if start is not None:
            self.value(self.whole(start))
        each = tuple((n, self.known[n].shown) for n in sorted(self.known))
        power = self.known[patients].power
        return SampleSize(patients, power, reached, why, lower, upper, each)


def _probit(p: float) -> float:
    return float(special.ndtri(np.clip(p, 1e-6, 1.0 - 1e-6)))


def _ceiling(plan: TrialPlan, search: _Search) -> str:
    """Why more patients do not raise the power."""
    target = plan.design.event_target
    last = search.known[max(search.known)]
    if target is not None and last.not_tested > 1.0 - OFTEN:
        return (
            f"the analysis waits for {target} events: with more patients they come sooner, and "
            "nobody is watched for as long as it needs"
        )
    if target is not None:
        return (
            f"the analysis waits for {target} events however many patients there are; the power "
            "grows with event_target"
        )
    if last.not_tested > FLAT:
        return (
            f"the analysis can't be made in {100 * last.not_tested:.0f} % of trials, so few are "
            "watched for as long as it needs"
        )
    return f"{_too_alike(plan)} for more patients to show it"


def _too_alike(plan: TrialPlan) -> str:
    """What the arms lack where a trial of any size shows little."""
    if plan.settings.worst is not None:
        return "the experimental arm lies too near the margin, or at it or beyond it,"
    return "the arms differ too little in what this analysis compares"


def _reason(plan: TrialPlan, search: _Search, n: int, asked: int) -> str:
    """Why the largest trial that was tried falls short."""
    known = search.known
    last = known[n]
    best = search.best()
    stops = f"; from {best} patients on it grows no more" if 2 * best <= n else ""
    waits = plan.design.event_target is not None
    unmade = f"the analysis can't be made in {100 * last.not_tested:.0f} % of trials"
    unseen = f"no event is seen in an arm in {100 * last.without_event:.0f} % of trials"
    if last.not_tested >= OFTEN and (not waits or known[best].not_tested >= OFTEN):
        return f"{unmade}, and {unseen}" if last.without_event >= OFTEN else unmade
    if last.without_event >= OFTEN and not waits:
        return unseen
    if waits:
        return _ceiling(plan, search) + stops
    half = known.get(max((k for k in known if k < n), default=n), last)
    if last.power.value - half.power.value < FLAT and last.power.value < OFTEN:
        return (
            "the power hardly grows with the number of patients, so "
            f"{_too_alike(plan).rstrip(',')}{stops}"
        )
    if n + plan.design.unit <= asked and not plan.design.fits(n + plan.design.unit):
        return f"no more than {n} patients enter before the trial must end, at this rate of accrual"
    if n + plan.design.unit <= asked:
        return f"exact tests list every outcome, so no more than {n} can be tried"
    return f"more than the {asked} patients that may be tried would be needed"
