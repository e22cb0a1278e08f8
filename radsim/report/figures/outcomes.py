"""Figures of a result, for a reader who treats patients."""

from textwrap import fill
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from radsim.experiment.endpoints import endpoints_of
from radsim.report.figures.style import COLORS, MARKERS, capital, finish, panels_of, percent
from radsim.report.view import View
from radsim.results.fields import ESTIMATE
from radsim.results.reading import has_role
from radsim.vocabulary.endpoints import (
    ALIVE,
    INCIDENCE,
    NET,
    PREVALENCE,
    Endpoint,
    Estimate,
    Estimator,
    Joint,
)

NOTE = "Bars: 95 % Monte Carlo intervals, often narrower than the marker; no model uncertainty."
OVER_DRAWS = (
    "Bars: 95 % over the draws of the parameters; inside, thick, 95 % Monte Carlo intervals, often "
    "narrower than the marker. Markers: the file's own values."
)
OTHERS = "Filled: the experiment's own model; open: the other models that are reported."
WIDEST_TITLE = 26  # characters in a line above a panel
MOST_OUTCOMES, MOST_PLANES = 5, 3  # panels in a row
CAPPED: dict[str, Any] = {"capsize": 3}
THICK: dict[str, Any] = {"elinewidth": 3}  # inside the interval over draws
HOW = {
    NET: "net, as Kaplan-Meier estimates",
    INCIDENCE: "cumulative incidence",
    PREVALENCE: "prevalence, death competing",
    ALIVE: "death competing",
}


def plot_outcomes(result: xr.Dataset) -> Figure | None:
    """Estimates at the last time by arm, with Monte Carlo intervals."""
    view = View(result)
    estimates = overview(view)
    if not estimates:
        return None
    own_models = {  # of a complication that has several
        modelled.endpoint: f"\n{modelled.models[0].name}"
        for modelled in endpoints_of(view.experiment)
        if not modelled.endpoint.freedom and len(modelled.models) > 1
    }
    arms = len(view.arms)
    size = (2.6, 1.4 + 0.5 * arms)
    figure, (first, *_), panels = panels_of(
        len(estimates), MOST_OUTCOMES, size, (1.6, 0.5), sharey=True
    )
    for axis, estimate in zip(panels, estimates, strict=True):
        value, below, above = _with_reach(view, estimate)
        spread = _over_draws(view, estimate)
        for row in range(arms):
            color = COLORS[row % 8]
            if spread is not None:
                axis.hlines(row, spread[0][row], spread[1][row], color=color, linewidth=1.0)
            axis.errorbar(
                value[row], row, xerr=[[below[row]], [above[row]]], fmt=MARKERS[row % 8],
                color=color, **(CAPPED if spread is None else THICK),
            )  # fmt: skip
            axis.annotate(
                percent(value[row]), (value[row], row), (0, 8), textcoords="offset points",
                ha="center", fontsize=8,
            )  # fmt: skip
        model = own_models.get(estimate.of, "") if isinstance(estimate.of, Endpoint) else ""
        axis.set_title(title_of(estimate) + model, fontsize=9)
        axis.margins(x=0.35)
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.grid(axis="x", alpha=0.3)
    first.set_yticks(range(arms), list(view.arms.values()))
    first.set_ylim(arms - 0.4, -0.6)
    note = OVER_DRAWS if has_role(result, "parameters_lower") else NOTE
    return finish(figure, f"Outcomes at {view.experiment.months[-1]:g} months", result, note)


