"""Intervals of fitted parameters: profile likelihood and bootstrap."""

from dataclasses import dataclass, replace

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

    Attributes
    ----------
    value
        Maximum likelihood estimate.
    profile
        Interval by profile likelihood. An end that the data do not bound is infinite, or 0 of a
        parameter that must be above 0. None for published probabilities, whose scatter about a
        curve is no error of sampling.
    open
        Whether the data leave the lower and the upper end of the profile unbounded.
    bootstrap
        Interval of bootstrap quantiles, if one was asked for.
    """

    value: float
    profile: tuple[float, float] | None
    open: tuple[bool, bool] = (False, False)
    bootstrap: tuple[float, float] | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bootstrap's, else the profile's; None where there is none that is bounded."""
        if self.bootstrap is not None:
            return self.bootstrap
        return None if any(self.open) else self.profile


def profile_interval(
    problem: Likelihood, theta: np.ndarray, i: int, table: OutcomeTable
) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """Interval in which the profile likelihood of one parameter stays within its 95 % drop.

    Returns
    -------
    tuple
        Both ends, and whether each is open.
    """
    least = problem.loss(theta, table)
    unit = 1.0 if problem.logarithmic[i] else max(abs(float(theta[i])), 0.1)
    ends, is_open = [], []
    for sign in (-1.0, 1.0):
        solved = {0.0: theta}  # by distance, so that each is worked out once, from a near one
        fell = {0.0: -CHI2_95}

        def excess(
            distance: float,
            sign: float = sign,
            solved: dict[float, np.ndarray] = solved,
            fell: dict[float, float] = fell,
        ) -> float:
            if distance not in fell:
                value = float(theta[i]) + sign * distance * unit
                near = min(solved, key=lambda other: abs(other - distance))
                start = solved[near].copy()
                start[i] = value
                solved[distance] = problem.best(start, table, {i: value})
                fell[distance] = 2.0 * (problem.loss(solved[distance], table) - least) - CHI2_95
            return fell[distance]

        low, high = 0.0, FIRST_STEP
        while excess(high) < 0.0 and high < REACH:
            low, high = high, GROWTH * high
        is_open.append(high >= REACH)
        if high >= REACH:
            ends.append(np.inf * sign)
        else:
            distance = optimize.brentq(excess, low, high, xtol=1e-4, rtol=1e-4)
            ends.append(float(theta[i]) + sign * distance * unit)
    if problem.logarithmic[i]:
        ends = [float(np.exp(end)) for end in ends]
    return (ends[0], ends[1]), (is_open[0], is_open[1])


def bootstrap_samples(
    problem: Likelihood,
    theta: np.ndarray,
    table: OutcomeTable,
    resamples: int,
    seed: int,
    noise: float,
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
    found = []
    for index in range(resamples):
        drawn = resample(table, streams, index, noise)
        if drawn.probability is not None or 0.0 < float((drawn.weight * drawn.share).sum()) < float(
            drawn.weight.sum()
        ):
            found.append(problem.natural(problem.best(theta, drawn)))
    require(
        len(found) >= FEWEST_RESAMPLES,
        "bootstrap: too few resamples have events and others; the table is too small for one",
    )
    return np.array(found)


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

    def pick(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[rows]

    return replace(
        table,
        dose=table.dose[rows],
        volume=pick(table.volume),
        fractions=pick(table.fractions),
        events=pick(table.events),
        patients=pick(table.patients),
        weight=table.weight[rows],
        covariates={name: values[rows] for name, values in table.covariates.items()},
    )
