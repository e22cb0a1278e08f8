"""Figure of groups of patients: every arm in every group, a panel for each endpoint."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from radsim.report.figures.outcomes import note_of, overview, title_of
from radsim.report.figures.style import COLORS, MARKERS, finish, new_figure
from radsim.report.tables.points import Points
from radsim.report.tables.subgroups import FEW, KINDS, VALUE, grades_alike, numbers_in
from radsim.report.view import View
from radsim.results.fields import name_of
from radsim.results.groups import PATIENTS
from radsim.results.reading import with_role
from radsim.vocabulary.endpoints import Estimate

SPREAD = 0.5  # of a group's row that its arms are spread over
NOTE = "Bars: 95 % Monte Carlo intervals; no model uncertainty. In brackets: simulated patients."


def plot_subgroups(result: xr.Dataset) -> Figure | None:
    """Estimates at the last time by group and arm."""
    view, points = View(result), Points(result)
    estimates = [e for e in overview(view) if str(e) in result]
    sizes = {by: n.values for by, n in with_role(result, PATIENTS).items()}
    if not estimates or not sizes:
        return None
    arms = {a: n for a, n in view.arms.items() if not view.experiment.treats_others(a)}
    heights = [0.9 + 0.45 * int((n > 0).sum()) for n in sizes.values()]
    figure = new_figure(2.7 * len(estimates) + 1.6, sum(heights) + 1.2)
    grid = figure.subplots(
        len(sizes), len(estimates), squeeze=False, sharey="row", sharex="col",
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    for row, (by, patients) in enumerate(sizes.items()):
        codes = [code for code, size in enumerate(patients) if size]
        for axis, estimate in zip(grid[row], estimates, strict=True):
            _panel(axis, points, estimate, list(arms), by, codes)
            if row == 0:
                axis.set_title(title_of(estimate), fontsize=9)
        names = [
            f"{result[by].values[c]} ({patients[c]:,}{', few' if patients[c] < FEW else ''})"
            for c in codes
        ]
        grid[row, 0].set_yticks(range(len(codes)), names, fontsize=8)
        grid[row, 0].set_ylim(len(codes) - 0.5, -0.5)
        grid[row, 0].set_ylabel(by, fontsize=9)
    handles, _ = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, arms.values(), loc="outside right upper", fontsize=8, frameon=False)
    title = f"Groups of patients at {view.experiment.months[-1]:g} months"
    alike = {grades_alike(view.experiment, by) for by in sizes} - {""}
    note = " ".join([note_of(view, NOTE), *(f"{said}." for said in alike)])
    return finish(figure, title, result, note)


def _panel(
    axis: Axes, points: Points, estimate: Estimate, arms: list[str], by: str, codes: list[int]
) -> None:
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(arms)) if len(arms) > 1 else [0.0]
    for place, arm in enumerate(arms):
        pale = KINDS["sample_of_patients"][0]
        if f"{name_of(estimate, pale[-1])} by {by}" in points.result:
            ends = [numbers_in(points, estimate, arm, 0, by, code, pale)[-1] for code in codes]
            heights = np.arange(len(codes)) + offsets[place]
            lower, upper = np.array(ends).T[2:]
            axis.hlines(heights, lower, upper, color=COLORS[place % 8], linewidth=5, alpha=0.3)
        rows = [numbers_in(points, estimate, arm, 0, by, code, VALUE)[-1] for code in codes]
        value, _, lower, upper = np.array(rows).T
        axis.errorbar(
            value, np.arange(len(codes)) + offsets[place], xerr=[value - lower, upper - value],
            fmt=MARKERS[place % 8], color=COLORS[place % 8], capsize=2, markersize=5, label=arm,
        )  # fmt: skip
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(axis="x", alpha=0.3)
