"""Older spellings of a file and of a result's experiment, read into the present one."""

import re
from collections.abc import Mapping
from typing import Any

from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.outcomes import ALTERNATIVES

NAMES_OF_KEYS = ("keys", "zipped")  # settings of a design whose values are keys
OLD_KEY = re.compile(r"\b(tcp|myelopathy)_alternatives(?=\[|\.|$)")


def present_spelling(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Read the tables of a file in older spellings; the second value has a line for each mistake.

    Examples
    --------
    >>> old = {"tcp": {"preset": "a"}, "tcp_alternatives": ["b"],
    ...        "sweep": {"tcp_alternatives[0].d50": [18, 20]}}
    >>> present_spelling(old)[0]
    {'tcp': {'preset': 'a', 'alternatives': ['b']}, 'sweep': {'tcp.alternatives[0].d50': [18, 20]}}
    """
    changed = dict(settings)
    mistakes = _move(changed, "tcp", "tcp")
    if isinstance(changed.get("ntcp"), Mapping):
        changed["ntcp"] = dict(changed["ntcp"])
        mistakes += _move(changed["ntcp"], "myelopathy", "ntcp.myelopathy")
    return _with_designs(changed), mistakes


def present_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Read the experiment that a result holds, as an older version may have written it."""
    changed = dict(record)
    beside = changed.pop("tcp_alternatives", ())
    if (control := record.get("tcp")) is not None and "model" not in control:
        changed["tcp"] = {"model": control, ALTERNATIVES: beside}
    complications = dict(record.get("ntcp") or {})
    for name, model in record.get("ntcp", {}).items():
        if isinstance(model, Mapping) and "model" not in model:
            beside = complications.get(f"{name}_alternatives", ())
            complications[name] = {"model": model, ALTERNATIVES: beside}
    complications.pop("myelopathy_alternatives", None)
    changed["ntcp"] = complications
    if "written" in record:
        changed["written"] = present_spelling(record["written"])[0]
    return _with_designs(changed)


def _move(sections: dict[str, Any], name: str, key: str) -> list[str]:
    """Make alternatives that stood beside a section a key of it; say what is in the way."""
    old, section = f"{name}_alternatives", sections.get(name)
    if old not in sections:
        return []
    models = sections.pop(old)
    if section is None:
        return [f"{key}_alternatives: needs {key}, which they are alternatives to"]
    if isinstance(section, Mapping):
        if ALTERNATIVES in section:
            problem = f"{key}.{ALTERNATIVES} lists them too; leave one of the two out"
            return [f"{key}_alternatives: {problem}"]
        sections[name] = {**section, ALTERNATIVES: models}
    return []


def _with_designs(tables: dict[str, Any]) -> dict[str, Any]:
    """Rename the keys that the sections of a design name."""
    return {k: _renamed(v) if k in DESIGN_SECTIONS else v for k, v in tables.items()}


def _renamed(part: Any, names_keys: bool = False) -> Any:
    """Rename the keys of a design at any depth, and those that its settings name."""
    if isinstance(part, Mapping):
        return {_present(k): _renamed(v, k in NAMES_OF_KEYS) for k, v in part.items()}
    if isinstance(part, (list, tuple)):
        return [_renamed(entry, names_keys) for entry in part]
    return _present(part) if names_keys and isinstance(part, str) else part


def _present(key: str) -> str:
    return OLD_KEY.sub(r"\1.alternatives", key)
