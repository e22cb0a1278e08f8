"""How many patients a comparison of two proportions needs, by formula or exactly."""

from collections.abc import Callable

import numpy as np
from scipy import special
from scipy.optimize import brentq

from radsim.trial.proportions.binary_tests import check_margin
from radsim.trial.proportions.exact_tests import (
    BINARY_TESTS,
    LARGEST,
    check_probabilities,
    exact_power,
)
from radsim.trial.proportions.restricted import restricted_proportions
from radsim.vocabulary.arguments import count, member, positive
from radsim.vocabulary.mistakes import require

FORMULAS = ("normal_pooled", "normal_unpooled", "normal_pooled_cc", "arcsine")
FEWEST = 1e-9  # patients a group; fewer are nobody
MOST = 10_000_000  # patients a group; more is never enough


def power_of_proportions(
    p1: float,
    p2: float,
    n1: float,
    n2: float,
    *,
    formula: str = "normal_pooled",
    alpha: float = 0.05,
    wrong_side: bool = True,
) -> float:
    r"""Power to tell two proportions apart, two-sided, by a normal approximation.

    ``normal_pooled``: standard error under the null for the limit and under the alternative for
    the spread; ``normal_unpooled``: that of the alternative for both; ``normal_pooled_cc``: the
    first with the correction for continuity; ``arcsine``: on the scale that makes the variance
    1/(4n),

    .. math:: \Phi\Bigl(2\,|\arcsin\sqrt{p_1} - \arcsin\sqrt{p_2}|\,
              \sqrt{\tfrac{n_1 n_2}{n_1 + n_2}} - z_{1-\alpha/2}\Bigr)

    to which the small probability of rejecting on the wrong side is added.

    Parameters
    ----------
    p1, p2
        Proportions of the two groups.
    n1, n2
        Subjects of the two groups.
    formula
        By the names above.
    wrong_side
        Add the probability of rejecting on the wrong side; formulas for the size leave it out.

    Raises
    ------
    ValueError
        If a proportion, a size or alpha is impossible, or the formula unknown.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, chapter 4; Cohen
    (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 6.

    Examples
    --------
    >>> round(power_of_proportions(0.40, 0.05, 22, 22), 6)  # the protocol's 0.817
    0.816741
    """
    check_probabilities(p1=p1, p2=p2, alpha=alpha)
    n1, n2 = positive("n1", n1), positive("n2", n2)
    member("formula", formula, FORMULAS)
    z = special.ndtri(1.0 - alpha / 2.0)
    if formula == "arcsine":
        gap = 2.0 * abs(np.arcsin(np.sqrt(p1)) - np.arcsin(np.sqrt(p2)))
        reach = gap * np.sqrt(n1 * n2 / (n1 + n2))
        return float(special.ndtr(reach - z) + wrong_side * special.ndtr(-reach - z))
    spread = np.sqrt(p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2)
    pooled = (n1 * p1 + n2 * p2) / (n1 + n2)
    limit = spread
    if formula != "normal_unpooled":
        limit = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2))
    gap = abs(p1 - p2)
    if formula == "normal_pooled_cc":
        gap = gap - 0.5 * (1.0 / n1 + 1.0 / n2)
    if spread == 0.0:
        return 1.0 if gap > z * limit else 0.0
    wrong = wrong_side * special.ndtr((-gap - z * limit) / spread)
    return float(special.ndtr((gap - z * limit) / spread) + wrong)


def size_for_proportions(
    p1: float,
    p2: float,
    *,
    formula: str = "normal_pooled",
    power: float = 0.8,
    alpha: float = 0.05,
    allocation: float = 1.0,
) -> float:
    r"""Patients of the first group that reach a power by formula, not rounded.

    It solves `power_of_proportions` for n1, the wrong side left out; pooled, for equal groups,

    .. math:: n_1 = \frac{\bigl(z_{1-\alpha/2} \sqrt{2 p (1 - p)} +
              z_{1-\beta} \sqrt{p_1 (1 - p_1) + p_2 (1 - p_2)}\bigr)^2}{(p_1 - p_2)^2}

    Parameters
    ----------
    allocation
        Patients of the second group for each of the first.

    Raises
    ------
    ValueError
        If the proportions are equal, a number is impossible, the formula gives the power to any
        number of patients (0 against 1), or more than 10 million a group would be needed.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, chapter 4; Cohen
    (1988), Statistical Power Analysis for the Behavioral Sciences, chapter 6.

    Examples
    --------
    >>> round(size_for_proportions(0.81076, 0.95385, formula="arcsine"), 2)
    71.95
    """
    check_probabilities(p1=p1, p2=p2, alpha=alpha, power=power)
    require(p1 != p2, f"the proportions must differ, got {p1} twice")
    positive("allocation", allocation)
    member("formula", formula, FORMULAS)

    def reached(n: float) -> float:
        sizes = n, allocation * n
        return power_of_proportions(p1, p2, *sizes, formula=formula, alpha=alpha, wrong_side=False)

    return _root(lambda n: reached(n) - power)


