"""Log-rank tests: cause-specific, of any event, weighted, stratified, robust to clusters."""

from collections.abc import Sequence

import numpy as np

from radsim.trial.survival.incidence import sum_of_squares
from radsim.trial.survival.subjects import EVENT, RiskTable, check_causes, just_before, strata_of
from radsim.trial.survival.survival_curve import survival_steps
from radsim.trial.survival.verdict import Verdict, normal_test
from radsim.vocabulary.arguments import member

WEIGHTS = ("none", "peto")


def logrank(
    table: RiskTable,
    *,
    causes: Sequence[int] = (EVENT,),
    weight: str = "none",
    stratified: bool = False,
    robust: bool = False,
) -> Verdict:
    r"""Compare the cause-specific hazards of two arms.

    .. math:: U = \sum_u w_u \Bigl(d_{1u} - d_u \frac{Y_{1u}}{Y_u}\Bigr), \qquad
              V = \sum_u w_u^2 d_u \frac{Y_{1u} Y_{0u}}{Y_u^2} \frac{Y_u - d_u}{Y_u - 1}

    Subjects who die first are censored, so the null is that the hazards of the event among those
    still at risk are equal, whatever becomes of the cumulative incidence.

    Parameters
    ----------
    causes
        (1,) for the cause-specific test, (1, 2) for that of any event.
    weight
        ``none``, or ``peto``: by the Kaplan-Meier of the event just before it (the G-rho test
        with rho 1).
    stratified
        Sum score and variance over the strata of the table.
    robust
        Variance from the scores of patients, whose lesions may fail together.

    Returns
    -------
    Verdict
        Shapes (...). Not estimable without events, or where one arm was never at risk with the
        other.

    Raises
    ------
    ValueError
        If strata or patients are asked for and the table has none, or the weight or a cause is
        unknown.

    References
    ----------
    Mantel (1966), Cancer Chemother Rep 50, 163; Lee, Wei and Amato (1992), Survival Analysis:
    State of the Art, 237-247, for the robust variance.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0], [1, 1, 0, 0])
    >>> round(float(logrank(table).chi_square), 6)
    2.882353
    """
    score, variance = logrank_score(
        table, causes=causes, weight=weight, stratified=stratified, robust=robust
    )
    return normal_test(score, variance)


def logrank_score(
    table: RiskTable,
    *,
    causes: Sequence[int] = (EVENT,),
    weight: str = "none",
    stratified: bool = False,
    robust: bool = False,
    ratio: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Score (observed minus expected events of arm 1) and its variance, shapes (...).

    Parameters
    ----------
    ratio
        Hazard of arm 1 over that of arm 0 under which events are expected; 1 is the log-rank test,
        another the score test of Cox's regression at that ratio.
    """
    member("weight", weight, WEIGHTS)
    causes = check_causes(causes)
    if robust and table.patient is None:
        raise ValueError("a robust variance needs patients; give risk_table a patient")
    score: np.ndarray | float = 0.0
    variance: np.ndarray | float = 0.0
    residuals: np.ndarray | float = 0.0
    for stratum in strata_of(table) if stratified else (table,):
        w = None
        if weight == "peto":
            w = just_before(survival_steps(stratum, causes, None)[0], 1.0)
        s, v = _score(stratum, causes, w, ratio)
        score, variance = score + s, variance + v
        if robust:
            residuals = residuals + _residuals(stratum, causes, w)
    if robust:
        variance = np.where(variance > 0.0, sum_of_squares(table, np.asarray(residuals)), 0.0)
    return np.asarray(score), np.asarray(variance)


def score_terms(
    table: RiskTable, causes: Sequence[int], ratio: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """What each time adds to the score of arm 1 and to its variance, shapes (..., subject)."""
    at_risk = np.maximum(table.at_risk(), 1.0)
    share = table.at_risk(1) / at_risk
    if ratio != 1.0:
        share = share * ratio / (1.0 + share * (ratio - 1.0))
    events = table.events(causes)
    gap = table.events(causes, 1) - events * share
    spread = events * share * (1.0 - share)
    if table.starts is not None:
        spread *= (at_risk - events) / np.maximum(at_risk - 1.0, 1.0)
    return gap, spread


def _score(
    table: RiskTable, causes: Sequence[int], weights: np.ndarray | None, ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    gap, spread = score_terms(table, causes, ratio)
    if weights is not None:
        gap, spread = gap * weights, spread * weights**2
    return gap.sum(axis=-1), spread.sum(axis=-1)


def _residuals(table: RiskTable, causes: Sequence[int], weights: np.ndarray | None) -> np.ndarray:
    """Each subject's part of the score: its own event, less what its time at risk expected."""
    at_risk = np.maximum(table.at_risk(), 1.0)
    share = table.at_risk(1) / at_risk
    w = np.ones_like(share) if weights is None else weights
    hazard = w * table.events(causes) / at_risk
    own = table.has(causes) * table.at_end(np.where(table.ends, w, 0.0))
    total = table.at_end(np.cumsum(hazard, axis=-1))
    in_one = table.at_end(np.cumsum(hazard * share, axis=-1))
    group = (table.arm == 1) * 1.0
    residuals = own * (group - table.at_end(share)) - (group * total - in_one)
    return np.where(table.members(), residuals, 0.0)
