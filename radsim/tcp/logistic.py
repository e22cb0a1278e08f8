"""Logistic tumor control in dose, as HyTEC fitted it to spine SBRT."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.tcp.control import ControlModel
from radsim.vocabulary.numbers import Parameter, Real


def logistic_failure_hazard(
    dose: lq.Quantity, d50: lq.Quantity, gamma50: lq.Quantity
) -> lq.Quantity:
    r"""Cumulative hazard of local failure whose control is logistic in dose.

    .. math:: -\ln TCP = \ln\bigl(1 + \exp(4\gamma_{50}(1 - D/D_{50}))\bigr)

    Parameters
    ----------
    dose, d50
        Dose and the dose that controls half, in the same fractionation [Gy].
    gamma50
        Normalized slope at D50.

    Examples
    --------
    >>> round(float(np.exp(-logistic_failure_hazard(19.44, d50=19.44, gamma50=0.814))), 12)
    0.5
    """
    with np.errstate(over="ignore"):  # an infinite dose controls all
        score = 4.0 * (gamma50 * ((d50 - dose) / d50))  # exact where dose is next to D50
        return np.logaddexp(0.0, np.maximum(score, -LARGEST))


@dataclass(frozen=True, kw_only=True)
class LogisticTCP(ControlModel):
    r"""Control that is logistic in the dose of an equivalent schedule.

    .. math:: TCP = \frac{1}{1 + \exp(4\gamma_{50}(1 - D_m/D_{50}))}

    with :math:`D_m` the dose in ``reference_fractions`` fractions that has the same BED. At zero
    dose it is :math:`1/(1 + e^{4\gamma_{50}})`, not 0.

    Attributes
    ----------
    d50
        Dose that controls half [Gy in ``reference_fractions`` fractions].
    gamma50
        Normalized slope at D50.
    reference_fractions
        Fractions of the schedule that D50 is stated in.

    References
    ----------
    Soltys et al. (2021), Int. J. Radiat. Oncol. Biol. Phys. 110, 112-123.
    """

    equation: ClassVar[str] = "TCP = 1 / (1 + exp(4 g50 (1 - D_m / D50)))"
    shape: ClassVar[tuple[str, ...]] = ("d50", "gamma50")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "gamma50", "reference_fractions")

    kind: Literal["logistic_dose"] = "logistic_dose"
    d50: Parameter
    gamma50: Parameter
    reference_fractions: Real = 3

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        alpha_beta = self._value("alpha_beta", patients)
        equivalent = self.cell_kill.equivalent_dose(bed, self.reference_fractions, alpha_beta)
        return logistic_failure_hazard(
            equivalent,
            self._value("d50", patients),
            self._value("gamma50", patients),
        )
