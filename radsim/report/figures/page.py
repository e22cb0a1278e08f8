"""What the figures of a design share: axes with units, titles, notes."""

from textwrap import fill
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from radsim.report.figures.style import capital, panels_of
from radsim.report.view import View, reader_name, value_text
from radsim.vocabulary.endpoints import Estimate

WIDTH = 7.2  # of two columns of a journal [inches]; text is set for this size
TITLE, TEXT, SMALL = 9, 8, 7  # points
WIDEST_NOTE, WIDEST_TITLE = 118, 88  # characters in a line over the page's width
LONGEST_LABEL = 28  # characters


def title_of(estimate: Estimate) -> str:
    """Name an estimate above its panel."""
    return capital(estimate.label)


def panel_grid(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """Make a figure of two panels a row, and give the panels."""
    margin = (0.9 if count == 1 else 0.0, 1.0)
    figure, _, panels = panels_of(count, 2, (WIDTH / 2, height), margin)
    return figure, panels


def axis_label(coordinate: xr.DataArray) -> str:
    """Name a swept key for a reader, with its units."""
    name, units = _name_and_units(coordinate)
    return f"{name} [{units}]" if units else name


def where_text(view: View) -> str:
    """Say at which value of each swept key that it doesn't draw a figure stands."""
    text = ""
    for axis in view.middle:
        name, units = _name_and_units(view.here[axis])
        text += f"; {name} = {short(view.here[axis].item())} {units}".rstrip()
    return text


def _name_and_units(coordinate: xr.DataArray) -> tuple[str, str]:
    name = str(coordinate.attrs.get("long_name", reader_name(str(coordinate.name))))
    units = str(coordinate.attrs.get("units", "1"))
    return name, "" if units == "1" else units


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
    text = value_text(value)
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 3]}..."


def say_in(panel: Axes, text: str, **look: Any) -> None:
    """Write in the middle of a panel."""
    look |= {"transform": panel.transAxes, "ha": "center", "va": "center", "fontsize": SMALL}
    panel.text(0.5, 0.5, text, **look)


def set_title(figure: Figure, view: View, what: str) -> None:
    """Say above a figure what was run, what is drawn, and when."""
    experiment = view.experiment
    widest = WIDEST_TITLE if figure.get_figwidth() >= WIDTH else WIDEST_TITLE // 2
    title = fill(f"{experiment.name}: {what}", widest)
    run = f"{experiment.months[-1]:g} months, {experiment.patients:,} patients"
    figure.suptitle(f"{title}\n{run}", fontsize=TITLE)


def set_note(figure: Figure, note: str, handles: list | None = None, labels: str = "") -> None:
    """Say below a figure how it reads, with a legend where there are handles."""
    widest = WIDEST_NOTE if figure.get_figwidth() >= WIDTH else WIDEST_NOTE // 2
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
