"""Figures of virtual trials: power, expected incidence with numbers at risk, patient flow."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import PercentFormatter
from scipy import special

from radsim.report.figures.style import COLORS, MARKERS, RESOLUTION, new_figure, save_figures
from radsim.trial.conduct.analyses import AGAINST_MARGIN, FIRST
from radsim.trial.protocol.arms import ROLES
from radsim.trial.questions.characteristics import Share
from radsim.trial.questions.curves import ExpectedCurves
from radsim.trial.questions.flow import Flow
from radsim.trial.questions.scenario import TrialResult
from radsim.trial.wording import asked_for, endpoint_words, event_name
from radsim.vocabulary.words import listed

NAMED_INSIDE, NAMED_BESIDE = 6, 20  # trials that a legend names in a panel, and beside it
WIDTH_BESIDE = 2.6  # of a legend beside the panels [inches]
HEADROOM = 1.3  # of the incidence axis over its curves, for the legend
RISK_TIMES = 5  # columns of the numbers at risk
NEARLY_ONE = 0.995  # power beyond which a larger trial shows nothing new
LINE = 0.045  # height of a line of text in the flow, of the figure's height
PADDING = 0.03
TITLES = {
    "logrank": "the log-rank test",
    "logrank_stratified": "the stratified log-rank test",
    "logrank_cluster_robust": "the cluster-robust log-rank test",
    "logrank_any_event": "the log-rank test of any event",
    "logrank_weighted": "the weighted log-rank test",
    "maxcombo": "MaxCombo",
    "gray": "Gray's test",
    "gray_cluster_robust": "the cluster-robust Gray's test",
    "cox": "Cox's regression",
    "cox_robust": "Cox's regression, robust",
    "cox_stratified": "stratified Cox's regression",
    "cox_adjusted": "adjusted Cox's regression",
    "fine_gray": "Fine and Gray's regression",
    "fine_gray_cluster_robust": "the cluster-robust Fine and Gray's regression",
    "fine_gray_stratified": "stratified Fine and Gray's regression",
    "incidence_difference": "the difference of incidences",
    "incidence_differences": "the differences of incidences",
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
TITLES |= {name: f"{TITLES[a.first_of]} of first events" for name, a in FIRST.items()}
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


def draw_trial_figures(results: dict[str, TrialResult], folder: Path | str) -> dict[Path, str]:
    """Draw every figure that the results have the data for; returns what each path shows."""
    figures = {"trial_power": ("power by simulation", plot_power(results))}
    for name, result in results.items():
        tail, of = (f"_{name}", f", {name}") if len(results) > 1 else ("", "")
        if result.incidence is not None:
            figures[f"trial_incidence{tail}"] = (
                f"expected cumulative incidences with numbers at risk{of}",
                plot_incidence(name, result, result.incidence),
            )
        if result.families:
            figures[f"trial_hypotheses{tail}"] = (
                f"hypotheses by themselves and in the procedure{of}",
                plot_hypotheses(name, result),
            )
        if result.flow is not None:
            figures[f"trial_flow{tail}"] = (
                f"patients of the trial with the median statistic{of}",
                plot_flow(name, result, result.flow),
            )
    drawn = ((name, figure) for name, (_, figure) in figures.items())
    paths = save_figures(drawn, folder, RESOLUTION)
    return dict(zip(paths, (shows for shows, _ in figures.values()), strict=True))


def plot_power(results: dict[str, TrialResult]) -> Figure:
    """Power over the number of patients, and over follow-up and survival where asked for."""
    results = {name: result for name, result in results.items() if result.is_first}
    varied = {"patients", *(point.over for result in results.values() for point in result.curve)}
    panels = {over: label for over, label in LABELS.items() if over in varied}
    sections = [result.section for result in results.values()]
    beside = WIDTH_BESIDE if len(results) > NAMED_INSIDE else 0.0
    figure = new_figure(4.8 * len(panels) + 0.6 + beside, 4.2)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (over, label) in zip(axes, panels.items(), strict=True):
        for row, (name, result) in enumerate(results.items()):
            _power_line(axis, over, row, name, result)
        axis.set_xlabel(label)
        axis.set_ylim(0.0, 1.03)
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axis.axhline(sections[0].power, color="grey", lw=0.8, ls=":")
        axis.grid(alpha=0.3)
    axes[0].set_xlim(left=0.0, right=1.08 * max(map(_last_number, results.values())))
    asked = {asked_for(section) for section in sections}
    primaries = {section.primary_analysis for section in sections}
    what = "what the size is for"
    if asked == primaries:
        what = TITLES[primaries.pop()] if len(primaries) == 1 else "the primary analysis"
    elif len(asked) == 1:
        what = f"showing {asked.pop()}"
    if any(result.joint for result in results.values()):
        succeeds = {section.succeeds_in for section in sections}
        what += f", in {' or '.join(sorted(succeeds))} of the comparisons"
    axes[0].set_ylabel(fill(f"Power of {what}", 40))
    _legend(figure, axes[0])
    title = (
        "Power by simulation; bars: two Monte Carlo errors; ringed: the design's own size; "
        "lines: to guide the eye"
    )
    figure.suptitle(title, fontsize=8 if len(panels) == 1 else 10, wrap=True)
    return figure


def _legend(figure: Figure, axis: Axes) -> None:
    """Name the trials in the panel or, if they are many, beside it, the first of them."""
    handles, labels = axis.get_legend_handles_labels()
    if len(labels) <= NAMED_INSIDE:
        axis.legend(fontsize=8, frameon=False)
        return
    more = len(labels) - NAMED_BESIDE
    figure.legend(
        handles[:NAMED_BESIDE], labels[:NAMED_BESIDE], loc="outside right upper", fontsize=8,
        frameon=False, title=f"and {more} more" if more > 0 else None, title_fontsize=8,
    )  # fmt: skip


def plot_incidence(name: str, result: TrialResult, curves: ExpectedCurves) -> Figure:
    """Mean cumulative incidence of the event and of death, with numbers at risk below."""
    figure = new_figure(6.4, 5.2)
    axis, below = figure.subplots(2, 1, height_ratios=[5, 1], sharex=True)
    event, arms, months = event_name(result.section), result.arm_names, curves.months
    places = np.linspace(0, len(months) - 1, RISK_TIMES).astype(int)
    for arm, label in enumerate(arms):
        look: dict[str, Any] = {"color": COLORS[arm]}
        better = " (better)" if ROLES[arm] == result.better else ""
        what = f"{label}{better}: {event}"
        axis.step(months, curves.event[arm], where="post", label=what, **look)
        band = (months, curves.lower[arm], curves.upper[arm])
        axis.fill_between(*band, step="post", alpha=0.15, lw=0, **look)
        death = f"{label}: death before it"
        axis.step(months, curves.death[arm], where="post", ls="--", lw=1, label=death, **look)
        for place in places:
            at_risk = f"{curves.at_risk[arm, place]:.0f}"
            below.text(
                months[place], 1 - arm, at_risk, ha="center", va="center", fontsize=8, **look
            )
    axis.set_ylabel("Cumulative incidence")
    highest = np.nanmax([0.0, *np.ravel([curves.event, curves.upper, curves.death])])
    axis.set_ylim(0.0, HEADROOM * highest or None)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axis.legend(fontsize=8, frameon=False)
    axis.grid(alpha=0.3)
    error = curves.event_error.max()
    of = f"\nMonte Carlo error at most {100 * error:.2g} points" if error > 0.0 else ""
    figure.suptitle(
        f"{name}: as assumed, all being watched; band: central 95 % of trials{of}", fontsize=10
    )
    below.set_ylim(-0.6, 1.6)
    below.set_yticks([1, 0], [fill(arm, 26) for arm in arms], fontsize=8)
    below.tick_params(axis="y", length=0)
    below.set_xticks(months[places])
    below.set_xlabel("Months after randomization (mean numbers at risk)")
    below.spines[["top", "right", "left"]].set_visible(False)
    return figure


def plot_hypotheses(name: str, result: TrialResult) -> Figure:
    """Share of trials that show each hypothesis, alone and in the procedure, and falsely."""
    design, *nulls = result.families
    words = {row.name: endpoint_words(result.section, row.name) for row in design.hypotheses}
    names = [name if name == what else f"{name}: {what}" for name, what in words.items()]
    alone: list[Share | None] = [row.alone for row in design.hypotheses]
    within: list[Share | None] = [row.within for row in design.hypotheses]
    names, within = [*names, "every hypothesis"], [*within, design.all_shown]
    false = [f for f in nulls if f.false_claim is not None]
    figure = new_figure(8.6, 1.2 + 0.5 * max(len(names), len(false)))
    axis, claims = figure.subplots(1, 2, width_ratios=[3, 2])
    _sideways(axis, alone, color=COLORS[0], marker="o", markersize=9, label="by itself")
    _sideways(axis, within, color=COLORS[1], marker="s", markersize=4, label="in the procedure")
    axis.set_yticks(range(len(names)), [fill(words, 34) for words in names], fontsize=8)
    axis.set_xlim(0.0, 1.04)
    axis.axvline(result.section.power, color="grey", lw=0.8, ls=":")
    axis.set_xlabel("Shown in such a share of trials")
    axis.legend(fontsize=8, frameon=False)
    _sideways(
        claims, [f.false_claim for f in false], color="black", marker="o", markersize=5, label=""
    )
    claims.axvline(result.section.alpha / 2.0, color="grey", lw=0.8, ls=":")
    claims.set_yticks(range(len(false)), [fill(listed(f.nulls), 26) for f in false], fontsize=8)
    claims.set_xlim(left=0.0)
    claims.set_xlabel("False claim, where\nthese nulls are true")
    for each in (axis, claims):
        each.invert_yaxis()
        each.xaxis.set_major_formatter(PercentFormatter(1.0))
        each.grid(alpha=0.3)
    figure.suptitle(f"{name}: hypotheses; bars: two Monte Carlo errors", fontsize=10)
    return figure


def _sideways(axis: Axes, shares: Sequence[Share | None], **style: Any) -> None:
    """Draw a share in each row, with two Monte Carlo errors."""
    rows = [(place, share) for place, share in enumerate(shares) if share is not None]
    axis.errorbar(
        [share.value for _, share in rows],
        [place for place, _ in rows],
        xerr=[2.0 * share.mc_standard_error for _, share in rows],
        capsize=2, lw=1, ls="none", **style,
    )  # fmt: skip


def plot_flow(name: str, result: TrialResult, flows: tuple[Flow, Flow]) -> Figure:
    """Boxes of a CONSORT diagram for the trial with the median statistic."""
    figure = new_figure(6.6, 5.4)
    axis = figure.subplots()
    axis.set_axis_off()
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    total = sum(flow.randomized for flow in flows)
    _, bottom = _box(axis, 0.5, 0.93, f"Randomized (n = {total})")
    event = event_name(result.section)
    for arm, (label, flow) in enumerate(zip(result.arm_names, flows, strict=True)):
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
        f"{fill(label, 40)}\nallocated (n = {flow.randomized})",
        f"Not evaluable (n = {flow.not_evaluable})\nAnalysed (n = {followed})",
        f"With {what} (n = {flow.with_event})\nDied before it (n = {flow.died})\n"
        f"Lost to follow-up (n = {flow.lost})\nFree of it at the end (n = {flow.free})",
    )
    arrow = {"arrowstyle": "->", "color": "grey", "shrinkA": 0, "shrinkB": 0}
    for y, text in zip((0.70, 0.46, 0.16), texts, strict=True):
        top, bottom = _box(axis, x, y, text)
        axis.annotate("", xy=top, xytext=above, arrowprops=arrow)
        above = bottom


def _box(axis: Axes, x: float, y: float, text: str) -> tuple[tuple[float, float], ...]:
    """Draw a box about a text; returns the middles of its upper and its lower edge."""
    width, height = 0.44, LINE * (text.count("\n") + 1) + PADDING
    corner, style = (x - width / 2.0, y - height / 2.0), "round,pad=0,rounding_size=0.015"
    box = FancyBboxPatch(
        corner, width, height, boxstyle=style, facecolor="white", edgecolor="black"
    )
    axis.add_patch(box)
    axis.text(x, y, text, ha="center", va="center", fontsize=9)
    return (x, y + height / 2.0), (x, y - height / 2.0)


def _points(over: str, result: TrialResult) -> list[tuple[float, Share]]:
    points = [(point.value, point.power) for point in result.curve if point.over == over]
    if over == "patients" and result.size is not None:
        points += [(float(n), power) for n, power in result.size.tried]
    return sorted(points, key=lambda point: point[0])


def _last_number(result: TrialResult) -> float:
    """Largest number of patients that is worth drawing."""
    rising = [n for n, power in _points("patients", result) if power.value < NEARLY_ONE]
    return max([*rising, float(result.plan.design.patients)])


def _power_line(axis: Axes, over: str, row: int, name: str, result: TrialResult) -> None:
    turn, place = divmod(row, len(COLORS))  # a color comes back with another marker
    color, marker = COLORS[place], MARKERS[(place + turn) % len(MARKERS)]
    points = _points(over, result)
    told = result.better and not result.joint  # several comparisons are better or not by themselves
    label = f"{name}: {DIRECTIONS[result.better]}" if told else name
    if points:
        _error_bars(axis, points, color=color, marker=marker, markersize=4, label=label)
        label = ""
    if over == "patients":
        planned = (float(result.plan.design.patients), result.asked)
        ring = {"markerfacecolor": "none", "markersize": 9, "markeredgewidth": 1.4}
        _error_bars(axis, [planned], color=color, marker=marker, label=label, **ring)
        _guide(axis, color, [*points, planned], result)
    elif points:
        axis.plot(*zip(*((x, share.value) for x, share in points), strict=True), color=color, lw=1)


def _error_bars(axis: Axes, points: list[tuple[float, Share]], **style: Any) -> None:
    x, shares = zip(*points, strict=True)
    error = [2.0 * share.mc_standard_error for share in shares]
    axis.errorbar(
        x, [share.value for share in shares], yerr=error, capsize=2, lw=1, ls="none", **style
    )


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
