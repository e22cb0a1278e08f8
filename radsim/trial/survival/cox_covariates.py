"""Cox regression on the arm and on what is known of a patient at entry."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike

from radsim.trial.survival.cox import CONVERGED, ITERATIONS, LARGEST_STEP, HazardRatio
from radsim.trial.survival.subjects import EVENT, RiskTable, check_cause
from radsim.vocabulary.arguments import number_array
from radsim.vocabulary.mistakes import require

RIDGE = 1e-10  # of the information, where a covariate says nothing
LEAST = 1e-6  # information about the arm below which its ratio is driven away
LARGEST = 100.0  # log hazard of a subject over the mean one


@dataclass(frozen=True)
class Regression:
    """Coefficients of the arm, first, and of covariates; many trials at once.

    Attributes
    ----------
    coefficients
        Log hazard ratios, shape (..., 1 + covariate).
    covariance
        Inverse of the information, shape (..., 1 + covariate, 1 + covariate).
    arm
        The ratio of arm 1 over arm 0, flagged where no finite estimate exists.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    arm: HazardRatio


def cox_regression(table: RiskTable, covariates: ArrayLike, *, cause: int = EVENT) -> Regression:
    r"""Ratio of the cause-specific hazards of subjects who are otherwise alike.

    .. math:: h(t \mid x, z) = h_0(t)\,e^{\beta x + \gamma z}

    x is the arm, z are covariates. Efron's rule for ties; Newton's method for all trials at once.

    Parameters
    ----------
    covariates
        Shape (..., subject) for one, (..., subject, covariate) for several, the subjects as
        `risk_table` was given them.

    Raises
    ------
    ValueError
        If the cause is unknown, or the covariates are not numbers of the shape of the subjects.

    References
    ----------
    Cox (1972), JRSS B 34, 187-220; Efron (1977), JASA 72, 557-565.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> time, arm = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 0, 1, 0, 1, 0]
    >>> table = risk_table(time, [1, 1, 1, 1, 1, 0], arm)
    >>> [round(float(x), 4) for x in cox_regression(table, [1, 0, 0, 1, 1, 0]).coefficients]
    [0.5804, 0.1314]
    """
    cause = check_cause(cause)
    given = np.asarray(number_array("covariates", covariates), float)
    if given.shape == table.time.shape:
        given = given[..., np.newaxis]
    require(
        given.shape[:-1] == table.time.shape and given.shape[-1] > 0,
        f"covariates must have the shape of time, {table.time.shape}, with or without an axis of "
        f"covariates, got {np.shape(covariates)}",
    )
    require(bool(np.isfinite(given).all()), "covariates must be finite numbers")
    members = table.members()
    by_time = np.take_along_axis(given, table.order[..., np.newaxis], axis=-2)
    x = np.stack([(table.arm == 1) * 1.0, *np.moveaxis(by_time, -1, 0)], axis=-2)
    somebody = np.maximum(members.sum(axis=-1), 1)[..., np.newaxis, np.newaxis]
    there = members[..., np.newaxis, :]
    x = np.where(there, x - (x * there).sum(axis=-1, keepdims=True) / somebody, 0.0)
    sets = _Sets(table, members & table.has((cause,)), members)
    beta, moving = np.zeros(x.shape[:-1]), np.ones(x.shape[:-2], bool)
    for _ in range(ITERATIONS):
        score, information = sets.score(x, beta)
        step = np.linalg.solve(information, score[..., np.newaxis])[..., 0]
        step = np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        beta = beta + np.where(moving[..., np.newaxis], step, 0.0)
        moving &= np.abs(step[..., 0]) > CONVERGED
        if not moving.any():
            break
    _, information = sets.score(x, beta)
    covariance = np.linalg.inv(information)
    finite = ~moving & (covariance[..., 0, 0] < 1.0 / LEAST)
    limit = np.where(beta[..., 0] > 0.0, np.inf, np.where(beta[..., 0] < 0.0, -np.inf, 0.0))
    error = np.where(finite, np.sqrt(np.where(finite, covariance[..., 0, 0], 1.0)), np.inf)
    ratio = HazardRatio(np.where(finite, beta[..., 0], limit), error, finite)
    return Regression(beta, covariance, ratio)


@dataclass(frozen=True)
class _Sets:
    """Sums over who is at risk at each event, as Efron's likelihood counts them."""

    table: RiskTable
    mine: np.ndarray  # who has the event
    members: np.ndarray

    def score(self, x: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope of the log likelihood, and its information, with a ridge for what says nothing."""
        risk = np.exp(np.clip((beta[..., np.newaxis] * x).sum(axis=-2), -LARGEST, LARGEST))
        risk = np.where(self.members, risk, 0.0)
        total = self._at_risk(risk)
        total = np.where(total > 0.0, total, 1.0)
        size = x.shape[-2]
        means = [self._at_risk(risk * x[..., k, :]) / total for k in range(size)]
        score = [(self.mine * (x[..., k, :] - means[k])).sum(axis=-1) for k in range(size)]
        information = np.empty((*risk.shape[:-1], size, size))
        for j, k in combinations_with_replacement(range(size), 2):
            squares = self._at_risk(risk * x[..., j, :] * x[..., k, :]) / total
            spread = (self.mine * (squares - means[j] * means[k])).sum(axis=-1)
            information[..., j, k] = information[..., k, j] = spread
        return np.stack(score, axis=-1), information + RIDGE * np.eye(size)

    def _at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum over who is at risk at each event, less the share of its tie that is counted."""
        later = np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]
        if self.table.starts is None:
            return later
        at_risk = np.take_along_axis(later, self._first, axis=-1)
        seen = np.cumsum(values * self.mine, axis=-1)
        own = values * self.mine
        first = np.take_along_axis(seen - own, self._first, axis=-1)
        tied = self.table.at_end(seen) - first
        return at_risk - self._done * tied

    @cached_property
    def _first(self) -> np.ndarray:
        """Place of the first subject of a tie."""
        assert self.table.starts is not None
        places = np.where(self.table.starts, np.arange(self.mine.shape[-1]), 0)
        return np.maximum.accumulate(places, axis=-1)

    @cached_property
    def _done(self) -> np.ndarray:
        """Share of a tie's events that are counted before each of them."""
        count = np.cumsum(self.mine, axis=-1, dtype=float)
        first = np.take_along_axis(count - self.mine, self._first, axis=-1)
        return (count - self.mine - first) / np.maximum(self.table.at_end(count) - first, 1.0)
