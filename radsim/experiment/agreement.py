"""What no section of a file sees alone: whether the sections agree."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from radsim.dose.metrics import DoseMetric
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.questions import unanswered
from radsim.patients.cohort import Cohort
from radsim.presets import preset_names
from radsim.randomness.distributions.discrete import Categorical
from radsim.randomness.sources import WHOLE
from radsim.vocabulary.cohort_variables import is_own_name
from radsim.vocabulary.numbers import named_parameters
from radsim.vocabulary.words import nearest


def unknown_reference(settings: dict[str, Any]) -> Iterator[str]:
    """Say whether the reference is an arm of the file."""
    compare, arms = settings.get("compare"), settings.get("arms")
    if isinstance(compare, dict) and isinstance(arms, dict) and arms:
        reference = compare.get("reference", "")
        if isinstance(reference, str) and reference and reference not in arms:
            yield f"compare.reference: no arm {reference!r}; {nearest(reference, arms)}"


def disagreements(experiment: Experiment) -> Iterator[str]:
    """Find what no section can see alone."""
    yield from unknown_reference({"compare": vars(experiment.compare), "arms": experiment.arms})
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
    if "lesions" in experiment.cohort.names:
        yield "cohort.lesions: several lesions a patient are not supported; one is simulated"
    if experiment.tcp is None and not experiment.ntcp:
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
    yield from unanswered(experiment)


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


def missing_variables(experiment: Experiment) -> Iterator[str]:
    """Give a line for each cohort variable that something reads and the cohort lacks."""
    known = experiment.cohort.names
    if not known:
        yield f"cohort: has no variables; give a preset: {', '.join(preset_names('cohort'))}"
        return
    needed: dict[str, str] = {}
    for name, arm in experiment.arms.items():
        for variable in arm.plan.required_variables:
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
        for interval in (course.interval for course in arm.plan.earlier):
            if not isinstance(interval, str):
                continue
            where = f"arms.{name}.prior.interval"
            lowest = min(experiment.cohort.ends(interval), default=0)
            if interval in labels:
                yield f"{where}: {interval!r} holds labels; it needs months"
            elif lowest < 0:
                yield f"{where}: {interval!r} must not be negative, got {lowest:.3g}"
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
    for modelled in endpoints_of(experiment):
        for reported in modelled.models:
            if not reported.ratio_alone:
                yield reported.section, reported.model
    if experiment.survival is not None:
        yield "survival", experiment.survival


def _missing_doses(experiment: Experiment) -> Iterator[str]:
    for section, model in _models(experiment):
        wanted = getattr(model, "dose", None)
        if isinstance(wanted, DoseMetric):
            for name, arm in experiment.arms.items():
                problem = wanted.missing_in(arm.plan)
                if problem:
                    yield f"{section}.dose: {problem} in arm {name!r}"
