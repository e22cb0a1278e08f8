"""What was read from DICOM, remembered beside it and checked before it is used again.

A plan is taken from memory only if its files, by content, the settings and the version of radsim
are those of last time, and if the memory itself is whole; otherwise it is read again. There is one
memory for each plan, so that it does not grow.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from radsim.planfiles.curve import Curve
from radsim.planfiles.dicom.files import plan_files
from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.planfiles.texts.pinnacle import is_pinnacle
from radsim.vocabulary.files import contents, text_of
from radsim.vocabulary.versions import __version__

NUMBERS = ("name", "structure", "volume", "d003cc", "missing", "cut_dose")
FACTS = ("prescription", "fractions", "source", "warnings", "questions")
FORMAT = 3  # of what is stored and how it is named; a change makes all of it be read again


def cache_beside(folder: Path) -> Path:
    """Folder for what is remembered of the plans in a folder, hidden beside it."""
    folder = folder.resolve()
    return folder.parent / f".{folder.name}.radsim"


def remembered(
    stored: Path | None,
    path: Path,
    settings: Mapping[str, Any],
    read: Callable[..., ImportedPlan],
) -> ImportedPlan:
    """Return the plan of a DICOM folder as it is stored, or read it and store it.

    Text files are read at once: that takes no longer. So are plans whose memory can't be written.
    """
    if stored is None or not path.is_dir() or is_pinnacle(path):
        return read(path, **settings)
    key = _key(path, settings)
    known = _load(stored, key)
    if known is not None:
        return known
    plan = read(path, **settings)
    _store(stored, key, plan)
    return plan


def _key(folder: Path, settings: Mapping[str, Any]) -> str:
    digest = blake2b(f"{FORMAT} {__version__} {sorted(settings.items())!r}".encode())
    for file in plan_files(folder):
        stored = contents(file)
        digest.update(f"{file.name} {len(stored)} ".encode())
        digest.update(stored)
    return digest.hexdigest()


def _load(stored: Path, key: str) -> ImportedPlan | None:
    try:
        head, _, body = text_of(stored).partition("\n")
        if head != f"{key} {blake2b(body.encode()).hexdigest()}":
            return None
        return _from_json(json.loads(body))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _store(stored: Path, key: str, plan: ImportedPlan) -> None:
    body = json.dumps(_to_json(plan))
    beside = stored.with_suffix(f".{os.getpid()}")
    try:
        stored.parent.mkdir(exist_ok=True)
        beside.write_text(f"{key} {blake2b(body.encode()).hexdigest()}\n{body}", encoding="utf-8")
        beside.replace(stored)
    except OSError:  # a folder that can't be written is read again the next time
        with suppress(OSError):
            beside.unlink()


def _to_json(plan: ImportedPlan) -> dict[str, Any]:
    structures = [
        {
            **{name: getattr(structure, name) for name in NUMBERS},
            "dose": structure.dose.tolist(),
            "curve": [structure.dvh.share.tolist(), structure.dvh.dose.tolist()],
        }
        for structure in plan.structures
    ]
    return {name: getattr(plan, name) for name in FACTS} | {"structures": structures}


def _from_json(stored: Mapping[str, Any]) -> ImportedPlan:
    structures = tuple(
        ImportedStructure(
            **{name: structure[name] for name in NUMBERS},
            dose=np.array(structure["dose"]),
            curve=Curve(*map(np.array, structure["curve"])),
        )
        for structure in stored["structures"]
    )
    facts = {name: stored[name] for name in FACTS}
    lists = {name: tuple(facts[name]) for name in ("warnings", "questions")}
    return ImportedPlan(structures=structures, **(facts | lists))
