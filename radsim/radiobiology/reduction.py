"""Reduction of many DVHs to one dose each, by plain powers where these are safe."""

import numpy as np

from radsim.radiobiology.dvh import check_shares, generalized_eud
from radsim.radiobiology.lq import Quantity

LARGE = 400.0  # log of a power up to which doses need no scaling
SAFE = 1e-200  # a mean of powers below it, or above its inverse, has lost digits
SMALL = 1e-2  # exponent below which a mean of powers is 1 plus too little


def reduced_dose(dose: np.ndarray, weight: np.ndarray, a: Quantity) -> np.ndarray:
    r"""Generalized equivalent uniform dose of DVHs [Gy].

    .. math:: gEUD = \Bigl(\sum_j v_j D_j^a\Bigr)^{1/a}

    The same number as `radsim.radiobiology.dvh.generalized_eud`, which it falls back on where a
    power would overflow or vanish, several times as fast, and also for dose bins that all patients
    share.

    Parameters
    ----------
    dose
        Dose of each part of the volume, which is the last axis: shape (patient, part), or
        (part,) for shared bins [Gy].
    weight
        Share of the volume of each part, shape (part,) or (patient, part); they add up to 1.
    a
        Exponent, 1/n of the Lyman-Kutcher-Burman model.

    Examples
    --------
    >>> equal = np.full(5, 0.2)
    >>> round(float(reduced_dose(np.array([55.0, 58.0, 60.0, 62.0, 65.0]), equal, 5.0)), 4)
    60.3829
    """
    dose, weight = np.asarray(dose, dtype=float), np.asarray(weight, dtype=float)
    check_shares(weight)
    largest = float(dose.max(initial=0.0))
    if np.ndim(a) == 0 and SMALL <= a < np.inf and 0 < largest < np.inf:
        unit = 1.0 if abs(a * np.log(largest)) < LARGE else largest
        with np.errstate(under="ignore"):
            powers = np.power(dose if unit == 1.0 else dose / unit, a)
            mean = np.einsum("...j,...j->...", powers, weight)
            if mean.min(initial=1.0) > SAFE:
                return unit * mean ** (1.0 / a)
    # a part without any volume must not rule the sum
    held = np.where(weight > 0.0, dose, 0.0).max(axis=-1, keepdims=True)
    return generalized_eud(np.where(weight > 0.0, dose, held), weight, a)
