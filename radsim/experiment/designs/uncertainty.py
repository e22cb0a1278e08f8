"""The [uncertainty] section: keys with distributions."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from radsim.experiment.designs.draws import (
    METHODS,
    Factor,
    Single,
    draw_table,
    draw_uniforms,
    read_distribution,
)
from radsim.experiment.designs.groups import read_group
from radsim.experiment.designs.keys import (
    OUTCOMES,
    check_key,
    flatten,
    lies_in,
    names_of,
    section_of,
    split_key,
    table_at,
)
from radsim.experiment.designs.ranges import listed_values
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.tables import ALTERNATIVES, DRAWS, MOST_DRAWS, SparseTable, Table
from radsim.presets import load_preset, preset_names
from radsim.randomness.distributions.composed import Distribution
from radsim.randomness.distributions.continuous import LogNormal
from radsim.response.modifiers import published_ratio
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_whole

MODEL_DRAWS = "draw with alternative"
MOST_MODEL_DRAWS = 100  # draws that are repeated with each other model
FEWEST_DRAWS = 2
FEWEST_PATIENTS = 2  # two halves, whose agreement tells parameters from noise
UNCERTAINTY_KEYS = ("draws", "method", "patients", "groups", "models")
PUBLISHED = "published"  # in the place of a distribution: that of the published interval


def read_uncertainty(
    reader: Reader, settings: Mapping[str, Any]
) -> tuple[tuple[Factor, ...], np.ndarray | None, dict[str, Table | SparseTable]]:
    """Read ``[uncertainty]``: what is drawn, and the rows of draws and of other models.

    Between them are the uniforms of draws that are spread more evenly than independent ones.
    """
    factors = read_factors(reader, "uncertainty", settings, UNCERTAINTY_KEYS)
    parts: dict[str, Table | SparseTable] = {}
    if "patients" in settings:
        reader.attempt("uncertainty.patients", _check_fewer, settings["patients"])
    uniforms = _uniforms(reader, settings, factors) if settings else None
    draws = None if uniforms is None else draw_table(factors, uniforms)
    if draws is not None:
        parts[DRAWS] = draws
    if entries := _alternatives(reader, settings.get("models", {})):
        parts[ALTERNATIVES] = SparseTable(tuple(entries))
        if draws is not None:
            parts[MODEL_DRAWS] = SparseTable(tuple(_drawn_with(entries, draws)))
    return factors, None if settings.get("method") == "random" else uniforms, parts


def read_factors(
    reader: Reader, section: str, settings: Mapping[str, Any], reserved: tuple[str, ...]
) -> tuple[Factor, ...]:
    """Read uncertain parameters: single keys with a distribution, and groups."""
    factors: list[Factor] = []
    rest = {key: value for key, value in settings.items() if key not in reserved}
    without_kind: dict[str, None] = {}
    for key, value in flatten(rest):
        where, above = f"{section}.{key}", key.rpartition(".")[0]
        if value == PUBLISHED:
            drawn = reader.attempt(where, _published, reader.tables, key) or {}
            for ratio in drawn:
                reader.claim(section, ratio)
            factors += [Single(ratio, distribution) for ratio, distribution in drawn.items()]
        elif reader.mistyped(section, key, value, reserved):
            continue
        elif not isinstance(value, Mapping) and above in reader.keys and key not in reader.keys:
            without_kind[above] = None
        else:
            reader.claim(section, key)
            if (distribution := reader.attempt(where, read_distribution, value)) is not None:
                factors.append(Single(key, distribution))
    for key in without_kind:
        reader.mistakes.append(f'{section}.{key}: needs a kind, such as kind = "normal"')
    groups = settings.get("groups", [])
    if not isinstance(groups, (list, tuple)):
        reader.mistakes.append(f"{section}.groups: must be a list of tables, got {groups!r}")
        groups = []
    for index, group in enumerate(groups):
        where = f"{section}.groups[{index}]"
        read = reader.attempt(where, read_group, group)
        if read is not None:
            reader.attempt(f"{where}.table", _check_table, reader.tables, read.keys, group)
            for key in read.keys:
                reader.claim(section, key)
            factors.append(read)
    return tuple(factors)


def _uniforms(
    reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]
) -> np.ndarray | None:
    """Draw uniforms of the uncertain parameters."""
    if not factors:
        if "models" not in settings and not reader.mistakes:
            reader.mistakes.append("uncertainty: no key has a distribution")
        return None
    draws = reader.attempt("uncertainty.draws", _count_of, settings.get("draws", 500))
    method = settings.get("method", "latin-hypercube")
    if method not in METHODS:
        reader.mistakes.append(f"uncertainty.method: no {method!r}; known: {', '.join(METHODS)}")
    elif draws is not None:
        return draw_uniforms(factors, draws, method, reader.streams)
    return None


def _alternatives(reader: Reader, models: Any) -> list[dict[str, Any]]:
    """Read ``[uncertainty.models]``: what may stand in for a key, one at a time."""
    if not isinstance(models, Mapping):
        reader.mistakes.append(f"uncertainty.models: must be a table, got {models!r}")
        return []
    entries = []
    for key, value in flatten(models, ends=("kind", "from")):
        where = f"uncertainty.models.{key}"
        # a key that is drawn may be held at some values as well, such as the ends of a range
        reader.attempt(where, partial(reader.check_free, but_by="uncertainty"), key)
        entries += [{key: entry} for entry in reader.attempt(where, listed_values, value, 1) or ()]
    return entries


def _check_table(tables: Mapping[str, Any], keys: Sequence[str], group: Mapping[str, Any]) -> None:
    """Check that a shipped table of draws is of the preset that the file has there.

    That is the preset of the section whose keys are drawn, or of one of its alternatives.
    """
    table = group.get("table")
    for section in dict.fromkeys(map(section_of, keys)):
        family, stated = section.partition(".")[0], table_at(tables, section.split("."))
        preset = stated.get("preset") if isinstance(stated, Mapping) else None
        if family in OUTCOMES and table in preset_names(family) and preset != table:
            raise ValueError(
                f"{table} holds draws of the preset of that name, and {section} is "
                f"{preset or 'no preset'}"
            )


def _published(tables: Mapping[str, Any], key: str) -> Mapping[str, Distribution]:
    """Distributions that presets state for a key: of a parameter, or of modifiers' ratios."""
    check_key(key, tables)
    section, path = split_key(key)
    family, _, name = section.partition(".")
    stated = tables.get(family) or {}
    stated = stated.get(name, {}) if name else stated
    preset = stated.get("preset") if family in OUTCOMES and path else ""
    if preset and path[0] in (parameters := load_preset(family, preset).parameters):
        spread: Any = parameters[path[0]].uncertainty
        for part in path[1:]:
            spread = spread.get(part) if isinstance(spread, Mapping) else None
        if isinstance(spread, Mapping) and "kind" in spread:
            return {key: read_distribution(spread)}
    return _published_ratios(tables, key)


