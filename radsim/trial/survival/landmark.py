"""Differences between two arms at one time, or up to one: arm 1 minus arm 0."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radsim.trial.survival.incidence import cumulative_incidence, time_lost
from radsim.trial.survival.subjects import ANY, RiskTable
from radsim.trial.survival.survival_curve import kaplan_meier, restricted_mean
from radsim.trial.survival.transforms import transform_named
from radsim.trial.survival.verdict import Estimate, Verdict, normal_test, two_sided_z


@dataclass(frozen=True)
class Difference:
    """A difference of two estimates and the test that it is 0; arrays have the trials' shape.

    Where neither arm varies (no events, or all at once) the difference stands, but its test is
    not estimable and its interval says nothing: it is as wide as differences can be.
    """

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
    r"""Difference of two cumulative incidences at a landmark, death competing.

    .. math:: F_1(t) - F_0(t), \qquad
              z = \frac{g(F_1) - g(F_0)}{\sqrt{g'(F_1)^2 v_1 + g'(F_0)^2 v_0}}

    Parameters
    ----------
    months
        The landmark [months].
    variance, transform
        By the names of `radsim.trial.survival.incidence.cumulative_incidence`. The test compares
        the incidences on the scale g of the transform; the interval of the difference is made from
        the two transformed intervals (square and add), and is Wald's for ``plain``.

    Returns
    -------
    Difference
        Shapes (...). Not estimable where an arm is not observed up to the landmark.

    Raises
    ------
    ValueError
        As `radsim.trial.survival.incidence.cumulative_incidence`.

    References
    ----------
    Klein, Logan, Harhoff and Andersen (2007), Stat Med 26, 4505-4519, for the scales; Zou and
    Donner (2008), Stat Med 27, 1693-1702, for square and add.

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
    return _difference(one, zero, transform, level, 1.0)


def survival_difference(
    table: RiskTable,
    months: float,
    *,
    causes: Sequence[int] = ANY,
    transform: str = "plain",
    level: float = 0.95,
) -> Difference:
    r"""Difference of two Kaplan-Meier probabilities at a landmark.

    .. math:: S_1(t) - S_0(t)

    Parameters
    ----------
    months
        The landmark [months].
    causes
        What counts as the event; (1,) gives net control with death censored.
    transform
        As in `incidence_difference`.

    Returns
    -------
    Difference
        Shapes (...). Not estimable where an arm is not observed up to the landmark.

    Raises
    ------
    ValueError
        As `radsim.trial.survival.survival_curve.kaplan_meier`.

    References
    ----------
    Klein, Logan, Harhoff and Andersen (2007), Stat Med 26, 4505-4519.

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
    return _difference(one, zero, transform, level, 1.0)


def restricted_mean_difference(
    table: RiskTable, horizon: float, *, causes: Sequence[int] = ANY, level: float = 0.95
) -> Difference:
    r"""Difference of the mean times without an event up to a horizon [months].

    .. math:: \int_0^\tau \bigl(S_1(t) - S_0(t)\bigr)\,dt

    Returns
    -------
    Difference
        Shapes (...), in months. Not estimable where an arm is not observed up to the horizon.

    Raises
    ------
    ValueError
        As `radsim.trial.survival.survival_curve.restricted_mean`.

    References
    ----------
    Royston and Parmar (2013), BMC Med Res Methodol 13, 152.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([6.0, 12.0, 12.0, 12.0], [1, 0, 0, 0], [0, 0, 1, 1])
    >>> float(restricted_mean_difference(table, 12.0).estimate.value)  # 12 months, less 9
    3.0
    """
    one, zero = (
        restricted_mean(table, horizon, arm=arm, causes=causes, level=level) for arm in (1, 0)
    )
    return _difference(one, zero, "plain", level, horizon)


def time_lost_difference(
    table: RiskTable, horizon: float, *, cause: int = 1, level: float = 0.95
) -> Difference:
    r"""Difference of the mean times lost to an event up to a horizon [months].

    .. math:: \int_0^\tau \bigl(F_1(t) - F_0(t)\bigr)\,dt

    Returns
    -------
    Difference
        Shapes (...), in months. Not estimable where an arm is not observed up to the horizon.

    Raises
    ------
    ValueError
        As `radsim.trial.survival.incidence.time_lost`.

    References
    ----------
    Andersen (2013), Stat Med 32, 5278-5285.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([6.0, 12.0, 12.0, 12.0], [1, 0, 0, 0], [0, 0, 1, 1])
    >>> float(time_lost_difference(table, 12.0).estimate.value)  # none, less half of 6 months
    -3.0
    """
    one, zero = (time_lost(table, horizon, arm=arm, cause=cause, level=level) for arm in (1, 0))
    return _difference(one, zero, "plain", level, horizon)


def _difference(
    one: Estimate, zero: Estimate, transform: str, level: float, largest: float
) -> Difference:
    reached = one.estimable & zero.estimable
    value = one.value - zero.value
    error = np.hypot(one.standard_error, zero.standard_error)
    if transform == "plain":
        test = normal_test(value, error**2, reached)
        below = above = two_sided_z(level) * error
    else:
        scale = transform_named(transform)
        inside = (one.value > 0.0) & (one.value < 1.0) & (zero.value > 0.0) & (zero.value < 1.0)
        p1, p0 = (np.where(inside, e.value, 0.5) for e in (one, zero))
        gap = scale.to(p1) - scale.to(p0)
        gap = np.where(value >= 0.0, np.abs(gap), -np.abs(gap))  # log-log falls as p grows
        spread = np.hypot(
            scale.slope(p1) * one.standard_error, scale.slope(p0) * zero.standard_error
        )
        test = normal_test(gap, spread**2, reached & inside)
        below = np.hypot(one.value - one.lower, zero.upper - zero.value)
        above = np.hypot(one.upper - one.value, zero.value - zero.lower)
    varies = error > 0.0
    lower = np.where(varies, np.maximum(value - below, -largest), -largest)
    upper = np.where(varies, np.minimum(value + above, largest), largest)
    return Difference(Estimate(value, error, lower, upper, reached), test)
