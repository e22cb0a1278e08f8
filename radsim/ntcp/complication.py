"""What every model of a complication shares: the dose it reads, and when the event comes."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from radsim.dose.dose import Dose
from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.cell_kill import LQ, CellKill
from radsim.radiobiology.dvh import check_doses
from radsim.response.model import LARGEST, Effect, check_law, check_structure
from radsim.response.onset import LognormalOnset, Onset
from radsim.response.risk import HazardRisk, LifetimeRisk, Risk
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Parameter, Real, beside_parts, check_numbers
from radsim.vocabulary.structures import STANDS_FOR


@dataclass(frozen=True, kw_only=True)
class ComplicationModel:
    r"""Probability of a complication from a metric of an organ, or from its whole DVH.

    Attributes
    ----------
    effect
        What the model's doses are: ``eqd2``, ``bed``, or ``physical``, which no fractionation
        enters, so that two courses cannot be added up.
    alpha_beta
        For EQD2 and BED [Gy].
    cell_kill
        The law by which doses make a BED.
    fitted_under
        Law that the parameters were fitted under; another one that changes high doses is refused.
    dose
        Which dose enters, a metric or ``DVH``. After a prior course what has not recovered of the
        organ's own dose is added to every part of the organ.
    fitted_on, accept_other_structure
        Structure that the parameters were stated for; another one is refused unless
        ``accept_other_structure`` is set.
    highest_fraction_dose
        Planned prescription a fraction above which an arm is refused [Gy]; for models of
        conventional radiotherapy.
    valid_eqd2
        Range of what is read that the parameters were fitted on [Gy].
    valid_eqd2_alpha_beta
        Alpha/beta that the range was stated for [Gy]; ``alpha_beta`` unless given. A dose is held
        against the range at this alpha/beta, so that another ``alpha_beta`` moves no patient out.
    most_fractions
        Fractions up to which the parameters were fitted, of conformal courses; an arm with more,
        or with a conventional field, lies outside, and the results say so.
    onset
        Time to the event of those who get it, or growth of the hazard.
    """

    equation: ClassVar[str]
    takes: ClassVar[str] = "a metric"
    reads_dvh: ClassVar[bool] = False
    shape: ClassVar[tuple[str, ...]]  # parameters of the curve, which a fit estimates
    increasing: ClassVar[tuple[str, ...]] = ()  # parameters that must be above 0

    preset: str = ""
    effect: Effect = "eqd2"
    alpha_beta: Parameter | None = None
    cell_kill: CellKill = field(default_factory=LQ)
    fitted_under: str = ""
    dose: DoseMetric
    fitted_on: str = ""
    accept_other_structure: bool = False
    highest_fraction_dose: Real | None = None
    valid_eqd2: tuple[Real, Real] | None = None
    valid_eqd2_alpha_beta: Real | None = None
    most_fractions: Count | None = None
    onset: Onset

    def __post_init__(self) -> None:
        check_numbers(self, ("alpha_beta", *self.increasing))
        ratio, stated = self.alpha_beta, self.valid_eqd2_alpha_beta
        require(
            stated is None or stated > 0, f"valid_eqd2_alpha_beta must be above 0, got {stated}"
        )
        if self.effect == "physical":
            require(ratio is None, "alpha_beta has no meaning with effect = 'physical'")
            require(stated is None, "valid_eqd2_alpha_beta has no meaning with effect = 'physical'")
            require(self.cell_kill.kind == "lq", "cell_kill has no meaning with physical doses")
        else:
            require(ratio is not None, f"alpha_beta is needed for effect = {self.effect!r}")
        check_structure(self.dose, self.fitted_on, self.accept_other_structure)
        check_law(self.cell_kill, self.fitted_under, self.preset)
        if self.reads_dvh:
            require(
                self.dose.is_dvh,
                f"dose.metric: this model takes the whole DVH, got {self.dose.metric!r}",
            )
        else:
            require(not self.dose.is_dvh, "dose.metric: this model takes a metric, not a DVH")

    @property
    def reference_values(self) -> dict[str, float]:
        """Covariates of the model, with the value at which each changes nothing."""
        return {}

    @property
    def required_variables(self) -> frozenset[str]:
        """Cohort variables that the model reads, besides those that stand for parameters."""
        return frozenset(self.reference_values)

    def response(
        self, dose: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at a dose in the model's own units [Gy].

        Parameters
        ----------
        dose
            Shape (patient,) for a metric. For a DVH its parts are the last axis: shape
            (patient, part), or (part,) for dose bins that all patients share [Gy].
        patients
            With the variables that parameters and covariates name.
        weight
            Share of the volume of each part of a DVH, shape (part,) or (patient, part).

        Returns
        -------
        array
            Shape (patient,), or (draw, patient) if a parameter is an array of draws, which has
            shape (draw, 1).

        Raises
        ------
        ValueError
            If a dose is negative or not a number, the weights do not add up to 1, or the
            patients lack a variable.
        """
        raise NotImplementedError

    def curve(self, dose: lq.Quantity, patients: Patients = NOBODY) -> np.ndarray:
        """Probability if the whole organ gets a dose in the model's own units [Gy].

        A covariate that the patients lack stands at its reference.

        Raises
        ------
        ValueError
            If the dose is negative or not a number.
        """
        dose = np.asarray(dose, dtype=float)
        lacking = {n: v for n, v in self.reference_values.items() if n not in patients}
        patients = patients.with_columns(lacking)
        if self.reads_dvh:
            return self.response(dose[..., None], patients, np.ones(1))
        return self.response(dose, patients)

    def risk(self, patients: Patients, dose: Dose) -> Risk:
        """Risk of each patient."""
        read, weight = self._read(patients, dose)
        present = self._with_organ(patients)
        # a patient without the organ has no dose; zero stands for it and is not used
        filled = np.where(present if weight is None else present[:, None], read, 0.0)
        p = np.where(present, self.response(filled, patients, weight), 0.0)
        if isinstance(self.onset, LognormalOnset) and self.onset.reference is None:
            return LifetimeRisk(lifetime=p, onset=self.onset)
        with np.errstate(divide="ignore"):
            return HazardRisk(hazard=np.minimum(-np.log1p(-p), LARGEST), onset=self.onset)

    def eqd2(self, patients: Patients, dose: Dose) -> np.ndarray:
        """Dose that the model reads, in its own units [Gy], shape (patient,); of a DVH its mean."""
        read, weight = self._read(patients, dose)
        mean = read if weight is None else (read * weight).sum(axis=-1)
        return np.where(self._with_organ(patients), mean, np.nan)

    def _with_organ(self, patients: Patients) -> np.ndarray:
        """Say who has the organ that is harmed; nobody else is at risk."""
        structure = self.dose.structure
        return patients.with_structure(STANDS_FOR.get(structure, structure))

    def _read(self, patients: Patients, dose: Dose) -> tuple[np.ndarray, np.ndarray | None]:
        total, squared, weight = dose.read(self.dose)
        if self.effect == "physical":
            return total, weight
        assert self.alpha_beta is not None
        alpha_beta = patients.value_of(self.alpha_beta)
        residual = dose.residual_prior_bed(alpha_beta)
        if weight is not None:
            alpha_beta, residual = beside_parts(alpha_beta), beside_parts(residual)
        bed = self.cell_kill.bed(total, squared, alpha_beta, dose.fractions) + residual
        return (bed if self.effect == "bed" else self.cell_kill.eqd2(bed, alpha_beta)), weight

    def _checked(self, dose: lq.Quantity, weight: np.ndarray | None) -> np.ndarray:
        """Check what a response is asked for, and put a number in the place of infinity."""
        wanted = "the whole DVH, with weight" if self.reads_dvh else "a metric, without weight"
        require((weight is not None) == self.reads_dvh, f"this model takes {wanted}")
        check_doses(dose, weight)
        dose = np.asarray(dose, dtype=float)
        return dose if dose.max(initial=0.0) <= LARGEST else np.minimum(dose, LARGEST)

    def _value(self, name: str, patients: Patients) -> lq.Quantity:
        """Look a parameter up, which stands beside one dose a patient."""
        return patients.value_of(getattr(self, name))

    def _value_beside_parts(self, name: str, patients: Patients) -> lq.Quantity:
        """Look a parameter up, which stands beside a DVH."""
        return beside_parts(self._value(name, patients))
