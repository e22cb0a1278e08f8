"""Experiments: the TOML file that a person writes, checked once and then never changed."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.dose import DoseMetric
from radsim.dose.drawing import available, required_variables
from radsim.dose.plans.plan import Plan
from radsim.experiment.designs.groups import read_in_tables
from radsim.experiment.designs.reader import DESIGN_SECTIONS, Study, read_study
from radsim.experiment.filling import expand_experiment, read_in_files, shorten_experiment
from radsim.experiment.series import Series
from radsim.fitting.refit import refit_to_anchors
from radsim.ntcp import CordModel, NTCPModel
from radsim.ntcp.recalibration import recalibrate
from radsim.ntcp.vertebra import VertebralFracture
from radsim.patients.cohort import Cohort
from radsim.patients.eligibility import EligibilityRule
from radsim.presets import preset_names
from radsim.randomness.distributions.composed import Categorical, require
from radsim.randomness.sources import WHOLE
from radsim.response.survival import WeibullSurvival
from radsim.tcp import TCPModel
from radsim.tcp.control import ControlModel
from radsim.trial.section import TrialSection
from radsim.vocabulary.mistakes import Mistake, mistakes_of
from radsim.vocabulary.words import ESTIMATES, Count, Real, is_own_name, named_parameters, nearest

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

    myelopathy: CordModel | None = None
    myelopathy_alternatives: tuple[CordModel, ...] = ()
    vcf: NTCPModel | None = None


class Comparison(BaseModel):
    """What the arms are compared with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = ""


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
    estimates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(
            0 < self.standard_error < 1,
            f"standard_error must lie between 0 and 1, got {self.standard_error}",
        )
        known = (*ESTIMATES, *(f"{name}_difference" for name in ESTIMATES))
        for name in self.estimates:
            require(name in known, f"estimates: no estimate {name!r}; {nearest(name, known)}")


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
    eligibility: dict[str, EligibilityRule] = {}
    dose: DoseModel
    arms: dict[str, Arm]
    tcp: TCPModel | None = None
    tcp_alternatives: tuple[TCPModel, ...] = ()
    ntcp: Complications = Complications()
    survival: WeibullSurvival | None = None
    compare: Comparison = Comparison()
    trial: TrialSection | None = None
    predictive: Series | None = None
    precision: Precision | None = None
    uniforms: Literal["plain", "antithetic", "sobol"] = "plain"
    sweep: dict[str, Any] = {}
    uncertainty: dict[str, Any] = {}
    sensitivity: dict[str, Any] = {}
    written: dict[str, Any] = {}  # the file's own tables, which the variants of a design change

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
    def myelopathy_models(self) -> tuple[CordModel, ...]:
        """The cord models to report, the file's own first."""
        own = self.ntcp.myelopathy
        return () if own is None else (own, *self.ntcp.myelopathy_alternatives)

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> "Experiment":
        """Copy, and forget what was worked out from the fields."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("known", "study"):
            copied.__dict__.pop(name, None)
        return copied

    @property
    def has_design(self) -> bool:
        """Say whether variants of it are to be run."""
        return bool(self.sweep or self.uncertainty or self.sensitivity)

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
        settings = self.model_dump(mode="json", exclude_none=True, exclude={"written"})
        unused = [name for name in DESIGN_SECTIONS if not settings.get(name)]
        settings = {key: value for key, value in settings.items() if key not in unused}
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
    settings, found = _with_tables(settings, folder)
    full, mistakes = expand_experiment(settings, folder)
    mistakes.extend(found)
    try:
        experiment = Experiment.model_validate(full)
    except ValidationError as error:
        found = mistakes_of(error, full, _schema())
        new = _new(found, mistakes.keys)
        raise ExperimentError([*mistakes, *new, *_unknown_reference(settings)]) from None
    mistakes.extend(_disagreements(experiment))
    if not any(key.startswith("cohort") for key in mistakes.keys):
        mistakes.extend(_missing_variables(experiment))
    if not found:  # else the sections lack the tables that they name
        mistakes.extend(_wrong_design(experiment, settings))
    if mistakes:
        raise ExperimentError(mistakes)
    experiment = _refitted(_recalibrated(experiment))
    if experiment.has_design:
        written = read_in_files(settings, folder)
        experiment = experiment.model_copy(update={"written": written})
    return experiment


def _with_tables(settings: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Read in what the design sections name; a bare precision is a standard error."""
    precision = settings.get("precision")
    if isinstance(precision, (int, float)) and not isinstance(precision, bool):
        settings = {**settings, "precision": {"standard_error": float(precision)}}
    elif precision is not None and not isinstance(precision, dict):
        without = {key: value for key, value in settings.items() if key != "precision"}
        return without, [f"precision: must be a number or a table, got {precision!r}"]
    if isinstance(settings.get("precision"), dict):
        settings = {"patients": FEWEST_PATIENTS, **settings}  # it grows until it is exact enough
    if "written" in settings:  # not a key of a file
        return {k: v for k, v in settings.items() if k != "written"}, ["written: unknown key"]
    try:
        return read_in_tables(settings, folder), []
    except ValueError as error:
        return settings, [str(error)]


