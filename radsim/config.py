"""Experiments: the TOML file that a person writes, checked once and then never changed."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from radsim.arm_dose import DoseMetric
from radsim.cohort import Cohort
from radsim.distributions import Categorical, require
from radsim.dose import available, required_variables
from radsim.dose_model import DoseModel
from radsim.expand import expand_experiment, shorten_experiment
from radsim.mistakes import Mistake, mistakes_of
from radsim.ntcp.cord import LogisticCordNTCP
from radsim.ntcp.vertebra import VertebralFracture
from radsim.plan import Plan
from radsim.presets import preset_names
from radsim.recalibration import recalibrate
from radsim.schema import Count, Parameter, Real, is_own_name, nearest
from radsim.survival import WeibullSurvival
from radsim.tcp import TCPModel

HIGHEST_SEED = 2**63 - 1  # what a file of results can hold
MOST_PATIENTS = 10**10
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
        require(
            0 <= self.probability <= 1,
            f"probability must lie between 0 and 1, got {self.probability}",
        )
        require(self.months > 0, f"months must be above 0, got {self.months}")


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One strategy: its plan, and what it states for itself.

    Attributes
    ----------
    survival
        Only to reproduce a trial: survival of this arm's patients instead of the cohort's.
    """

    plan: Plan
    survival: WeibullSurvival | None = None
    pain_response: PainResponse | None = None

    @property
    def has_prior(self) -> bool:
        """Say whether the arm treats patients who had an earlier course."""
        return getattr(self.plan, "prior", None) is not None


class Complications(BaseModel):
    """The complication models of an experiment, by endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    myelopathy: LogisticCordNTCP | None = None
    myelopathy_alternatives: tuple[LogisticCordNTCP, ...] = ()
    vcf: VertebralFracture | None = None


class Comparison(BaseModel):
    """What the arms are compared with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = ""


class Experiment(BaseModel):
    """Everything that decides the result, and nothing that decides the speed or the place."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    question: str = ""
    expect: str = ""
    seed: Count
    patients: Count
    months: tuple[Real, ...] = (3.0, 6.0, 12.0, 24.0)
    cohort: Cohort
    dose: DoseModel
    arms: dict[str, Arm]
    tcp: TCPModel | None = None
    ntcp: Complications = Complications()
    survival: WeibullSurvival | None = None
    compare: Comparison = Comparison()

    @field_validator("seed")
    @classmethod
    def _seed_not_negative(cls, seed: int) -> int:
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
    def _arms_are_named(cls, arms: dict[str, Arm]) -> dict[str, Arm]:
        require(len(arms) > 0, "must hold at least one arm")
        return arms

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return self.compare.reference or next(iter(self.arms))

    @property
    def myelopathy_models(self) -> tuple[LogisticCordNTCP, ...]:
        """The cord models to report, the file's own first."""
        own = self.ntcp.myelopathy
        return () if own is None else (own, *self.ntcp.myelopathy_alternatives)

    def to_toml(self) -> str:
        """Write the experiment as a file that runs again as it is, presets spelled out."""
        settings = self.model_dump(mode="json", exclude_none=True)
        return tomli_w.dumps(_without_blanks(shorten_experiment(settings)))


def make_experiment(settings: dict[str, Any], folder: Path = Path()) -> Experiment:
    """Check the settings of an experiment, as an experiment file has them.

    Parameters
    ----------
    settings
        The tables of an experiment file.
    folder
        Where the files that it names are looked for.

    Raises
    ------
    ExperimentError
        With one line for each mistake, which names the key.
    """
    full, mistakes = expand_experiment(settings, folder)
    try:
        experiment = Experiment.model_validate(full)
    except ValidationError as error:
        found = mistakes_of(error, full, Experiment.model_json_schema())
        new = _new(found, mistakes.keys)
        raise ExperimentError([*mistakes, *new, *_unknown_reference(settings)]) from None
    mistakes.extend(_disagreements(experiment))
    if not any(key.startswith("cohort") for key in mistakes.keys):
        mistakes.extend(_missing_variables(experiment))
    if mistakes:
        raise ExperimentError(mistakes)
    return _recalibrated(experiment)


def _new(found: list[str], known: list[str]) -> list[str]:
    """Leave out what only follows from a section that could not be expanded."""

    def follows(line: str, key: str) -> bool:
        if line.startswith(f"{key}: "):
            return True
        return line.startswith((f"{key}.", f"{key}[")) and line.endswith(": is missing")

    return [line for line in found if not any(follows(line, key) for key in known)]


def _unknown_reference(settings: dict[str, Any]) -> Iterator[str]:
    compare, arms = settings.get("compare"), settings.get("arms")
    if isinstance(compare, dict) and isinstance(arms, dict) and arms:
        reference = compare.get("reference", "")
        if isinstance(reference, str) and reference and reference not in arms:
            yield f"compare.reference: no arm {reference!r}; {nearest(reference, arms)}"


def _recalibrated(experiment: Experiment) -> Experiment:
    vcf = experiment.ntcp.vcf
    if vcf is None or vcf.recalibrate is None:
        return experiment
    try:
        vcf = recalibrate(vcf, experiment.cohort)
    except ValueError as error:
        raise ExperimentError([f"ntcp.vcf.{error}"]) from None
    ntcp = experiment.ntcp.model_copy(update={"vcf": vcf})
    return experiment.model_copy(update={"ntcp": ntcp})


