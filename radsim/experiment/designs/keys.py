"""Varying an experiment file: which keys there are, and laying other values over them."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from radsim.experiment.outcomes import ABOUT, ALTERNATIVES
from radsim.presets import load_preset
from radsim.vocabulary.cohort_variables import DESCRIPTIONS
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.structures import KNOWN, TARGETS
from radsim.vocabulary.words import closest, nearest

SECTIONS = ("cohort", "eligibility", "dose", "arms", "tcp", "ntcp", "survival")  # may be varied
OUTCOMES = ("tcp", "ntcp")  # sections of models, each with others beside it
WHOSE = ("among", "part_of")  # keys of an endpoint that decide numbers
LABEL = "label"  # of an arm or a model
CALIBRATION = "calibration"  # of a model: what it went through, which changes no number
NUMBERED = re.compile(r"(\w+)\[(\d+)\]")  # a key and a place in its list
LIMITED = ("preset", *(s for s in KNOWN if s not in TARGETS))  # below ``limits``, stated or not
COURSES = ("courses", "priors")  # of an arm, lists of tables
MODIFIERS = ["tcp", "modifiers"]  # a list, whose entries are called by their presets
SPEED = ("workers", "chunk_size", "scheduler", "out", "overwrite", "yes", "max_memory")
FIXED = {  # keys of the file that are the same in all variants, and why
    "seed": "all variants share one seed, so that their differences hold no luck of the draw",
    "patients": "all variants treat the same patients",
    "months": "all variants report at the same times",
    "compare": "all variants are compared with the same arm",
    "compare.free_of": "control is free of the same complications in all variants",
    "precision": "it decides how many patients there are, not a number of one variant",
    "report": "groups are told of the file's own values",
    "uniforms": "all variants share their random numbers",
    "trial": "[sweep] varies a trial where there is a [trial], and [trial.uncertainty] draws it",
    "name": "it only names the run",
    "question": "it only describes the run",
    "expect": "it only describes the run",
    "confirmed": "it says which numbers of the file are meant",
}


def check_key(key: str, tables: Mapping[str, Any]) -> None:
    """Check that a dotted key is one of the file that a design may vary.

    The tables are those of the experiment with every preset spelled out, here and below. A
    ValueError says if it decides only speed, must be the same in all variants, or does not exist.
    """
    first, *rest = key.split(".")
    last = rest[-1] if rest and first in OUTCOMES else ""
    of_endpoint = first == "ntcp" and len(rest) == 2 and last in ABOUT
    is_label = first in ("arms", *OUTCOMES) and key.rpartition(".")[2] == LABEL
    of_variable = first == "cohort" and len(rest) == 2 and rest[1] in DESCRIPTIONS
    refusals = {
        "decides only speed or place, not a number; it belongs on the command line as "
        f"--{first.replace('_', '-')}": first in SPEED,
        f"can't be varied: {FIXED.get(key) or FIXED.get(first, '')}": first in FIXED,
        f"is a whole section; name a key in it ({first}. ...)": first in SECTIONS and not rest,
        "describes a variable, and changes no number": of_variable,
        f"is a list of models; name a key of one of them ({key}[0]. ...)": last == ALTERNATIVES,
        "says whom the endpoint concerns, which all variants share": of_endpoint and last in WHOSE,
        "describes an endpoint, and changes no number": of_endpoint,
        "is a name for readers, and changes no number": is_label,
    }
    for why, is_refused in refusals.items():
        require(not is_refused, why)
    keys = known_keys(tables)
    if key not in keys:  # looking for what was meant takes its time
        raise ValueError(f"no such key; {_nearest_key(key, keys)}")


def apply_changes(
    settings: Mapping[str, Any], changes: Mapping[str, Any], tables: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay changes by dotted key over the tables of an experiment file, before presets are read.

    Shorter keys go first, so that a swept preset does not undo a parameter that is swept too.
    A table that only a preset spells out is filled in before one of its keys is set.

    Examples
    --------
    >>> apply_changes({"tcp": {"preset": "a"}}, {"tcp.onset.exponent": 0.8}, {})
    {'tcp': {'preset': 'a', 'onset': {'exponent': 0.8}}}
    """
    changed = copy.deepcopy(dict(settings))
    for key in sorted(changes, key=lambda name: name.count(".")):
        parts = key.split(".")
        if parts[:2] == MODIFIERS and len(parts) > 3:
            _set_modifier(changed["tcp"], parts[2:], changes[key])
            continue
        here: dict[str, Any] = changed
        for depth, part in enumerate(parts[:-1], start=1):
            if numbered := NUMBERED.fullmatch(part):
                here = _alternative(here, numbered, parts[: depth - 1], tables)
                continue
            if not isinstance(here.get(part), dict):
                here[part] = _filled(changed, parts[:depth], tables)
            here = here[part]
        here[parts[-1]] = copy.deepcopy(changes[key])
    return changed