def _wrong_design(experiment: Experiment, settings: dict[str, Any]) -> list[str]:
    sections = {name: settings[name] for name in DESIGN_SECTIONS if name in settings}
    if not sections:
        return []
    return read_study(sections, experiment.known, experiment.seed)[1]


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
    if not isinstance(vcf, VertebralFracture) or vcf.recalibrate is None:
        return experiment
    try:
        vcf = recalibrate(vcf, experiment.cohort)
    except ValueError as error:
        raise ExperimentError([f"ntcp.vcf.{error}"]) from None
    ntcp = experiment.ntcp.model_copy(update={"vcf": vcf})
    return experiment.model_copy(update={"ntcp": ntcp})


def _refitted(experiment: Experiment) -> Experiment:
    """Fit the control models that ask for it to their presets' anchors again."""
    mistakes: list[str] = []

    def again(key: str, model: Any) -> Any:
        if model is None or not model.refit:
            return model
        try:
            return _refit(model)
        except ValueError as error:
            mistakes.append(f"{key}.{error}")
            return model

    own = again("tcp", experiment.tcp)
    others = tuple(
        again(f"tcp_alternatives[{i}]", model)
        for i, model in enumerate(experiment.tcp_alternatives)
    )
    if mistakes:
        raise ExperimentError(mistakes)
    return experiment.model_copy(update={"tcp": own, "tcp_alternatives": others})


_REFITS: dict[str, ControlModel] = {}  # variants of a design ask for the same fits again and again


def _refit(model: ControlModel) -> ControlModel:
    asked = repr(model)
    if asked not in _REFITS:
        _REFITS[asked] = refit_to_anchors(model).model
    return _REFITS[asked]


@cache
def _schema() -> dict[str, Any]:
    return Experiment.model_json_schema()


