"""A folder of a user's own plans, as the settings of an arm."""

import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from radsim.planfiles import ImportedPlan, Questioned, read_plan
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.structures import ORGANS, TARGETS

ENOUGH = 25  # plans from which a smoothed bootstrap describes a population better than they do
KINDS = (".csv", ".txt")  # files that may be plans; folders are read as DICOM
READING = ("folder", "names")  # keys that only say what to read


def expand_library(
    settings: Mapping[str, Any], base: Path, confirmed: Collection[str] = ()
) -> dict[str, Any]:
    """Read the plans of an arm's ``folder`` into the arm.

    Parameters
    ----------
    settings
        The arm: ``folder``, and where the files do not say it ``names`` (name in the plans to
        structure), ``prescription`` [Gy] and ``fractions``.
    base
        Where the folder is looked for.
    confirmed
        Names of plans in the folder that are meant, whatever was asked about their doses.

    Returns
    -------
    dict
        The arm with ``plans``, one table of structures each: ``dose`` at volume nodes,
        hottest first, and ``d003cc`` [Gy].

    Raises
    ------
    ValueError
        If there is no plan, one can't be read or is questioned, or they are not of one regimen.
    """
    if "folder" not in settings:
        return dict(settings)
    folder = base / str(settings["folder"])
    require(folder.is_dir(), f"folder: {folder} is not a folder")
    paths = sorted(p for p in folder.iterdir() if p.is_dir() or p.suffix.lower() in KINDS)
    require(len(paths) > 0, f"folder: {folder} holds no plan (folders of DICOM, .csv or .txt)")
    plans, questioned = [], []
    for path in paths:
        try:
            plans.append(_read(path, settings, path.name in confirmed))
        except Questioned as question:
            questioned.append(f'{question}; if it is meant, confirmed = ["{path.name}"]')
    require(not questioned, "\n".join(questioned))
    full = {key: value for key, value in settings.items() if key not in READING}
    for name in ("prescription", "fractions"):
        stated = {getattr(plan, name): path.name for plan, path in zip(plans, paths, strict=True)}
        require(
            None not in stated, f"{stated.get(None)} does not state its {name}; give the arm {name}"
        )
        require(
            len(stated) == 1,
            f"the library mixes regimens: {name} is "
            + ", ".join(f"{value:g} in {file}" for value, file in stated.items()),
        )
        full[name] = next(iter(stated))
    full["plans"] = [_structures(plan, path.name) for plan, path in zip(plans, paths, strict=True)]
    if len(plans) < ENOUGH and "smoothing" not in full:
        warnings.warn(
            f"{folder.name} holds {len(plans)} of the {ENOUGH} plans that smoothing needs, so they "
            "are used as they are",
            stacklevel=2,
        )
        full["smoothing"] = 0.0
    return full


def _read(path: Path, settings: Mapping[str, Any], confirmed: bool) -> ImportedPlan:
    plan = read_plan(
        path,
        mapping=settings.get("names"),
        prescription=settings.get("prescription"),
        fractions=settings.get("fractions"),
        known_only=True,
        confirmed=confirmed,
    )
    for warning in plan.warnings:
        warnings.warn(f"{path.name}: {warning}", stacklevel=3)
    return plan


def _structures(plan: ImportedPlan, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for structure in plan.structures:
        if structure.structure in (*TARGETS, *ORGANS):
            entry: dict[str, Any] = {"dose": [float(dose) for dose in structure.dose]}
            if structure.structure in ORGANS:
                require(
                    structure.d003cc == structure.d003cc,
                    f"{name}: {structure.name} has no D0.03cc: too small, or cut off",
                )
                entry["d003cc"] = float(structure.d003cc)
            found[structure.structure] = entry
    require("gtv" in found or "ptv" in found, f"{name} has neither gtv nor ptv")
    return found
