"""Figures of a result, for a reader who treats patients."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from radsim.experiment.model import Experiment
from radsim.report.figures.doses import plot_coverage, plot_delivery, plot_dvh_bands
from radsim.report.figures.gallery import draw_design_figures
from radsim.report.figures.style import (
    COLORS,
    LINES,
    MARKERS,
    RESOLUTION,
    finish,
    new_figure,
    percent,
    pretty,
)
from radsim.report.tables.points import is_design
from radsim.response.fitted_range import own_range
from radsim.response.onset import PowerOnset
from radsim.results.fields import experiment_of
from radsim.simulation.kept import DOSE_STEP
from radsim.sums.moments import wilson_interval
from radsim.vocabulary.words import named_parameters

PANELS = (  # what the overview shows, each with how it reads
    ("local_control_net", "Local control\n(net, as Kaplan-Meier estimates)"),
    ("vcf_cumulative_incidence", "Vertebral fracture\n(cumulative incidence)"),
    ("myelopathy_cumulative_incidence", "Radiation myelopathy\n(cumulative incidence)"),
    ("complication_free_control_net", "Control without\ncomplication (net)"),
    ("survival_alive", "Alive"),
)
NOTE = "Bars: 95 % Monte Carlo intervals, often narrower than the marker; no model uncertainty."


def draw_figures(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw every figure that a result has the data for; returns their paths."""
    if is_design(result):
        return draw_design_figures(result, folder)
    drawn = []
    for name, figure in (
        ("outcomes", plot_outcomes(result)),
        ("therapeutic_plane", plot_therapeutic_plane(result)),
        ("cumulative_incidence", plot_cumulative_incidence(result)),
        ("dose_response", plot_dose_response(result)),
        ("dvh_bands", plot_dvh_bands(result)),
        ("coverage", plot_coverage(result)),
        ("planned_delivered", plot_delivery(result)),
    ):
        if figure is not None:
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=RESOLUTION, metadata={"Software": None})
            drawn.append(path)
    return drawn


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


def plot_dose_response(result: xr.Dataset) -> Figure | None:
    """Dose-response curves of the models, with where the cohort lies on them."""
    experiment = experiment_of(result)
    panels = []
    if "local_control_eqd2_histogram" in result:
        panels.append("control")
    if "myelopathy_eqd2_histogram" in result:
        panels.append("cord")
    if not panels:
        return None
    figure = new_figure(5.2 * len(panels) + 0.4, 5.4)
    axes = figure.subplots(2, len(panels), sharex="col", height_ratios=[2, 1], squeeze=False)
    for column, panel in enumerate(panels):
        curve, where = axes[0, column], axes[1, column]
        if panel == "control":
            _control_curve(curve, experiment, result)
            _cohort_doses(where, result, result["local_control_eqd2_histogram"])
            assert experiment.tcp is not None
            where.set_xlabel(
                f"EQD2 [Gy] at alpha/beta {experiment.tcp.alpha_beta},\n{experiment.tcp.dose}"
            )
        else:
            _cord_curves(curve, experiment, result)
            counts = result["myelopathy_eqd2_histogram"].isel(myelopathy_model=0)
            _cohort_doses(where, result, counts)
            model = experiment.myelopathy_models[0]
            where.set_xlabel(
                f"Cumulative EQD2 [Gy] at alpha/beta {model.alpha_beta},\n{model.dose}"
            )
        curve.yaxis.set_major_formatter(PercentFormatter(1.0))
        curve.grid(alpha=0.3)
    axes[1, 0].set_ylabel("Patients")
    note = "Gray: the doses that the curve was fitted on. Below: where the simulated patients lie."
    return finish(figure, "Dose-response curves used", result, note)


def _control_curve(axis: Axes, experiment: Experiment, result: xr.Dataset) -> None:
    model = experiment.tcp
    assert model is not None
    months = model.onset.months if isinstance(model.onset, PowerOnset) else model.onset.reference
    axis.set_ylabel("Local control" + (f" at {months:g} months" if months else ""))
    axis.set_title(model.preset or "custom control model", fontsize=10)
    if named_parameters(model):
        return  # parameters that differ between patients have no one curve
    eqd2 = _dose_axis(result["local_control_eqd2_histogram"])
    axis.plot(eqd2, model.curve(eqd2), color="black")
    if (fitted := own_range(model)) is not None:
        axis.axvspan(*fitted, color="0.9", zorder=0)
    axis.set_ylim(0, 1)


def _cord_curves(axis: Axes, experiment: Experiment, result: xr.Dataset) -> None:
    axis.set_ylabel("Lifetime risk of myelopathy")
    axis.set_title("cord models", fontsize=10)
    eqd2 = _dose_axis(result["myelopathy_eqd2_histogram"].isel(myelopathy_model=0))
    highest = 0.0
    for index, model in enumerate(experiment.myelopathy_models):
        if named_parameters(model):
            continue
        risk = model.curve(eqd2)
        style = LINES[index % 4]
        axis.plot(eqd2, risk, style, color="black", label=model.preset or "custom")
        highest = max(highest, float(risk.max()))
    own = experiment.myelopathy_models[0]
    if (fitted := own_range(own)) is not None:
        axis.axvspan(*fitted, color="0.9", zorder=0)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=8, frameon=False)
    axis.set_ylim(0, min(1.0, 1.05 * highest) or 1.0)


def _dose_axis(counts: xr.DataArray) -> np.ndarray:
    used = np.flatnonzero(counts.sum([dim for dim in counts.dims if dim != "dose"]).values)
    top = float(counts["dose"].values[used[-1]]) if len(used) else 1.0
    return np.linspace(0.0, top + 5.0, 400)


def _cohort_doses(axis: Axes, result: xr.Dataset, counts: xr.DataArray) -> None:
    edges = np.append(
        counts["dose"].values - DOSE_STEP / 2, counts["dose"].values[-1] + DOSE_STEP / 2
    )
    coarse = 4  # bins of 1 Gy read better than the stored ones
    for row, arm in enumerate(result["arm"].values):
        values = counts.sel(arm=arm).values.reshape(-1, coarse).sum(axis=1)
        axis.stairs(values, edges[::coarse], color=COLORS[row % 8], label=pretty(str(arm)))
    axis.set_xlim(0, _dose_axis(counts)[-1])
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.legend(fontsize=7, frameon=False)


def _own(result: xr.Dataset, name: str, month: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and interval by arm at a time, under the file's own model."""
    found = []
    for suffix in ("", "_lower", "_upper"):
        values = result[name + suffix].sel(months=month)
        for dim in set(values.dims) - {"arm"}:
            values = values.isel({dim: 0})
        found.append(values.values)
    return found[0], found[1], found[2]
