"""A folder of a user's own plans, as the settings of an arm."""

import warnings
from collections.abc import Collection, Mapping
from math import isnan
from pathlib import Path
from typing import Any

from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.library_limits import broken_limits
from radsim.dose.plans.limits import Limit
from radsim.dose.plans.prior import check_fractions, gray
from radsim.planfiles import (
    FoundPlan,
    ImportedPlan,
    ImportedStructure,
    Questioned,
    plans_in,
    read_plans,
)
from radsim.planfiles.questions import COLDEST_TARGET
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number, is_whole
from radsim.vocabulary.structures import HOT_SPOT, NEURAL, STRUCTURES, structure_named
from radsim.vocabulary.words import nearest

ENOUGH = 25  # plans from which a smoothed bootstrap describes a population better than they do
LISTED = 5  # names of plans in a warning
READING = ("folder", "names", "confirmed")  # keys that only say what to read


def expand_library(
    settings: Mapping[str, Any],
    base: Path | str,
    *,
    organs: Collection[str] | None = None,
    hot_spots: Collection[float] = (),
) -> dict[str, Any]:
    """Read the plans of an arm's ``folder`` into the arm.

    Where the files do not say it, the arm gives ``names`` (name in the plans to structure),
    ``prescription`` [Gy] and ``fractions``. ``confirmed`` are the names of plans that are meant,
    whatever was asked about their doses. ``plans`` becomes a table of structures for each, as
    `radsim.dose.plans.library.LibraryDose` has it. Which plans break a limit is warned of.

    Parameters
    ----------
    base
        Where the folder is looked for.
    organs
        Those that are kept beside the targets and the neural structures; None for all.
    hot_spots
        Volumes of hot spots [cm3] whose doses are kept as the plan's whole DVH has them.

    Raises
    ------
    ValueError
        If there is no plan, one can't be read or is questioned, or they are not of one regimen.
    """
    if "folder" not in settings:
        return dict(settings)
    _check_settings(settings)
    folder = Path(base) / settings["folder"]
    require(folder.is_dir(), f"folder: {folder} is not a folder")
    sought, notes = plans_in(folder)
    none = f"folder: {folder} holds no plan (folders of DICOM, .csv or .txt)"
    require(len(sought) > 0, "; ".join([none, *notes]))
    only = () if organs is None else {*STRUCTURES, *organs, *settings.get("names", {}).values()}
    confirmed = _confirmed(settings.get("confirmed", ()), [plan.name for plan in sought])
    plans = _read(sought, settings, confirmed, only)
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
    cold = _below_boost(dict(zip(names, plans, strict=True)), settings, confirmed)
    require(not cold, "\n".join(cold))
    full["plans"] = [
        _structures(plan, file, hot_spots) for plan, file in zip(plans, names, strict=True)
    ]
    _tell_what_some_lack(dict(zip(names, full["plans"], strict=True)))
    for line in broken_limits(dict(zip(names, plans, strict=True)), _limits(full)):
        warnings.warn(f"{folder.name}: {line}", stacklevel=2)
    if len(plans) < ENOUGH and "smoothing" not in full:
        warnings.warn(
            f"{folder.name} holds {len(plans)} of the {ENOUGH} plans that smoothing needs, so they "
            "are used as they are",
            stacklevel=2,
        )
        full["smoothing"] = 0.0
    return full


