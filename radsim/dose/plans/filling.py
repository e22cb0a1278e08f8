"""Presets and rules of a plan filled in, before it is checked."""

from collections.abc import Mapping
from typing import Any

from radsim.presets import load_preset
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.structures import KNOWN, STRUCTURES, TARGETS
from radsim.vocabulary.words import closest

CONFORMAL = "conformal"
PLANNED = ("limits", "minimum_coverage", "maximum_dose")  # of a regimen; no part of a uniform field
FIRST_COURSE = {  # limits of a course that nothing came before, by its fractions
    1: "portpy-single-fraction",
    2: "two-fraction",
    3: "hytec-three-fraction",
    5: "hytec-five-fraction",
}
REPORTED_RULES = ("cumulative-bed3-75-106", "hytec-reirradiation")  # for any arm with a prior


def expand_plan(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what an arm names by preset, so that it is explicit and runs again as it is.

    ``regimen`` fills in every key that the arm does not set, but for what a uniform field is not
    planned to. ``limits`` may be a table:
    ``{ preset = "..." }``, of one preset or of several in a list, ``{ cord_prv = 14.0 }`` for
    D0.03cc at most that dose, or both, where the second replaces the preset's mandatory limit of
    that structure. ``priors`` stand in the place of a regimen's earlier course. An arm with an
    earlier course, or a later course, whose limits are cumulative also keeps those of a first
    course in as many fractions, where it states no mandatory D0.03cc of that structure; and it
    gets the known rules for two courses as flags. Anything malformed is left for validation to
    report.

    Raises
    ------
    ValueError
        If there is no such preset, or the table of limits names an unknown structure.

    Examples
    --------
    >>> expand_plan({"prescription": 24.0, "limits": {"thecal_sac": 18.0}})["limits"]
    [{'kind': 'dose', 'structure': 'thecal_sac', 'metric': 'D0.03cc', 'at_most': 18.0}]
    """
    if "courses" in settings or settings.get("kind") == "sequence":
        return _sequence(settings)
    expanded = dict(settings)
    regimen = expanded.get("regimen")
    if regimen is not None:
        require(isinstance(regimen, str), f"regimen: must be text in quotes, got {regimen!r}")
        try:
            preset = load_preset("regimen", regimen)
        except ValueError as error:
            raise ValueError(f"regimen: {error}") from None
        filled = preset.settings()
        if "priors" in expanded:
            filled.pop("prior", None)
        if expanded.get("field") == "uniform":
            filled = {name: value for name, value in filled.items() if name not in PLANNED}
        expanded = {**filled, **expanded}
    expanded.setdefault("kind", "external_beam")
    if expanded["kind"] == "intraoperative":
        return {**load_preset("dose", "low-energy-source").settings(), **expanded}
    if isinstance(expanded.get("limits"), Mapping):
        expanded["limits"] = _expand_limits(expanded["limits"])
    if isinstance(expanded.get("limits"), list | tuple):
        expanded["limits"] = [
            _as_dose({"kind": "dose", **entry}) if isinstance(entry, Mapping) else entry
            for entry in expanded["limits"]
        ]
    if expanded.get("prior") or expanded.get("priors"):
        return _as_second_course(expanded)
    return expanded


def _sequence(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in each course of a sequence."""
    full = {"kind": "sequence", **settings}
    courses = full.get("courses")
    if not isinstance(courses, list | tuple):
        return full
    filled = []
    for place, course in enumerate(courses):
        if not isinstance(course, Mapping):
            filled.append(course)
            continue
        try:
            plan = expand_plan(course)
        except ValueError as error:
            raise ValueError(f"courses[{place}]: {error}") from None
        require(
            plan["kind"] == "external_beam",
            f"courses[{place}]: a course of a sequence is external beam, got {plan['kind']}",
        )
        if full.get("prior") or full.get("priors") or place:
            plan = _as_second_course(plan)
        filled.append({name: value for name, value in plan.items() if name != "kind"})
    return {**full, "courses": filled}


def _as_dose(entry: dict[str, Any]) -> dict[str, Any]:
    """Write a limit of the volume above a dose as what it says: a limit of the dose to that volume.

    V20Gy at most 0.3 is D30% at most 20 Gy, V15Gy_cc at most 5 cm3 is D5cc at most 15 Gy, and V24Gy
    at least 0.9 is D90% at least 24 Gy.

    Examples
    --------
    >>> _as_dose({"structure": "lung", "metric": "V20Gy", "at_most": 0.3})
    {'structure': 'lung', 'metric': 'D30%', 'at_most': 20.0}
    """
    try:
        metric = parse_metric(entry["metric"]) if isinstance(entry.get("metric"), str) else None
    except ValueError:
        return entry  # for validation to report
    bounds = [name for name in ("at_most", "at_least") if entry.get(name) is not None]
    if metric is None or metric.is_dose or len(bounds) != 1 or not is_number(entry[bounds[0]]):
        return entry
    volume = float(entry[bounds[0]])
    named = f"{entry.get('structure')} {entry['metric']}"
    if metric.kind == "volume_above":
        require(volume > 0, f"limits: {named}: {bounds[0]} must be above 0 cm3, got {volume:g}")
        return {**entry, "metric": f"D{volume:g}cc", bounds[0]: metric.number}
    require(
        0 < volume < 1,
        f"limits: {named}: {bounds[0]} must be a share between 0 and 1, got {volume:g}",
    )
    return {**entry, "metric": f"D{100.0 * volume:g}%", bounds[0]: metric.number}


def _as_second_course(plan: dict[str, Any]) -> dict[str, Any]:
    """Fill in what holds after an earlier course."""
    return _with_flags(_no_looser_than_a_first_course(plan))


def _no_looser_than_a_first_course(plan: dict[str, Any]) -> dict[str, Any]:
    """Add limits of a first course, so that one after a small dose is not planned hotter."""
    limits, fractions = plan.get("limits"), plan.get("fractions")
    preset = FIRST_COURSE.get(fractions) if isinstance(fractions, int) else None
    if preset is None or not isinstance(limits, list) or plan.get("field", CONFORMAL) != CONFORMAL:
        return plan
    entries = [limit for limit in limits if isinstance(limit, Mapping)]
    if not any(e.get("kind") == "cumulative" and e.get("role") != "flag" for e in entries):
        return plan
    added = [
        {"kind": "dose", **entry}
        for entry in load_preset("limits", preset).settings().values()
        if not any(_is_replaced(stated, entry["structure"]) for stated in entries)
    ]
    return {**plan, "limits": [*limits, *added]}


def _with_flags(plan: dict[str, Any]) -> dict[str, Any]:
    """Report the known rules for two courses, whether or not the plan keeps to them."""
    stated = plan.get("limits", [])
    if not isinstance(stated, list | tuple):
        return plan
    limits = list(stated)
    named = {limit.get("name") for limit in limits if isinstance(limit, Mapping)}
    for preset in REPORTED_RULES:
        for entry in load_preset("limits", preset).settings().values():
            if entry["name"] not in named:
                limits.append({**entry, "role": "flag"})
    return {**plan, "limits": limits}


def _expand_limits(table: Mapping[str, Any]) -> list[Any]:
    entries: list[Any] = []
    stated = table.get("preset", [])
    names = stated if isinstance(stated, list | tuple) else [stated]
    for name in names:
        require(isinstance(name, str), f"limits.preset: must be names in quotes, got {name!r}")
        require(names.count(name) == 1, f"limits.preset: names {name!r} twice")
        try:
            named = load_preset("limits", name).settings().values()
            entries += [dict(entry) for entry in named if entry not in entries]
        except (ValueError, TypeError) as error:
            raise ValueError(f"limits.preset: {error}") from None
    for structure, value in table.items():
        if structure == "preset":
            continue
        if structure not in KNOWN and (meant := closest(structure, ("preset", *STRUCTURES))):
            raise ValueError(f"limits.{structure}: did you mean {meant!r}?")
        if structure in TARGETS:
            raise ValueError(
                f"limits.{structure}: the short form is D0.03cc of an organ; write "
                "{ structure, metric, at_least } for a target"
            )
        entries = [entry for entry in entries if not _is_replaced(entry, structure)]
        entries.append({"structure": structure, "metric": "D0.03cc", "at_most": value})
    return entries


def _is_replaced(entry: Mapping[str, Any], structure: str) -> bool:
    return (
        entry.get("kind", "dose") == "dose"
        and entry.get("structure") == structure
        and entry.get("metric") == "D0.03cc"
        and not entry.get("optimal", False)
    )
