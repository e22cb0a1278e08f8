"""A result by point of its sweep, and the lines of a table at every point; a plain run is one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import xarray as xr

from radsim.experiment.designs.keys import label_of
from radsim.report.tables.csv_text import csv_line, number_cells
from radsim.results.fields import name_of
from radsim.results.names import ModelNames, names_over_sweep
from radsim.results.reading import MODEL, ROLE
from radsim.results.result import experiment_of
from radsim.vocabulary.endpoints import Estimate

POINTS_AT_ONCE = 256  # points of a sweep whose rows are put together at once


@dataclass(frozen=True)
class Line:
    """A row at every point of a sweep.

    Attributes
    ----------
    labels
        Its first cells, the same at every point.
    numbers
        Shape (point, column).
    last
        Its last cells: one list for all points, or one for each.
    """

    labels: Sequence[Any]
    numbers: np.ndarray
    last: Sequence[Sequence[Any]] = ((),)


Lines = Callable[["Points", ModelNames], Iterable[Line]]
Numbers = Callable[[str], np.ndarray]  # of a role, shape (point, ..., month)


class Points:
    """A result with the points of its sweep on one axis, in front."""

    def __init__(self, result: xr.Dataset) -> None:
        self.result = result
        self.experiment = experiment_of(result)
        self.design = self.experiment.study.design
        self.months = self.experiment.months
        self.reference = self.experiment.reference
        self.places = {arm: place for place, arm in enumerate(self.experiment.arms)}
        self._arrays: dict[str, np.ndarray] = {}

    @property
    def columns(self) -> list[str]:
        """Columns of the sweep's keys, which every table has in front."""
        return [column for axis in self.design.axes for column in _columns(axis)]

    def array(self, name: str) -> np.ndarray:
        """Values of a variable, points first."""
        if name not in self._arrays:
            values = self.result[name].values
            shape = values.shape[len(self.design.axes) :]
            self._arrays[name] = values.reshape(self.design.points, *shape)
        return self._arrays[name]

    def columns_of(self, of: str, ends: Iterable[str]) -> np.ndarray:
        """Variables whose names begin alike, points first and variables last."""
        return np.stack([self.array(f"{of}{end}") for end in ends], axis=-1)

    def numbers(self, estimate: Estimate, arm: str, place: int, role: str) -> np.ndarray:
        """Numbers of an arm under one of its models, shape (point, ..., month)."""
        name = name_of(estimate, role)
        by_model = not self._model_dims.isdisjoint(map(str, self.result[name].dims))
        where = (self.places[arm], place) if by_model else (self.places[arm],)
        return self.array(name)[(..., *where, slice(None))]

    def table(
        self, estimate: Estimate, arm: str, place: int, roles: Sequence[str]
    ) -> Iterator[tuple[float, np.ndarray]]:
        """Each time, with the numbers of some roles, shape (point, role)."""
        numbers = np.stack([self.numbers(estimate, arm, place, role) for role in roles], axis=-1)
        for m, month in enumerate(self.months):
            yield month, numbers[:, m]

    def estimates(
        self, names: ModelNames, arm: str, reference: str | None = None
    ) -> Iterator[tuple[Estimate, int, str]]:
        """Each estimate that an arm reports, its place among models, the name of its model."""
        return (told for told in names.of(arm, reference) if str(told[0]) in self.result)

    @cached_property
    def listed(self) -> tuple[Estimate, ...]:
        """Every estimate of the result, in the order of the tables."""
        told = self.estimates(ModelNames(self.experiment), self.reference)
        return tuple(dict.fromkeys(estimate for estimate, _, _ in told))

    def spreads(self, names: ModelNames) -> Iterator[tuple[list[str], Numbers]]:
        """Every estimate and every difference whose spread is told: labels, and its numbers."""
        told = {"": list(self.experiment.arms), self.reference: self.experiment.compared}
        for reference, arms in told.items():
            for arm in arms:
                for estimate, place, model in self.estimates(names, arm, reference or None):
                    labels = [arm, reference, estimate.endpoint, model, estimate.estimator.name]
                    contrast = estimate.difference if reference else estimate
                    yield labels, partial(self.numbers, contrast, arm, place)

    def text(self, lines_of: Lines) -> Iterator[str]:
        """Write lines point by point, those of each point in order."""
        comma = "," if self.design.axes else ""
        for names, points in names_over_sweep(self.experiment):
            lines = list(lines_of(self, names))
            if not lines:
                continue
            starts = [comma + csv_line(line.labels).rstrip("\n") for line in lines]
            for first in range(0, len(points), POINTS_AT_ONCE):
                chunk = points[first : first + POINTS_AT_ONCE]
                columns = [_column(*pair, chunk) for pair in zip(starts, lines, strict=True)]
                for point, cells in zip(chunk, zip(*columns, strict=True), strict=True):
                    yield self._point_texts[point].join(("", *cells))

    def rows(self, lines_of: Lines) -> Iterator[list[Any]]:
        """Give the same as cells."""
        for names, points in names_over_sweep(self.experiment):
            lines = list(lines_of(self, names))
            for point in points:
                start = self._point_cells(point)
                for line in lines:
                    last = line.last[point if len(line.last) > 1 else 0]
                    yield [*start, *line.labels, *line.numbers[point].tolist(), *last]

    @cached_property
    def _model_dims(self) -> set[str]:
        dims = (str(dim) for dim in self.result.dims if dim in self.result.coords)
        return {dim for dim in dims if self.result[dim].attrs.get(ROLE) == MODEL}

    @cached_property
    def _point_texts(self) -> list[str]:
        every = map(self._point_cells, range(self.design.points))
        return [csv_line(cells).rstrip("\n") for cells in every]

    def _point_cells(self, point: int) -> list[Any]:
        places = np.unravel_index(point, self.design.shape) if self.design.axes else ()
        cells: list[Any] = []
        for axis, place in zip(self.design.axes, places, strict=True):
            row = axis.table.row(int(place))
            beside = (label_of(row[key]) for key in _columns(axis)[1:])
            cells += [axis.labels[int(place)], *beside]
        return cells


def _columns(axis: Any) -> list[str]:
    beside = [] if axis.name == "variant" else list(axis.table.columns)[1:]
    return [axis.name, *beside]


def _column(start: str, line: Line, chunk: list[int]) -> list[str]:
    """What one line says at each of these points, behind the cells of the point itself."""
    values = line.numbers[chunk]
    if np.array_equal(values, np.broadcast_to(values[0], values.shape), equal_nan=True):
        values = values[:1]  # most sweeps leave most estimates as they are
    cells = line.last if len(line.last) == 1 else [line.last[point] for point in chunk]
    ends = [csv_line(("", *cell)) if cell else "\n" for cell in cells]
    numbers = number_cells(values)
    if len(numbers) == len(ends) == 1:
        return [f"{start},{numbers[0]}{ends[0]}"] * len(chunk)
    numbers, ends = (each * (len(chunk) // len(each)) for each in (numbers, ends))
    return [f"{start},{number}{end}" for number, end in zip(numbers, ends, strict=True)]
