"""A folder of plans: which files and folders in it are plans, and reading them all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from radsim.planfiles.cache import cache_beside, remembered
from radsim.planfiles.dicom.files import holds_dose
from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.questions import Questioned, answered
from radsim.planfiles.reading import is_plan_text, read_unasked
from radsim.planfiles.texts.pinnacle import is_pinnacle
from radsim.vocabulary.words import nearest

SUFFIXES = (".csv", ".txt", ".dvh")  # files that may be plans
DEEPEST = 6  # folders below each other; deeper ones are no library
LISTED = 5  # names of files in a note


@dataclass(frozen=True)
class FoundPlan:
    """A plan of a folder.

    Attributes
    ----------
    name
        Its place below the folder.
    path
        A file, or a folder of DICOM files.
    memory
        File that remembers what was read; see `radsim.planfiles.cache`.
    """

    name: str
    path: Path
    memory: Path | None = None


def plans_in(folder: Path | str) -> tuple[list[FoundPlan], list[str]]:
    """Plans of a folder, by name, and a note on what in it is none.

    A folder with an RTDOSE is one plan; other folders are searched. Text files are plans if they
    hold DVHs. README files and hidden ones are passed over without a word.
    """
    folder = Path(folder)
    if is_pinnacle(folder) or holds_dose(folder):
        return [FoundPlan(folder.name, folder)], []
    plans: list[FoundPlan] = []
    skipped: list[str] = []
    _search(folder, folder, plans, skipped)
    cache = cache_beside(folder)
    plans = [replace(plan, memory=cache / f"{plan.name.replace('/', '__')}.json") for plan in plans]
    listed = ", ".join(skipped[:LISTED]) + (", ..." if len(skipped) > LISTED else "")
    return plans, [f"{folder.name}: no plans, so left out: {listed}"] if skipped else []


def _search(top: Path, folder: Path, plans: list[FoundPlan], skipped: list[str]) -> None:
    for path in sorted(folder.iterdir()):
        name = path.relative_to(top).as_posix()
        if path.name[0] == "." or path.stem.lower() == "readme":
            continue
        if path.is_dir():
            if is_pinnacle(path) or holds_dose(path):
                plans.append(FoundPlan(name, path))
            elif len(path.relative_to(top).parts) <= DEEPEST:
                before, inside = len(plans), list[str]()
                _search(top, path, plans, inside)
                skipped += inside if len(plans) > before else [f"{name}/"]
        elif path.suffix.lower() in SUFFIXES and path.is_file() and is_plan_text(path):
            plans.append(FoundPlan(name, path))
        else:
            skipped.append(name)


def read_plans(
    plans: Sequence[FoundPlan],
    *,
    mapping: Mapping[str, str] | None = None,
    confirmed: Collection[str] = (),
    only: Collection[str] = (),
    **how: Any,
) -> list[ImportedPlan]:
    """Read plans as `radsim.planfiles.read_plan` does.

    Parameters
    ----------
    mapping
        Plan name to structure, used where it occurs; a name that occurs nowhere is an error.
    confirmed
        Names of plans whose doses are meant.
    only
        radsim's names of the structures to read; all without any.

    Raises
    ------
    Questioned
        A line for each plan whose doses can hardly be meant.
    ValueError
        A line for each plan that can't be read.
    """
    read, wrong, asked = [], [], []
    for plan in plans:
        settings = dict(how, mapping=mapping, partly=True, only=tuple(sorted(only)))
        try:
            imported = remembered(plan.memory, plan.path, settings, read_unasked)
            read.append(answered(imported, plan.name, plan.name in confirmed))
        except Questioned as question:
            asked.append(str(question))
            read.append(imported)
        except ValueError as error:
            first, _, rest = str(error).partition(": ")
            wrong.append(f"{plan.name}: {rest if first == plan.path.name else error}")
    if wrong:
        raise ValueError("\n".join(wrong))
    names = {structure.name for plan in read for structure in plan.structures}
    for name in mapping or {}:
        if name not in names:
            raise ValueError(f"no plan has a structure {name!r}; {nearest(name, sorted(names))}")
    if asked:
        raise Questioned("\n".join(asked))
    return read
