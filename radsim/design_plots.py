"""Figures of a design: sweeps as lines, maps and small multiples; where uncertainty comes from."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from radsim.design_result import select_estimate
from radsim.figure_style import COLORS, LINES, MARKERS, RESOLUTION, new_figure, pretty
from radsim.nested import AT_MOST
from radsim.reduce import HARMS
from radsim.result import experiment_of

PANELS = (
    ("local_control_net", "Local control, net"),
    ("vcf_net", "Vertebral fracture, net"),
    ("myelopathy_net", "Myelopathy, net"),
    ("complication_free_control_net", "Control without complication, net"),
)
SOURCE_COLORS = {"parameters": "#0072B2", "models": "#D55E00", "monte_carlo": "#999999"}
SOURCE_NAMES = {"parameters": "parameters", "models": "model choice", "monte_carlo": "Monte Carlo"}
MOST_MULTIPLES = 6  # small multiples in a row
MOST_BARS = 12  # of a tornado


def draw_design_figures(result: xr.Dataset, folder: Path) -> list[Path]:
    """Draw every figure that a design has the data for; returns their paths."""
    drawn = []
    for name, figure in _figures(result):
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=RESOLUTION, metadata={"Software": None})
        drawn.append(path)
    return drawn


def _figures(result: xr.Dataset) -> Iterator[tuple[str, Figure]]:
    axes = _axes(result)
    if len(axes) == 1:
        yield "sweep", plot_lines(result)
    if len(axes) >= 2:
        yield "sweep", plot_lines(result)
        for arm in _compared(result):
            yield f"map_{arm}", plot_map(result, arm)
    if len(axes) >= 3:
        for arm in _compared(result):
            yield f"multiples_{arm}", plot_multiples(result, arm)
    if "source" in result.sizes:
        yield "uncertainty", plot_uncertainty(result)
    if "key" in result.sizes:
        yield "tornado", plot_tornado(result)


def plot_lines(result: xr.Dataset) -> Figure:
    """Estimates along the first swept key by arm; other keys at their middle value.

    Bands are the 95 % interval over the uncertain parameters, where there are any, otherwise the
    Monte Carlo interval.
    """
    axis, *others = _axes(result)
    result = result.isel(months=-1)
    here = _at_middle(result, others)
    panels = [(name, title) for name, title in PANELS if name in result]
    figure = new_figure(3.6 * len(panels) + 0.6, 3.9)
    over = "parameters" in "".join(map(str, result.data_vars))
    positions, numeric = _positions(here[axis])
    for panel, (name, title) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels,
                                    strict=True):  # fmt: skip
        for row, arm in enumerate(result["arm"].values):
            value = select_estimate(here, name).sel(arm=arm).values
            kind = f"{name}_parameters" if f"{name}_parameters_lower" in here else name
            lower = select_estimate(here, f"{kind}_lower").sel(arm=arm).values
            upper = select_estimate(here, f"{kind}_upper").sel(arm=arm).values
            look = {"color": COLORS[row % 8], "marker": MARKERS[row % 8], "markersize": 3}
            line = LINES[row % 4] if numeric else "none"
            panel.plot(positions, value, linestyle=line, label=pretty(str(arm)), **look)
            if numeric:
                panel.fill_between(
                    positions, lower, upper, color=COLORS[row % 8], alpha=0.15, linewidth=0
                )
            else:
                panel.vlines(positions, lower, upper, color=COLORS[row % 8], alpha=0.5)
        _dress(panel, here[axis], positions, numeric)
        panel.set_title(title, fontsize=10)
        panel.yaxis.set_major_formatter(PercentFormatter(1.0))
        panel.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=7, frameon=False)
    note = (
        "Bands: 95 % over the uncertain parameters."
        if over
        else (
            "Bands: 95 % Monte Carlo intervals, often narrower than the line; no model uncertainty."
        )
    )
    return _finish(figure, _title(result, f"by {pretty(axis)}", here, others), note)


def plot_map(result: xr.Dataset, arm: str) -> Figure:
    """Heat map with contours of an arm's difference from the reference over two swept keys."""
    first, second, *others = _axes(result)
    here = _at_middle(result.isel(months=-1), others)
    panels = [(name, title) for name, title in PANELS if f"{name}_difference" in result]
    figure = new_figure(4.0 * len(panels) + 0.4, 3.9)
    for panel, (name, title) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels,
                                    strict=True):  # fmt: skip
        values = select_estimate(here, f"{name}_difference").sel(arm=arm).transpose(second, first)
        _map(figure, panel, values, None, name in HARMS)
        panel.set_title(title, fontsize=10)
    reference = result.attrs["reference"]
    title = _title(result, f"{pretty(arm)} against {pretty(reference)}", here, others)
    return _finish(
        figure, title, "Difference in percentage points, blue is better; contours are labeled."
    )


