"""Radiation myelopathy, logistic in the EQD2 of the cord's hottest point."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xarray as xr
from scipy import special

from radsim import lq
from radsim.arm_dose import ArmDose, DoseMetric
from radsim.distributions import require
from radsim.onset import LognormalOnset
from radsim.risk import LifetimeRisk
from radsim.schema import Parameter, Real, value_of


@dataclass(frozen=True, kw_only=True)
class LogisticCordNTCP:
    r"""Lifetime net risk of myelopathy, logistic in EQD2.

    .. math:: p = \frac{1}{1 + \exp(-b_0 - b_1\,EQD2)}

    and :math:`p = 0` below a threshold of EQD2, and for patients without a cord at the treated
    level. After a prior course EQD2 is cumulative: the new course plus what has not recovered
    of the old one.

    Attributes
    ----------
    intercept, slope
        :math:`b_0` and :math:`b_1` [1, 1/Gy].
    alpha_beta
        For EQD2 [Gy].
    threshold
        EQD2 below which the risk is zero [Gy].
    dose
        Which dose enters.
    fitted_on
        Structure that the parameters were stated for; another one is refused unless
        ``accept_other_structure`` is set.
    valid_eqd2
        Range of EQD2 that the parameters were fitted on [Gy].
    onset
        Time to myelopathy of those who get it.

    References
    ----------
    Sahgal et al. (2013), Int. J. Radiat. Oncol. Biol. Phys. 85, 341-347;
    Sahgal et al. (2021), Int. J. Radiat. Oncol. Biol. Phys. 110, 124-136.
    """

    kind: Literal["logistic_eqd2"] = "logistic_eqd2"
    preset: str = ""
    intercept: Parameter
    slope: Parameter
    alpha_beta: Parameter
    threshold: Real = 0.0
    fitted_on: str = "spinal_cord"
    accept_other_structure: bool = False
    dose: DoseMetric = field(
        default_factory=lambda: DoseMetric(structure="spinal_cord", metric="D0.03cc")
    )
    valid_eqd2: tuple[Real, Real] | None = None
    onset: LognormalOnset

    def __post_init__(self) -> None:
        for name in ("slope", "alpha_beta"):
            value = getattr(self, name)
            require(isinstance(value, str) or value > 0, f"{name} must be above 0, got {value}")
        require(self.threshold >= 0, f"threshold must not be negative, got {self.threshold}")
        require(
            self.accept_other_structure or self.dose.structure == self.fitted_on,
            f"dose.structure: these figures were stated for the {self.fitted_on}, "
            f"got {self.dose.structure}; set accept_other_structure = true to use it all the same",
        )
        require(
            (self.dose.structure, self.dose.course) != ("cord_prv", "delivered"),
            "dose: a delivered cord PRV is not an organ; take the delivered spinal_cord",
        )

    def probability(
        self, dose: lq.Quantity, dose_squared: lq.Quantity, residual_bed: lq.Quantity = 0.0
    ) -> lq.Quantity:
        """Lifetime risk after a course given by its sums, for numeric parameters.

        Examples
        --------
        >>> from radsim.ntcp import load_ntcp
        >>> table = load_ntcp("sbrt-cord-case-control")
        >>> round(float(table.probability(*lq.equal_fractions(12.4, 1))), 3)
        0.05
        """
        return self._probability(dose, dose_squared, residual_bed, xr.Dataset())

    def _probability(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        residual_bed: lq.Quantity,
        patients: xr.Dataset,
    ) -> lq.Quantity:
        eqd2 = self._eqd2(dose, dose_squared, residual_bed, patients)
        log_odds = value_of(self.intercept, patients) + value_of(self.slope, patients) * eqd2
        return np.where(eqd2 >= self.threshold, special.expit(log_odds), 0.0)

    def _eqd2(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        residual_bed: lq.Quantity,
        patients: xr.Dataset,
    ) -> lq.Quantity:
        alpha_beta = value_of(self.alpha_beta, patients)
        total = lq.bed(dose, dose_squared, alpha_beta) + residual_bed
        return lq.equivalent_dose_of_size(total, 2.0, alpha_beta)

    def risk(self, patients: xr.Dataset, dose: ArmDose) -> LifetimeRisk:
        """Risk of myelopathy of each patient."""
        residual = dose.residual_prior_bed(value_of(self.alpha_beta, patients))
        lifetime = self._probability(*dose.sums(self.dose), residual, patients)
        cord = patients["cord_present"].values > 0
        return LifetimeRisk(lifetime=np.where(cord, lifetime, 0.0), onset=self.onset)

    def eqd2(self, patients: xr.Dataset, dose: ArmDose) -> np.ndarray:
        """Cumulative EQD2 of each patient [Gy], shape (patient,); NaN without a cord."""
        residual = dose.residual_prior_bed(value_of(self.alpha_beta, patients))
        eqd2 = self._eqd2(*dose.sums(self.dose), residual, patients)
        return np.where(patients["cord_present"].values > 0, eqd2, np.nan)
