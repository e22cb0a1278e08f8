"""Cumulative incidence over time."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from radsim.experiment.endpoints import endpoints_of
from radsim.report.figures.style import COLORS, LINES, capital, finish, panels_of
from radsim.report.view import View
from radsim.results.fields import ESTIMATE
from radsim.results.reading import with_role
from radsim.sums.intervals import Z95, wilson_interval
from radsim.sums.moments import FEW
from radsim.vocabulary.endpoints import INCIDENCE, Estimate

MOST_COLUMNS = 4


def plot_cumulative_incidence(result: xr.Dataset) -> Figure | None:
    """Cumulative incidence of each event over time, with death competing."""
    curves, shares, view = with_role(result, "curve"), with_role(result, "share"), View(result)
    if not curves:
        return None
    endpoints = {m.endpoint.event: m.endpoint for m in endpoints_of(view.experiment)}
    figure, firsts, panels = panels_of(len(curves), MOST_COLUMNS, (3.8, 4.0), (0.6, 0.0))
    time = result["time"].values
    for axis, (event, by_arm) in zip(panels, curves.items(), strict=True):
        for row, (arm, name) in enumerate(view.arms.items()):
            curve, color = by_arm.sel(arm=arm).values, COLORS[row % 8]
            patients = np.array(view.experiment.patients)
            if among := endpoints[event].among:
                patients = patients * shares[f"patients_{among}"].sel(arm=arm).values
            incidence = Estimate(endpoints[event], INCIDENCE)
            share, *ends = (
                float(view.numbers(incidence, role, arm=arm))
                for role in (ESTIMATE, "lower", "upper")
            )
            lower, upper = wilson_interval(curve, _as_exact(share, ends, patients))
            axis.plot(time, curve, color=color, linestyle=LINES[row % 4], label=name)
            axis.fill_between(time, lower, upper, color=color, alpha=0.2, linewidth=0)
        title = "\n".join(filter(None, (capital(endpoints[event].words), endpoints[event].of_whom)))
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("Months after treatment")
        axis.set_xlim(0, time[-1])
        axis.set_ylim(bottom=0)
        axis.xaxis.set_ticks(np.arange(0, time[-1] + 1, 6))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(alpha=0.3)
    for axis in firsts:
        axis.set_ylabel("Cumulative incidence, death competing")
    panels[0].legend(fontsize=8, frameon=False)
    note = "Bands: 95 % Monte Carlo intervals. Scales differ."
    return finish(figure, "Events over time", result, note)


def _as_exact(share: float, ends: list[float], patients: np.ndarray) -> np.ndarray:
    """Independent patients of whom a count has the interval of the table, if events are not few."""
    width = ends[1] - ends[0]
    if min(share, 1.0 - share) * patients < FEW or not width > 0.0:
        return patients
    return np.array(share * (1.0 - share) * (2.0 * Z95 / width) ** 2)
