"""Tumor control whose log odds are linear in EQD2."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.tcp.control import ControlModel
from radsim.vocabulary.numbers import Parameter


def logit_failure_hazard(log_odds: lq.Quantity) -> lq.Quantity:
    r"""Cumulative hazard of failure from the log odds of control, :math:`\ln(1 + e^{-x})`.

    Examples
    --------
    >>> round(float(np.exp(-logit_failure_hazard(0.0))), 12)
    0.5
    """
    return np.logaddexp(0.0, -np.asarray(log_odds))


@dataclass(frozen=True, kw_only=True)
class LogitTCP(ControlModel):
    r"""Control whose log odds are linear in EQD2, :math:`\ln\frac{TCP}{1-TCP} = b_0 + b_1 EQD2`.

    At zero dose it is :math:`1/(1 + e^{-b_0})`, not 0.

    Attributes
    ----------
    intercept, slope
        :math:`b_0` and :math:`b_1` [1, 1/Gy].
    """

    equation: ClassVar[str] = "logit TCP = b0 + b1 EQD2"
    shape: ClassVar[tuple[str, ...]] = ("intercept", "slope")
    increasing: ClassVar[tuple[str, ...]] = ("slope",)

    kind: Literal["logistic_eqd2"] = "logistic_eqd2"
    intercept: Parameter
    slope: Parameter

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        eqd2 = self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))
        with np.errstate(over="ignore"):
            log_odds = self._value("intercept", patients) + self._value("slope", patients) * eqd2
        return logit_failure_hazard(log_odds)