def _check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse what says how plans are read and is of another kind, before it is used."""
    folder, names = settings["folder"], settings.get("names", {})
    require(isinstance(folder, str | Path), f"folder: must be text in quotes, got {folder!r}")
    told = 'names: must be a table of texts, such as { Cord = "spinal_cord" }'
    require(isinstance(names, Mapping), f"{told}, got {names!r}")
    for name, structure in names.items():
        require(isinstance(structure, str), f"{told}, got {name} = {structure!r}")
    dose, fractions = settings.get("prescription", 1.0), settings.get("fractions", 1)
    require(is_number(dose), f"prescription must be a number, got {dose!r}")
    require(*gray("prescription", dose))
    require(is_whole(fractions), f"fractions must be a whole number, got {fractions!r}")
    require(*check_fractions("fractions", fractions))


def _confirmed(stated: Any, names: Collection[str]) -> list[str]:
    """Names of plans that are meant, each of one that there is."""
    told = "confirmed: must be a list of names of plans in quotes"
    require(isinstance(stated, list | tuple), f"{told}, got {stated!r}")
    for name in stated:
        require(isinstance(name, str), f"{told}, got {name!r}")
        require(name in names, f"confirmed: no plan is named {name!r}; {nearest(name, names)}")
    return list(stated)


def _limits(settings: Mapping[str, Any]) -> list[Limit]:
    """Limits of single courses that an arm states, by itself or by a preset."""
    try:
        stated = expand_plan(settings).get("limits", ())
        return [Limit(**entry) for entry in stated if entry["kind"] == "dose"]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # for validation to report


def _read(
    sought: list[FoundPlan],
    settings: Mapping[str, Any],
    confirmed: Collection[str],
    only: Collection[str],
) -> list[ImportedPlan]:
    try:
        return read_plans(
            sought,
            mapping=settings.get("names"),
            prescription=settings.get("prescription"),
            fractions=settings.get("fractions"),
            only=only,
            confirmed=confirmed,
        )
    except Questioned as question:
        raise ValueError("\n".join(map(_asked, str(question).splitlines()))) from None


def _asked(question: str) -> str:
    """Say how a question about a plan, which begins with its name, is answered."""
    name = question.partition(":")[0]
    return f'{question}; if it is meant, give the arm confirmed = ["{name}"]'


def _below_boost(
    plans: Mapping[str, ImportedPlan], settings: Mapping[str, Any], confirmed: Collection[str]
) -> list[str]:
    """Ask about plans whose GTV does not get the boost that the arm states [Gy]."""
    boost = settings.get("boost")
    if not is_number(boost):
        return []
    medians = {
        name: plan["gtv"].dvh.at(0.5)
        for name, plan in plans.items()
        if "gtv" in plan and name not in confirmed
    }
    return [
        _asked(
            f"{name}: GTV: D50 is {median:.4g} Gy, {100 * median / boost:.2g} % of the arm's boost "
            f"of {boost:g} Gy"
        )
        for name, median in medians.items()
        if median < COLDEST_TARGET * boost
    ]


def _tell_what_some_lack(plans: Mapping[str, Mapping[str, Any]]) -> None:
    """Warn of structures that only some plans have, and of what the library does about it."""
    for structure in dict.fromkeys((*STRUCTURES, *(s for plan in plans.values() for s in plan))):
        known = structure_named(structure)
        pool = {
            name: plan
            for name, plan in plans.items()
            if not known.exists or any(structure_named(organ).exists for organ in plan)
        }
        lacking = [name for name, plan in pool.items() if structure not in plan]
        if not lacking or len(lacking) == len(pool):
            continue
        told = f"{', '.join(lacking[:LISTED])} of {len(pool)} plans without {structure}, so "
        if known.regions:
            told += (
                f"patients who have one ({', '.join(known.regions)}) get the other "
                f"{len(pool) - len(lacking)}"
            )
        else:
            told += (
                f'the library has none: name it, names = {{ "name in the plan" = "{structure}" }}, '
                "or leave them out"
            )
        warnings.warn(told, stacklevel=3)


def _structures(plan: ImportedPlan, name: str, hot_spots: Collection[float]) -> dict[str, Any]:
    """Doses of the structures of a plan that have a name of radsim's."""
    entries = {
        structure.structure: _entry(structure, name, hot_spots)
        for structure in plan.structures
        if structure.structure is not None
    }
    require(
        "gtv" in entries or "ptv" in entries,
        f"{name} has neither gtv nor ptv: name them, "
        'names = { "name in the plan" = "gtv" }, or leave the plan out',
    )
    return entries


def _entry(structure: ImportedStructure, name: str, hot_spots: Collection[float]) -> dict[str, Any]:
    """Dose of a structure; without its volume where not every hot spot is known."""
    entry: dict[str, Any] = {"dose": [float(dose) for dose in structure.dose]}
    unknown = isnan(structure.d003cc)
    require(
        not (unknown and structure.structure in NEURAL),
        f"{name}: {structure.name} has no D0.03cc: too small, or cut off",
    )
    if not unknown and structure.missing < HOT_SPOT:
        entry["volume"] = float(structure.volume)
    if not unknown:
        entry["d003cc"] = float(structure.d003cc)
    read = {size: structure.read(Metric("dose_at_volume", size)) for size in sorted(hot_spots)}
    listed = [(size, dose) for size, dose in read.items() if not isnan(dose) and size != HOT_SPOT]
    return entry | ({"hot_spots": listed} if listed else {})