def lies_in(key: str, above: str) -> bool:
    """Say whether a dotted key is another one, or lies below it.

    Examples
    --------
    >>> lies_in("tcp.onset.exponent", "tcp.onset"), lies_in("tcp.onset_2", "tcp.onset")
    (True, False)
    """
    parts = above.split(".")
    return key.split(".")[: len(parts)] == parts


def split_key(key: str) -> tuple[str, list[str]]:
    """Part a key, such as ``ntcp.vcf.onset.sigma``, into its section and what it changes there."""
    parts = key.split(".")
    end = 2 if parts[0] == "ntcp" else 1
    return ".".join(parts[:end]), parts[end:]


def section_of(key: str) -> str:
    """Where the file states the model that a key changes, or the section that it changes.

    Examples
    --------
    >>> section_of("tcp.d50"), section_of("ntcp.vcf.onset.sigma"), section_of("dose.nodes")
    ('tcp', 'ntcp.vcf', 'dose')
    >>> section_of("tcp.alternatives[0].d50")
    'tcp.alternatives[0]'
    """
    section, path = split_key(key)
    beside = section.partition(".")[0] in OUTCOMES and path and NUMBERED.fullmatch(path[0])
    return f"{section}.{path[0]}" if beside else section


def _alternative(
    table: dict[str, Any], numbered: re.Match[str], above: list[str], tables: Mapping[str, Any]
) -> dict[str, Any]:
    """Give one entry of a list of models or courses, as a table that can be changed."""
    name, place = numbered[1], int(numbered[2])
    if name not in table:  # a list that the file leaves to radsim
        table[name] = [_stated(entry) for entry in table_at(tables, [*above, name])]
    table[name] = list(table[name])
    return _table_in(table[name], place)


def _table_in(models: list[Any], place: int) -> dict[str, Any]:
    """Give an entry of a list, where the name of its preset may stand, as a table to change."""
    if isinstance(models[place], str):
        models[place] = {"preset": models[place]}
    table: dict[str, Any] = models[place]
    return table


def names_of(modifiers: Iterable[Any]) -> list[str]:
    """Name hazard modifiers: each by its preset, else by its place in the list.

    Examples
    --------
    >>> names_of(["paraspinal-2023", {"hazard_ratio": {"resistant": 2.0}}])
    ['paraspinal-2023', '1']
    """
    names = []
    for index, entry in enumerate(modifiers):
        is_table = isinstance(entry, Mapping)
        preset = entry.get("preset") if is_table else getattr(entry, "preset", entry)
        names.append(str(preset or index))
    return names


def _set_modifier(tcp: dict[str, Any], path: list[str], value: Any) -> None:
    """Set one key of one modifier of a file."""
    modifiers = tcp["modifiers"] = list(tcp.get("modifiers", ()))
    names = names_of(modifiers)
    require(path[0] in names, f"tcp.modifiers has no {path[0]}")
    here = _table_in(modifiers, names.index(path[0]))
    for part in path[1:-1]:
        here = here.setdefault(part, {})
    here[path[-1]] = value


def _filled(settings: Mapping[str, Any], path: list[str], tables: Mapping[str, Any]) -> Any:
    """Give the table that a preset puts at a path; empty where tables are laid over presets."""
    if path[0] == "arms" and len(path) == 3:
        regimen = settings["arms"][path[1]].get("regimen")
        if isinstance(regimen, str):
            named = load_preset("regimen", regimen).settings().get(path[2])
            if isinstance(named, dict):
                return copy.deepcopy(named)
    here = table_at(tables, path)
    return _stated(here) if path[0] in ("cohort", "arms") and isinstance(here, Mapping) else {}


