"""Experiments: the TOML file that a person writes, checked once and then never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, field_validator

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.plans.plan import Plan
from radsim.experiment.designs.study import Study, read_study
from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.grouping import Report
from radsim.experiment.outcomes import Complication, Control
from radsim.experiment.series import Series
from radsim.experiment.short_form import shorten_experiment, without_blanks
from radsim.patients.cohort import Cohort
from radsim.patients.eligibility import EligibilityRule
from radsim.response.survival import Survival
from radsim.trial.section import TrialSection
from radsim.vocabulary.arguments import positive, probability
from radsim.vocabulary.mistakes import Mistake, require
from radsim.vocabulary.numbers import Count, Real

HIGHEST_SEED = 2**63 - 1  # what a file of results can hold
MOST_PATIENTS = 10**10
FEWEST_PATIENTS = 32_768  # that a run to a precision starts with
LATEST = 1200.0  # months; nobody is followed up for longer


class ExperimentError(Mistake):
    """What is wrong with an experiment; ``mistakes`` has a line for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, kw_only=True)
class PainResponse:
    """Pain response that an arm states: a published figure, not a prediction."""

    probability: Real
    months: Real = 3.0
    definition: str
    source: str

    def __post_init__(self) -> None:
        probability("probability", self.probability)
        positive("months", self.months)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One strategy: its plan, and what it states for itself.

    Attributes
    ----------
    label
        For readers; its name in the file unless given.
    cohort
        Whom it treats, where these are other people than those of the experiment.
    survival
        Of the people it treats, or to reproduce a trial; the experiment's unless given.
    """

    plan: Plan
    label: str = ""
    cohort: Cohort | None = None
    survival: Survival | None = None
    pain_response: PainResponse | None = None

    @property
    def has_prior(self) -> bool:
        """Say whether the arm treats patients who had an earlier course."""
        return bool(self.plan.earlier)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the arms are compared with, and by what they are compared as a whole.

    Attributes
    ----------
    reference
        The arm that the others are compared with; the first one unless given.
    free_of
        Complications that control without complication is free of; those that radsim means by it
        unless given.
    """

    reference: str = ""
    free_of: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How exact a run is to be, instead of how many patients it has.

    Attributes
    ----------
    standard_error
        The run goes on until the largest Monte Carlo standard error is not above this.
    estimates
        Whose errors count, such as ``local_control_net`` or ``vcf_net_difference``; the estimates
        of each arm and their differences unless given.
    """

    standard_error: Real
    estimates: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require(self.estimates != (), "estimates must name one; leave it out for those of each arm")
        error = self.standard_error
        require(0 < error < 1, f"standard_error must lie between 0 and 1, got {error}")


class Experiment(BaseModel):
    """Everything that decides the result, and nothing that decides the speed or the place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"\S")]
    question: str = ""
    expect: str = ""
    confirmed: tuple[str, ...] = ()  # keys whose numbers were questioned and are meant
    seed: Count
    patients: Count
    months: tuple[Real, ...] = (3.0, 6.0, 12.0, 24.0)
    cohort: Cohort
    eligibility: dict[str, EligibilityRule] = {}
    dose: DoseModel
    arms: dict[str, Arm]
    tcp: Control | None = None
    ntcp: dict[str, Complication] = {}
    survival: Survival | None = None
    compare: Comparison = Comparison()
    trial: TrialSection | None = None
    report: Report = Report()
    predictive: Series | None = None
    precision: Precision | None = None
    uniforms: Literal["plain", "antithetic", "sobol"] = "plain"
    sweep: dict[str, Any] = {}
    uncertainty: dict[str, Any] = {}
    sensitivity: dict[str, Any] = {}
    written: dict[str, Any] = {}  # the file's own tables, which the variants of a design change

    @field_validator("seed")
    @classmethod
    def _seed_fits(cls, seed: int) -> int:
        require(seed >= 0, f"must not be negative, got {seed}")
        require(seed <= HIGHEST_SEED, f"must be at most {HIGHEST_SEED}")
        return seed

    @field_validator("patients")
    @classmethod
    def _some_patients(cls, patients: int) -> int:
        require(patients > 0, f"must be above 0, got {patients}")
        require(patients <= MOST_PATIENTS, f"must be at most {MOST_PATIENTS:,}")
        return patients

    @field_validator("months")
    @classmethod
    def _months_increase(cls, months: tuple[float, ...]) -> tuple[float, ...]:
        require(len(months) > 0, "must name at least one time")
        require(months[0] > 0, f"must be above 0, got {months[0]}")
        require(months[-1] <= LATEST, f"must be at most {LATEST:g}, got {months[-1]}")
        for earlier, later in pairwise(months):
            require(earlier < later, f"must increase, got {earlier} before {later}")
        return months

    @field_validator("arms")
    @classmethod
    def _some_arms(cls, arms: dict[str, Arm]) -> dict[str, Arm]:
        require(len(arms) > 0, "must hold at least one arm")
        return arms

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return self.compare.reference or next(iter(self.arms))

    def treats_others(self, arm: str) -> bool:
        """Say whether an arm treats other people than the reference does.

        They are other people if the arm has a cohort of its own, or an earlier course where the
        reference has none. Nothing is compared patient by patient between the two.
        """
        theirs, others = self.arms[arm], self.arms[self.reference]
        same_cohort = (theirs.cohort or self.cohort) == (others.cohort or self.cohort)
        return not same_cohort or theirs.has_prior != others.has_prior

    @property
    def compared(self) -> list[str]:
        """Arms that are compared with the reference, because they treat the same people."""
        return [arm for arm in self.arms if arm != self.reference and not self.treats_others(arm)]

    def called(self, arm: str) -> str:
        """Name an arm for readers: by its label, or else as the file does."""
        return self.arms[arm].label or arm

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> "Experiment":
        """Copy the fields alone: what was worked out from the old ones is worked out anew."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        plain = type(self).model_construct(**fields)
        return super(Experiment, plain).model_copy(update=update, deep=deep)

    @property
    def has_design(self) -> bool:
        """Say whether variants of it are to be run."""
        return bool(self.sweep or self.uncertainty or self.sensitivity)

    @property
    def drawn_patients(self) -> int | None:
        """Patients on which uncertain parameters are drawn, the first ones, where not on all."""
        patients = self.uncertainty.get("patients")
        return None if patients is None else min(patients, self.patients)

    @cached_property
    def known(self) -> dict[str, Any]:
        """Tables of the experiment as a file has them, every preset and every key spelled out."""
        return shorten_experiment(self.model_dump(mode="json", exclude={"written"}))

    @cached_property
    def study(self) -> Study:
        """The design: every variant, in its order."""
        sections = {name: getattr(self, name) or None for name in DESIGN_SECTIONS}
        return read_study(sections, self.known, self.seed)[0]

    def to_toml(self) -> str:
        """Write the experiment as a file that runs again as it is.

        Presets are spelled out; not in a design, whose variants may change them.
        """
        if self.written:
            run = {"seed": self.seed, "patients": self.patients}
            return tomli_w.dumps({**self.written, **run})
        unused = {name for name in DESIGN_SECTIONS if not getattr(self, name)}
        settings = self.model_dump(mode="json", exclude_none=True, exclude={"written", *unused})
        return tomli_w.dumps(without_blanks(shorten_experiment(settings)))


def rows_taken(experiment: Experiment, arm: str = "") -> int:
    """Rows of the table whose patients an arm, or any, takes as they are; 0 where all are drawn."""
    tables = [cohort_of(experiment, name)[0].table for name in ([arm] if arm else experiment.arms)]
    return max((len(table) for table in tables if table and table.is_taken), default=0)


def cohort_of(experiment: Experiment, arm: str) -> tuple[Cohort, Mapping[str, EligibilityRule]]:
    """Give the cohort that an arm treats, and the rules that say who of it is treated."""
    require(arm in experiment.arms, f"no arm {arm!r}")
    return experiment.arms[arm].cohort or experiment.cohort, experiment.eligibility