def load_experiment(path: str | Path) -> Experiment:
    """Read an experiment file.

    Raises
    ------
    ExperimentError
        If the file can't be read, is not TOML, or has mistakes; a line for each.
    """
    path = Path(path)
    try:
        settings = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ExperimentError([f"can't read {path}: {error.strerror or error}"]) from None
    except UnicodeDecodeError as error:
        raise ExperimentError([f"{path} is not text in UTF-8: {error.reason}"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError([f"{path} is not valid TOML: {error}"]) from None
    return make_experiment(settings, path.parent)


def _disagreements(experiment: Experiment) -> Iterator[str]:
    """Find what no section can see alone."""
    yield from _unknown_reference(
        {"compare": experiment.compare.model_dump(), "arms": experiment.arms}
    )
    if experiment.cohort.table is not None and experiment.cohort.table.rows == "as-is":
        rows = len(experiment.cohort.table)
        if experiment.patients > rows:
            yield (
                f"patients: {experiment.patients} wanted, but cohort.table is taken as it is "
                f"and has {rows} rows"
            )
    for name in sorted(experiment.cohort.names):
        if is_own_name(name):
            yield f"cohort.{name}: the name is taken by something that is computed; use another"
    if experiment.ntcp.myelopathy_alternatives and experiment.ntcp.myelopathy is None:
        yield "ntcp.myelopathy_alternatives: needs ntcp.myelopathy, which they are alternatives to"
    presets = [model.preset for model in experiment.myelopathy_models]
    for index, preset in enumerate(presets):
        if preset in presets[:index]:
            yield (
                f"ntcp.myelopathy_alternatives[{index - 1}]: {preset or 'a model without preset'} "
                "is reported already; each must have a preset of its own"
            )
    if "lesions" in experiment.cohort.names:
        yield "cohort.lesions: several lesions a patient are not supported; one is simulated"
    if not experiment.tcp and not experiment.myelopathy_models and not experiment.ntcp.vcf:
        yield "tcp: give a [tcp] or an [ntcp] section; without a model there is nothing to report"
    without = [name for name, arm in experiment.arms.items() if arm.survival is None]
    if experiment.survival is None and 0 < len(without) < len(experiment.arms):
        yield (
            "survival: an arm states its own, so the others need a [survival] section: "
            f"{', '.join(without)}"
        )
    yield from _missing_doses(experiment)


def _missing_variables(experiment: Experiment) -> Iterator[str]:
    known = experiment.cohort.names
    if not known:
        yield f"cohort: has no variables; give a preset: {', '.join(preset_names('cohort'))}"
        return
    needed: dict[str, str] = {}
    for name, arm in experiment.arms.items():
        for variable in required_variables(arm.plan):
            needed.setdefault(variable, f"arms.{name}")
        for variable in _named_parameters(arm.survival):
            needed.setdefault(variable, f"arms.{name}.survival")
    if experiment.ntcp.vcf is not None:
        for variable in VertebralFracture.required_variables:
            needed.setdefault(variable, "ntcp.vcf")
    for section, model in _models(experiment):
        for variable in _named_parameters(model):
            needed.setdefault(variable, section)
    labels = {
        name
        for name, v in experiment.cohort.variables.items()
        if isinstance(v.distribution, Categorical)
    }
    if experiment.cohort.table is not None:
        columns = experiment.cohort.table.columns
        labels |= {name for name, values in columns.items() if isinstance(values[0], str)}
    for section, model in [*_models(experiment), *_arm_survivals(experiment)]:
        for variable in _named_parameters(model):
            if variable in labels:
                yield f"{section}: {variable!r} holds labels; a parameter needs numbers"
    for name, arm in experiment.arms.items():
        interval = getattr(getattr(arm.plan, "prior", None), "interval", None)
        if interval in labels:
            yield f"arms.{name}.prior.interval: {interval!r} holds labels; it needs months"
    for variable, section in sorted(needed.items()):
        if variable not in known:
            meant = nearest(variable, sorted(known))
            yield f"{section}: needs the cohort variable {variable!r}; {meant}"


def _arm_survivals(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    for name, arm in experiment.arms.items():
        if arm.survival is not None:
            yield f"arms.{name}.survival", arm.survival


def _named_parameters(model: object) -> list[str]:
    """Names of cohort variables that stand in a model's parameters."""
    annotations = getattr(type(model), "__annotations__", {})
    return [
        value
        for name, kind in annotations.items()
        if kind == Parameter and isinstance(value := getattr(model, name), str)
    ]


def _models(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    if experiment.tcp is not None:
        yield "tcp", experiment.tcp
    for index, model in enumerate(experiment.myelopathy_models):
        yield f"ntcp.myelopathy_alternatives[{index - 1}]" if index else "ntcp.myelopathy", model
    if experiment.ntcp.vcf is not None:
        yield "ntcp.vcf", experiment.ntcp.vcf
    if experiment.survival is not None:
        yield "survival", experiment.survival


def _missing_doses(experiment: Experiment) -> Iterator[str]:
    for section, model in _models(experiment):
        wanted = getattr(model, "dose", None)
        if isinstance(wanted, DoseMetric):
            for name, arm in experiment.arms.items():
                problem = wanted.missing_in(arm.plan, available(arm.plan))
                if problem:
                    yield f"{section}.dose: {problem} in arm {name!r}"


def _without_blanks(value: Any) -> Any:
    """Leave out text that is empty; an empty list stays, because it says that there is none."""
    if isinstance(value, dict):
        return {k: _without_blanks(v) for k, v in value.items() if v != ""}
    if isinstance(value, (list, tuple)):
        return [_without_blanks(v) for v in value]
    return value
