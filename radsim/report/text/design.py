"""What the command prints of a design: the range over a sweep, and where uncertainty comes from."""

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table

from radsim.results.result import experiment_of, select_estimate
from radsim.results.uncertainty import what_matters
from radsim.sums.parameter_spread import AT_MOST, NOT_MOVED, TOLD
from radsim.vocabulary.endpoints import ESTIMATES, endpoint_of

SHOWN = (  # estimates that are printed; the tables have all
    "local_control_net",
    "vcf_net",
    "myelopathy_net",
    "complication_free_control_net",
    "complication_free_control_alive",
)
HIDDEN = "At most: not distinguishable from the noise of the patients; more of them would tell."
WIDTH = 150
MOST_FACTORS = 3  # of each comparison that are printed
LEAST_INDEX = 0.01  # a total Sobol index below this is not worth a row
MOST_ROWS = 12  # points of a sweep that are printed one by one
SOURCE_NAMES = {
    "": "", "parameters": "parameters", "models": "model choice", "monte_carlo": "Monte Carlo",
}  # fmt: skip
BEST_WITH = "complication_free_control_net"  # what is printed with other models


def design_text(result: xr.Dataset) -> str:
    """Print a design: estimates over the sweep, and the uncertainty of each comparison."""
    experiment = experiment_of(result)
    study = experiment.study
    title = (
        f"{experiment.name}: {len(study.design):,} variants of {experiment.patients:,} patients, "
        f"at {experiment.months[-1]:g} months"
    )
    parts = [title]
    if study.design.axes:
        parts.append(_sweep_text(result))
    if "source" in result.sizes:
        parts.append(_uncertainty_text(result))
    best = [name for name in ESTIMATES if f"{name}_best_probability" in result]
    if best:
        parts.append(_best_text(result, best))
    if "factor" in result.sizes:
        parts.append(_sensitivity_text(result))
    parts.append("Tables: summary.csv, comparison.csv and the others in the result's folder.")
    return "\n\n".join(parts)


def _sweep_text(result: xr.Dataset) -> str:
    experiment = experiment_of(result)
    axes = [axis.name for axis in experiment.study.design.axes]
    names = [name for name in SHOWN if name in result]
    last = result.isel(months=-1)
    points = int(np.prod([result.sizes[axis] for axis in axes]))
    table = Table(title="Over the sweep [%]", title_justify="left", box=box.SIMPLE_HEAD)
    if points > MOST_ROWS:
        for column in ("", "arm", "lowest", "at", "highest", "at"):
            table.add_column(column, overflow="fold")
        for name in names:
            values = select_estimate(last, name)
            for arm in experiment.arms:
                flat = values.sel(arm=arm).stack(point=axes)
                low, high = flat[int(flat.values.argmin())], flat[int(flat.values.argmax())]
                table.add_row(
                    _pretty(name), arm,
                    _percent(float(low)), _where(low, axes), _percent(float(high)),
                    _where(high, axes),
                )  # fmt: skip
        return _render(table)
    for column in (*axes, "", *experiment.arms):
        table.add_column(str(column), overflow="fold")
    for name in names:
        values = select_estimate(last, name).stack(point=axes)
        for index in range(points):
            point = values[..., index] if values.dims[-1] == "point" else values.isel(point=index)
            labels = [_label(point[axis].item()) for axis in axes]
            table.add_row(
                *labels,
                _pretty(name),
                *(_percent(float(point.sel(arm=a))) for a in experiment.arms),
            )
    return _render(table)


