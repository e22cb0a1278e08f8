"""Figures of a result, for a reader who treats patients."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from radsim.report.figures.style import COLORS, MARKERS, finish, new_figure, percent, pretty

PANELS = (  # what the overview shows, each with how it reads
    ("local_control_net", "Local control\n(net, as Kaplan-Meier estimates)"),
    ("vcf_cumulative_incidence", "Vertebral fracture\n(cumulative incidence)"),
    ("myelopathy_cumulative_incidence", "Radiation myelopathy\n(cumulative incidence)"),
    ("complication_free_control_net", "Control without\ncomplication (net)"),
    ("survival_alive", "Alive"),
)
NOTE = "Bars: 95 % Monte Carlo intervals, often narrower than the marker; no model uncertainty."


def plot_outcomes(result: xr.Dataset) -> Figure | None:
    """Estimates at the last time by arm, with Monte Carlo intervals."""
    panels = [(name, title) for name, title in PANELS if name in result]
    if not panels:
        return None
    arms = list(result["arm"].values)
    month = float(result["months"][-1])
    figure = new_figure(2.6 * len(panels) + 1.6, 1.9 + 0.5 * len(arms))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (name, title) in zip(axes, panels, strict=True):
        value, lower, upper = _own(result, name, month)
        for row in range(len(arms)):
            axis.errorbar(
                value[row],
                row,
                xerr=[[value[row] - lower[row]], [upper[row] - value[row]]],
                fmt=MARKERS[row % 8],
                color=COLORS[row % 8],
                capsize=3,
            )
            axis.annotate(
                percent(value[row]), (value[row], row), (0, 8), textcoords="offset points",
                ha="center", fontsize=8,
            )  # fmt: skip
        if name == "myelopathy_cumulative_incidence":
            title += f"\n{result['myelopathy_model'].values[0]}"
        axis.set_title(title, fontsize=9)
        axis.margins(x=0.35)
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(arms)), [pretty(arm) for arm in arms])
    axes[0].set_ylim(len(arms) - 0.4, -0.6)
    return finish(figure, f"Outcomes at {month:g} months", result, NOTE)


def plot_therapeutic_plane(result: xr.Dataset) -> Figure | None:
    """Control against complication, one point an arm; up and to the left is better."""
    panels = [
        (name, label)
        for name, label in (
            ("vcf_net", "Vertebral compression fracture"),
            ("myelopathy_net", "Radiation myelopathy"),
        )
        if name in result and "local_control_net" in result
    ]
    if not panels:
        return None
    month = float(result["months"][-1])
    figure = new_figure(4.6 * len(panels) + 0.4, 4.4)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    control, low, high = _own(result, "local_control_net", month)
    for axis, (name, label) in zip(axes, panels, strict=True):
        risk, lower, upper = _own(result, name, month)
        for row, arm in enumerate(result["arm"].values):
            color, marker = COLORS[row % 8], MARKERS[row % 8]
            axis.errorbar(
                risk[row],
                control[row],
                xerr=[[risk[row] - lower[row]], [upper[row] - risk[row]]],
                yerr=[[control[row] - low[row]], [high[row] - control[row]]],
                fmt=marker,
                color=color,
                label=pretty(str(arm)),
            )
            if name == "myelopathy_net":
                others = result[name].sel(arm=arm, months=month).values[1:]
                axis.plot(
                    others,
                    np.full(len(others), control[row]),
                    marker,
                    color=color,
                    fillstyle="none",
                )
        axis.set_xlabel(f"{label}, net probability")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.margins(0.15)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("Local control, net probability")
    axes[0].legend(fontsize=8, frameon=False)
    note = NOTE
    if any(name == "myelopathy_net" for name, _ in panels):
        note += "\nFilled: the experiment's own cord model; open: the other published cord models."
    return finish(figure, f"Therapeutic plane at {month:g} months", result, note)


def _own(result: xr.Dataset, name: str, month: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and interval by arm at a time, under the file's own model."""
    found = []
    for suffix in ("", "_lower", "_upper"):
        values = result[name + suffix].sel(months=month)
        for dim in set(values.dims) - {"arm"}:
            values = values.isel({dim: 0})
        found.append(values.values)
    return found[0], found[1], found[2]
