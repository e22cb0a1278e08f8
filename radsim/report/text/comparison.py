"""What the commands print: comparisons, warnings, presets."""

import xarray as xr
from rich import box
from rich.table import Table

from radsim.experiment.endpoints import control_models
from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import control_label, model_labels
from radsim.report.tables.points import is_design
from radsim.report.tables.rows import comparison_rows, summary_rows
from radsim.report.text.console import render
from radsim.report.text.design import design_text
from radsim.results.result import experiment_of


def comparison_text(result: xr.Dataset) -> str:
    """Print the estimates at the last time and the differences from the reference, by arm."""
    if is_design(result):
        return design_text(result)
    experiment = experiment_of(result)
    last = experiment.months[-1]
    arms = list(experiment.arms)
    estimates: dict[str, dict[str, str]] = {}
    for arm, endpoint, model, estimator, month, value, _, lower, upper, _ in summary_rows(result):
        if month == last or endpoint == "pain_response":
            when = "" if month == last else f" at {month:g} months"
            row = estimates.setdefault(
                _row_name(experiment, (arm,), endpoint, estimator, model) + when, {}
            )
            row[arm] = _interval(value, lower, upper)
    differences: dict[str, dict[str, str]] = {}
    for compared in comparison_rows(result):
        arm, _, endpoint, model, estimator, month, delta, _, lower, upper, *_ = compared
        if month == last:
            pair = (arm, experiment.reference)
            name = _row_name(experiment, pair, endpoint, estimator, model)
            differences.setdefault(name, {})[arm] = _interval(delta, lower, upper)
    title = f"{experiment.name}: {experiment.patients:,} patients, at {last:g} months"
    text = _by_arm(f"{title} [%]", estimates, arms)
    others = [arm for arm in arms if arm != experiment.reference]
    if others:
        title = f"Difference from {experiment.reference} [percentage points]"
        text += "\n\n" + _by_arm(title, differences, others)
    lines = ["In brackets: 95 % Monte Carlo intervals. They hold no uncertainty of the models."]
    prior = [name for name, arm in experiment.arms.items() if arm.has_prior]
    if prior and len(prior) < len(arms):
        lines.append(
            f"{', '.join(prior)}: patients with a prior course; set beside the other arms this is "
            "a comparison of different cohorts."
        )
    labels = model_labels(experiment)
    lines.append(
        "Models: "
        + ", ".join(
            labels[key] if isinstance(labels[key], str) else labels[key][0]
            for key in ("local_control", "vcf", "myelopathy", "survival")
            if labels.get(key)
        )
        + "; sources and ranges: radsim models NAME"
    )
    return text + "\n" + "\n".join(lines)


def _row_name(
    experiment: Experiment, arms: tuple[str, ...], endpoint: str, estimator: str, model: str
) -> str:
    name = f"{endpoint}, {estimator}".replace("_", " ").replace("vcf", "VCF")
    if endpoint == "myelopathy" and len(experiment.models_of("myelopathy")) > 1:
        return f"{name} ({model})"
    if endpoint in ("local_control", "local_failure"):
        pair = [experiment.arms[arm] for arm in arms]
        owner = next((one for one in pair if one.has_prior), pair[0])
        if model != control_label(experiment, owner, 0):
            variants = control_models(experiment)
            for variant, shown in enumerate(variants):
                if variant and model == control_label(experiment, owner, variant):
                    return f"{name}, {shown.replace('_', ' ')}"
    return name


def _by_arm(title: str, rows: dict[str, dict[str, str]], arms: list[str]) -> str:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for arm in arms:
        table.add_column(arm, justify="right", no_wrap=True)
    for name, values in rows.items():
        table.add_row(name, *(values.get(arm, "") for arm in arms))
    return render(table, width=60 + 26 * len(arms))


def _interval(value: float, lower: float, upper: float) -> str:
    return f"{100 * value:.2f} ({100 * lower:.2f} to {100 * upper:.2f})"
