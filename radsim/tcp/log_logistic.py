"""Log-logistic tumor control in EQD2."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.tcp.control import ControlModel
from radsim.vocabulary.numbers import Parameter


def log_logistic_failure_hazard(dose: lq.Quantity, d50: lq.Quantity, k: lq.Quantity) -> lq.Quantity:
    r"""Cumulative hazard of failure whose control is log-logistic, :math:`\ln(1 + (D_{50}/D)^k)`.

    Examples
    --------
    >>> round(float(np.exp(-log_logistic_failure_hazard(32.9, d50=32.9, k=3.01))), 12)
    0.5
    """
    with np.errstate(divide="ignore", over="ignore"):
        logarithm = k * (np.log(d50) - np.log(dose))
        return np.logaddexp(0.0, np.clip(logarithm, -LARGEST, LARGEST))


@dataclass(frozen=True, kw_only=True)
class LogLogisticTCP(ControlModel):
    r"""Control that is log-logistic in EQD2; 0 at zero dose.

    .. math:: TCP = \frac{1}{1 + (D_{50}/EQD2)^k}, \qquad \gamma_{50} = k/4

    Attributes
    ----------
    d50
        EQD2 that controls half [Gy].
    k
        Exponent, four times the normalized slope at D50.
    """

    equation: ClassVar[str] = "TCP = 1 / (1 + (D50 / EQD2)^k)"
    shape: ClassVar[tuple[str, ...]] = ("d50", "k")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "k")

    kind: Literal["log_logistic"] = "log_logistic"
    d50: Parameter
    k: Parameter

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        eqd2 = self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))
        return log_logistic_failure_hazard(
            eqd2, self._value("d50", patients), self._value("k", patients)
        )
