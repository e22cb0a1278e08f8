"""Which uncertain parameter moves each estimate: Sobol indices, and one parameter at a time."""

from collections.abc import Callable
from textwrap import fill

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from radsim.report.figures.panels import (
    LONGEST_LABEL,
    PAGE,
    SMALL,
    TEXT,
    at_middle,
    compared_arms,
    net_estimates,
    set_note,
    set_title,
    swept_axes,
    title_of,
    where_text,
)
from radsim.report.figures.style import new_figure
from radsim.report.readers import reader_names
from radsim.results.reading import select_estimate
from radsim.vocabulary.settings import describe_key

MOST_BARS = 6  # factors of one estimate
LEAST = 0.005  # of the largest: a factor that moves an estimate by less is left out
FIRST, TOTAL = "#332288", "#88CCEE"  # Tol's muted scheme: colors that no arm has
LOW, HIGH = "#44AA99", "#882255"
Draw = Callable[[Axes, xr.Dataset, str, str, np.ndarray], None]


def plot_sobol(result: xr.Dataset) -> Figure:
    """First-order and total Sobol indices with 95 % intervals, of the factors that matter most."""
    figure, where = _draw_rows(result, "total", "factor", _sobol)
    set_title(figure, result, f"share of variance by factor{where}", _last(result))
    what = "difference from the reference" if compared_arms(result) else "estimate"
    note = f"Of the {what}. Black lines: 95 % bootstrap intervals. Ordered by the total index."
    handles = [
        Patch(color=FIRST, label="first-order: alone"),
        Patch(color=TOTAL, label="total: with interactions"),
    ]
    set_note(figure, note, handles)
    return figure


def plot_tornado(result: xr.Dataset) -> Figure:
    """One parameter at a time at its 2.5 % and 97.5 % point: the widest swings."""
    figure, where = _draw_rows(result, "tornado", "key", _tornado)
    set_title(figure, result, f"one parameter at a time{where}", _last(result))
    note = (
        "Scales differ. Vertical line: the values of the experiment file. "
        "Other members of a correlated group move along with the parameter."
    )
    handles = [
        Patch(color=LOW, label="parameter at its 2.5 % point"),
        Patch(color=HIGH, label="at its 97.5 % point"),
    ]
    set_note(figure, note, handles)
    return figure


def _last(result: xr.Dataset) -> xr.Dataset:
    return at_middle(result.isel(months=-1), swept_axes(result))


def _draw_rows(result: xr.Dataset, role: str, dimension: str, draw: Draw) -> tuple[Figure, str]:
    """A row for each estimate and a column for each comparison; factors in one order a row."""
    here = _last(result)
    compared, names = bool(compared_arms(result)), reader_names(result)
    arms = compared_arms(result) or list(names)
    shown = {title_of(e): str(e.difference if compared else e) for e in net_estimates(result)}
    tops = [_top(here, name, role, dimension, arms) for name in shown.values()]
    bars = [max(len(top), 1) for top in tops]
    figure = new_figure(max(PAGE, 1.9 + 2.2 * len(arms)), 0.24 * sum(bars) + 0.5 * len(bars) + 1.4)
    grid = figure.subplots(
        len(shown),
        len(arms),
        squeeze=False,
        sharey="row",
        sharex=role == "total",
        height_ratios=[b + 1.0 for b in bars],
    )
    for (title, name), top, row in zip(shown.items(), tops, grid, strict=True):
        for arm, panel in zip(arms, row, strict=True):
            if len(top):
                draw(panel, here, name, arm, top)
            else:
                panel.text(0.5, 0.5, "no factor acts", transform=panel.transAxes, ha="center",
                           va="center", fontsize=SMALL)  # fmt: skip
            panel.set_title(f"{title}: {names[arm]}", fontsize=SMALL)
            panel.tick_params(labelsize=SMALL)
            panel.grid(axis="x", alpha=0.3)
        factors = [_name(str(here[dimension].values[index])) for index in top]
        row[0].set_yticks(range(len(top)), factors, fontsize=SMALL)
        row[0].set_ylim(max(len(top), 1) - 0.4, -0.6)
    label = "Sobol index [share of variance]" if role == "total" else (
        f"Difference from {names[result.attrs['reference']]} [points]"
        if compared else "Probability [%]"
    )  # fmt: skip
    for panel in grid[-1]:
        panel.set_xlabel(label, fontsize=TEXT)
    return figure, where_text(here, swept_axes(result))


def _top(here: xr.Dataset, shown: str, role: str, dimension: str, arms: list[str]) -> np.ndarray:
    """The factors that matter most in any of the comparisons, the first one first."""
    values = select_estimate(here, f"{shown}_{role}").sel(arm=arms)
    if role == "tornado":
        values = abs(values.isel(end=1) - values.isel(end=0))
    size = np.nan_to_num(values.transpose(dimension, "arm").values).max(axis=1)
    order = np.argsort(-size, kind="stable")[:MOST_BARS]
    return order[size[order] > max(LEAST * size.max(), 1e-9)]


def _sobol(panel: Axes, here: xr.Dataset, shown: str, arm: str, top: np.ndarray) -> None:
    places, highest = np.arange(len(top)), 1.05
    for aside, index, color in ((-0.2, "first_order", FIRST), (0.2, "total", TOTAL)):
        value, lower, upper = (
            select_estimate(here, f"{shown}_{index}{end}").sel(arm=arm).values[top]
            for end in ("", "_lower", "_upper")
        )
        panel.barh(places + aside, np.nan_to_num(value), 0.38, color=color)
        panel.hlines(places + aside, lower, upper, color="black", linewidth=0.9)
        highest = max(highest, float(np.nan_to_num(upper).max()))
    if np.isnan(value).all():
        panel.text(0.5, 0.5, "does not vary", transform=panel.transAxes, ha="center",
                   va="center", fontsize=SMALL)  # fmt: skip
    panel.set_xlim(0.0, max(1.03 * highest, panel.get_xlim()[1]))  # one scale for all panels
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.5", "0.75", "1"])


def _tornado(panel: Axes, here: xr.Dataset, shown: str, arm: str, top: np.ndarray) -> None:
    ends = 100.0 * select_estimate(here, f"{shown}_tornado").sel(arm=arm)
    middle = 100.0 * float(select_estimate(here, shown).sel(arm=arm))
    for end, color in ((0, LOW), (1, HIGH)):  # one above the other, for both may go one way
        swing = ends.isel(end=end).values[top] - middle
        panel.barh(np.arange(len(top)) + 0.36 * (end - 0.5), swing, 0.36, left=middle, color=color)
    panel.margins(x=0.05)
    panel.axvline(middle, color="black", linewidth=0.8)
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.ticklabel_format(axis="x", useOffset=False)


def _name(factor: str) -> str:
    """Name a factor for a reader: a key by what it sets, a group by its own name."""
    return fill(describe_key(factor).meaning if "." in factor else factor, LONGEST_LABEL)
