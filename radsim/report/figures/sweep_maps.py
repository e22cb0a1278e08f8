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

from radsim.report.figures import page
from radsim.report.figures.style import new_figure
from radsim.report.view import View
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

    @classmethod
    def about(cls, values: xr.DataArray) -> "_Scale":
        low, high = float(values.min()), float(values.max())
        spare = max(LEAST_RANGE - (high - low), 0.0) / 2
        return cls("cividis", low - spare, high + spare)

    @property
    def mappable(self) -> ScalarMappable:
        return ScalarMappable(Normalize(self.low, self.high), self.colors)


def plot_map(result: xr.Dataset, arm: str) -> Figure:
    """Heat map over the first two swept keys; other keys at their middle value.

    Draws the arm's difference from the reference, all panels on one scale about zero; of a single
    arm the estimates themselves. Contours are drawn over two keys that are numbers; over a key of
    text values the numbers stand in the cells.
    """
    view = View(result, *View(result).axes[:2])
    first, second, *_ = view.axes
    mapped, scales = _mapped(view, view.here, arm)
    figure, panels = page.panel_grid(len(mapped), 2.7)
    for panel, (title, values) in zip(panels, mapped.items(), strict=True):
        _map(panel, values.transpose(second, first), scales[title], MOST_NUMBERS, levels=4)
        panel.set_xlabel(page.axis_label(view.here[first]), fontsize=page.TEXT)
        panel.set_ylabel(page.axis_label(view.here[second]), fontsize=page.TEXT)
        panel.set_title(f"{title}\n{_range_text(values)}", fontsize=page.TEXT)
        _colorbar(figure, scales[title], [panel], view)
    page.set_title(figure, view, _what(view, arm) + page.where_text(view))
    page.set_note(figure, _note(view))
    return figure


def plot_multiples(result: xr.Dataset, arm: str) -> Figure:
    """Small multiples of `plot_map`: a row for each estimate, a column for each third value."""
    view = View(result, *View(result).axes[:3])
    first, second, third, *_ = view.axes
    size = view.here.sizes[third]
    count = min(size, MOST_MULTIPLES)
    some = view.here.isel({third: np.linspace(0, size - 1, count).round().astype(int)})
    mapped, scales = _mapped(view, some, arm)
    figure = new_figure(max(page.WIDTH, 1.45 * count + 1.2), 1.65 * len(mapped) + 1.1)
    grid = figure.subplots(len(mapped), count, squeeze=False, sharex=True, sharey=True)
    for row, (title, values) in zip(grid, mapped.items(), strict=True):
        for column, panel in enumerate(row):
            part = values.isel({third: column}).transpose(second, first)
            _map(panel, part, scales[title], FEW_NUMBERS, levels=2)
        label = f"{fill(title, ROW_TITLE)}\n{fill(page.axis_label(some[second]), ROW_TITLE)}"
        row[0].set_ylabel(label, fontsize=page.SMALL)
        _colorbar(figure, scales[title], list(row), view)
    for panel, value in zip(grid[0], some[third].values, strict=True):
        panel.set_title(page.short(value), fontsize=page.TEXT)
    grid[-1, (count - 1) // 2].set_xlabel(page.axis_label(some[first]), fontsize=page.TEXT)
    columns = f"columns: {page.axis_label(some[third])}"
    page.set_title(figure, view, f"{_what(view, arm)}; {columns}{page.where_text(view)}")
    page.set_note(figure, _note(view))
    return figure


def _mapped(
    view: View, here: xr.Dataset, arm: str
) -> tuple[dict[str, xr.DataArray], dict[str, _Scale]]:
    """What is mapped, by title: differences [points], of one arm estimates [%]; and its colors.

    Differences share one scale about zero, and blue is better.
    """
    mapped = {
        page.title_of(net): 100.0 * select_estimate(here, view.contrast(net)).sel(arm=arm)
        for net in view.nets
    }
    if not view.compared:
        return mapped, {title: _Scale.about(values) for title, values in mapped.items()}
    limit = max(LEAST_RANGE, *(float(np.abs(values).max()) for values in mapped.values()))
    colors = ("RdBu" if net.good else "RdBu_r" for net in view.nets)
    return mapped, {t: _Scale(c, -limit, limit) for t, c in zip(mapped, colors, strict=True)}


def _map(panel: Axes, values: xr.DataArray, scale: _Scale, most_numbers: int, levels: int) -> None:
    down, across = (values[str(dim)] for dim in values.dims)
    # both side by side where one is text, so that numbers fit
    numeric = page.is_numeric(across) and page.is_numeric(down)
    x, y = page.positions(across, numeric), page.positions(down, numeric)
    numbers = values.values
    panel.pcolormesh(
        x, y, numbers, shading="nearest", cmap=scale.colors, vmin=scale.low, vmax=scale.high
    )
    page.label_ticks(panel, across, "x", numeric)
    page.label_ticks(panel, down, "y", numeric)
    span = float(np.ptp(numbers))
    if span == 0.0:
        page.say_in(panel, f"{_number(numbers.flat[0])}\neverywhere", path_effects=STROKE)
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
        lines, fontsize=page.SMALL, fmt=lambda level: f"{level:g}".replace("-", "\N{MINUS SIGN}")
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
    low, high = _number(float(values.min())), _number(float(values.max()))
    return f"{low} to {high}" if values.min() != values.max() else f"{low} everywhere"


def _colorbar(figure: Figure, scale: _Scale, panels: list[Axes], view: View) -> None:
    bar = figure.colorbar(scale.mappable, ax=panels, pad=0.02, aspect=18)
    bar.set_label("percentage points" if view.compared else "%", fontsize=page.SMALL)
    bar.ax.tick_params(labelsize=page.SMALL)


def _what(view: View, arm: str) -> str:
    return view.arms[arm] + (f" minus {view.arms[view.reference]}" if view.compared else "")


def _note(view: View) -> str:
    if not view.compared:
        return "Probability [%]; the scales of the estimates differ."
    note = "Difference [percentage points], one scale for all panels; blue is better for the arm."
    numeric = all(page.is_numeric(view.here[axis]) for axis in view.axes[:2])
    return f"{note} The thick contour is zero." if numeric else note
