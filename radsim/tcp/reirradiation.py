"""The ratio of hazards after an earlier course, from a published control after reirradiation."""

import numpy as np
from scipy.optimize import brentq

from radsim.vocabulary.mistakes import require

LOG_RATIOS = (-40.0, 40.0)  # between which it is looked for


def ratio_of_control(hazard: np.ndarray, control: float) -> float:
    r"""Solve for the ratio r of hazards by which patients have a mean net control.

    .. math:: \frac1N \sum_i e^{-r H_i} = TCP

    Parameters
    ----------
    hazard
        Cumulative hazard of each patient without the ratio, at the time of the control, (patient,).
    control
        Net control TCP, between 0 and 1.

    Raises
    ------
    ValueError
        If no ratio gives it.

    Examples
    --------
    >>> round(ratio_of_control(np.array([0.1, 0.2]), np.exp(-0.3)), 3)
    2.034
    """

    def excess(log_ratio: float) -> float:
        return float(np.exp(-np.exp(log_ratio) * hazard).mean()) - control

    low, high = LOG_RATIOS
    require(
        excess(low) > 0.0 > excess(high),
        f"reirradiation_control: no ratio of hazards gives {control:g} in these plans",
    )
    return float(np.exp(brentq(excess, low, high, xtol=1e-12)))
