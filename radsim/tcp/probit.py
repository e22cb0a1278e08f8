"""Probit tumor control in EQD2."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.patients.patients import Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.tcp.control import ControlModel
from radsim.vocabulary.numbers import Parameter


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

    def hazard_at_eqd2(self, eqd2: lq.Quantity, patients: Patients) -> lq.Quantity:
        d50, gamma50 = self._curve(patients)
        with np.errstate(over="ignore"):
            score = np.sqrt(2.0 * np.pi) * (gamma50 * ((eqd2 - d50) / d50))
            return -special.log_ndtr(np.minimum(score, LARGEST))
