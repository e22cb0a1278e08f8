"""The tables of a design: as those of a single run, with the design's columns first."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from radsim.experiment.designs.keys import label_of
from radsim.experiment.designs.parts import DRAWS
from radsim.experiment.designs.uncertainty import MOST_MODEL_DRAWS
from radsim.experiment.model import Experiment
from radsim.report.tables.rows import (
    BEST_COLUMNS,
    CHECK_COLUMNS,
    COMPARISON_COLUMNS,
    INTERVAL,
    SUMMARY_COLUMNS,
)
from radsim.results.names import ModelNames, NamesOverSweep
from radsim.results.result import experiment_of
from radsim.results.uncertainty import what_matters
from radsim.sums.parameter_spread import AT_MOST, STATES, TOLD
from radsim.vocabulary.endpoints import ESTIMATES, endpoint_of

PARAMETERS, PARAMETERS_AT_MOST = "parameters", "parameters_at_most"
OWN_MODELS = "the file's own"
POINTS_AT_ONCE = 256  # points of a sweep whose rows are put together at once
UNCERTAINTY_COLUMNS = (
    "arm", "reference", "endpoint", "model", "estimator", "months", "estimate",
    "between_patients", "parameters", "parameters_lower", "parameters_upper", "model_choice",
    "monte_carlo", "inner_noise_share", "parameters_note", "matters_most",
)  # fmt: skip
DRAWN_COLUMNS = (
    "endpoint", "months", "arm", "models", "draws", "probability_best", "lower", "upper",
)  # fmt: skip
INDEX_COLUMNS = (
    "factor", "arm", "reference", "endpoint", "model", "estimator", "months",
    "first_order", "first_order_lower", "first_order_upper",
    "total", "total_lower", "total_upper",
)  # fmt: skip
TORNADO_COLUMNS = (
    "key", "arm", "reference", "endpoint", "model", "estimator", "months",
    "estimate", "at_lower", "at_upper", "swing",
)  # fmt: skip
COMPARED = (
    "difference", "difference_mc_standard_error", "difference_lower", "difference_upper",
    "ratio", "ratio_lower", "ratio_upper",
    "number_needed", "number_needed_lower", "number_needed_upper",
)  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """One row at every point of a sweep: its labels, its numbers (point, column), its last cell."""

    labels: Sequence[Any]
    numbers: np.ndarray
    last: Sequence[Any] | None = None


def is_design(result: xr.Dataset) -> bool:
    """Say whether a result is one of many variants."""
    return "design" in result.attrs


def design_tables(result: xr.Dataset) -> dict[str, tuple[Sequence[str], Iterator[str]]]:
    """Give every table of a design: its columns, and its text in pieces, without the header."""
    made = _Tables(result)
    tables = {
        "summary.csv": (SUMMARY_COLUMNS, made.summary()),
        "comparison.csv": (COMPARISON_COLUMNS, made.comparison()),
        "best.csv": (BEST_COLUMNS, made.best()),
        "checks.csv": (CHECK_COLUMNS, made.checks()),
    }
    if "source" in result.sizes:
        tables["uncertainty.csv"] = (UNCERTAINTY_COLUMNS, made.uncertainty())
    if any(str(name).endswith("_best_probability") for name in result.data_vars):
        tables["best_over_draws.csv"] = (DRAWN_COLUMNS, made.best_over_draws())
    if "factor" in result.sizes and any("_first_order" in str(n) for n in result.data_vars):
        tables["sobol_indices.csv"] = (INDEX_COLUMNS, made.indices())
    if "key" in result.sizes:
        tables["tornado.csv"] = (TORNADO_COLUMNS, made.tornado())
    columns = made.columns
    return {name: ((*columns, *own), rows) for name, (own, rows) in tables.items()}


def design_table(experiment: Experiment) -> Iterator[str]:
    """Give the design itself as CSV: a row for each variant, a column for each key."""
    design = experiment.study.design
    keys = design.keys
    yield _csv(["variant", "part", *keys])
    names = [name for name, part in design.parts.items() for _ in range(len(part))]
    for index in range(len(design)):
        changes = design.variant(index)
        cells = [label_of(changes[key]) if key in changes else "" for key in keys]
        yield _csv([index, names[index % design.inner], *map(_cell, cells)])


class _Tables:
    def __init__(self, result: xr.Dataset) -> None:
        self.result = result
        self.experiment = experiment_of(result)
        self.design = self.experiment.study.design
        self.dims = tuple(axis.name for axis in self.design.axes)
        self.columns = [
            column
            for axis in self.design.axes
            for column in (
                [axis.name]
                if axis.name == "variant"
                else [axis.name, *list(axis.table.columns)[1:]]
            )
        ]
        self.months = self.experiment.months
        self.reference = self.experiment.reference
        self._labels = NamesOverSweep(self.experiment)
        self._arrays: dict[str, np.ndarray] = {}
        self._points = [self._point_cells(index) for index in range(self.design.points)]

    def summary(self) -> Iterator[str]:
        """Rows of ``summary.csv``."""
        return self._text(lambda labels: list(self._summary_lines(labels)))

    def comparison(self) -> Iterator[str]:
        """Rows of ``comparison.csv``."""
        return self._text(lambda labels: list(self._comparison_lines(labels)))

    def _summary_lines(self, labels: ModelNames) -> Iterator[_Line]:
        for arm in self.experiment.arms:
            for name, place, model in labels.of(self.result, arm):
                for month, values, interval in self._by_month(name, arm, place, _FIELDS):
                    row = [arm, endpoint_of(name)[0], model, endpoint_of(name)[1], month]
                    yield _Line([*row], values, interval)
                if DRAWS in self.design.parts:
                    shown = self._by_month(name, arm, place, _PARAMETER_FIELDS, name)
                    for month, values, interval in shown:
                        row = [arm, endpoint_of(name)[0], model, endpoint_of(name)[1], month]
                        yield _Line([*row], values, interval)
            stated = self.experiment.arms[arm].pain_response
            if stated is not None:
                p = float(stated.probability)
                model = f"stated: {stated.definition} ({stated.source})"
                values = np.tile([p, 0.0, p, p], (self.design.points, 1))
                row = [arm, "pain_response", model, "net", float(stated.months)]
                yield _Line(row, values, [INTERVAL])

    def _comparison_lines(self, labels: ModelNames) -> Iterator[_Line]:
        for arm in self.experiment.arms:
            if arm == self.reference:
                continue
            for name, place, model in labels.of(self.result, arm, self.reference):
                row = [arm, self.reference, endpoint_of(name)[0], model, endpoint_of(name)[1]]
                fields = [f"_{suffix}" for suffix in COMPARED]
                for month, values, interval in self._by_month(name, arm, place, fields):
                    yield _Line([*row, month], values, interval)
                if DRAWS in self.design.parts:
                    fields = [f"_difference{suffix}" for suffix in _PARAMETER_FIELDS]
                    fields += [f"_ratio_parameters{end}" for end in ("", "_lower", "_upper")]
                    shown = self._by_month(name, arm, place, fields, f"{name}_difference")
                    for month, values, interval in shown:
                        needed = _numbers_needed(*values[:, [0, 2, 3]].T)
                        yield _Line([*row, month], np.hstack([values, needed]), interval)

    def best(self) -> Iterator[str]:
        """Rows of ``best.csv``."""
        lines = []
        for name in ESTIMATES:
            if f"{name}_best" in self.result:
                for m, month in enumerate(self.months):
                    for r, arm in enumerate(self.result["ranked_arm"].values):
                        row = [endpoint_of(name)[0], month, str(arm)]
                        lines.append(
                            _Line(row, self._cells(f"{name}_best", _FIELDS, r, m), [INTERVAL])
                        )
                        if DRAWS in self.design.parts:
                            values = self._cells(f"{name}_best", _PARAMETER_FIELDS, r, m)
                            lines.append(_Line(row, values, [PARAMETERS]))
        return self._text(lambda labels: lines)

    def checks(self) -> Iterator[str]:
        """Rows of ``checks.csv``."""
        lines = []
        for a, arm in enumerate(self.experiment.arms):
            for name in self.result.data_vars:
                if str(name).endswith("_share") and not str(name).endswith("_noise_share"):
                    values = self._cells(str(name), _FIELDS, a)
                    if not np.isnan(values[:, 0]).all():
                        row = [arm, str(name).removesuffix("_share")]
                        lines.append(_Line(row, values, [INTERVAL]))
        return self._text(lambda labels: lines)

    def uncertainty(self) -> Iterator[str]:
        """Rows of ``uncertainty.csv``: standard deviations by source."""

        def lines(labels: ModelNames) -> list[_Line]:
            found = []
            for arm, reference, name, place, model, shown in self._shown(labels):
                a = list(self.experiment.arms).index(arm)
                for m, month in enumerate(self.months):
                    where = (a, m) if place is None else (a, place, m)
                    values, notes = self._uncertainty_cells(shown, (slice(None), *where))
                    endpoint, estimator = endpoint_of(name)
                    row = [arm, reference, endpoint, model, estimator, month]
                    found.append(_Line(row, values, notes))
            return found

        return self._text(lines)

    def _uncertainty_cells(self, shown: str, where: Any) -> tuple[np.ndarray, list[str]]:
        """Numbers of one estimate, shape (point, column), and the last two cells of each row."""
        estimate = self._array(shown)[where]
        every = self._array(f"{shown}_uncertainty")  # the sources come after the point
        sd = {
            str(source): every[(where[0], place, *where[1:])]
            for place, source in enumerate(self.result["source"].values)
        }
        drawn = {
            end: self._array(f"{shown}_parameters{end}")[where]
            if f"{shown}_parameters{end}" in self.result
            else np.full(len(estimate), TOLD if end == "_state" else np.nan)
            for end in ("_lower", "_upper", "_noise_share", "_state")
        }
        columns = [
            estimate, sd["patients"], sd["parameters"], drawn["_lower"], drawn["_upper"],
            sd["models"], sd["monte_carlo"], drawn["_noise_share"],
        ]  # fmt: skip
        most = what_matters(sd, drawn["_state"])
        notes = [
            f"{STATES[int(state)]},{source.replace('models', 'model_choice')}"
            for state, source in zip(drawn["_state"], most.tolist(), strict=True)
        ]
        return np.stack(columns, axis=1), notes

    def best_over_draws(self) -> Iterator[str]:
        """Rows of ``best_over_draws.csv``: how often each arm is best over the draws."""
        lines = []
        draws = len(self.design.parts[DRAWS])
        for name in ESTIMATES:
            shown = f"{name}_best_probability"
            if shown not in self.result:
                continue
            for m, month in enumerate(self.months):
                for r, arm in enumerate(self.result["ranked_arm"].values):
                    row = [endpoint_of(name)[0], month, str(arm)]
                    values = self._cells(shown, _ENDS, r, m)
                    lines.append(_Line([*row, OWN_MODELS, draws], values))
                    if f"{shown}_with" in self.result:
                        for i, other in enumerate(self.result["alternative"].values):
                            values = self._cells(f"{shown}_with", _ENDS, i, r, m)
                            row_with = [*row, str(other), min(draws, MOST_MODEL_DRAWS)]
                            lines.append(_Line(row_with, values))
        return self._text(lambda labels: lines)

    def indices(self) -> Iterator[str]:
        """Rows of ``sobol_indices.csv``."""
        fields = [f"_{index}{end}" for index in ("first_order", "total") for end in _ENDS]
        return self._text(lambda labels: list(self._factor_lines(labels, "factor", fields)))

    def tornado(self) -> Iterator[str]:
        """Rows of ``tornado.csv``."""

        def lines(labels: ModelNames) -> list[_Line]:
            found = []
            for arm, reference, name, place, model, shown in self._shown(labels):
                a = list(self.experiment.arms).index(arm)
                for k, key in enumerate(self.result["key"].values):
                    for m, month in enumerate(self.months):
                        where = (a, m) if place is None else (a, place, m)
                        own = self._array(shown)[(slice(None), *where)]
                        ends = self._array(f"{shown}_tornado")[
                            (slice(None), k, slice(None), *where)
                        ]
                        swing = np.abs(ends[:, 1] - ends[:, 0])
                        endpoint, estimator = endpoint_of(name)
                        found.append(
                            _Line(
                                [str(key), arm, reference, endpoint, model, estimator, month],
                                np.stack([own, ends[:, 0], ends[:, 1], swing], axis=1),
                            )
                        )
            return found

        return self._text(lines)

    def _factor_lines(self, labels: ModelNames, dim: str, fields: list[str]) -> Iterator[_Line]:
        for arm, reference, name, place, model, shown in self._shown(labels):
            a = list(self.experiment.arms).index(arm)
            for f, factor in enumerate(self.result[dim].values):
                for m, month in enumerate(self.months):
                    where = (a, m) if place is None else (a, place, m)
                    columns = [
                        self._array(shown + field)[(slice(None), f, *where)] for field in fields
                    ]
                    endpoint, estimator = endpoint_of(name)
                    yield _Line(
                        [str(factor), arm, reference, endpoint, model, estimator, month],
                        np.stack(columns, axis=1),
                    )

    def _shown(self, labels: ModelNames) -> Iterator[tuple[str, str, str, int | None, str, str]]:
        """Every estimate and every difference that a table of uncertainty shows."""
        for arm in self.experiment.arms:
            for name, place, model in labels.of(self.result, arm):
                yield arm, "", name, place, model, name
        for arm in self.experiment.arms:
            if arm != self.reference:
                for name, place, model in labels.of(self.result, arm, self.reference):
                    yield arm, self.reference, name, place, model, f"{name}_difference"

    def _by_month(
        self,
        name: str,
        arm: str,
        place: int | None,
        fields: Sequence[str],
        over_draws: str = "",
    ) -> Iterator[tuple[float, np.ndarray, Sequence[str]]]:
        """Numbers at each time, and what the interval is of: Monte Carlo, or the draws."""
        a = list(self.experiment.arms).index(arm)
        for m, month in enumerate(self.months):
            where = (a, m) if place is None else (a, place, m)
            interval = self._interval_over_draws(over_draws, where) if over_draws else [INTERVAL]
            yield month, self._cells(name, fields, *where), interval

    def _interval_over_draws(self, name: str, where: tuple[int, ...]) -> list[str]:
        here: Any = (slice(None), *where)
        state = self._array(f"{name}_parameters_state")[here]
        return np.where(state == AT_MOST, PARAMETERS_AT_MOST, PARAMETERS).tolist()

    def _cells(self, name: str, fields: Sequence[str], *where: int) -> np.ndarray:
        """Numbers of some fields of a variable in one place, shape (point, field)."""
        here: Any = (slice(None), *where)
        columns = [self._array(name + field)[here] for field in fields]
        return np.stack(columns, axis=1)

    def _array(self, name: str) -> np.ndarray:
        """Values with the points of the sweep on one axis, in front."""
        if name not in self._arrays:
            values = self.result[name].values
            self._arrays[name] = values.reshape(self.design.points, *values.shape[len(self.dims) :])
        return self._arrays[name]

    def _point_cells(self, index: int) -> str:
        places = np.unravel_index(index, self.design.shape) if self.dims else ()
        cells: list[Any] = []
        for axis, place in zip(self.design.axes, places, strict=True):
            cells.append(axis.labels[int(place)])
            if axis.name != "variant":
                row = axis.table.row(int(place))
                cells.extend(label_of(row[key]) for key in list(axis.table.columns)[1:])
        return _csv([_cell(cell) for cell in cells]).rstrip("\n")

    def _text(self, lines_of: Any) -> Iterator[str]:
        """Write lines point by point, those of each point in order."""
        comma = "," if self.dims else ""
        for names, points in self._labels.groups():
            lines = lines_of(names)
            if not lines:
                continue
            starts = [comma + _csv(line.labels).rstrip("\n") for line in lines]
            for first in range(0, len(points), POINTS_AT_ONCE):
                chunk = points[first : first + POINTS_AT_ONCE]
                columns = [_column(*pair, chunk) for pair in zip(starts, lines, strict=True)]
                for point, cells in zip(chunk, zip(*columns, strict=True), strict=True):
                    yield self._points[point].join(("", *cells))


_ENDS = ("", "_lower", "_upper")
_FIELDS = ("", "_mc_standard_error", "_lower", "_upper")
_PARAMETER_FIELDS = tuple(f"_parameters{suffix}" for suffix in _FIELDS)


def _numbers_needed(value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """One over the difference, and its interval; missing where the interval holds 0."""
    clear = (lower > 0) | (upper < 0)
    low, high = np.minimum(abs(lower), abs(upper)), np.maximum(abs(lower), abs(upper))
    with np.errstate(divide="ignore"):
        columns = [np.where(clear, 1.0 / v, np.nan) for v in (abs(value), high, low)]
    return np.stack(columns, axis=1)


def _column(start: str, line: _Line, chunk: list[int]) -> list[str]:
    """What one line says at each of these points, behind the cells of the point itself."""
    numbers = _numbers(line.numbers[chunk])
    if line.last is None or len(line.last) == 1:
        end = "" if line.last is None else f",{line.last[0]}"
        texts = [f"{start},{number}{end}\n" for number in numbers]
        return texts * (len(chunk) // len(texts))
    each = numbers * (len(chunk) // len(numbers))
    ends = [line.last[point] for point in chunk]
    return [f"{start},{n},{end}\n" for n, end in zip(each, ends, strict=True)]


def _numbers(values: np.ndarray) -> list[str]:
    """Numbers of each row as CSV cells, a missing one empty; one row for all where all are alike.

    Most sweeps leave most estimates as they are.
    """
    if np.array_equal(values, np.broadcast_to(values[0], values.shape), equal_nan=True):
        values = values[:1]
    return [",".join(map(repr, row)).replace("nan", "") for row in values.tolist()]


def _cell(value: Any) -> Any:
    return repr(value) if isinstance(value, float) else value


def _csv(cells: Sequence[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
