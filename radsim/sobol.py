"""Sobol indices: the share of an output's variance that each uncertain factor explains."""

from dataclasses import dataclass

import numpy as np

from radsim.distributions import require
from radsim.summary import Z95

RESAMPLES = 200  # of the bootstrap behind an interval
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


def saltelli_uniforms(points: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Rows of a Saltelli design: A, then B, then A with each factor's columns taken from B.

    Parameters
    ----------
    points
        Uniforms, shape (base, 2 x dimension): A beside B, of one low-discrepancy sequence.
    sizes
        Number of columns of each factor; columns that belong together are exchanged together.

    Returns
    -------
    np.ndarray
        Shape (base x (factors + 2), dimension).

    Examples
    --------
    >>> saltelli_uniforms(np.array([[0.1, 0.2, 0.3, 0.4]]), (1, 1)).tolist()
    [[0.1, 0.2], [0.3, 0.4], [0.3, 0.2], [0.1, 0.4]]

    References
    ----------
    Saltelli et al. (2010), Comput. Phys. Commun. 181, 259-270.
    """
    dimension = sum(sizes)
    require(points.shape[1] == 2 * dimension, "points must hold A and B side by side")
    a, b = points[:, :dimension], points[:, dimension:]
    rows = [a, b]
    start = 0
    for size in sizes:
        mixed = a.copy()
        mixed[:, start : start + size] = b[:, start : start + size]
        rows.append(mixed)
        start += size
    return np.concatenate(rows)


def sobol_indices(outputs: np.ndarray, factors: int, seed: int = 0) -> SobolIndices:
    r"""Indices from the outputs of a Saltelli design.

    .. math::
        S_i = \frac{\mathrm{mean}\,[f_B (f_{AB_i} - f_A)]}{V}, \qquad
        T_i = \frac{\mathrm{mean}\,[(f_A - f_{AB_i})^2]}{2 V}

    with outputs centered and V the variance over A and B. Intervals are normal, from the spread
    over resamples of the base points.

    Parameters
    ----------
    outputs
        Shape (base x (factors + 2), output), in the order of `saltelli_uniforms`.
    seed
        Of the resampling.

    Examples
    --------
    >>> points = (np.arange(64)[:, None] * np.array([0.618034, 0.754878, 0.569840, 0.133])) % 1
    >>> u = saltelli_uniforms(points, (1, 1))
    >>> indices = sobol_indices(u[:, :1] + 0.0 * u[:, 1:], factors=2)
    >>> indices.total.round(6).ravel().tolist()[1]
    0.0

    References
    ----------
    Saltelli et al. (2010), Comput. Phys. Commun. 181, 259-270, rows (b) and (f) of table 2.
    """
    base = outputs.shape[0] // (factors + 2)
    blocks = outputs.reshape(factors + 2, base, -1)
    scale = np.abs(blocks).max(axis=(0, 1))
    center = blocks[:2].mean(axis=(0, 1))
    centered = blocks - center  # the estimators are exact for any center, and best near the mean
    a, b, mixed = centered[0], centered[1], centered[2:]
    # each estimate is a ratio of means over base points, so a resample only needs its counts
    first_terms = b * (mixed - a)
    total_terms = (a - mixed) ** 2 / 2.0
    squares, sums = (a**2 + b**2) / 2.0, (a + b) / 2.0
    generator = np.random.Generator(np.random.PCG64DXSM(seed))
    counts = generator.multinomial(base, np.full(base, 1.0 / base), size=RESAMPLES) / base

    def estimate(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = np.einsum("b,bo->o", weights, sums)
        variance = np.einsum("b,bo->o", weights, squares) - mean**2
        known = variance > FLAT * np.maximum(scale, 1e-300) ** 2
        variance = np.where(known, variance, np.nan)
        return (
            np.einsum("b,fbo->fo", weights, first_terms) / variance,
            np.einsum("b,fbo->fo", weights, total_terms) / variance,
        )

    first, total = estimate(np.full(base, 1.0 / base))
    spread = [estimate(weights) for weights in counts]
    first_error = np.std([one for one, _ in spread], axis=0, ddof=1)
    total_error = np.std([one for _, one in spread], axis=0, ddof=1)
    return SobolIndices(
        first, first - Z95 * first_error, first + Z95 * first_error,
        total, total - Z95 * total_error, total + Z95 * total_error,
    )  # fmt: skip
