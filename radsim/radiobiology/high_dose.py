"""Cell kill that is straight at high doses a fraction: LQ-L and the universal survival curve.

Both follow LQ up to a transition dose and a straight line in log survival above it.
"""

import numpy as np

from radsim.radiobiology.lq import Quantity, require_dose

EQUAL = 1e-3  # relative spread of fraction doses below which they count as equal


def _slope(transition: Quantity, alpha_beta: Quantity, slope: Quantity | None) -> Quantity:
    """Slope of BED above the transition; that with which LQ ends there unless given."""
    return 1.0 + 2.0 * transition / alpha_beta if slope is None else slope


def linear_tail_bed(
    dose: Quantity,
    dose_squared: Quantity,
    alpha_beta: Quantity,
    transition: Quantity,
    slope: Quantity | None = None,
    fractions: Quantity | None = None,
) -> Quantity:
    r"""BED under LQ-L [Gy].

    .. math:: BED = \sum_i \begin{cases} d_i (1 + d_i/(\alpha/\beta)) & d_i \le d_T \\
              d_T (1 + d_T/(\alpha/\beta)) + s (d_i - d_T) & d_i > d_T \end{cases}

    of the sums over fractions of dose [Gy] and squared dose [Gy2], with the line from a fraction
    dose :math:`d_T` [Gy] on and its slope :math:`s = \gamma/\alpha`; the tangent
    :math:`1 + 2 d_T/(\alpha/\beta)` unless given.

    There are as many fractions as equal ones with these sums unless given. Of unequal fractions
    only the sums are known: half of them is taken to lie one standard deviation below the mean and
    half above. That is exact for equal fractions and for two, and an approximation for more;
    `linear_tail_bed_of_fractions` is exact where each is known.

    Examples
    --------
    >>> from radsim.radiobiology.lq import equal_fractions
    >>> schedules = [equal_fractions(24.0, 1), equal_fractions(40.0, 5)]
    >>> [round(float(linear_tail_bed(*course, 6.0, transition=6.0)), 9) for course in schedules]
    [66.0, 90.0]

    References
    ----------
    Astrahan (2008), Med. Phys. 35, 4161-4172.
    """
    slope = _slope(transition, alpha_beta, slope)
    dose, dose_squared = np.asarray(dose, dtype=float), np.asarray(dose_squared, dtype=float)
    if fractions is None:
        with np.errstate(invalid="ignore", divide="ignore"):
            fractions = np.where(dose > 0, dose * (dose / dose_squared), 1.0)
    mean = dose / fractions
    spread = np.sqrt(np.maximum(dose_squared / fractions - mean * mean, 0.0))
    spread = np.where(spread > EQUAL * mean, np.minimum(spread, mean), 0.0)
    low, high = mean - spread, mean + spread
    each = 0.5 * (
        _one_fraction(low, alpha_beta, transition, slope)
        + _one_fraction(high, alpha_beta, transition, slope)
    )
    quadratic = dose + np.minimum(dose_squared, dose * transition) / alpha_beta
    return np.where(high <= transition, quadratic, fractions * each)


def linear_tail_bed_of_fractions(
    fraction_doses: Quantity,
    alpha_beta: Quantity,
    transition: Quantity,
    slope: Quantity | None = None,
) -> Quantity:
    """BED under LQ-L of fractions whose doses are each known, on the last axis [Gy]; exact.

    Everything else is as for `linear_tail_bed`.

    Raises
    ------
    ValueError
        If a dose is negative.

    Examples
    --------
    >>> round(float(linear_tail_bed_of_fractions([2.0, 2.0, 20.0], 6.0, transition=6.0)), 9)
    59.333333333
    """
    doses = np.asarray(fraction_doses, dtype=float)
    require_dose(doses)
    ratio, turn = (
        np.asarray(value, dtype=float)[..., np.newaxis] for value in (alpha_beta, transition)
    )
    above = None if slope is None else np.asarray(slope)[..., np.newaxis]
    return _one_fraction(doses, ratio, turn, _slope(turn, ratio, above)).sum(axis=-1)


def _one_fraction(
    dose: Quantity, alpha_beta: Quantity, transition: Quantity, slope: Quantity
) -> Quantity:
    below = np.minimum(dose, transition)
    return below * (1.0 + below / alpha_beta) + slope * (dose - below)


def linear_tail_dose(
    bed: Quantity,
    fractions: Quantity,
    alpha_beta: Quantity,
    transition: Quantity,
    slope: Quantity | None = None,
) -> Quantity:
    """Total dose in equal fractions that has a BED under LQ-L [Gy], the inverse of the above.

    Examples
    --------
    >>> float(linear_tail_dose(66.0, 1, alpha_beta=6.0, transition=6.0))
    24.0
    """
    slope = _slope(transition, alpha_beta, slope)
    each = np.asarray(bed, dtype=float) / fractions
    at_transition = transition * (1.0 + transition / alpha_beta)
    quadratic = 2.0 * each / (1.0 + np.sqrt(1.0 + 4.0 * each / alpha_beta))
    linear = transition + (each - at_transition) / slope
    return fractions * np.where(each <= at_transition, quadratic, linear)
