"""What every model of tumor control shares: a hazard of failure, and what multiplies it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.dose import Dose, Reading
from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.presets import Calibration
from radsim.radiobiology import lq
from radsim.radiobiology.cell_kill import LQ, CellKill
from radsim.radiobiology.dvh import check_doses
from radsim.response.covariates import check_ratios, log_ratio
from radsim.response.model import LARGEST, DoseResponse, equal_course
from radsim.response.modifiers import HazardModifier
from radsim.response.onset import Onset, PowerOnset
from radsim.response.risk import HazardRisk
from radsim.tcp.reirradiation import ratio_of_control
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Parameter, Real, Truth, beside_parts
from radsim.vocabulary.structures import TARGETS

RATIO = ("reirradiation_hazard_ratio",)


@dataclass(frozen=True, kw_only=True)
class ControlModel(DoseResponse):
    r"""Hazard of local failure, :math:`-\ln TCP`, as a function of BED.

    A model states the hazard of a volume that has one EQD2 throughout (`hazard_at_eqd2`), or one
    BED (`hazard_at_bed`). Of a metric that is all. Of a whole DVH the parts of the volume are
    independent, so their hazards add up:

    .. math:: -\ln TCP = \sum_j v_j\, h(BED_j)

    Covariates of a patient multiply the hazard, whichever the model,

    .. math:: TCP = TCP_0^{\,\prod_k HR_k^{z_k - z_{k,ref}}}

    Tumor beyond the GTV is a second volume, which has the planned or delivered D90 of the PTV and a
    weight,

    .. math:: -\ln TCP = (1 - w)\, H(GTV) + w\, H(PTV)

    Attributes
    ----------
    calibrate
        ``plans``: take parameters by which the mean over the plans of a reference cohort has, at
        each anchor's schedule, the value of a published curve.
    calibrate_to
        Preset of that curve; unless given the model's own as it stands, or the one that its preset
        was calibrated to.
    calibration
        What the parameters were calibrated through, where they were.
    beyond
        Weight w of tumor beyond the GTV, in [0, 1). The parameters are those of w = 0, and follow
        it by the calibration's factors, so that the anchors stay.
    refit, refit_alpha_beta
        Take parameters that fit the preset's anchors again under another law of cell kill, and
        alpha/beta as one of them.
    onset, onset_conventional
        How the hazard of failure grows; the curve holds where the growth is 1. The second is for
        uniform fields.
    reirradiation_hazard_ratio
        Multiplies the hazard in an arm with a prior course; that of ``reirradiation_control``
        unless given.
    reirradiation_control
        Net control after reirradiation from which that ratio is solved, with the model's own curve
        and growth, in the plans of ``calibration.reirradiated``, at the time stated there.
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
    calibrate: Literal["", "plans"] = ""
    calibrate_to: str = ""
    calibration: Calibration | None = None
    beyond: Real = 0.0
    dose: DoseMetric = field(default_factory=DoseMetric)
    onset: Onset = field(default_factory=lambda: PowerOnset(months=24.0))
    onset_conventional: Onset | None = None
    valid_eqd2: tuple[Real, Real] | None = None
    valid_eqd2_alpha_beta: Real | None = None
    most_fractions: Count | None = None
    reirradiation_hazard_ratio: Real | None = None
    reirradiation_control: Real | None = None
    estimates: Literal["net", "crude"] = "net"
    modifiers: tuple[HazardModifier, ...] = ()
    hazard_ratios: dict[str, Real] = field(default_factory=dict)
    references: dict[str, Real] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check(
            (*RATIO[: self.reirradiation_hazard_ratio is not None], *self.increasing),
            "Set refit = true to fit them to the preset's anchors again, or give",
            refused=not self.refit and not self.calibrate_to,
        )
        self._check_calibration()
        self._check_reirradiation()
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

    def _check_calibration(self) -> None:
        known, weight = self.calibration, self.beyond
        calibrated_for = known.beyond if known else 0.0
        require(0 <= weight < 1, f"beyond must be at least 0 and below 1, got {weight}")
        require(
            weight == 0 or self.dose.structure == "gtv",
            f"beyond: is the weight of what lies outside the GTV, and dose is the {self.dose}",
        )
        require(
            bool(self.calibrate) or weight == 0 or known is not None,
            "beyond: the curve is not calibrated for tumor beyond the GTV; take a preset that is, "
            'or set calibrate = "plans"',
        )
        require(
            bool(self.calibrate or not known or known.factors) or weight == calibrated_for,
            f"beyond: the curve was calibrated for a weight of {calibrated_for:g}, got {weight}",
        )
        require(
            not (self.calibrate and self.refit),
            "calibrate: takes the place of refit; leave one of them out",
        )
        require(
            bool(self.calibrate) or not self.calibrate_to,
            'calibrate_to: has no meaning without calibrate = "plans"',
        )

    def _check_reirradiation(self) -> None:
        control = self.reirradiation_control
        if control is None:
            return
        require(
            self.reirradiation_hazard_ratio is None,
            "reirradiation_hazard_ratio and reirradiation_control state one thing; leave one of "
            "them out",
        )
        require(0 < control < 1, f"reirradiation_control must be between 0 and 1, got {control}")
        plans = self.calibration.reirradiated if self.calibration else None
        require(
            plans is not None or bool(self.calibrate),
            "reirradiation_control: no plans of reirradiation are known in which a ratio could be "
            "solved for; take a calibrated preset that has them, or give "
            "reirradiation_hazard_ratio",
        )

    @cached_property
    def ratio_after_earlier(self) -> float:
        """What an earlier course multiplies the hazard by: as given, or as solved."""
        if self.reirradiation_hazard_ratio is not None:
            return float(self.reirradiation_hazard_ratio)
        plans = self.calibration.reirradiated if self.calibration else None
        if self.reirradiation_control is None or plans is None:
            return 1.0
        named = [
            f.name
            for f in fields(self)
            if f.type == Parameter and isinstance(getattr(self, f.name), str)
        ]
        require(
            not named,
            f"reirradiation_control: no ratio can be solved for while {', '.join(named)} is a "
            "variable of the cohort; give reirradiation_hazard_ratio",
        )
        readings = [
            Reading(total, total**2 / plans.fractions, None)
            for total in map(np.array, plans.doses[: len(self.reads)])
        ]
        growth = self.onset.growth(plans.months)
        hazard = self.hazard_of(readings, plans.fractions, NOBODY) * growth
        return ratio_of_control(hazard, float(self.reirradiation_control))

    @property
    def reads(self) -> tuple[DoseMetric, ...]:
        """Its ``dose``, and that of tumor beyond the GTV where this counts."""
        if self.beyond == 0:
            return (self.dose,)
        return (self.dose, DoseMetric(structure="ptv", metric="D90", course=self.dose.course))

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

    def net_probability(
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
        readings = [self._course(patients, dose, metric) for metric in self.reads]
        hazard = self.hazard_of(readings, dose.fractions, patients)
        for modifier in self.modifiers:
            hazard = hazard * modifier.factor(patients)
        onset = self.onset_conventional if dose.plan.is_conventional else None
        return HazardRisk(hazard=np.minimum(hazard, LARGEST), onset=onset or self.onset)

    def hazard_of(
        self, readings: Sequence[Reading], fractions: lq.Quantity, patients: Patients
    ) -> np.ndarray:
        """Hazard of failure where the growth is 1, of what was read in the order of ``reads``."""
        for course in readings:
            check_doses(course.total, course.weight)
        hazard, *beyond = (self._hazard(course, fractions, patients) for course in readings)
        for rest in beyond:
            hazard = (1.0 - self.beyond) * hazard + self.beyond * rest
        return hazard

    def _curve(self, patients: Patients) -> tuple[lq.Quantity, ...]:
        """Look the parameters of the curve up, as they are with tumor beyond the GTV."""
        values = super()._curve(patients)
        if self.beyond == 0 or self.calibration is None or not self.calibration.factors:
            return values
        weights, *columns = np.array(self.calibration.factors).T
        factors = (float(np.interp(self.beyond, weights, column)) for column in columns)
        return tuple(value * factor for value, factor in zip(values, factors, strict=True))

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
