"""A design read from its sections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from radsim.experiment.designs.draws import Factor
from radsim.experiment.designs.parts import ALTERNATIVES, DRAWS, SALTELLI, TORNADO
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.sensitivity import (
    SENSITIVITY_KEYS,
    one_at_a_time,
    read_methods,
    read_saltelli,
    read_screened,
)
from radsim.experiment.designs.sweep import read_axes
from radsim.experiment.designs.tables import NOMINAL, Design, SparseTable, Table
from radsim.experiment.designs.uncertainty import (
    MODEL_DRAWS,
    UNCERTAINTY_KEYS,
    drawn_with,
    read_alternatives,
    read_draws,
    read_factors,
)
from radsim.randomness.streams import Streams


@dataclass(frozen=True)
class Study:
    """A design, and what its rows mean."""

    design: Design
    factors: tuple[Factor, ...]  # uncertain parameters that are drawn
    screened: tuple[Factor, ...]  # those of the sensitivity analysis
    tornado: tuple[tuple[str, float], ...]  # key and quantile of each one-at-a-time row
    alternatives: tuple[tuple[str, str], ...]  # key and label of models in place of the file's own


def read_study(
    sections: Mapping[str, Any], tables: Mapping[str, Any], seed: int
) -> tuple[Study, list[str]]:
    """Read the design of an experiment file, and give a line for each mistake.

    The sections are those of the file that make a design, the tables all of the experiment with
    every preset spelled out; its seed fixes the draws of uncertain parameters.
    """
    reader = Reader(tables, Streams(seed))
    axes = read_axes(reader, _table(sections, "sweep", reader))
    uncertainty = _table(sections, "uncertainty", reader)
    factors = read_factors(reader, "uncertainty", uncertainty, UNCERTAINTY_KEYS)
    draws = read_draws(reader, uncertainty, factors) if uncertainty else None
    entries, alternatives = read_alternatives(reader, uncertainty.get("models", {}))
    sensitivity = _table(sections, "sensitivity", reader)
    screened: tuple[Factor, ...] = ()
    if sensitivity:
        further = read_factors(reader, "sensitivity", sensitivity, SENSITIVITY_KEYS)
        screened = read_screened(reader, sensitivity, (*factors, *further))
    parts: dict[str, Table | SparseTable] = {NOMINAL: Table({}, rows=1)}
    if draws is not None:
        parts[DRAWS] = draws
    if entries:
        parts[ALTERNATIVES] = SparseTable(tuple(entries))
    if entries and draws is not None:
        parts[MODEL_DRAWS] = SparseTable(tuple(drawn_with(entries, draws)))
    tornado: list[tuple[str, float]] = []
    if screened:
        methods = read_methods(reader, sensitivity)
        if "sobol" in methods:
            parts[SALTELLI] = read_saltelli(reader, sensitivity, screened)
        if "one-at-a-time" in methods:
            rows, tornado = one_at_a_time(screened)
            parts[TORNADO] = SparseTable(tuple(rows))
    study = Study(
        Design(tuple(axes), parts), factors, screened, tuple(tornado), tuple(alternatives)
    )
    return study, reader.mistakes


def _table(sections: Mapping[str, Any], name: str, reader: Reader) -> Mapping[str, Any]:
    section = sections.get(name)
    if section is None:
        return {}
    is_table = isinstance(section, Mapping)
    if not is_table:
        reader.mistakes.append(f"{name}: must be a table, got {section!r}")
    elif not section:
        reader.mistakes.append(f"{name}: is empty; name a key to vary, or leave the section out")
    return section if is_table else {}