def plot_multiples(result: xr.Dataset, arm: str) -> Figure:
    """Small multiples over a third swept key of the map of control and of its price."""
    first, second, third, *others = _axes(result)
    here = _at_middle(result.isel(months=-1), others)
    panels = [(name, title) for name, title in PANELS if f"{name}_difference" in result]
    places = np.unique(np.linspace(0, here.sizes[third] - 1, MOST_MULTIPLES).round().astype(int))
    figure = new_figure(2.9 * len(places) + 0.8, 2.6 * len(panels) + 0.8)
    grid = figure.subplots(len(panels), len(places), squeeze=False, sharex=True, sharey=True)
    for row, (name, title) in enumerate(panels):
        values = select_estimate(here, f"{name}_difference").sel(arm=arm)
        widest = float(np.abs(values).max()) or 1.0
        for column, place in enumerate(places):
            panel = grid[row, column]
            one = values.isel({third: place}).transpose(second, first)
            _map(figure, panel, one, widest, name in HARMS)
            label = _short(here[third].values[place])
            panel.set_title(f"{title}\n{pretty(third)} {label}", fontsize=8)
    reference = result.attrs["reference"]
    title = _title(result, f"{pretty(arm)} against {pretty(reference)}", here, others)
    return _finish(
        figure, title, "Difference in percentage points, blue is better; one scale a row."
    )


def plot_uncertainty(result: xr.Dataset) -> Figure:
    """Standard deviation of each difference by source: which matters most for each comparison."""
    axes = _axes(result)
    here = _at_middle(result.isel(months=-1), axes)
    panels = [(name, title) for name, title in PANELS if f"{name}_difference_uncertainty" in here]
    arms = _compared(result) or [str(arm) for arm in result["arm"].values]
    figure = new_figure(3.4 * len(panels) + 1.2, 0.8 + 0.8 * len(arms) + 0.8)
    panels_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for panel, (name, title) in zip(panels_axes, panels, strict=True):
        shown = f"{name}_difference" if _compared(result) else name
        for row, arm in enumerate(arms):
            sd = select_estimate(here, f"{shown}_uncertainty").sel(arm=arm)
            state = f"{shown}_parameters_state"
            bound = state in here and select_estimate(here, state).sel(arm=arm) == AT_MOST
            for place, (source, color) in enumerate(SOURCE_COLORS.items()):
                value = float(sd.sel(source=source))
                panel.barh(
                    row + 0.25 * (place - 1), np.nan_to_num(value), 0.22, color=color,
                    label=SOURCE_NAMES[source] if row == 0 else None,
                    fill=not (bound and source == "parameters"), edgecolor=color,
                )  # fmt: skip
        panel.set_title(title, fontsize=9)
        panel.xaxis.set_major_locator(MaxNLocator(3))
        panel.xaxis.set_major_formatter(PercentFormatter(1.0))
        panel.grid(axis="x", alpha=0.3)
    panels_axes[0].set_yticks(range(len(arms)), [pretty(arm) for arm in arms])
    panels_axes[0].invert_yaxis()
    panels_axes[0].legend(fontsize=7, frameon=False)
    what = "Uncertainty of the difference from " + pretty(result.attrs["reference"])
    note = (
        "Standard deviations [percentage points] by source, each apart; scales differ. An open bar "
        "is an upper bound: the noise of the patients hides the parameters."
    )
    return _finish(figure, _title(result, what, here, axes), note)