def plot_therapeutic_plane(result: xr.Dataset) -> Figure | None:
    """What is good against each complication, one point an arm; up and to the left is better."""
    view = View(result)
    nets = [e for e in view.nets if isinstance(e.of, Endpoint)]
    good = next((estimate for estimate in nets if estimate.good), None)
    harms = [estimate for estimate in nets if not estimate.good]
    if good is None or not harms:
        return None
    figure, firsts, panels = panels_of(len(harms), MOST_PLANES, (4.6, 4.4), (0.4, 0.0), sharey=True)
    control, lower, higher = _with_reach(view, good)
    good_spread = _over_draws(view, good)
    note = own = NOTE if good_spread is None else OVER_DRAWS
    for axis, harm in zip(panels, harms, strict=True):
        risk, below, above = _with_reach(view, harm)
        every = view.here[str(harm)].transpose("arm", ...).values
        others = every.reshape(len(every), -1)[:, 1:]  # models beside the file's own
        if others.size:
            note = f"{own}\n{OTHERS}"
        spread = _over_draws(view, harm)
        for row, name in enumerate(view.arms.values()):
            color, marker = COLORS[row % 8], MARKERS[row % 8]
            if spread is not None:
                axis.hlines(control[row], spread[0][row], spread[1][row], color=color, linewidth=1)
            if good_spread is not None:
                ends = good_spread[0][row], good_spread[1][row]
                axis.vlines(risk[row], *ends, color=color, linewidth=1)
            axis.errorbar(
                risk[row], control[row], xerr=[[below[row]], [above[row]]],
                yerr=[[lower[row]], [higher[row]]], fmt=marker, color=color, label=name,
                elinewidth=None if spread is None else THICK["elinewidth"],
            )  # fmt: skip
            height = np.full(len(others[row]), control[row])
            axis.plot(others[row], height, marker, color=color, fillstyle="none")
        axis.set_xlabel(f"{capital(harm.words)}, net probability")
        axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.margins(0.15)
        axis.grid(alpha=0.3)
    for axis in firsts:
        axis.set_ylabel(f"{capital(good.words)}, net probability")
    panels[0].legend(fontsize=8, frameon=False)
    title = f"Therapeutic plane at {view.experiment.months[-1]:g} months"
    return finish(figure, title, result, note)


def overview(view: View) -> list[Estimate]:
    """Prevalence of states, else net of what is good and cumulative incidence of complications.

    Then what is read off several.
    """
    every = view.estimates

    def estimator_of(net: Estimate) -> Estimator:
        wanted = (PREVALENCE,) if net.good else (PREVALENCE, INCIDENCE)
        return next((e for e in wanted if Estimate(net.of, e) in every), NET)

    estimator = {net.of: estimator_of(net) for net in view.nets if isinstance(net.of, Endpoint)}
    single = [e for e in every if isinstance(e.of, Endpoint) and e.estimator is estimator[e.of]]
    joint = [e for e in every if isinstance(e.of, Joint) and (e.estimator is NET)]
    alive = [e for e in every if isinstance(e.of, Joint) and not e.of.free_of]
    return [*single, *joint, *alive]


def title_of(estimate: Estimate) -> str:
    """Title of a panel: what its numbers are of, and how they are estimated."""
    if isinstance(estimate.of, Joint):
        net = " (net)" if estimate.estimator is NET else ""
        return fill(capital(estimate.short + net), WIDEST_TITLE)
    whom = f"\n{estimate.of_whom}" if estimate.of_whom else ""
    return f"{capital(estimate.words)}{whom}\n({HOW[estimate.estimator]})"


def _with_reach(view: View, estimate: Estimate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value by arm under the file's own model, and how far its interval goes to either side."""
    value, lower, upper = (
        view.numbers(estimate, role).values for role in (ESTIMATE, "lower", "upper")
    )
    return value, value - lower, upper - value


def _over_draws(view: View, estimate: Estimate) -> tuple[np.ndarray, np.ndarray] | None:
    """Ends of the interval over the draws by arm; the estimate where nothing drawn moves it."""
    if not view.has(estimate, "parameters_lower"):
        return None
    value = view.numbers(estimate).values
    ends = (view.numbers(estimate, f"parameters_{end}").values for end in ("lower", "upper"))
    lower, upper = (np.where(np.isnan(end), value, end) for end in ends)
    return lower, upper
