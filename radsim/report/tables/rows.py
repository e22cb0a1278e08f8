"""The tables of a result: what each CSV file holds, row by row."""

from collections.abc import Iterator
from typing import Any

import xarray as xr

from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import control_label, model_labels
from radsim.experiment.series import estimated_by
from radsim.report.tables.csv_text import Row, number_text
from radsim.results.result import experiment_of
from radsim.simulation.kept import ESTIMATES
from radsim.vocabulary.endpoints import MODEL_DIMS, endpoint_of

SUMMARY_COLUMNS = (
    "arm", "endpoint", "model", "estimator", "months",
    "estimate", "mc_standard_error", "lower", "upper", "interval",
)  # fmt: skip
COMPARISON_COLUMNS = (
    "arm", "reference", "endpoint", "model", "estimator", "months",
    "difference", "mc_standard_error", "lower", "upper",
    "ratio", "ratio_lower", "ratio_upper",
    "number_needed", "number_needed_lower", "number_needed_upper", "interval",
)  # fmt: skip
BEST_COLUMNS = (
    "endpoint", "months", "arm", "share", "mc_standard_error", "lower", "upper", "interval",
)  # fmt: skip
CHECK_COLUMNS = ("arm", "check", "share", "mc_standard_error", "lower", "upper", "interval")
PREDICTIVE_COLUMNS = (
    "arm", "endpoint", "estimator", "months", "patients", "segments", "series", "observed",
    "median", "lower", "upper", "at_or_below", "at_or_above", "source",
)  # fmt: skip
INTERVAL = "monte_carlo"


def summary_rows(result: xr.Dataset) -> list[Row]:
    """Rows of ``summary.csv``: each estimate with its Monte Carlo error."""
    rows = []
    experiment = experiment_of(result)
    for arm in experiment.arms:
        for name, model, selection in _estimates(result, experiment, arm):
            endpoint, estimator = endpoint_of(name)
            for month in experiment.months:
                here = {**selection, "arm": arm, "months": month}
                numbers = [
                    number_text(result[name + suffix].sel(here))
                    for suffix in ("", "_mc_standard_error", "_lower", "_upper")
                ]
                rows.append([arm, endpoint, model, estimator, month, *numbers, INTERVAL])
            if name == "survival_alive":
                rows.extend(_pain_rows(experiment, arm))
        if "survival_alive" not in result:
            rows.extend(_pain_rows(experiment, arm))
    return rows


def comparison_rows(result: xr.Dataset) -> list[Row]:
    """Rows of ``comparison.csv``: each arm against the reference, patient by patient."""
    rows = []
    experiment = experiment_of(result)
    suffixes = (
        "difference", "difference_mc_standard_error", "difference_lower", "difference_upper",
        "ratio", "ratio_lower", "ratio_upper",
        "number_needed", "number_needed_lower", "number_needed_upper",
    )  # fmt: skip
    reference = experiment.reference
    for arm in experiment.arms:
        if arm == reference:
            continue
        for name, model, selection in _estimates(result, experiment, arm, reference):
            endpoint, estimator = endpoint_of(name)
            for month in experiment.months:
                here = {**selection, "arm": arm, "months": month}
                numbers = [number_text(result[f"{name}_{suffix}"].sel(here)) for suffix in suffixes]
                rows.append([arm, reference, endpoint, model, estimator, month, *numbers, INTERVAL])
    return rows


def best_rows(result: xr.Dataset) -> list[Row]:
    """Rows of ``best.csv``: share of patients for whom an arm is best.

    Best is the highest net probability of control or of complication-free control, and the
    lowest of a complication.
    """
    rows = []
    for name in ESTIMATES:
        if f"{name}_best" in result:
            for month in result["months"].values:
                for arm in result["ranked_arm"].values:
                    here = {"ranked_arm": arm, "months": month}
                    numbers = [
                        number_text(result[f"{name}_best{suffix}"].sel(here))
                        for suffix in ("", "_mc_standard_error", "_lower", "_upper")
                    ]
                    rows.append([endpoint_of(name)[0], float(month), str(arm), *numbers, INTERVAL])
    return rows


def check_rows(result: xr.Dataset) -> list[Row]:
    """Rows of ``checks.csv``: share of patients outside a model's range, or past a limit."""
    rows = []
    for arm in result["arm"].values:
        for name in result.data_vars:
            if str(name).endswith("_share"):
                numbers = [
                    number_text(result[f"{name}{suffix}"].sel(arm=arm))
                    for suffix in ("", "_mc_standard_error", "_lower", "_upper")
                ]
                if numbers[0] != "":
                    rows.append([str(arm), str(name).removesuffix("_share"), *numbers, INTERVAL])
    return rows


def predictive_rows(result: xr.Dataset) -> list[Row]:
    """Rows of ``predictive.csv``: each figure of a series among simulated series of its size."""
    experiment = experiment_of(result)
    series = experiment.predictive
    if series is None:
        return []
    rows = []
    for index, figure in enumerate(series.observed):
        numbers = [
            number_text(result[f"predictive_{name}"][index])
            for name in ("observed", "median", "lower", "upper", "at_or_below", "at_or_above")
        ]
        rows.append(
            [
                series.arm or experiment.reference, figure.endpoint, estimated_by(figure.endpoint),
                float(figure.months), series.patients, series.segments,
                experiment.patients // series.segments, *numbers, series.source,
            ]
        )  # fmt: skip
    return rows


def _estimates(
    result: xr.Dataset, experiment: Experiment, arm: str, reference: str | None = None
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Give each estimate that an arm reports: its name, its model, where it stands."""
    labels = model_labels(experiment)
    either = [experiment.arms[a] for a in (arm, reference) if a is not None]
    for name in ESTIMATES:
        if name not in result:
            continue
        dim = MODEL_DIMS.get(name)
        if dim == "control_model":
            owner = next((a for a in either if a.has_prior), either[0])
            variants = result["control_model"].values
            assert experiment.tcp is not None
            ratio = getattr(experiment.tcp.model, "reirradiation_hazard_ratio", 1.0)
            for variant, shown in enumerate(variants):
                without = str(shown) == "without_reirradiation_hazard"
                if not without or (owner.has_prior and ratio != 1.0):
                    model = control_label(experiment, owner, variant)
                    yield name, model, {dim: str(shown)}
        elif dim == "myelopathy_model":
            for model in labels["myelopathy"]:
                yield name, model, {dim: model}
        else:
            yield name, _model(name, experiment, arm, labels), {}


def _model(name: str, experiment: Experiment, arm: str, labels: dict[str, Any]) -> str:
    if name == "survival_alive":
        own = experiment.arms[arm].survival
        return f"stated by the arm: {own.preset or 'custom'}" if own else labels["survival"]
    if name.startswith("vcf"):
        return labels["vcf"]
    control = control_label(experiment, experiment.arms[arm], 0)
    return f"{control} + {labels['vcf']} + {labels['myelopathy'][0]}"


def _pain_rows(experiment: Experiment, arm: str) -> Iterator[Row]:
    """Pain response as an arm states it: published, so without a Monte Carlo error of its own."""
    stated = experiment.arms[arm].pain_response
    if stated is not None:
        p = float(stated.probability)
        model = f"stated: {stated.definition} ({stated.source})"
        yield [arm, "pain_response", model, "net", float(stated.months), p, 0.0, p, p, INTERVAL]
