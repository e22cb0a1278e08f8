"""From the short experiment file that a person writes to one in which every number stands."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.library_folder import READING, expand_library
from radsim.experiment.filling_cohort import fill_cohort
from radsim.experiment.problems import Problems, as_text
from radsim.experiment.short_form import ARM_KEYS
from radsim.presets import load_preset, preset_names, read_preset
from radsim.presets.sources import PRESET_FILE
from radsim.radiobiology.cell_kill import LAWS_BY_NAME
from radsim.vocabulary.mistakes import require

DOSE_PRESET = DOSE_KIND = "distance"  # unless the file names another preset
FRACTURE_KIND = "proportional_hazards"  # of the presets of vcf, and of no other endpoint
CORD_PRESETS = ("sbrt-cord-default", "sbrt-cord-low", "sbrt-cord-case-control")


def expand_experiment(raw: dict[str, Any], folder: Path) -> tuple[dict[str, Any], Problems]:
    """Fill in presets, files and short forms.

    Parameters
    ----------
    raw
        The tables of an experiment file.
    folder
        Where the files that it names are looked for.

    Returns
    -------
    tuple
        The same experiment with nothing left to look up, and the mistakes found on the way.
        What can't be understood is left as it is, for the validation to report.
    """
    problems = Problems()
    full = dict(raw)
    if "cohort" in raw:
        full["cohort"] = _section(
            raw, "cohort", problems, lambda c: fill_cohort(c, folder, problems)
        )
    full["dose"] = _section(raw, "dose", problems, _dose)
    for name, step in (
        ("tcp", partial(_model, "tcp", folder=folder)),
        ("survival", partial(_preset, "survival")),
    ):
        if name in raw:
            full[name] = _section(raw, name, problems, step)
    if isinstance(raw.get("tcp_alternatives"), (list, tuple)):
        full["tcp_alternatives"] = [
            _alternative("tcp", f"tcp_alternatives[{i}]", entry, folder, problems, full.get("tcp"))
            for i, entry in enumerate(raw["tcp_alternatives"])
        ]
    if isinstance(raw.get("ntcp"), dict):
        full["ntcp"] = _ntcp(raw["ntcp"], folder, problems)
    if isinstance(raw.get("arms"), dict):
        full["arms"] = {
            name: _arm(f"arms.{name}", arm, folder, problems) for name, arm in raw["arms"].items()
        }
    return full, problems


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over settings, table by table; a table with another kind replaces the old one."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        same_kind = isinstance(value, dict) and value.get("kind") in (None, _kind(old))
        if isinstance(old, dict) and same_kind:
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _kind(table: Any) -> Any:
    return table.get("kind") if isinstance(table, dict) else None


def _section(
    raw: dict[str, Any], name: str, problems: Problems, step: Callable[[dict[str, Any]], Any]
) -> Any:
    section = raw.get(name, {})
    if not isinstance(section, dict):
        return section
    return problems.attempt(name, step, section, default=section)


def _preset(
    family: str, section: dict[str, Any], kind: str = "", endpoint: str = ""
) -> dict[str, Any]:
    """Lay a section over its preset, which has to be of a kind or of a complication's endpoint."""
    if "preset" not in section:
        return section
    name = as_text(section["preset"])
    names = preset_names(family)
    if kind:
        names = [other for other in names if load_preset(family, other).kind == kind]
    if endpoint:
        fractures = {n for n in names if load_preset(family, n).kind == FRACTURE_KIND}
        names = [n for n in names if (n in fractures) == (endpoint == "vcf")]
    require(name in names, f"no such preset {name!r}; there are: {', '.join(names)}")
    return merge(load_preset(family, name).settings(), section)


