"""A section laid over its preset."""

from typing import Any

from radsim.presets import load_preset, preset_names
from radsim.vocabulary.mistakes import require


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over settings, table by table; a table with another kind replaces the old one."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            same_kind = value.get("kind") in (None, old.get("kind"))
            value = merge(old, value) if same_kind else value
        merged[key] = value
    return merged


def as_text(name: Any) -> str:
    """Check that the name of a preset is text."""
    require(isinstance(name, str), f"preset must be a name in quotes, got {name!r}")
    return str(name)


def fill_preset(family: str, section: dict[str, Any], kind: str = "") -> dict[str, Any]:
    """Lay a section over its preset, which has to be of a kind where one is named."""
    if "preset" not in section:
        return section
    name = as_text(section["preset"])
    names = preset_names(family)
    if kind:
        names = [other for other in names if load_preset(family, other).kind == kind]
    require(name in names, f"no such preset {name!r}; there are: {', '.join(names)}")
    return merge(load_preset(family, name).settings(), section)
