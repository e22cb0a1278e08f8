"""Repopulation: dose that proliferation takes back when a course is long."""

import numpy as np

from radsim.radiobiology.lq import Quantity


def weekday_course_days(fractions: Quantity) -> Quantity:
    """Days of a course with five fractions a week, 7 floor(n / 5) + n mod 5.

    This is CERR's convention: four fractions take 4 days, five take 7, because the weekend that
    follows a full week counts, and 30 take 42. Counted from first to last fraction, as the
    Zaider-Minerbo model does, the 30th comes on day 39; give ``overall_time`` to have it so.

    Examples
    --------
    >>> int(weekday_course_days(30)), int(weekday_course_days(3))
    (42, 3)

    References
    ----------
    Deasy, Blanco and Clark (2003), Med. Phys. 30, 979-985 (CERR).
    """
    fractions = np.asarray(fractions)
    return 7 * (fractions // 5) + fractions % 5


def repopulation_loss(
    days: Quantity, kick_off: Quantity, doubling_time: Quantity, alpha: Quantity
) -> Quantity:
    r"""BED that repopulation takes back [Gy].

    .. math:: \Delta BED = \frac{\ln 2}{\alpha T_p} \max(T - T_k, 0)

    Parameters
    ----------
    days
        Overall time of the course, :math:`T` [days].
    kick_off, doubling_time
        When accelerated repopulation begins, and its potential doubling time [days].
    alpha
        Linear radiosensitivity [1/Gy].

    Examples
    --------
    >>> loss = repopulation_loss(42.0, kick_off=28.0, doubling_time=3.0, alpha=0.35)
    >>> round(72.0 - float(loss), 8)
    62.75803759

    References
    ----------
    Fowler (1989), Br. J. Radiol. 62, 679-694.
    """
    return np.log(2.0) * np.maximum(days - kick_off, 0.0) / (alpha * doubling_time)
