"""Figures of virtual trials: power, expected incidence with numbers at risk, patient flow."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import PercentFormatter
from scipy import special

from radsim.report.figures.style import COLORS, MARKERS, RESOLUTION
from radsim.trial.conduct.analyses import AGAINST_MARGIN
from radsim.trial.questions.characteristics import Share
from radsim.trial.questions.flow import Flow
from radsim.trial.questions.scenario import TrialResult
from radsim.trial.wording import ROLES, arm_names, event_name

RISK_TIMES = 5  # columns of the numbers at risk
NEARLY_ONE = 0.995  # power beyond which a larger trial shows nothing new
LINE = 0.045  # height of a line of text in the flow, of the figure's height
PADDING = 0.03
TITLES = {
    "logrank": "the log-rank test",
    "logrank_stratified": "the stratified log-rank test",
    "logrank_cluster_robust": "the cluster-robust log-rank test",
    "logrank_any_event": "the log-rank test of any event",
    "gray": "Gray's test",
    "cox": "Cox's regression",
    "cox_robust": "Cox's regression, robust",
    "fine_gray": "Fine and Gray's regression",
    "incidence_difference": "the difference of incidences",
    "survival_difference": "the difference of net freedom from the event",
    "restricted_mean_difference": "the difference of restricted means",
    "time_lost_difference": "the difference of time lost",
    "pearson": "chi-square",
    "yates": "chi-square, corrected",
    "unpooled_z": "Wald's test",
    "lrt": "the likelihood-ratio test",
    "fisher": "Fisher's test",
    "fisher_midp": "Fisher's mid-p test",
    "boschloo": "Boschloo's test",
    "barnard": "Barnard's test",
}
TITLES |= {
    against: f"{TITLES[name]}, against the margin" for name, against in AGAINST_MARGIN.items()
}
DIRECTIONS = {
    "control": "the control arm is better",
    "experimental": "the experimental arm is better",
    "neither": "neither arm is better",
}
LABELS = {
    "patients": "Patients in all",
    "minimum_follow_up": "Minimum follow-up [months]",
    "median_survival": "Median survival [months]",
}


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


def plot_power(results: dict[str, TrialResult]) -> Figure:
    """Power over the number of patients, and over follow-up and survival where asked for."""
    others = ("minimum_follow_up", "median_survival")
    asked = {point.over for result in results.values() for point in result.curve}
    panels = ["patients", *(over for over in others if over in asked)]
    figure = Figure(figsize=(4.8 * len(panels) + 0.6, 4.2), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, over in zip(axes, panels, strict=True):
        for row, (name, result) in enumerate(results.items()):
            _power_line(axis, over, row, name, result)
        axis.set_xlabel(LABELS[over])
        axis.set_ylim(0, 1)
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.axhline(next(iter(results.values())).section.power, color="grey", lw=0.8, ls=":")
        axis.grid(alpha=0.3)
    axes[0].set_xlim(left=0.0, right=1.08 * max(_last_shown(r) for r in results.values()))
    primaries = {result.section.primary_analysis for result in results.values()}
    what = TITLES[primaries.pop()] if len(primaries) == 1 else "the primary analysis"
    axes[0].set_ylabel(f"Power of {what}")
    axes[0].legend(fontsize=8, frameon=False)
    figure.suptitle(
        "Power by simulation; bars: two Monte Carlo errors; ringed: the design's own size; "
        "lines: to guide the eye",
        fontsize=8 if len(panels) == 1 else 10,
        wrap=True,
    )
    return figure


def plot_incidence(name: str, result: TrialResult) -> Figure | None:
    """Mean cumulative incidence of the event and of death, with numbers at risk below."""
    curves = result.incidence
    if curves is None:
        return None
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axis, below = figure.subplots(2, 1, height_ratios=[5, 1], sharex=True)
    event, arms = event_name(result.section), arm_names(result.section)
    for arm, label in enumerate(arms):
        color = COLORS[arm]
        better = " (better)" if ROLES[arm] == result.better else ""
        axis.step(
            curves.months, curves.event[arm], where="post", color=color,
            label=f"{label}{better}: {event}",
        )  # fmt: skip
        axis.fill_between(
            curves.months, curves.lower[arm], curves.upper[arm],
            step="post", color=color, alpha=0.15, lw=0,
        )  # fmt: skip
        axis.step(
            curves.months, curves.death[arm], where="post", color=color, ls="--", lw=1,
            label=f"{label}: death before it",
        )  # fmt: skip
    axis.set_ylabel("Cumulative incidence")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axis.legend(fontsize=8, frameon=False)
    axis.grid(alpha=0.3)
    error = curves.event_error.max()
    of = f"\nMonte Carlo error at most {100 * error:.2g} points" if error > 0.0 else ""
    axis.set_title(
        f"{name}: as assumed, all being watched; band: central 95 % of trials{of}", fontsize=10
    )
    places = np.linspace(0, len(curves.months) - 1, RISK_TIMES).astype(int)
    for arm in range(2):
        for place in places:
            below.text(
                curves.months[place], 1 - arm, f"{curves.at_risk[arm, place]:.0f}",
                ha="center", va="center", fontsize=8, color=COLORS[arm],
            )  # fmt: skip
    below.set_ylim(-0.6, 1.6)
    below.set_yticks([1, 0], arms, fontsize=8)
    below.tick_params(axis="y", length=0)
    below.set_xticks(curves.months[places])
    below.set_xlabel("Months after randomization (mean numbers at risk)")
    for side in ("top", "right", "left"):
        below.spines[side].set_visible(False)
    return figure


def plot_flow(name: str, result: TrialResult) -> Figure | None:
    """Boxes of a CONSORT diagram for the trial with the median statistic."""
    if result.flow is None:
        return None
    figure = Figure(figsize=(6.6, 5.4), layout="constrained")
    axis = figure.subplots()
    axis.set_axis_off()
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    total = sum(flow.randomized for flow in result.flow)
    _, bottom = _box(axis, 0.5, 0.93, f"Randomized (n = {total})")
    event = event_name(result.section)
    for arm, (label, flow) in enumerate(zip(arm_names(result.section), result.flow, strict=True)):
        _arm_boxes(axis, 0.26 + 0.48 * arm, label, event, flow, bottom)
    axis.set_title(
        f"{name}: simulated trial number {result.median_trial},\n"
        f"which has the median statistic of {TITLES[result.section.primary_analysis]}",
        fontsize=10,
    )
    return figure


def _arm_boxes(
    axis: Axes, x: float, label: str, event: str, flow: Flow, above: tuple[float, float]
) -> None:
    followed = flow.randomized - flow.not_evaluable
    what = event if event != "event" else "the event"
    texts = (
        f"{label}\nallocated (n = {flow.randomized})",
        f"Not evaluable (n = {flow.not_evaluable})\nAnalysed (n = {followed})",
        f"With {what} (n = {flow.with_event})\nDied before it (n = {flow.died})\n"
        f"Lost to follow-up (n = {flow.lost})\nFree of it at the end (n = {flow.free})",
    )
    for y, text in zip((0.70, 0.46, 0.16), texts, strict=True):
        top, bottom = _box(axis, x, y, text)
        axis.annotate(
            "", xy=top, xytext=above,
            arrowprops={"arrowstyle": "->", "color": "grey", "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        above = bottom


def _box(axis: Axes, x: float, y: float, text: str) -> tuple[tuple[float, float], ...]:
    """Draw a box about a text; returns the middles of its upper and its lower edge."""
    height = LINE * (text.count("\n") + 1) + PADDING
    width = 0.44
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2.0, y - height / 2.0), width, height,
            boxstyle="round,pad=0,rounding_size=0.015", facecolor="white", edgecolor="black",
        )
    )  # fmt: skip
    axis.text(x, y, text, ha="center", va="center", fontsize=9)
    return (x, y + height / 2.0), (x, y - height / 2.0)


def _points(over: str, result: TrialResult) -> list[tuple[float, Share]]:
    points = [(point.value, point.power) for point in result.curve if point.over == over]
    if over == "patients" and result.size is not None:
        points += [(float(n), power) for n, power in result.size.tried]
    return sorted(points, key=lambda point: point[0])


def _last_shown(result: TrialResult) -> float:
    """Largest number of patients that is worth showing."""
    rising = [n for n, power in _points("patients", result) if power.value < NEARLY_ONE]
    return max([*rising, float(result.plan.design.patients)])


def _power_line(axis: Axes, over: str, row: int, name: str, result: TrialResult) -> None:
    color, marker = COLORS[row % len(COLORS)], MARKERS[row % len(MARKERS)]
    points = _points(over, result)
    label = f"{name}: {DIRECTIONS[result.better]}" if result.better else name
    if points:
        _error_bars(axis, points, color=color, marker=marker, markersize=4, label=label)
        label = ""
    if over == "patients":
        own = (float(result.plan.design.patients), result.primary.rejected)
        ring = {"markerfacecolor": "none", "markersize": 9, "markeredgewidth": 1.4}
        _error_bars(axis, [own], color=color, marker="o", label=label, **ring)
        _guide(axis, color, [*points, own], result)
    elif points:
        axis.plot(*zip(*((x, share.value) for x, share in points), strict=True), color=color, lw=1)


def _error_bars(axis: Axes, points: list[tuple[float, Share]], **style: object) -> None:
    x = [point[0] for point in points]
    y = [point[1].value for point in points]
    error = [2.0 * point[1].mc_standard_error for point in points]
    axis.errorbar(x, y, yerr=error, capsize=2, lw=1, ls="none", **style)  # type: ignore[arg-type]


def _guide(axis: Axes, color: str, points: list[tuple[float, Share]], result: TrialResult) -> None:
    """Draw a line of probit power over the root of the number, through the nearest to the target.

    Only where the power grows with the number as it does for a normal statistic.
    """
    if result.plan.binary or result.plan.design.event_target is not None:
        return
    n, share = min(points, key=lambda point: abs(point[1].value - result.section.power))
    limit = special.ndtri(1.0 - result.section.alpha / 2.0)
    slope = (special.ndtri(np.clip(share.value, 1e-6, 1.0 - 1e-6)) + limit) / np.sqrt(n)
    x = np.linspace(0.0, max(point[0] for point in points), 200)
    axis.plot(x, special.ndtr(slope * np.sqrt(x) - limit), color=color, lw=1, alpha=0.6)
