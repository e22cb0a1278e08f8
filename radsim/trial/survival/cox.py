"""Cause-specific hazard ratio of two arms by Cox regression."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from radsim.trial.survival.incidence import sum_of_squares
from radsim.trial.survival.subjects import ARMS, EVENT, RiskTable, check_cause, strata_of
from radsim.trial.survival.verdict import two_sided_z
from radsim.vocabulary.arguments import member

ITERATIONS = 50
CONVERGED = 1e-11  # of the log hazard ratio
LARGEST_STEP = 2.0  # of the log hazard ratio in one iteration
ROUNDING = 1e-18  # a sandwich variance below this share of the information is 0 but for rounding
TIES = ("efron", "breslow")


@dataclass(frozen=True)
class HazardRatio:
    """Log hazard ratio of arm 1 over arm 0 of many trials; arrays have the trials' shape.

    Where it is not estimable the standard error is infinite and the p value 1. The log ratio is
    then what the likelihood drives it to: minus or plus infinity (events in one arm only), 0 (no
    events), or the estimate, where only its robust variance is without information.
    """

    log_ratio: np.ndarray
    standard_error: np.ndarray
    estimable: np.ndarray

    @property
    def ratio(self) -> np.ndarray:
        """Hazard ratio."""
        return np.exp(self.log_ratio)

    @property
    def p_value(self) -> np.ndarray:
        """Two-sided, by Wald's test."""
        log_ratio = np.where(self.estimable, self.log_ratio, 0.0)
        return 2.0 * special.ndtr(-np.abs(log_ratio) / self.standard_error)

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Interval of the hazard ratio; from 0 to infinity where it is not estimable."""
        log_ratio = np.where(self.estimable, self.log_ratio, 0.0)
        half = two_sided_z(level) * self.standard_error
        return np.exp(log_ratio - half), np.exp(log_ratio + half)


@dataclass(frozen=True)
class RiskSets:
    """At each time: who is at risk, as a partial likelihood counts them, and the events."""

    at_risk: tuple[np.ndarray, np.ndarray]  # by arm, shape (..., subject)
    events: np.ndarray  # shape (..., subject)
    by_arm: tuple[np.ndarray, np.ndarray]  # events of each arm in all, shapes (...)

    def moments(self, log_ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hazard-weighted number at risk, and the share of it in arm 1, at each event."""
        ones = self.at_risk[1] * np.exp(log_ratio)[..., np.newaxis]
        total = self.at_risk[0] + ones
        total = np.where(total > 0.0, total, 1.0)
        return total, ones / total

    def score(self, log_ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope of the log likelihood, and its information, shapes (...)."""
        _, share = self.moments(log_ratio)
        expected = self.events * share
        score = self.by_arm[1] - expected.sum(axis=-1)
        return score, (expected * (1.0 - share)).sum(axis=-1)


def cox_ratio(
    table: RiskTable,
    *,
    cause: int = EVENT,
    ties: str = "efron",
    stratified: bool = False,
    robust: bool = False,
) -> HazardRatio:
    r"""Ratio of the cause-specific hazards, arm 1 over arm 0.

    The partial likelihood is maximized by Newton's method for all trials at once; tied events
    are handled as Efron proposed, each of the ``d`` tied events seeing the risk set less the
    mean of those before it:

    .. math:: \sum_u \sum_{l=0}^{d-1} \Bigl(x - \frac{Y_1 e^\beta - \tfrac{l}{d} d_1 e^\beta}
              {Y_0 + Y_1 e^\beta - \tfrac{l}{d}(d_0 + d_1 e^\beta)}\Bigr) = 0

    Parameters
    ----------
    cause
        1 for the event with death censored, 2 for death with the event censored.
    ties
        ``efron`` or ``breslow``.
    stratified
        One ratio over the strata of the table, each with a hazard of its own.
    robust
        Sandwich variance; it sums the scores of a patient's lesions where the table knows
        patients, whichever arms they are in.

    Returns
    -------
    HazardRatio
        Shapes (...), flagged where no finite estimate exists.

    Raises
    ------
    ValueError
        If the cause or the rule for ties is unknown, or strata are asked for and the table has
        none.

    References
    ----------
    Efron (1977), JASA 72, 557-565; Lin and Wei (1989), JASA 84, 1074-1078.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 0], [1, 0, 1, 0])
    >>> round(float(cox_ratio(table).log_ratio), 6)
    0.940614
    """
    cause = check_cause(cause)
    member("ties", ties, TIES)
    parts = list(strata_of(table)) if stratified else [table]
    sets = [_risk_sets(part, cause, ties) for part in parts]

    def residuals(log_ratio: np.ndarray) -> np.ndarray:
        pairs = zip(parts, sets, strict=True)
        return sum(_residuals(part, its, cause, log_ratio) for part, its in pairs)  # type: ignore[return-value]

    return likeliest_ratio(table, sets, residuals if robust else None)


def likeliest_ratio(
    table: RiskTable,
    sets: Sequence[RiskSets],
    residuals: Callable[[np.ndarray], np.ndarray] | None,
) -> HazardRatio:
    """Maximize a partial likelihood; the variance is the sandwich where there are residuals.

    Parameters
    ----------
    sets
        Of each stratum.
    residuals
        Of the score at a log ratio, shape (..., subject).
    """
    finite, limit = _limits(sets)
    log_ratio = _solve_newton(sets, finite)
    _, information = _score(sets, log_ratio)
    information = np.where(finite, information, 1.0)
    variance, estimable = 1.0 / information, finite
    if residuals is not None:
        squares = sum_of_squares(table, residuals(log_ratio))
        variance = squares / information**2
        estimable = finite & (squares > ROUNDING * information)
    error = np.where(estimable, np.sqrt(variance), np.inf)
    return HazardRatio(np.where(finite, log_ratio, limit), error, estimable)


def _score(sets: Sequence[RiskSets], log_ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the log likelihood over the strata, and its information, shapes (...)."""
    if len(sets) == 1:
        return sets[0].score(log_ratio)
    parts = [its.score(log_ratio) for its in sets]
    return sum(s for s, _ in parts), sum(i for _, i in parts)  # type: ignore[return-value]


