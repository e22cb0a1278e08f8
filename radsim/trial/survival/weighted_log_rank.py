"""Log-rank tests that weigh early or late events more, and the largest of four of them."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from radsim.trial.survival.log_rank import score_terms
from radsim.trial.survival.subjects import EVENT, RiskTable, check_causes, just_before, strata_of
from radsim.trial.survival.survival_curve import survival_steps
from radsim.trial.survival.verdict import Verdict, normal_test
from radsim.vocabulary.arguments import not_negative

COMBINED = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))  # rho and gamma of each
ALONE = 1e-9  # share of a variance below which a statistic follows from the others
NODES = np.polynomial.legendre.leggauss(32)
REACH = 8.0  # standard deviations beyond which nothing is lost


def fleming_harrington(
    table: RiskTable,
    rho: float,
    gamma: float,
    *,
    causes: Sequence[int] = (EVENT,),
    stratified: bool = False,
) -> Verdict:
    r"""Compare the cause-specific hazards of two arms, each time having its weight.

    .. math:: U = \sum_u w_u \Bigl(d_{1u} - d_u \frac{Y_{1u}}{Y_u}\Bigr), \qquad
              w_u = S(u-)^\rho\,(1 - S(u-))^\gamma

    S is the Kaplan-Meier of the event in both arms together (of each stratum). The log-rank test
    has rho and gamma 0; rho = 1 looks at early differences, gamma = 1 at late ones. The null is
    that the hazards are equal at all times.

    Returns
    -------
    Verdict
        Shapes (...). Not estimable where no event has a weight.

    Raises
    ------
    ValueError
        If a weight is negative, a cause is unknown, or strata are asked for and the table has none.

    References
    ----------
    Fleming and Harrington (1991), Counting Processes and Survival Analysis, section 7.2.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([1.0, 2.0, 3.0, 4.0, 5.0], [1, 1, 1, 1, 0], [0, 1, 0, 0, 1])
    >>> round(float(fleming_harrington(table, 0, 1).chi_square), 6)
    0.819672
    """
    score, variance = weighted_scores(table, ((rho, gamma),), causes=causes, stratified=stratified)
    return normal_test(score[..., 0], variance[..., 0, 0])


def max_combo(
    table: RiskTable, *, causes: Sequence[int] = (EVENT,), stratified: bool = False
) -> Verdict:
    r"""Take the largest of four weighted log-rank tests, with the p value of the largest of four.

    .. math:: P\bigl(\max_k |Z_k| \ge \max_k |z_k|\bigr), \qquad
              Z \sim N(0, R), \quad (\rho, \gamma) \in \{(0,0), (1,0), (0,1), (1,1)\}

    It loses little where hazards are proportional, and gains where an effect comes late. The
    probability is an integral over two dimensions, for the first statistic is the sum of the next
    two: their weights add up to 1.

    Returns
    -------
    Verdict
        Shapes (...). z is the normal quantile of the p value, with the sign of the largest
        statistic.

    Raises
    ------
    ValueError
        If a cause is unknown, or strata are asked for and the table has none.

    References
    ----------
    Lee (1996), Biometrics 52, 721-725; Lin and others (2020), Stat Biopharm Res 12, 187-198.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([1.0, 2.0, 3.0, 4.0, 5.0], [1, 1, 1, 1, 0], [0, 1, 0, 0, 1])
    >>> round(float(max_combo(table).p_value), 3)
    0.579
    """
    score, variance = weighted_scores(table, COMBINED, causes=causes, stratified=stratified)
    spread = np.diagonal(variance, axis1=-2, axis2=-1)
    some = spread > 0.0
    z = np.where(some, score / np.sqrt(np.where(some, spread, 1.0)), 0.0)
    place = np.abs(z).argmax(axis=-1)[..., np.newaxis]
    largest = np.take_along_axis(z, place, axis=-1)[..., 0]
    estimable = np.asarray(some.any(axis=-1))
    p = np.where(estimable, 1.0 - within(np.abs(largest), variance), 1.0)
    p = np.clip(p, 2.0 * special.ndtr(-np.abs(largest)), 1.0)  # of one of them is the least
    quantile = -special.ndtri(np.maximum(p / 2.0, np.finfo(float).tiny))
    return Verdict(np.where(estimable, np.sign(largest) * quantile, 0.0), p, estimable)


def weighted_scores(
    table: RiskTable,
    weights: Sequence[tuple[float, float]],
    *,
    causes: Sequence[int] = (EVENT,),
    stratified: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of arm 1 with some weights, shape (..., weight), and their covariances."""
    causes = check_causes(causes)
    pairs = [(not_negative("rho", rho), not_negative("gamma", gamma)) for rho, gamma in weights]
    score, variance = np.zeros(()), np.zeros(())
    for stratum in strata_of(table) if stratified else (table,):
        gap, spread = score_terms(stratum, causes)
        free = just_before(survival_steps(stratum, causes, None)[0], 1.0)
        w = np.stack([free**rho * (1.0 - free) ** gamma for rho, gamma in pairs], axis=-2)
        score = score + (w * gap[..., np.newaxis, :]).sum(axis=-1)
        variance = variance + np.stack(
            [(w * (w[..., k, :] * spread)[..., np.newaxis, :]).sum(-1) for k in range(len(pairs))],
            axis=-1,
        )
    return score, variance


