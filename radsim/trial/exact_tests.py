"""Exact tests of two proportions: Fisher, mid-p, Boschloo, Barnard; their size and power."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from radsim.distributions import require
from radsim.trial.binary_tests import NORMAL_TESTS, proportion_test
from radsim.trial.proportions import counts

EXACT_TESTS = ("fisher", "fisher_midp", "boschloo", "barnard")
BINARY_TESTS = (*NORMAL_TESTS, *EXACT_TESTS)
SAME = 1e-9  # relative gap up to which two outcomes are equally extreme
GRID = 512  # values of the nuisance probability that are tried first
ZOOMS = 6  # times that the points about the best of them are drawn together
NEARLY_SURE = 0.999  # a tail as likely as this needs no more digits
TAILS_AT_ONCE = 2048  # so that memory stays small
REFINEMENTS = 60  # steps of golden section, for the size of a test
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
LARGEST = 400  # subjects a group for which every outcome is listed


def exact_p_value(
    x1: ArrayLike, n1: int, x2: ArrayLike, n2: int, *, test: str = "fisher"
) -> np.ndarray:
    """Two-sided p value of two proportions without large samples.

    Parameters
    ----------
    x1, x2
        Events in the two groups, shapes (...).
    n1, n2
        Subjects of the groups.
    test
        ``fisher``: probability, given the total of events, of all tables that are at most as
        likely; ``fisher_midp``: the same, with the observed table counted half;
        ``boschloo``: Fisher's one-sided p value as the statistic, its tail maximized over the
        common probability, twice the smaller side; ``barnard``: the pooled z as the statistic,
        both tails, maximized likewise.

    Raises
    ------
    ValueError
        If a count is impossible, the test unknown, or a group too large to list all outcomes.

    References
    ----------
    Fisher (1935); Boschloo (1970), Stat Neerl 24, 1-9; Barnard (1947), Biometrika 34, 123-138.

    Examples
    --------
    >>> round(float(exact_p_value(8, 22, 2, 22, test="boschloo")), 9)
    0.039430239
    """
    c = counts(x1, n1, x2, n2)
    table = p_values(int(c.n1.flat[0]), int(c.n2.flat[0]), test)
    return table[c.x1.astype(int), c.x2.astype(int)]


@lru_cache(maxsize=1024)
def p_values(n1: int, n2: int, test: str) -> np.ndarray:
    """Two-sided p value of every outcome, shape (n1 + 1, n2 + 1), for any test by its name."""
    require(test in BINARY_TESTS, f"test must be one of {', '.join(BINARY_TESTS)}, got {test!r}")
    require(min(n1, n2) >= 1, f"each group needs 1 subject or more, got {n1} and {n2}")
    require(max(n1, n2) <= LARGEST, f"exact tests list outcomes up to {LARGEST} subjects a group")
    x1, x2 = np.arange(n1 + 1)[:, np.newaxis], np.arange(n2 + 1)[np.newaxis, :]
    if test in NORMAL_TESTS:
        table = proportion_test(x1, n1, x2, n2, test=test).p_value
    elif test == "fisher":
        table = _fisher(n1, n2)
    elif test == "fisher_midp":
        table = _fisher(n1, n2) - 0.5 * _hypergeometric(n1, n2)
    elif test == "boschloo":
        more, less = _fisher_one_sided(n1, n2)
        sides = np.minimum(_worst_tail(more, n1, n2), _worst_tail(less, n1, n2))
        table = np.minimum(2.0 * sides, 1.0)
    else:
        z = np.abs(proportion_test(x1, n1, x2, n2).z)
        table = _worst_tail(-z, n1, n2)
    table.setflags(write=False)
    return table


def exact_power(p1: float, p2: float, n1: int, n2: int, *, test: str, alpha: float = 0.05) -> float:
    """Probability that a test rejects, all outcomes weighed by their probability.

    Examples
    --------
    >>> round(exact_power(0.40, 0.05, 22, 22, test="fisher"), 6)
    0.772902
    """
    check_probabilities(p1=p1, p2=p2, alpha=alpha)
    rejected = p_values(n1, n2, test) <= alpha * (1.0 + SAME)
    first, second = binomial_pmf(n1, np.array(p1)), binomial_pmf(n2, np.array(p2))
    return float((first[:, np.newaxis] * second * rejected).sum())


def exact_size(n1: int, n2: int, *, test: str, alpha: float = 0.05) -> float:
    """Highest probability to reject when both proportions are equal, whatever they are.

    Examples
    --------
    >>> round(exact_size(22, 22, test="fisher"), 6)
    0.024398
    """
    check_probabilities(alpha=alpha)
    rejected = (p_values(n1, n2, test) <= alpha * (1.0 + SAME)) * 1.0
    return float(_maximize(lambda p: _weigh(rejected, n1, n2, p), np.zeros(1))[0])


def check_probabilities(**given: float) -> None:
    """Raise ValueError for a probability that is not between 0 and 1."""
    for name, value in given.items():
        inside = 0.0 < value < 1.0 if name in ("alpha", "power") else 0.0 <= value <= 1.0
        require(inside, f"{name} must lie between 0 and 1, got {value}")


def binomial_pmf(n: int, p: np.ndarray) -> np.ndarray:
    """Probability of 0 to n events, shape (*p.shape, n + 1)."""
    x = np.arange(n + 1)
    log_ways = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    p = np.asarray(p)[..., np.newaxis]
    return np.exp(log_ways + special.xlogy(x, p) + special.xlog1py(n - x, -p))


def _hypergeometric(n1: int, n2: int) -> np.ndarray:
    """Probability of each outcome given its total of events, shape (n1 + 1, n2 + 1)."""
    x1, x2 = np.arange(n1 + 1)[:, np.newaxis], np.arange(n2 + 1)[np.newaxis, :]
    total = x1 + x2

    def log_ways(n: int, x: np.ndarray) -> np.ndarray:
        return special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)

    return np.exp(log_ways(n1, x1) + log_ways(n2, x2) - log_ways(n1 + n2, total))


def _fisher(n1: int, n2: int) -> np.ndarray:
    probability = _hypergeometric(n1, n2)
    result = np.empty_like(probability)
    for total in range(n1 + n2 + 1):
        x1 = np.arange(max(0, total - n2), min(n1, total) + 1)
        p = probability[x1, total - x1]
        at_most_as_likely = p <= p[:, np.newaxis] * (1.0 + SAME)
        result[x1, total - x1] = np.minimum(np.where(at_most_as_likely, p, 0.0).sum(axis=1), 1.0)
    return result


def _fisher_one_sided(n1: int, n2: int) -> tuple[np.ndarray, np.ndarray]:
    """Probability, given the total, of as many events in the first group or more; or fewer."""
    probability = _hypergeometric(n1, n2)
    more, less = np.empty_like(probability), np.empty_like(probability)
    for total in range(n1 + n2 + 1):
        x1 = np.arange(max(0, total - n2), min(n1, total) + 1)
        p = probability[x1, total - x1]
        less[x1, total - x1] = np.cumsum(p)
        more[x1, total - x1] = np.cumsum(p[::-1])[::-1]
    return more, less


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


def _maximize(function, start: np.ndarray) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Largest value over (0, 1): the best of a grid, then golden section about it."""
    grid = (np.arange(4 * GRID) + 0.5) / (4 * GRID)
    values = function(grid)
    return start + max(values.max(), _climb(function, float(grid[values.argmax()])))


def _climb(function, start: float) -> float:  # type: ignore[no-untyped-def]
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
