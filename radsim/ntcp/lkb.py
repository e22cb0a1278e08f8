"""The Lyman-Kutcher-Burman model: a response to the gEUD of the whole organ."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.reduction import reduced_dose
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

    Parameters
    ----------
    dose, td50
        Uniform dose and the one at which half get it [Gy].
    m
        Slope: a standard deviation of the probit as a share of TD50.

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


def lkb_probability(
    dose: np.ndarray,
    weight: np.ndarray,
    td50: lq.Quantity,
    m: lq.Quantity,
    n: lq.Quantity,
    link: Link = "probit",
) -> np.ndarray:
    """Probability from DVHs: the last axis of dose [Gy] and weight is the volume.

    Doses of shape (part,) with weights of shape (patient, part) are bins that all patients
    share; doses of shape (patient, part) with weights of shape (part,) are each patient's own.

    Examples
    --------
    >>> bins, volume = np.arange(2.5, 25.0, 5.0), np.array([10.0, 20.0, 40.0, 25.0, 5.0]) / 100.0
    >>> round(float(lkb_probability(bins, volume, td50=20.0, m=0.175, n=0.25)), 10)
    0.0648888557

    References
    ----------
    Kutcher and Burman (1989), Int. J. Radiat. Oncol. Biol. Phys. 16, 1623-1630.
    """
    return lyman_probability(reduced_dose(dose, weight, 1.0 / n), td50, m, link)


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
    """

    equation: ClassVar[str] = (
        "p = Phi((gEUD - TD50) / (m TD50)), gEUD = (sum_j v_j D_j^(1/n))^n; "
        "or log-logistic or Poisson with g50 = 1 / (m sqrt(2 pi))"
    )
    takes: ClassVar[str] = "the whole DVH"
    reads_dvh: ClassVar[bool] = True
    shape: ClassVar[tuple[str, ...]] = ("td50", "m", "n")
    increasing: ClassVar[tuple[str, ...]] = ("td50", "m", "n")

    kind: Literal["lkb"] = "lkb"
    td50: Parameter
    m: Parameter
    n: Parameter
    link: Link = "probit"

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at a DVH; the last axis of what ``effect`` names [Gy] is the volume."""
        dose = self._checked(effect, weight)
        assert weight is not None
        td50, m, n = (self._value(name, patients) for name in self.shape)
        return lkb_probability(dose, weight, td50, m, n, self.link)