def plot_tornado(result: xr.Dataset) -> Figure:
    """One parameter at a time at its 2.5 % and 97.5 % point: the widest swings."""
    axes = _axes(result)
    here = _at_middle(result.isel(months=-1), axes)
    arms = _compared(result)
    name = next(
        n for n in ("complication_free_control_net", *(p for p, _ in PANELS)) if n in result
    )
    shown = f"{name}_difference" if arms else name
    arms = arms or [str(result["arm"].values[0])]
    figure = new_figure(5.0 * len(arms) + 1.0, 1.4 + 0.32 * min(MOST_BARS, result.sizes["key"]))
    for panel, arm in zip(figure.subplots(1, len(arms), squeeze=False)[0], arms, strict=True):
        ends = select_estimate(here, f"{shown}_tornado").sel(arm=arm)
        low, high = ends.isel(end=0).values, ends.isel(end=1).values
        middle = float(select_estimate(here, shown).sel(arm=arm))
        order = np.argsort(-np.abs(high - low), kind="stable")[:MOST_BARS]
        for row, key in enumerate(order):
            panel.barh(row, low[key] - middle, left=middle, color=COLORS[5], height=0.7)
            panel.barh(row, high[key] - middle, left=middle, color=COLORS[1], height=0.7, alpha=0.8)
        panel.set_yticks(range(len(order)), [str(result["key"].values[k]) for k in order])
        panel.tick_params(axis="y", labelsize=7)
        panel.invert_yaxis()
        panel.axvline(middle, color="black", linewidth=0.8)
        panel.xaxis.set_major_formatter(PercentFormatter(1.0))
        panel.set_title(pretty(arm), fontsize=9)
    what = f"One at a time: {dict(PANELS)[name].lower()}"
    note = (
        "Light: the parameter at its 2.5 % point; dark: at its 97.5 % point. Parameters that are "
        "drawn together move together: their bars are one factor, shown more than once."
    )
    return _finish(figure, _title(result, what, here, axes), note)


def _map(
    figure: Figure, panel: Axes, values: xr.DataArray, widest: float | None, harm: bool
) -> None:
    down, across = (str(dim) for dim in values.dims)
    x, numeric_x = _positions(values[across])
    y, numeric_y = _positions(values[down])
    numbers = 100.0 * values.values
    limit = 100.0 * widest if widest else float(np.abs(numbers).max()) or 1.0
    colors = "RdBu_r" if harm else "RdBu"  # blue is better
    mesh = panel.pcolormesh(x, y, numbers, cmap=colors, vmin=-limit, vmax=limit, shading="nearest")
    if min(numbers.shape) > 1 and np.ptp(numbers) > 0:
        lines = panel.contour(x, y, numbers, colors="black", linewidths=0.6, levels=5)
        panel.clabel(lines, fontsize=6, fmt="%.3g")
    figure.colorbar(mesh, ax=panel, shrink=0.8)
    _dress(panel, values[across], x, numeric_x)
    panel.set_ylabel(pretty(down), fontsize=8)
    if not numeric_y:
        panel.set_yticks(y, [_short(v) for v in values[down].values], fontsize=6)


def _dress(panel: Axes, coordinate: xr.DataArray, positions: np.ndarray, numeric: bool) -> None:
    panel.set_xlabel(pretty(str(coordinate.name)), fontsize=8)
    if not numeric:
        labels = [_short(v) for v in coordinate.values]
        panel.set_xticks(positions, labels, rotation=20, ha="right", fontsize=7)


def _positions(coordinate: xr.DataArray) -> tuple[np.ndarray, bool]:
    numeric = np.issubdtype(coordinate.dtype, np.number)
    return (coordinate.values if numeric else np.arange(len(coordinate))), bool(numeric)


def _axes(result: xr.Dataset) -> list[str]:
    return [axis.name for axis in experiment_of(result).study.design.axes]


def _compared(result: xr.Dataset) -> list[str]:
    return [str(arm) for arm in result["arm"].values if arm != result.attrs["reference"]]


def _at_middle(result: xr.Dataset, axes: list[str]) -> xr.Dataset:
    return result.isel({axis: result.sizes[axis] // 2 for axis in axes})


def _title(result: xr.Dataset, what: str, here: xr.Dataset, fixed: list[str]) -> str:
    where = "".join(f", {pretty(axis)} {_short(here[axis].item())}" for axis in fixed)
    months = float(here["months"])
    return (
        f"{result.attrs['title']}: {what} at {months:g} months{where}; "
        f"{int(result.attrs['patients']):,} patients"
    )


def _short(value: object) -> str:
    text = f"{value:g}" if isinstance(value, (float, np.floating)) else str(value)
    return text if len(text) <= 28 else f"{text[:25]}..."


def _finish(figure: Figure, title: str, note: str) -> Figure:
    figure.suptitle(title, fontsize=10)
    figure.supxlabel(note, fontsize=7, color="0.35")
    return figure
