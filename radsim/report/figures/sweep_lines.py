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

from radsim.report.figures import page
from radsim.report.figures.style import COLORS, LINES, MARKERS
from radsim.report.view import View
from radsim.results.fields import ESTIMATE, name_of
from radsim.results.reading import has_role
from radsim.vocabulary.endpoints import Estimate

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
    view = View(result)
    axis, *others = view.axes
    if not view.compared and others and result.sizes[others[0]] <= MOST_LINES:
        view, legend_title = View(result, axis, others[0]), page.axis_label(result[others[0]])
        lines = _by_value(view, others[0])
    else:
        view, legend_title = View(result, axis), ""
        lines = [
            _Line({"arm": arm}, name, COLORS[row % 8], row)
            for row, (arm, name) in enumerate(view.arms.items())
        ]
    figure, panels = page.panel_grid(len(view.nets), 2.5)
    for panel, net in zip(panels, view.nets, strict=True):
        said = _draw(panel, view, axis, net, lines)
        panel.set_title(f"{page.title_of(net)}\n", fontsize=page.TEXT)
        panel.text(
            0.5, 1.02, said, transform=panel.transAxes, ha="center", va="bottom",
            fontsize=page.SMALL, color="0.3",
        )  # fmt: skip
    page.set_title(figure, view, f"by {page.axis_label(view.here[axis])}{page.where_text(view)}")
    numeric = page.is_numeric(view.here[axis])
    handles = [
        Line2D([], [], linestyle=line.style if numeric else "none", label=line.label, **line.look)
        for line in lines
    ]
    note = "Scales differ. Monte Carlo intervals hold no uncertainty of models or parameters."
    if has_role(result, "parameters_lower"):
        note = "Scales differ. Markers: the values of the experiment file."
    page.set_note(figure, note, handles, legend_title)
    return figure


def _by_value(view: View, axis: str) -> list[_Line]:
    (arm,), values = view.arms, view.here[axis].values
    colors = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.85, len(values)))
    return [
        _Line({"arm": arm, axis: value}, page.short(value), to_hex(colors[row]), row)
        for row, value in enumerate(values)
    ]


def _draw(panel: Axes, view: View, axis: str, net: Estimate, lines: list[_Line]) -> str:
    """Draw one estimate; say what its bands are."""
    ends, said = _band(view, net)
    swept = view.here[axis]
    numeric = page.is_numeric(swept)
    places = page.positions(swept, numeric)
    for line in lines:
        value, lower, upper = (
            view.percent(net, role, **line.where).values for role in (ESTIMATE, *ends)
        )
        if numeric:
            panel.plot(places, value, linestyle=line.style, linewidth=1.2, **line.look)
            panel.fill_between(places, lower, upper, color=line.color, alpha=0.18, linewidth=0)
        else:
            aside = places + STEP_ASIDE * (line.row - (len(lines) - 1) / 2)
            panel.plot(aside, value, linestyle="none", **line.look)
            panel.vlines(aside, lower, upper, color=line.color, linewidth=1.2)
    panel.set_xlabel(page.axis_label(swept), fontsize=page.TEXT)
    panel.set_ylabel("Probability [%]", fontsize=page.TEXT)
    page.label_ticks(panel, swept, "x", numeric)
    panel.yaxis.set_major_locator(MaxNLocator(5))
    panel.ticklabel_format(axis="y", useOffset=False)
    panel.grid(alpha=0.3)
    return f"{'band' if numeric else 'bar'}: {said}"


def _band(view: View, net: Estimate) -> tuple[tuple[str, str], str]:
    """Choose the interval that a panel shows, by its roles, and say what it is called."""
    said = "95 % Monte Carlo interval"
    if view.has(net, "parameters_lower"):
        ends = ("parameters_lower", "parameters_upper")
        low, high = (view.here[name_of(net, end)] for end in ends)
        if float((high - low).max()) > 0:
            return ends, "95 % interval over the uncertain parameters"
        said += "; no uncertain parameter acts here"
    return ("lower", "upper"), said
