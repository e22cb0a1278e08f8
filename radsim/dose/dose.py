"""The dose that an arm gave a run of patients, asked for by structure and metric."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from radsim.dose.metrics import DoseMetric, dose_sums
from radsim.dose.plans.plan import Plan
from radsim.radiobiology import lq


@dataclass(frozen=True, kw_only=True)
class ArmDose:
    """The dose of one arm for a run of patients.

    Attributes
    ----------
    plan
        The arm's settings.
    dose
        What `radsim.dose.drawing.draw_dose` returned for these patients.
    """

    plan: Plan
    dose: xr.Dataset

    @property
    def prescription(self) -> np.ndarray:
        """Planned prescription of each patient [Gy], shape (patient,)."""
        return self.dose["prescription"].values

    @property
    def fractions(self) -> int:
        """Number of fractions."""
        return int(self.plan.fractions)

    def read(self, wanted: DoseMetric) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Sums of dose and squared dose [Gy, Gy2], and the volume weights behind them.

        For a metric the sums have shape (patient,) and there are no weights; for a DVH they have
        shape (patient, node), and the weights (node,) add up to 1.
        """
        if not wanted.is_dvh:
            return *self.sums(wanted), None
        name = wanted.structure_in(self.plan)
        weight = self.dose["weight"].values
        if wanted.course == "delivered" and self.dose.attrs["delivery"]:
            total = self.dose[f"{name}_delivered"].values.astype(float)
            return total, self.dose[f"{name}_delivered_squared"].values.astype(float), weight
        total = self.dose[f"{name}_planned"].values.astype(float)
        return total, total * total / self.fractions, weight

    def sums(self, wanted: DoseMetric) -> tuple[np.ndarray, np.ndarray]:
        """Sums over fractions of dose and squared dose [Gy, Gy2], shape (patient,)."""
        if wanted.metric == "prescription":
            return lq.equal_fractions(self.prescription, self.plan.fractions)
        return dose_sums(self.dose, wanted.structure_in(self.plan), wanted.metric, wanted.course)

    def residual_prior_bed(self, alpha_beta: float | np.ndarray) -> float | np.ndarray:
        """BED of the prior course that has not recovered [Gy], shape (patient,); 0 without one."""
        prior = getattr(self.plan, "prior", None)
        if prior is None:
            return 0.0
        bed = lq.bed(*lq.equal_fractions(prior.dose, prior.fractions), alpha_beta)
        return (1.0 - self.dose["prior_recovery"].values) * bed
