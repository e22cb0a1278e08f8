"""Linear-quadratic dose equivalents: BED, EQD2 and iso-effective dose.

Fraction doses need not be equal, so a course is carried as two sums over its fractions: the
dose, sum of d [Gy], and the squared dose, sum of d**2 [Gy2]. Scalars, numpy arrays and
labeled arrays all work; arguments broadcast.
"""

from typing import Any

import numpy as np

Quantity = Any  # a float, or a numpy or xarray array of floats


def equal_fractions(total_dose: Quantity, fractions: Quantity) -> tuple[Quantity, Quantity]:
    """Sums of dose and squared dose of a course in equal fractions.

    Examples
    --------
    >>> equal_fractions(30.0, 5)
    (30.0, 180.0)
    """
    require_positive("fractions", fractions)
    require_dose(total_dose)
    return total_dose, total_dose * total_dose / fractions


def equal_fractions_behind(*, dose: Quantity, dose_squared: Quantity) -> np.ndarray:
    """Number of equal fractions with these sums; 1 where there is no dose.

    Examples
    --------
    >>> float(equal_fractions_behind(dose=24.0, dose_squared=288.0))
    2.0
    """
    dose = np.asarray(dose, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(dose > 0, np.round(dose * (dose / dose_squared), 6), 1.0)


def sum_fractions(fraction_doses: Quantity) -> tuple[Quantity, Quantity]:
    """Sums of dose and squared dose of unequal fractions, which lie on the last axis.

    Examples
    --------
    >>> dose, dose_squared = sum_fractions([6.0, 6.0, 8.0])
    >>> float(dose), float(dose_squared)
    (20.0, 136.0)
    """
    doses = np.asarray(fraction_doses, dtype=float)
    require_dose(doses)
    return doses.sum(axis=-1), (doses * doses).sum(axis=-1)


def bed(
    *,
    dose: Quantity,
    fractions: Quantity | None = None,
    dose_squared: Quantity | None = None,
    alpha_beta: Quantity,
) -> Quantity:
    r"""Biologically effective dose [Gy] of a course: in equal fractions, or by its sums.

    .. math:: BED = \sum_i d_i \Bigl(1 + \frac{d_i}{\alpha/\beta}\Bigr)

    Parameters
    ----------
    dose
        Of the whole course [Gy].
    fractions
        How many equal ones.
    dose_squared
        In its place, the sum over fractions of their squared doses [Gy2].
    alpha_beta
        [Gy]

    Examples
    --------
    >>> bed(dose=24.0, fractions=1, alpha_beta=6.0)
    120.0
    >>> bed(dose=24.0, dose_squared=576.0, alpha_beta=6.0)
    120.0

    References
    ----------
    Fowler (1989), Br. J. Radiol. 62, 679-694.
    """
    require_positive("alpha/beta", alpha_beta)
    return dose + _squared(dose, fractions, dose_squared) / alpha_beta


def eqd2(
    *,
    dose: Quantity,
    fractions: Quantity | None = None,
    dose_squared: Quantity | None = None,
    alpha_beta: Quantity,
) -> Quantity:
    r"""Total dose in 2 Gy fractions with the same effect [Gy]; the course is stated as in `bed`.

    .. math:: EQD2 = \frac{BED}{1 + 2/(\alpha/\beta)}

    Examples
    --------
    >>> eqd2(dose=24.0, fractions=1, alpha_beta=6.0)
    90.0
    """
    squared = _squared(dose, fractions, dose_squared)
    effect = bed(dose=dose, dose_squared=squared, alpha_beta=alpha_beta)
    return equivalent_dose_of_size(effect, 2.0, alpha_beta)


def _squared(dose: Quantity, fractions: Quantity | None, dose_squared: Quantity | None) -> Quantity:
    """Squared dose, of equal fractions or as stated."""
    if (fractions is None) == (dose_squared is None):
        raise TypeError("give fractions, or dose_squared in their place")
    return dose_squared if fractions is None else equal_fractions(dose, fractions)[1]


def equivalent_dose_of_size(
    bed: Quantity, fraction_dose: Quantity, alpha_beta: Quantity
) -> Quantity:
    """Total dose with this BED when each fraction has a given size [Gy].

    Examples
    --------
    >>> bed_70 = bed(dose=70.0, fractions=35, alpha_beta=10.0)
    >>> round(equivalent_dose_of_size(bed_70, 3.0, alpha_beta=10.0), 6)
    64.615385
    """
    require_positive("alpha/beta", alpha_beta)
    return bed / (1.0 + fraction_dose / alpha_beta)


def equivalent_dose(bed: Quantity, fractions: Quantity, alpha_beta: Quantity) -> Quantity:
    r"""Total dose with this BED when it is given in a number of equal fractions [Gy].

    .. math:: D_m = \frac{m\,\alpha/\beta}{2}
              \Bigl(-1 + \sqrt{1 + \frac{4\,BED}{m\,\alpha/\beta}}\Bigr)

    It is evaluated as :math:`2\,BED / (1 + \sqrt{1 + 4\,BED/(m\,\alpha/\beta)})`, which is the
    same number without the loss of digits at small doses.

    Examples
    --------
    >>> bed_12 = bed(dose=24.0, fractions=2, alpha_beta=6.0)
    >>> round(float(equivalent_dose(bed_12, 3, alpha_beta=6.0)), 3)
    28.108
    """
    require_positive("alpha/beta", alpha_beta)
    require_positive("fractions", fractions)
    return 2.0 * bed / (1.0 + np.sqrt(1.0 + 4.0 * bed / (fractions * alpha_beta)))


def isoeffective_dose(
    total_dose: Quantity, fractions: Quantity, new_fractions: Quantity, alpha_beta: Quantity
) -> Quantity:
    """Total dose in another number of equal fractions with the same effect [Gy].

    Examples
    --------
    >>> round(float(isoeffective_dose(14.0, 1, 5, alpha_beta=6.0)), 1)
    25.3
    """
    effect = bed(dose=total_dose, fractions=fractions, alpha_beta=alpha_beta)
    return equivalent_dose(effect, new_fractions, alpha_beta)


def withers_dose(
    total_dose: Quantity, fraction_dose: Quantity, new_fraction_dose: Quantity, alpha_beta: Quantity
) -> Quantity:
    r"""Total dose in fractions of another size with the same effect [Gy].

    .. math:: D_2 = D_1 \frac{d_1 + \alpha/\beta}{d_2 + \alpha/\beta}

    Examples
    --------
    >>> round(withers_dose(70.0, 2.0, 3.0, alpha_beta=3.5), 10)
    59.2307692308

    References
    ----------
    Withers et al. (1983), Cancer 51, 262-268.
    """
    require_positive("alpha/beta", alpha_beta)
    return total_dose * (fraction_dose + alpha_beta) / (new_fraction_dose + alpha_beta)


def require_positive(name: str, values: Quantity) -> None:
    """Raise ValueError with the first value that is not above 0."""
    values = np.asarray(values)
    if not np.all(values > 0):
        raise ValueError(f"{name} must be above 0, got {values[~(values > 0)].flat[0]}")


def require_dose(values: Quantity) -> None:
    """Raise ValueError with the first dose that is negative or not a number."""
    values = np.asarray(values)
    if not np.all(values >= 0):
        raise ValueError(f"dose must not be negative, got {values[~(values >= 0)].flat[0]}")
