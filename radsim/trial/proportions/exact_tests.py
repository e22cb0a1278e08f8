"""Exact tests of two proportions: Fisher, mid-p, Boschloo, Barnard; their size and power."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from radsim.trial.proportions.binary_tests import NORMAL_TESTS, proportion_test
from radsim.trial.proportions.fisher import SAME, fisher_p_value, fisher_table, one_sided_tables
from radsim.trial.proportions.proportions import counts
from radsim.vocabulary.arguments import count, member, open_probability, probability
from radsim.vocabulary.mistakes import require

FISHER_TESTS = ("fisher", "fisher_midp")  # need no more than the observed table
EXACT_TESTS = (*FISHER_TESTS, "boschloo", "barnard")
BINARY_TESTS = (*NORMAL_TESTS, *EXACT_TESTS)
GRID = 512  # values of the nuisance probability that are tried first
ZOOMS = 6  # times that the points about the best of them are drawn together
NEARLY_SURE = 0.999  # a tail as likely as this needs no more digits
TAILS_AT_ONCE = 2048  # so that memory stays small
REFINEMENTS = 60  # steps of golden section, for the size of a test
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
LARGEST = 400  # subjects a group for which every outcome is listed


def exact_p_value(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, *, test: str = "fisher"
) -> np.ndarray:
    r"""Two-sided p value of two proportions without large samples.

    With T a statistic that is small for extreme outcomes, the tests that list every outcome take

    .. math:: p = \max_{0 < \pi < 1} \sum_{T(y) \le T(x)} P_\pi(y)

    and Fisher's the probability given the total of events, which no :math:`\pi` is in.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and subjects of the two groups, shapes (...).
    test
        ``fisher``: probability, given the total of events, of all tables that are at most as
        likely; ``fisher_midp``: the same, with the observed table counted half;
        ``boschloo``: Fisher's one-sided p value as the statistic, its tail maximized over the
        common probability, twice the smaller side; ``barnard``: the pooled z as the statistic,
        both tails, maximized likewise; or one of the normal tests. Fisher's tests take groups
        of any size, the others up to 400.

    Raises
    ------
    ValueError
        If a count is impossible, the test unknown, or a group too large to list all outcomes.

    References
    ----------
    Fisher (1935), J R Stat Soc 98, 39-82; Lancaster (1961), JASA 56, 223-234, for the mid-p;
    Boschloo (1970), Stat Neerl 24, 1-9; Barnard (1947), Biometrika 34, 123-138.

    Examples
    --------
    >>> round(float(exact_p_value(8, 22, 2, 22, test="boschloo")), 9)
    0.039430239
    """
    member("test", test, BINARY_TESTS)
    c = counts(x1, n1, x2, n2)
    if test in FISHER_TESTS:
        return fisher_p_value(c.x1, c.n1, c.x2, c.n2, mid=test == "fisher_midp")
    result = np.empty(c.x1.shape)
    for a, b in np.unique(np.stack([c.n1.ravel(), c.n2.ravel()]), axis=1).T.astype(int):
        here = (c.n1 == a) & (c.n2 == b)
        result[here] = p_values(a, b, test)[c.x1[here].astype(int), c.x2[here].astype(int)]
    return result


@lru_cache(maxsize=1024)
def p_values(n1: int, n2: int, test: str) -> np.ndarray:
    """Two-sided p value of every outcome, shape (n1 + 1, n2 + 1), for any test by its name."""
    require(
        max(n1, n2) <= LARGEST,
        f"{test} lists every outcome, for up to {LARGEST} subjects a group, got {max(n1, n2)}",
    )
    x1, x2 = np.arange(n1 + 1)[:, np.newaxis], np.arange(n2 + 1)[np.newaxis, :]
    if test in NORMAL_TESTS:
        table = proportion_test(x1, n1, x2, n2, test=test).p_value
    elif test in FISHER_TESTS:
        table = fisher_table(n1, n2, mid=test == "fisher_midp")
    elif test == "boschloo":
        more, less = one_sided_tables(n1, n2)
        sides = np.minimum(_worst_tail(more, n1, n2), _worst_tail(less, n1, n2))
        table = np.minimum(2.0 * sides, 1.0)
    else:
        z = np.abs(proportion_test(x1, n1, x2, n2).z)
        table = _worst_tail(-z, n1, n2)
    table.setflags(write=False)
    return table


def rejections(n1: int, n2: int, test: str, alpha: float) -> np.ndarray:
    """Say which outcomes a test rejects, shape (n1 + 1, n2 + 1)."""
    member("test", test, BINARY_TESTS)
    limit = open_probability("alpha", alpha) * (1.0 + SAME)
    return p_values(count("n1", n1, least=1), count("n2", n2, least=1), test) <= limit


def exact_power(p1: float, p2: float, n1: int, n2: int, *, test: str, alpha: float = 0.05) -> float:
    r"""Probability that a test rejects, all outcomes weighed by their probability.

    .. math:: \sum_{p(x_1, x_2) \le \alpha} \binom{n_1}{x_1} p_1^{x_1} (1 - p_1)^{n_1 - x_1}
              \binom{n_2}{x_2} p_2^{x_2} (1 - p_2)^{n_2 - x_2}

    Raises
    ------
    ValueError
        If a proportion or a size is impossible, a group above 400 or the test unknown.

    Examples
    --------
    >>> round(exact_power(0.40, 0.05, 22, 22, test="fisher"), 6)
    0.772902
    """
    check_probabilities(p1=p1, p2=p2)
    rejected = rejections(n1, n2, test, alpha)
    n1, n2 = (size - 1 for size in rejected.shape)
    first, second = binomial_pmf(n1, np.array(p1)), binomial_pmf(n2, np.array(p2))
    return float((first[:, np.newaxis] * second * rejected).sum())


def exact_size(n1: int, n2: int, *, test: str, alpha: float = 0.05) -> float:
    r"""Highest probability to reject when both proportions are equal, whatever they are.

    .. math:: \max_{0 < \pi < 1} \text{power}(\pi, \pi)

    Raises
    ------
    ValueError
        If a size is impossible, a group above 400, the test unknown, or alpha impossible.

    Examples
    --------
    >>> round(exact_size(22, 22, test="fisher"), 6)
    0.024398
    """
    rejected = rejections(n1, n2, test, alpha) * 1.0
    n1, n2 = (size - 1 for size in rejected.shape)
    return _maximize(lambda p: _weigh(rejected, n1, n2, p))


def check_probabilities(**given: float) -> None:
    """Raise ValueError for a probability that is not between 0 and 1."""
    for name, value in given.items():
        check = open_probability if name in ("alpha", "power") else probability
        check(name, value)


def log_ways(n: int, x: np.ndarray) -> np.ndarray:
    """Logarithm of the number of ways to choose x of n."""
    return special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)


def binomial_pmf(n: int, p: np.ndarray) -> np.ndarray:
    """Probability of 0 to n events, shape (*p.shape, n + 1)."""
    x = np.arange(n + 1)
    p = np.asarray(p)[..., np.newaxis]
    return np.exp(log_ways(n, x) + special.xlogy(x, p) + special.xlog1py(n - x, -p))


def _worst_tail(statistic: np.ndarray, n1: int, n2: int) -> np.ndarray:
    """Probability of outcomes with a statistic as small or smaller, at its worst common p.

    The outcomes are ranked; each rank ends one tail. A grid of probabilities finds where a
    tail is likeliest, then three points about the best are moved and drawn together.
    """
    values = statistic.ravel()
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    new = np.ones(len(ranked), bool)
    new[1:] = np.diff(ranked) > SAME * np.maximum(np.abs(ranked[1:]), SAME)
    rank = np.empty(len(values), int)
    rank[order] = np.cumsum(new) - 1
    last = np.append(np.flatnonzero(new)[1:] - 1, len(ranked) - 1)
    rows, columns = np.unravel_index(order, statistic.shape)
    best, where = np.zeros(len(last)), np.zeros(len(last))
    for p in (np.arange(GRID) + 0.5) / GRID:
        first, second = binomial_pmf(n1, np.array(p)), binomial_pmf(n2, np.array(p))
        tail = np.cumsum(first[rows] * second[columns])[last]
        better = tail > best
        best, where = np.where(better, tail, best), np.where(better, p, where)
    unsure = np.flatnonzero(best < NEARLY_SURE)
    joined = rank.reshape(statistic.shape)
    for start in range(0, len(unsure), TAILS_AT_ONCE):
        some = unsure[start : start + TAILS_AT_ONCE]
        best[some] = np.maximum(best[some], _climb_tails(joined, some, where[some], n1, n2))
    return np.minimum(best[rank], 1.0).reshape(statistic.shape)


def _climb_tails(
    joined: np.ndarray, tails: np.ndarray, where: np.ndarray, n1: int, n2: int
) -> np.ndarray:
    """Largest probability of each tail near its best grid point, shape (tails,).

    For a given x1 the outcomes get less extreme up to some x2 and more extreme after it, so a
    tail holds the first few x2 and the last few.
    """
    first_few = np.empty((len(tails), n1 + 1), int)
    last_few = np.empty_like(first_few)
    for x1, row in enumerate(joined):
        middle = int(row.argmax())
        first_few[:, x1] = np.searchsorted(row[:middle], tails, side="right")
        last_few[:, x1] = np.searchsorted(row[middle:][::-1], tails, side="right")

    def probability(p: np.ndarray) -> np.ndarray:
        none = np.zeros((len(p), 1))
        second = binomial_pmf(n2, p)
        below = np.hstack([none, np.cumsum(second, axis=1)])
        above = np.hstack([none, np.cumsum(second[:, ::-1], axis=1)])
        ends = np.take_along_axis(below, first_few, 1) + np.take_along_axis(above, last_few, 1)
        return (binomial_pmf(n1, p) * ends).sum(axis=1)

    step = np.full(len(tails), 1.0 / GRID)
    best = probability(where)
    for _ in range(ZOOMS):
        sides = [np.clip(where + s * step, 0.0, 1.0) for s in (-1.0, 1.0)]
        at_sides = [probability(p) for p in sides]
        curvature = at_sides[0] - 2.0 * best + at_sides[1]
        shift = 0.5 * (at_sides[0] - at_sides[1]) / np.where(curvature < 0.0, curvature, -1.0)
        vertex = np.clip(where + np.clip(shift, -1.0, 1.0) * step, 0.0, 1.0)
        tries = zip((*sides, vertex), (*at_sides, probability(vertex)), strict=True)
        for p, value in tries:
            better = value > best
            where, best = np.where(better, p, where), np.where(better, value, best)
        step = step / 4.0
    return best


def _weigh(region: np.ndarray, n1: int, n2: int, p: np.ndarray) -> np.ndarray:
    """Probability of a region of outcomes at common probabilities, shape of p."""
    return np.einsum("...i,ij,...j->...", binomial_pmf(n1, p), region, binomial_pmf(n2, p))


def _maximize(function: Callable[[np.ndarray], np.ndarray]) -> float:
    """Largest value over (0, 1): the best of a grid, then golden section about it."""
    grid = (np.arange(4 * GRID) + 0.5) / (4 * GRID)
    values = function(grid)
    return max(float(values.max()), _climb(function, float(grid[values.argmax()])))


def _climb(function: Callable[[np.ndarray], np.ndarray], start: float) -> float:
    """Golden-section search for a maximum near a point of the grid."""
    low, high = max(start - 1.0 / GRID, 0.0), min(start + 1.0 / GRID, 1.0)
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = float(function(np.array(left))), float(function(np.array(right)))
    for _ in range(REFINEMENTS):
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = float(function(np.array(left)))
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = float(function(np.array(right)))
    return max(at_left, at_right)
