"""Which presets an experiment stands on, and whether it changed them."""

from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from radsim.experiment.model import Arm, Experiment
from radsim.presets import load_preset


def model_labels(experiment: Experiment) -> dict[str, Any]:
    """Name the models as results name them: by preset, with a word where it was changed."""
    labels: dict[str, Any] = {
        "myelopathy": [published_name("ntcp", m) for m in experiment.myelopathy_models]
    }
    if experiment.tcp is not None:
        labels["local_control"] = published_name("tcp", experiment.tcp)
    if experiment.ntcp.vcf is not None:
        labels["vcf"] = published_name("ntcp", experiment.ntcp.vcf)
    if experiment.survival is not None:
        labels["survival"] = published_name("survival", experiment.survival)
    return labels


def control_label(experiment: Experiment, arm: Arm, variant: int) -> str:
    """Name the control model of an arm.

    Variant 0 is the file's own, 1 is without the ratio where an arm has a prior course, and the
    file's alternatives follow.
    """
    prior = any(one.has_prior for one in experiment.arms.values())
    index = variant - (2 if prior else 1)
    model = experiment.tcp if index < 0 else experiment.tcp_alternatives[index]
    name = published_name("tcp", model)
    if index >= 0 and model is not None and model.label:
        name = f"{name}: {model.label}"
    ratio = getattr(model, "reirradiation_hazard_ratio", 1.0)
    if arm.has_prior and (variant == 0 or index >= 0) and ratio != 1.0:
        return f"{name} (reirradiation hazard x {ratio:g})"
    return name


def outside_fractionation(experiment: Experiment) -> list[str]:
    """Say which arms are fractionated as no course was that a model was fitted on."""
    models: list[tuple[str, Any]] = [
        ("control", experiment.tcp),
        ("fracture", experiment.ntcp.vcf),
    ]
    models += [("cord", model) for model in experiment.myelopathy_models]
    lines = []
    for name, arm in experiment.arms.items():
        conventional = arm.plan.is_conventional
        for kind, model in models:
            most = getattr(model, "most_fractions", None)
            if most is not None and (conventional or arm.plan.fractions > most):
                what = "a conventional field" if conventional else f"{arm.plan.fractions} fractions"
                lines.append(
                    f"{name}: {what}; 100% of the patients lie outside the range of the {kind} "
                    f"model {getattr(model, 'preset', '')}, which was fitted on conformal courses "
                    f"in up to {most} fractions"
                )
    return lines


def other_laws(experiment: Experiment) -> list[str]:
    """Say which models are used with repopulation or repair that their fit did not have."""
    models: list[Any] = [
        experiment.tcp,
        *experiment.tcp_alternatives,
        *experiment.myelopathy_models,
    ]
    return [
        f"{model.preset or model.kind} was fitted under LQ alone, without what "
        f"{model.cell_kill.kind} adds to it"
        for model in models
        if getattr(model, "fitted_under", "") == "lq"
        and model.cell_kill.kind != "lq"
        and not model.cell_kill.changes_high_doses
    ]


def presets_used(experiment: Experiment) -> list[str]:
    """List the presets of an experiment as ``family/name``."""
    used = {f"cohort/{experiment.cohort.preset}": bool(experiment.cohort.preset)}
    models: list[tuple[str, Any]] = [("tcp", experiment.tcp), ("ntcp", experiment.ntcp.vcf)]
    models += [("tcp", model) for model in experiment.tcp_alternatives]
    models += [("ntcp", model) for model in experiment.myelopathy_models]
    for _, model in list(models):
        models += [("cell_kill", getattr(model, "cell_kill", None))]
        models += [("modifier", one) for one in getattr(model, "modifiers", ())]
    models += [("survival", experiment.survival)]
    models += [("survival", arm.survival) for arm in experiment.arms.values()]
    for family, model in [*models, ("dose", experiment.dose)]:
        name = getattr(model, "preset", "")
        used[f"{family}/{name}"] = bool(name)
    for arm in experiment.arms.values():
        regimen = arm.plan.regimen
        used[f"regimen/{regimen}"] = bool(regimen)
    return [key for key, named in used.items() if named]


def published_name(family: str, model: Any) -> str:
    """Name a model as tables do: by its preset, with a word where it was changed."""
    if model is None:
        return ""
    if not model.preset:
        return "custom"
    label = {"label": model.label} if hasattr(model, "label") else {}
    kind: Any = type(model)
    same = model == replace(_published(family, model.preset, kind), **label)
    return model.preset if same else f"{model.preset} (modified)"


@cache
def _published(family: str, preset: str, kind: type) -> Any:
    """The model of a preset as it is published."""
    settings = {**load_preset(family, preset).settings(), "preset": preset}
    return TypeAdapter(kind).validate_python(settings)