def _model(
    family: str, section: dict[str, Any], folder: Path, endpoint: str = ""
) -> dict[str, Any]:
    """Fill in a model's preset, and those of its law of cell kill and of its modifiers."""
    name = section.get("preset")
    if isinstance(name, str) and name.endswith(PRESET_FILE):
        own = {key: value for key, value in section.items() if key != "preset"}
        full = merge(read_preset(family, folder / name).settings(), own)
    else:
        full = _preset(family, section, endpoint=endpoint)
    if "cell_kill" in full:
        full = {**full, "cell_kill": _law(full["cell_kill"])}
    if isinstance(full.get("modifiers"), (list, tuple)):
        full = {**full, "modifiers": [_modifier(one) for one in full["modifiers"]]}
    return full


def _law(law: Any) -> Any:
    if isinstance(law, str):
        if law in LAWS_BY_NAME:
            return {"kind": law}
        law = {"preset": law}
    return _preset("cell_kill", law) if isinstance(law, dict) else law


def _modifier(modifier: Any) -> Any:
    table = {"preset": modifier} if isinstance(modifier, str) else modifier
    if not isinstance(table, dict) or "preset" not in table:
        return table
    ratios = load_preset("modifier", as_text(table["preset"])).parameters["hazard_ratio"]
    intervals = {"interval": ratios.uncertainty} if ratios.flag != "assumption" else {}
    return {**{k: v for k, v in intervals.items() if v}, **_preset("modifier", table)}


def _dose(section: dict[str, Any]) -> dict[str, Any]:
    return _preset("dose", {"preset": DOSE_PRESET, **section}, DOSE_KIND)


def _ntcp(section: dict[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
    full = {}
    for endpoint, model in section.items():
        if endpoint == "myelopathy_alternatives" and isinstance(model, (list, tuple)):
            full[endpoint] = [
                _alternative("ntcp", f"ntcp.{endpoint}[{i}]", entry, folder, problems)
                for i, entry in enumerate(model)
            ]
        elif isinstance(model, dict):
            key = f"ntcp.{endpoint}"
            full[endpoint] = problems.attempt(
                key, _model, "ntcp", model, folder, endpoint, default=model
            )
        else:
            full[endpoint] = model
    if "myelopathy" in full and "myelopathy_alternatives" not in full:
        own = full["myelopathy"].get("preset") if isinstance(full["myelopathy"], dict) else None
        full["myelopathy_alternatives"] = [
            _preset("ntcp", {"preset": name}) for name in CORD_PRESETS if name != own
        ]
    return full


def _alternative(
    family: str, key: str, entry: Any, folder: Path, problems: Problems, own: Any = None
) -> Any:
    """Fill in an alternative; one that names neither preset nor kind is the file's own, changed."""
    table = {"preset": entry} if isinstance(entry, str) else entry
    if not isinstance(table, dict):
        return table
    if own is not None and "preset" not in table and "kind" not in table:
        table = merge(own, table)
    endpoint = "myelopathy" if family == "ntcp" else ""
    return problems.attempt(key, _model, family, table, folder, endpoint, default=table)


def _arm(key: str, arm: Any, folder: Path, problems: Problems) -> Any:
    if not isinstance(arm, dict):
        return {"plan": arm}
    settings = {name: value for name, value in arm.items() if name not in ARM_KEYS}
    if settings.get("kind") == "library":
        unread = {name: value for name, value in settings.items() if name not in READING}
        settings = problems.attempt(key, expand_library, settings, folder, default=unread)
    unexpanded = {
        "kind": "external_beam",
        **{k: v for k, v in settings.items() if k not in ("limits", "regimen")},
    }
    full: dict[str, Any] = {
        "plan": problems.attempt(key, expand_plan, settings, default=unexpanded)
    }
    if "survival" in arm:
        full["survival"] = (
            problems.attempt(
                f"{key}.survival", _preset, "survival", arm["survival"], default=arm["survival"]
            )
            if isinstance(arm["survival"], dict)
            else arm["survival"]
        )
    if "pain_response" in arm:
        full["pain_response"] = arm["pain_response"]
    return full
