"""Which uncertain parameter moves each estimate: Sobol indices, and one parameter at a time."""

from collections.abc import Callable
from textwrap import fill

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from radsim.report.figures import page
from radsim.report.figures.style import new_figure
from radsim.report.view import View
from radsim.results.uncertainty import ENDS
from radsim.vocabulary.endpoints import Estimate
from radsim.vocabulary.settings import describe_key

MOST_BARS = 6  # factors of one estimate
LEAST = 0.005  # of the largest: a factor that moves an estimate by less is left out
FIRST, TOTAL = "#332288", "#88CCEE"  # Tol's muted scheme: colors that no arm has
LOW, HIGH = "#44AA99", "#882255"
Draw = Callable[[Axes, View, Estimate, str, np.ndarray], None]


def plot_sobol(result: xr.Dataset) -> Figure:
    """First-order and total Sobol indices with 95 % intervals, of the factors that matter most."""
    view = View(result)
    figure = _draw_rows(
        view, "total", "factor", _sobol, "Sobol index [share of variance]", sharex=True
    )
    page.set_title(figure, view, f"share of variance by factor{page.where_text(view)}")
    what = "difference from the reference" if view.compared else "estimate"
    note = f"Of the {what}. Black lines: 95 % bootstrap intervals. Ordered by the total index."
    colors = {"first-order: alone": FIRST, "total: with interactions": TOTAL}
    page.set_note(figure, note, [Patch(color=c, label=label) for label, c in colors.items()])
    return figure


def plot_tornado(result: xr.Dataset) -> Figure:
    """One parameter at a time at its 2.5 % and 97.5 % point: the widest swings."""
    view = View(result)
    label = "Probability [%]"
    if view.compared:
        label = f"Difference from {view.arms[view.reference]} [points]"
    figure = _draw_rows(view, "tornado", "key", _tornado, label, sharex=False)
    page.set_title(figure, view, f"one parameter at a time{page.where_text(view)}")
    note = (
        "Scales differ. Vertical line: the values of the experiment file. "
        "Other members of a correlated group move along with the parameter."
    )
    colors = {"parameter at its 2.5 % point": LOW, "at its 97.5 % point": HIGH}
    page.set_note(figure, note, [Patch(color=c, label=label) for label, c in colors.items()])
    return figure


def _draw_rows(
    view: View, role: str, dimension: str, draw: Draw, label: str, *, sharex: bool
) -> Figure:
    """A row for each estimate and a column for each comparison; factors in one order a row."""
    arms = view.compared or list(view.arms)
    tops = [_top(view, view.contrast(net), role, dimension, arms) for net in view.nets]
    bars = [max(len(top), 1) for top in tops]
    figure = new_figure(
        max(page.WIDTH, 1.9 + 2.2 * len(arms)), 0.24 * sum(bars) + 0.5 * len(bars) + 1.4
    )
    grid = figure.subplots(
        len(bars), len(arms), squeeze=False, sharey="row", sharex=sharex,
        height_ratios=[b + 1.0 for b in bars],
    )  # fmt: skip
    for net, top, row in zip(view.nets, tops, grid, strict=True):
        for arm, panel in zip(arms, row, strict=True):
            if len(top):
                draw(panel, view, view.contrast(net), arm, top)
            else:
                page.say_in(panel, "no factor acts")
            panel.set_title(f"{page.title_of(net)}: {view.arms[arm]}", fontsize=page.SMALL)
            panel.tick_params(labelsize=page.SMALL)
            panel.grid(axis="x", alpha=0.3)
        factors = [_name(str(view.here[dimension].values[index])) for index in top]
        row[0].set_yticks(range(len(top)), factors, fontsize=page.SMALL)
        row[0].set_ylim(max(len(top), 1) - 0.4, -0.6)
    for panel in grid[-1]:
        panel.set_xlabel(label, fontsize=page.TEXT)
    return figure


def _top(view: View, estimate: Estimate, role: str, dimension: str, arms: list[str]) -> np.ndarray:
    """The factors that matter most in any of the comparisons, the first one first."""
    values = view.numbers(estimate, role, arm=arms)
    if "end" in values.dims:
        values = abs(values.isel(end=1) - values.isel(end=0))
    size = np.nan_to_num(values.transpose(dimension, "arm").values).max(axis=1)
    order = np.argsort(-size, kind="stable")[:MOST_BARS]
    return order[size[order] > max(LEAST * size.max(), 1e-9)]


def _sobol(panel: Axes, view: View, estimate: Estimate, arm: str, top: np.ndarray) -> None:
    places, highest = np.arange(len(top)), 1.05
    for aside, index, color in ((-0.2, "first_order", FIRST), (0.2, "total", TOTAL)):
        value, lower, upper = (
            view.numbers(estimate, f"{index}{end}", arm=arm).values[top] for end in ENDS
        )
        panel.barh(places + aside, np.nan_to_num(value), 0.38, color=color)
        panel.hlines(places + aside, lower, upper, color="black", linewidth=0.9)
        highest = max(highest, float(np.nan_to_num(upper).max()))
    if np.isnan(value).all():
        page.say_in(panel, "does not vary")
    panel.set_xlim(0.0, max(1.03 * highest, panel.get_xlim()[1]))  # one scale for all panels
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.5", "0.75", "1"])


def _tornado(panel: Axes, view: View, estimate: Estimate, arm: str, top: np.ndarray) -> None:
    ends = view.percent(estimate, "tornado", arm=arm)
    middle = float(view.percent(estimate, arm=arm))
    for end, color in ((0, LOW), (1, HIGH)):  # one above the other, for both may go one way
        swing = ends.isel(end=end).values[top] - middle
        panel.barh(np.arange(len(top)) + 0.36 * (end - 0.5), swing, 0.36, left=middle, color=color)
    panel.margins(x=0.05)
    panel.axvline(middle, color="black", linewidth=0.8)
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.ticklabel_format(axis="x", useOffset=False)


def _name(factor: str) -> str:
    """Name a factor for a reader: a key by what it sets, a group by its own name."""
    return fill(describe_key(factor).meaning if "." in factor else factor, page.LONGEST_LABEL)
