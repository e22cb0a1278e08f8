"""Control and complications against dose."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from radsim.experiment.endpoints import Modelled, endpoints_of, range_name
from radsim.experiment.model_ranges import SIDES, model_ranges
from radsim.report.figures.style import COLORS, LINES, capital, finish, layout, new_figure
from radsim.report.ranges import excess_text
from radsim.report.view import View
from radsim.response.model import RANGE_TOLERANCE
from radsim.response.onset import PowerOnset
from radsim.results.reading import with_role
from radsim.sums.counts import DOSE_STEP
from radsim.vocabulary.numbers import named_parameters

MOST_COLUMNS = 3
HEADROOM = 1.6  # of the lower panels, for the names of the arms
BINS = 4  # of the stored ones make one of 1 Gy, which reads better


def plot_dose_response(result: xr.Dataset) -> Figure | None:
    """Dose-response curves of the models, with where the cohort lies on them."""
    view, histograms = View(result), with_role(result, "histogram")
    drawn = [
        (modelled, histograms[f"{modelled.endpoint.reported}_eqd2"])
        for modelled in endpoints_of(view.experiment)
        if f"{modelled.endpoint.reported}_eqd2" in histograms
    ]
    if not drawn:
        return None
    down, across = layout(len(drawn), MOST_COLUMNS)
    figure = new_figure(5.2 * across + 0.4, 5.4 * down)
    axes = figure.subplots(2 * down, across, height_ratios=[2, 1] * down, squeeze=False)
    panels = list(zip(axes[::2].ravel(), axes[1::2].ravel(), strict=True))
    for spare in (panel for pair in panels[len(drawn) :] for panel in pair):
        spare.set_axis_off()
    for (modelled, counts), (curve, where) in zip(drawn, panels, strict=False):
        where.sharex(curve)
        curve.tick_params(labelbottom=False)
        counts = counts.isel({dim: 0 for dim in set(counts.dims) - {"arm", "dose"}})
        used = np.flatnonzero(counts.sum("arm").values)
        top = float(counts["dose"].values[used[-1]]) if len(used) else 1.0
        dose = np.linspace(0.0, top + 5.0, 400)
        _curves(curve, modelled, dose)
        _cohort_doses(where, counts, _with_excesses(view, modelled))
        where.set_xlim(0, dose[-1])
        model = modelled.models[0].model
        effect = model.effect_name
        if not modelled.endpoint.freedom and model.alpha_beta is not None:
            effect = f"Cumulative {effect}"
        ratio = "" if model.alpha_beta is None else f" at alpha/beta {model.alpha_beta}"
        read = f"{model.dose}, its {model.reduction}" if model.dose.is_dvh else model.dose
        where.set_xlabel(f"{capital(effect)} [Gy]{ratio},\n{read}")
        curve.yaxis.set_major_formatter(PercentFormatter(1.0))
        curve.grid(alpha=0.3)
    for line in axes[1::2]:
        line[0].set_ylabel("Patients")
    note = (
        "Gray: the doses that the curve was fitted on. Below: where the simulated patients lie, "
        f"and how many of an arm more than {RANGE_TOLERANCE:.0%} outside, with the median excess."
    )
    return finish(figure, "Dose-response curves used", result, note)


def _curves(axis: Axes, modelled: Modelled, eqd2: np.ndarray) -> None:
    endpoint = modelled.endpoint
    models = modelled.models
    first, highest = models[0].model, 0.0
    what = "probability" if endpoint.good else "risk"
    title, label = capital(f"{endpoint.short} models"), f"Lifetime {what} of {endpoint.short}"
    if endpoint.freedom:
        models, onset = models[:1], first.onset
        months = onset.months if isinstance(onset, PowerOnset) else onset.reference
        label = endpoint.freedom_words.capitalize() + (f" at {months:g} months" if months else "")
    if len(models) == 1:
        title = capital(f"{endpoint.freedom_words or endpoint.short}: {models[0].name}")
    axis.set_ylabel(label)
    axis.set_title(title, fontsize=10)
    for row, (name, model) in enumerate((reported.name, reported.model) for reported in models):
        if named_parameters(model) or not hasattr(model, "curve_over_effect"):
            continue  # parameters that differ between patients have no one curve
        risk = model.curve_over_effect(eqd2)
        axis.plot(eqd2, risk, LINES[row % 4], color="black", label=name)
        highest = max(highest, float(risk.max()))
    if (fitted := first.range_of_curve) is not None and not named_parameters(first):
        axis.axvspan(*fitted, color="0.9", zorder=0)
    if len(models) > 1 and axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=8, frameon=False)
    axis.set_ylim(0, 1.0 if endpoint.freedom else (min(1.0, 1.05 * highest) or 1.0))


def _with_excesses(view: View, modelled: Modelled) -> dict[str, str]:
    """Names of the arms, with who lies outside what the first model was fitted on, and how far."""
    name, ranges = range_name(modelled, 0), model_ranges(view.experiment)
    checks = {check: ranges[check] for end in SIDES if (check := f"{name}_{end}") in ranges}
    return {
        arm: ": ".join(filter(None, [said, ", ".join(filter(None, each))]))
        for arm, said in view.arms.items()
        for each in [[excess_text(view.here, check, s, arm) for check, s in checks.items()]]
    }


def _cohort_doses(axis: Axes, counts: xr.DataArray, arms: dict[str, str]) -> None:
    middles = counts["dose"].values
    edges = np.append(middles - DOSE_STEP / 2, middles[-1] + DOSE_STEP / 2)
    for row, (arm, name) in enumerate(arms.items()):
        values = counts.sel(arm=arm).values.reshape(-1, BINS).sum(axis=1)
        axis.stairs(values, edges[::BINS], color=COLORS[row % 8], label=name)
    axis.set_ylim(0, HEADROOM * axis.get_ylim()[1])
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.legend(fontsize=7, frameon=False)
