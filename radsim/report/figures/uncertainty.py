"""Where the uncertainty of each comparison comes from, and how often each arm is the best."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from radsim.report.figures import page
from radsim.report.figures.style import COLORS, MARKERS, new_figure
from radsim.report.view import View
from radsim.results.reading import has_role, with_role
from radsim.results.uncertainty import ENDS
from radsim.sums.parameter_spread import AT_MOST
from radsim.vocabulary.endpoints import Estimate

SOURCES = {  # colors that no arm has, told apart by color-blind readers (Tol's muted scheme)
    "parameters": ("#332288", "parameters"),
    "models": ("#DDCC77", "model choice"),
    "monte_carlo": ("#882255", "Monte Carlo"),
}


def plot_uncertainty(result: xr.Dataset) -> Figure:
    """For each estimate: its difference, standard deviations by source, how often an arm is best.

    The difference from the reference stands with its 95 % interval over the parameters and its
    values under the other models. Of a single arm the estimate itself is drawn. Swept keys stand
    at their middle value.
    """
    view = View(result)
    ranked = has_role(result, "best_probability")
    figure = new_figure(page.WIDTH, (0.75 + 0.2 * len(view.arms)) * len(view.nets) + 1.3)
    grid = figure.subplots(
        len(view.nets), 2 + ranked, squeeze=False, sharey=True,
        width_ratios=[3, 3, 2][: 2 + ranked],
    )  # fmt: skip
    for net, row in zip(view.nets, grid, strict=True):
        for place, arm in enumerate(view.arms):
            if arm in (view.compared or view.arms):
                _difference(row[0], view, view.contrast(net), arm, place)
                _sources(row[1], view, view.contrast(net), arm, place)
        if view.compared:
            row[0].axvline(0.0, color="0.4", linewidth=0.8, zorder=0)
        row[1].set_xlim(left=0.0)
        if ranked:
            _best(row[2], view, net)
        row[0].set_title(page.title_of(net), fontsize=page.TEXT, loc="left")
        for panel in row:
            panel.tick_params(labelsize=page.SMALL)
            panel.grid(axis="x", alpha=0.3)
    what, names = "Probability [%]", dict(view.arms)
    if view.compared:
        what = f"Difference from {names[view.reference]}\n[points]"
        names[view.reference] += " (reference)"
    grid[0, 0].set_yticks(range(len(names)), list(names.values()))
    grid[0, 0].set_ylim(len(names) - 0.4, -0.6)
    labels = (what, "Standard deviation\nby source [points]", "Best arm,\n% of the draws")
    for panel, label in zip(grid[-1], labels, strict=False):
        panel.set_xlabel(label, fontsize=page.TEXT)
    page.set_title(figure, view, f"uncertainty by source{page.where_text(view)}")
    handles = [Patch(color=color, label=label) for color, label in SOURCES.values()]
    page.set_note(figure, _note(result), handles)
    return figure


def _difference(panel: Axes, view: View, estimate: Estimate, arm: str, place: int) -> None:
    color = COLORS[place % 8]
    if view.has(estimate, "parameters_lower"):
        low, high = (
            float(view.percent(estimate, f"parameters_{end}", arm=arm))
            for end in ("lower", "upper")
        )
        panel.hlines(place, low, high, color=color, linewidth=2.0)
    if view.has(estimate, "alternatives"):
        others = view.percent(estimate, "alternatives", arm=arm).values
        aside = np.full(len(others), place + 0.25)
        panel.plot(others, aside, "|", color="0.35", markersize=5, zorder=3)
    value = float(view.percent(estimate, arm=arm))
    panel.plot(value, place, MARKERS[place % 8], color=color, markersize=5)
    panel.xaxis.set_major_locator(MaxNLocator(5))


def _sources(panel: Axes, view: View, estimate: Estimate, arm: str, place: int) -> None:
    sd = view.percent(estimate, "uncertainty", arm=arm)
    is_bound = view.has(estimate, "parameters_state") and bool(
        view.numbers(estimate, "parameters_state", arm=arm) == AT_MOST
    )
    for row, (source, (color, _)) in enumerate(SOURCES.items()):
        panel.barh(
            place + 0.26 * (row - 1), float(np.nan_to_num(sd.sel(source=source))), 0.24,
            fill=not (is_bound and source == "parameters"), color=color, edgecolor=color,
        )  # fmt: skip
    panel.xaxis.set_major_locator(MaxNLocator(4))


def _best(panel: Axes, view: View, net: Estimate) -> None:
    panel.set_xlim(0.0, 145.0)  # leaves room for the number beside a full bar
    panel.set_xticks([0, 50, 100])
    if not view.has(net, "best_probability"):
        return
    arms = list(view.arms)
    for shares in zip(*(view.percent(net, f"best_probability{e}") for e in ENDS), strict=True):
        place = arms.index(shares[0]["ranked_arm"].item())
        value, lower, upper = map(float, shares)
        reach = [[value - lower], [upper - value]]
        panel.barh(place, value, 0.6, xerr=reach, color=COLORS[place % 8], ecolor="0.4")
        panel.text(upper + 3.0, place, f"{value:.0f} %", va="center", fontsize=page.SMALL)


def _note(result: xr.Dataset) -> str:
    said = ["Scales differ."]
    if has_role(result, "parameters_lower"):
        said.append("Colored line: 95 % interval over the draws of the parameters.")
    if any(
        bool((values == AT_MOST).any())
        for role in ("parameters_state", "difference_parameters_state", "best_parameters_state")
        for values in with_role(result, role).values()
    ):
        said.append(
            "An open bar is an upper bound: the noise of the patients hides the parameters."
        )
    if "alternative" in result.sizes:
        said.append("Gray ticks: the same under each of the other models.")
    return " ".join([*said, "Markers: the values of the experiment file."])
