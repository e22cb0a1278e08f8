"""What every model of a complication shares: the effect it reads, and when the event comes."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from radsim.dose.dose import Dose, Reading
from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.cell_kill import LQ, CellKill
from radsim.radiobiology.dvh import check_doses
from radsim.response.duration import Duration
from radsim.response.model import LARGEST, DoseResponse, Effect, equal_course
from radsim.response.onset import LognormalOnset, Onset
from radsim.response.risk import HazardRisk, LifetimeRisk, Risk
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Parameter, Real, Truth, beside_parts
from radsim.vocabulary.structures import structure_named


@dataclass(frozen=True, kw_only=True)
class ComplicationModel(DoseResponse):
    r"""Probability of a complication from a metric of an organ, or from its whole DVH.

    Attributes
    ----------
    label
        Name of an alternative in results, where the preset does not tell models apart.
    effect
        What the model's doses are: ``eqd2``, ``bed``, ``equivalent``, the dose in
        ``reference_fractions`` fractions that has the same BED, or ``physical``, which no
        fractionation enters, so that two courses cannot be added up. So is the dose of V20Gy,
        worked out in every part of the organ; parameters of a curve over it are in its units, 1 or
        cm3.
    reference_fractions
        Fractions that the model's doses are stated in; of ``physical`` ones any other number is
        refused.
    dose
        Which dose enters, a metric or ``DVH``. After a prior course what has not recovered of the
        organ's own dose is added to every part of the organ.
    fitted_on, accept_other_structure
        Structure that the parameters were stated for; another one is refused unless
        ``accept_other_structure`` is set.
    highest_fraction_dose
        Planned prescription a fraction above which an arm is refused [Gy]; for models of
        conventional radiotherapy.
    fewest_fractions
        Fractions from which the parameters were stated; an arm with fewer lies outside, and the
        results say so.
    onset
        Time to the event of those who get it, or growth of the hazard.
    duration
        How long it lasts, where it is a state that ends again; for good unless given.
    """

    takes: ClassVar[str] = "a metric"
    reads_dvh: ClassVar[bool] = False
    reads_parts: ClassVar[bool] = True

    label: str = ""
    preset: str = ""
    effect: Effect = "eqd2"
    reference_fractions: Real | None = None
    alpha_beta: Parameter | None = None
    cell_kill: CellKill = field(default_factory=LQ)
    fitted_under: str = ""
    dose: DoseMetric
    fitted_on: str = ""
    accept_other_structure: Truth = False
    highest_fraction_dose: Real | None = None
    valid_eqd2: tuple[Real, Real] | None = None
    valid_eqd2_alpha_beta: Real | None = None
    most_fractions: Count | None = None
    fewest_fractions: Count | None = None
    onset: Onset
    duration: Duration | None = None

    def __post_init__(self) -> None:
        self._check(self.increasing, "Give")
        if self.effect == "physical":
            for name in ("alpha_beta", "valid_eqd2_alpha_beta"):
                without = getattr(self, name) is None
                require(without, f"{name} has no meaning with effect = 'physical'")
            require(self.cell_kill.kind == "lq", "cell_kill has no meaning with physical doses")
        else:
            require(
                self.alpha_beta is not None, f"alpha_beta is needed for effect = {self.effect!r}"
            )
        self._check_reference()
        structure = self.dose.structure
        require(
            not self.fitted_on or self.accept_other_structure or structure == self.fitted_on,
            f"dose.structure: these figures were stated for the {self.fitted_on}, got {structure}; "
            "set accept_other_structure = true to use it all the same",
        )
        require(
            (structure, self.dose.course) != ("cord_prv", "delivered"),
            "dose: a delivered cord PRV is not an organ; take the delivered spinal_cord",
        )
        wanted = (
            f"the whole DVH, got {self.dose.metric!r}" if self.reads_dvh else "a metric, not a DVH"
        )
        require(self.dose.is_dvh == self.reads_dvh, f"dose.metric: this model takes {wanted}")

    def _check_reference(self) -> None:
        number = self.reference_fractions
        require(number is None or number > 0, f"reference_fractions must be above 0, got {number}")
        require(
            (number is None) != (self.effect == "equivalent") or self.effect == "physical",
            "reference_fractions: effect = 'equivalent' needs it, 'physical' may have it, "
            f"'eqd2' and 'bed' have none; got {number} with {self.effect!r}",
        )

    @property
    def reference_values(self) -> dict[str, float]:
        ratios, references = self._covariates
        return {name: references.get(name, 0.0) for name in ratios}

    @property
    def _covariates(self) -> tuple[dict[str, float], dict[str, float]]:
        """Ratio for each unit of a variable, and the value at which it is 1."""
        return {}, {}

    @property
    def required_variables(self) -> frozenset[str]:
        """Cohort variables that the model reads, besides those that stand for parameters.

        Those that say who has the structure are among them.
        """
        return frozenset(self.reference_values) | structure_named(self.dose.structure).variables

    def net_probability(
        self,
        dose: lq.Quantity,
        *,
        fractions: lq.Quantity,
        weight: np.ndarray | None = None,
        patients: Patients = NOBODY,
        residual_bed: lq.Quantity = 0.0,
    ) -> np.ndarray:
        """Net probability of who ever gets it, or where the growth is 1 if a hazard grows.

        Parameters are those of `radsim.response.model.DoseResponse.probability`, and
        ``residual_bed``, what earlier courses left [Gy].

        Examples
        --------
        >>> from radsim.ntcp import load_ntcp
        >>> table = load_ntcp("sbrt-cord-case-control")
        >>> round(float(table.probability(12.4, fractions=1)), 3)
        0.05
        """
        course, number = equal_course(dose, fractions, weight)
        if self.refuses(fractions):
            raise ValueError(
                f"fractions: these figures are of the physical {self.effect_name}, got "
                f"{fractions}; effect = 'equivalent' with an alpha_beta reads others"
            )
        alpha_beta = self._value("alpha_beta", patients)
        effect = self._effect(course, number, alpha_beta, residual_bed)
        if self._part is not None:
            effect, weight = self._above(effect, weight), None
        return self.probability_at_effect(effect, patients, weight)

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> np.ndarray:
        wanted = "the whole DVH, with weight" if self.reads_dvh else "a metric, without weight"
        require((weight is not None) == self.reads_dvh, f"this model takes {wanted}")
        check_doses(effect, weight)
        effect = np.asarray(effect, dtype=float)
        if effect.max(initial=0.0) > LARGEST:  # a number in the place of infinity
            effect = np.minimum(effect, LARGEST)
        with np.errstate(over="ignore"):
            return self._probability(effect, weight, patients)

    def _probability(self, dose: np.ndarray, weight: Any, patients: Patients) -> np.ndarray:
        """Probability at what ``effect`` names [Gy]; the parts of a DVH are the last axis."""
        raise NotImplementedError

    def risk(self, patients: Patients, dose: Dose) -> Risk:
        """Risk of each patient, 0 of who does not have the structure that is read."""
        course, present = self._course(patients, dose, self.reads[0]), self._with_organ(patients)
        alpha_beta = self._value("alpha_beta", patients)
        effect = self._effect(course, dose.fractions, alpha_beta, self._residual(dose, alpha_beta))
        effect, weight = self._filled(effect, course.weight, present, self._volume(dose))
        p = np.where(present, self.probability_at_effect(effect, patients, weight), 0.0)
        if isinstance(self.onset, LognormalOnset) and self.onset.reference is None:
            return LifetimeRisk(lifetime=p, onset=self.onset)
        with np.errstate(divide="ignore"):
            return HazardRisk(hazard=np.minimum(-np.log1p(-p), LARGEST), onset=self.onset)

    @property
    def _over(self) -> Effect:
        return self.effect

    @property
    def effect_name(self) -> str:
        if (number := self.reference_fractions) is not None:
            return f"dose in {number:g} fraction{'s' * (number != 1)}"
        return {"eqd2": "EQD2", "bed": "BED"}.get(self.effect, "dose")

    def refuses(self, fractions: lq.Quantity) -> bool:
        """Say whether physical doses in so many fractions mean nothing to the model."""
        stated = self.reference_fractions if self.effect == "physical" else None
        return stated is not None and bool(np.any(np.asarray(fractions) != stated))

    def _effect(
        self,
        course: Reading,
        fractions: lq.Quantity,
        alpha_beta: lq.Quantity,
        residual_bed: lq.Quantity = 0.0,
    ) -> lq.Quantity:
        if self.effect != "equivalent":
            return super()._effect(course, fractions, alpha_beta, residual_bed)
        assert self.reference_fractions is not None  # else it was refused
        bed = self._bed(course, fractions, alpha_beta, residual_bed)
        ratio = alpha_beta if course.weight is None else beside_parts(alpha_beta)
        return self.cell_kill.equivalent_dose(bed, self.reference_fractions, ratio)

    def _residual(self, dose: Dose, alpha_beta: lq.Quantity) -> lq.Quantity:
        if self.effect == "physical":
            return 0.0
        return dose.residual_prior_bed(self.dose.structure_in(dose.plan), alpha_beta)
