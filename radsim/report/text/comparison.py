"""What the command prints of a result: estimates by arm, and differences from the reference."""

from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from rich import box
from rich.table import Table

from radsim.experiment.endpoints import Modelled, endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.published import published_name
from radsim.report.tables.points import Points
from radsim.report.tables.rows import NUMBERS, summary_lines
from radsim.report.text.console import render
from radsim.report.text.design import design_text
from radsim.results.names import ModelNames
from radsim.results.result import experiment_of, is_design
from radsim.vocabulary.endpoints import Estimate

DIFFERENCE = ("difference", "difference_mc_standard_error", "difference_lower", "difference_upper")
Cells = dict[str, dict[str, str]]  # by row and arm


def comparison_text(result: xr.Dataset) -> str:
    """Print the estimates at the last time and the differences from the reference, by arm."""
    if is_design(result):
        return design_text(result)
    points, experiment = Points(result), experiment_of(result)
    last = experiment.months[-1]
    arms = list(experiment.arms)
    others = [arm for arm in arms if arm != experiment.reference]
    estimates = _cells(points, arms, None, NUMBERS)
    for name, arm, text in _pain(points):
        estimates.setdefault(name, {})[arm] = text
    title = f"{experiment.name}: {experiment.patients:,} patients, at {last:g} months"
    text = _by_arm(f"{title} [%]", estimates, arms, experiment)
    if others:
        reference = _called(experiment, experiment.reference)
        title = f"Difference from {reference} [percentage points]"
        differences = _cells(points, others, experiment.reference, DIFFERENCE)
        text += "\n\n" + _by_arm(title, differences, others, experiment)
    lines = ["In brackets: 95 % Monte Carlo intervals. They hold no uncertainty of the models."]
    prior = [name for name, arm in experiment.arms.items() if arm.has_prior]
    if prior and len(prior) < len(arms):
        lines.append(
            f"{', '.join(prior)}: patients with a prior course; set beside the other arms this is "
            "a comparison of different cohorts."
        )
    models = [modelled.models[0].name for modelled in endpoints_of(experiment)]
    if experiment.survival is not None:
        models.append(published_name("survival", experiment.survival))
    lines.append(f"Models: {', '.join(models)}; sources and ranges: radsim models NAME")
    return text + "\n" + "\n".join(lines)


def _cells(points: Points, arms: list[str], reference: str | None, roles: tuple) -> Cells:
    """Write what each arm reports at the last time."""
    names = ModelNames(points.experiment)
    row_name = row_namer(points.experiment)
    cells: Cells = {}
    for arm in arms:
        for estimate, place, model in points.estimates(names, arm, reference):
            *_, (_, numbers) = points.table(estimate, roles, arm, place)
            cells.setdefault(row_name(estimate, place, model), {})[arm] = _interval(numbers[0])
    return cells


def _pain(points: Points) -> Iterator[tuple[str, str, str]]:
    """Pain response as arms state it: name of the row, arm, text."""
    for line in summary_lines(points, ModelNames(points.experiment)):
        arm, endpoint, _, estimator, month = line.labels
        if endpoint == "pain_response":
            at = "" if month == points.months[-1] else f" at {month:g} months"
            yield f"pain response, {estimator}{at}", arm, _interval(line.numbers[0])


def row_namer(experiment: Experiment) -> Callable[[Estimate, int, str], str]:
    """Name the row of an estimate under one of its models, by its place and its name."""
    endpoints: dict[object, Modelled] = {m.endpoint: m for m in endpoints_of(experiment)}

    def row_name(estimate: Estimate, place: int, model: str) -> str:
        modelled = endpoints.get(estimate.of)
        if modelled is None or len(modelled.models) == 1:
            return estimate.label
        if modelled.endpoint.freedom:
            label = modelled.models[place].label.replace("_", " ")
            return f"{estimate.label}, {label}" if place else estimate.label
        return f"{estimate.label} ({model})"

    return row_name


def _by_arm(title: str, rows: Cells, arms: list[str], experiment: Experiment) -> str:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for arm in arms:
        table.add_column(_called(experiment, arm), justify="right", no_wrap=True)
    for name, values in rows.items():
        table.add_row(name, *(values.get(arm, "") for arm in arms))
    return render(table, width=60 + 26 * len(arms))


def _called(experiment: Experiment, arm: str) -> str:
    """Name an arm by its label, or else as the file does."""
    return experiment.arms[arm].label or arm


def _interval(numbers: np.ndarray) -> str:
    value, _, lower, upper = 100 * numbers
    return f"{value:.2f} ({lower:.2f} to {upper:.2f})"