def smallest_exact_size(
    p1: float, p2: float, *, test: str, power: float = 0.8, alpha: float = 0.05, most: int = 200
) -> int:
    """Smallest number a group at which a test's exact power reaches a target.

    The exact power saws with the size, so a larger size may have less power again.

    Raises
    ------
    ValueError
        If the proportions are equal, a number is impossible, the test unknown, or ``most`` a
        group (at most 400) is not enough; the message says what power that has.

    Examples
    --------
    >>> smallest_exact_size(0.40, 0.05, test="fisher")
    24
    """
    check_probabilities(p1=p1, p2=p2, alpha=alpha, power=power)
    member("test", test, BINARY_TESTS)
    require(p1 != p2, f"the proportions must differ, got {p1} twice")
    most = min(count("most", most, least=2), LARGEST)
    for n in range(2, most + 1):
        reached = exact_power(p1, p2, n, n, test=test, alpha=alpha)
        if reached >= power:
            return n
    raise ValueError(f"most: {most} patients a group reach a power of {reached:.3f}, not {power}")


def size_for_non_inferiority(
    p1: float,
    p2: float,
    margin: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    allocation: float = 1.0,
) -> float:
    r"""Patients of the first group to show that p1 - p2 is not beyond a margin, not rounded.

    One-sided, by Farrington and Manning: the limit uses the standard error at the likeliest
    proportions whose difference is the margin, marked by a tilde,

    .. math:: n_1 = \frac{\bigl(z_{1-\alpha} \sqrt{\tilde p_1 (1 - \tilde p_1) +
              \tilde p_2 (1 - \tilde p_2) / r} + z_{1-\beta} \sqrt{p_1 (1 - p_1) +
              p_2 (1 - p_2) / r}\bigr)^2}{(p_1 - p_2 - \text{margin})^2}

    Parameters
    ----------
    margin
        See `radsim.trial.proportions.binary_tests.non_inferiority_test`.
    alpha
        One-sided.
    allocation
        Patients of the second group for each of the first, r.

    Raises
    ------
    ValueError
        If the margin has the wrong sign: the true difference already lies at it or beyond; or
        if a number is impossible.

    References
    ----------
    Farrington and Manning (1990), Stat Med 9, 1447-1454.

    Examples
    --------
    >>> round(2 * size_for_non_inferiority(0.7, 0.7, -0.11), 5)
    428.10956
    """
    check_probabilities(p1=p1, p2=p2, alpha=alpha, power=power)
    margin, allocation = check_margin(margin), positive("allocation", allocation)
    away = (p1 - p2 - margin) * (1.0 if margin < 0.0 else -1.0)
    require(
        away > 0.0,
        f"margin {margin} can't be shown: the true difference {p1 - p2:g} is at it or beyond "
        "(a margin is below 0 where more is better, above 0 where less is)",
    )
    q1, q2 = restricted_proportions(
        np.array(p1), np.array(1.0), allocation * p2, np.array(allocation), margin
    )
    limit = np.sqrt(q1 * (1.0 - q1) + q2 * (1.0 - q2) / allocation)
    spread = np.sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2) / allocation)
    reach = special.ndtri(1.0 - alpha) * limit + special.ndtri(power) * spread
    require(reach > 0.0, "any number of patients has this power by the formula")
    return float((reach / away) ** 2)


def _root(gap: Callable[[float], float]) -> float:
    """Find where a growing function of a size passes 0."""
    require(gap(FEWEST) < 0.0, "any number of patients has this power by the formula")
    high = 2.0
    while gap(high) < 0.0:
        high *= 2.0
        require(high < MOST, f"more than {MOST} patients a group would be needed")
    return float(brentq(gap, FEWEST, high, xtol=1e-12, rtol=1e-14))
