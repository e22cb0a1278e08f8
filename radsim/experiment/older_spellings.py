"""Older spellings of a file and of a result's experiment, read into the present one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.outcomes import ALTERNATIVES

NAMES_OF_KEYS = ("keys", "zipped")  # settings of a design whose values are keys
WITHDRAWN = {  # presets that were, and what stands for them
    "sbrt-cord-low": (
        "sbrt-cord-low is withdrawn: sbrt-cord-default, anchored in the cord, nearly gives its "
        "risk (0.37 % for 0.3 % at EQD2 44.6 Gy); its own is intercept = -9.7, center = 0.0"
    ),
}
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


def typed_spelling(lines: list[str], settings: Mapping[str, Any]) -> list[str]:
    """Name keys in lines of mistakes as a file does that is in older spellings.

    Examples
    --------
    >>> typed_spelling(["tcp.alternatives: must be a list"], {"tcp_alternatives": {}})
    ['tcp_alternatives: must be a list']
    """
    ntcp, designs = settings.get("ntcp"), [settings.get(name) for name in DESIGN_SECTIONS]
    keys = [*settings, *(ntcp if isinstance(ntcp, Mapping) else ()), *_keys_in(designs)]
    older = {match[1] for key in keys for match in OLD_KEY.finditer(key)}
    present = re.compile(rf"\b({'|'.join(older)})\.{ALTERNATIVES}\b")
    return [present.sub(rf"\1_{ALTERNATIVES}", line) if older else line for line in lines]


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
    changed["ntcp"] = {name: _without_withdrawn(stated) for name, stated in complications.items()}
    if "written" in record:
        changed["written"] = present_spelling(record["written"])[0]
    return _with_designs(changed)


def _without_withdrawn(stated: Any) -> Any:
    """Keep models of withdrawn presets by their numbers, called what they were."""
    if isinstance(stated, (list, tuple)):
        return [_without_withdrawn(entry) for entry in stated]
    if not isinstance(stated, Mapping):
        return stated
    kept = {key: _without_withdrawn(entry) for key, entry in stated.items()}
    if (name := stated.get("preset")) in WITHDRAWN:
        kept |= {"preset": "", "label": stated.get("label") or name}
    return kept


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
            return [f"{key}_alternatives: [{key}] lists them too; leave one of the two out"]
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


def _keys_in(part: Any) -> Iterator[str]:
    """Give the keys of the tables in a part of a file, at any depth."""
    if isinstance(part, Mapping):
        yield from part
    for entry in part.values() if isinstance(part, Mapping) else part:
        if isinstance(entry, (Mapping, list, tuple)):
            yield from _keys_in(entry)


def _present(key: str) -> str:
    return OLD_KEY.sub(r"\1.alternatives", key)
