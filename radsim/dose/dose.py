"""The dose that an arm gave a run of patients, asked for by structure and metric."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from radsim.dose.drawing import dose_sums
from radsim.dose.plans.plan import Intraoperative, Plan
from radsim.radiobiology import lq
from radsim.vocabulary.words import nearest

Structure = Literal["prescribed", "gtv", "ptv", "spinal_cord", "cord_prv", "thecal_sac"]
Course = Literal["planned", "delivered"]


@dataclass(frozen=True, kw_only=True)
class DoseMetric:
    """Which dose a model takes: a metric of a structure, planned or delivered.

    Attributes
    ----------
    structure
        ``prescribed`` is the volume that the arm's highest dose level is prescribed to: the GTV
        in an arm with a boost, otherwise the PTV (PTV_Eval).
    metric
        ``D98``, ``D90``, ``D50``, ``D2``, ``D0.03cc``, ``mean``, ``gEUD(-10)``; or
        ``prescription``, the number that was prescribed to the PTV, whatever the plan reached;
        or ``DVH``, the dose everywhere in the structure.
    course
        ``planned`` or ``delivered`` (with set-up and output errors).
    """

    structure: Structure = "prescribed"
    metric: str = "D90"
    course: Course = "planned"

    @property
    def is_dvh(self) -> bool:
        """Say whether the whole dose-volume histogram is meant."""
        return self.metric == "DVH"

    def structure_in(self, plan: Plan) -> str:
        """Name the structure that is meant in an arm."""
        if self.structure != "prescribed":
            return self.structure
        boosted = isinstance(plan, Intraoperative) or plan.boost is not None
        return "gtv" if boosted else "ptv"

    def missing_in(self, plan: Plan, known: Mapping[str, Sequence[str]]) -> str:
        """Say what a plan lacks of this, or nothing; ``known`` are its structures and metrics."""
        if self.metric == "prescription":
            return ""
        structure = self.structure_in(plan)
        if structure not in known:
            return f"no dose to {structure}; {nearest(structure, known)}"
        if self.is_dvh or self.metric in known[structure] or _is_of_a_family(self.metric):
            return ""
        return f"no {self.metric!r} of the {structure}; known: {', '.join(known[structure])}"

    def __str__(self) -> str:
        structure = (
            "volume of the highest level" if self.structure == "prescribed" else self.structure
        )
        return f"{self.course} {self.metric} of the {structure.replace('_', ' ')}"


def _is_of_a_family(metric: str) -> bool:
    """Say whether this is Dx with x between 0 and 100 %, or gEUD(a) with a that is not 0."""
    share = re.fullmatch(r"D(\d+(?:\.\d+)?)%?", metric)
    if share:
        return 0 < float(share.group(1)) < 100
    exponent = re.fullmatch(r"gEUD\((-?\d+(?:\.\d+)?)\)", metric)
    return exponent is not None and float(exponent.group(1)) != 0


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
