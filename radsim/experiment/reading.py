"""From a file or its tables to an experiment, or to a line for each mistake."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from radsim.experiment.agreement import disagreements, missing_variables, unknown_reference
from radsim.experiment.designs.groups import read_in_tables
from radsim.experiment.designs.keys import lies_in
from radsim.experiment.designs.study import Study, read_study
from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.filling import expand_experiment
from radsim.experiment.filling_cohort import read_in_files
from radsim.experiment.filling_libraries import read_in_libraries
from radsim.experiment.model import FEWEST_PATIENTS, Experiment, ExperimentError, cohort_of
from radsim.experiment.older_spellings import present_spelling, typed_spelling
from radsim.experiment.outcomes import ALTERNATIVES
from radsim.experiment.plausibility import unconfirmed
from radsim.experiment.questions import listed_again
from radsim.experiment.remainder import Remainder, sure
from radsim.experiment.trial_sweep import with_trial_sweep
from radsim.fitting.calibration import as_read, calibrate
from radsim.fitting.refit import refit_to_anchors
from radsim.ntcp.recalibration import recalibrate
from radsim.presets import load_preset, preset_names
from radsim.response.baseline import solve_baseline
from radsim.response.survival import ProportionalHazards
from radsim.tcp.control import ControlModel
from radsim.vocabulary.files import Unreadable, tables_of
from radsim.vocabulary.mistakes import mistakes_of
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.texts import unprintable

OF_ALTERNATIVE = re.compile(
    rf"(?P<section>tcp|ntcp\.\w+)\.{ALTERNATIVES}\[(?P<place>\d+)\]\.(?P<key>\w+)(?P<rest>.*)"
)

Refits = dict[str, ControlModel]  # models fitted to anchors again, by what asks


def make_experiment(
    settings: dict[str, Any],
    folder: Path | str = Path(),
    refits: Refits | None = None,
    *,
    solve: bool = True,
) -> Experiment:
    """Check the settings of an experiment, as an experiment file has them.

    Files that it names are looked for in the folder; other variants of a design share their refits.
    What models ask to be solved for is left as it is stated unless ``solve``.

    Raises
    ------
    ExperimentError
        With one line for each mistake, which names the key.
    """
    if hidden := list(unprintable(settings)):
        raise ExperimentError(hidden)  # alone, because other lines would show such names
    present, misplaced = present_spelling(settings)
    try:
        return _checked(present, misplaced, Path(folder), refits, solve)
    except ExperimentError as error:
        raise ExperimentError(typed_spelling(error.mistakes, settings)) from None


def _checked(
    settings: dict[str, Any],
    misplaced: list[str],
    folder: Path,
    refits: Refits | None,
    solve: bool,
) -> Experiment:
    """Check settings in the present spelling; only variants of a design come with refits."""
    settings, unread = _with_tables(settings, folder)
    full, mistakes = expand_experiment(settings, folder)
    mistakes.extend([*misplaced, *unread])
    try:
        experiment = Experiment.model_validate(full)
    except ValidationError as error:
        new = _new(mistakes_of(error, full, _schema()), mistakes.keys)
        mistakes.extend([*new, *unknown_reference(settings)])
        rest = Remainder(full, error)
        if rest.experiment is not None:
            broken = (*mistakes.keys, *rest.lacking)
            further, _ = _disagreeing(rest.experiment, settings, broken, bool(unread))
            further = sure(further, rest.lacking)
            mistakes.extend(line for line in further if line not in mistakes)
        raise ExperimentError(_said_once(mistakes, settings)) from None
    further, study = _disagreeing(experiment, settings, mistakes.keys, bool(unread))
    unfilled = ["cohort"] if any(lies_in(key, "cohort") for key in mistakes.keys) else []
    mistakes.extend(sure(further, unfilled))
    if refits is None and not mistakes:
        mistakes.extend(listed_again(experiment))
    if not mistakes and study is not None:  # what stands in for a mistake is no number of the file
        mistakes.extend(unconfirmed(experiment, study, is_variant=refits is not None))
    if mistakes:
        raise ExperimentError(_said_once(mistakes, settings))
    if solve:
        experiment = _solved(experiment, {} if refits is None else refits)
    if experiment.has_design:
        written = read_in_libraries(read_in_files(settings, folder), full)
        experiment = experiment.model_copy(update={"written": written})
    return experiment


def _disagreeing(
    experiment: Experiment, settings: dict[str, Any], broken: Collection[str], unread: bool
) -> tuple[list[str], Study | None]:
    """Find what sections that can be read by themselves say against each other; give the design."""
    stated = settings.get("ntcp")
    refused = set(stated) - set(experiment.ntcp) if isinstance(stated, dict) else ()
    lines = list(disagreements(experiment, refused))
    if not any(lies_in(key, "cohort") for key in broken):
        lines += missing_variables(experiment)
    if unread:  # the sections lack the tables that they name
        return lines, None
    sections = {name: settings[name] for name in DESIGN_SECTIONS if name in settings}
    study, wrong = read_study(sections, experiment.known, experiment.seed)
    return lines + wrong, study


def _with_tables(settings: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Read in what the design sections name; a bare precision is a standard error."""
    precision = settings.get("precision")
    if is_number(precision):
        precision = {"standard_error": float(precision)}
    if isinstance(precision, dict):  # patients grow until it is exact enough
        settings = {"patients": FEWEST_PATIENTS, **settings, "precision": precision}
    elif precision is not None:
        without = {key: value for key, value in settings.items() if key != "precision"}
        return without, [f"precision: must be a number or a table, got {precision!r}"]
    if "written" in settings:  # not a key of a file
        return {k: v for k, v in settings.items() if k != "written"}, ["written: unknown key"]
    try:
        return read_in_tables(with_trial_sweep(settings), folder), []
    except ValueError as error:
        return settings, str(error).splitlines()


