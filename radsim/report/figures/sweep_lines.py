"""Estimates along a swept key, as lines with bands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from radsim.report.figures.panels import (
    SMALL,
    TEXT,
    arm_rows,
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
from radsim.report.figures.style import COLORS, LINES, MARKERS
from radsim.report.readers import reader_names
from radsim.results.reading import has_role, select_estimate

MOST_LINES = 8  # values of a second key that are drawn as lines of their own
STEP_ASIDE = 0.12  # between arms at one text value, so that no interval hides another


@dataclass(frozen=True)
class _Line:
    where: Mapping[str, object]
    label: str
    color: str
    row: int

    @property
    def look(self) -> dict[str, Any]:
        return {"color": self.color, "marker": MARKERS[self.row % 8], "markersize": 3.5}

    @property
    def style(self) -> Any:
        return LINES[self.row % 4]


def plot_lines(result: xr.Dataset) -> Figure:
    """Estimates along the first swept key, a line for each arm; other keys at their middle value.

    With a single arm there is a line for each value of the second key. Bands are the 95 % interval
    over the uncertain parameters where they move the estimate, otherwise the Monte Carlo interval;
    each panel says which.
    """
    axis, *others = swept_axes(result)
    legend_title, lines = "", _by_arm(result)
    if not compared_arms(result) and others and result.sizes[others[0]] <= MOST_LINES:
        second, *others = others
        legend_title, lines = axis_label(result[second]), _by_value(result, second)
    here = at_middle(result.isel(months=-1), others)
    estimates = net_estimates(result)
    figure, panels = panel_grid(len(estimates))
    for panel, estimate in zip(panels, estimates, strict=True):
        said = _draw(panel, here, axis, str(estimate), lines)
        panel.set_title(f"{title_of(estimate)}\n", fontsize=TEXT)
        panel.text(
            0.5, 1.02, said, transform=panel.transAxes, ha="center", va="bottom", fontsize=SMALL,
            color="0.3",
        )  # fmt: skip
    set_title(figure, result, f"by {axis_label(here[axis])}{where_text(here, others)}", here)
    numeric = is_numeric(here[axis])
    handles = [
        Line2D([], [], linestyle=line.style if numeric else "none", label=line.label, **line.look)
        for line in lines
    ]
    uncertain = has_role(here, "parameters_lower")
    note = "Scales differ. Markers: the values of the experiment file." if uncertain else (
        "Scales differ. Monte Carlo intervals hold no uncertainty of models or parameters."
    )  # fmt: skip
    set_note(figure, note, handles, legend_title)
    return figure


def _by_arm(result: xr.Dataset) -> list[_Line]:
    names = reader_names(result)
    return [
        _Line({"arm": arm}, names[arm], COLORS[row % 8], row)
        for arm, row in arm_rows(result).items()
    ]


def _by_value(result: xr.Dataset, axis: str) -> list[_Line]:
    arm = result["arm"].values[0]
    values = result[axis].values
    colors = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.85, len(values)))
    return [
        _Line({"arm": arm, axis: value}, short(value), to_hex(colors[row]), row)
        for row, value in enumerate(values)
    ]


def _draw(panel: Axes, here: xr.Dataset, axis: str, name: str, lines: list[_Line]) -> str:
    """Draw one estimate; say what its bands are."""
    kind, said = _band(here, name)
    numeric = is_numeric(here[axis])
    places = positions(here[axis], numeric)
    for line in lines:
        value, lower, upper = (
            100.0 * select_estimate(here, each).sel(line.where).values
            for each in (name, f"{kind}_lower", f"{kind}_upper")
        )
        if numeric:
            panel.plot(places, value, linestyle=line.style, linewidth=1.2, **line.look)
            panel.fill_between(places, lower, upper, color=line.color, alpha=0.18, linewidth=0)
        else:
            aside = places + STEP_ASIDE * (line.row - (len(lines) - 1) / 2)
            panel.plot(aside, value, linestyle="none", **line.look)
            panel.vlines(aside, lower, upper, color=line.color, linewidth=1.2)
    panel.set_xlabel(axis_label(here[axis]), fontsize=TEXT)
    panel.set_ylabel("Probability [%]", fontsize=TEXT)
    label_ticks(panel, here[axis], "x", numeric)
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.ticklabel_format(axis="y", useOffset=False)
    panel.grid(alpha=0.3)
    return f"{'band' if numeric else 'bar'}: {said}"


def _band(here: xr.Dataset, name: str) -> tuple[str, str]:
    """Choose the interval that a panel shows, and what it is called."""
    if f"{name}_parameters_lower" in here:
        width = here[f"{name}_parameters_upper"] - here[f"{name}_parameters_lower"]
        if float(width.max()) > 0:
            return f"{name}_parameters", "95 % interval over the uncertain parameters"
        return name, "95 % Monte Carlo interval; no uncertain parameter acts here"
    return name, "95 % Monte Carlo interval"
