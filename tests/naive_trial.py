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


def weighted_log_rank(time, cause, arm, pairs):
    """Scores with weights S^rho (1 - S)^gamma, and their covariances."""
    score, covariance = np.zeros(len(pairs)), np.zeros((len(pairs), len(pairs)))
    free = 1.0
    for t in sorted(set(time)):
        y, y1 = at_risk(time, arm, t), at_risk(time, arm, t, 1)
        d, d1 = events(time, cause, arm, t, (1,)), events(time, cause, arm, t, (1,), 1)
        w = np.array([free**rho * (1.0 - free) ** gamma for rho, gamma in pairs])
        score += w * (d1 - d * y1 / y)
        if y > 1:
            covariance += np.outer(w, w) * d * (y1 / y) * (1 - y1 / y) * (y - d) / (y - 1)
        free *= 1.0 - d / y
    return score.tolist(), covariance.tolist()


def efron_log_likelihood(time, cause, x, beta):
    total, risk = 0.0, np.exp(x @ beta)
    for t in sorted(set(time)):
        here, later = (time == t) & (cause == 1), time >= t
        total += (x[here] @ beta).sum()
        for place in range(here.sum()):
            total -= np.log(risk[later].sum() - place / here.sum() * risk[here].sum())
    return total


def fine_gray_score(time, cause, arm, log_ratio):
    """Breslow's score, who had the other event staying with the weight of who is not censored."""

    def uncensored_before(t):
        kept = 1.0
        for u in sorted({x for x in time if x < t}):
            kept *= 1.0 - events(time, cause, arm, u, (0,)) / at_risk(time, arm, u)
        return kept

    total = 0.0
    for t in sorted({x for x, c in zip(time, cause, strict=True) if c == 1}):
        sums = [0.0, 0.0]
        for x, c, a in zip(time, cause, arm, strict=True):
            if x >= t:
                sums[int(a)] += 1.0
            elif c == 2:
                sums[int(a)] += uncensored_before(t) / uncensored_before(x)
        ones = sums[1] * np.exp(log_ratio)
        d = events(time, cause, arm, t, (1,))
        total += events(time, cause, arm, t, (1,), 1) - d * ones / (sums[0] + ones)
    return total


def weighted_curves(time, cause, weights):
    """Times, S before and F after each of them, of subjects who count with their weights."""
    survival, incidence, rows = 1.0, 0.0, []
    for t in sorted(set(time)):
        y = weights[time >= t].sum()
        if y <= 0:
            break
        d1, d2 = (weights[(time == t) & (cause == k)].sum() for k in (1, 2))
        incidence += survival * d1 / y
        rows.append((t, survival, incidence, y))
        survival *= 1.0 - (d1 + d2) / y
    return rows


def weighted_incidence(time, cause, weights, until):
    return [0.0, *(f for t, _, f, _ in weighted_curves(time, cause, weights) if t <= until)][-1]


def gray_functional(time, cause, arm, weights):
    """Gray's score as a weighted difference of subdistribution hazards, the weight being held."""

    def exposed(group, t):
        rows = weighted_curves(time, cause, (arm == group) * 1.0)
        before = [0.0, *(f for u, _, f, _ in rows if u < t)][-1]
        at = [(s, y) for u, s, _, y in rows if u == t]
        return at[0][1] * (1.0 - before) / at[0][0] if at else 0.0

    total = 0.0
    for group, sign in ((0, -1.0), (1, 1.0)):
        before = 0.0
        for t, _, after, _ in weighted_curves(time, cause, weights * (arm == group)):
            r = exposed(0, t), exposed(1, t)
            if sum(r) > 0:
                total += sign * r[0] * r[1] / sum(r) * (after - before) / (1.0 - before)
            before = after
    return total
