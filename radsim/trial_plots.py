"""Figures of virtual trials: power, expected incidence with numbers at risk, patient flow."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from radsim.trial.flow import Flow
from radsim.virtual_trial import TrialResult

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "D", "^", "v", "P")
ARMS = ("Control", "Experimental")
RESOLUTION = 150  # dots per inch
RISK_TIMES = 5  # columns of the numbers at risk


def draw_trial_figures(results: dict[str, TrialResult], folder: Path) -> list[Path]:
    """Draw every figure that the results have the data for; returns their paths."""
    drawn = []
    figures: list[tuple[str, Figure | None]] = [("trial_power", plot_power(results))]
    for name, result in results.items():
        tail = f"_{name}" if len(results) > 1 else ""
        figures.append((f"trial_incidence{tail}", plot_incidence(name, result)))
        figures.append((f"trial_flow{tail}", plot_flow(name, result)))
    for name, figure in figures:
        if figure is not None:
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=RESOLUTION, metadata={"Software": None})
            drawn.append(path)
    return drawn


def plot_power(results: dict[str, TrialResult]) -> Figure | None:
    """Power over the number of patients, and over follow-up and survival where asked for."""
    panels = ["patients"]
    for over in ("minimum_follow_up", "median_survival"):
        if any(point.over == over for r in results.values() for point in r.curve):
            panels.append(over)
    figure = Figure(figsize=(4.8 * len(panels) + 0.6, 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    labels = {
        "patients": "Patients in all",
        "minimum_follow_up": "Minimum follow-up [months]",
        "median_survival": "Median survival [months]",
    }
    for axis, over in zip(axes, panels, strict=True):
        for row, (name, result) in enumerate(results.items()):
            _power_line(axis, over, row, name, result)
        axis.set_xlabel(labels[over])
        axis.set_ylim(0, 1)
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.axhline(next(iter(results.values())).section.power, color="grey", lw=0.8, ls=":")
        axis.grid(alpha=0.3)
    first = next(iter(results.values()))
    axes[0].set_ylabel(f"Power of {first.section.primary_analysis}")
    axes[0].legend(fontsize=8, frameon=False)
    figure.suptitle("Power by simulation; bars: two Monte Carlo errors", fontsize=10)
    return figure


def plot_incidence(name: str, result: TrialResult) -> Figure | None:
    """Mean cumulative incidence of the event and of death, with numbers at risk below."""
    curves = result.incidence
    if curves is None:
        return None
    figure = Figure(figsize=(6.4, 5.0), layout="constrained")
    axis, below = figure.subplots(2, 1, height_ratios=[5, 1], sharex=True)
    for arm, label in enumerate(ARMS):
        color = COLORS[arm]
        axis.plot(curves.months, curves.event[arm], color=color, label=f"{label}: event")
        axis.fill_between(
            curves.months, curves.lower[arm], curves.upper[arm], color=color, alpha=0.15, lw=0
        )
        axis.plot(
            curves.months, curves.death[arm], color=color, ls="--", lw=1, label=f"{label}: death"
        )
    axis.set_ylabel("Cumulative incidence")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.legend(fontsize=8, frameon=False)
    axis.grid(alpha=0.3)
    axis.set_title(f"{name}: mean of simulated trials; band: central 95 % of trials", fontsize=10)
    places = np.linspace(0, len(curves.months) - 1, RISK_TIMES).astype(int)
    for arm in range(2):
        for place in places:
            below.text(
                curves.months[place], 1 - arm, f"{curves.at_risk[arm, place]:.0f}",
                ha="center", va="center", fontsize=8, color=COLORS[arm],
            )  # fmt: skip
    below.set_ylim(-0.6, 1.6)
    below.set_yticks([1, 0], ARMS, fontsize=8)
    below.set_xticks(curves.months[places])
    below.set_xlabel("Months after randomization (mean numbers at risk)")
    for side in ("top", "right", "left"):
        below.spines[side].set_visible(False)
    return figure


def plot_flow(name: str, result: TrialResult) -> Figure | None:
    """Boxes of a CONSORT diagram for the trial with the median statistic."""
    if result.flow is None:
        return None
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axis = figure.subplots()
    axis.set_axis_off()
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    total = sum(flow.randomized for flow in result.flow)
    top = _box(axis, 0.5, 0.92, f"Randomized (n = {total})")
    for arm, flow in enumerate(result.flow):
        _arm_boxes(axis, 0.26 + 0.48 * arm, ARMS[arm], flow, top)
    axis.set_title(
        f"{name}: the simulated trial with the median {result.section.primary_analysis} statistic",
        fontsize=10,
    )
    return figure


def _arm_boxes(axis: Axes, x: float, label: str, flow: Flow, top: tuple[float, float]) -> None:
    followed = flow.randomized - flow.not_evaluable
    texts = (
        f"{label}\nallocated (n = {flow.randomized})",
        f"Not evaluable (n = {flow.not_evaluable})\nanalysed (n = {followed})",
        f"Event (n = {flow.with_event})\nDied before an event (n = {flow.died})\n"
        f"Lost to follow-up (n = {flow.lost})\nFree of the event at the end (n = {flow.free})",
    )
    above = top
    for y, text in zip((0.70, 0.47, 0.18), texts, strict=True):
        here = _box(axis, x, y, text)
        axis.annotate(
            "", xy=(x, here[1] + 0.075), xytext=(above[0], above[1] - 0.05),
            arrowprops={"arrowstyle": "->", "color": "grey"}, zorder=0,
        )  # fmt: skip
        above = here


def _box(axis: Axes, x: float, y: float, text: str) -> tuple[float, float]:
    axis.text(
        x, y, text, ha="center", va="center", fontsize=9,
        bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "black"},
    )  # fmt: skip
    return x, y


def _power_line(axis: Axes, over: str, row: int, name: str, result: TrialResult) -> None:
    points = [(p.value, p.power.value) for p in result.curve if p.over == over]
    trials = min(result.section.trials, 4000)
    if over == "patients":
        points += list(result.size.tried) if result.size else []
        primary = result.primary.rejected.value
        points.append((result.plan.design.patients, primary))
    if not points:
        return
    values = np.array(sorted(set(points)))
    x, p = values[:, 0], values[:, 1]
    error = 2.0 * np.sqrt(p * (1.0 - p) / trials)
    axis.errorbar(
        x, p, yerr=error, label=name, capsize=2, lw=1,
        color=COLORS[row % 6], marker=MARKERS[row % 6], markersize=4,
    )  # fmt: skip