def table_at(tables: Mapping[str, Any], path: list[str]) -> Any:
    """What stands at a path of tables, None where nothing does."""
    here: Any = tables
    for part in path:
        numbered = NUMBERED.fullmatch(part)
        here = here.get(numbered[1] if numbered else part) if isinstance(here, Mapping) else None
        if numbered and here is not None:
            here = here[int(numbered[2])]
    return here


def _stated(table: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a table without what it leaves open."""
    return {k: value for k, value in copy.deepcopy(dict(table)).items() if value is not None}


def known_keys(tables: Mapping[str, Any]) -> list[str]:
    """Every dotted key that a design may vary, in the order of the file."""
    sections = {name: tables[name] for name in SECTIONS if isinstance(tables.get(name), Mapping)}
    limited = (*LIMITED, *tables.get("dose", {}).get("organs", ()))
    limits = (f"arms.{name}.limits.{organ}" for name in tables.get("arms", ()) for organ in limited)
    keys = (key for name, table in sections.items() for key in _below(table, name))
    return list(dict.fromkeys([*keys, *limits]))


def _below(table: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in table.items():
        here = f"{path}.{key}"
        if key == CALIBRATION and path.split(".")[0] in OUTCOMES:
            continue
        yield here
        if isinstance(value, Mapping):
            yield from _below(value, here)
        if here.split(".") == MODIFIERS:
            yield from _below(dict(zip(names_of(value), value, strict=True)), here)
        models = key == ALTERNATIVES and path.split(".")[0] in OUTCOMES
        if models or (key in COURSES and path.split(".")[0] == "arms"):
            for place, entry in enumerate(value):
                yield from _below(entry, f"{here}[{place}]")


def _nearest_key(key: str, keys: list[str]) -> str:
    """Name the nearest key, level by level, so that the list of those known stays short."""
    if closest(key, keys):
        return nearest(key, keys)
    parts = key.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        above = ".".join(parts[:depth])
        if above in keys or above in SECTIONS:
            wanted = [k.split(".")[depth] for k in keys if k != above and lies_in(k, above)]
            return f"{above} has: {', '.join(dict.fromkeys(wanted))}"
    return f"sections that can be varied: {', '.join(SECTIONS)}"


def flatten(
    settings: Mapping[str, Any], path: str = "", ends: Sequence[str] = ("kind",)
) -> Iterator[tuple[str, Any]]:
    """Give nested tables as dotted keys; a table that holds one of ``ends`` is a value.

    Examples
    --------
    >>> list(flatten({"tcp": {"d50": [18, 20]}, "arms.a.boost": [40, 45]}))
    [('tcp.d50', [18, 20]), ('arms.a.boost', [40, 45])]
    """
    for key, value in settings.items():
        dotted = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and not any(end in value for end in ends):
            yield from flatten(value, dotted, ends)
        else:
            yield dotted, value


def axis_name(key: str, taken: Sequence[str]) -> str:
    """Name the dimension of a key: what it sets, and more of the key where that is taken.

    Examples
    --------
    >>> axis_name("arms.sib_five.boost", []), axis_name("cohort.gtv_volume.median", [])
    ('boost', 'gtv_volume_median')
    >>> axis_name("ntcp.vcf.preset", []), axis_name("arms.other.boost", ["boost"])
    ('vcf_preset', 'other_boost')
    >>> axis_name("tcp.alternatives[1].d50", [])
    'alternatives_1_d50'
    """
    parts = NUMBERED.sub(r"\1_\2", key).split(".")
    start = 2 if parts[0] in ("arms", "ntcp") else 1
    if parts[start:] in (["preset"], ["kind"], ["dose"], ["regimen"]) or start >= len(parts):
        start -= 1
    for first in range(min(start, len(parts) - 1), -1, -1):
        name = "_".join(parts[first:])
        if name not in taken:
            return name
    return next(name for i in count(2) if (name := f"{key}_{i}") not in taken)


def label_of(value: Any) -> Any:
    """Label a value of an axis: a number or text stands for itself, a table is written out.

    Examples
    --------
    >>> label_of(3), label_of({"structure": "gtv", "metric": "D98"})
    (3.0, 'structure=gtv, metric=D98')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if is_number(value):
        return float(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={label_of(entry)}" for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(str(label_of(entry)) for entry in value)
    return str(value)
