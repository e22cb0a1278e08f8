"""Fisher's exact test and its mid-p: the tables of counts that have the observed totals."""

import numpy as np

SAME = 1e-9  # relative gap up to which two tables are equally likely


def given_total(n1: int, n2: int, total: int) -> tuple[int, np.ndarray]:
    r"""Probability of each x1 given the total of events, and the smallest x1 there is.

    .. math:: P(x_1) = \binom{n_1}{x_1} \binom{n_2}{t - x_1} \Big/ \binom{n_1 + n_2}{t}

    The likeliest x1 gets 1, the others follow by the ratios of neighbours, and the sum is made 1,
    so the digits hold however large the groups are.

    Examples
    --------
    >>> given_total(2, 2, 2)[1] * 6
    array([1., 4., 1.])
    """
    lowest, highest = max(0, total - n2), min(n1, total)
    x = np.arange(lowest, highest, dtype=float)
    ratio = (n1 - x) * (total - x) / ((x + 1.0) * (n2 - total + x + 1.0))
    mode = int(np.count_nonzero(ratio >= 1.0))
    down, up = np.cumprod(1.0 / ratio[:mode][::-1])[::-1], np.cumprod(ratio[mode:])
    weights = np.concatenate([down, [1.0], up])
    return lowest, weights / weights.sum()


def two_sided(probability: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Probability of all tables that are at most as likely as those at some places."""
    ranked = np.sort(probability)
    below = np.searchsorted(ranked, probability[places] * (1.0 + SAME), side="right")
    return np.minimum(np.cumsum(ranked)[below - 1], 1.0)


def fisher_p_value(
    x1: np.ndarray, n1: np.ndarray, x2: np.ndarray, n2: np.ndarray, *, mid: bool = False
) -> np.ndarray:
    """Two-sided p value of each table of counts; with ``mid`` the observed one counts half.

    Examples
    --------
    >>> one = np.array([1]), np.array([2]), np.array([1]), np.array([2])
    >>> fisher_p_value(*one, mid=True)  # 1, less half of 2/3
    array([0.66666667])
    """
    margins, which = np.unique(
        np.stack([np.ravel(v) for v in (n1, n2, x1 + x2)]), axis=1, return_inverse=True
    )
    first, result = np.ravel(x1), np.empty(x1.size)
    for number, (a, b, total) in enumerate(margins.T.astype(int)):
        here = np.ravel(which) == number
        lowest, probability = given_total(a, b, total)
        places = first[here].astype(int) - lowest
        result[here] = two_sided(probability, places) - 0.5 * mid * probability[places]
    return result.reshape(x1.shape)


def outcomes_given_total(n1: int, n2: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """List x1, x2 and their probability for each total of events, from 0 to everybody."""
    rows = []
    for total in range(n1 + n2 + 1):
        lowest, probability = given_total(n1, n2, total)
        x1 = lowest + np.arange(len(probability))
        rows.append((x1, total - x1, probability))
    return rows


def fisher_table(n1: int, n2: int, *, mid: bool = False) -> np.ndarray:
    """Two-sided p value of every outcome, shape (n1 + 1, n2 + 1)."""
    table = np.empty((n1 + 1, n2 + 1))
    for x1, x2, probability in outcomes_given_total(n1, n2):
        every = np.arange(len(x1))
        table[x1, x2] = two_sided(probability, every) - 0.5 * mid * probability
    return table


def one_sided_tables(n1: int, n2: int) -> tuple[np.ndarray, np.ndarray]:
    """Probability, given the total, of as many events in the first group or more; or fewer."""
    more, less = np.empty((n1 + 1, n2 + 1)), np.empty((n1 + 1, n2 + 1))
    for x1, x2, probability in outcomes_given_total(n1, n2):
        less[x1, x2] = np.cumsum(probability)
        more[x1, x2] = np.cumsum(probability[::-1])[::-1]
    return more, less
