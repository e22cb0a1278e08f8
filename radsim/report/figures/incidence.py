"""Cumulative incidence over time."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from radsim.report.figures.style import COLORS, LINES, finish, new_figure, pretty
from radsim.sums.intervals import wilson_interval


def plot_cumulative_incidence(result: xr.Dataset) -> Figure | None:
    """Cumulative incidence of each event over time, with death competing."""
    panels = [
        (name, label)
        for name, label in (
            ("local_failure_curve", "Local failure"),
            ("vcf_curve", "Vertebral compression fracture"),
            ("myelopathy_curve", "Radiation myelopathy"),
        )
        if name in result
    ]
    if not panels:
        return None
    figure = new_figure(3.8 * len(panels) + 0.6, 4.0)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    time = result["time"].values
    for axis, (name, label) in zip(axes, panels, strict=True):
        for row, arm in enumerate(result["arm"].values):
            curve = result[name].sel(arm=arm).values
            lower, upper = wilson_interval(curve, int(result.attrs["patients"]))
            look = {"color": COLORS[row % 8], "linestyle": LINES[row % 4]}
            axis.plot(time, curve, **look, label=pretty(str(arm)))
            axis.fill_between(time, lower, upper, color=COLORS[row % 8], alpha=0.2, linewidth=0)
        axis.set_title(label, fontsize=10)
        axis.set_xlabel("Months after treatment")
        axis.set_xlim(0, time[-1])
        axis.set_ylim(bottom=0)
        axis.xaxis.set_ticks(np.arange(0, time[-1] + 1, 6))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("Cumulative incidence, death competing")
    axes[0].legend(fontsize=8, frameon=False)
    return finish(
        figure, "Events over time", result, "Bands: 95 % Monte Carlo intervals. Scales differ."
    )