def _new(lines: list[str], unfilled: list[str]) -> list[str]:
    """Leave out what only follows from a section that could not be expanded."""

    def follows(line: str, key: str) -> bool:
        where, _, said = line.partition(": ")
        below = lies_in(where.replace("[", ".["), key.replace("[", ".["))
        return where == key or (below and said == "is missing")

    return [line for line in lines if not any(follows(line, key) for key in unfilled)]


def _said_once(lines: list[str], settings: dict[str, Any]) -> list[str]:
    """Leave out what an alternative only has from its section's own model, where it is said."""
    said = set(lines)

    def repeats(line: str) -> bool:
        found = OF_ALTERNATIVE.match(line)
        if found is None or f"{found['section']}.{found['key']}{found['rest']}" not in said:
            return False
        table: Any = settings
        for name in found["section"].split("."):
            table = table[name]
        if ALTERNATIVES not in table:  # those of the presets, which state all themselves
            return False
        stated = table[ALTERNATIVES][int(found["place"])]
        own = {"preset", "kind", found["key"]}
        return isinstance(stated, dict) and not own & stated.keys()

    return [line for line in lines if not repeats(line)]


def _solved(experiment: Experiment, refits: Refits) -> Experiment:
    """Solve for what models ask of their own parameters: a cohort's risk, a preset's anchors."""
    mistakes: list[str] = []

    def solved(key: str, model: Any) -> Any:
        try:
            if idle := _solved_for(model):
                mistakes.append(f"{key}.{idle}: is solved for, so it has no effect; leave it out")
                return model
            if getattr(model, "recalibrate", None) is not None:
                return recalibrate(model, experiment.cohort)
            if getattr(model, "calibrate", ""):
                asked = repr((model, as_read(experiment.dose, model.dose)))
                refits[asked] = refits.get(asked) or calibrate(model, experiment.dose)
                return refits[asked]
            if getattr(model, "refit", False):
                asked = repr(model)
                refits[asked] = refits.get(asked) or refit_to_anchors(model).model
                return refits[asked]
        except ValueError as error:
            mistakes.append(f"{key}.{error}")
        return model

    def section(key: str, stated: Any) -> Any:
        beside = enumerate(stated.alternatives)
        return replace(
            stated,
            model=solved(key, stated.model),
            alternatives=tuple(solved(f"{key}.{ALTERNATIVES}[{i}]", m) for i, m in beside),
        )

    def baseline(key: str, law: Any, arm: str) -> Any:
        """Solve for the baseline of proportional hazards in the people of an arm."""
        if not isinstance(law, ProportionalHazards):
            return law
        try:
            return solve_baseline(law, *cohort_of(experiment, arm))
        except ValueError as error:
            mistakes.append(f"{key}.{error}")
        return law

    shared = [name for name, arm in experiment.arms.items() if arm.cohort is None]
    first = next(iter(shared or experiment.arms))
    survival = baseline("survival", experiment.survival, first)
    arms = {
        name: replace(arm, survival=baseline(f"arms.{name}.survival", arm.survival, name))
        for name, arm in experiment.arms.items()
    }
    control = experiment.tcp and section("tcp", experiment.tcp)
    ntcp = {name: section(f"ntcp.{name}", stated) for name, stated in experiment.ntcp.items()}
    if mistakes:
        raise ExperimentError(mistakes)
    return experiment.model_copy(
        update={"tcp": control, "ntcp": ntcp, "survival": survival, "arms": arms}
    )


def _solved_for(model: Any) -> str:
    """Name a parameter of a preset that was changed, and is solved for all the same."""
    anew = getattr(model, "calibrate", "") and (model.calibrate_to or model.calibration)
    if getattr(model, "preset", "") not in preset_names("tcp") or not (
        anew or getattr(model, "refit", False)
    ):
        return ""
    published = load_preset("tcp", model.preset).settings()
    shape = (name for name in model.shape if name in published)
    return next((name for name in shape if getattr(model, name) != published[name]), "")


@cache
def _schema() -> dict[str, Any]:
    return Experiment.model_json_schema()


def load_experiment(
    path: str | Path, confirmed: Sequence[str] = (), **instead: int | None
) -> Experiment:
    """Read an experiment file; values such as ``patients`` may stand in for its own, unless None.

    Keys may be confirmed beside those that the file confirms: numbers that are hardly meant, such
    as a dose in cGy, are mistakes until that is said.

    Raises
    ------
    ExperimentError
        If the file can't be read, is not TOML, or has mistakes; a line for each.
    """
    given = {key: value for key, value in instead.items() if value is not None}
    settings = also_confirmed(read_settings(path), confirmed)
    return make_experiment({**settings, **given}, Path(path).parent)


def also_confirmed(settings: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Add keys to those that a file confirms."""
    stated = settings.get("confirmed", [])
    if not keys or not isinstance(stated, list):
        return settings
    return {**settings, "confirmed": [*stated, *keys]}


def read_settings(path: str | Path) -> dict[str, Any]:
    """Read the tables of a file; an ExperimentError says why that can't be."""
    try:
        return tables_of(Path(path))
    except Unreadable as error:
        raise ExperimentError([str(error)]) from None
