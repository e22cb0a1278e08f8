"""What the command prints of a design: the range over a sweep, and where uncertainty comes from."""

import numpy as np
import xarray as xr
from rich import box
from rich.table import Table

from radsim.experiment.endpoints import estimates_of
from radsim.experiment.model import Experiment
from radsim.report.text.console import render
from radsim.results.reading import has_role, select_estimate, with_role
from radsim.results.result import experiment_of
from radsim.results.uncertainty import what_matters
from radsim.sums.parameter_spread import AT_MOST, NOT_MOVED, TOLD
from radsim.vocabulary.endpoints import ALIVE, CONTROL_WITHOUT_COMPLICATION, NET, Estimate, Joint

HIDDEN = "At most: not distinguishable from the noise of the patients; more of them would tell."
WIDTH = 150
MOST_FACTORS = 3  # of each comparison that are printed
LEAST_INDEX = 0.01  # a total Sobol index below this is not worth a row
MOST_ROWS = 12  # points of a sweep that are printed one by one
SOURCE_NAMES = {
    "": "", "parameters": "parameters", "models": "model choice", "monte_carlo": "Monte Carlo",
}  # fmt: skip
BEST_WITH = CONTROL_WITHOUT_COMPLICATION.reported  # what is printed with other models


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
    if has_role(result, "best_probability"):
        parts.append(_best_text(result))
    if "factor" in result.sizes:
        parts.append(_sensitivity_text(result))
    parts.append("Tables: summary.csv, comparison.csv and the others in the result's folder.")
    return "\n\n".join(parts)


def printed(result: xr.Dataset) -> list[Estimate]:
    """Estimates that are printed: net, and being alive, controlled and without complication."""
    every = (e for e in estimates_of(experiment_of(result)) if str(e) in result)
    return [
        e for e in every
        if e.estimator is NET or (e.estimator is ALIVE and isinstance(e.of, Joint) and e.of.free_of)
    ]  # fmt: skip


def _sweep_text(result: xr.Dataset) -> str:
    experiment = experiment_of(result)
    axes = [axis.name for axis in experiment.study.design.axes]
    estimates = printed(result)
    last = result.isel(months=-1)
    points = int(np.prod([result.sizes[axis] for axis in axes]))
    table = Table(title="Over the sweep [%]", title_justify="left", box=box.SIMPLE_HEAD)
    if points > MOST_ROWS:
        for column in ("", "arm", "lowest", "at", "highest", "at"):
            table.add_column(column, overflow="fold")
        for estimate in estimates:
            values = select_estimate(last, estimate)
            for arm in experiment.arms:
                flat = values.sel(arm=arm).stack(point=axes)
                low, high = flat[int(flat.values.argmin())], flat[int(flat.values.argmax())]
                table.add_row(
                    estimate.label, arm,
                    _percent(float(low)), _where(low, axes), _percent(float(high)),
                    _where(high, axes),
                )  # fmt: skip
        return render(table, WIDTH)
    for column in (*axes, "", *experiment.arms):
        table.add_column(str(column), overflow="fold")
    for estimate in estimates:
        values = select_estimate(last, estimate).stack(point=axes)
        for index in range(points):
            point = values[..., index] if values.dims[-1] == "point" else values.isel(point=index)
            labels = [_label(point[axis].item()) for axis in axes]
            table.add_row(
                *labels,
                estimate.label,
                *(_percent(float(point.sel(arm=a))) for a in experiment.arms),
            )
    return render(table, WIDTH)


def _uncertainty_text(result: xr.Dataset) -> str:
    """Standard deviations by source of each comparison, at the middle of a sweep."""
    experiment = experiment_of(result)
    last, middle = _last_in_the_middle(result, experiment)
    title = "Difference from " + experiment.reference + " and its standard deviations [points]"
    if middle:
        title += ", at " + _where(last, middle)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in (
        "", "arm", "difference", "95 % over parameters", "parameters", "model choice",
        "Monte Carlo", "between patients", "matters most",
    ):  # fmt: skip
        table.add_column(column, overflow="fold")
    hidden = False
    for estimate in printed(result):
        shown = str(estimate.difference)
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
                estimate.label,
                arm,
                _percent(select_estimate(last, shown).sel(arm=arm).values),
                band,
                *apart,
                SOURCE_NAMES[str(what_matters(by_source, state))],
            )
    return render(table, WIDTH) + (f"\n{HIDDEN}" if hidden else "")


def _best_text(result: xr.Dataset) -> str:
    experiment = experiment_of(result)
    last, _ = _last_in_the_middle(result, experiment)
    table = Table(
        title="How often each arm is best over the draws of the parameters, under the file's own "
        "models [%]",
        title_justify="left", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    arms = [str(arm) for arm in result["ranked_arm"].values]
    for column in ("", *arms):
        table.add_column(column, overflow="fold")
    own, others = (with_role(last, f"best_probability{end}") for end in ("", "_with"))
    estimates = {str(e): e for e in estimates_of(experiment) if str(e) in own}
    rows = [(estimate.label, own[name]) for name, estimate in estimates.items()]
    for name, shares in others.items():
        if estimates[name].endpoint == BEST_WITH:
            for other in shares["alternative"].values:
                said = f"{estimates[name].label}, but {other}"
                rows.append((said, shares.sel(alternative=other)))
    for said, values in rows:
        table.add_row(said, *(_percent(values.sel(ranked_arm=arm).values) for arm in arms))
    return render(table, WIDTH)


def _sensitivity_text(result: xr.Dataset) -> str:
    """The factors that matter most for each comparison, with their Sobol indices and swings."""
    experiment = experiment_of(result)
    last, middle = _last_in_the_middle(result, experiment)
    others = [arm for arm in experiment.arms if arm != experiment.reference]
    ending = "_difference" if others else ""
    title = "What matters most" + (
        f" for the difference from {experiment.reference}" if others else ""
    )
    if middle:
        title += ", at " + _where(last, middle)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    sobol = has_role(result, "total")
    columns = ("first-order, 95 %", "total, 95 %") if sobol else ("at 2.5 % [points]", "at 97.5 %")
    for column in ("", "arm", "factor", *columns):
        table.add_column(column, overflow="fold")
    for estimate in printed(result):
        for arm in others or experiment.arms:
            rows = _top_factors if sobol else _widest_swings
            for factor, *numbers in rows(last, f"{estimate}{ending}", arm):
                table.add_row(estimate.label, arm, factor, *numbers)
    return render(table, WIDTH)


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


def _last_in_the_middle(result: xr.Dataset, experiment: Experiment) -> tuple[xr.Dataset, list[str]]:
    """Take the last time and the middle value of each swept key; name these."""
    middle = {axis.name: len(axis) // 2 for axis in experiment.study.design.axes}
    return result.isel({"months": -1, **middle}), list(middle)


def _where(point: xr.DataArray | xr.Dataset, axes: list[str]) -> str:
    return ", ".join(f"{axis} {_label(point[axis].item())}" for axis in axes)


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _percent(value: float | np.ndarray) -> str:
    return "" if np.isnan(value) else f"{100 * value:.2f}"
