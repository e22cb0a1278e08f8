"""Cumulative incidence with death competing, and the time lost to an event under it."""

from dataclasses import dataclass

import numpy as np

from radsim.trial.survival.subjects import ANY, RiskTable, check_arm, check_cause, just_before
from radsim.trial.survival.survival_curve import is_reached, step_widths, survival_steps
from radsim.trial.survival.transforms import transformed_interval
from radsim.trial.survival.verdict import Estimate, two_sided_z
from radsim.vocabulary.arguments import member, not_negative, positive

VARIANCES = ("aalen", "delta", "jackknife")
ROUNDING = 1e-20  # share of the subjects' squares below which those of patients are 0


@dataclass(frozen=True)
class Steps:
    """What both estimates are made of, at each sorted time of one arm, shapes (..., subject)."""

    at_risk: np.ndarray
    mine: np.ndarray  # events of the cause
    other: np.ndarray  # events of the other cause
    survival: np.ndarray  # after the time
    before: np.ndarray  # just before it
    incidence: np.ndarray  # up to and with the time


def cumulative_incidence(
    table: RiskTable,
    months: float,
    *,
    arm: int | None = None,
    cause: int = 1,
    variance: str = "aalen",
    transform: str = "log-log",
    level: float = 0.95,
) -> Estimate:
    r"""Probability that an event of one cause has come, death competing (Aalen-Johansen).

    .. math:: F_k(t) = \sum_{u \le t} S(u-) \frac{d_{ku}}{Y_u}

    Parameters
    ----------
    months
        When [months].
    variance
        ``aalen``: Aalen's, with the correction for ties (cmprsk's ``cuminc``);
        ``delta``: by the delta method, which generalizes Greenwood's (Marubini and Valsecchi);
        ``jackknife``: infinitesimal jackknife (R's ``survfit``), which sums over the lesions of
        a patient first where the table knows patients.
    transform
        Scale of the interval: ``log-log`` of F as in cmprsk and EZR, ``log-log-complement`` as
        in survfit, ``log``, ``logit``, ``arcsine``, ``plain``.

    Returns
    -------
    Estimate
        Shapes (...). Not estimable where observation ends before and somebody is event-free.

    Raises
    ------
    ValueError
        If the time is not one number of 0 or more, an arm, the cause, the variance or the
        transform is unknown, or the level is not between 0 and 1.

    References
    ----------
    Aalen and Johansen (1978), Scand J Stat 5, 141-150; Gray (1988), Ann Stat 16, 1141-1154;
    Marubini and Valsecchi (1995), Analysing Survival Data, equation 10.12.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([3.0, 5.0, 8.0, 12.0], [1, 2, 1, 0])
    >>> one, two = (cumulative_incidence(table, 12.0, cause=k).value for k in (1, 2))
    >>> float(one), float(two)
    (0.5, 0.25)
    """
    z, months = two_sided_z(level), not_negative("months", months)
    member("variance", variance, VARIANCES)
    steps = incidence_steps(table, cause, arm)
    value = table.value_at(steps.incidence, months, 0.0)
    if variance == "jackknife":
        change = _influence(table, steps, months, cause, arm)
        spread = sum_of_squares(table, change)
    else:
        formula = _aalen if variance == "aalen" else _delta
        seen = np.arange(table.time.shape[-1]) < table.position(months)
        spread = np.where(seen, formula(steps, value[..., np.newaxis]), 0.0).sum(axis=-1)
    spread = np.maximum(spread, 0.0)
    lower, upper = transformed_interval(value, spread, transform, z)
    reached = is_reached(table, months, arm, steps.survival)
    return Estimate(value, np.sqrt(spread), lower, upper, reached)


