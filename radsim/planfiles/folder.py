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
from radsim.vocabulary.texts import one_line
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

    A folder with an RTDOSE is one plan; other folders are searched, each once. Text files are plans
    if they hold DVHs. README files and hidden ones are passed over without a word.
    """
    folder = Path(folder)
    name, found = one_line(folder.resolve().name), _Search(folder)
    if _is_plan(folder):
        found.below(folder)
        within = _listed([plan.name for plan in found.plans])
        notes = [f"{name} is one plan, so left out: {within}"] if within else []
        return [FoundPlan(name, folder)], notes
    found.below(folder)
    cache = cache_beside(folder)
    plans = [
        replace(plan, memory=cache / f"{plan.name.replace('/', '__')}.json") for plan in found.plans
    ]
    skipped = _listed(found.skipped)
    return plans, [f"{name}: no plans, so left out: {skipped}"] if skipped else []


def _is_plan(folder: Path) -> bool:
    return is_pinnacle(folder) or holds_dose(folder)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")


class _Search:
    """What was found below a folder, and which folders were seen, for links may lead back."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.plans: list[FoundPlan] = []
        self.skipped: list[str] = []
        self.seen = {top.resolve()}

    def below(self, folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            name = one_line(path.relative_to(self.top).as_posix())
            if path.name[0] == "." or path.stem.lower() == "readme":
                continue
            if path.is_dir():
                self._enter(path, name)
            elif path.suffix.lower() in SUFFIXES and path.is_file() and is_plan_text(path):
                self.plans.append(FoundPlan(name, path))
            else:
                self.skipped.append(name)

    def _enter(self, path: Path, name: str) -> None:
        place = path.resolve()
        if place in self.seen or len(path.relative_to(self.top).parts) > DEEPEST:
            return
        self.seen.add(place)
        if is_plan := _is_plan(path):
            self.plans.append(FoundPlan(name, path))
        plans, skipped = len(self.plans), len(self.skipped)
        self.below(path)
        within = [plan.name for plan in self.plans[plans:]]
        if is_plan:  # its other files are no plans, and plans below it are not meant
            del self.plans[plans:]
            self.skipped[skipped:] = within
        elif not within:
            self.skipped[skipped:] = [f"{name}/"]


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
            wrong.append(_told_of(plan, str(error)))
    if wrong:
        raise ValueError("\n".join(wrong))
    names = {structure.name for plan in read for structure in plan.structures}
    for name in mapping or {}:
        if name not in names:
            raise ValueError(f"no plan has a structure {name!r}; {nearest(name, sorted(names))}")
    if asked:
        raise Questioned("\n".join(asked))
    return read


def _told_of(plan: FoundPlan, mistake: str) -> str:
    """Say a mistake of a plan under its name in the table, and once."""
    for written in (str(plan.path), plan.path.name):
        before, _, rest = mistake.partition(written)
        if not before and rest[:1] in (":", " "):
            return f"{plan.name}{rest}"
    return f"{plan.name}: {mistake}"
