"""Vertebral compression fracture by proportional hazards."""

import warnings
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.dose import Dose
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.dvh import check_doses
from radsim.response.model import LARGEST
from radsim.response.onset import Onset
from radsim.response.risk import HazardRisk
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Parameter, Real, check_numbers


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """A 1-year net risk that a cohort is to have at some dose a fraction [Gy]."""

    probability: Real
    fraction_dose: Real

    def __post_init__(self) -> None:
        require(
            0 < self.probability < 1,
            f"probability must lie between 0 and 1, got {self.probability}",
        )
        require(self.fraction_dose > 0, f"fraction_dose must be above 0, got {self.fraction_dose}")


@dataclass(frozen=True, kw_only=True)
class VertebralFracture:
    r"""Compression fracture with a reference risk and hazard ratios.

    .. math:: H(t) = -\ln(1 - p_0)\, s\, HR\, L(t)

    The hazard ratios multiply; that of dose is a step, log-linear
    (:math:`r^{d - d_{ref}}` at d Gy a fraction), or both. Baseline fracture and involvement of
    more than half of the body are one published covariate: involvement counts only where there was
    no fracture.

    Attributes
    ----------
    label
        Name of an alternative in results, where the preset does not tell models apart.
    reference_risk
        Net 1-year risk of the reference patient, :math:`p_0`.
    fraction_dose_threshold
        Dose a fraction from which ``hazard_ratio_fraction_dose`` applies [Gy]. A dose a fraction
        is the highest planned level over the number of fractions, with a boost the boost's.
    hazard_ratio_per_gray, reference_fraction_dose
        Hazard ratio for each Gy a fraction, r, and the dose a fraction at which it is 1 [Gy].
    share
        Share of the fractures that count, :math:`s`; below 1 for those alone that are painful, or
        need surgery.
    hazard_ratio_...
        For each covariate against its reference.
    most_fractions
        Fractions up to which the parameters were fitted, of conformal courses; an arm with more,
        or with a conventional field, lies outside, and the results say so.
    onset
        Growth of the hazard, :math:`L(t)`; 1 at 12 months.
    recalibrate
        Replace the reference risk by the one that gives the experiment's cohort this risk.

    References
    ----------
    Sahgal et al. (2013), J. Clin. Oncol. 31, 3426-3431.
    """

    equation: ClassVar[str] = "H(t) = -ln(1 - p0) s HR L(t)"
    takes: ClassVar[str] = "the highest planned dose a fraction, a boost's included; no EQD2"
    reads_fraction_dose: ClassVar[bool] = True
    reads_dvh: ClassVar[bool] = False
    shape: ClassVar[tuple[str, ...]] = (
        "reference_risk",
        "hazard_ratio_fraction_dose",
        "hazard_ratio_per_gray",
    )
    increasing: ClassVar[tuple[str, ...]] = ()
    required_variables: ClassVar[frozenset[str]] = frozenset(
        {"baseline_fracture", "body_involved_over_half", "malalignment", "lesion_type"}
    )

    kind: Literal["proportional_hazards"] = "proportional_hazards"
    label: str = ""
    preset: str = ""
    reference_risk: Parameter
    fraction_dose_threshold: Real = 20.0
    hazard_ratio_fraction_dose: Parameter = 1.0
    hazard_ratio_per_gray: Parameter = 1.0
    reference_fraction_dose: Real = 10.0
    hazard_ratio_fracture_below_half: Parameter
    hazard_ratio_fracture_half_or_more: Parameter
    hazard_ratio_body_involved: Parameter
    hazard_ratio_malalignment: Parameter
    hazard_ratio_lytic: Parameter
    share: Parameter = 1.0
    onset: Onset
    most_fractions: Count | None = None
    recalibrate: Recalibration | None = None

    def __post_init__(self) -> None:
        ratios = {f.name for f in fields(self) if f.type == Parameter} - {"reference_risk"}
        check_numbers(self, ("fraction_dose_threshold", "reference_fraction_dose", *ratios))
        require(
            isinstance(self.share, str) or bool(np.all(np.asarray(self.share) <= 1.0)),
            f"share must be at most 1, got {self.share}",
        )
        risk = self.reference_risk
        require(
            isinstance(risk, str) or bool(np.all((np.asarray(risk) >= 0) & (np.asarray(risk) < 1))),
            f"reference_risk must be in [0, 1), got {risk}",
        )

    def hazard_ratio(self, patients: Patients, fraction_dose: np.ndarray) -> np.ndarray:
        """Hazard of each patient against the reference patient, shape (patient,).

        ``fraction_dose`` is the highest planned dose a fraction [Gy], shape (patient,).
        """

        def where(condition: np.ndarray, name: str) -> np.ndarray:
            ratio = patients.value_of(getattr(self, f"hazard_ratio_{name}"))
            return np.where(condition, ratio, 1.0)

        none = patients.has("baseline_fracture", "none")
        involved = patients["body_involved_over_half"] > 0
        return (
            self._ratio_of_dose(fraction_dose, patients)
            * where(patients.has("baseline_fracture", "below_half"), "fracture_below_half")
            * where(patients.has("baseline_fracture", "half_or_more"), "fracture_half_or_more")
            * where(none & involved, "body_involved")
            * where(patients["malalignment"] > 0, "malalignment")
            * where(patients.has("lesion_type", "lytic"), "lytic")
        )

    def probability(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        """Net 1-year risk after a prescription [Gy] in equal fractions.

        As of the other models, but without ``weight``, for this model reads no DVH; without
        patients it is of the reference patient.

        Examples
        --------
        >>> from radsim.ntcp import load_ntcp
        >>> vcf = load_ntcp("vcf-2013")
        >>> [round(float(vcf.probability(24.0, fractions=n)), 4) for n in (2, 1)]
        [0.009, 0.0442]
        """
        answer = self.net_probability(dose, fractions=fractions, weight=weight, patients=patients)
        if note := self.outside_fit(dose, fractions=fractions):
            warnings.warn(f"{self.preset or 'model'}: {note}", stacklevel=2)
        return answer

    def outside_fit(self, dose: lq.Quantity, *, fractions: lq.Quantity, weight: None = None) -> str:
        """Say that the model is of courses in fewer fractions, or nothing."""
        most = self.most_fractions
        beyond = most is not None and bool(np.max(fractions) > most)
        return f"fitted on at most {most} fractions" if beyond else ""

    def net_probability(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        """What `probability` answers, without its warning."""
        require(weight is None, "this model takes a prescription, without weight")
        positive = bool(np.all(np.asarray(fractions) > 0))
        require(positive, f"fractions must be above 0, got {fractions}")
        fraction_dose = np.asarray(dose, dtype=float) / fractions
        if patients is NOBODY:
            return self.curve_over_fraction_dose(fraction_dose)
        check_doses(dose)
        return -np.expm1(-self._reference(patients) * self.hazard_ratio(patients, fraction_dose))

    def curve_over_fraction_dose(
        self, fraction_dose: lq.Quantity, patients: Patients = NOBODY
    ) -> np.ndarray:
        """Net 1-year risk of the reference patient at a dose a fraction [Gy]."""
        check_doses(fraction_dose)
        return -np.expm1(-self._reference(patients) * self._ratio_of_dose(fraction_dose, patients))

    def risk(self, patients: Patients, dose: Dose) -> HazardRisk:
        """Risk of fracture of each patient."""
        ratio = self.hazard_ratio(patients, dose.fraction_dose)
        return HazardRisk(hazard=self._reference(patients) * ratio, onset=self.onset)

    def _ratio_of_dose(self, fraction_dose: lq.Quantity, patients: Patients) -> np.ndarray:
        """Hazard at a dose a fraction [Gy] against the reference one."""
        high = np.asarray(fraction_dose) >= self.fraction_dose_threshold
        step = np.where(high, patients.value_of(self.hazard_ratio_fraction_dose), 1.0)
        above = np.asarray(fraction_dose, dtype=float) - self.reference_fraction_dose
        with np.errstate(over="ignore", under="ignore"):
            slope = np.power(patients.value_of(self.hazard_ratio_per_gray), above)
        return step * np.minimum(slope, LARGEST)

    def _reference(self, patients: Patients) -> lq.Quantity:
        """Hazard at 1 year of the fractures that count in the reference patient."""
        risk = patients.value_of(self.reference_risk)
        return -np.log1p(-risk) * patients.value_of(self.share)
