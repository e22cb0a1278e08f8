"""A file with a virtual trial: read it, change it, say what it would do."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radsim.experiment.model import HIGHEST_SEED, Experiment, ExperimentError, load_experiment
from radsim.trial.section import TrialSection
from radsim.trial.wording import analysis_sentences, notes_of, protocol_sentences
from radsim.vocabulary.mistakes import mistakes_of
from radsim.vocabulary.words import Count


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


def describe_trial(source: Experiment | VirtualTrial) -> str:
    """Say what a file with a trial would simulate, and what it can't show."""
    assert source.trial is not None
    variants = source.trial.variants()
    lines = [f"{source.name}: {len(variants)} virtual trial{'s' if len(variants) > 1 else ''}"]
    for name, section in variants.items():
        lines.append(
            f"  {name}: {section.trials:,} trials of {section.patients} patients, primary "
            f"analysis {section.primary_analysis}"
        )
        sentences = (*protocol_sentences(section), *analysis_sentences(section))
        lines += [f"    {sentence}" for sentence in sentences]
        lines.append(f"    {_cost(section)}")
        lines += [f"    note: {note}" for note in notes_of(section)]
    return "\n".join(lines)


def trial_description(source: Experiment | VirtualTrial) -> dict[str, Any]:
    """Give the same as plain data, for `radsim check --json`."""
    assert source.trial is not None
    return {
        name: {
            "trials": section.trials,
            "patients": section.patients,
            "primary": section.primary_analysis,
            "analyses": list(section.named_analyses),
            "protocol": [*protocol_sentences(section), *analysis_sentences(section)],
            "notes": list(notes_of(section)),
        }
        for name, section in source.trial.variants().items()
    }


def _cost(section: TrialSection) -> str:
    """Say what is simulated; the search tries about so many sizes."""
    what = [f"{section.trials:,} trials under the design and under each null"]
    if section.find_size:
        what.append(f"a search for the size, up to {section.most_patients:,} patients")
    if section.curve is not None:
        points = sum(len(values) for values in vars(section.curve).values())
        what.append(f"{points} points of a power curve")
    if section.looks is not None:
        what.append(f"{len(section.looks.information)} looks at each trial")
    if section.uncertainty:
        what.append("the assurance")
    return f"Simulates {', '.join(what)}."
