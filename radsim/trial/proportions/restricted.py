"""Two proportions under a stated difference or ratio: their likeliest values, and score tests."""

import numpy as np
from numpy.typing import ArrayLike

from radsim.vocabulary.arguments import member

MEASURES = ("difference", "ratio", "odds_ratio")


def restricted_proportions(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    value: ArrayLike,
    measure: str = "difference",
) -> tuple[np.ndarray, np.ndarray]:
    r"""Likeliest p1 and p2 among those whose difference, ratio or odds ratio is a given value.

    For the difference it is the root in closed form of a cubic, for the ratios that of a
    quadratic.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and subjects; events may be fractional (expected counts), shapes (...).
    value
        The stated p1 - p2, p1/p2 or odds ratio.

    Returns
    -------
    tuple
        p1 and p2.

    References
    ----------
    Miettinen and Nurminen (1985), Stat Med 4, 213-226; Farrington and Manning (1990), Stat Med
    9, 1447-1454.

    Examples
    --------
    >>> p1, p2 = restricted_proportions(115, 166, 128, 176, -0.11)
    >>> round(float(p1), 8), round(float(p2), 8)
    (0.64978759, 0.75978759)
    """
    member("measure", measure, MEASURES)
    x1, n1, x2, n2, value = (np.asarray(v, float) for v in (x1, n1, x2, n2, value))
    if measure == "difference":
        return _of_difference(x1, n1, x2, n2, value)
    x, n = x1 + x2, n1 + n2
    if measure == "ratio":
        a, b = n * value, -(n1 * value + x1 + n2 + x2 * value)
        p2 = _small_root(a, b, x)
        p2 = np.clip(p2, 0.0, np.minimum(1.0, 1.0 / np.maximum(value, 1e-300)))
        return np.clip(value * p2, 0.0, 1.0), p2
    a = n2 * (value - 1.0)
    b = n1 * value + n2 - x * (value - 1.0)
    p2 = np.clip(_positive_root(a, b, -x), 0.0, 1.0)
    odds = value * p2
    p1 = odds / np.maximum(1.0 - p2 + odds, 1e-300)
    return np.clip(p1, 0.0, 1.0), p2


def score_z(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    value: ArrayLike,
    measure: str = "difference",
    *,
    corrected: bool = False,
) -> np.ndarray:
    """Score statistic of a stated value; above 0 if the data lie above it.

    Parameters
    ----------
    corrected
        Multiply the variance by N/(N - 1), as Miettinen and Nurminen do.
    """
    x1, n1, x2, n2, value = (np.asarray(v, float) for v in (x1, n1, x2, n2, value))
    p1, p2 = restricted_proportions(x1, n1, x2, n2, value, measure)
    v1, v2 = p1 * (1.0 - p1) / n1, p2 * (1.0 - p2) / n2
    if measure == "difference":
        gap, variance = x1 / n1 - x2 / n2 - value, v1 + v2
    elif measure == "ratio":
        gap, variance = x1 / n1 - value * x2 / n2, v1 + value**2 * v2
    else:
        gap = x1 - n1 * p1
        inverse = _inverse(n1 * p1 * (1.0 - p1)) + _inverse(n2 * p2 * (1.0 - p2))
        variance = _inverse(inverse)
    if corrected:
        variance = variance * (n1 + n2) / (n1 + n2 - 1.0)
    usable = variance > 0.0
    z = gap / np.sqrt(np.where(usable, variance, 1.0))
    return np.where(
        usable, z, np.where(np.abs(gap) < 1e-12, 0.0, np.where(gap > 0.0, np.inf, -np.inf))
    )


def _of_difference(
    x1: np.ndarray, n1: np.ndarray, x2: np.ndarray, n2: np.ndarray, d: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    p1, p2 = x1 / n1, x2 / n2
    theta = n2 / n1
    a = 1.0 + theta
    b = -(1.0 + theta + p1 + theta * p2 + d * (theta + 2.0))
    c = d**2 + d * (2.0 * p1 + theta + 1.0) + p1 + theta * p2
    e = -p1 * d * (1.0 + d)
    v = b**3 / (3.0 * a) ** 3 - b * c / (6.0 * a**2) + e / (2.0 * a)
    u = np.where(v >= 0.0, 1.0, -1.0) * np.sqrt(
        np.maximum(b**2 / (3.0 * a) ** 2 - c / (3.0 * a), 0.0)
    )
    cosine = np.where(u != 0.0, v / np.where(u != 0.0, u, 1.0) ** 3, 0.0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1.0, 1.0))) / 3.0
    root = 2.0 * u * np.cos(angle) - b / (3.0 * a)
    low, high = np.maximum(0.0, d), np.minimum(1.0, 1.0 + d)
    root = np.clip(root, low, high)
    return root, np.clip(root - d, 0.0, 1.0)


def _small_root(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Smaller root of a x^2 + b x + c with b < 0, without cancellation."""
    root = np.sqrt(np.maximum(b**2 - 4.0 * a * c, 0.0))
    return 2.0 * c / np.maximum(-b + root, 1e-300)


def _positive_root(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Root of a x^2 + b x + c with c <= 0 that stays finite as a goes to 0."""
    root = np.sqrt(np.maximum(b**2 - 4.0 * a * c, 0.0))
    return np.where(
        b >= 0.0,
        -2.0 * c / np.maximum(b + root, 1e-300),
        (-b + root) / np.where(a != 0.0, 2.0 * a, 1.0),
    )


def _inverse(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0.0, 1.0 / np.where(x > 0.0, x, 1.0), np.inf) * np.isfinite(x)
