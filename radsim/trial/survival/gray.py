"""Gray's test of whether two arms differ in the cumulative incidence of an event."""

import numpy as np

from radsim.trial.survival.incidence import (
    Steps,
    incidence_steps,
    subject_influence,
    sum_of_squares,
)
from radsim.trial.survival.subjects import ARMS, RiskTable, just_before, strata_of
from radsim.trial.survival.verdict import Verdict, normal_test

TINY = 1e-12  # keeps 1 - F above 0 where everybody has had the event


def gray_test(
    table: RiskTable, *, cause: int = 1, stratified: bool = False, robust: bool = False
) -> Verdict:
    r"""Compare the subdistribution hazards of two arms (Gray, rho 0).

    .. math:: U = \sum_u \Bigl(d_{1u} - d_u \frac{R_{1u}}{R_{1u} + R_{0u}}\Bigr), \qquad
              R_i = Y_i \frac{1 - F_i(u-)}{S_i(u-)}

    with the variance of Gray's paper, corrected for ties as in cmprsk. The null is that the
    cumulative incidences are equal. An arm whose patients die sooner has fewer of the event,
    so this test rejects where only death differs, and rightly: it answers how many patients
    will have the event, not how fast those alive get it.

    Parameters
    ----------
    cause
        1 for the event, 2 for death.
    stratified
        Sum score and variance over the strata of the table.
    robust
        Variance from the influence of patients on the score, whose lesions may fail together;
        the score is the same.

    Returns
    -------
    Verdict
        Shapes (...). Not estimable without events of the cause, or with one arm only.

    Raises
    ------
    ValueError
        If the cause is unknown, or strata or patients are asked for and the table has none.

    References
    ----------
    Gray (1988), Ann Stat 16, 1141-1154; Chen, Kramer, Greene and Rosenberg (2008), Biometrics 64,
    172-179, for clusters.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 1, 2, 0, 1, 0], [1, 1, 0, 0, 1, 0])
    >>> bool(gray_test(table).z > 0)
    True
    """
    score, variance = gray_score(table, cause=cause, stratified=stratified, robust=robust)
    return normal_test(score, variance)


def gray_score(
    table: RiskTable, *, cause: int = 1, stratified: bool = False, robust: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Score of arm 1 and its variance, shapes (...)."""
    if robust and table.patient is None:
        raise ValueError("a robust variance needs patients; give risk_table a patient")
    strata = list(strata_of(table)) if stratified else [table]
    score, variance = np.zeros(()), np.zeros(())
    for stratum in strata:
        mine, spread = _score(stratum, cause)
        score, variance = score + mine, variance + spread
    if robust:
        change = sum((_influence(stratum, cause) for stratum in strata), start=np.zeros(()))
        variance = np.where(variance > 0.0, sum_of_squares(table, change), 0.0)
    return score, variance


def _score(table: RiskTable, cause: int) -> tuple[np.ndarray, np.ndarray]:
    arms = [incidence_steps(table, cause, arm) for arm in ARMS]
    exposed = [_exposed(table, arm, steps) for arm, steps in zip(ARMS, arms, strict=True)]
    weighted = [
        h * (1.0 - just_before(s.incidence, 0.0)) for h, s in zip(exposed, arms, strict=True)
    ]
    events = arms[0].mine + arms[1].mine
    everyone = exposed[0] + exposed[1]
    somebody = np.where(everyone > 0.0, everyone, 1.0)
    share = weighted[1] / np.where(events > 0.0, weighted[0] + weighted[1], 1.0)
    score = (arms[1].mine - events * share).sum(axis=-1)

    pooled = np.cumsum(events / somebody, axis=-1)  # the incidence that both arms share
    between = exposed[0] * exposed[1] / somebody
    hazard = events / (somebody * np.maximum(1.0 - just_before(pooled, 0.0), TINY))
    seen = np.cumsum(between * hazard, axis=-1)
    later = seen[..., -1:] - seen
    variance = np.zeros(score.shape)
    for arm, steps in zip(ARMS, arms, strict=True):
        at_risk = table.at_risk(arm)
        alive = steps.survival > 0.0
        ratio = (1.0 - pooled) / np.where(alive, steps.survival, 1.0)
        own = np.where(alive, 1.0 - ratio, 1.0)
        tied = np.maximum(events - 1.0, 0.0) / np.where(
            events > 1.0, somebody * steps.before - 1.0, 1.0
        )
        mine = (1.0 - tied) * steps.before * events / (somebody * steps.at_risk)
        variance += np.where(at_risk > 0.0, mine * (between + own * later) ** 2, 0.0).sum(axis=-1)
        tied = np.maximum(steps.other - 1.0, 0.0) / np.maximum(at_risk - 1.0, 1.0)
        theirs = (1.0 - tied) * (steps.before / steps.at_risk) ** 2 * steps.other
        variance += np.where(alive, theirs * (ratio * later) ** 2, 0.0).sum(axis=-1)
    return score, variance


def _influence(table: RiskTable, cause: int) -> np.ndarray:
    r"""How the score would change with a subject's weight, shape (..., subject).

    The score is :math:`\int K\,(d\Gamma_1 - d\Gamma_0)`, each :math:`d\Gamma_i = dF_i/(1 - F_i)`
    a subdistribution hazard and :math:`K = R_1 R_0 / (R_1 + R_0)`, whose own change counts for
    nothing where the two are equal. What an event is worth then is K/(1 - F), and what it adds to
    the later hazards.
    """
    arms = [incidence_steps(table, cause, arm) for arm in ARMS]
    left = [1.0 - just_before(steps.incidence, 0.0) for steps in arms]
    exposed = [
        _exposed(table, arm, steps) * free
        for arm, steps, free in zip(ARMS, arms, left, strict=True)
    ]
    both = exposed[0] + exposed[1]
    weight = exposed[0] * exposed[1] / np.where(both > 0.0, both, 1.0)
    total = np.zeros(table.time.shape)
    for arm, steps, free, sign in zip(ARMS, arms, left, (-1.0, 1.0), strict=True):
        free = np.maximum(free, TINY)
        step = steps.before * steps.mine / steps.at_risk
        later = np.cumsum((weight * step / free**2)[..., ::-1], axis=-1)[..., ::-1]
        worth = weight / free + later - weight * step / free**2
        gain = np.cumsum((worth * step)[..., ::-1], axis=-1)[..., ::-1] - worth * step
        total += sign * subject_influence(table, steps, gain, worth, cause, arm)
    return total


def _exposed(table: RiskTable, arm: int, steps: Steps) -> np.ndarray:
    """Number at risk had nobody left, by the Kaplan-Meier of both causes."""
    return table.at_risk(arm) / np.where(steps.before > 0.0, steps.before, 1.0)
