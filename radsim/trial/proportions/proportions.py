"""Two proportions: difference, ratio and odds ratio, each with its intervals by name."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from radsim.trial.proportions.restricted import MEASURES, score_z
from radsim.trial.survival.verdict import Estimate, two_sided_z
from radsim.vocabulary.arguments import LARGEST_COUNT, arrays_of_one_shape, member

INTERVALS = ("wald", "newcombe", "score", "miettinen-nurminen")
BISECTIONS = 70  # halve a bracket down to the spacing of doubles


@dataclass(frozen=True)
class Counts:
    """Events and subjects of two groups, in any number of trials; checked by `counts`."""

    x1: np.ndarray
    n1: np.ndarray
    x2: np.ndarray
    n2: np.ndarray

    @property
    def p1(self) -> np.ndarray:
        """Proportion of the first group."""
        return self.x1 / self.n1

    @property
    def p2(self) -> np.ndarray:
        """Proportion of the second group."""
        return self.x2 / self.n2

    @property
    def pooled(self) -> np.ndarray:
        """Proportion of both groups together."""
        return (self.x1 + self.x2) / (self.n1 + self.n2)

    @property
    def variance(self) -> np.ndarray:
        """Variance of the difference of the proportions, not pooled."""
        return self.p1 * (1.0 - self.p1) / self.n1 + self.p2 * (1.0 - self.p2) / self.n2


def counts(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Counts:
    """Check the events ``x`` of ``n`` subjects of two groups, shapes (...).

    Raises
    ------
    ValueError
        If a group has nobody, or more events than subjects, a count is not whole, or the shapes
        don't fit each other.
    """
    arrays = arrays_of_one_shape(x1=x1, n1=n1, x2=x2, n2=n2)
    for name, values in zip(("x1", "n1", "x2", "n2"), arrays, strict=True):
        _refuse(values != np.floor(values), values, f"{name} must be whole numbers")
        _refuse(np.abs(values) > LARGEST_COUNT, values, f"{name} must be at most {LARGEST_COUNT}")
    for group, x, n in ((1, arrays[0], arrays[1]), (2, arrays[2], arrays[3])):
        _refuse(n < 1.0, n, f"n{group} must be 1 or more")
        _refuse((x < 0.0) | (x > n), x, f"x{group} must lie between 0 and n{group}")
    return Counts(*arrays)


def compare_proportions(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    *,
    measure: str = "difference",
    interval: str = "newcombe",
    level: float = 0.95,
) -> Estimate:
    r"""Compare the proportions x1/n1 and x2/n2.

    Parameters
    ----------
    x1, n1, x2, n2
        Events and subjects of the first and the second group, shapes (...).
    measure
        ``difference`` p1 - p2, ``ratio`` p1/p2, or ``odds_ratio``.
    interval
        ``wald``: normal, for ratios on the log scale (Katz, Woolf);
        ``newcombe``: from Wilson's intervals of the two proportions (the hybrid score interval;
        for ratios its extension by Donner and Zou);
        ``score``: inverts the score test (Mee, Koopman, Cornfield without correction);
        ``miettinen-nurminen``: the same with the variance times N/(N - 1).

    Returns
    -------
    Estimate
        ``standard_error`` is Wald's: of the difference, or of the log ratio. Where a ratio or its
        error does not exist (no events in a group) it is not estimable: the value is the limit,
        and Wald's interval says nothing (0 to infinity).

    Raises
    ------
    ValueError
        If a count is impossible, the measure or the interval unknown, or the level not between
        0 and 1.

    References
    ----------
    Newcombe (1998), Stat Med 17, 873-890; Miettinen and Nurminen (1985), Stat Med 4, 213-226;
    Donner and Zou (2012), Stat Methods Med Res 21, 347-359; Koopman (1984), Biometrics 40, 513.

    Examples
    --------
    >>> complete = compare_proportions(40, 114, 16, 115)  # the SC.24 trial
    >>> [round(float(x), 4) for x in (complete.value, complete.lower, complete.upper)]
    [0.2117, 0.1011, 0.3165]
    """
    member("measure", measure, MEASURES)
    member("interval", interval, INTERVALS)
    z = two_sided_z(level)
    c = counts(x1, n1, x2, n2)
    value, error, estimable = _wald(c, measure)
    if interval == "wald":
        lower, upper = _wald_interval(value, error, estimable, measure, z)
    elif interval == "newcombe":
        lower, upper = _newcombe(c, measure, z)
    else:
        lower, upper = _inverted(c, measure, z, interval == "miettinen-nurminen", value)
    return Estimate(value, error, lower, upper, estimable)


def wilson(x: np.ndarray, n: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Score interval of one proportion (Wilson), without correction for continuity."""
    p = x / n
    middle = p + z**2 / (2.0 * n)
    half = z * np.sqrt(p * (1.0 - p) / n + z**2 / (4.0 * n**2))
    lower, upper = (middle - half) / (1.0 + z**2 / n), (middle + half) / (1.0 + z**2 / n)
    return np.where(x == 0.0, 0.0, lower), np.where(x == n, 1.0, upper)


