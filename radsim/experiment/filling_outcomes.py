"""Outcome sections filled in: presets, what they say of their endpoint, models beside them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radsim.experiment.filling_presets import fill_preset, merge
from radsim.experiment.outcomes import ABOUT, ALTERNATIVES, SECTION_KEYS
from radsim.experiment.problems import Problems, as_text
from radsim.presets import Preset, load_preset, preset_names, presets_of, read_preset
from radsim.presets.sources import PRESET_FILE
from radsim.radiobiology.cell_kill import LAWS_BY_NAME
from radsim.vocabulary.endpoints import LOCAL_FAILURE, SHIPPED
from radsim.vocabulary.event_names import check_event_name
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

KNOWN = tuple(e.event for e in SHIPPED if e is not LOCAL_FAILURE)  # complications by vocabulary


@dataclass(frozen=True)
class Wanted:
    """What the models of a section are to be of.

    Attributes
    ----------
    family
        Of their presets.
    section
        Where they stand in the file.
    endpoint
        As a preset names it.
    stated
        Whether the section itself says what its endpoint is, so that any preset may serve it.
    """

    family: str
    section: str
    endpoint: str
    stated: bool = False

    @property
    def presets(self) -> list[str]:
        """Names of the presets of the endpoint, of the whole family where it has none."""
        names = presets_of(self.endpoint) if self.family == "ntcp" else []
        return names or preset_names(self.family)


def fill_control(section: dict[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
    """Fill in ``[tcp]``."""
    wanted = Wanted("tcp", "tcp", LOCAL_FAILURE.reported)
    return _section(section, wanted, (), folder, problems)


def fill_complications(
    sections: dict[str, Any], folder: Path, problems: Problems
) -> dict[str, Any]:
    """Fill in every ``[ntcp.NAME]``."""
    full: dict[str, Any] = {}
    for name, section in sections.items():
        key = f"ntcp.{name}"
        if not isinstance(section, dict):
            problems.attempt(key, require, False, f"must be a table, got {section!r}", default=None)
            continue
        wanted = Wanted("ntcp", key, name, bool(section.get("words")) and name not in KNOWN)
        beside = sorted(presets_of(name), key=lambda other: load_preset("ntcp", other).beside)
        unasked = [other for other in beside if load_preset("ntcp", other).beside]
        if problems.attempt(key, _check_name, name, section, default=False):
            full[name] = _section(section, wanted, tuple(unasked), folder, problems)
    return full


def _check_name(name: str, section: dict[str, Any]) -> bool:
    """Check the name of an endpoint, and that radsim is told what one of one's own is."""
    check_event_name(name)
    if name in KNOWN:
        require("good" not in section, "good: is for an endpoint of one's own")
    elif not section.get("words") and "preset" not in section:
        meant = nearest(name, KNOWN)
        raise ValueError(f"no endpoint {name!r} is known ({meant}); one of your own needs words")
    return True


def _section(
    section: dict[str, Any], wanted: Wanted, beside: tuple[str, ...], folder: Path,
    problems: Problems,
) -> dict[str, Any]:  # fmt: skip
    """Fill in a section's own model and those beside it."""
    keys = SECTION_KEYS[wanted.family]
    about = {key: value for key, value in section.items() if key in keys}
    stated = {key: value for key, value in section.items() if key not in keys}
    own, spoken = problems.attempt(
        wanted.section, _own_model, stated, wanted, folder, default=(stated, {})
    )
    listed = about.get(ALTERNATIVES)
    if listed is None:
        listed = [name for name in beside if name != stated.get("preset")]
    if isinstance(listed, (list, tuple)):
        listed = [
            _alternative(
                f"{wanted.section}.{ALTERNATIVES}[{i}]", entry, own, wanted, folder, problems
            )
            for i, entry in enumerate(listed)
        ]
    return {**spoken, **about, "model": own, ALTERNATIVES: listed}


def _alternative(
    key: str, entry: Any, own: Any, wanted: Wanted, folder: Path, problems: Problems
) -> Any:
    """Fill in an alternative; one that names neither preset nor kind is the file's own, changed."""
    table = {"preset": entry} if isinstance(entry, str) else entry
    if not isinstance(table, dict):
        return table
    if "preset" not in table and "kind" not in table:
        table = merge(own, table)
    return problems.attempt(key, _model, table, wanted, folder, default=(None, table))[1]


def _own_model(
    section: dict[str, Any], wanted: Wanted, folder: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fill in a section's own model, and give what its preset says of the endpoint."""
    preset, full = _model(section, wanted, folder)
    if preset is None or wanted.stated or wanted.family == "tcp":
        return full, {}
    same = preset.endpoint == wanted.endpoint
    spoken = {key: value for key in ABOUT if same and (value := getattr(preset, key))}
    require(
        "words" in spoken or wanted.endpoint in KNOWN,
        f"{preset.name} does not say what {wanted.endpoint} is; give the section words",
    )
    return full, spoken


def _model(
    section: dict[str, Any], wanted: Wanted, folder: Path
) -> tuple[Preset | None, dict[str, Any]]:
    """Fill in a model's preset, and those of its law of cell kill and of its modifiers."""
    preset, full = None, section
    if "preset" in section:
        preset, full = _over_preset(section, wanted, folder)
        _check_endpoint(preset, wanted)
    if "cell_kill" in full:
        full = {**full, "cell_kill": _law(full["cell_kill"])}
    if isinstance(full.get("modifiers"), (list, tuple)):
        full = {**full, "modifiers": [_modifier(entry) for entry in full["modifiers"]]}
    return preset, full


def _over_preset(
    section: dict[str, Any], wanted: Wanted, folder: Path
) -> tuple[Preset, dict[str, Any]]:
    """Read a preset that radsim ships, or one in a file of one's own, and lay a section over it."""
    name = as_text(section["preset"])
    if name.endswith(PRESET_FILE):
        preset = read_preset(wanted.family, folder / name)
        stated = {key: value for key, value in section.items() if key != "preset"}
        return preset, merge(preset.settings(), stated)
    require(
        name in preset_names(wanted.family),
        f"no such preset {name!r}; there are: {', '.join(wanted.presets)}",
    )
    preset = load_preset(wanted.family, name)
    return preset, merge(preset.settings(), section)


def _check_endpoint(preset: Preset, wanted: Wanted) -> None:
    """Refuse a preset that says that it is a model of another endpoint."""
    if preset.endpoint in ("", wanted.endpoint) or wanted.stated:
        return
    other = "tcp" if preset.endpoint == LOCAL_FAILURE.reported else f"ntcp.{preset.endpoint}"
    known = wanted.endpoint in KNOWN or wanted.family == "tcp" or presets_of(wanted.endpoint)
    meant = (
        f"presets of {wanted.endpoint}: {', '.join(wanted.presets)}"
        if known
        else f"did you mean [{other}]?"
    )
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
    intervals = {"interval": ratios.uncertainty} if ratios.flag != "assumption" else {}
    return {**{k: v for k, v in intervals.items() if v}, **fill_preset("modifier", table)}
