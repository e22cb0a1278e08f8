"""Which presets an experiment stands on, and where it uses their models as no fit did."""

from collections.abc import Iterator
from typing import Any

from radsim.experiment.endpoints import Reported, endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.published import published_name


def model_labels(experiment: Experiment) -> dict[str, Any]:
    """Name the models as results name them: by preset, with a word where it was changed."""
    labels: dict[str, Any] = {}
    for modelled in endpoints_of(experiment):
        names = [reported.name for reported in modelled.models]
        several = modelled.by_model and not modelled.endpoint.freedom
        labels[modelled.endpoint.reported] = names if several else names[0]
    if experiment.survival is not None:
        labels["survival"] = published_name("survival", experiment.survival)
    return labels


def outside_fractionation(experiment: Experiment) -> list[str]:
    """Say which arms are fractionated as no course was that a model was fitted on."""
    lines = []
    for name, arm in experiment.arms.items():
        conventional = arm.plan.is_conventional
        for said, model in _spoken_of(experiment):
            most = getattr(model, "most_fractions", None)
            if most is not None and (conventional or arm.plan.fractions > most):
                what = "a conventional field" if conventional else f"{arm.plan.fractions} fractions"
                lines.append(
                    f"{name}: {what}; 100% of the patients lie outside the range of the {said} "
                    f"model {model.preset}, which was fitted on conformal courses "
                    f"in up to {most} fractions"
                )
    return list(dict.fromkeys(lines))


def _spoken_of(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    for modelled in endpoints_of(experiment):
        said = "control" if modelled.endpoint.freedom else modelled.endpoint.short
        for reported in _stated(modelled.models):
            yield said, reported.model


def _stated(models: tuple[Reported, ...]) -> list[Reported]:
    """Leave out what is the file's own model once more, without its ratio."""
    return [reported for reported in models if not reported.ratio_alone]


def other_laws(experiment: Experiment) -> list[str]:
    """Say which models are used with repopulation or repair that their fit did not have."""
    models: list[Any] = [model for _, model in _spoken_of(experiment)]
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
    models: list[tuple[str, Any]] = [
        ("tcp" if modelled.endpoint.freedom else "ntcp", reported.model)
        for modelled in endpoints_of(experiment)
        for reported in _stated(modelled.models)
    ]
    for _, model in list(models):
        models += [("cell_kill", getattr(model, "cell_kill", None))]
        models += [("modifier", modifier) for modifier in getattr(model, "modifiers", ())]
    models += [("survival", experiment.survival)]
    models += [("survival", arm.survival) for arm in experiment.arms.values()]
    for family, model in [*models, ("dose", experiment.dose)]:
        name = getattr(model, "preset", "")
        used[f"{family}/{name}"] = bool(name)
    for arm in experiment.arms.values():
        regimen = arm.plan.regimen
        used[f"regimen/{regimen}"] = bool(regimen)
    return [key for key, named in used.items() if named]
