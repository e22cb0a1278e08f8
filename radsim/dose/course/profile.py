r"""The dose profile along the axis from a neural structure into the target.

With :math:`X = \exp(-(x - x_\text{ref})/\tau)`, so that X = 1 where the ruling structure's
D0.03cc sits and falls outward, a profile with plateau P, valley V and reference dose D0 is

.. math:: D(X) = V + \frac{P - V}{1 + k X}, \qquad k = \frac{P - D_0}{D_0 - V},

a logistic edge of scale tau that goes through D0 at X = 1 for every plateau. A boost is a second
plateau, mixed in by an edge of the same scale at the surface of the GTV. Everything is a rational
function of X, so a shift of the patient only multiplies X by a number.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Profile:
    """Dose profiles, one for each patient, every array of shape (patient,).

    Attributes
    ----------
    reference, falloff
        Position of the reference dose and scale tau [mm].
    reference_dose, valley
        D0 and V [Gy].
    low, high
        Plateaus of PTV_Eval and of the GTV [Gy]; equal without a boost.
    edge
        X of the GTV's boost edge is 1 / ``edge``.
    """

    reference: np.ndarray
    falloff: np.ndarray
    reference_dose: np.ndarray
    valley: np.ndarray
    low: np.ndarray
    high: np.ndarray
    edge: np.ndarray

    def attenuation(self, position: np.ndarray) -> np.ndarray:
        """X at a position of each patient [mm], shape (patient,)."""
        return np.exp((self.reference - position) / self.falloff)

    def base_dose(self, x: np.ndarray) -> np.ndarray:
        """Dose without the boost [Gy] at attenuation X."""
        dose = _logistic(self.low - self.valley, steepness(self, self.low), x)
        dose += self.valley
        return dose

    def dose(self, x: np.ndarray) -> np.ndarray:
        """Dose with the boost [Gy] at attenuation X."""
        base = _logistic(self.low - self.valley, steepness(self, self.low), x)
        dose = _logistic(self.high - self.valley, steepness(self, self.high), x)
        dose -= base
        beyond = x * self.edge
        beyond += 1.0
        dose /= beyond
        dose += base
        dose += self.valley
        return dose

    def rows(self, rows: slice | np.ndarray) -> "Profile":
        """Profiles of some of the patients."""
        return Profile(**{name: values[rows] for name, values in vars(self).items()})

    def columns(self, kind: type = float) -> "Profile":
        """The same with arrays of shape (patient, 1), to be evaluated at rows of positions."""
        return Profile(**{n: values.astype(kind)[:, None] for n, values in vars(self).items()})


def _logistic(height: np.ndarray, factor: np.ndarray, x: np.ndarray) -> np.ndarray:
    """``height / (1 + factor x)``, in one new array."""
    value = x * factor
    value += 1.0
    return np.divide(height, value, out=value)


def steepness(profile: Profile, plateau: np.ndarray) -> np.ndarray:
    """Factor k of a plateau [Gy]."""
    return (plateau - profile.reference_dose) / (profile.reference_dose - profile.valley)


def plateau_for(
    dose: np.ndarray, x: np.ndarray, reference_dose: np.ndarray, valley: np.ndarray
) -> np.ndarray:
    r"""Plateau that gives a dose at attenuation X [Gy]; infinite if none does.

    Solved in closed form: with y = dose - V and d = D0 - V,

    .. math:: P = V + \frac{y (1 - X)}{1 - X y / d}

    Examples
    --------
    >>> float(plateau_for(np.array(20.0), np.array(0.0), np.array(10.0), np.array(8.0)))
    20.0
    """
    y = dose - valley
    denominator = 1.0 - x * y / (reference_dose - valley)
    attainable = (denominator > 1e-9) & (x < 1.0)
    return np.where(
        attainable, valley + y * (1.0 - x) / np.where(attainable, denominator, 1.0), np.inf
    )


def reference_dose_for(
    dose: np.ndarray, x: np.ndarray, plateau: np.ndarray, valley_share: np.ndarray
) -> np.ndarray:
    r"""Reference dose D0 that gives a dose at attenuation X [Gy], with valley v D0.

    The smaller root of

    .. math:: v X D_0^2 + \bigl(L (\kappa - X) - P (\kappa + v X)\bigr) D_0 + L P X = 0,
              \qquad \kappa = 1 - v,

    where L is the dose, at most the plateau P.

    Examples
    --------
    >>> x, plateau, valley = np.array(1.0), np.array(30.0), np.array(0.8)
    >>> float(reference_dose_for(np.array(12.0), x, plateau, valley))
    12.0
    """
    level = np.minimum(dose, plateau)
    kappa = 1.0 - valley_share
    b = plateau * (kappa + valley_share * x) - level * (kappa - x)
    c = level * plateau * x
    root = np.sqrt(np.maximum(b * b - 4.0 * valley_share * x * c, 0.0))
    return 2.0 * c / (b + root)
