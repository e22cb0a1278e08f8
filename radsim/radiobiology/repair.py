"""Incomplete repair, within a fraction and between fractions (Lea and Catcheside)."""

import numpy as np

from radsim.radiobiology.lq import Quantity

SMALL = 1e-4  # below it a power series of the dose-rate factors has more digits than the formula


def protraction(rate: Quantity, minutes: Quantity) -> Quantity:
    r"""Share of the quadratic effect that one exposure at a constant rate keeps.

    .. math:: \phi = \frac{2}{(\mu T)^2} \bigl(\mu T - 1 + e^{-\mu T}\bigr)

    Parameters
    ----------
    rate
        Repair constant, ln 2 over the half-time [1/min].
    minutes
        Duration of the exposure [min].

    Examples
    --------
    >>> round(float(protraction(np.log(2.0) / 11.4, 30.0)), 10)
    0.5923467103
    """
    x = np.asarray(rate * minutes, dtype=float)
    safe = np.where(x < SMALL, 1.0, x)
    return np.where(x < SMALL, 1.0 - x / 3.0, 2.0 * (safe + np.expm1(-safe)) / (safe * safe))


def overlap(rate: Quantity, minutes: Quantity) -> Quantity:
    r"""Share of its effect that an exposure carries beyond its own end, (1 - e^-x) / x."""
    x = np.asarray(rate * minutes, dtype=float)
    safe = np.where(x < SMALL, 1.0, x)
    return np.where(x < SMALL, 1.0 - x / 2.0, -np.expm1(-safe) / safe)


def effective_squared_dose(
    fraction_doses: np.ndarray, minutes: np.ndarray, starts: np.ndarray, half_time: float
) -> float:
    r"""Sum of squared doses that counts for the quadratic effect, for any exposures [Gy2].

    .. math:: \sum_i d_i^2 \phi_i + 2 \sum_{i<j} d_i d_j \psi_i \psi_j e^{-\mu g_{ij}}

    with :math:`g_{ij}` the gap from the end of i to the start of j.

    Parameters
    ----------
    fraction_doses, minutes, starts
        Dose [Gy], duration [min] and start [min] of each exposure, in order of time.
    half_time
        Half-time of repair [min].

    Examples
    --------
    >>> day = 24.0 * 60.0
    >>> far = effective_squared_dose([12.0, 12.0], [0.0, 0.0], [0.0, 300 * day], half_time=60.0)
    >>> round(far, 6)
    288.0
    """
    doses, times, starts = (
        np.asarray(values, dtype=float)
        for values in np.broadcast_arrays(fraction_doses, minutes, starts)
    )
    gaps = starts[1:] - (starts + times)[:-1]
    if np.any(gaps < 0):
        raise ValueError("exposures must not overlap, and must be in order of time")
    rate = np.log(2.0) / half_time
    total = float(np.sum(doses * doses * protraction(rate, times)))
    carried = doses * overlap(rate, times)
    for i in range(len(doses)):
        for j in range(i + 1, len(doses)):
            gap = starts[j] - starts[i] - times[i]
            total += float(2.0 * carried[i] * carried[j] * np.exp(-rate * gap))
    return total


def equal_course_factors(
    rate: float, minutes: float, interval: float, fractions: int
) -> tuple[float, float]:
    """Factors of the squared and of the squared mean dose of a regular course.

    The squared dose that counts is ``within * sum(d**2) + between * (sum(d) / n)**2``.

    Parameters
    ----------
    rate
        Repair constant [1/min].
    minutes, interval
        Duration of a fraction, and time from start to start [min].

    Examples
    --------
    >>> within, between = equal_course_factors(np.log(2.0) / 60.0, 0.0, 24.0 * 60.0, 5)
    >>> round(within, 6), round(between, 6)
    (1.0, 0.0)
    """
    steps = np.arange(1, fractions)
    pairs = (fractions - steps) * np.exp(-rate * (steps * interval - minutes))
    between = 2.0 * float(overlap(rate, minutes)) ** 2 * float(pairs.sum())
    return float(protraction(rate, minutes)), between


def biexponential(fast: Quantity, slow: Quantity, slow_over_fast: Quantity) -> Quantity:
    """Mean of a fast and a slow component whose weights have this ratio, slow over fast.

    Examples
    --------
    >>> biexponential(1.0, 0.0, slow_over_fast=1.0)
    0.5
    """
    return (fast + slow_over_fast * slow) / (1.0 + slow_over_fast)
