"""How many events and patients a comparison of two hazards needs, by formula."""

import numpy as np
from scipy import special

from radsim.distributions import require

FORMULAS = ("schoenfeld", "freedman")


def events_needed(
    hazard_ratio: float,
    *,
    formula: str = "schoenfeld",
    power: float = 0.8,
    alpha: float = 0.05,
    allocation: float = 1.0,
) -> float:
    r"""Events that a log-rank test needs, two-sided; not rounded.

    .. math:: D_S = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r)^2}{r (\ln HR)^2}, \qquad
              D_F = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r HR)^2}{r (1 - HR)^2}

    Parameters
    ----------
    hazard_ratio
        Experimental over control.
    formula
        ``schoenfeld`` or ``freedman``.
    allocation
        Experimental patients for each control patient, r.

    Raises
    ------
    ValueError
        If the hazard ratio is 1 or not above 0, or alpha, power or allocation are impossible.

    References
    ----------
    Schoenfeld (1981), Biometrika 68, 316-319; Freedman (1982), Stat Med 1, 121-129.

    Examples
    --------
    >>> round(events_needed(0.5), 4), round(events_needed(0.5, formula="freedman"), 4)
    (65.3457, 70.6399)
    """
    per_event = _per_event(hazard_ratio, formula, allocation)
    return float((_z_sum(power, alpha) / per_event) ** 2)


def power_of_events(
    hazard_ratio: float,
    events: float,
    *,
    formula: str = "schoenfeld",
    alpha: float = 0.05,
    allocation: float = 1.0,
) -> float:
    """Power of a log-rank test with so many events; the formula that `events_needed` inverts.

    Examples
    --------
    >>> round(power_of_events(0.5, 65.3457), 4)
    0.8
    """
    require(events >= 0.0, f"events must be 0 or more, got {events}")
    _z_sum(0.5, alpha)
    if hazard_ratio == 1.0:
        return alpha / 2.0
    drift = _per_event(hazard_ratio, formula, allocation) * np.sqrt(events)
    return float(special.ndtr(drift + special.ndtri(alpha / 2.0)))


def event_probability(
    hazard: float,
    *,
    competing: float = 0.0,
    drop_out: float = 0.0,
    accrual: float,
    cut: float,
) -> float:
    r"""Probability that a patient's event is seen, with constant hazards [1/month].

    .. math:: \frac{h}{\lambda}\Bigl(1 - \frac{e^{-\lambda (c - a)} - e^{-\lambda c}}{\lambda a}
              \Bigr), \qquad \lambda = h + \text{competing} + \text{drop-out}

    Parameters
    ----------
    accrual, cut
        Patients enter uniformly over the first months ``accrual``; observation of everybody
        ends at ``cut`` [months].

    Examples
    --------
    >>> round(event_probability(0.02, competing=0.04, accrual=12.0, cut=36.0), 8)
    0.27703582
    """
    for name, value in (("hazard", hazard), ("competing", competing), ("drop_out", drop_out)):
        require(value >= 0.0, f"{name} must be 0 or more, got {value}")
    require(0.0 <= accrual <= cut, f"accrual must lie between 0 and the cut, got {accrual}, {cut}")
    total = hazard + competing + drop_out
    if total == 0.0:
        return 0.0
    if accrual == 0.0:
        return float(hazard / total * -np.expm1(-total * cut))
    left = np.exp(-total * (cut - accrual)) * -np.expm1(-total * accrual) / (total * accrual)
    return float(hazard / total * (1.0 - left))


def patients_needed(
    events: float, probabilities: tuple[float, float], *, allocation: float = 1.0
) -> float:
    """Patients in all that give so many events, not rounded.

    Parameters
    ----------
    probabilities
        Probability that an event is seen in a control and in an experimental patient.

    Examples
    --------
    >>> round(patients_needed(37.393927, (0.2274869664, 0.0931805973)), 3)
    233.226
    """
    control, experimental = probabilities
    mean = (control + allocation * experimental) / (1.0 + allocation)
    require(mean > 0.0, "no event can be seen, so no number of patients is enough")
    return events / mean


def _per_event(hazard_ratio: float, formula: str, allocation: float) -> float:
    """How far the statistic moves for the square root of an event."""
    require(formula in FORMULAS, f"formula must be one of {', '.join(FORMULAS)}, got {formula!r}")
    require(
        hazard_ratio > 0.0 and hazard_ratio != 1.0,
        f"hazard_ratio must be above 0 and not 1, got {hazard_ratio}",
    )
    require(allocation > 0.0, f"allocation must be above 0, got {allocation}")
    if formula == "schoenfeld":
        return abs(np.log(hazard_ratio)) * np.sqrt(allocation) / (1.0 + allocation)
    return np.sqrt(allocation) * abs(1.0 - hazard_ratio) / (1.0 + allocation * hazard_ratio)


def _z_sum(power: float, alpha: float) -> float:
    require(0.0 < alpha < 1.0, f"alpha must lie between 0 and 1, got {alpha}")
    require(0.0 < power < 1.0, f"power must lie between 0 and 1, got {power}")
    return float(special.ndtri(1.0 - alpha / 2.0) + special.ndtri(power))
