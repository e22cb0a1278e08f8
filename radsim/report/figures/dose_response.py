"""Control and complications against dose."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from radsim.experiment.model import Experiment
from radsim.report.figures.style import COLORS, LINES, finish, new_figure, pretty
from radsim.response.fitted_range import own_range
from radsim.response.onset import PowerOnset
from radsim.results.result import experiment_of
from radsim.sums.counts import DOSE_STEP
from radsim.vocabulary.numbers import named_parameters


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
    axis.plot(eqd2, model.curve_over_eqd2(eqd2), color="black")
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
        risk = model.curve_over_effect(eqd2)
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