def within(reach: np.ndarray, variance: np.ndarray) -> np.ndarray:
    r"""Probability that none of the four statistics of `COMBINED` is beyond a reach, shape (...).

    With T the first score, B the third and C the fourth, :math:`|T - B|` stands for the second.
    The integral over T and B is by Gauss and Legendre's rule, the one over C is known.
    """
    deviation = np.sqrt(np.diagonal(variance, axis1=-2, axis2=-1))
    limit = reach[..., np.newaxis] * deviation
    t, b, c = 0, 2, 3
    total = np.where(deviation[..., t] > 0.0, deviation[..., t], 1.0)
    # B given T
    slope = variance[..., b, t] / total**2
    left = variance[..., b, b] - slope * variance[..., b, t]
    known = left <= ALONE * total**2
    sd = np.sqrt(np.where(known, 1.0, left))
    # C given T and B
    cb = variance[..., c, b] - slope * variance[..., c, t]
    of_b = np.where(known, 0.0, cb / sd**2)
    of_t = variance[..., c, t] / total**2 - of_b * slope
    rest = variance[..., c, c] - of_t * variance[..., c, t] - of_b * variance[..., c, b]
    rest = np.sqrt(np.maximum(rest, ALONE * total**2))

    nodes, weights = NODES
    high = np.minimum(reach, REACH)
    x = 0.5 * high[..., np.newaxis] * (nodes + 1.0)  # T over its deviation; the rest is symmetric
    point = x * total[..., np.newaxis]
    middle = slope[..., np.newaxis] * point
    lower = np.maximum(-limit[..., b, np.newaxis], point - limit[..., 1, np.newaxis])
    upper = np.minimum(limit[..., b, np.newaxis], point + limit[..., 1, np.newaxis])
    ends = [np.clip((e - middle) / sd[..., np.newaxis], -REACH, REACH) for e in (lower, upper)]
    ends = [
        np.where(known[..., np.newaxis], far, end)
        for far, end in zip((-REACH, REACH), ends, strict=True)
    ]
    half = 0.5 * np.maximum(ends[1] - ends[0], 0.0)[..., np.newaxis]
    u = ends[0][..., np.newaxis] + half * (nodes + 1.0)
    value = middle[..., np.newaxis] + u * np.where(known, 0.0, sd)[..., np.newaxis, np.newaxis]
    mean = (
        of_t[..., np.newaxis, np.newaxis] * point[..., np.newaxis]
        + of_b[..., np.newaxis, np.newaxis] * value
    )
    of_c = np.where(deviation[..., c] > 0.0, limit[..., c], np.inf)[..., np.newaxis, np.newaxis]
    scale = rest[..., np.newaxis, np.newaxis]
    inside = special.ndtr((of_c - mean) / scale) - special.ndtr((-of_c - mean) / scale)
    inner = (weights * half * np.exp(-0.5 * u**2) * inside).sum(axis=-1) / np.sqrt(2.0 * np.pi)
    outer = (weights * np.exp(-0.5 * x**2) * inner).sum(axis=-1) / np.sqrt(2.0 * np.pi)
    return np.asarray(high * outer)
