"""A design: a table of variants of an experiment, each a dotted key -> value.

A sweep is a product of axes, and an axis is a table: one column makes a grid, several make keys
that go together. Inside each point of the sweep stand further rows (the file's own values, draws
of uncertain parameters, rows of a sensitivity analysis), the same at each point.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from radsim.vocabulary.mistakes import require

Values = tuple[Any, ...]
DESIGN_SECTIONS = ("sweep", "uncertainty", "sensitivity")
NOMINAL = "nominal"  # the part of a design that is the file's own values
DRAWS, ALTERNATIVES, SALTELLI, TORNADO = "draw", "alternative", "saltelli", "tornado"  # others
MOST_DRAWS = 10**6  # and most base points; more than any run of them would take


@dataclass(frozen=True)
class Table:
    """Rows of values by dotted key; every column has one length.

    Examples
    --------
    >>> table = Table({"tcp.d50": (18.0, 20.0), "tcp.gamma50": (0.7, 0.9)})
    >>> len(table), table.row(1)
    (2, {'tcp.d50': 20.0, 'tcp.gamma50': 0.9})
    """

    columns: Mapping[str, Values]

    def __post_init__(self) -> None:
        lengths = {key: len(values) for key, values in self.columns.items()}
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        require(len(set(lengths.values())) < 2, f"lists must be of equal length: {said}")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def row(self, index: int) -> dict[str, Any]:
        """Give one row by key."""
        return {key: values[index] for key, values in self.columns.items()}


@dataclass(frozen=True)
class SparseTable:
    """Rows that each set some keys only, such as one at a time."""

    entries: tuple[Mapping[str, Any], ...]

    @property
    def columns(self) -> dict[str, None]:
        """The keys that any row sets."""
        return dict.fromkeys(key for entry in self.entries for key in entry)

    def __len__(self) -> int:
        return len(self.entries)

    def row(self, index: int) -> dict[str, Any]:
        """Give one row by key."""
        return dict(self.entries[index])


UNCHANGED = SparseTable(({},))  # one row that sets nothing


@dataclass(frozen=True)
class Axis:
    """One labeled dimension of a sweep."""

    name: str
    table: Table | SparseTable  # what varies along it
    labels: Values  # one for each row: numbers or text

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class Design:
    """Every variant of an experiment, in a fixed order: the parts go fastest, then the last axis.

    Without an axis there is a single point. The parts are rows inside each point by name:
    `NOMINAL`, and where asked for draws, alternatives and rows of a sensitivity analysis.

    Examples
    --------
    >>> axis = Axis("d50", Table({"tcp.d50": (18.0, 20.0)}), (18.0, 20.0))
    >>> draws = Table({"tcp.gamma50": (0.7, 0.8, 0.9)})
    >>> design = Design((axis,), {"nominal": UNCHANGED, "draw": draws})
    >>> design.shape, len(design), design.inner
    ((2,), 8, 4)
    >>> design.variant(0), design.variant(7)
    ({'tcp.d50': 18.0}, {'tcp.d50': 20.0, 'tcp.gamma50': 0.9})
    """

    axes: tuple[Axis, ...] = ()
    parts: Mapping[str, Table | SparseTable] = field(default_factory=lambda: {NOMINAL: UNCHANGED})

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points along each axis."""
        return tuple(len(axis) for axis in self.axes)

    @cached_property
    def inner(self) -> int:
        """Rows inside each point."""
        return sum(len(part) for part in self.parts.values())

    @property
    def points(self) -> int:
        """Points of the sweep."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        return self.points * self.inner

    def point(self, index: int) -> dict[str, Any]:
        """What the sweep sets at one of its points."""
        changes: dict[str, Any] = {}
        for axis, position in zip(self.axes, np.unravel_index(index, self.shape), strict=True):
            changes.update(axis.table.row(int(position)))
        return changes

    def variant(self, index: int) -> dict[str, Any]:
        """What one variant changes, by key."""
        point, row = divmod(index, self.inner)
        changes = self.point(point) if self.axes else {}
        for part in self.parts.values():
            if row < len(part):
                return {**changes, **part.row(row)}
            row -= len(part)
        raise IndexError(index)

    def rows_of(self, part: str) -> slice:
        """Where a part stands among the rows inside each point."""
        ends = dict(zip(self.parts, accumulate(map(len, self.parts.values())), strict=True))
        return slice(ends[part] - len(self.parts[part]), ends[part])

    @property
    def keys(self) -> list[str]:
        """Every key that is varied, once."""
        tables = [axis.table for axis in self.axes] + list(self.parts.values())
        return list(dict.fromkeys(key for table in tables for key in table.columns))
