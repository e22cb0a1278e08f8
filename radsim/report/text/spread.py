"""Estimates and differences with both of their uncertainties: of the simulation, of parameters."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.endpoints import Modelled, endpoints_of
from radsim.report.tables.points import Points
from radsim.report.text.console import PLAIN, table_text
from radsim.results.names import ModelNames
from radsim.results.reading import with_role
from radsim.sums.parameter_spread import AT_MOST, NOT_MOVED
from radsim.vocabulary.endpoints import Estimate

SPREAD = ("parameters_lower", "parameters_upper", "parameters_state")
VALUE = ("estimate", "mc_standard_error")
DIFFERENCE = ("difference", "difference_mc_standard_error")
ENDS = ("parameters_lower_error", "parameters_upper_error")
BOUND = "*"  # behind an interval that is an upper bound
NOTHING = "no drawn key moves it"


def spread_tables(points: Points, arms: list[str], title: str) -> str:
    """Write every estimate of some arms at the last time, and its difference from the reference."""
    experiment, names = points.experiment, ModelNames(points.experiment)
    compared = [arm for arm in arms if arm in experiment.compared]
    heads = ["", "arm", "estimate", "±", "over parameters"]
    if compared:
        heads += ["difference", "±", "over parameters"]
    endpoints: dict[object, Modelled] = {m.endpoint: m for m in endpoints_of(experiment)}
    rows: dict[str, list[list[str]]] = {}
    for arm in arms:
        for estimate, place, model in points.estimates(names, arm, None):
            name = row_name(estimate, endpoints.get(estimate.of), place, model)
            cells = [experiment.called(arm), *_cells(points, estimate, arm, place, "")]
            if arm in compared:
                cells += _cells(points, estimate, arm, place, "difference_")
            elif compared:
                cells += ["reference", "", ""] if arm == points.reference else [""] * 3
            rows.setdefault(name, []).append(cells)
    lines = (
        [name if place == 0 else "", *cells]
        for name, every in rows.items()
        for place, cells in enumerate(every)
    )
    return table_text(heads, lines, title, **PLAIN)


def spread_notes(points: Points) -> Iterator[str]:
    """Say what the intervals are of, how well their ends are known, and what they leave out."""
    experiment = points.experiment
    draws = len(points.design.parts[DRAWS]) if DRAWS in points.design.parts else 0
    patients = experiment.drawn_patients or experiment.patients
    yield (
        f"Over parameters: 95 % of {draws:,} joint draws on the first {patients:,} patients, about "
        "the center from all. ±: Monte Carlo standard error."
    )
    ends = [
        float(np.nanmax(values.isel(months=-1).values))
        for end in ENDS
        for of in ("", "difference_")
        for values in with_role(points.result, f"{of}{end}").values()
        if not np.isnan(values.isel(months=-1).values).all()
    ]
    if ends:
        yield (
            "The ends of these intervals have standard errors of up to "
            f"{100 * max(ends):.1f} points from the number of draws."
        )
    states = [
        values.isel(months=-1).values == AT_MOST
        for of in ("", "difference_")
        for values in with_role(points.result, f"{of}parameters_state").values()
    ]
    if any(state.any() for state in states):
        yield f"{BOUND} at most: the noise of the patients hides the parameters."


def row_name(estimate: Estimate, modelled: Modelled | None, place: int, model: str) -> str:
    """Name the row of an estimate under one of its models, by its place or its name."""
    if modelled is None or len(modelled.models) == 1:
        return estimate.label
    if not modelled.endpoint.freedom:
        return f"{estimate.label} ({model})"
    if modelled.models[place].ratio_alone:
        return f"{estimate.label}, without reirradiation hazard"
    return f"{estimate.label} ({modelled.models[place].name})" if place else estimate.label


def has_spread(result: xr.Dataset) -> bool:
    """Say whether a result has intervals over parameters beside those of all patients."""
    return bool(with_role(result, "parameters_lower"))


def _cells(points: Points, estimate: Estimate, arm: str, place: int, of: str) -> list[str]:
    """A number, its Monte Carlo error, and its interval over parameters, at the last time."""
    value, error = (
        points.numbers(estimate, arm, place, role)[0, -1] for role in (DIFFERENCE if of else VALUE)
    )
    lower, upper, state = (
        points.numbers(estimate, arm, place, f"{of}{role}")[0, -1] for role in SPREAD
    )
    interval = "" if state == NOT_MOVED else f"{_percent(lower)} to {_percent(upper)}"
    return [_percent(value), _percent(error), interval + BOUND * bool(state == AT_MOST)]


def _percent(value: float) -> str:
    return "" if np.isnan(value) else f"{100 * value:.2f}"
