"""How many events and patients a comparison of two hazards needs, by formula."""

import numpy as np
from scipy import special

from radsim.vocabulary.arguments import (
    member,
    not_negative,
    number_array,
    open_probability,
    positive,
)
from radsim.vocabulary.mistakes import require

EVENT_FORMULAS = ("schoenfeld", "freedman")


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
        If the hazard ratio is 1 or not above 0, alpha, power or allocation are impossible, or
        the formula is unknown.

    References
    ----------
    Schoenfeld (1981), Biometrika 68, 316-319; Freedman (1982), Stat Med 1, 121-129.

    Examples
    --------
    >>> round(events_needed(0.5), 4), round(events_needed(0.5, formula="freedman"), 4)
    (65.3457, 70.6399)
    """
    require(
        positive("hazard_ratio", hazard_ratio) != 1.0,
        "hazard_ratio must not be 1: no number of events shows it",
    )
    per_event = _per_event(hazard_ratio, formula, allocation)
    return float((_z_sum(power, alpha) / per_event) ** 2)


def power_of_events(
    hazard_ratio: float,
    events: float,
    *,
    formula: str = "schoenfeld",
    alpha: float = 0.05,
    allocation: float = 1.0,
    wrong_side: bool = False,
) -> float:
    r"""Power of a log-rank test with so many events; the formula that `events_needed` inverts.

    .. math:: \Phi\Bigl(\frac{\sqrt{r D}\,|\ln HR|}{1 + r} - z_{1-\alpha/2}\Bigr)
              \quad\text{or}\quad
              \Phi\Bigl(\frac{\sqrt{r D}\,|1 - HR|}{1 + r HR} - z_{1-\alpha/2}\Bigr)

    Parameters
    ----------
    wrong_side
        Add the probability of rejecting on the wrong side, which the formula leaves out.

    Raises
    ------
    ValueError
        If a number is impossible or the formula unknown.

    References
    ----------
    Schoenfeld (1981), Biometrika 68, 316-319; Freedman (1982), Stat Med 1, 121-129.

    Examples
    --------
    >>> round(power_of_events(0.5, 65.3457), 4)
    0.8
    >>> round(power_of_events(1.0, 65.0, wrong_side=True), 4)
    0.05
    """
    per_event = _per_event(hazard_ratio, formula, allocation)
    drift = per_event * np.sqrt(not_negative("events", events))
    limit = special.ndtri(open_probability("alpha", alpha) / 2.0)
    beyond = special.ndtr(limit - drift) if wrong_side else 0.0
    return float(special.ndtr(limit + drift) + beyond)


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
    competing, drop_out
        Hazards of death and of being lost.

    Raises
    ------
    ValueError
        If a hazard is negative, or accrual lasts longer than the trial.

    References
    ----------
    Lachin and Foulkes (1986), Biometrics 42, 507-519.

    Examples
    --------
    >>> round(event_probability(0.02, competing=0.04, accrual=12.0, cut=36.0), 8)
    0.27703582
    """
    hazard, competing = not_negative("hazard", hazard), not_negative("competing", competing)
    drop_out = not_negative("drop_out", drop_out)
    accrual, cut = not_negative("accrual", accrual), not_negative("cut", cut)
    require(accrual <= cut, f"accrual must lie between 0 and the cut, got {accrual}, {cut}")
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
    r"""Patients in all that give so many events, not rounded.

    .. math:: N = D \Big/ \frac{P_0 + r P_1}{1 + r}

    Parameters
    ----------
    events
        Events wanted, D.
    probabilities
        Probability that an event is seen in a control and in an experimental patient.
    allocation
        Experimental patients for each control patient, r.

    Raises
    ------
    ValueError
        If a number is impossible, or no event can be seen.

    References
    ----------
    Schoenfeld (1983), Biometrics 39, 499-503.

    Examples
    --------
    >>> round(patients_needed(37.393927, (0.2274869664, 0.0931805973)), 3)
    233.226
    """
    events, allocation = positive("events", events), positive("allocation", allocation)
    pair = number_array("probabilities", probabilities)
    good = pair.shape == (2,) and bool(((pair >= 0.0) & (pair <= 1.0)).all())
    require(good, f"probabilities must be two numbers between 0 and 1, got {probabilities}")
    control, experimental = (float(p) for p in pair)
    mean = (control + allocation * experimental) / (1.0 + allocation)
    require(mean > 0.0, "no event can be seen, so no number of patients is enough")
    return events / mean


def _per_event(hazard_ratio: float, formula: str, allocation: float) -> float:
    """How far the statistic moves for the square root of an event."""
    member("formula", formula, EVENT_FORMULAS)
    hazard_ratio, allocation = (
        positive("hazard_ratio", hazard_ratio),
        positive("allocation", allocation),
    )
    if formula == "schoenfeld":
        return abs(np.log(hazard_ratio)) * np.sqrt(allocation) / (1.0 + allocation)
    return np.sqrt(allocation) * abs(1.0 - hazard_ratio) / (1.0 + allocation * hazard_ratio)


def _z_sum(power: float, alpha: float) -> float:
    alpha, power = open_probability("alpha", alpha), open_probability("power", power)
    require(power > alpha / 2.0, f"power must be above alpha/2, {alpha / 2.0:g}, got {power}")
    return float(special.ndtri(1.0 - alpha / 2.0) + special.ndtri(power))
