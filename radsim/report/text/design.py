"""What the command prints of a design: the range over a sweep, and where uncertainty comes from."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from radsim.report.text.console import PLAIN, table_text
from radsim.report.text.description import anchored, taken_lines
from radsim.report.view import View, value_text
from radsim.results.reading import has_role
from radsim.results.result import is_design
from radsim.results.uncertainty import ENDS, what_matters
from radsim.sums.best_over_draws import STATES
from radsim.sums.parameter_spread import AT_MOST, NOT_MOVED, TOLD
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    NET,
    PREVALENCE,
    Estimate,
    Joint,
)

HIDDEN = "At most: not distinguishable from the noise of the patients; more of them would tell."
MOST_FACTORS = 3  # of each comparison that are printed
LEAST_INDEX = 0.01  # a total Sobol index below this is not worth a row
MOST_ROWS = 12  # points of a sweep that are printed one by one
SOURCES = {  # in the order of columns, where the last one never matters most
    "parameters": "parameters", "models": "model choice", "monte_carlo": "Monte Carlo",
    "patients": "between patients",
}  # fmt: skip
BEST_WITH = CONTROL_WITHOUT_COMPLICATION.reported  # what is printed with other models
Rows = Iterator[tuple[str, ...]]


def design_text(result: xr.Dataset) -> str:
    """Print a design: estimates over the sweep, and the uncertainty of each comparison."""
    view = View(result)
    experiment = view.experiment
    parts = [
        f"{experiment.name}: {len(experiment.study.design):,} variants of "
        f"{experiment.patients:,} patients, at {experiment.months[-1]:g} months"
    ]
    if view.axes:
        parts.append(_sweep_text(View(result, *view.axes)))
    parts += uncertainty_texts(result)
    if "factor" in result.sizes:
        parts.append(_sensitivity_text(view))
    parts += taken_lines(experiment)
    parts += [f"{line[0].upper()}{line[1:]}." for line in anchored(experiment)]
    parts.append("Tables: summary.csv, comparison.csv and the others in the result's folder.")
    return "\n\n".join(parts)


def uncertainty_texts(result: xr.Dataset) -> Iterator[str]:
    """Print where the uncertainty of each comparison comes from, and how often an arm is best."""
    view = View(result)
    if "source" in result.sizes:
        yield _uncertainty_text(view, is_design(result))
    if has_role(result, "best_probability"):
        yield _best_text(view)


def _printed(view: View) -> list[Estimate]:
    """Estimates that are printed: net, states, and being alive without failure or complication."""
    return [
        e for e in view.estimates
        if e.estimator in (NET, PREVALENCE)
        or (e.estimator is ALIVE and isinstance(e.of, Joint) and e.of.free_of)
    ]  # fmt: skip


def _sweep_text(view: View) -> str:
    if np.prod([view.result.sizes[axis] for axis in view.axes]) > MOST_ROWS:
        columns, rows = ["", "arm", "lowest", "at", "highest", "at"], _ranges(view)
    else:
        columns, rows = [*view.axes, "", *map(view.experiment.called, view.arms)], _points(view)
    return table_text(columns, rows, "Over the sweep [%]", **PLAIN)


def _ranges(view: View) -> Rows:
    """Lowest and highest value of each estimate and arm, and where it is."""
    for estimate in _printed(view):
        for arm in view.arms:
            flat = view.numbers(estimate, arm=arm).stack(point=view.axes)
            ends = (flat[int(flat.values.argmin())], flat[int(flat.values.argmax())])
            cells = (c for end in ends for c in (_percent(end), _where(end, view.axes)))
            yield estimate.label, view.experiment.called(arm), *cells


def _points(view: View) -> Rows:
    """Each estimate at each point of a sweep, by arm."""
    for estimate in _printed(view):
        values = view.numbers(estimate).stack(point=view.axes)
        for index in range(values.sizes["point"]):
            point = values.isel(point=index)
            labels = (value_text(point[axis].item()) for axis in view.axes)
            yield *labels, estimate.label, *(_percent(point.sel(arm=arm)) for arm in view.arms)


def _uncertainty_text(view: View, with_values: bool) -> str:
    """Standard deviations by source of each comparison, at the middle of a sweep."""
    what = "Difference from {} and its standard" if with_values else "Difference from {}: standard"
    title = f"{what.format(_reference(view))} deviations [points]{_at(view)}"
    values = ("difference", "95 % over parameters") * with_values
    columns = ("", "arm", *values, *SOURCES.values(), "matters most")
    rows, hidden = [], False
    for estimate in _printed(view):
        for arm in view.compared:
            difference = estimate.difference
            by_source = view.numbers(difference, "uncertainty", arm=arm)
            sd = dict(zip(by_source["source"].values, by_source.values, strict=True))
            state, band = np.array(TOLD), ""
            if view.has(difference, "parameters_state"):
                lower, upper, state = (
                    view.numbers(difference, f"parameters_{end}", arm=arm).values
                    for end in ("lower", "upper", "state")
                )
                band = f"{_percent(lower)} to {_percent(upper)}" if state != NOT_MOVED else ""
            cells = {source: _percent(sd[source]) for source in SOURCES}
            if state == AT_MOST:
                hidden = True
                cells["parameters"] = f"at most {cells['parameters']}"
            value = _percent(view.numbers(difference, arm=arm))
            most = SOURCES.get(str(what_matters(sd, state)), "")
            called = view.experiment.called(arm)
            beside = (value, band) * with_values
            rows.append((estimate.label, called, *beside, *cells.values(), most))
    return table_text(columns, rows, title, **PLAIN) + (f"\n{HIDDEN}" if hidden else "")


def _best_text(view: View) -> str:
    title = (
        "How often each arm is best over the draws of the parameters, under the file's own models "
        "[%, with 95 % intervals]"
    )
    told = [e for e in view.estimates if view.has(e, "best_probability")]
    shares = [(estimate.label, _with_ends(view, estimate, "best_probability")) for estimate in told]
    for estimate in told:
        if estimate.endpoint == BEST_WITH and view.has(estimate, "best_probability_with"):
            others = zip(*_with_ends(view, estimate, "best_probability_with"), strict=True)
            for other in others:
                shares.append((f"{estimate.label}, but {other[0]['alternative'].item()}", other))
    arms = [str(arm) for arm in view.result["ranked_arm"].values]
    rows = (
        (label, *(_share_text(*(s.sel(ranked_arm=arm) for s in three)) for arm in arms))
        for label, three in shares
    )
    heads = ["", *map(view.experiment.called, arms)]
    roles = ("best_probability_state", "best_probability_with_state")
    states = [view.numbers(e, role).max() for e in told for role in roles if view.has(e, role)]
    note = STATES[max(map(int, states))]
    return table_text(heads, rows, title, **PLAIN) + (f"\nSome shares are {note}." if note else "")


def _with_ends(view: View, estimate: Estimate, role: str) -> tuple[xr.DataArray, ...]:
    """A share of draws and the ends of its interval."""
    return tuple(view.numbers(estimate, f"{role}{end}") for end in ENDS)


def _share_text(share: xr.DataArray, lower: xr.DataArray, upper: xr.DataArray) -> str:
    low, high = (f"{100.0 * float(end):.0f}" for end in (lower, upper))
    return f"{_percent(share)} ({low} to {high})"


def _sensitivity_text(view: View) -> str:
    """The factors that matter most for each comparison, with their Sobol indices and swings."""
    what = f" for the difference from {_reference(view)}" if view.compared else ""
    if has_role(view.result, "total"):
        columns, factors_of = ("first-order, 95 %", "total, 95 %"), _top_factors
    else:
        columns, factors_of = ("at 2.5 % [points]", "at 97.5 %"), _widest_swings
    rows = (
        (estimate.label, view.experiment.called(arm), *cells)
        for estimate in _printed(view)
        for arm in view.compared or view.arms
        for cells in factors_of(view, view.contrast(estimate), arm)
    )
    title = f"What matters most{what}{_at(view)}"
    return table_text(["", "arm", "factor", *columns], rows, title, **PLAIN)


def _top_factors(view: View, estimate: Estimate, arm: str) -> Rows:
    """Give the factors with the largest total index: name, both indices with intervals."""
    first, total = (
        np.stack([view.numbers(estimate, f"{i}{end}", arm=arm).values for end in ENDS], axis=-1)
        for i in ("first_order", "total")
    )
    size = np.nan_to_num(total[:, 0])
    for place in np.argsort(-size, kind="stable")[:MOST_FACTORS]:
        if size[place] > LEAST_INDEX:
            indices = (
                "{:.2f} ({:.2f} to {:.2f})".format(*index[place]) for index in (first, total)
            )
            yield str(view.here["factor"].values[place]), *indices


def _widest_swings(view: View, estimate: Estimate, arm: str) -> Rows:
    """Give the parameters that move an estimate most: name, and how far at each end."""
    ends = view.numbers(estimate, "tornado", arm=arm).transpose("key", "end").values
    change = ends - float(view.numbers(estimate, arm=arm))
    swing = np.ptp(change, axis=1)
    for place in np.argsort(-swing, kind="stable")[:MOST_FACTORS]:
        if swing[place] > 0:
            yield str(view.here["key"].values[place]), *map(_percent, change[place])


def _reference(view: View) -> str:
    return view.experiment.called(view.reference)


def _at(view: View) -> str:
    return f", at {_where(view.here, view.middle)}" if view.middle else ""


def _where(point: xr.DataArray | xr.Dataset, axes: list[str]) -> str:
    return ", ".join(f"{axis} {value_text(point[axis].item())}" for axis in axes)


def _percent(value: float | np.ndarray | xr.DataArray) -> str:
    return "" if np.isnan(value) else f"{100 * float(value):.2f}"
