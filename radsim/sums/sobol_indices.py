"""Sobol indices: the share of an output's variance that each uncertain factor explains."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from radsim.vocabulary.mistakes import require

SCRAMBLES = 8  # independent ones, whose spread is the error of an index
LARGE = 0.5  # index above which another estimator is the better one
TINY = 1e-12  # stands in for an error of 0
FLAT = 1e-14  # of the largest output squared: a variance below this is rounding


@dataclass(frozen=True)
class SobolIndices:
    """First-order and total indices with 95 % intervals, shape (factor, output).

    NaN where an output does not vary.
    """

    first: np.ndarray
    first_lower: np.ndarray
    first_upper: np.ndarray
    total: np.ndarray
    total_lower: np.ndarray
    total_upper: np.ndarray


def sobol_indices(outputs: np.ndarray, factors: int, scrambles: int = SCRAMBLES) -> SobolIndices:
    r"""Indices from the outputs of a Saltelli design.

    .. math::
        S_i = \frac{\mathrm{mean}\,[f_B (f_{AB_i} - f_A)]}{V}, \qquad
        T_i = \frac{\mathrm{mean}\,[(f_A - f_{AB_i})^2]}{2 V}

    with outputs centered and V the variance over A and B. Where the first-order index is above
    one half it is the correlation of B with :math:`AB_i`, which has factor i in common with it:

    .. math::
        S_i = \frac{\mathrm{mean}\,[f_B f_{AB_i}] - m^2}{V_i}, \qquad
        m = \mathrm{mean}\,[(f_B + f_{AB_i}) / 2], \quad
        V_i = \mathrm{mean}\,[(f_B^2 + f_{AB_i}^2) / 2] - m^2

    which is exact for a single factor, where the first is far off. Intervals are Student's t, from
    the spread of the independent scrambles: points of one scramble are too even for a bootstrap.
    No index lies outside 0 to 1, and none of first order above its total, so where noise has it
    otherwise both are their mean, weighted by the inverse squares of their errors.

    Outputs have shape (base x (factors + 2), output), in the order A, B, then A with each factor's
    column from B; the base points hold independent scrambles of equal size, one after the other.

    Raises
    ------
    ValueError
        If there are fewer than two scrambles, or they do not divide the base points.

    Examples
    --------
    >>> points = (np.arange(64)[:, None] * np.array([0.618034, 0.754878, 0.569840, 0.133])) % 1
    >>> a, b = points[:, :2], points[:, 2:]
    >>> mixed = [np.column_stack((b[:, 0], a[:, 1])), np.column_stack((a[:, 0], b[:, 1]))]
    >>> u = np.concatenate([a, b, *mixed])
    >>> indices = sobol_indices(u[:, :1] + 0.0 * u[:, 1:], factors=2)
    >>> indices.first.round(6).ravel().tolist(), indices.total.round(6).ravel().tolist()[1]
    ([1.0, 0.0], 0.0)

    References
    ----------
    Saltelli et al. (2010), Comput. Phys. Commun. 181, 259-270, rows (b) and (f) of table 2; Janon
    et al. (2014), ESAIM Probab. Stat. 18, 342-364, eq. 6; Owen (1998), ACM Trans. Model. Comput.
    Simul. 8, 71-102, on the error of scrambles.
    """
    base = outputs.shape[0] // (factors + 2)
    require(
        scrambles > 1 and base % scrambles == 0,
        f"{base} base points are not {scrambles} scrambles of equal size, two or more",
    )
    blocks = outputs.reshape(factors + 2, base, -1)
    scale = np.abs(blocks).max(axis=(0, 1))
    center = blocks[:2].mean(axis=(0, 1))
    centered = blocks - center  # the estimators are exact for any center, and best near the mean
    a, b, mixed = centered[0], centered[1], centered[2:]
    variance = (a**2 + b**2) / 2.0
    flat = FLAT * np.maximum(scale, 1e-300) ** 2

    def ratio(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ratio of means over the base points, and its error from the scrambles."""
        below = bottom.mean(axis=1)
        below = np.where(below > flat, below, np.nan)
        value = top.mean(axis=1) / below
        missed = (top - value[:, np.newaxis] * bottom).reshape(factors, scrambles, -1, len(flat))
        each = missed.mean(axis=2) / below[:, np.newaxis]
        return value, np.sqrt((each**2).sum(axis=1) / (scrambles * (scrambles - 1)))

    middle = (b.mean(axis=0) + mixed.mean(axis=1))[:, np.newaxis] / 2.0
    paired = (b - middle) * (mixed - middle), ((b - middle) ** 2 + (mixed - middle) ** 2) / 2.0
    every = np.broadcast_to(variance, mixed.shape)
    large, large_error = ratio(*paired)
    small, small_error = ratio(b * (mixed - a), every)
    first = np.where(large > LARGE, large, small)
    first_error = np.where(large > LARGE, large_error, small_error)
    total, total_error = ratio((a - mixed) ** 2 / 2.0, every)
    reach = float(special.stdtrit(scrambles - 1, 0.975))
    within = _in_order(first, total, first_error, total_error)
    return SobolIndices(
        *_with_ends(within[0], first, reach * first_error),
        *_with_ends(within[1], total, reach * total_error),
    )


def _in_order(
    first: np.ndarray, total: np.ndarray, first_error: np.ndarray, total_error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates with 0 <= first <= total <= 1; what noise has swapped is at its weighted mean."""
    weights = np.maximum(total_error, TINY) ** 2, np.maximum(first_error, TINY) ** 2
    both = (weights[0] * first + weights[1] * total) / (weights[0] + weights[1])
    swapped = first > total
    return tuple(np.clip(np.where(swapped, both, each), 0.0, 1.0) for each in (first, total))  # type: ignore[return-value]


def _with_ends(
    value: np.ndarray, estimate: np.ndarray, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A share with its interval, of which it and what is possible are parts."""
    lower, upper = (np.clip(estimate + sign * half, 0.0, 1.0) for sign in (-1.0, 1.0))
    return value, np.minimum(lower, value), np.maximum(upper, value)
