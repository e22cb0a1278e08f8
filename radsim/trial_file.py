"""A file with a virtual trial: read it, change it, say what it would do."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radsim.config import HIGHEST_SEED, Experiment, ExperimentError, load_experiment
from radsim.mistakes import mistakes_of
from radsim.schema import Count
from radsim.trial.section import TrialSection


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
        trial.trial.variants()
    except ValidationError as error:
        found = mistakes_of(error, settings, VirtualTrial.model_json_schema())
        raise ExperimentError(found) from None
    except ValueError as error:
        raise ExperimentError([f"trial.{error}"]) from None
    if isinstance(trial.trial.control, str):
        raise ExperimentError(
            [f"trial.control: no arm {trial.trial.control!r}; the file has no [arms]"]
        )
    return trial


def states_trial_only(path: str | Path) -> bool:
    """Say whether a file holds a [trial] and no experiment; mistakes are left for the reading."""
    try:
        settings = tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return "trial" in settings and "arms" not in settings and "cohort" not in settings


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


def describe_trial(source: Experiment | VirtualTrial, *, as_json: bool = False) -> str:
    """Say what a file with a trial would simulate."""
    assert source.trial is not None
    variants = source.trial.variants()
    if as_json:
        return source.model_dump_json(exclude_none=True, indent=2)
    lines = [f"{source.name}: {len(variants)} virtual trial{'s' if len(variants) > 1 else ''}"]
    for name, section in variants.items():
        lines.append(
            f"  {name}: {section.trials:,} trials of {section.patients} patients, primary "
            f"analysis {section.primary_analysis}"
        )
    return "\n".join(lines)
