"""Intervals of fitted parameters: profile likelihood and bootstrap."""

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import optimize, special, stats

from radsim.fitting.identifiability import REACH
from radsim.fitting.likelihood import Likelihood
from radsim.fitting.outcome_table import OutcomeTable
from radsim.randomness.streams import Streams
from radsim.vocabulary.mistakes import require

CHI2_95 = 3.841458820694124  # of one degree of freedom
FIRST_STEP, GROWTH = 0.05, 1.6  # of the search for an end, in logs
FEWEST_RESAMPLES = 20  # of which 95 % quantiles say anything


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One fitted parameter with its 95 % intervals.

    An end of the profile that the data do not bound is infinite, or 0 of a parameter that must be
    above 0. Published probabilities have no profile: their scatter is no error of sampling.
    """

    value: float  # of maximum likelihood
    profile: tuple[float, float] | None  # by profile likelihood
    open: tuple[bool, bool] = (False, False)  # whether the data leave an end of it unbounded
    bootstrap: tuple[float, float] | None = None  # quantiles, if asked for

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bootstrap's, else the profile's; None where there is none that is bounded."""
        if self.bootstrap is not None:
            return self.bootstrap
        return None if any(self.open) else self.profile


def profile_interval(
    problem: Likelihood, theta: np.ndarray, i: int
) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """Interval in which a profile stays within its 95 % drop, and whether each end is open."""
    low, high = (_profile_end(problem, theta, i, sign) for sign in (-1.0, 1.0))
    is_open = (bool(np.isinf(low)), bool(np.isinf(high)))
    if problem.logarithmic[i]:
        low, high = float(np.exp(low)), float(np.exp(high))
    return (low, high), is_open


def _profile_end(problem: Likelihood, theta: np.ndarray, i: int, sign: float) -> float:
    """Find the lower or the upper end of a profile, on the parameter's own scale."""
    unit = sign * float(problem.sizes(theta)[i])
    least = problem.loss(theta)
    solved = {0.0: theta}  # by distance, so that each is worked out once, from a near one
    fell = {0.0: -CHI2_95}

    def excess(distance: float) -> float:
        if distance not in fell:
            value = float(theta[i]) + distance * unit
            start = solved[min(solved, key=lambda other: abs(other - distance))]
            solved[distance] = problem.best(start, {i: value})
            fell[distance] = 2.0 * (problem.loss(solved[distance]) - least) - CHI2_95
        return fell[distance]

    low, high = 0.0, FIRST_STEP
    while excess(high) < 0.0 and high < REACH:
        low, high = high, GROWTH * high
    if high >= REACH:
        return sign * np.inf
    return float(theta[i]) + optimize.brentq(excess, low, high, xtol=1e-4, rtol=1e-4) * unit


def bootstrap_samples(
    problem: Likelihood, theta: np.ndarray, resamples: int, seed: int, noise: float
) -> np.ndarray:
    """Estimates of resamples of a table, shape (resample, parameter).

    Single patients are resampled as whole rows; a resample without events, or with events only,
    is left out. The events of a group are drawn anew from its observed share. The log odds of
    published probabilities are moved by a normal error of this standard deviation.
    """
    require(
        resamples >= FEWEST_RESAMPLES,
        f"bootstrap must be 0 or at least {FEWEST_RESAMPLES} resamples, got {resamples}",
    )
    streams = Streams(seed)
    tables = (resample(problem.table, streams, index, noise) for index in range(resamples))
    drawn = (replace(problem, table=table) for table in tables if table.has_both_outcomes)
    samples = [problem.natural(other.best(theta)) for other in drawn]
    require(
        len(samples) >= FEWEST_RESAMPLES,
        "bootstrap: too few resamples have events and others; the table is too small for one",
    )
    return np.array(samples)


def resample(table: OutcomeTable, streams: Streams, index: int, noise: float) -> OutcomeTable:
    """One resample of a table, by the stream of its own name."""
    u = streams.uniforms(f"fit/bootstrap/{index}", range(table.rows))
    if table.probability is not None:
        log_odds = special.logit(table.probability) + noise * special.ndtri(u)
        return replace(table, probability=special.expit(log_odds))
    if not table.is_binary:
        assert table.events is not None and table.patients is not None
        return replace(table, events=np.asarray(stats.binom.ppf(u, table.patients, table.share)))
    rows = np.minimum((u * table.rows).astype(int), table.rows - 1)
    columns = {field.name: getattr(table, field.name) for field in fields(table)}
    picked = {n: values[rows] for n, values in columns.items() if isinstance(values, np.ndarray)}
    covariates = {name: values[rows] for name, values in table.covariates.items()}
    return replace(table, **picked, covariates=covariates)
