"""Differences between two arms at one time, or up to one: arm 1 minus arm 0."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radsim.trial.incidence import cumulative_incidence, time_lost
from radsim.trial.subjects import RiskTable
from radsim.trial.survival_curve import ANY, kaplan_meier, restricted_mean
from radsim.trial.transforms import transform_named
from radsim.trial.verdict import Estimate, Verdict, normal_test, two_sided_z


@dataclass(frozen=True)
class Difference:
    """A difference of two estimates and the test that it is 0; arrays have the trials' shape."""

    estimate: Estimate
    test: Verdict


def incidence_difference(
    table: RiskTable,
    months: float,
    *,
    cause: int = 1,
    variance: str = "aalen",
    transform: str = "plain",
    level: float = 0.95,
) -> Difference:
    """Difference of two cumulative incidences at a landmark, death competing.

    Parameters
    ----------
    months
        The landmark [months].
    variance, transform
        By the names of `radsim.trial.incidence.cumulative_incidence`. The test compares the
        incidences on the scale of the transform; the interval of the difference is made from
        the two transformed intervals (square and add), and is Wald's for ``plain``.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> times, causes = [3.0, 5.0, 24.0, 4.0, 24.0, 24.0], [1, 1, 0, 1, 0, 0]
    >>> table = risk_table(times, causes, [1, 1, 1, 0, 0, 0])
    >>> round(float(incidence_difference(table, 12.0).estimate.value), 6)
    0.333333
    """
    one, zero = (
        cumulative_incidence(
            table, months, arm=arm, cause=cause, variance=variance, transform=transform, level=level
        )
        for arm in (1, 0)
    )
    return _difference(one, zero, transform, level)


def survival_difference(
    table: RiskTable,
    months: float,
    *,
    causes: Sequence[int] = ANY,
    transform: str = "plain",
    level: float = 0.95,
) -> Difference:
    """Difference of two Kaplan-Meier probabilities at a landmark [months].

    Parameters
    ----------
    causes
        What counts as the event; (1,) gives net control with death censored.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> times, causes = [3.0, 5.0, 24.0, 4.0, 24.0, 24.0], [1, 1, 0, 1, 0, 0]
    >>> table = risk_table(times, causes, [1, 1, 1, 0, 0, 0])
    >>> round(float(survival_difference(table, 12.0).estimate.value), 6)
    -0.333333
    """
    one, zero = (
        kaplan_meier(table, months, arm=arm, causes=causes, transform=transform, level=level)
        for arm in (1, 0)
    )
    return _difference(one, zero, transform, level)


def restricted_mean_difference(
    table: RiskTable, horizon: float, *, causes: Sequence[int] = ANY, level: float = 0.95
) -> Difference:
    """Difference of the mean times without an event up to a horizon [months]."""
    one, zero = (
        restricted_mean(table, horizon, arm=arm, causes=causes, level=level) for arm in (1, 0)
    )
    return _difference(one, zero, "plain", level)


def time_lost_difference(
    table: RiskTable, horizon: float, *, cause: int = 1, level: float = 0.95
) -> Difference:
    """Difference of the mean times lost to an event up to a horizon [months]."""
    one, zero = (time_lost(table, horizon, arm=arm, cause=cause, level=level) for arm in (1, 0))
    return _difference(one, zero, "plain", level)


def _difference(one: Estimate, zero: Estimate, transform: str, level: float) -> Difference:
    reached = one.estimable & zero.estimable
    value = one.value - zero.value
    error = np.hypot(one.standard_error, zero.standard_error)
    if transform == "plain":
        test = normal_test(value, error**2, reached)
        half = two_sided_z(level) * error
        return Difference(Estimate(value, error, value - half, value + half, reached), test)
    scale = transform_named(transform)
    inside = (one.value > 0.0) & (one.value < 1.0) & (zero.value > 0.0) & (zero.value < 1.0)
    safe = [np.where(inside, e.value, 0.5) for e in (one, zero)]
    gap = scale.to(safe[0]) - scale.to(safe[1])
    gap = np.where(value >= 0.0, np.abs(gap), -np.abs(gap))  # log-log falls as p grows
    errors = [scale.slope(p) * e.standard_error for p, e in zip(safe, (one, zero), strict=True)]
    test = normal_test(gap, errors[0] ** 2 + errors[1] ** 2, reached & inside)
    lower = value - np.hypot(one.value - one.lower, zero.upper - zero.value)
    upper = value + np.hypot(one.upper - one.value, zero.value - zero.lower)
    return Difference(Estimate(value, error, lower, upper, reached), test)
