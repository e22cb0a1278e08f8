"""Kaplan-Meier survival, and the mean time lived up to a horizon under it."""

from collections.abc import Sequence

import numpy as np

from radsim.trial.survival.subjects import ANY, SAME_TIME, RiskTable, check_arm, check_causes
from radsim.trial.survival.transforms import transformed_interval
from radsim.trial.survival.verdict import Estimate, two_sided_z
from radsim.vocabulary.arguments import not_negative, positive


def kaplan_meier(
    table: RiskTable,
    months: float,
    *,
    arm: int | None = None,
    causes: Sequence[int] = ANY,
    transform: str = "log-log",
    level: float = 0.95,
) -> Estimate:
    r"""Probability to be free of an event, other ends of observation censored.

    .. math:: S(t) = \prod_{u \le t} \Bigl(1 - \frac{d_u}{Y_u}\Bigr), \qquad
              \widehat{\mathrm{var}} = S^2 \sum_{u \le t} \frac{d_u}{Y_u (Y_u - d_u)}

    Parameters
    ----------
    months
        When [months].
    arm
        0, 1, or both together.
    causes
        What counts as the event: (1, 2) for event-free survival, (1,) for the net freedom from
        failure with death censored, (2,) for death with failure censored.
    transform
        Scale of the interval, see `radsim.trial.survival.transforms`.

    Returns
    -------
    Estimate
        Shapes (...). Not estimable where nobody is left at risk and the curve is not at 0.

    Raises
    ------
    ValueError
        If the time is not one number of 0 or more, an arm, a cause or a transform is unknown, or
        the level is not between 0 and 1.

    References
    ----------
    Kaplan and Meier (1958), JASA 53, 457-481; Greenwood's variance.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> two_deaths_of_25 = risk_table([3.0, 7.0] + [24.0] * 23, [2, 2] + [0] * 23)
    >>> alive = kaplan_meier(two_deaths_of_25, 12.0)
    >>> [round(float(x), 4) for x in (alive.value, alive.lower, alive.upper)]
    [0.92, 0.7164, 0.9794]
    """
    z, months = two_sided_z(level), not_negative("months", months)
    survival, greenwood = survival_steps(table, causes, arm)
    value = table.value_at(survival, months, 1.0)
    variance = value**2 * table.value_at(greenwood, months, 0.0)
    lower, upper = transformed_interval(value, variance, transform, z)
    reached = is_reached(table, months, arm, survival)
    return Estimate(value, np.sqrt(variance), lower, upper, reached)


def restricted_mean(
    table: RiskTable,
    horizon: float,
    *,
    arm: int | None = None,
    causes: Sequence[int] = ANY,
    level: float = 0.95,
) -> Estimate:
    r"""Mean time without an event up to a horizon [months]: the area under Kaplan-Meier.

    .. math:: \mu = \int_0^\tau S(t)\,dt, \qquad \widehat{\mathrm{var}} =
              \sum_{u \le \tau} \Bigl(\int_u^\tau S\Bigr)^2 \frac{d_u}{Y_u (Y_u - d_u)}

    Returns
    -------
    Estimate
        Shapes (...), in months. Where observation ends before the horizon the curve is carried
        on level and the result is not estimable.

    Raises
    ------
    ValueError
        If the horizon is not one finite number above 0, or an arm, a cause or the level is
        impossible.

    References
    ----------
    Irwin (1949), J Hyg 47, 188; Klein and Moeschberger (2003), Survival Analysis, section 4.5.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> half_die_at_6 = risk_table([6.0, 6.0, 12.0, 12.0], [2, 2, 0, 0])
    >>> float(restricted_mean(half_die_at_6, 12.0).value)
    9.0
    """
    z, horizon = two_sided_z(level), positive("horizon", horizon)
    survival, greenwood = survival_steps(table, causes, arm)
    widths = step_widths(table, horizon)
    after = np.cumsum((survival * widths)[..., ::-1], axis=-1)[..., ::-1]  # area from here on
    jumps = np.diff(greenwood, axis=-1, prepend=0.0)
    first = np.minimum(table.time[..., 0], horizon)
    value = first + after[..., 0]
    error = np.sqrt((after**2 * jumps).sum(axis=-1))
    reached = is_reached(table, horizon, arm, survival)
    lower, upper = np.maximum(value - z * error, 0.0), np.minimum(value + z * error, horizon)
    return Estimate(value, error, lower, upper, reached)


def survival_steps(
    table: RiskTable, causes: Sequence[int], arm: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Kaplan-Meier after each time, and Greenwood's sum up to it, shapes (..., subject).

    Where everybody left at risk has the event the curve is 0 and Greenwood's term is left out.
    """
    causes, arm = check_causes(causes), check_arm(arm)
    return table.remember(("survival", causes, arm), lambda: _survival_steps(table, causes, arm))


def _survival_steps(
    table: RiskTable, causes: Sequence[int], arm: int | None
) -> tuple[np.ndarray, np.ndarray]:
    at_risk = np.maximum(table.at_risk(arm), 1.0)
    events = table.events(causes, arm)
    left = at_risk - events
    terms = np.where(left > 0.0, events / (at_risk * np.maximum(left, 1.0)), 0.0)
    return np.cumprod(left / at_risk, axis=-1), np.cumsum(terms, axis=-1)


def step_widths(table: RiskTable, horizon: float) -> np.ndarray:
    """How long the step that starts at each time lasts, up to a horizon [months]."""
    capped = np.minimum(table.time, horizon)
    return np.diff(capped, axis=-1, append=np.full((*capped.shape[:-1], 1), horizon))


def is_reached(
    table: RiskTable, months: float, arm: int | None, survival: np.ndarray
) -> np.ndarray:
    """Say whether somebody is still observed at a time, or the curve is at 0 by then."""
    last = np.where(table.members(arm), table.time, -1.0).max(axis=-1)
    return (last * (1.0 + SAME_TIME) >= months) | (table.value_at(survival, months, 1.0) <= 0.0)
