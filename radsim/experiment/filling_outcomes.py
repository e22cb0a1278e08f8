"""Outcome sections filled in: presets, what they say of their endpoint, models beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radsim.experiment.filling_presets import as_text, fill_preset, merge
from radsim.experiment.older_spellings import WITHDRAWN
from radsim.experiment.outcomes import ABOUT, ALTERNATIVES, SECTION_KEYS
from radsim.experiment.problems import Problems
from radsim.presets import PRESET_FILE, Preset, load_preset, preset_names, presets_of, read_preset
from radsim.presets.models import yielding
from radsim.radiobiology.cell_kill import LAWS_BY_NAME
from radsim.vocabulary.endpoints import LOCAL_FAILURE, SHIPPED
from radsim.vocabulary.event_names import check_event_name
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

KNOWN = tuple(e.event for e in SHIPPED if e is not LOCAL_FAILURE)  # complications by vocabulary


@dataclass(frozen=True)
class Wanted:
    """What the models of a section are to be of, and where mistakes and files of it are."""

    family: str  # of their presets
    section: str  # its key in the file
    endpoint: str  # as a preset names it
    folder: Path
    problems: Problems
    stated: bool = False  # the section itself says what its endpoint is: any preset may serve it

    @property
    def presets(self) -> list[str]:
        """Names of the presets of the endpoint, of the whole family where it has none."""
        names = presets_of(self.endpoint) if self.family == "ntcp" else []
        return names or preset_names(self.family)


def fill_control(section: dict[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
    """Fill in ``[tcp]``."""
    return _section(section, Wanted("tcp", "tcp", LOCAL_FAILURE.reported, folder, problems))


def fill_complications(
    sections: dict[str, Any], folder: Path, problems: Problems
) -> dict[str, Any]:
    """Fill in every ``[ntcp.NAME]``."""
    full: dict[str, Any] = {}
    others = (*KNOWN, *sections)
    beside = {f"{other}_{ALTERNATIVES}": other for other in others}
    for name, section in sections.items():
        key = f"ntcp.{name}"
        if name in beside:
            meant = f"ntcp.{beside[name]}.{ALTERNATIVES}"
            problems.refuse(key, f"no such key; did you mean {meant!r}?")
        elif problems.attempt(key, _check_section, name, section, others, default=False):
            stated = bool(section.get("words")) and name not in KNOWN
            wanted = Wanted("ntcp", key, name, folder, problems, stated)
            full[name] = _section(section, wanted)
    return full


def _check_section(name: str, section: Any, others: Iterable[str]) -> bool:
    """Check the name of an endpoint, and that radsim is told what one of one's own is."""
    such = f", such as {{ preset = {section!r} }}" if isinstance(section, str) else ""
    require(isinstance(section, dict), f"must be a table{such}, got {section!r}")
    check_event_name(name, others)
    if name in KNOWN:
        require("good" not in section, "good: is for an endpoint of one's own")
    elif not str(section.get("words", "")).strip() and "preset" not in section:
        meant = nearest(name, KNOWN)
        raise ValueError(f"no endpoint {name!r} is known ({meant}); one of your own needs words")
    return True


def _section(section: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """Fill in a section's own model and those beside it."""
    keys = SECTION_KEYS[wanted.family]
    about = {key: value for key, value in section.items() if key in keys}
    stated = {key: value for key, value in section.items() if key not in keys}
    model, spoken = wanted.problems.attempt(
        wanted.section, _stated_model, stated, wanted, default=(stated, {})
    )
    listed = about.get(ALTERNATIVES, [])
    if isinstance(listed, (list, tuple)):
        listed = [_alternative(place, entry, model, wanted) for place, entry in enumerate(listed)]
    return {**spoken, **about, "model": model, ALTERNATIVES: listed}


def _alternative(place: int, entry: Any, stated: Any, wanted: Wanted) -> Any:
    """Fill in an alternative; one that names neither preset nor kind is the file's own, changed."""
    table = {"preset": entry} if isinstance(entry, str) else entry
    if not isinstance(table, dict):
        return table
    if "preset" not in table and "kind" not in table:
        table = merge(yielding(stated, table), table)
    key = f"{wanted.section}.{ALTERNATIVES}[{place}]"
    return wanted.problems.attempt(key, _model, table, wanted, default=(None, table))[1]


def _stated_model(section: dict[str, Any], wanted: Wanted) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fill in a section's own model, and give what its preset says of the endpoint."""
    preset, full = _model(section, wanted)
    if preset is None or wanted.stated or wanted.family == "tcp":
        return full, {}
    same = preset.endpoint == wanted.endpoint
    spoken = {key: value for key in ABOUT if same and (value := getattr(preset, key))}
    require(
        "words" in spoken or wanted.endpoint in KNOWN,
        f"{preset.name} does not say what {wanted.endpoint} is; give the section words",
    )
    return full, spoken


def _model(section: dict[str, Any], wanted: Wanted) -> tuple[Preset | None, dict[str, Any]]:
    """Fill in a model's preset, and those of its law of cell kill and of its modifiers."""
    preset, full = None, section
    if "preset" in section:
        preset, full = _over_preset(section, wanted)
        _check_endpoint(preset, wanted)
    if "cell_kill" in full:
        full = {**full, "cell_kill": _law(full["cell_kill"])}
    if isinstance(full.get("modifiers"), (list, tuple)):
        full = {**full, "modifiers": [_modifier(entry) for entry in full["modifiers"]]}
    return preset, full


def _over_preset(section: dict[str, Any], wanted: Wanted) -> tuple[Preset, dict[str, Any]]:
    """Read a preset that radsim ships, or one in a file of one's own, and lay a section over it."""
    name = as_text(section["preset"])
    if Path(name).suffix == PRESET_FILE:
        preset = read_preset(wanted.family, wanted.folder / name)
        stated = {key: value for key, value in section.items() if key != "preset"}
        return preset, merge(yielding(preset.settings(), stated), stated)
    require(
        name in preset_names(wanted.family),
        WITHDRAWN.get(name, f"no such preset {name!r}; there are: {', '.join(wanted.presets)}"),
    )
    preset = load_preset(wanted.family, name)
    return preset, merge(yielding(preset.settings(), section), section)


def _check_endpoint(preset: Preset, wanted: Wanted) -> None:
    """Refuse a preset that says that it is a model of another endpoint."""
    if preset.endpoint in ("", wanted.endpoint) or wanted.stated:
        return
    other = "tcp" if preset.endpoint == LOCAL_FAILURE.reported else f"ntcp.{preset.endpoint}"
    meant = f"did you mean [{other}]?"
    if wanted.endpoint in KNOWN or wanted.family == "tcp" or presets_of(wanted.endpoint):
        meant = f"presets of {wanted.endpoint}: {', '.join(wanted.presets)}"
    raise ValueError(f"{preset.name} is a model of {preset.endpoint}; {meant}")


def _law(law: Any) -> Any:
    if isinstance(law, str):
        if law in LAWS_BY_NAME:
            return {"kind": law}
        law = {"preset": law}
    return fill_preset("cell_kill", law) if isinstance(law, dict) else law


def _modifier(modifier: Any) -> Any:
    table = {"preset": modifier} if isinstance(modifier, str) else modifier
    if not isinstance(table, dict) or "preset" not in table:
        return table
    ratios = load_preset("modifier", as_text(table["preset"])).parameters["hazard_ratio"]
    published = ratios.flag != "assumption" and ratios.uncertainty
    interval = {"interval": ratios.uncertainty} if published else {}
    return {**interval, **fill_preset("modifier", table)}
