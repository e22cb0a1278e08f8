"""What an organ may still be given after earlier courses that have partly recovered."""

from collections.abc import Sequence

import numpy as np

from radsim.radiobiology import lq


def remaining_eqd2(
    limit: float,
    courses: Sequence[tuple[float, int, float]],
    alpha_beta: float,
) -> float:
    r"""EQD2 that is left of a cumulative limit, not below 0 [Gy].

    .. math:: E = E_{limit} - \sum_c (1 - r_c)\, EQD2_c

    Parameters
    ----------
    limit
        Cumulative EQD2 [Gy].
    courses
        Dose to the organ [Gy], fractions and recovered share of each earlier course.
    alpha_beta
        Of the limit [Gy].

    Raises
    ------
    ValueError
        If a recovered share does not lie between 0 and 1.

    Examples
    --------
    >>> remaining_eqd2(45.0, [(30.0, 10, 0.25)], alpha_beta=2.0)
    16.875
    """
    left = limit
    for dose, fractions, recovered in courses:
        if not 0.0 <= recovered <= 1.0:
            raise ValueError(f"a recovered share lies between 0 and 1, got {recovered}")
        left -= (1.0 - recovered) * float(lq.eqd2(*lq.equal_fractions(dose, fractions), alpha_beta))
    return max(left, 0.0)


def highest_doses(eqd2: float, fractions: Sequence[int], alpha_beta: float) -> np.ndarray:
    """Total dose with this EQD2 in each number of equal fractions [Gy].

    Examples
    --------
    >>> highest_doses(16.875, [1, 5], alpha_beta=2.0).round(6).tolist()
    [7.276473, 14.039433]
    """
    bed = eqd2 * (1.0 + 2.0 / alpha_beta)
    return np.asarray(lq.equivalent_dose(bed, np.asarray(fractions, dtype=float), alpha_beta))
