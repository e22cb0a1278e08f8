"""The [uncertainty] section: keys with distributions."""

from collections.abc import Iterator, Mapping
from typing import Any

from radsim.experiment.designs.draws import (
    METHODS,
    Factor,
    Single,
    draw_table,
    draw_uniforms,
    read_distribution,
)
from radsim.experiment.designs.groups import read_group
from radsim.experiment.designs.keys import check_key, flatten, label_of, names_of, section_of
from radsim.experiment.designs.parts import MOST_DRAWS
from radsim.experiment.designs.ranges import listed_values
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.tables import Table
from radsim.randomness.distributions.continuous import LogNormal
from radsim.response.modifiers import published_ratio
from radsim.vocabulary.mistakes import require

MODEL_DRAWS = "draw with alternative"
MOST_MODEL_DRAWS = 100  # draws that are repeated with each other model
FEWEST_DRAWS = 2
UNCERTAINTY_KEYS = ("draws", "method", "groups", "models")
PUBLISHED = "published"  # in the place of a distribution: that of the published interval


def read_factors(
    reader: Reader, section: str, settings: Mapping[str, Any], reserved: tuple[str, ...]
) -> tuple[Factor, ...]:
    """Read uncertain parameters: single keys with a distribution, and groups."""
    found: list[Factor] = []
    rest = {key: value for key, value in settings.items() if key not in reserved}
    without_kind: dict[str, None] = {}
    for key, value in flatten(rest):
        if value == PUBLISHED:
            found += _published(reader, section, key)
            continue
        if reader.mistyped(section, key, value, reserved):
            continue
        above = key.rpartition(".")[0]
        if not isinstance(value, Mapping) and above in reader.keys and key not in reader.keys:
            without_kind[above] = None
            continue
        reader.claim(section, key)
        distribution = reader.attempt(f"{section}.{key}", read_distribution, value)
        if distribution is not None:
            found.append(Single(key, distribution))
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
            for key in read.keys:
                reader.claim(section, key)
            found.append(read)
    return tuple(found)


def _published(reader: Reader, section: str, key: str) -> list[Factor]:
    """Give the hazard ratios of a modifier, or of all, the spread of their intervals."""
    ratios = reader.attempt(f"{section}.{key}", published_ratios, reader.known, key) or {}
    for ratio in ratios:
        reader.claim(section, ratio)
    return [Single(ratio, distribution) for ratio, distribution in ratios.items()]


def read_draws(
    reader: Reader, settings: Mapping[str, Any], factors: tuple[Factor, ...]
) -> Table | None:
    """Draw the uncertain parameters jointly."""
    if not factors:
        if "models" not in settings and not reader.mistakes:
            reader.mistakes.append("uncertainty: no key has a distribution")
        return None
    draws = reader.attempt("uncertainty.draws", _count_of, settings.get("draws", 500))
    method = settings.get("method", "latin-hypercube")
    if method not in METHODS:
        reader.mistakes.append(f"uncertainty.method: no {method!r}; known: {', '.join(METHODS)}")
        return None
    if draws is None:
        return None
    return draw_table(factors, draw_uniforms(factors, draws, method, reader.streams))


def read_alternatives(
    reader: Reader, models: Any
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Read ``[uncertainty.models]``: what may stand in for a key, one at a time."""
    entries: list[dict[str, Any]] = []
    labels: list[tuple[str, str]] = []
    if not isinstance(models, Mapping):
        reader.mistakes.append(f"uncertainty.models: must be a table, got {models!r}")
        return entries, labels
    for key, value in flatten(models):
        where = f"uncertainty.models.{key}"
        reader.attempt(where, reader.check_free, key)
        for entry in reader.attempt(where, listed_values, value, 1) or ():
            entries.append({key: entry})
            labels.append((key, str(label_of(entry))))
    return entries, labels


def published_ratios(known: Mapping[str, Any], key: str) -> dict[str, LogNormal]:
    """Distributions of modifiers' hazard ratios at or below a key, by their published intervals.

    Parameters
    ----------
    known
        The tables of the experiment with every preset spelled out.
    key
        ``tcp.modifiers``, one of them, or one of its ratios.

    Raises
    ------
    ValueError
        If the key is no such ratio, or no interval is published for one.
    """
    check_key(key, known)
    found, lacking = {}, []
    modifiers = (known.get("tcp") or {}).get("modifiers") or ()
    for name, modifier in zip(names_of(modifiers), modifiers, strict=True):
        for group, ratio in modifier["hazard_ratio"].items():
            path = f"tcp.modifiers.{name}.hazard_ratio.{group}"
            if not f"{path}.".startswith(f"{key}."):
                continue
            interval = (modifier.get("interval") or {}).get(group)
            if interval is None:
                lacking.append(path)
            else:
                found[path] = published_ratio(ratio, interval)
    require(
        bool(found or lacking), f'"{PUBLISHED}" is for hazard ratios of tcp.modifiers, not for this'
    )
    require(not lacking, f"no interval is published for {', '.join(lacking)}; give a distribution")
    return found


def drawn_with(entries: list[dict[str, Any]], draws: Table) -> Iterator[dict[str, Any]]:
    """Repeat the first draws with each other model.

    What was drawn for a model that another preset takes the place of is left out: it belongs to
    the model that is replaced.
    """
    for entry in entries:
        presets = [key for key in entry if key.endswith(".preset")]
        for index in range(min(len(draws), MOST_MODEL_DRAWS)):
            drawn = draws.row(index).items()
            yield {**{k: v for k, v in drawn if not _is_replaced(k, presets)}, **entry}


def _is_replaced(key: str, presets: list[str]) -> bool:
    """Say whether a key is of a model that one of these presets takes the place of."""
    return any(
        key.startswith(preset.removesuffix("preset")) and section_of(key) == section_of(preset)
        for preset in presets
    )


def _count_of(value: Any) -> int:
    """Check a number of draws."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(
        whole and FEWEST_DRAWS <= value <= MOST_DRAWS,
        f"must be a whole number, {FEWEST_DRAWS} or more and at most {MOST_DRAWS:,}, got {value!r}",
    )
    return int(value)
