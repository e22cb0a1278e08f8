"""Estimates over two swept keys as heat maps, and over three as small multiples of them."""

from dataclasses import dataclass
from textwrap import fill

import matplotlib.patheffects as effects
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from radsim.report.figures.panels import (
    PAGE,
    SMALL,
    TEXT,
    at_middle,
    axis_label,
    compared_arms,
    is_numeric,
    label_ticks,
    net_estimates,
    panel_grid,
    positions,
    set_note,
    set_title,
    short,
    swept_axes,
    title_of,
    where_text,
)
from radsim.report.figures.style import new_figure
from radsim.report.readers import reader_names
from radsim.results.reading import select_estimate

MOST_MULTIPLES = 5  # small multiples in a row
MOST_NUMBERS = 10  # in a row of cells of a map
FEW_NUMBERS = 4  # in a row of cells of a small multiple
LEAST_RANGE = 0.1  # percentage points: colors set nothing apart that differs by less
FLAT = 0.02  # of the color scale: a panel that varies by less has no contours
ROW_TITLE = 24  # characters beside a row of small multiples
STROKE: list[effects.AbstractPathEffect] = [effects.withStroke(linewidth=2.0, foreground="white")]


@dataclass(frozen=True)
class _Scale:
    colors: str
    low: float
    high: float

    @property
    def mappable(self) -> ScalarMappable:
        return ScalarMappable(Normalize(self.low, self.high), self.colors)


def plot_map(result: xr.Dataset, arm: str) -> Figure:
    """Heat map over the first two swept keys; other keys at their middle value.

    Shows the arm's difference from the reference, all panels on one scale about zero; of a single
    arm the estimates themselves. Contours are drawn over two keys that are numbers; over a key of
    text values the numbers stand in the cells.
    """
    first, second, *others = swept_axes(result)
    here = at_middle(result.isel(months=-1), others)
    shown = _shown(here, arm)
    scales = _scales(shown, bool(compared_arms(result)))
    figure, panels = panel_grid(len(shown), height=2.7)
    for panel, (title, values) in zip(panels, shown.items(), strict=True):
        _map(panel, values.transpose(second, first), scales[title], MOST_NUMBERS, levels=4)
        panel.set_xlabel(axis_label(here[first]), fontsize=TEXT)
        panel.set_ylabel(axis_label(here[second]), fontsize=TEXT)
        panel.set_title(f"{title}\n{_range_text(values)}", fontsize=TEXT)
        _colorbar(figure, scales[title], [panel], result)
    set_title(figure, result, _what(result, arm) + where_text(here, others), here)
    set_note(figure, _note(here, [first, second]))
    return figure


