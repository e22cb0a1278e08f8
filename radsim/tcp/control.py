"""What every model of tumor control shares: a hazard of failure, and what multiplies it."""

from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal, Self

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
from radsim.vocabulary.numbers import Count, Parameter, Real, beside_parts
from radsim.vocabulary.structures import ORGANS


@dataclass(frozen=True, kw_only=True)
class ControlModel(DoseResponse):
    r"""Hazard of local failure, :math:`-\ln TCP`, as a function of BED.

    A model states the hazard of a volume that has one BED throughout (`hazard_at_bed`). Of a
    metric that is all. Of a whole DVH the parts of the volume are independent, so their hazards
    add up:

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
    refit: bool = False
    refit_alpha_beta: bool = False
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
            self.dose.structure not in ORGANS,
            f"dose.structure must be prescribed, gtv or ptv, got {self.dose.structure!r}",
        )
        check_ratios(self.hazard_ratios, self.references, "hazard_ratios")
        names = [modifier.preset for modifier in self.modifiers if modifier.preset]
        for modifier in self.modifiers:
            both = [name for name in modifier.excludes if name in names]
            require(
                not both,
                f"modifiers: {modifier.preset} and {', '.join(both)} describe the same patients; "
                "take one or the other",
            )

    @property
    def required_variables(self) -> frozenset[str]:
        """Cohort variables that the modifiers and the covariates read."""
        grouped = frozenset(n for modifier in self.modifiers for n in modifier.variables)
        return grouped | frozenset(self.hazard_ratios)

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
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
        """Local control where the growth is 1, after a course in equal fractions.

        Parameters are those of `radsim.response.model.DoseResponse.probability`.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> round(float(load_tcp("hytec-spine-2021").probability(24.0, fractions=2)), 4)
        0.8103
        """
        hazard = self.course_hazard(dose, fractions=fractions, weight=weight, patients=patients)
        return np.exp(-hazard)

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

    def risk(self, patients: Patients, dose: Dose) -> HazardRisk:
        """Risk of local failure of each patient, without any effect of a prior course."""
        course = dose.read(self.dose)
        check_doses(course.total, course.weight)
        hazard = self._hazard(course, dose.fractions, patients)
        for modifier in self.modifiers:
            hazard = hazard * modifier.factor(patients)
        onset = self.onset_conventional if dose.plan.is_conventional else None
        return HazardRisk(hazard=np.minimum(hazard, LARGEST), onset=onset or self.onset)

    def curve_over_effect(self, eqd2: lq.Quantity, patients: Patients = NOBODY) -> np.ndarray:
        """Control where the growth is 1, of a volume that has this EQD2 [Gy] throughout.

        A model in which time counts has all of it given at once.

        Raises
        ------
        ValueError
            If the dose is negative or not a number.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> round(float(load_tcp("hytec-spine-2021").curve_over_effect(54.0)), 4)
        0.8103
        """
        check_doses(eqd2)
        eqd2 = np.minimum(np.asarray(eqd2, dtype=float), LARGEST)
        alpha_beta = self._value("alpha_beta", patients)
        with np.errstate(over="ignore"):
            bed = np.minimum(eqd2 / self.cell_kill.eqd2(1.0, alpha_beta), LARGEST)
        if self.dose.is_dvh:
            model = self._beside_parts(patients)
            hazard = model.distribution_hazard(bed[..., None], np.ones(1), patients, 1)
        else:
            hazard = self.hazard_at_bed(bed, patients, 1)
        return np.exp(-np.minimum(hazard, LARGEST))

    def _hazard(self, course: Reading, fractions: lq.Quantity, patients: Patients) -> np.ndarray:
        """Cumulative hazard of failure where the growth is 1."""
        alpha_beta = self._value("alpha_beta", patients)
        with np.errstate(over="ignore"):
            bed = np.minimum(self._bed(course, fractions, alpha_beta), LARGEST)
        if course.weight is None:
            hazard = self.hazard_at_bed(bed, patients, fractions)
        else:
            model = self._beside_parts(patients)
            hazard = model.distribution_hazard(bed, course.weight, patients, fractions)
        if self.hazard_ratios:
            covariates = log_ratio(self.hazard_ratios, self.references, patients)
            hazard = np.minimum(hazard, LARGEST) * np.exp(covariates)
        return np.minimum(hazard, LARGEST)

    def _beside_parts(self, patients: Patients) -> Self:
        """The same model with its parameters looked up, as they stand beside a DVH."""
        looked_up = {
            parameter.name: self._value(parameter.name, patients)
            for parameter in fields(self)
            if parameter.type == Parameter
        }
        changed = {n: beside_parts(value) for n, value in looked_up.items() if np.ndim(value)}
        return replace(self, **changed) if changed else self
