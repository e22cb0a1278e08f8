"""Older spellings of a file and of a result's experiment, read into the present one."""

import re
from collections.abc import Mapping
from typing import Any

from radsim.experiment.designs.parts import DESIGN_SECTIONS

LISTS = {  # where alternatives stood once, and the section whose key they are now
    "tcp_alternatives": "tcp",
    "ntcp.myelopathy_alternatives": "ntcp.myelopathy",
}
NAMES_OF_KEYS = ("keys", "zipped")  # settings of a design whose values are keys
OLD_KEY = re.compile(r"\b(tcp|myelopathy)_alternatives(?=\[|\.|$)")


def present_spelling(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Read the tables of a file in older spellings.

    Returns
    -------
    tuple
        The tables in the present spelling, and a line for each mistake.

    Examples
    --------
    >>> old = {"tcp": {"preset": "a"}, "tcp_alternatives": ["b"],
    ...        "sweep": {"tcp_alternatives[0].d50": [18, 20]}}
    >>> present_spelling(old)[0]
    {'tcp': {'preset': 'a', 'alternatives': ['b']}, 'sweep': {'tcp.alternatives[0].d50': [18, 20]}}
    """
    changed, mistakes = dict(settings), []
    for old, section in LISTS.items():
        if (problem := _move(changed, old, section)) is not None:
            mistakes.append(f"{old}: {problem}")
    for name in DESIGN_SECTIONS:
        if name in changed:
            changed[name] = _renamed(changed[name])
    return changed, mistakes


def present_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Read the experiment that a result holds, as an older version may have written it."""
    changed = dict(record)
    complications = dict(record.get("ntcp") or {})
    if (control := record.get("tcp")) is not None and "model" not in control:
        beside = changed.pop("tcp_alternatives", ())
        changed["tcp"] = {"model": control, "alternatives": beside}
    changed.pop("tcp_alternatives", None)
    for name, model in record.get("ntcp", {}).items():
        if isinstance(model, Mapping) and "model" not in model:
            beside = complications.get(f"{name}_alternatives", ())
            complications[name] = {"model": model, "alternatives": beside}
    complications.pop("myelopathy_alternatives", None)
    changed["ntcp"] = complications
    if "written" in record:
        changed["written"] = present_spelling(record["written"])[0]
    for name in DESIGN_SECTIONS:
        if name in changed:
            changed[name] = _renamed(changed[name])
    return changed


def _move(tables: dict[str, Any], old: str, section: str) -> str | None:
    """Move one list to its section; say what is wrong where that can't be."""
    *above, key = old.split(".")
    holder = tables
    for name in above:
        if not isinstance(tables.get(name), Mapping) or key not in tables[name]:
            return None
        holder = tables[name] = dict(tables[name])
    if key not in holder:
        return None
    models, name = holder.pop(key), section.rpartition(".")[2]
    own = holder.get(name)
    if own is None:
        return f"needs {section}, which they are alternatives to"
    if isinstance(own, Mapping) and "alternatives" in own:
        return f"{section}.alternatives lists them too; leave one of the two out"
    if isinstance(own, Mapping):
        holder[name] = {**own, "alternatives": models}
    return None


def _renamed(part: Any) -> Any:
    """Rename the keys of a design at any depth."""
    if isinstance(part, Mapping):
        return {
            OLD_KEY.sub(r"\1.alternatives", key): _keys(value)
            if key in NAMES_OF_KEYS
            else _renamed(value)
            for key, value in part.items()
        }
    return [_renamed(entry) for entry in part] if isinstance(part, (list, tuple)) else part


def _keys(part: Any) -> Any:
    if isinstance(part, str):
        return OLD_KEY.sub(r"\1.alternatives", part)
    return [_keys(entry) for entry in part] if isinstance(part, (list, tuple)) else part