def incidence_at(
    table: RiskTable, months: float, arm: int, cause: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value at a time, each subject's influence on it, and whether it is reached."""
    steps = incidence_steps(table, cause, arm)
    value = table.value_at(steps.incidence, months, 0.0)
    change = _influence(table, steps, months, cause, arm)
    return value, change, is_reached(table, months, arm, steps.survival)


def time_lost(
    table: RiskTable, horizon: float, *, arm: int | None = None, cause: int = 1, level: float = 0.95
) -> Estimate:
    r"""Mean time lost to an event of one cause up to a horizon: the area under F [months].

    .. math:: L_k(\tau) = \int_0^\tau F_k(t)\,dt

    The times lost to both causes and the restricted mean of event-free survival add up to the
    horizon. The variance is the infinitesimal jackknife.

    Returns
    -------
    Estimate
        Shapes (...), in months. Where observation ends before the horizon the curve is carried
        on level and the result is not estimable.

    Raises
    ------
    ValueError
        If the horizon is not one finite number above 0, or an arm, the cause or the level is
        impossible.

    References
    ----------
    Andersen (2013), Stat Med 32, 5278-5285.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> table = risk_table([6.0, 6.0, 12.0, 12.0], [1, 2, 0, 0])
    >>> float(time_lost(table, 12.0).value)
    1.5
    """
    z, horizon = two_sided_z(level), positive("horizon", horizon)
    steps = incidence_steps(table, cause, arm)
    widths = step_widths(table, horizon)
    value = (steps.incidence * widths).sum(axis=-1)
    error = np.sqrt(sum_of_squares(table, _influence_on_area(table, steps, horizon, cause, arm)))
    reached = is_reached(table, horizon, arm, steps.survival)
    lower, upper = np.maximum(value - z * error, 0.0), np.minimum(value + z * error, horizon)
    return Estimate(value, error, lower, upper, reached)


def incidence_steps(table: RiskTable, cause: int, arm: int | None) -> Steps:
    """Aalen-Johansen at each sorted time."""
    cause, arm = check_cause(cause), check_arm(arm)
    return table.remember(("incidence", cause, arm), lambda: _incidence_steps(table, cause, arm))


def _incidence_steps(table: RiskTable, cause: int, arm: int | None) -> Steps:
    at_risk = np.maximum(table.at_risk(arm), 1.0)
    mine = table.events((cause,), arm)
    other = table.events((3 - cause,), arm)
    survival, _ = survival_steps(table, ANY, arm)
    before = just_before(survival, 1.0)
    return Steps(
        at_risk, mine, other, survival, before, np.cumsum(before * mine / at_risk, axis=-1)
    )


def sum_of_squares(table: RiskTable, change: np.ndarray) -> np.ndarray:
    """Sum the squared influence of each subject, or of each patient where patients are known.

    The influences of a patient who is alone in an arm add up to 0 but for rounding.
    """
    squares = (change**2).sum(axis=-1)
    if table.patient is None:
        return squares
    of_patients = (sum_by_patient(table, change) ** 2).sum(axis=-1)
    return np.where(of_patients > ROUNDING * squares, of_patients, 0.0)


def sum_by_patient(table: RiskTable, values: np.ndarray) -> np.ndarray:
    """Add up a value over the lesions of each patient, shape (..., patient)."""
    assert table.patient is not None
    patients = int(table.patient.max()) + 1
    rows = values.reshape(-1, values.shape[-1])
    place = table.patient.reshape(rows.shape) + patients * np.arange(len(rows))[:, np.newaxis]
    sums = np.bincount(place.ravel(), rows.ravel(), minlength=patients * len(rows))
    return sums.reshape(*values.shape[:-1], patients)


def _aalen(steps: Steps, final: np.ndarray) -> np.ndarray:
    """Terms of Aalen's variance; the share of events at a tie is taken without replacement."""
    positive = steps.survival > 0.0
    ratio = np.where(
        positive, (final - steps.incidence) / np.where(positive, steps.survival, 1.0), 0.0
    )
    total = 0.0
    for events, weight in ((steps.mine, 1.0 - ratio), (steps.other, ratio)):
        finite = 1.0 - np.maximum(events - 1.0, 0.0) / np.maximum(steps.at_risk - 1.0, 1.0)
        total = total + weight**2 * (steps.before / steps.at_risk) ** 2 * events * finite
    return np.asarray(total)


def _delta(steps: Steps, final: np.ndarray) -> np.ndarray:
    """Terms of the delta-method variance (the generalized Greenwood formula)."""
    events = steps.mine + steps.other
    left = steps.at_risk - events
    gain = final - steps.incidence
    greenwood = np.where(left > 0.0, events / (steps.at_risk * np.maximum(left, 1.0)), 0.0)
    own = steps.before**2 * (steps.at_risk - steps.mine) * steps.mine / steps.at_risk**3
    both = gain * steps.before * steps.mine / steps.at_risk**2
    return gain**2 * greenwood + own - 2.0 * both


def _influence(
    table: RiskTable, steps: Steps, months: float, cause: int, arm: int | None
) -> np.ndarray:
    """How F at a time would change with a subject's weight, shape (..., subject)."""
    seen = np.arange(table.time.shape[-1]) < table.position(months)
    final = table.value_at(steps.incidence, months, 0.0)[..., np.newaxis]
    return subject_influence(
        table, steps, np.where(seen, final - steps.incidence, 0.0), seen * 1.0, cause, arm
    )


def _influence_on_area(
    table: RiskTable, steps: Steps, horizon: float, cause: int, arm: int | None
) -> np.ndarray:
    """How the area under F would change with a subject's weight, shape (..., subject)."""
    left = np.maximum(horizon - table.time, 0.0)
    area = (steps.incidence * step_widths(table, horizon))[..., ::-1]
    after = np.cumsum(area, axis=-1)[..., ::-1]
    return subject_influence(table, steps, after - steps.incidence * left, left, cause, arm)


def subject_influence(
    table: RiskTable,
    steps: Steps,
    later: np.ndarray,
    weight: np.ndarray,
    cause: int,
    arm: int | None,
) -> np.ndarray:
    """Weigh what a subject's own event adds against what being at risk takes away.

    ``later`` is what the estimate gains after a time, ``weight`` what an event at it is worth.
    """
    events = steps.mine + steps.other
    left = steps.at_risk - events
    drop = np.where(left > 0.0, later / np.maximum(left, 1.0), 0.0)
    gain = weight * steps.before / steps.at_risk
    hazard = (drop * events - gain * steps.mine) / steps.at_risk
    exposed = table.at_end(np.cumsum(hazard, axis=-1))
    failed = table.at_end(np.where(table.ends, gain, 0.0)) * table.has((cause,))
    ended = table.at_end(np.where(table.ends, drop, 0.0)) * table.has(ANY)
    return np.where(table.members(arm), exposed + failed - ended, 0.0)
