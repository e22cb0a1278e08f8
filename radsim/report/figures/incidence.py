"""Cumulative incidence over time."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from radsim.experiment.endpoints import endpoints_of
from radsim.report.figures.style import COLORS, LINES, capital, finish, grid_of, layout, new_figure
from radsim.report.readers import reader_names
from radsim.results.reading import with_role
from radsim.results.result import experiment_of
from radsim.sums.intervals import wilson_interval

MOST_COLUMNS = 4


def plot_cumulative_incidence(result: xr.Dataset) -> Figure | None:
    """Cumulative incidence of each event over time, with death competing."""
    curves = with_role(result, "curve")
    if not curves:
        return None
    words = {m.endpoint.event: m.endpoint.words for m in endpoints_of(experiment_of(result))}
    down, across = layout(len(curves), MOST_COLUMNS)
    figure = new_figure(3.8 * across + 0.6, 4.0 * down)
    rows, panels = grid_of(figure, len(curves), MOST_COLUMNS)
    time, names = result["time"].values, reader_names(result)
    for axis, (event, by_arm) in zip(panels, curves.items(), strict=True):
        for row, arm in enumerate(result["arm"].values):
            curve = by_arm.sel(arm=arm).values
            lower, upper = wilson_interval(curve, int(result.attrs["patients"]))
            look = {"color": COLORS[row % 8], "linestyle": LINES[row % 4]}
            axis.plot(time, curve, **look, label=names[str(arm)])
            axis.fill_between(time, lower, upper, color=COLORS[row % 8], alpha=0.2, linewidth=0)
        axis.set_title(capital(words[event]), fontsize=10)
        axis.set_xlabel("Months after treatment")
        axis.set_xlim(0, time[-1])
        axis.set_ylim(bottom=0)
        axis.xaxis.set_ticks(np.arange(0, time[-1] + 1, 6))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(alpha=0.3)
    for line in rows:
        line[0].set_ylabel("Cumulative incidence, death competing")
    panels[0].legend(fontsize=8, frameon=False)
    return finish(
        figure, "Events over time", result, "Bands: 95 % Monte Carlo intervals. Scales differ."
    )