def _uncertainty_text(result: xr.Dataset) -> str:
    """Standard deviations by source of each comparison, at the middle of a sweep."""
    experiment = experiment_of(result)
    middle = {axis.name: len(axis) // 2 for axis in experiment.study.design.axes}
    last = result.isel(months=-1, **middle)  # type: ignore[arg-type]
    title = "Difference from " + experiment.reference + " and its standard deviations [points]"
    if middle:
        title += ", at " + _where(last, list(middle))
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in (
        "", "arm", "difference", "95 % over parameters", "parameters", "model choice",
        "Monte Carlo", "between patients", "matters most",
    ):  # fmt: skip
        table.add_column(column, overflow="fold")
    hidden = False
    for name in SHOWN:
        shown = f"{name}_difference"
        if shown not in result:
            continue
        for arm in experiment.arms:
            if arm == experiment.reference:
                continue
            sd = select_estimate(last, f"{shown}_uncertainty").sel(arm=arm)
            by_source = {source: sd.sel(source=source).values for source in sd["source"].values}
            state, band = np.array(TOLD), ""
            if f"{shown}_parameters_state" in result:
                lower, upper, state = (
                    select_estimate(last, f"{shown}_parameters_{end}").sel(arm=arm).values
                    for end in ("lower", "upper", "state")
                )
                band = f"{_percent(lower)} to {_percent(upper)}" if state != NOT_MOVED else ""
            bound = "at most " if state == AT_MOST else ""
            hidden = hidden or bool(bound)
            apart = [
                (bound if source == "parameters" else "") + _percent(by_source[source])
                for source in ("parameters", "models", "monte_carlo", "patients")
            ]
            table.add_row(
                _pretty(name),
                arm,
                _percent(select_estimate(last, shown).sel(arm=arm).values),
                band,
                *apart,
                SOURCE_NAMES[str(what_matters(by_source, state))],
            )
    return _render(table) + (f"\n{HIDDEN}" if hidden else "")


def _best_text(result: xr.Dataset, names: list[str]) -> str:
    experiment = experiment_of(result)
    middle = {axis.name: len(axis) // 2 for axis in experiment.study.design.axes}
    last = result.isel(months=-1, **middle)  # type: ignore[arg-type]
    table = Table(
        title="How often each arm is best over the draws of the parameters, under the file's own "
        "models [%]",
        title_justify="left", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    arms = [str(arm) for arm in result["ranked_arm"].values]
    for column in ("", *arms):
        table.add_column(column, overflow="fold")
    rows = [(_pretty(name), last[f"{name}_best_probability"]) for name in names]
    if f"{BEST_WITH}_best_probability_with" in last:
        others = last[f"{BEST_WITH}_best_probability_with"]
        for other in others["alternative"].values:
            rows.append((f"{_pretty(BEST_WITH)}, but {other}", others.sel(alternative=other)))
    for said, values in rows:
        table.add_row(said, *(_percent(values.sel(ranked_arm=arm).values) for arm in arms))
    return _render(table)


def _sensitivity_text(result: xr.Dataset) -> str:
    """The factors that matter most for each comparison, with their Sobol indices and swings."""
    experiment = experiment_of(result)
    middle = {axis.name: len(axis) // 2 for axis in experiment.study.design.axes}
    last = result.isel(months=-1, **middle)  # type: ignore[arg-type]
    others = [arm for arm in experiment.arms if arm != experiment.reference]
    ending = "_difference" if others else ""
    title = "What matters most" + (
        f" for the difference from {experiment.reference}" if others else ""
    )
    if middle:
        title += ", at " + _where(last, list(middle))
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    sobol = any(str(name).endswith("_total") for name in result.data_vars)
    columns = ("first-order, 95 %", "total, 95 %") if sobol else ("at 2.5 % [points]", "at 97.5 %")
    for column in ("", "arm", "factor", *columns):
        table.add_column(column, overflow="fold")
    for name in SHOWN:
        for arm in others or experiment.arms:
            if name in result:
                rows = _top_factors if sobol else _widest_swings
                for factor, *numbers in rows(last, f"{name}{ending}", arm):
                    table.add_row(_pretty(name), arm, factor, *numbers)
    return _render(table)


def _top_factors(last: xr.Dataset, shown: str, arm: str) -> list[tuple[str, ...]]:
    """Give the factors with the largest total index: name, both indices with intervals."""
    total = select_estimate(last, f"{shown}_total").sel(arm=arm).values
    order = np.argsort(-np.nan_to_num(total), kind="stable")[:MOST_FACTORS]

    def written(index: str, factor: int) -> str:
        value, lower, upper = (
            float(select_estimate(last, f"{shown}_{index}{end}").sel(arm=arm)[factor])
            for end in ("", "_lower", "_upper")
        )
        return f"{value:.2f} ({lower:.2f} to {upper:.2f})"

    return [
        (str(last["factor"].values[i]), written("first_order", i), written("total", i))
        for i in order
        if np.nan_to_num(total[i]) > LEAST_INDEX
    ]


def _widest_swings(last: xr.Dataset, shown: str, arm: str) -> list[tuple[str, ...]]:
    """Give the parameters that move an estimate most: name, and how far at each end."""
    ends = select_estimate(last, f"{shown}_tornado").sel(arm=arm)
    change = (ends - float(select_estimate(last, shown).sel(arm=arm))).transpose("key", "end")
    order = np.argsort(-np.ptp(change.values, axis=1), kind="stable")[:MOST_FACTORS]
    return [
        (str(last["key"].values[i]), *(_percent(float(end)) for end in change.values[i]))
        for i in order
        if np.ptp(change.values[i]) > 0
    ]


def _where(point: xr.DataArray | xr.Dataset, axes: list[str]) -> str:
    return ", ".join(f"{axis} {_label(point[axis].item())}" for axis in axes)


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pretty(name: str) -> str:
    endpoint, estimator = endpoint_of(name)
    return f"{endpoint}, {estimator}".replace("_", " ").replace("vcf", "VCF")


def _percent(value: float | np.ndarray) -> str:
    return "" if np.isnan(value) else f"{100 * value:.2f}"


def _render(table: Table) -> str:
    console = Console(
        width=WIDTH, color_system=None, force_terminal=False, highlight=False, markup=False
    )
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
