"""What every model of tumor control shares: a hazard of failure, and what multiplies it."""

from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.dose import Dose, Reading
from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.cell_kill import LQ, CellKill
from radsim.radiobiology.dvh import check_doses
from radsim.response.covariates import check_ratios, log_ratio
from radsim.response.model import LARGEST, DoseResponse, equal_course
from radsim.response.modifiers import HazardModifier
from radsim.response.onset import Onset, PowerOnset
from radsim.response.risk import HazardRisk
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Parameter, Real, Truth, beside_parts
from radsim.vocabulary.structures import TARGETS


@dataclass(frozen=True, kw_only=True)
class ControlModel(DoseResponse):
    r"""Hazard of local failure, :math:`-\ln TCP`, as a function of BED.

    A model states the hazard of a volume that has one EQD2 throughout (`hazard_at_eqd2`), or one
    BED (`hazard_at_bed`). Of a metric that is all. Of a whole DVH the parts of the volume are
    independent, so their hazards add up:

    .. math:: -\ln TCP = \sum_j v_j\, h(BED_j)

    Covariates of a patient multiply the hazard, whichever the model,

    .. math:: TCP = TCP_0^{\,\prod_k HR_k^{z_k - z_{k,ref}}}

    Attributes
    ----------
    refit, refit_alpha_beta
        Take parameters that fit the preset's anchors again under another law of cell kill, and
        alpha/beta as one of them.
    onset, onset_conventional
        How the hazard of failure grows; the curve holds where the growth is 1. The second is for
        uniform fields.
    reirradiation_hazard_ratio
        Multiplies the hazard in an arm with a prior course.
    estimates
        ``crude`` if the parameters were fitted to incidences that death had already lowered, so
        that no competing death may be simulated.
    modifiers
        Hazard ratios of groups of patients.
    hazard_ratios
        Of failure, for each unit of a numeric cohort variable.
    references
        Value of the variable at which the ratio is 1; 0 unless given.
    label
        Name of an alternative in results, where the preset does not tell models apart.
    """

    takes: ClassVar[str] = "a metric (default) or the whole DVH, as BED"

    label: str = ""
    preset: str = ""
    alpha_beta: Parameter
    cell_kill: CellKill = field(default_factory=LQ)
    fitted_under: str = ""
    refit: Truth = False
    refit_alpha_beta: Truth = False
    dose: DoseMetric = field(default_factory=DoseMetric)
    onset: Onset = field(default_factory=lambda: PowerOnset(months=24.0))
    onset_conventional: Onset | None = None
    valid_eqd2: tuple[Real, Real] | None = None
    valid_eqd2_alpha_beta: Real | None = None
    most_fractions: Count | None = None
    reirradiation_hazard_ratio: Real = 1.0
    estimates: Literal["net", "crude"] = "net"
    modifiers: tuple[HazardModifier, ...] = ()
    hazard_ratios: dict[str, Real] = field(default_factory=dict)
    references: dict[str, Real] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check(
            ("reirradiation_hazard_ratio", *self.increasing),
            "Set refit = true to fit them to the preset's anchors again, or give",
            refused=not self.refit,
        )
        require(
            self.refit or not self.refit_alpha_beta,
            "refit_alpha_beta: has no meaning without refit = true",
        )
        require(
            self.dose.structure in ("prescribed", *TARGETS),
            f"dose.structure must be prescribed, gtv or ptv, got {self.dose.structure!r}",
        )
        check_ratios(self.hazard_ratios, self.references, "hazard_ratios")
        names = [modifier.preset for modifier in self.modifiers if modifier.preset]
        for modifier in self.modifiers:
            both = ", ".join(name for name in modifier.excludes if name in names)
            alike = f"modifiers: {modifier.preset} and {both} describe the same patients"
            require(not both, f"{alike}; take one or the other")

    @property
    def required_variables(self) -> frozenset[str]:
        """Cohort variables that the modifiers and the covariates read."""
        grouped = frozenset(n for modifier in self.modifiers for n in modifier.variables)
        return grouped | frozenset(self.hazard_ratios)

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients, fractions: lq.Quantity
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        return self.hazard_at_eqd2(self._eqd2(bed, patients), patients)

    def hazard_at_eqd2(self, eqd2: lq.Quantity, patients: Patients) -> lq.Quantity:
        """Hazard of failure of a volume with this EQD2 [Gy] throughout, when the growth is 1."""
        raise NotImplementedError

    def distribution_hazard(
        self, bed: np.ndarray, weight: np.ndarray, patients: Patients, fractions: lq.Quantity
    ) -> np.ndarray:
        """Hazard of failure of a DVH; BED has the volume on its last axis, weights add up to 1."""
        hazard = np.minimum(self.hazard_at_bed(bed, patients, fractions), LARGEST)
        return (hazard * weight).sum(axis=-1)

    def probability(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        return np.exp(-self._hazard(*equal_course(dose, fractions, weight), patients))

    def course_hazard(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
    ) -> np.ndarray:
        """Cumulative hazard of failure where the growth is 1, to its last digit near 0.

        Parameters are those of `probability`.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> round(float(load_tcp("hytec-spine-2021").course_hazard(24.0, fractions=2)), 4)
        0.2104
        """
        return self._hazard(*equal_course(dose, fractions, weight), patients)

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> np.ndarray:
        check_doses(effect, weight)
        alpha_beta = self._value("alpha_beta", patients)
        if weight is not None:
            alpha_beta = beside_parts(alpha_beta)
        with np.errstate(over="ignore"):
            bed = np.minimum(effect, LARGEST) / self.cell_kill.eqd2(1.0, alpha_beta)
        return np.exp(-self._hazard_of_bed(bed, weight, 1, patients))

    def risk(self, patients: Patients, dose: Dose) -> HazardRisk:
        """Risk of local failure of each patient, without any effect of a prior course."""
        course, _ = self._course(patients, dose)
        check_doses(course.total, course.weight)
        hazard = self._hazard(course, dose.fractions, patients)
        for modifier in self.modifiers:
            hazard = hazard * modifier.factor(patients)
        onset = self.onset_conventional if dose.plan.is_conventional else None
        return HazardRisk(hazard=np.minimum(hazard, LARGEST), onset=onset or self.onset)

    def _eqd2(self, bed: lq.Quantity, patients: Patients) -> lq.Quantity:
        """EQD2 with this BED [Gy]."""
        return self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))

    def _hazard(self, course: Reading, fractions: lq.Quantity, patients: Patients) -> np.ndarray:
        """Cumulative hazard of failure where the growth is 1."""
        with np.errstate(over="ignore"):
            bed = self._bed(course, fractions, self._value("alpha_beta", patients))
        hazard = self._hazard_of_bed(bed, course.weight, fractions, patients)
        if self.hazard_ratios:
            covariates = log_ratio(self.hazard_ratios, self.references, patients)
            hazard = np.minimum(hazard * np.exp(covariates), LARGEST)
        return hazard

    def _hazard_of_bed(
        self,
        bed: lq.Quantity,
        weight: np.ndarray | None,
        fractions: lq.Quantity,
        patients: Patients,
    ) -> np.ndarray:
        """Hazard at a BED [Gy] or a DVH of it, without covariates."""
        bed = np.minimum(bed, LARGEST)
        if weight is None:
            return np.minimum(self.hazard_at_bed(bed, patients, fractions), LARGEST)
        parameters = (field.name for field in fields(self) if field.type == Parameter)
        values = {name: self._value(name, patients) for name in parameters}
        arrays = {name: beside_parts(value) for name, value in values.items() if np.ndim(value)}
        model = replace(self, **arrays) if arrays else self
        return np.minimum(model.distribution_hazard(bed, weight, patients, fractions), LARGEST)
