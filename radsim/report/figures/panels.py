"""What the figures of a design share: panels, axes with units, titles, notes."""

from textwrap import fill

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from radsim.experiment.endpoints import estimates_of
from radsim.report.figures.style import capital, grid_of, layout, new_figure
from radsim.report.readers import reader_name
from radsim.results.result import experiment_of
from radsim.vocabulary.endpoints import NET, Estimate

PAGE = 7.2  # width of two columns of a journal [inches]; text is set for this size
TITLE, TEXT, SMALL = 9, 8, 7  # points
WIDEST_NOTE, WIDEST_TITLE = 118, 88  # characters in a line over the page's width
LONGEST_LABEL = 28  # characters


def net_estimates(result: xr.Dataset) -> list[Estimate]:
    """Net estimates of a result, each of which gets a panel."""
    every = estimates_of(experiment_of(result))
    return [e for e in every if e.estimator is NET and str(e) in result]


def title_of(estimate: Estimate) -> str:
    """Name an estimate above its panel."""
    return capital(estimate.label)


def swept_axes(result: xr.Dataset) -> list[str]:
    """Dimensions of the sweep, in the file's order."""
    return [axis.name for axis in experiment_of(result).study.design.axes]


def compared_arms(result: xr.Dataset) -> list[str]:
    """Arms other than the reference; none where there is one arm."""
    return [str(arm) for arm in result["arm"].values if arm != result.attrs["reference"]]


def arm_rows(result: xr.Dataset) -> dict[str, int]:
    """Place of each arm among all, which decides its color in every figure."""
    return {str(arm): row for row, arm in enumerate(result["arm"].values)}


def at_middle(result: xr.Dataset, axes: list[str]) -> xr.Dataset:
    """Take the middle value of these swept keys."""
    return result.isel({axis: result.sizes[axis] // 2 for axis in axes})


def panel_grid(count: int, height: float = 2.5) -> tuple[Figure, list[Axes]]:
    """Make a figure of two panels a row, and give the panels."""
    rows, columns = layout(count, 2)
    figure = new_figure(PAGE * columns / 2 + (0.9 if columns == 1 else 0), height * rows + 1.0)
    return figure, grid_of(figure, count, 2)[1]


def axis_label(coordinate: xr.DataArray) -> str:
    """Name a swept key for a reader, with its units."""
    name = str(coordinate.attrs.get("long_name", reader_name(str(coordinate.name))))
    units = str(coordinate.attrs.get("units", "1"))
    return name if units == "1" else f"{name} [{units}]"


def where_text(here: xr.Dataset, axes: list[str]) -> str:
    """Say at which value of each of these swept keys a figure stands."""
    return "".join(f"; {_value_text(here[axis])}" for axis in axes)


def _value_text(coordinate: xr.DataArray) -> str:
    name = str(coordinate.attrs.get("long_name", reader_name(str(coordinate.name))))
    units = str(coordinate.attrs.get("units", "1"))
    value = short(coordinate.item())
    return f"{name} = {value}" + ("" if units == "1" else f" {units}")


def is_numeric(coordinate: xr.DataArray) -> bool:
    """Say whether the values of a swept key are numbers, not text."""
    return bool(np.issubdtype(coordinate.dtype, np.number))


def positions(coordinate: xr.DataArray, numeric: bool) -> np.ndarray:
    """Where the values of a swept key stand on an axis: as numbers, or side by side."""
    return coordinate.values if numeric else np.arange(len(coordinate))


def label_ticks(panel: Axes, coordinate: xr.DataArray, side: str, numeric: bool) -> None:
    """Set the ticks along ``x`` or ``y``; each value is written out where they are no numbers."""
    panel.tick_params(labelsize=SMALL)
    if numeric:
        (panel.xaxis if side == "x" else panel.yaxis).set_major_locator(MaxNLocator(5))
        return
    places = np.arange(len(coordinate))
    labels = [short(value) for value in coordinate.values]
    if side == "y":
        panel.set_yticks(places, labels, fontsize=SMALL)
    elif max(map(len, labels)) * len(labels) > 30:
        panel.set_xticks(places, labels, rotation=25, ha="right", fontsize=SMALL)
    else:
        panel.set_xticks(places, labels, fontsize=SMALL)


def short(value: object) -> str:
    """Write a value of a swept key in few characters."""
    text = f"{value:g}" if isinstance(value, (float, np.floating)) else str(value)
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 3]}..."


def set_title(figure: Figure, result: xr.Dataset, what: str, here: xr.Dataset) -> None:
    """Say above a figure what was run, what is shown, and when."""
    run = f"{float(here['months']):g} months, {int(result.attrs['patients']):,} patients"
    widest = WIDEST_TITLE if figure.get_figwidth() >= PAGE else WIDEST_TITLE // 2
    title = fill(f"{result.attrs['title']}: {what}", widest)
    figure.suptitle(f"{title}\n{run}", fontsize=TITLE)


def set_note(figure: Figure, note: str, handles: list | None = None, labels: str = "") -> None:
    """Say below a figure how it reads, with a legend where there are handles."""
    widest = WIDEST_NOTE if figure.get_figwidth() >= PAGE else WIDEST_NOTE // 2
    legend = figure.legend(
        handles=handles or [],
        title="\n".join([fill(note, widest), *([labels] if labels else [])]),
        loc="outside lower center",
        ncols=max(1, min(len(handles or []), 5)),
        fontsize=TEXT,
        title_fontsize=SMALL,
        handlelength=3.0,
        frameon=False,
    )
    legend.get_title().set_color("0.3")
    legend.get_title().set_multialignment("center")
