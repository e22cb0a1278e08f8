"""Tests of two proportions that need only the counts: chi-square, likelihood ratio, margins."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from radsim.trial.proportions.proportions import Counts, counts
from radsim.trial.proportions.restricted import score_z
from radsim.trial.survival.verdict import Verdict
from radsim.vocabulary.arguments import member, number
from radsim.vocabulary.mistakes import require

NORMAL_TESTS = ("pearson", "yates", "unpooled_z", "lrt")
MARGIN_TESTS = ("farrington-manning", "wald")


def proportion_test(
    x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, *, test: str = "pearson"
) -> Verdict:
    r"""Test whether two proportions are equal, by a statistic that is normal in large samples.

    .. math:: z = \frac{p_1 - p_2}{\sqrt{v}}, \qquad
              v_\text{pooled} = p(1 - p)\Bigl(\frac{1}{n_1} + \frac{1}{n_2}\Bigr), \qquad
              v_\text{unpooled} = \frac{p_1(1 - p_1)}{n_1} + \frac{p_2(1 - p_2)}{n_2}

    Parameters
    ----------
    x1, n1, x2, n2
        Events and subjects of the first and the second group, shapes (...).
    test
        ``pearson``: chi-square (pooled variance); ``yates``: with his correction for
        continuity; ``unpooled_z``: Wald's, unpooled variance; ``lrt``: likelihood ratio.

    Returns
    -------
    Verdict
        z above 0 if the first group has more. Not estimable (z 0, p 1) where nobody or everybody
        has the event; for ``unpooled_z`` wherever neither group varies, so also for none of one
        group against all of the other.

    Raises
    ------
    ValueError
        If a count is impossible or the test unknown.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, chapter 3;
    Yates (1934), J R Stat Soc Suppl 1, 217-235.

    Examples
    --------
    >>> round(float(proportion_test(40, 114, 16, 115).p_value), 10)  # the SC.24 trial
    0.0001933811
    """
    member("test", test, NORMAL_TESTS)
    c = counts(x1, n1, x2, n2)
    gap = c.p1 - c.p2
    estimable = (c.pooled > 0.0) & (c.pooled < 1.0)
    if test == "lrt":
        size = np.sqrt(np.maximum(_deviance(c), 0.0))
    else:
        variance = c.pooled * (1.0 - c.pooled) * (1.0 / c.n1 + 1.0 / c.n2)
        if test == "unpooled_z":
            variance = c.variance
        distance = np.abs(gap)
        if test == "yates":
            distance = np.maximum(distance - 0.5 * (1.0 / c.n1 + 1.0 / c.n2), 0.0)
        estimable &= variance > 0.0
        size = distance / np.sqrt(np.where(variance > 0.0, variance, 1.0))
    z = np.where(estimable, np.sign(gap) * size, 0.0)
    return Verdict(z, 2.0 * special.ndtr(-np.abs(z)), estimable)


def non_inferiority_test(
    x1: ArrayLike,
    n1: ArrayLike,
    x2: ArrayLike,
    n2: ArrayLike,
    margin: float,
    *,
    test: str = "farrington-manning",
) -> Verdict:
    r"""Show that p1 - p2 is above a negative margin, or below a positive one.

    Farrington and Manning divide by the standard error at the likeliest proportions whose
    difference is the margin (the score test); Wald by that at the observed ones.

    Parameters
    ----------
    margin
        The difference p1 - p2 that is just not acceptable. Below 0 where more is better (the
        first group may respond less by this much); above 0 where less is better.
    test
        ``farrington-manning`` or ``wald``.

    Returns
    -------
    Verdict
        z above 0 speaks for non-inferiority; ``p_value`` is one-sided.

    Raises
    ------
    ValueError
        If the margin is 0, or not between -1 and 1, a count is impossible or the test unknown.

    References
    ----------
    Farrington and Manning (1990), Stat Med 9, 1447-1454.

    Examples
    --------
    >>> verdict = non_inferiority_test(115, 166, 128, 176, margin=-0.11)  # the SCORAD trial
    >>> round(float(verdict.z), 6), round(float(verdict.p_value), 6)
    (1.538588, 0.061953)
    """
    margin = check_margin(margin)
    member("test", test, MARGIN_TESTS)
    c = counts(x1, n1, x2, n2)
    if test == "wald":
        estimable = c.variance > 0.0
        z = (c.p1 - c.p2 - margin) / np.sqrt(np.where(estimable, c.variance, 1.0))
        z = np.where(estimable, z, 0.0)
    else:
        z = score_z(c.x1, c.n1, c.x2, c.n2, np.asarray(margin))
        estimable = np.isfinite(z)
        z = np.where(estimable, z, 0.0)
    z = z if margin < 0.0 else -z
    p_value = np.where(estimable, special.ndtr(-z), 1.0)
    return Verdict(z, p_value, estimable)


def check_margin(margin: float) -> float:
    """Return a margin of non-inferiority; raise ValueError for one that no difference can be."""
    inside = -1.0 < number("margin", margin) < 1.0 and margin != 0.0
    require(inside, f"margin must lie between -1 and 1 and not be 0, got {margin}")
    return float(margin)


def _deviance(c: Counts) -> np.ndarray:
    """Twice the log likelihood ratio of two proportions against one."""
    pooled = c.pooled
    total = 0.0
    for x, n in ((c.x1, c.n1), (c.x2, c.n2)):
        total = total + special.xlogy(x, x / n) + special.xlogy(n - x, 1.0 - x / n)
        total = total - special.xlogy(x, pooled) - special.xlogy(n - x, 1.0 - pooled)
    return 2.0 * np.asarray(total)
