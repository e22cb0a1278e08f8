"""A file with a virtual trial: read it, change it, say what it would do."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import HIGHEST_SEED, Experiment, ExperimentError
from radsim.experiment.reading import load_experiment
from radsim.trial.section import TrialSection
from radsim.vocabulary.mistakes import mistakes_of
from radsim.vocabulary.numbers import Count


class VirtualTrial(BaseModel):
    """A file that states its arms and needs no experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    question: str = ""
    expect: str = ""
    seed: Annotated[Count, Field(ge=0, le=HIGHEST_SEED)]
    trial: TrialSection


def load_trial(path: str | Path) -> Experiment | VirtualTrial:
    """Read a file with a [trial] section, with or without an experiment around it.

    Raises
    ------
    ExperimentError
        With a line for each mistake, or if there is no [trial] section.
    """
    if not states_trial_only(path):
        experiment = load_experiment(path)
        if experiment.trial is None:
            raise ExperimentError(["trial: is missing; this command needs a [trial] section"])
        return experiment
    settings = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    try:
        trial = VirtualTrial.model_validate(settings)
        variants = trial.trial.variants()
    except ValidationError as error:
        found = mistakes_of(error, settings, VirtualTrial.model_json_schema())
        raise ExperimentError(found) from None
    except ValueError as error:
        lines = str(error).splitlines()
        raise ExperimentError([f"trial.{line}" for line in lines]) from None
    for section in variants.values():
        if isinstance(section.control, str):
            raise ExperimentError(
                [f"trial.control: no arm {section.control!r}; the file has no [arms]"]
            )
    return trial


def states_trial_only(path: str | Path) -> bool:
    """Say whether a file holds a [trial] and no experiment; mistakes are left for the reading."""
    try:
        settings = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return "trial" in settings and "arms" not in settings and "cohort" not in settings


def trials_of(source: Experiment | VirtualTrial) -> dict[str, TrialSection]:
    """Give every trial that a file simulates by name, each with its event in words.

    Raises
    ------
    ExperimentError
        If the file has no [trial] section.
    """
    if source.trial is None:
        raise ExperimentError(["trial: is missing; there is no trial to simulate"])
    trials = source.trial.variants()
    if isinstance(source, VirtualTrial):
        return trials
    words = {m.endpoint.event: m.endpoint.words for m in endpoints_of(source)}
    return {
        name: replace(section, event=section.event or words[section.endpoint])
        if isinstance(section.control, str)
        else section
        for name, section in trials.items()
    }


def with_changes(
    source: Experiment | VirtualTrial, *, trials: int | None = None, seed: int | None = None
) -> Experiment | VirtualTrial:
    """Replace the number of trials or the seed.

    Raises
    ------
    ExperimentError
        If the new number is impossible.
    """
    update: dict[str, Any] = {}
    if seed is not None:
        if not 0 <= seed <= HIGHEST_SEED:
            raise ExperimentError([f"--seed: must lie between 0 and {HIGHEST_SEED}, got {seed}"])
        update["seed"] = seed
    if trials is not None:
        assert source.trial is not None
        try:
            update["trial"] = replace(source.trial, trials=trials)
        except ValueError as error:
            raise ExperimentError([f"--trials: {error}"]) from None
    return source.model_copy(update=update)
