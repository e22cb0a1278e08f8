"""Incomplete repair, within a fraction and between fractions (Lea and Catcheside)."""

import numpy as np

from radsim.radiobiology.lq import Quantity

SMALL = 1e-4  # below it a power series of the dose-rate factors has more digits than the formula


def protraction(rate: Quantity, minutes: Quantity) -> Quantity:
    r"""Share of the quadratic effect that one exposure keeps.

    .. math:: \phi = \frac{2}{(\mu T)^2} \bigl(\mu T - 1 + e^{-\mu T}\bigr)

    with the repair constant :math:`\mu`, ln 2 over the half-time [1/min], and T the minutes of the
    exposure at a constant rate.

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


def equal_course_factors(
    rate: float, minutes: float, interval: float, fractions: int
) -> tuple[float, float]:
    """Factors of the squared and of the squared mean dose of a regular course.

    The squared dose that counts is ``within * sum(d**2) + between * (sum(d) / n)**2``, with the
    repair constant [1/min], the duration of a fraction and the time from start to start [min].

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
