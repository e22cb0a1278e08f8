"""Figures of a result, for a reader who treats patients."""

from collections.abc import Callable

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from radsim.experiment.endpoints import Modelled, endpoints_of, estimates_of
from radsim.report.figures.panels import net_estimates
from radsim.report.figures.style import (
    COLORS,
    MARKERS,
    capital,
    finish,
    grid_of,
    layout,
    new_figure,
    percent,
)
from radsim.report.readers import reader_names
from radsim.results.result import experiment_of
from radsim.vocabulary.endpoints import ALIVE, INCIDENCE, NET, Endpoint, Estimate, Joint

NOTE = "Bars: 95 % Monte Carlo intervals, often narrower than the marker; no model uncertainty."
MOST_OUTCOMES, MOST_PLANES = 5, 3  # panels in a row
HOW = {
    NET: "net, as Kaplan-Meier estimates",
    INCIDENCE: "cumulative incidence",
    ALIVE: "death competing",
}


def plot_outcomes(result: xr.Dataset) -> Figure | None:
    """Estimates at the last time by arm, with Monte Carlo intervals."""
    estimates = _overview(result)
    if not estimates:
        return None
    names, model_of = reader_names(result), _own_models(result)
    month = float(result["months"][-1])
    down, across = layout(len(estimates), MOST_OUTCOMES)
    figure = new_figure(2.6 * across + 1.6, (1.4 + 0.5 * len(names)) * down + 0.5)
    lines, panels = grid_of(figure, len(estimates), MOST_OUTCOMES, sharey=True)
    for axis, estimate in zip(panels, estimates, strict=True):
        value, lower, upper = _under_own_model(result, estimate, month)
        for row in range(len(names)):
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
        axis.set_title(_title(estimate) + model_of(estimate), fontsize=9)
        axis.margins(x=0.35)
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(axis="x", alpha=0.3)
    lines[0][0].set_yticks(range(len(names)), list(names.values()))
    lines[0][0].set_ylim(len(names) - 0.4, -0.6)
    return finish(figure, f"Outcomes at {month:g} months", result, NOTE)


def plot_therapeutic_plane(result: xr.Dataset) -> Figure | None:
    """What is good against each complication, one point an arm; up and to the left is better."""
    nets = [e for e in net_estimates(result) if isinstance(e.of, Endpoint)]
    good = next((estimate for estimate in nets if estimate.good), None)
    harms = [estimate for estimate in nets if not estimate.good]
    if good is None or not harms:
        return None
    month, names = float(result["months"][-1]), reader_names(result)
    down, across = layout(len(harms), MOST_PLANES)
    figure = new_figure(4.6 * across + 0.4, 4.4 * down)
    lines, panels = grid_of(figure, len(harms), MOST_PLANES, sharey=True)
    control, low, high = _under_own_model(result, good, month)
    for axis, harm in zip(panels, harms, strict=True):
        risk, lower, upper = _under_own_model(result, harm, month)
        others = _under_other_models(result, harm, month)
        for row, name in enumerate(names.values()):
            color, marker = COLORS[row % 8], MARKERS[row % 8]
            axis.errorbar(
                risk[row],
                control[row],
                xerr=[[risk[row] - lower[row]], [upper[row] - risk[row]]],
                yerr=[[control[row] - low[row]], [high[row] - control[row]]],
                fmt=marker,
                color=color,
                label=name,
            )
            axis.plot(
                others[row],
                np.full(len(others[row]), control[row]),
                marker,
                color=color,
                fillstyle="none",
            )
        axis.set_xlabel(f"{capital(harm.words)}, net probability")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.margins(0.15)
        axis.grid(alpha=0.3)
    for line in lines:
        line[0].set_ylabel(f"{capital(good.words)}, net probability")
    panels[0].legend(fontsize=8, frameon=False)
    note = NOTE
    if any(_under_other_models(result, harm, month).size for harm in harms):
        note += "\nFilled: the experiment's own model; open: the other models that are reported."
    return finish(figure, f"Therapeutic plane at {month:g} months", result, note)


def _overview(result: xr.Dataset) -> list[Estimate]:
    """Net of what is good, cumulative incidence of complications, what is read off several."""
    every = [e for e in estimates_of(experiment_of(result)) if str(e) in result]
    estimator = {
        endpoint: INCIDENCE if not net.good and Estimate(endpoint, INCIDENCE) in every else NET
        for net in every
        if isinstance(endpoint := net.of, Endpoint) and net.estimator is NET
    }
    single = [e for e in every if isinstance(e.of, Endpoint) and e.estimator is estimator[e.of]]
    joint = [e for e in every if isinstance(e.of, Joint) and (e.estimator is NET)]
    alive = [e for e in every if isinstance(e.of, Joint) and not e.of.free_of]
    return [*single, *joint, *alive]


def _title(estimate: Estimate) -> str:
    if isinstance(estimate.of, Joint):
        net = " (net)" if estimate.estimator is NET else ""
        return capital(estimate.short.replace("control without ", "control without\n") + net)
    return f"{capital(estimate.words)}\n({HOW[estimate.estimator]})"


def _own_models(result: xr.Dataset) -> Callable[[Estimate], str]:
    """Name the file's own model of a complication that has several."""
    endpoints: dict[object, Modelled] = {
        modelled.endpoint: modelled for modelled in endpoints_of(experiment_of(result))
    }

    def model_of(estimate: Estimate) -> str:
        modelled = endpoints.get(estimate.of)
        if modelled is None or modelled.endpoint.freedom or len(modelled.models) < 2:
            return ""
        return f"\n{modelled.models[0].label}"

    return model_of


def _under_own_model(
    result: xr.Dataset, estimate: Estimate, month: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and interval by arm at a time, under the file's own model."""
    value, lower, upper = (
        _by_model(result, f"{estimate}{end}", month)[:, 0] for end in ("", "_lower", "_upper")
    )
    return value, lower, upper


def _under_other_models(result: xr.Dataset, estimate: Estimate, month: float) -> np.ndarray:
    """Value by arm and model beside the file's own, shape (arm, model)."""
    return _by_model(result, str(estimate), month)[:, 1:]


def _by_model(result: xr.Dataset, name: str, month: float) -> np.ndarray:
    values = result[name].sel(months=month).transpose("arm", ...).values
    return values.reshape(len(values), -1)
