"""Recovery of the spinal cord between two courses of radiotherapy: named rules."""

from typing import Literal

import numpy as np

RecoveryRule = Literal["25-50", "25-50-linear", "none", "half-time"]

STEPS = ((6.0, 0.25), (12.0, 0.50))  # [months], share recovered from then on
ONSET = 70.0 / 30.4375  # [months]; 70 days, before which nothing has recovered
HALF_TIME = 24.0  # [months]
CEILING = 0.8  # share that recovers in the end; 20 % stays


def recovered_share(rule: RecoveryRule, interval: np.ndarray) -> np.ndarray:
    """Share of the first course's effect that is gone after an interval [months].

    ``25-50`` steps to 0.25 at 6 months and to 0.5 at 12. ``25-50-linear`` joins the same points
    by straight lines from 70 days on, which is an assumption. ``half-time`` is
    0.8 (1 - 2^(-t / 24)). ``none`` is 0.

    Raises
    ------
    ValueError
        If there is no such rule.

    Examples
    --------
    >>> recovered_share("25-50", np.array([5.9, 6.0, 12.0])).tolist()
    [0.0, 0.25, 0.5]
    >>> recovered_share("half-time", np.array([6.0, 12.0, 24.0])).round(3).tolist()
    [0.127, 0.234, 0.4]

    References
    ----------
    Steps: Doi et al. (2021), Strahlenther. Onkol. 197, 463-473. Half-time with 20 % residual:
    Dose-time recovery factors for spinal cord reirradiation (conference abstract, Cureus 1406).
    70 days: Woolley et al. (2018), Int. J. Radiat. Biol. 94, 515-531.
    """
    interval = np.asarray(interval, dtype=float)
    if rule == "none":
        return np.zeros(interval.shape)
    if rule == "25-50":
        share = np.zeros(interval.shape)
        for months, step in STEPS:
            share = np.where(interval >= months, step, share)
        return share
    if rule == "25-50-linear":
        (first, quarter), (second, half) = STEPS
        return np.interp(interval, [ONSET, first, second], [0.0, quarter, half])
    if rule == "half-time":
        return CEILING * -np.expm1(-np.log(2.0) * interval / HALF_TIME)
    rules = ", ".join(RecoveryRule.__args__)
    raise ValueError(f"no recovery rule {rule!r}; there are: {rules}")
