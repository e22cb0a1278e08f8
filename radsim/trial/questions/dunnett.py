"""Several comparisons of one trial at a level that keeps the trial's own (Dunnett)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special
from scipy.optimize import brentq

from radsim.trial.conduct.analyses import AGAINST_MARGIN, Outcome
from radsim.trial.conduct.run import Shown, TrialPlan, run_comparisons
from radsim.trial.proportions.exact_tests import BINARY_TESTS
from radsim.trial.questions.characteristics import (
    Power,
    Share,
    in_favor,
    no_event_shares,
    power_of,
    rejections,
    share_of,
)
from radsim.trial.questions.nulls import AT_MARGIN, under_null
from radsim.vocabulary.arguments import open_probability
from radsim.vocabulary.mistakes import require

SUCCESSES: dict[str, np.ufunc] = {"any": np.logical_or, "all": np.logical_and}
POINTS = 2**13  # at which a probability of correlated statistics is worked out
LARGEST = 12.0  # limit of a statistic that is looked for
NULL_TRIALS = 4000  # from which the correlation is taken at each size of a search
TINY = 1e-15
ROUNDING = 1e-10  # of a correlation


@dataclass(frozen=True)
class Level:
    """Level of each comparison of a family.

    Attributes
    ----------
    correlation
        Of the statistics where the null is true, shape (comparison, comparison).
    limit
        That the largest statistic passes with the level of the trial.
    each
        Two-sided level of each comparison; for tests against a margin twice the one-sided one.
    """

    correlation: np.ndarray
    limit: float
    each: float


@dataclass(frozen=True)
class Joint:
    """One analysis over all comparisons of a trial.

    Attributes
    ----------
    any, all
        Share of trials that reject in one comparison at least, and in every one.
    type_one
        Share that reject in any where the null is true in each: the familywise error.
    """

    analysis: str
    level: Level
    any: Share
    all: Share
    type_one: Share


def level_of(under_null: Sequence[Shown], analysis: str, alpha: float) -> Level:
    """Level of each comparison that keeps a two-sided level of the trial.

    The statistics are taken as normal, with the correlation that they have in trials in which the
    null is true: Dunnett's limit, for any analysis, allocation and follow-up.

    Parameters
    ----------
    under_null
        The same trials, comparison by comparison.

    References
    ----------
    Dunnett (1955), J Am Stat Assoc 50, 1096-1121.
    """
    outcomes = [shown.outcomes[analysis] for shown in under_null]
    if len(outcomes) == 1:
        return Level(np.ones((1, 1)), float(special.ndtri(1.0 - alpha / 2.0)), alpha)
    one_sided = analysis in AGAINST_MARGIN.values()
    correlation = _correlation([_statistic(analysis, outcome) for outcome in outcomes])
    limit = limit_of(correlation, alpha, one_sided=one_sided)
    return Level(correlation, limit, float(2.0 * special.ndtr(-limit)))


def limit_of(correlation: np.ndarray, alpha: float, *, one_sided: bool = False) -> float:
    """Limit that the largest of some correlated normal statistics passes with probability alpha.

    Parameters
    ----------
    one_sided
        Take the statistics by their sign, at half of alpha; else by their size.

    Raises
    ------
    ValueError
        If these are no correlations, or alpha is not between 0 and 1.

    Examples
    --------
    >>> half = np.array([[1.0, 0.5], [0.5, 1.0]])  # two arms against a control arm as large
    >>> round(limit_of(half, 0.05), 3), round(limit_of(half, 0.05, one_sided=True), 3)
    (2.212, 2.212)
    """
    correlation = np.asarray(correlation, float)
    square = correlation.ndim == 2 and correlation.shape[0] == correlation.shape[1]
    require(
        square
        and bool(np.isfinite(correlation).all())
        and np.allclose(correlation, correlation.T)
        and np.allclose(correlation.diagonal(), 1.0)
        and np.linalg.eigvalsh(correlation).min() > -ROUNDING,
        f"correlation must be that of some statistics, got {correlation.tolist()}",
    )
    open_probability("alpha", alpha)
    inside = 1.0 - (alpha / 2.0 if one_sided else alpha)

    def gap(limit: float) -> float:
        return probability_within(-np.inf if one_sided else -limit, limit, correlation) - inside

    return float(brentq(gap, 0.0, LARGEST, xtol=1e-9))


def probability_within(lower: float, upper: float, correlation: np.ndarray) -> float:
    """Probability that every one of some correlated normal statistics lies between two numbers.

    By conditioning on one statistic after the other, at the points of a lattice.

    References
    ----------
    Genz (1992), J Comput Graph Stat 1, 141-149.

    Examples
    --------
    >>> round(probability_within(-np.inf, 0.0, np.array([[1.0, 0.5], [0.5, 1.0]])), 4)  # 1/4 + 1/12
    0.3333
    """
    root = np.linalg.cholesky(_positive(correlation))
    number = len(root)
    steps = np.arange(1, POINTS + 1)[:, np.newaxis] * np.sqrt(_primes(number - 1))
    points = np.abs(2.0 * (steps % 1.0) - 1.0)  # folded, so that the ends are smooth
    drawn = np.zeros((POINTS, number))
    share = np.ones(POINTS)
    for place in range(number):
        shift = drawn[:, :place] @ root[place, :place]
        low, high = (special.ndtr((end - shift) / root[place, place]) for end in (lower, upper))
        share = share * (high - low)
        if place < number - 1:
            u = np.clip(low + points[:, place] * (high - low), TINY, 1.0 - TINY)
            drawn[:, place] = special.ndtri(u)
    return float(share.mean())


def joint_of(
    analysis: str, level: Level, shown: Sequence[Shown], under_null: Sequence[Shown]
) -> Joint:
    """Count the trials that reject in any comparison, and in all of them."""
    pools = shown[0].pools
    rejected = _rejected(analysis, level, shown)
    null = _rejected(analysis, level, under_null)
    return Joint(
        analysis,
        level,
        share_of(np.logical_or.reduce(rejected), pools),
        share_of(np.logical_and.reduce(rejected), pools),
        share_of(np.logical_or.reduce(null), pools),
    )


def power_of_comparisons(
    plan: TrialPlan,
    analysis: str,
    *,
    success: str,
    trials: int,
    seed: int,
    workers: int = 1,
    higher_is_better: bool | None = None,
) -> tuple[Power, float]:
    """Simulate the power to succeed in any or all comparisons, and the share without an event."""
    only = replace(plan, analyses=(analysis,))
    options = {"seed": seed, "workers": workers}
    shown = run_comparisons(only, plan.comparisons, trials, **options)
    without = max(no_event_shares(each)["either"].value for each in shown)
    if len(shown) == 1:
        return power_of(analysis, shown[0], plan.alpha, higher_is_better=higher_is_better), without
    null = AT_MARGIN if analysis in AGAINST_MARGIN.values() else "no_difference"
    alike = run_comparisons(
        under_null(only, null), plan.comparisons, min(trials, NULL_TRIALS), **options
    )
    level = level_of(alike, analysis, plan.alpha)
    each = [power_of(analysis, s, level.each, higher_is_better=higher_is_better) for s in shown]
    counted, pools = SUCCESSES[success].reduce, shown[0].pools
    favorable = None
    if each[0].favorable is not None:
        good = _in_favor(analysis, level, shown, higher_is_better)
        favorable = share_of(counted(good), pools)
    untested = np.array([~s.outcomes[analysis].tested for s in shown])
    power = replace(
        each[0],
        rejected=share_of(counted(_rejected(analysis, level, shown)), pools),
        favorable=favorable,
        not_tested=share_of(np.logical_and.reduce(untested), pools),
    )
    return power, without


def _in_favor(
    analysis: str, level: Level, shown: Sequence[Shown], higher_is_better: bool | None
) -> np.ndarray:
    good = [
        in_favor(analysis, s.outcomes[analysis], level.each, higher_is_better=higher_is_better)
        for s in shown
    ]
    return np.array(good)


def _rejected(analysis: str, level: Level, shown: Sequence[Shown]) -> np.ndarray:
    """Which trials reject in which comparison, shape (comparison, trial)."""
    return np.array([rejections(each.outcomes[analysis], level.each) for each in shown])


def _statistic(analysis: str, outcome: Outcome) -> np.ndarray:
    """Normal statistic of each trial, no number without a test; of binary tests by p value."""
    z = outcome.statistic
    if analysis not in BINARY_TESTS:
        return z
    return np.sign(z) * -special.ndtri(np.clip(outcome.p_value / 2.0, TINY, 0.5))


def _correlation(statistics: Sequence[np.ndarray]) -> np.ndarray:
    """Correlation over the trials that give every statistic; none where too few do."""
    rows = np.array(statistics)
    both = np.isfinite(rows).all(axis=0)
    varies = both.sum() > 2 and bool((rows[:, both].std(axis=1) > 0.0).all())
    return np.corrcoef(rows[:, both]) if varies else np.eye(len(rows))


def _positive(correlation: np.ndarray) -> np.ndarray:
    """The correlation, a hair's breadth from statistics that are all the same."""
    return correlation + 1e-9 * np.eye(len(correlation))


def _primes(number: int) -> np.ndarray:
    candidates = np.arange(2, 200)
    prime = [n for n in candidates if (n % np.arange(2, n) != 0).all()]
    return np.array(prime[:number], float)
