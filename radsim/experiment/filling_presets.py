"""A section laid over its preset."""

from typing import Any

from radsim.experiment.problems import as_text
from radsim.presets import load_preset, preset_names
from radsim.vocabulary.mistakes import require


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
