"""A design read from its sections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from radsim.experiment.designs.draws import Factor
from radsim.experiment.designs.keys import label_of
from radsim.experiment.designs.reader import Reader
from radsim.experiment.designs.sensitivity import TORNADO_SHARES, read_sensitivity
from radsim.experiment.designs.sweep import read_axes
from radsim.experiment.designs.tables import ALTERNATIVES, NOMINAL, TORNADO, UNCHANGED, Design
from radsim.experiment.designs.uncertainty import read_uncertainty
from radsim.randomness.streams import Streams


@dataclass(frozen=True)
class Study:
    """A design, and what its rows mean."""

    design: Design
    factors: tuple[Factor, ...]  # uncertain parameters that are drawn
    screened: tuple[Factor, ...]  # those of the sensitivity analysis
    # of the draws, shape (draw, dimension); none where they are independent
    uniforms: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def tornado(self) -> list[tuple[str, float]]:
        """Key and quantile of each one-at-a-time row."""
        if TORNADO not in self.design.parts:
            return []
        ends = [(factor, share) for factor in self.screened for share in TORNADO_SHARES]
        return [(key, share) for factor, share in ends for key in factor.keys]

    @property
    def alternatives(self) -> list[tuple[str, str]]:
        """Key and label of each model that stands in for the file's own."""
        part = self.design.parts.get(ALTERNATIVES)
        rows = [] if part is None else map(part.row, range(len(part)))
        return [(key, str(label_of(value))) for row in rows for key, value in row.items()]


def read_study(
    sections: Mapping[str, Any], tables: Mapping[str, Any], seed: int
) -> tuple[Study, list[str]]:
    """Read the design of an experiment file, and give a line for each mistake.

    The sections are those of the file that make a design, the tables all of the experiment with
    every preset spelled out; its seed fixes the draws of uncertain parameters.
    """
    reader = Reader(tables, Streams(seed))
    axes = read_axes(reader, _table(sections, "sweep", reader))
    factors, uniforms, draws = read_uncertainty(reader, _table(sections, "uncertainty", reader))
    sensitivity = _table(sections, "sensitivity", reader)
    screened, rows = read_sensitivity(reader, sensitivity, factors)
    beside = [name for name in ("sweep", "sensitivity") if sections.get(name)]
    if beside and "patients" in _table(sections, "uncertainty", reader):
        reader.mistakes.append(
            f"uncertainty.patients: not beside [{beside[0]}], whose variants take all of them; "
            "leave it out, or give each a file of its own"
        )
    design = Design(tuple(axes), {NOMINAL: UNCHANGED, **draws, **rows})
    return Study(design, factors, screened, uniforms), reader.mistakes


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
