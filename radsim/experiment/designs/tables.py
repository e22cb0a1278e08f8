"""A design: a table of variants of an experiment, each a dotted key -> value.

A sweep is a product of axes, and an axis is a table: one column makes a grid, several make keys
that go together. Inside each point of the sweep stand further rows (the file's own values, draws
of uncertain parameters, rows of a sensitivity analysis), the same at each point.
"""

import itertools
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from radsim.randomness.distributions.composed import require

Values = tuple[Any, ...]
NOMINAL = "nominal"  # the part of a design that is the file's own values
LARGEST_RANGE = 200_000  # values that a range may stand for
STEP_SLACK = 1e-9  # of a step: a range that ends here ends on a value


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
    rows: int | None = None

    def __post_init__(self) -> None:
        lengths = {key: len(values) for key, values in self.columns.items()}
        said = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        require(len(set(lengths.values())) < 2, f"lists must be of equal length: {said}")

    def __len__(self) -> int:
        if self.rows is not None:
            return self.rows
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


@dataclass(frozen=True)
class Axis:
    """One labeled dimension of a sweep.

    Attributes
    ----------
    name
        Of the dimension.
    table
        What varies along it.
    labels
        One for each row: numbers or text.
    """

    name: str
    table: Table | SparseTable
    labels: Values

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class Design:
    """Every variant of an experiment, in a fixed order: the parts go fastest, then the last axis.

    Attributes
    ----------
    axes
        Dimensions of the sweep; without one there is a single point.
    parts
        Rows inside each point by name: `NOMINAL`, and where asked for draws, alternatives and
        rows of a sensitivity analysis.

    Examples
    --------
    >>> axis = Axis("d50", Table({"tcp.d50": (18.0, 20.0)}), (18.0, 20.0))
    >>> draws = Table({"tcp.gamma50": (0.7, 0.8, 0.9)})
    >>> design = Design((axis,), {"nominal": Table({}, rows=1), "draw": draws})
    >>> design.shape, len(design), design.inner
    ((2,), 8, 4)
    >>> design.variant(0), design.variant(7)
    ({'tcp.d50': 18.0}, {'tcp.d50': 20.0, 'tcp.gamma50': 0.9})
    """

    axes: tuple[Axis, ...] = ()
    parts: Mapping[str, Table | SparseTable] = field(
        default_factory=lambda: {NOMINAL: Table({}, rows=1)}
    )

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
        start = 0
        for name, table in self.parts.items():
            if name == part:
                return slice(start, start + len(table))
            start += len(table)
        raise KeyError(part)

    @property
    def keys(self) -> list[str]:
        """Every key that is varied, once."""
        tables = [axis.table for axis in self.axes] + list(self.parts.values())
        return list(dict.fromkeys(key for table in tables for key in table.columns))


def spread_range(settings: Mapping[str, Any]) -> Values:
    """Values of a range ``{ from, to, step }`` or ``{ from, to, count }``, ends included.

    ``spacing = "log"`` with ``count`` gives equal ratios.

    Raises
    ------
    ValueError
        If a key is missing or unknown, a number is not finite, or nothing lies between.

    Examples
    --------
    >>> spread_range({"from": 35, "to": 50, "step": 5})
    (35.0, 40.0, 45.0, 50.0)
    >>> spread_range({"from": 1, "to": 100, "count": 3, "spacing": "log"})
    (1.0, 10.0, 100.0)
    """
    unknown = set(settings) - {"from", "to", "step", "count", "spacing"}
    require(not unknown, f"unknown key {', '.join(sorted(unknown))}; a range has from, to, step")
    require("from" in settings and "to" in settings, "a range needs from and to")
    require(("step" in settings) != ("count" in settings), "a range needs step or count")
    for name in ("from", "to", "step", "count"):
        if name in settings:
            value = settings[name]
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            require(
                number and abs(value) <= sys.float_info.max,
                f"{name} must be a finite number, got {value!r}",
            )
    first, last = float(settings["from"]), float(settings["to"])
    require(first < last, f"from must be below to, got {first:g} and {last:g}")
    spacing = settings.get("spacing", "linear")
    require(spacing in ("linear", "log"), f'spacing must be "linear" or "log", got {spacing!r}')
    if "count" in settings:
        count = settings["count"]
        require(isinstance(count, int) and count > 0, f"count must be a whole number, got {count}")
        require(count <= LARGEST_RANGE, f"count must be at most {LARGEST_RANGE:,}, got {count:,}")
        if count == 1:
            return (first,)
        if spacing == "log":
            require(first > 0, f"from must be above 0 for spacing in ratios, got {first:g}")
            return tuple(float(value) for value in np.geomspace(first, last, count))
        return tuple(float(value) for value in np.linspace(first, last, count))
    require(spacing == "linear", 'spacing "log" goes with count, not with step')
    step = float(settings["step"])
    require(step > 0, f"step must be above 0, got {step:g}")
    steps = (last - first) / step
    require(steps < LARGEST_RANGE, f"step of {step:g} makes {steps:,.0f} values")
    # rounded to the digits that a person writes, so that a label can be asked for
    return tuple(float(f"{first + step * i:.12g}") for i in range(int(steps + STEP_SLACK) + 1))


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
    """
    parts = key.split(".")
    start = 2 if parts[0] in ("arms", "ntcp") else 1
    if parts[start:] in (["preset"], ["kind"], ["dose"], ["regimen"]) or start >= len(parts):
        start -= 1
    for first in range(min(start, len(parts) - 1), -1, -1):
        name = "_".join(parts[first:])
        if name not in taken:
            return name
    return next(name for i in itertools.count(2) if (name := f"{key}_{i}") not in taken)


def label_of(value: Any) -> Any:
    """Label a value of an axis: a number or text stands for itself, a table is written out.

    Examples
    --------
    >>> label_of(3), label_of({"structure": "gtv", "metric": "D98"})
    (3.0, 'structure=gtv, metric=D98')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={label_of(entry)}" for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(str(label_of(entry)) for entry in value)
    return str(value)
