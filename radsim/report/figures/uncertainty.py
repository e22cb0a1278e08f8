"""Where the uncertainty of each comparison comes from, and how often each arm is the best."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from radsim.report.figures.panels import (
    PAGE,
    SMALL,
    TEXT,
    arm_rows,
    at_middle,
    compared_arms,
    net_estimates,
    set_note,
    set_title,
    swept_axes,
    title_of,
    where_text,
)
from radsim.report.figures.style import COLORS, MARKERS, new_figure
from radsim.report.readers import reader_names
from radsim.results.reading import has_role, select_estimate, with_role
from radsim.sums.parameter_spread import AT_MOST

SOURCES = {  # colors that no arm has, told apart by color-blind readers (Tol's muted scheme)
    "parameters": ("#332288", "parameters"),
    "models": ("#DDCC77", "model choice"),
    "monte_carlo": ("#882255", "Monte Carlo"),
}


def plot_uncertainty(result: xr.Dataset) -> Figure:
    """For each estimate: its difference, standard deviations by source, how often an arm is best.

    The difference from the reference stands with its 95 % interval over the parameters and its
    values under the other models. Of a single arm the estimate itself is shown. Swept keys stand
    at their middle value.
    """
    axes = swept_axes(result)
    here = at_middle(result.isel(months=-1), axes)
    compared, estimates = bool(compared_arms(result)), net_estimates(result)
    ranked = has_role(here, "best_probability")
    arms = arm_rows(result)
    figure = new_figure(PAGE, (0.75 + 0.2 * len(arms)) * len(estimates) + 1.3)
    grid = figure.subplots(
        len(estimates),
        3 if ranked else 2,
        squeeze=False,
        sharey=True,
        width_ratios=[3, 3, 2][: 2 + ranked],
    )
    for estimate, row in zip(estimates, grid, strict=True):
        shown = str(estimate.difference if compared else estimate)
        for arm, place in arms.items():
            if not compared or arm in compared_arms(result):
                _difference(row[0], here, shown, arm, place)
                _sources(row[1], here, shown, arm, place)
        if compared:
            row[0].axvline(0.0, color="0.4", linewidth=0.8, zorder=0)
        row[1].set_xlim(left=0.0)
        if ranked:
            _best(row[2], here, str(estimate), arms)
        row[0].set_title(title_of(estimate), fontsize=TEXT, loc="left")
        for panel in row:
            panel.tick_params(labelsize=SMALL)
            panel.grid(axis="x", alpha=0.3)
    reference, told = result.attrs["reference"] if compared else None, reader_names(result)
    names = [told[arm] + (" (reference)" if arm == reference else "") for arm in arms]
    grid[0, 0].set_yticks(range(len(arms)), names)
    grid[0, 0].set_ylim(len(arms) - 0.4, -0.6)
    what = f"Difference from {told[reference]}\n[points]" if reference else "Probability [%]"
    for panel, label in zip(
        grid[-1], (what, "Standard deviation\nby source [points]", "Best arm,\n% of the draws"),
        strict=False,
    ):  # fmt: skip
        panel.set_xlabel(label, fontsize=TEXT)
    set_title(figure, result, f"uncertainty by source{where_text(here, axes)}", here)
    handles = [Patch(color=color, label=label) for color, label in SOURCES.values()]
    set_note(figure, _note(result), handles)
    return figure


def _difference(panel: Axes, here: xr.Dataset, shown: str, arm: str, place: int) -> None:
    color = COLORS[place % 8]
    value = 100.0 * float(select_estimate(here, shown).sel(arm=arm))
    if f"{shown}_parameters_lower" in here:
        low, high = (
            100.0 * float(select_estimate(here, f"{shown}_parameters_{end}").sel(arm=arm))
            for end in ("lower", "upper")
        )
        panel.hlines(place, low, high, color=color, linewidth=2.0)
    if f"{shown}_alternatives" in here:
        others = 100.0 * select_estimate(here, f"{shown}_alternatives").sel(arm=arm).values
        panel.plot(
            others, np.full(len(others), place + 0.25), "|", color="0.35", markersize=5, zorder=3
        )
    panel.plot(value, place, MARKERS[place % 8], color=color, markersize=5)
    panel.xaxis.set_major_locator(MaxNLocator(5))


def _sources(panel: Axes, here: xr.Dataset, shown: str, arm: str, place: int) -> None:
    sd = select_estimate(here, f"{shown}_uncertainty").sel(arm=arm)
    state = f"{shown}_parameters_state"
    hidden = state in here and bool(select_estimate(here, state).sel(arm=arm) == AT_MOST)
    for row, (source, (color, _)) in enumerate(SOURCES.items()):
        value = 100.0 * float(np.nan_to_num(sd.sel(source=source)))
        bound = hidden and source == "parameters"
        panel.barh(
            place + 0.26 * (row - 1), value, 0.24, fill=not bound, color=color, edgecolor=color
        )
    panel.xaxis.set_major_locator(MaxNLocator(4))


def _best(panel: Axes, here: xr.Dataset, name: str, arms: dict[str, int]) -> None:
    panel.set_xlim(0.0, 145.0)  # leaves room for the number beside a full bar
    panel.set_xticks([0, 50, 100])
    if f"{name}_best_probability" not in here:
        return
    shares = here[f"{name}_best_probability"]
    for arm in shares["ranked_arm"].values:
        value, place = 100.0 * float(shares.sel(ranked_arm=arm)), arms[str(arm)]
        panel.barh(place, value, 0.6, color=COLORS[place % 8])
        panel.text(value + 3.0, place, f"{value:.0f} %", va="center", fontsize=SMALL)


def _note(result: xr.Dataset) -> str:
    said = ["Scales differ."]
    if has_role(result, "parameters_lower"):
        said.append("Colored line: 95 % interval over the draws of the parameters.")
    states = [
        values
        for role in ("parameters_state", "difference_parameters_state", "best_parameters_state")
        for values in with_role(result, role).values()
    ]
    if any(bool((values == AT_MOST).any()) for values in states):
        said.append(
            "An open bar is an upper bound: the noise of the patients hides the parameters."
        )
    if "alternative" in result.sizes:
        said.append("Gray ticks: the same under each of the other models.")
    return " ".join([*said, "Markers: the values of the experiment file."])
