"""A file with a virtual trial: read it, change it, say what it would do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field

from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import HIGHEST_SEED, Experiment, ExperimentError
from radsim.experiment.plausibility import unconfirmed_in_trial
from radsim.experiment.reading import also_confirmed, make_experiment, read_settings
from radsim.experiment.short_form import without_blanks
from radsim.experiment.trial_sweep import with_trial_sweep
from radsim.trial.section import TrialSection
from radsim.vocabulary.mistakes import Mistake, validated
from radsim.vocabulary.numbers import Count
from radsim.vocabulary.texts import unprintable


class VirtualTrial(BaseModel):
    """A file that states its arms and needs no experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"\S")]
    question: str = ""
    expect: str = ""
    confirmed: tuple[str, ...] = ()  # keys whose numbers were questioned and are meant
    seed: Annotated[Count, Field(ge=0, le=HIGHEST_SEED)]
    trial: TrialSection

    def to_toml(self) -> str:
        """Write the trial as a file that runs again as it is."""
        settings = self.model_dump(mode="json", exclude_none=True)
        return tomli_w.dumps(without_blanks(settings))


def load_trial(
    path: str | Path,
    confirmed: Sequence[str] = (),
    *,
    trials: int | None = None,
    seed: int | None = None,
) -> Experiment | VirtualTrial:
    """Read a file with a [trial] section, which must be there, with or without an experiment.

    Keys may be confirmed beside those that the file confirms; ``trials`` and ``seed`` may stand in
    for its own.

    Raises
    ------
    ExperimentError
        If the file can't be read, is not TOML, or has mistakes; a line for each.
    """
    settings = also_confirmed(read_settings(path), confirmed)
    return with_changes(make_trial(settings, Path(path).parent), trials=trials, seed=seed)


def make_trial(settings: dict[str, Any], folder: Path | str = Path()) -> Experiment | VirtualTrial:
    """Check the settings of a trial, with or without an experiment, as a file has them.

    Files that it names are looked for in the folder.

    Raises
    ------
    ExperimentError
        With one line for each mistake, which names the key.
    """
    try:
        settings = with_trial_sweep(settings)
    except ValueError as error:
        raise ExperimentError([str(error)]) from None
    if not _is_trial_only(settings):
        experiment = make_experiment(settings, folder)
        if experiment.trial is None:
            raise ExperimentError(["trial: is missing; this command needs a [trial] section"])
        return experiment
    if hidden := list(unprintable(settings)):
        raise ExperimentError(hidden)
    if "sweep" in settings:  # what is left of it
        keys = list(settings["sweep"]) if isinstance(settings["sweep"], Mapping) else []
        raise ExperimentError(
            [
                f"sweep.{key}: a file without [arms] sweeps keys that begin with trial."
                for key in keys
            ]
            or ["sweep: must be a table of keys of the trial, such as trial.patients"]
        )
    try:
        trial: VirtualTrial = validated(VirtualTrial, settings)
    except Mistake as error:
        raise ExperimentError(str(error).splitlines()) from None
    try:
        variants = trial.trial.variants()
    except ValueError as error:
        raise ExperimentError([f"trial.{line}" for line in str(error).splitlines()]) from None
    for control in (section.control for section in variants.values()):
        if isinstance(control, str):
            raise ExperimentError([f"trial.control: no arm {control!r}; the file has no [arms]"])
    if doubts := unconfirmed_in_trial(trial):
        raise ExperimentError(doubts)
    return trial


def states_trial_only(path: str | Path) -> bool:
    """Say whether a file holds a [trial] and no experiment; mistakes are left for the reading."""
    try:
        settings = read_settings(path)
    except ExperimentError:
        return False
    return _is_trial_only(settings)


def _is_trial_only(settings: dict[str, Any]) -> bool:
    return "trial" in settings and "arms" not in settings and "cohort" not in settings


def trials_of(source: Experiment | VirtualTrial) -> dict[str, TrialSection]:
    """Give every trial that a file simulates by name, each with its event in words."""
    if source.trial is None:
        raise ExperimentError(["trial: is missing; there is no trial to simulate"])
    trials = source.trial.variants()
    if isinstance(source, VirtualTrial):
        return trials
    words = {m.endpoint.event: m.endpoint.words for m in endpoints_of(source)}
    return {
        name: _with_words(section, words) if isinstance(section.control, str) else section
        for name, section in trials.items()
    }


def _with_words(section: TrialSection, words: Mapping[str, str]) -> TrialSection:
    """Call the events of a trial what the experiment calls them, unless it says how."""
    secondary = {
        name: replace(each, event=each.event or words.get(section.hypothesis_of(name).endpoint, ""))
        for name, each in section.secondary.items()
    }
    event = section.event or words[section.endpoint]
    return replace(section, event=event, secondary=secondary)


def with_changes(
    source: Experiment | VirtualTrial, *, trials: int | None = None, seed: int | None = None
) -> Experiment | VirtualTrial:
    """Replace the number of trials or the seed; an ExperimentError says what can't be."""
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
