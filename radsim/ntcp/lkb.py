"""The Lyman-Kutcher-Burman model: a response to the gEUD of the whole organ."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import Patients
from radsim.radiobiology import lq
from radsim.radiobiology.dvh import reduced_dose
from radsim.response.model import LARGEST
from radsim.vocabulary.numbers import Parameter

Link = Literal["probit", "log_logistic", "poisson"]


def lyman_probability(
    dose: lq.Quantity, td50: lq.Quantity, m: lq.Quantity, link: Link = "probit"
) -> lq.Quantity:
    r"""Probability at a uniform dose.

    .. math:: p = \Phi\Bigl(\frac{D - TD_{50}}{m\,TD_{50}}\Bigr)

    or, with :math:`\gamma_{50} = 1/(m\sqrt{2\pi})`, the log-logistic
    :math:`1/(1 + (TD_{50}/D)^{4\gamma_{50}})` or the Poisson
    :math:`2^{-\exp(e\gamma_{50}(1 - D/TD_{50}))}`, whose normalized slope at TD50 is
    :math:`\frac{e \ln 2}{2}\gamma_{50} = 0.942\gamma_{50}`.

    Examples
    --------
    >>> round(float(lyman_probability(70.0, td50=76.9, m=0.13)), 5)
    0.24503

    References
    ----------
    Lyman (1985), Radiat. Res. 104, S13-S19.
    """
    with np.errstate(over="ignore", divide="ignore"):
        if link == "probit":
            return special.ndtr(np.minimum((dose - td50) / td50 / m, LARGEST))
        gamma50 = np.minimum(1.0 / (m * np.sqrt(2.0 * np.pi)), LARGEST)
        if link == "log_logistic":
            logarithm = 4.0 * gamma50 * (np.log(dose) - np.log(td50))
            return special.expit(np.clip(logarithm, -LARGEST, LARGEST))
        return np.exp(-np.log(2.0) * np.exp(np.e * gamma50 * ((td50 - dose) / td50)))


@dataclass(frozen=True, kw_only=True)
class LKB(ComplicationModel):
    r"""Lyman-Kutcher-Burman.

    .. math:: p = \Phi\Bigl(\frac{gEUD - TD_{50}}{m\,TD_{50}}\Bigr), \qquad
              gEUD = \Bigl(\sum_j v_j D_j^{1/n}\Bigr)^n

    At zero dose it is :math:`\Phi(-1/m)` with the probit, not 0.

    Attributes
    ----------
    td50
        Uniform dose to the organ at which half get it [Gy].
    m
        Slope.
    n
        Volume effect: near 0 the hottest part rules, at 1 the mean dose.
    link
        Shape of the response to gEUD.

    References
    ----------
    Kutcher and Burman (1989), Int. J. Radiat. Oncol. Biol. Phys. 16, 1623-1630.
    """

    equation: ClassVar[str] = (
        "p = Phi((gEUD - TD50) / (m TD50)), gEUD = (sum_j v_j D_j^(1/n))^n; "
        "or log-logistic or Poisson with g50 = 1 / (m sqrt(2 pi))"
    )
    takes: ClassVar[str] = "the whole DVH"
    reads_dvh: ClassVar[bool] = True
    reduction: ClassVar[str] = "gEUD"
    shape: ClassVar[tuple[str, ...]] = ("td50", "m", "n")
    increasing: ClassVar[tuple[str, ...]] = ("td50", "m", "n")

    kind: Literal["lkb"] = "lkb"
    td50: Parameter
    m: Parameter
    n: Parameter
    link: Link = "probit"

    def _probability(self, dose: np.ndarray, weight: Any, patients: Patients) -> np.ndarray:
        td50, m, _ = self._curve(patients)
        geud = reduced_dose(dose, weight, self.exponent(patients))
        return lyman_probability(geud, td50, m, self.link)

    def exponent(self, patients: Patients) -> lq.Quantity:
        """Exponent of its gEUD, 1/n."""
        return 1.0 / self._value("n", patients)


def inverse_exponent(n: float) -> str:
    """Say that the n of a DVH's mean is probably the a of the other convention, 1/n.

    Examples
    --------
    >>> inverse_exponent(20.0).partition("; ")[2]
    'it is probably 1/a, so n = 0.05'
    >>> inverse_exponent(0.05)
    ''
    """
    if not n > 1.0:
        return ""
    return (
        f"n = {n:g} is above 1, which weighs cold parts more than a mean does; it is probably 1/a, "
        f"so n = {1 / n:.3g}"
    )
