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
    """A design, and what its rows mean.

    Attributes
    ----------
    design
        Every variant.
    factors
        Uncertain parameters that are drawn.
    screened
        Those of the sensitivity analysis.
    tornado
        Key and quantile of each one-at-a-time row.
    alternatives
        Key and label of each model that stands in for the file's own.
    """

    design: Design
    factors: tuple[Factor, ...] = ()
    screened: tuple[Factor, ...] = ()
    tornado: tuple[tuple[str, float], ...] = ()
    alternatives: tuple[tuple[str, str], ...] = ()


def read_study(
    sections: Mapping[str, Any], known: Mapping[str, Any], seed: int
) -> tuple[Study, list[str]]:
    """Read the design of an experiment file.

    Parameters
    ----------
    sections
        The file's tables ``sweep``, ``uncertainty`` and ``sensitivity``, where it has them.
    known
        The tables of the experiment with every preset spelled out.
    seed
        Of the experiment; fixes the draws of uncertain parameters.

    Returns
    -------
    tuple
        The design, and a line for each mistake.
    """
    reader = Reader(known, Streams(seed))
    axes = read_axes(reader, _table(sections, "sweep", reader))
    uncertainty = _table(sections, "uncertainty", reader)
    factors = read_factors(reader, "uncertainty", uncertainty, UNCERTAINTY_KEYS)
    draws = read_draws(reader, uncertainty, factors) if uncertainty else None
    entries, alternatives = read_alternatives(reader, uncertainty.get("models", {}))
    sensitivity = _table(sections, "sensitivity", reader)
    screened: tuple[Factor, ...] = ()
    if sensitivity:
        own = read_factors(reader, "sensitivity", sensitivity, SENSITIVITY_KEYS)
        screened = read_screened(reader, sensitivity, (*factors, *own))
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
    if not isinstance(section, Mapping):
        reader.mistakes.append(f"{name}: must be a table, got {section!r}")
        return {}
    if not section:
        reader.mistakes.append(f"{name}: is empty; name a key to vary, or leave the section out")
    return section
