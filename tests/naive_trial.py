"""Trial statistics for one trial, as their definitions say, without arrays or cleverness."""

from itertools import pairwise

import numpy as np
from scipy import stats


def at_risk(time, arm, t, group=None):
    return sum(x >= t and (group is None or a == group) for x, a in zip(time, arm, strict=True))


def events(time, cause, arm, t, causes, group=None):
    rows = zip(time, cause, arm, strict=True)
    return sum(x == t and c in causes and (group is None or a == group) for x, c, a in rows)


def logrank(time, cause, arm, causes=(1,)):
    score = variance = 0.0
    for t in sorted(set(time)):
        y, y1 = at_risk(time, arm, t), at_risk(time, arm, t, 1)
        d, d1 = events(time, cause, arm, t, causes), events(time, cause, arm, t, causes, 1)
        score += d1 - d * y1 / y
        if y > 1:
            variance += d * (y1 / y) * (1 - y1 / y) * (y - d) / (y - 1)
    return score, variance


def curves(time, cause, arm, group, until):
    """Event-free survival and the cumulative incidence of both causes at a time."""
    survival, incidence = 1.0, {1: 0.0, 2: 0.0}
    for t in sorted(set(time)):
        y = at_risk(time, arm, t, group)
        if t > until or y == 0:
            continue
        d = {k: events(time, cause, arm, t, (k,), group) for k in (1, 2)}
        for k in (1, 2):
            incidence[k] += survival * d[k] / y
        survival *= 1.0 - (d[1] + d[2]) / y
    return survival, incidence[1], incidence[2]


def area_under_survival(time, cause, arm, group, horizon):
    edges = sorted({0.0, horizon, *(t for t in time if t < horizon)})
    return sum((b - a) * curves(time, cause, arm, group, a)[0] for a, b in pairwise(edges))


def cox_score(time, cause, arm, log_ratio):
    """Score of Efron's partial likelihood."""
    total = 0.0
    for t in sorted(set(time)):
        d = [events(time, cause, arm, t, (1,), g) for g in (0, 1)]
        y = [at_risk(time, arm, t, g) for g in (0, 1)]
        total += d[1]
        for place in range(sum(d)):
            share = place / sum(d)
            ones = (y[1] - share * d[1]) * np.exp(log_ratio)
            total -= ones / (y[0] - share * d[0] + ones)
    return total


def two_stage_designs(p0, p1, alpha, power, most):
    """List (patients, expected, stop, first, reject) of every two-stage design good enough."""
    found = []
    for n in range(2, most + 1):
        for first in range(1, n):
            x1, x2 = np.arange(first + 1), np.arange(n - first + 1)
            joint = [np.outer(stats.binom.pmf(x1, first, p), stats.binom.pmf(x2, n - first, p))
                     for p in (p0, p1)]  # fmt: skip
            total = x1[:, np.newaxis] + x2
            for stop in range(first):
                passed = (x1 > stop)[:, np.newaxis]
                if joint[1][stop + 1 :].sum() < power:
                    break
                for reject in range(stop, n):
                    good = passed & (total > reject)
                    if joint[0][good].sum() > alpha:
                        continue
                    if joint[1][good].sum() >= power:
                        early = joint[0][: stop + 1].sum()
                        found.append((n, first + (1 - early) * (n - first), stop, first, reject))
                    break  # a higher limit has less power
    return found
