"""What the command prints of a result: estimates by arm, and differences from the reference."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from radsim.experiment.endpoints import Modelled, endpoints_of
from radsim.experiment.model import Experiment, rows_taken
from radsim.presets.models import published_name
from radsim.report.tables.points import Points
from radsim.report.tables.rows import COMPARED_OF_SAMPLE, NUMBERS, OF_SAMPLE, summary_lines
from radsim.report.text.console import numbers_text
from radsim.report.text.description import after_earlier, anchored, people_of, taken_lines
from radsim.report.text.design import design_text, uncertainty_texts
from radsim.report.text.spread import has_spread, row_name, spread_notes, spread_tables
from radsim.results.names import ModelNames
from radsim.results.reading import with_role
from radsim.results.result import is_design

DIFFERENCE = ("difference", "difference_mc_standard_error", "difference_lower", "difference_upper")
OTHERS = "Other patients, compared with no arm above"
Cells = dict[str, dict[str, str]]  # by row and arm


def comparison_text(result: xr.Dataset) -> str:
    """Print the estimates at the last time and the differences from the reference, by arm."""
    if is_design(result):
        return design_text(result)
    points = Points(result)
    experiment = points.experiment
    apart = [arm for arm in experiment.arms if experiment.treats_others(arm)]
    same = [arm for arm in experiment.arms if arm not in apart]
    title = (
        f"{experiment.name}: {experiment.patients:,} patients, at {experiment.months[-1]:g} months"
    )
    if has_spread(result):
        text = "\n\n".join(_with_spread(title, points, same, apart))
        lines = list(spread_notes(points))
    else:
        text = "\n\n".join(_with_errors(title, points, same, apart))
        lines = ["In brackets: 95 % Monte Carlo intervals. They hold no uncertainty of the models."]
    text = "\n\n".join([text, *uncertainty_texts(result), *_as_sample(points)])
    lines += taken_lines(experiment)
    lines += [f"{experiment.called(arm)} treats {people_of(experiment, arm)}." for arm in apart]
    lines += _concerned(points)
    told = (*anchored(experiment), *after_earlier(experiment))
    lines += [f"{line[0].upper()}{line[1:]}." for line in told]
    models = [modelled.models[0].name for modelled in endpoints_of(experiment)]
    if experiment.survival is not None:
        models.append(published_name("survival", experiment.survival))
    named = ", ".join(dict.fromkeys(models))
    lines.append(f"Models: {named}; sources and ranges: radsim models NAME")
    return text + "\n" + "\n".join(lines)


def _with_errors(title: str, points: Points, same: list[str], apart: list[str]) -> Iterator[str]:
    """Estimates and differences by arm, with Monte Carlo intervals."""
    experiment = points.experiment
    yield _estimates(f"{title} [%]", points, same)
    if compared := experiment.compared:
        title = f"Difference from {experiment.called(experiment.reference)} [percentage points]"
        differences = _cells(points, compared, experiment.reference, DIFFERENCE)
        yield _by_arm(title, differences, compared, experiment)
    if apart:
        yield _estimates(f"{OTHERS} [%]", points, apart)


def _as_sample(points: Points) -> Iterator[str]:
    """Intervals over other patients like these, of arms whose patients are taken as they are."""
    experiment = points.experiment
    taken = [arm for arm in experiment.arms if rows_taken(experiment, arm)]
    if taken:
        cells = _cells(points, taken, None, OF_SAMPLE)
        title = "These patients as a sample of patients like them [%]"
        yield _by_arm(title, cells, taken, experiment)
    if compared := [arm for arm in experiment.compared if arm in taken]:
        cells = _cells(points, compared, experiment.reference, COMPARED_OF_SAMPLE[:4])
        title = "Difference in such a sample [percentage points]"
        yield _by_arm(title, cells, compared, experiment)


def _with_spread(title: str, points: Points, same: list[str], apart: list[str]) -> Iterator[str]:
    """Estimates and differences with Monte Carlo errors and intervals over parameters."""
    called = points.experiment.called(points.reference)
    against = f"; differences from {called} [points]" if points.experiment.compared else ""
    yield spread_tables(points, same, f"{title} [%]{against}")
    if apart:
        yield spread_tables(points, apart, f"{OTHERS} [%]")


def _estimates(title: str, points: Points, arms: list[str]) -> str:
    cells = _cells(points, arms, None, NUMBERS)
    _add_pain(points, cells, arms)
    return _by_arm(title, cells, arms, points.experiment)


def _cells(points: Points, arms: list[str], reference: str | None, roles: Sequence[str]) -> Cells:
    """Write what each arm reports at the last time."""
    names, cells = ModelNames(points.experiment), Cells()
    endpoints: dict[object, Modelled] = {m.endpoint: m for m in endpoints_of(points.experiment)}
    for arm in arms:
        for estimate, place, model in points.estimates(names, arm, reference):
            *_, (_, numbers) = points.table(estimate, arm, place, roles)
            name = row_name(estimate, endpoints.get(estimate.of), place, model)
            cells.setdefault(name, {})[arm] = _interval(numbers[0])
    return cells


def _concerned(points: Points) -> Iterator[str]:
    """Say how many patients an endpoint concerns that is not of everyone."""
    shares = with_role(points.result, "share")
    whom = {m.endpoint.among: m.endpoint.of_whom for m in endpoints_of(points.experiment)}
    for among in filter(None, whom):
        of_arms = shares[f"patients_{among}"]
        each = [
            f"{100.0 * float(of_arms.sel(arm=arm)):.1f} % of {points.experiment.called(arm)}"
            for arm in points.experiment.arms
        ]
        said = f"{100.0 * float(of_arms[0]):.1f} % of all"
        alike = bool((of_arms == of_arms[0]).all())
        yield f"Rows {whom[among]} are of nobody else: {said if alike else ', '.join(each)}."


def _add_pain(points: Points, cells: Cells, arms: list[str]) -> None:
    """Add pain response as arms state it."""
    for line in summary_lines(points, ModelNames(points.experiment)):
        arm, endpoint, _, estimator, month = line.labels
        if endpoint == "pain_response" and arm in arms:
            at = "" if month == points.months[-1] else f" at {month:g} months"
            row = cells.setdefault(f"pain response, {estimator}{at}", {})
            row[arm] = _interval(line.numbers[0])


def _by_arm(title: str, cells: Cells, arms: list[str], experiment: Experiment) -> str:
    rows = ([name, *(values.get(arm, "") for arm in arms)] for name, values in cells.items())
    heads = map(experiment.called, arms)
    return numbers_text(heads, rows, title, width=60 + 26 * len(arms), no_wrap=True)


def _interval(numbers: np.ndarray) -> str:
    value, _, lower, upper = 100 * numbers
    return f"{value:.2f} ({lower:.2f} to {upper:.2f})"