def _solve_newton(sets: Sequence[RiskSets], finite: np.ndarray) -> np.ndarray:
    """Solve score = 0 for every trial at once; those without a finite solution stay at 0."""
    log_ratio = np.zeros(finite.shape)
    moving = finite
    for _ in range(ITERATIONS):
        score, information = _score(sets, log_ratio)
        step = np.where(moving, score / np.where(information > 0.0, information, 1.0), 0.0)
        log_ratio = log_ratio + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        moving = np.abs(step) > CONVERGED  # a trial rests once it is there, whatever the others do
        if not moving.any():
            break
    return log_ratio


def _limits(sets: Sequence[RiskSets]) -> tuple[np.ndarray, np.ndarray]:
    """Say where a finite maximum exists, and where the likelihood drives the log ratio else.

    The score falls from (events of arm 1 that had anyone of arm 0 at risk with them) to minus
    (events of arm 0 that had anyone of arm 1 at risk with them).
    """
    most, least = (
        sum(((its.at_risk[arm] > 0.0) * its.events).sum(axis=-1) - its.by_arm[arm] for its in sets)
        for arm in ARMS
    )
    finite = (most > 0.0) & (least > 0.0)
    return finite, np.where(most > 0.0, np.inf, np.where(least > 0.0, -np.inf, 0.0))


def _risk_sets(table: RiskTable, cause: int, ties: str) -> RiskSets:
    """Who is at risk of each event, less the tied ones counted already."""
    at_risk = table.at_risk(0), table.at_risk(1)
    mine = table.members() & table.has((cause,))
    by_arm = table.events_by_arm(cause)
    if table.starts is None or ties == "breslow":
        return RiskSets(at_risk, mine * 1.0, by_arm)
    count = np.cumsum(mine, axis=-1, dtype=float)
    rank = count - mine - table.at_start(count - mine)
    total = np.maximum(table.at_end(table.events((cause,))), 1.0)
    used = [(rank / total) * table.at_end(table.events((cause,), arm)) for arm in ARMS]
    return RiskSets((at_risk[0] - used[0], at_risk[1] - used[1]), mine * 1.0, by_arm)


def _residuals(table: RiskTable, sets: RiskSets, cause: int, log_ratio: np.ndarray) -> np.ndarray:
    """Score residual of each subject at the estimate (Efron's weights at ties)."""
    total, share = sets.moments(log_ratio)
    hazard = sets.events / total
    group = (table.arm == 1) * 1.0
    risk = np.exp(log_ratio[..., np.newaxis] * group)
    mine = table.has((cause,)) * 1.0
    deaths = np.maximum(table.at_end(table.events((cause,))), 1.0)
    full = table.at_risk(0) + table.at_risk(1)
    kept = 1.0 - (full - sets.at_risk[0] - sets.at_risk[1]) / deaths  # by Efron's rule
    all_hazard = table.at_end(np.cumsum(hazard, axis=-1))
    all_share = table.at_end(np.cumsum(hazard * share, axis=-1))
    # at its own time a tied event is only partly at risk of those counted after it
    spared = _over_tie(table, hazard * (1.0 - kept))
    spared_share = _over_tie(table, hazard * share * (1.0 - kept))
    mean_share = _over_tie(table, sets.events * share) / deaths
    exposed = group * (all_hazard - mine * spared) - (all_share - mine * spared_share)
    return np.where(table.members(), mine * (group - mean_share) - risk * exposed, 0.0)


def _over_tie(table: RiskTable, values: np.ndarray) -> np.ndarray:
    """Sum a value over the subjects with the same time, given to each of them."""
    if table.starts is None:
        return values
    total = np.cumsum(values, axis=-1)
    before = np.where(table.starts, total - values, -np.inf)
    tied = table.at_end(total) - np.maximum.accumulate(before, axis=-1)
    return np.where(table.starts & table.ends, values, tied)
