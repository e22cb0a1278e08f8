"""What other shipped models say of a figure: a row that they meet, too, tells little."""

from collections.abc import Iterator
from typing import Any

from radsim.experiment.model import ExperimentError
from radsim.experiment.reading import make_experiment
from radsim.presets import load_preset, preset_names
from radsim.results.run import run
from radsim.validation.readings import Run, read
from radsim.validation.targets import Target, experiment_settings
from radsim.vocabulary.endpoints import LOCAL_FAILURE, SURVIVAL

PATIENTS = 4000  # of a run of other models, whose errors only decide a verdict
CORD, RANKED = "myelopathy", "ranked"


def rivals_of(targets: list[Target], scheduler: str) -> dict[str, dict[str, float]]:
    """Figures by target and by preset, of predictions that another model could be asked for."""
    figures: dict[str, dict[str, float]] = {}
    asked: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        name, _, rest = target.read.partition(":")
        if target.role != "prediction":
            continue
        if name == RANKED:
            own, _, doses = rest.partition("/")
            others = [preset for preset in _presets(CORD) if preset != own]
            figures[target.id] = {p: read(f"{RANKED}:{p}/{doses}", None)[0] for p in others}
        elif target.about == "patients":
            endpoint = (rest or name).split("/")[1]
            asked.setdefault((target.experiment, endpoint), []).append(target)
    for (experiment, endpoint), rows in asked.items():
        settings = {**experiment_settings(experiment), "uniforms": "plain"}
        settings["patients"] = min(settings["patients"], PATIENTS)
        others, made = _beside(settings, endpoint)
        if not others:
            continue
        finished = Run(made, run(made, scheduler=scheduler))
        for target in rows:
            each = enumerate(others, start=1)
            figures[target.id] = {p: read(f"{target.read}/{i}", finished)[0] for i, p in each}
    return figures


def _beside(settings: dict[str, Any], endpoint: str) -> tuple[list[str], Any]:
    """Presets that a run takes beside its own model of an endpoint, and the run with them all."""
    of_control = endpoint in (LOCAL_FAILURE.event, LOCAL_FAILURE.reported)
    family = "tcp" if of_control else "ntcp"
    section = settings["tcp"] if of_control else settings.get("ntcp", {}).get(endpoint)
    if endpoint == SURVIVAL.reported or section is None:
        return [], None

    def beside(presets: list[str]) -> dict[str, Any]:
        listed = [{"preset": preset, "label": preset} for preset in presets]
        others = {key: value for key, value in settings.items() if key != "predictive"}
        if of_control:
            return {**others, "tcp_alternatives": listed}
        stated = {**settings["ntcp"], endpoint: {**section, "alternatives": listed}}
        return {**others, "ntcp": stated}

    presets = preset_names(family) if of_control else list(_presets(endpoint))
    taken = [p for p in presets if p != section["preset"] and _is_taken(beside([p]))]
    return taken, make_experiment(beside(taken)) if taken else None


def _is_taken(settings: dict[str, Any]) -> bool:
    """Whether a run can be made with these settings."""
    try:
        make_experiment(settings)
    except ExperimentError:
        return False
    return True


def _presets(event: str) -> Iterator[str]:
    """Presets of complications that are of an event."""
    return (p for p in preset_names("ntcp") if load_preset("ntcp", p).endpoint == event)