def plot_multiples(result: xr.Dataset, arm: str) -> Figure:
    """Small multiples of `plot_map`: a row for each estimate, a column for each third value."""
    first, second, third, *others = swept_axes(result)
    here = at_middle(result.isel(months=-1), others)
    count = min(here.sizes[third], MOST_MULTIPLES)
    here = here.isel({third: np.linspace(0, here.sizes[third] - 1, count).round().astype(int)})
    shown = _shown(here, arm)
    scales = _scales(shown, bool(compared_arms(result)))
    figure = new_figure(max(PAGE, 1.45 * count + 1.2), 1.65 * len(shown) + 1.1)
    grid = figure.subplots(len(shown), count, squeeze=False, sharex=True, sharey=True)
    for row, (title, values) in enumerate(shown.items()):
        for column in range(count):
            panel = grid[row, column]
            part = values.isel({third: column}).transpose(second, first)
            _map(panel, part, scales[title], FEW_NUMBERS, levels=2)
        label = f"{fill(title, ROW_TITLE)}\n{fill(axis_label(here[second]), ROW_TITLE)}"
        grid[row, 0].set_ylabel(label, fontsize=SMALL)
        _colorbar(figure, scales[title], list(grid[row]), result)
    for column, value in enumerate(here[third].values):
        grid[0, column].set_title(short(value), fontsize=TEXT)
    grid[-1, (count - 1) // 2].set_xlabel(axis_label(here[first]), fontsize=TEXT)
    what = f"{_what(result, arm)}; columns: {axis_label(here[third])}{where_text(here, others)}"
    set_title(figure, result, what, here)
    set_note(figure, _note(here, [first, second]))
    return figure


def _shown(here: xr.Dataset, arm: str) -> dict[str, xr.DataArray]:
    """What is mapped, by title: differences [percentage points], of one arm estimates [%]."""
    compared = bool(compared_arms(here))
    return {
        title_of(estimate): (
            100.0 * select_estimate(here, estimate.difference if compared else estimate)
        )
        .sel(arm=arm)
        .assign_attrs(harm=not estimate.good)
        for estimate in net_estimates(here)
    }


def _scales(shown: dict[str, xr.DataArray], differences: bool) -> dict[str, _Scale]:
    """Colors of each panel: differences share one scale about zero, and blue is better."""
    if not differences:
        return {title: _about(float(v.min()), float(v.max())) for title, v in shown.items()}
    limit = max(float(np.abs(values).max()) for values in shown.values())
    limit = max(limit, LEAST_RANGE)
    return {
        title: _Scale("RdBu_r" if values.attrs["harm"] else "RdBu", -limit, limit)
        for title, values in shown.items()
    }


def _about(low: float, high: float) -> _Scale:
    spare = max(LEAST_RANGE - (high - low), 0.0) / 2
    return _Scale("cividis", low - spare, high + spare)


def _map(panel: Axes, values: xr.DataArray, scale: _Scale, most_numbers: int, levels: int) -> None:
    down, across = (values[str(dim)] for dim in values.dims)
    numeric = is_numeric(across) and is_numeric(down)  # else side by side, so that numbers fit
    x, y = positions(across, numeric), positions(down, numeric)
    numbers = values.values
    panel.pcolormesh(
        x, y, numbers, shading="nearest", cmap=scale.colors, vmin=scale.low, vmax=scale.high
    )
    label_ticks(panel, across, "x", numeric)
    label_ticks(panel, down, "y", numeric)
    span = float(np.ptp(numbers))
    if span == 0.0:
        panel.text(
            0.5, 0.5, f"{_number(numbers.flat[0])}\neverywhere", transform=panel.transAxes,
            ha="center", va="center", fontsize=SMALL, path_effects=STROKE,
        )  # fmt: skip
    elif not numeric:
        if numbers.shape[1] <= most_numbers:
            _write_numbers(panel, x, y, numbers, scale)
    elif min(numbers.shape) > 1 and span > FLAT * (scale.high - scale.low):
        _contours(panel, x, y, numbers, levels)


def _contours(panel: Axes, x: np.ndarray, y: np.ndarray, numbers: np.ndarray, levels: int) -> None:
    lines = panel.contour(x, y, numbers, colors="black", linestyles="solid", levels=levels)
    lines.set_linewidth([2.0 if level == 0.0 else 0.8 for level in lines.levels])
    lines.set(path_effects=STROKE)
    for text in panel.clabel(
        lines, fontsize=SMALL, fmt=lambda level: f"{level:g}".replace("-", "\N{MINUS SIGN}")
    ):
        text.set(path_effects=STROKE, rotation=0)  # upright: a minus sign is no piece of the line


def _write_numbers(
    panel: Axes, x: np.ndarray, y: np.ndarray, numbers: np.ndarray, scale: _Scale
) -> None:
    for row, below in enumerate(y):
        for column, beside in enumerate(x):
            red, green, blue, _ = scale.mappable.to_rgba(numbers[row, column])
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            panel.text(
                beside, below, _number(numbers[row, column]), ha="center", va="center",
                fontsize=5.5, color="white" if dark else "black",
            )  # fmt: skip


def _number(value: float) -> str:
    """Write percentage points to a hundredth, a tenth from 10 on, with a true minus sign."""
    text = f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _range_text(values: xr.DataArray) -> str:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return f"{_number(low)} everywhere"
    return f"{_number(low)} to {_number(high)}"


def _colorbar(figure: Figure, scale: _Scale, panels: list[Axes], result: xr.Dataset) -> None:
    bar = figure.colorbar(scale.mappable, ax=panels, pad=0.02, aspect=18)
    bar.set_label("percentage points" if compared_arms(result) else "%", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)


def _what(result: xr.Dataset, arm: str) -> str:
    names = reader_names(result)
    if not compared_arms(result):
        return names[arm]
    return f"{names[arm]} minus {names[result.attrs['reference']]}"


def _note(here: xr.Dataset, axes: list[str]) -> str:
    if not compared_arms(here):
        return "Probability [%]; the scales of the estimates differ."
    note = "Difference [percentage points], one scale for all panels; blue is better for the arm."
    numeric = all(is_numeric(here[axis]) for axis in axes)
    return f"{note} The thick contour is zero." if numeric else note
