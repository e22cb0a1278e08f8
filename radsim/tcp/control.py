"""What every model of tumor control shares: which dose it reads, and what multiplies its hazard."""

from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal, Self

import numpy as np

from radsim.dose.dose import Dose
from radsim.dose.metrics import DoseMetric
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.cell_kill import LQ, CellKill
from radsim.radiobiology.dvh import check_doses
from radsim.response.covariates import check_ratios, log_ratio
from radsim.response.modifiers import HazardModifier
from radsim.response.onset import Onset, PowerOnset
from radsim.response.risk import HazardRisk
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Parameter, Real, beside_parts, check_numbers
from radsim.vocabulary.structures import ORGANS

LARGEST = 1e150  # stands in for infinite doses and hazards; 0 times it is 0, its square a number


@dataclass(frozen=True, kw_only=True)
class ControlModel:
    r"""Hazard of local failure, :math:`-\ln TCP`, as a function of BED.

    A model states the hazard of a volume that has one BED throughout (`hazard`). Of a metric
    that is all. Of a whole DVH the parts of the volume are independent, so their hazards add up:

    .. math:: -\ln TCP = \sum_j v_j\, h(BED_j)

    A parameter is a number, or the name of a variable of the patients, or in Python an array of
    draws of shape (draw, 1). Results have shape (patient,), and (draw, patient) with draws, of a
    metric as of a DVH. Covariates of a patient multiply the hazard, whichever the model,

    .. math:: TCP = TCP_0^{\,\prod_k HR_k^{z_k - z_{k,ref}}}

    Attributes
    ----------
    alpha_beta
        For the BED [Gy].
    cell_kill
        The law by which doses make a BED.
    fitted_under, refit, refit_alpha_beta
        Law that the parameters were fitted under; one that changes high doses is refused unless
        ``refit`` asks for parameters that fit the preset's anchors again, and
        ``refit_alpha_beta`` for alpha/beta as one of them.
    dose
        Which dose enters, a metric or ``DVH``.
    onset, onset_conventional
        How the hazard of failure grows; the curve holds where the growth is 1. The second is for
        uniform fields.
    valid_eqd2
        Range of EQD2 that the parameters were fitted on [Gy].
    valid_eqd2_alpha_beta
        Alpha/beta that the range was stated for [Gy]; ``alpha_beta`` unless given. A dose is held
        against the range at this alpha/beta, so that another ``alpha_beta`` moves no patient out.
    most_fractions
        Fractions up to which the parameters were fitted, of conformal courses; an arm with more,
        or with a conventional field, lies outside, and the results say so.
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

    equation: ClassVar[str]
    takes: ClassVar[str] = "a metric (default) or the whole DVH, as BED"
    shape: ClassVar[tuple[str, ...]]  # parameters of the curve, which a fit estimates
    increasing: ClassVar[tuple[str, ...]] = ()  # parameters that must be above 0

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
        check_numbers(self, ("alpha_beta", "reirradiation_hazard_ratio", *self.increasing))
        stated = self.valid_eqd2_alpha_beta
        require(
            stated is None or stated > 0, f"valid_eqd2_alpha_beta must be above 0, got {stated}"
        )
        require(
            self.refit or not self.refit_alpha_beta,
            "refit_alpha_beta: has no meaning without refit = true",
        )
        require(
            self.dose.structure not in ORGANS,
            f"dose.structure must be prescribed, gtv or ptv, got {self.dose.structure!r}",
        )
        law = self.cell_kill
        require(
            not (self.fitted_under and law.changes_high_doses and law.kind != self.fitted_under)
            or self.refit,
            f"cell_kill: the parameters of {self.preset or 'this model'} were fitted under "
            f"{self.fitted_under}, and already hold how the fitted data behave at high doses; "
            f"{law.kind} would change the effect of the very schedules they were "
            "fitted on. Set refit = true to fit them to the preset's anchors again, or give "
            f"parameters that were fitted under {law.kind}",
        )
        check_ratios(self.hazard_ratios, self.references, "hazard_ratios")
        names = [one.preset for one in self.modifiers if one.preset]
        for one in self.modifiers:
            both = [name for name in one.excludes if name in names]
            require(
                not both,
                f"modifiers: {one.preset} and {', '.join(both)} describe the same patients; "
                "take one or the other",
            )

    @property
    def required_variables(self) -> frozenset[str]:
        """Cohort variables that the modifiers and the covariates read."""
        grouped = frozenset(name for one in self.modifiers for name in one.variables)
        return grouped | frozenset(self.hazard_ratios)

    def hazard(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        raise NotImplementedError

    def distribution_hazard(
        self, bed: np.ndarray, weight: np.ndarray, patients: Patients, fractions: lq.Quantity
    ) -> np.ndarray:
        """Hazard of failure of a DVH; BED has the volume on its last axis, weights add up to 1."""
        hazard = np.minimum(self.hazard(bed, patients, fractions), LARGEST)
        return (hazard * weight).sum(axis=-1)

    def failure_hazard(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        patients: Patients | None = None,
        *,
        fractions: lq.Quantity | None = None,
        weight: np.ndarray | None = None,
    ) -> lq.Quantity:
        """Cumulative hazard of failure when the growth is 1, from the sums of a course.

        Parameters
        ----------
        dose, dose_squared
            Fraction doses and their squares, each summed over fractions [Gy, Gy2].
        patients
            With the variables that parameters and covariates name; without them of a patient in
            whom every ratio is 1.
        fractions
            As many as equal fractions with these sums unless given; broadcasts with the doses.
        weight
            Share of each part of the volume, which is the last axis of the doses, for a DVH,
            shape (part,) or (patient, part).

        Returns
        -------
        array
            Shape (patient,), or (draw, patient) if a parameter is an array of draws.

        Raises
        ------
        ValueError
            If a dose is negative or not a number, the weights do not add up to 1, or the
            patients lack a variable that a parameter names.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> hytec = load_tcp("hytec-spine-2021")
        >>> hazard = hytec.failure_hazard(*lq.equal_fractions(24.0, 2))
        >>> round(float(np.exp(-hazard)), 4)
        0.8103
        """
        patients = NOBODY if patients is None else patients
        check_doses(dose, weight)
        one = self if weight is None else self._beside_parts(patients)
        number = lq.equal_fractions_behind(dose, dose_squared) if fractions is None else fractions
        alpha_beta = one._value("alpha_beta", patients)
        with np.errstate(over="ignore"):
            bed = np.minimum(self.cell_kill.bed(dose, dose_squared, alpha_beta, number), LARGEST)
        if weight is None:
            hazard = self.hazard(bed, patients, number)
        else:
            hazard = one.distribution_hazard(bed, weight, patients, number)
        if self.hazard_ratios:
            covariates = log_ratio(self.hazard_ratios, self.references, patients)
            hazard = np.minimum(hazard, LARGEST) * np.exp(covariates)
        return np.minimum(hazard, LARGEST)

    def risk(self, patients: Patients, dose: Dose) -> HazardRisk:
        """Risk of local failure of each patient, without any effect of a prior course."""
        total, squared, weight = dose.read(self.dose)
        hazard = self.failure_hazard(
            total, squared, patients, fractions=dose.fractions, weight=weight
        )
        for one in self.modifiers:
            hazard = hazard * one.factor(patients)
        conventional = isinstance(dose.plan, ExternalBeam) and dose.plan.field == "uniform"
        onset = self.onset_conventional if conventional else None
        return HazardRisk(hazard=np.minimum(hazard, LARGEST), onset=onset or self.onset)

    def eqd2(self, patients: Patients, dose: Dose) -> np.ndarray:
        """EQD2 that the model reads for each patient [Gy], shape (patient,); of a DVH its mean."""
        total, squared, weight = dose.read(self.dose)
        alpha_beta = self._value("alpha_beta", patients)
        if weight is not None:
            alpha_beta = beside_parts(alpha_beta)
        bed = self.cell_kill.bed(total, squared, alpha_beta, dose.fractions)
        eqd2 = self.cell_kill.eqd2(bed, alpha_beta)
        return eqd2 if weight is None else (eqd2 * weight).sum(axis=-1)

    def curve(self, eqd2: lq.Quantity, patients: Patients = NOBODY) -> np.ndarray:
        """Control where the growth is 1, of a volume that has this EQD2 [Gy] throughout.

        A model in which time counts has all of it given at once.

        Raises
        ------
        ValueError
            If the dose is negative or not a number.

        Examples
        --------
        >>> from radsim.tcp import load_tcp
        >>> round(float(load_tcp("hytec-spine-2021").curve(54.0)), 4)
        0.8103
        """
        check_doses(eqd2)
        eqd2 = np.minimum(np.asarray(eqd2, dtype=float), LARGEST)
        alpha_beta = self._value("alpha_beta", patients)
        with np.errstate(over="ignore"):
            bed = np.minimum(eqd2 / self.cell_kill.eqd2(1.0, alpha_beta), LARGEST)
        if self.dose.is_dvh:
            one = self._beside_parts(patients)
            hazard = one.distribution_hazard(bed[..., None], np.ones(1), patients, 1)
        else:
            hazard = self.hazard(bed, patients, 1)
        return np.exp(-np.minimum(hazard, LARGEST))

    def _value(self, name: str, patients: Patients) -> lq.Quantity:
        """Look a parameter up."""
        return patients.value_of(getattr(self, name))

    def _beside_parts(self, patients: Patients) -> Self:
        """The same model with its parameters looked up, as they stand beside a DVH."""
        looked_up = {
            one.name: self._value(one.name, patients)
            for one in fields(self)
            if one.type == Parameter
        }
        changed = {n: beside_parts(value) for n, value in looked_up.items() if np.ndim(value)}
        return replace(self, **changed) if changed else self
