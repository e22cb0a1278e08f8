"""A folder of a user's own plans, as the settings of an arm."""

import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from radsim.planfiles import FoundPlan, ImportedPlan, Questioned, plans_in, read_plans
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.structures import NEURAL, TARGETS, structure_named

ENOUGH = 25  # plans from which a smoothed bootstrap describes a population better than they do
LISTED = 5  # names of plans in a warning
READING = ("folder", "names")  # keys that only say what to read


def expand_library(
    settings: Mapping[str, Any], base: Path, confirmed: Collection[str] = ()
) -> dict[str, Any]:
    """Read the plans of an arm's ``folder`` into the arm.

    The folder is looked for in ``base``. Where the files do not say it, the arm gives ``names``
    (name in the plans to structure), ``prescription`` [Gy] and ``fractions``. ``plans`` becomes a
    table of structures for each: ``dose`` at volume nodes, hottest first, and ``d003cc`` [Gy].
    Plans named in ``confirmed`` are meant, whatever was asked about their doses.

    Raises
    ------
    ValueError
        If there is no plan, one can't be read or is questioned, or they are not of one regimen.
    """
    if "folder" not in settings:
        return dict(settings)
    folder = base / str(settings["folder"])
    require(folder.is_dir(), f"folder: {folder} is not a folder")
    sought, notes = plans_in(folder)
    require(len(sought) > 0, f"folder: {folder} holds no plan (folders of DICOM, .csv or .txt)")
    plans = _read(sought, settings, confirmed)
    for note in [
        *notes,
        *(f"{f.name}: {w}" for f, p in zip(sought, plans, strict=True) for w in p.warnings),
    ]:
        warnings.warn(note, stacklevel=2)
    names = [found.name for found in sought]
    full = {key: value for key, value in settings.items() if key not in READING}
    for name in ("prescription", "fractions"):
        stated = {getattr(plan, name): file for plan, file in zip(plans, names, strict=True)}
        require(
            None not in stated, f"{stated.get(None)} does not state its {name}; give the arm {name}"
        )
        require(
            len(stated) == 1,
            f"the library mixes regimens: {name} is "
            + ", ".join(f"{value:g} in {file}" for value, file in stated.items()),
        )
        full[name] = next(iter(stated))
    full["plans"] = [_structures(plan, file) for plan, file in zip(plans, names, strict=True)]
    _tell_what_some_lack(dict(zip(names, full["plans"], strict=True)))
    if len(plans) < ENOUGH and "smoothing" not in full:
        warnings.warn(
            f"{folder.name} holds {len(plans)} of the {ENOUGH} plans that smoothing needs, so they "
            "are used as they are",
            stacklevel=2,
        )
        full["smoothing"] = 0.0
    return full


def _read(
    sought: list[FoundPlan], settings: Mapping[str, Any], confirmed: Collection[str]
) -> list[ImportedPlan]:
    try:
        return read_plans(
            sought,
            mapping=settings.get("names"),
            prescription=settings.get("prescription"),
            fractions=settings.get("fractions"),
            known_only=True,
            confirmed=confirmed,
        )
    except Questioned as question:
        lines = [
            f'{line}; if it is meant, confirmed = ["{line.partition(":")[0]}"]'
            for line in str(question).splitlines()
        ]
        raise ValueError("\n".join(lines)) from None


def _tell_what_some_lack(plans: Mapping[str, Mapping[str, Any]]) -> None:
    """Warn of structures that only some plans have, and that the library so does without."""
    for structure in (*TARGETS, *NEURAL):
        pool = {
            name: plan
            for name, plan in plans.items()
            if not structure_named(structure).exists
            or any(structure_named(organ).exists for organ in plan)
        }
        lacking = [name for name, plan in pool.items() if structure not in plan]
        if lacking and len(lacking) < len(pool):
            warnings.warn(
                f"{', '.join(lacking[:LISTED])} of {len(pool)} plans without {structure}, so the "
                f'library has none: name it, names = {{ "name in the plan" = "{structure}" }}, or '
                "leave them out",
                stacklevel=3,
            )


def _structures(plan: ImportedPlan, name: str) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for structure in plan.structures:
        if structure.structure in (*TARGETS, *NEURAL):
            entry: dict[str, Any] = {"dose": [float(dose) for dose in structure.dose]}
            if structure.structure not in TARGETS:
                require(
                    structure.d003cc == structure.d003cc,
                    f"{name}: {structure.name} has no D0.03cc: too small, or cut off",
                )
                entry["d003cc"] = float(structure.d003cc)
            entries[structure.structure] = entry
    require(
        "gtv" in entries or "ptv" in entries,
        f"{name} has neither gtv nor ptv: name them, "
        'names = { "name in the plan" = "gtv" }, or leave the plan out',
    )
    return entries
