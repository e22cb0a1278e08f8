"""Probit tumor control in EQD2."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.tcp.control import ControlModel
from radsim.vocabulary.numbers import Parameter


def probit_failure_hazard(dose: lq.Quantity, d50: lq.Quantity, gamma50: lq.Quantity) -> lq.Quantity:
    r"""Cumulative hazard of failure whose control is a normal CDF of dose.

    .. math:: -\ln TCP = -\ln\Phi\bigl(\sqrt{2\pi}\,\gamma_{50} (D/D_{50} - 1)\bigr)

    Examples
    --------
    >>> round(float(np.exp(-probit_failure_hazard(30.0, d50=30.0, gamma50=0.8))), 12)
    0.5
    """
    with np.errstate(over="ignore"):
        score = np.sqrt(2.0 * np.pi) * (gamma50 * ((dose - d50) / d50))
        return -special.log_ndtr(np.minimum(score, LARGEST))


@dataclass(frozen=True, kw_only=True)
class ProbitTCP(ControlModel):
    r"""Control that is a normal CDF of EQD2.

    .. math:: TCP = \Phi\bigl(\sqrt{2\pi}\,\gamma_{50} (EQD2/D_{50} - 1)\bigr)

    At zero dose it is :math:`\Phi(-\sqrt{2\pi}\gamma_{50})`, not 0.

    Attributes
    ----------
    d50
        EQD2 that controls half [Gy].
    gamma50
        Normalized slope at D50.
    """

    equation: ClassVar[str] = "TCP = Phi(sqrt(2 pi) g50 (EQD2 / D50 - 1))"
    shape: ClassVar[tuple[str, ...]] = ("d50", "gamma50")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "gamma50")

    kind: Literal["probit"] = "probit"
    d50: Parameter
    gamma50: Parameter

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        eqd2 = self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))
        return probit_failure_hazard(
            eqd2, self._value("d50", patients), self._value("gamma50", patients)
        )
