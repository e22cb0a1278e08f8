"""Logistic tumor control in dose, as HyTEC fitted it to spine SBRT."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xarray as xr

from radsim import lq
from radsim.arm_dose import ArmDose, DoseMetric
from radsim.distributions import require
from radsim.limits import ORGANS
from radsim.onset import Onset, PowerOnset
from radsim.risk import HazardRisk
from radsim.schema import Parameter, Real, value_of


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
    return np.logaddexp(0.0, 4.0 * gamma50 * (1.0 - dose / d50))


@dataclass(frozen=True, kw_only=True)
class LogisticTCP:
    r"""Control that is logistic in the dose of an equivalent schedule.

    .. math:: TCP = \frac{1}{1 + \exp(4\gamma_{50}(1 - D_m/D_{50}))}

    with :math:`D_m` the dose in ``reference_fractions`` fractions that has the same BED.

    Attributes
    ----------
    d50
        Dose that controls half [Gy in ``reference_fractions`` fractions].
    gamma50
        Normalized slope at D50.
    alpha_beta
        For the equivalent schedule [Gy].
    reference_fractions
        Fractions of the schedule that D50 is stated in.
    dose
        Which dose enters.
    onset
        How the hazard of failure grows; the curve holds where the growth is 1.
    valid_eqd2
        Range of EQD2 that the parameters were fitted on [Gy].
    reirradiation_hazard_ratio
        Multiplies the hazard in an arm with a prior course.

    References
    ----------
    Soltys et al. (2021), Int. J. Radiat. Oncol. Biol. Phys. 110, 112-123.
    """

    kind: Literal["logistic_dose"] = "logistic_dose"
    preset: str = ""
    d50: Parameter
    gamma50: Parameter
    alpha_beta: Parameter
    reference_fractions: Real = 3
    dose: DoseMetric = field(default_factory=DoseMetric)
    onset: Onset = field(default_factory=lambda: PowerOnset(months=24.0))
    valid_eqd2: tuple[Real, Real] | None = None
    reirradiation_hazard_ratio: Real = 1.0

    def __post_init__(self) -> None:
        for name in ("d50", "gamma50", "alpha_beta", "reference_fractions"):
            value = getattr(self, name)
            require(isinstance(value, str) or value > 0, f"{name} must be above 0, got {value}")
        require(
            self.reirradiation_hazard_ratio > 0,
            f"reirradiation_hazard_ratio must be above 0, got {self.reirradiation_hazard_ratio}",
        )

        require(
            self.dose.structure not in ORGANS,
            f"dose.structure must be prescribed, gtv or ptv, got {self.dose.structure!r}",
        )

    def failure_hazard(
        self, dose: lq.Quantity, dose_squared: lq.Quantity, patients: xr.Dataset | None = None
    ) -> lq.Quantity:
        """Cumulative hazard of failure when the growth is 1, from the sums of a course.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> hytec = load_tcp("hytec-spine-2021")
        >>> hazard = hytec.failure_hazard(*lq.equal_fractions(24.0, 2))
        >>> round(float(np.exp(-hazard)), 4)
        0.8103
        """
        patients = xr.Dataset() if patients is None else patients
        alpha_beta = value_of(self.alpha_beta, patients)
        equivalent = lq.equivalent_dose(
            lq.bed(dose, dose_squared, alpha_beta), self.reference_fractions, alpha_beta
        )
        return logistic_failure_hazard(
            equivalent, value_of(self.d50, patients), value_of(self.gamma50, patients)
        )

    def risk(self, patients: xr.Dataset, dose: ArmDose) -> HazardRisk:
        """Risk of local failure of each patient, without any effect of a prior course."""
        return HazardRisk(
            hazard=self.failure_hazard(*dose.sums(self.dose), patients), onset=self.onset
        )

    def eqd2(self, patients: xr.Dataset, dose: ArmDose) -> np.ndarray:
        """EQD2 that the model reads for each patient [Gy], shape (patient,)."""
        return lq.eqd2(*dose.sums(self.dose), value_of(self.alpha_beta, patients))