def _wald(c: Counts, measure: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, standard error (of the log for ratios), and whether both exist."""
    if measure == "difference":
        return c.p1 - c.p2, np.sqrt(c.variance), np.ones(c.x1.shape, bool)
    if measure == "ratio":
        top, bottom = c.p1, c.p2
        exists = (c.x1 > 0.0) & (c.x2 > 0.0)
        terms = (1.0 / _safe(c.x1) - 1.0 / c.n1) + (1.0 / _safe(c.x2) - 1.0 / c.n2)
    else:
        top, bottom = c.x1 * (c.n2 - c.x2), c.x2 * (c.n1 - c.x1)
        cells = (c.x1, c.n1 - c.x1, c.x2, c.n2 - c.x2)
        exists = np.logical_and.reduce([cell > 0.0 for cell in cells])
        terms = np.sum([1.0 / _safe(cell) for cell in cells], axis=0)
    value = np.where(
        bottom > 0.0, top / _safe(bottom), np.where(top > 0.0, np.inf, 1.0)
    )  # 0 against 0 says nothing: 1
    return value, np.where(exists, np.sqrt(terms), np.inf), exists


def _wald_interval(
    value: np.ndarray, error: np.ndarray, estimable: np.ndarray, measure: str, z: float
) -> tuple[np.ndarray, np.ndarray]:
    if measure == "difference":
        return np.maximum(value - z * error, -1.0), np.minimum(value + z * error, 1.0)
    spread = np.exp(z * np.where(estimable, error, 0.0))
    known = np.where(estimable, value, 1.0)
    return np.where(estimable, known / spread, 0.0), np.where(estimable, known * spread, np.inf)


def _newcombe(c: Counts, measure: str, z: float) -> tuple[np.ndarray, np.ndarray]:
    l1, u1 = wilson(c.x1, c.n1, z)
    l2, u2 = wilson(c.x2, c.n2, z)
    if measure == "difference":
        d = c.p1 - c.p2
        lower = d - np.sqrt((c.p1 - l1) ** 2 + (u2 - c.p2) ** 2)
        return lower, d + np.sqrt((u1 - c.p1) ** 2 + (c.p2 - l2) ** 2)
    if measure == "ratio":
        return _mover_lower(c.p1, l1, c.p2, u2), _reciprocal(_mover_lower(c.p2, l2, c.p1, u1))
    first = [_odds(p) for p in (c.p1, l1, u1)]
    second = [_odds(p) for p in (c.p2, l2, u2)]
    lower = _mover_lower(first[0], first[1], second[0], second[2])
    return lower, _reciprocal(_mover_lower(second[0], second[1], first[0], first[2]))


def _mover_lower(
    top: np.ndarray, top_lower: np.ndarray, bottom: np.ndarray, bottom_upper: np.ndarray
) -> np.ndarray:
    """Lower end of a ratio from the ends of its parts (Donner and Zou)."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        product = top * bottom
        inner = top_lower * bottom_upper * (2.0 * top - top_lower) * (2.0 * bottom - bottom_upper)
        bottom_part = bottom_upper * (2.0 * bottom - bottom_upper)
        lower = (product - np.sqrt(np.maximum(product**2 - inner, 0.0))) / bottom_part
    return np.where(np.isfinite(lower) & (top > 0.0), np.maximum(lower, 0.0), 0.0)


def _inverted(
    c: Counts, measure: str, z: float, corrected: bool, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Values that the score test does not reject, by bisection on a scale from -1 to 1."""
    to_measure = _scale(measure)
    start = _to_scale(measure, value)
    ends = []
    for sign in (-1.0, 1.0):
        inner, outer = start, np.full(c.x1.shape, sign)
        for _ in range(BISECTIONS):
            middle = 0.5 * (inner + outer)
            there = to_measure(middle)
            statistic = score_z(c.x1, c.n1, c.x2, c.n2, there, measure, corrected=corrected)
            accepted = np.abs(statistic) <= z
            inner, outer = np.where(accepted, middle, inner), np.where(accepted, outer, middle)
        ends.append(to_measure(0.5 * (inner + outer)))
    nothing = (measure != "difference") & (c.x1 + c.x2 == 0.0)
    if measure == "odds_ratio":
        nothing = nothing | (c.x1 + c.x2 == c.n1 + c.n2)
    lower = np.where(nothing | (start <= -1.0), -1.0 if measure == "difference" else 0.0, ends[0])
    largest = 1.0 if measure == "difference" else np.inf
    return lower, np.where(nothing | (start >= 1.0), largest, ends[1])


def _scale(measure: str):  # type: ignore[no-untyped-def]
    """Map -1..1 to the values that a measure can take."""
    if measure == "difference":
        return lambda s: s
    return lambda s: (1.0 + s) / np.maximum(1.0 - s, 1e-15)


def _to_scale(measure: str, value: np.ndarray) -> np.ndarray:
    if measure == "difference":
        return value
    finite = np.where(np.isfinite(value), value, 1.0)
    return np.where(np.isfinite(value), (finite - 1.0) / (finite + 1.0), 1.0)


def _odds(p: np.ndarray) -> np.ndarray:
    return np.where(p < 1.0, p / np.where(p < 1.0, 1.0 - p, 1.0), np.inf)


def _reciprocal(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0.0, 1.0 / _safe(x), np.inf)


def _safe(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0.0, x, 1.0)


def _refuse(bad: np.ndarray, values: np.ndarray, wanted: str) -> None:
    if bad.any():
        raise ValueError(f"{wanted}, got {values[bad].flat[0]:g}")