def _published_ratios(tables: Mapping[str, Any], key: str) -> dict[str, LogNormal]:
    """Distributions of modifiers' hazard ratios at or below a key, by their published intervals.

    The key is ``tcp.modifiers``, one of them, or one of its ratios; else it is a ValueError, as it
    is where no interval is published.
    """
    published, lacking = {}, []
    modifiers = (tables.get("tcp") or {}).get("modifiers") or ()
    for name, modifier in zip(names_of(modifiers), modifiers, strict=True):
        for group, ratio in modifier["hazard_ratio"].items():
            path = f"tcp.modifiers.{name}.hazard_ratio.{group}"
            if not lies_in(path, key):
                continue
            interval = (modifier.get("interval") or {}).get(group)
            if interval is None:
                lacking.append(path)
            else:
                published[path] = published_ratio(ratio, interval)
    require(
        bool(published or lacking),
        f'"{PUBLISHED}" is for hazard ratios of tcp.modifiers, and for parameters whose preset '
        "states a distribution, not for this",
    )
    require(not lacking, f"no interval is published for {', '.join(lacking)}; give a distribution")
    return published


def _drawn_with(entries: list[dict[str, Any]], draws: Table) -> Iterator[dict[str, Any]]:
    """Repeat the first draws with each other model, less what was drawn for the replaced one."""

    def is_replaced(key: str, entry: Mapping[str, Any]) -> bool:
        parts = (other.rpartition(".") for other in entry)
        sections = (section for section, _, last in parts if last == "preset")
        return any(
            lies_in(key, section) and section_of(key) == section_of(f"{section}.preset")
            for section in sections
        )

    for entry in entries:
        for index in range(min(len(draws), MOST_MODEL_DRAWS)):
            drawn = draws.row(index).items()
            yield {**{k: v for k, v in drawn if not is_replaced(k, entry)}, **entry}


def _check_fewer(value: Any) -> None:
    """Check a number of patients that draws and other models are simulated on."""
    require(
        is_whole(value) and value >= FEWEST_PATIENTS,
        f"must be a whole number of patients, {FEWEST_PATIENTS} or more, got {value!r}",
    )


def _count_of(value: Any) -> int:
    """Check a number of draws."""
    require(
        is_whole(value) and FEWEST_DRAWS <= value <= MOST_DRAWS,
        f"must be a whole number, {FEWEST_DRAWS} or more and at most {MOST_DRAWS:,}, got {value!r}",
    )
    return int(value)