def load_experiment(path: str | Path, **instead: int | None) -> Experiment:
    """Read an experiment file.

    Parameters
    ----------
    path
        Of the file.
    instead
        Values that stand in for the file's own, such as ``patients``; None leaves those.

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
    given = {key: value for key, value in instead.items() if value is not None}
    return make_experiment({**settings, **given}, path.parent)


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
    if problem := patients_problem(experiment):
        yield problem
    yield from _unreported(experiment)
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
    if experiment.eligibility and experiment.cohort.table is not None:
        yield "eligibility: leave out of cohort.table whoever is not eligible"
    yield from _model_disagreements(experiment)
    without = [name for name, arm in experiment.arms.items() if arm.survival is None]
    if experiment.survival is None and 0 < len(without) < len(experiment.arms):
        yield (
            "survival: an arm states its own, so the others need a [survival] section: "
            f"{', '.join(without)}"
        )
    yield from _missing_doses(experiment)
    yield from _wrong_trial(experiment)
    yield from _wrong_series(experiment)


def _wrong_trial(experiment: Experiment) -> Iterator[str]:
    """Find arms of the trial that the experiment lacks, and scenarios that are no trials."""
    if experiment.trial is None:
        return
    try:
        variants = experiment.trial.variants()
    except ValueError as error:
        yield from (f"trial.{line}" for line in str(error).splitlines())
        return
    models = {
        "local_failure": ("tcp", experiment.tcp),
        "vcf": ("ntcp.vcf", experiment.ntcp.vcf),
        "myelopathy": ("ntcp.myelopathy", experiment.ntcp.myelopathy),
    }
    for section in variants.values():
        for key in ("control", "experimental"):
            arm = getattr(section, key)
            if isinstance(arm, str) and arm not in experiment.arms:
                yield f"trial.{key}: no arm {arm!r}; {nearest(arm, experiment.arms)}"
        needed, model = models[section.endpoint]
        if isinstance(section.control, str) and model is None:
            yield f"trial.endpoint: {section.endpoint} is not simulated without {needed}"


def _wrong_series(experiment: Experiment) -> Iterator[str]:
    """Find what the predictive distribution of a series lacks."""
    series = experiment.predictive
    if series is None:
        return
    if experiment.has_design:
        yield "predictive: takes a file without sweep, uncertainty and sensitivity"
    if series.arm and series.arm not in experiment.arms:
        yield f"predictive.arm: no arm {series.arm!r}; {nearest(series.arm, experiment.arms)}"
        return
    if experiment.patients < series.segments:
        yield (
            f"predictive.segments: {series.segments} make one series, and the run has "
            f"{experiment.patients} patients"
        )
    arm = experiment.arms[series.arm or experiment.reference]
    models = {
        "local_control": experiment.tcp,
        "local_failure": experiment.tcp,
        "vcf": experiment.ntcp.vcf,
        "myelopathy": experiment.ntcp.myelopathy,
        "survival": arm.survival or experiment.survival,
    }
    for index, figure in enumerate(series.observed):
        if models[figure.endpoint] is None:
            yield (
                f"predictive.observed[{index}].endpoint: {figure.endpoint} is not simulated; "
                "give its model"
            )


def _unreported(experiment: Experiment) -> Iterator[str]:
    """Find estimates that a precision asks for and the experiment does not have."""
    if experiment.precision is None or not experiment.precision.estimates:
        return
    models = {
        "local_control": experiment.tcp,
        "vcf": experiment.ntcp.vcf,
        "myelopathy": experiment.ntcp.myelopathy,
    }
    dies = experiment.survival or all(arm.survival for arm in experiment.arms.values())
    missing = {name for name, model in models.items() if model is None}
    missing |= {"complication_free_control"} if missing else set()
    for name in experiment.precision.estimates:
        endpoint = name.replace("local_failure", "local_control")
        if endpoint.startswith(tuple(missing)):
            yield f"precision.estimates: {name} is not reported, because its models are missing"
        elif not dies and ("_cumulative_incidence" in name or "_alive" in name):
            yield f"precision.estimates: {name} is not reported without a [survival] section"


def patients_problem(experiment: Experiment) -> str:
    """Say what is wrong with the number of patients for the source of uniforms, or nothing."""
    patients, source = experiment.patients, experiment.uniforms
    if source == "plain" or patients % WHOLE == 0 or experiment.precision is not None:
        return ""
    below = patients // WHOLE * WHOLE
    near = f"{below} or {below + WHOLE}" if below else f"{WHOLE}"
    return (
        f"patients: must be a multiple of {WHOLE} with uniforms = {source!r}, got {patients}; "
        f"take {near}"
    )


def _model_disagreements(experiment: Experiment) -> Iterator[str]:
    if experiment.tcp_alternatives and experiment.tcp is None:
        yield "tcp_alternatives: alternatives to [tcp], which is missing"
    names = [_alternative_name(model) for model in experiment.tcp_alternatives]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"tcp_alternatives: two are called {name!r}; give each a label of its own"
    deaths = [] if experiment.survival is None else ["survival"]
    deaths += [f"arms.{name}.survival" for name, arm in experiment.arms.items() if arm.survival]
    for section, model in _models(experiment):
        if deaths and getattr(model, "estimates", "net") == "crude":
            yield (
                f"{section}: {model.preset or 'this model'} was fitted to cumulative incidences "
                "that death had already lowered, so death would count twice: leave out "
                f"{', '.join(deaths)}, or take a preset of net control (spine-cross-strategy)"
            )
        for name, arm in experiment.arms.items():
            if arm.has_prior and getattr(model, "effect", "") == "physical":
                yield (
                    f"{section}.effect: arms.{name} has a prior course, and two courses are never "
                    "added as Gy; take eqd2 or bed"
                )
            highest = getattr(model, "highest_fraction_dose", None)
            each = arm.plan.prescription / arm.plan.fractions
            if highest is not None and each > highest:
                yield (
                    f"{section}: {model.preset or 'this model'} is for at most {highest:g} Gy a "
                    f"fraction, and arms.{name} gives {each:g} Gy"
                )


def _alternative_name(model: Any) -> str:
    return model.label or model.preset or model.kind


def _missing_variables(experiment: Experiment) -> Iterator[str]:
    known = experiment.cohort.names
    if not known:
        yield f"cohort: has no variables; give a preset: {', '.join(preset_names('cohort'))}"
        return
    needed: dict[str, str] = {}
    for name, arm in experiment.arms.items():
        for variable in required_variables(arm.plan):
            needed.setdefault(variable, f"arms.{name}")
        for variable in named_parameters(arm.survival):
            needed.setdefault(variable, f"arms.{name}.survival")
    for name, rule in experiment.eligibility.items():
        for variable in rule.where:
            needed.setdefault(variable, f"eligibility.{name}")
    for section, model in _models(experiment):
        for variable in getattr(model, "required_variables", ()):
            needed.setdefault(variable, section)
        for variable in named_parameters(model):
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
        for variable in getattr(model, "reference_values", ()):
            if variable in labels:
                yield f"{section}: {variable!r} holds labels; a covariate needs numbers"
        for variable in named_parameters(model):
            if variable in labels:
                yield f"{section}: {variable!r} holds labels; a parameter needs numbers"
            elif variable in known:
                yield from _impossible_values(section, model, variable, experiment.cohort)
    for section, model in _models(experiment):
        for kind in ("odds_ratios", "hazard_ratios"):
            for variable in sorted(labels.intersection(getattr(model, kind, ()))):
                yield (
                    f"{section}.{kind}: {variable!r} holds labels; a ratio for each unit needs "
                    "numbers"
                )
    for name, arm in experiment.arms.items():
        interval = getattr(getattr(arm.plan, "prior", None), "interval", None)
        if interval in labels:
            yield f"arms.{name}.prior.interval: {interval!r} holds labels; it needs months"
        elif isinstance(interval, str) and min(experiment.cohort.ends(interval), default=0) < 0:
            lowest = min(experiment.cohort.ends(interval))
            yield f"arms.{name}.prior.interval: {interval!r} must not be negative, got {lowest:.3g}"
    for variable, section in sorted(needed.items()):
        if variable not in known:
            meant = nearest(variable, sorted(known))
            yield f"{section}: needs the cohort variable {variable!r}; {meant}"


def _impossible_values(section: str, model: Any, variable: str, cohort: Cohort) -> Iterator[str]:
    """Ask the model itself about the lowest and highest value that a cohort variable takes."""
    names = [f.name for f in fields(model) if getattr(model, f.name) == variable]
    for value in cohort.ends(variable):
        try:
            replace(model, **dict.fromkeys(names, value))
        except ValueError as error:
            yield f"{section}: {error} from the cohort variable {variable!r}"


def _arm_survivals(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    for name, arm in experiment.arms.items():
        if arm.survival is not None:
            yield f"arms.{name}.survival", arm.survival


def _models(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    if experiment.tcp is not None:
        yield "tcp", experiment.tcp
    for index, alternative in enumerate(experiment.tcp_alternatives):
        yield f"tcp_alternatives[{index}]", alternative
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
