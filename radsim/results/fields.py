"""From the sums of a run to its result: labeled arrays with units, errors and provenance."""

import json
from collections.abc import Iterator

import numpy as np
import xarray as xr

from radsim.sums.comparison import paired_comparison
from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import model_labels, presets_used
from radsim.vocabulary.versions import sources_of, versions
from radsim.simulation.kept import DOSE_EDGES, DOSE_STEP, ESTIMATES, curve_months, ranked_arms
from radsim.vocabulary.words import Variable, label
from radsim.simulation.steps import control_models
from radsim.sums.moments import BlockSums, Moments, normal_interval, wilson_interval

MODEL_DIMS = {  # estimates that are reported under several models
    "local_control_net": "control_model",
    "local_failure_cumulative_incidence": "control_model",
    "myelopathy_net": "myelopathy_model",
    "myelopathy_cumulative_incidence": "myelopathy_model",
}
MEANINGS = {
    "local_control_net": "probability of local control, death ignored",
    "local_failure_cumulative_incidence": "cumulative incidence of local failure, death competing",
    "vcf_net": "probability of vertebral compression fracture, death ignored",
    "vcf_cumulative_incidence": "cumulative incidence of fracture, death competing",
    "myelopathy_net": "probability of radiation myelopathy, death ignored",
    "myelopathy_cumulative_incidence": "cumulative incidence of myelopathy, death competing",
    "survival_alive": "probability to be alive",
    "complication_free_control_net": "probability of control without complication, death ignored",
    "complication_free_control_alive": "probability to be alive, controlled, without complication",
}
COMPARED = {
    "difference": "arm minus reference",
    "difference_mc_standard_error": "Monte Carlo standard error of the difference",
    "difference_lower": "lower end of the 95 % Monte Carlo interval of the difference",
    "difference_upper": "upper end of the 95 % Monte Carlo interval of the difference",
    "ratio": "arm over reference",
    "ratio_lower": "lower end of the 95 % Monte Carlo interval of the ratio",
    "ratio_upper": "upper end of the 95 % Monte Carlo interval of the ratio",
    "number_needed": "number needed to treat or harm; missing where the difference may be 0",
    "number_needed_lower": "lower end of its 95 % Monte Carlo interval",
    "number_needed_upper": "upper end of its 95 % Monte Carlo interval",
}
INTERVAL = {
    "mc_standard_error": "Monte Carlo standard error",
    "lower": "lower end of the 95 % Monte Carlo interval",
    "upper": "upper end of the 95 % Monte Carlo interval",
}


def estimate_dims(name: str) -> tuple[str, ...]:
    """Dimensions of an estimate, arms first and times last."""
    model = MODEL_DIMS.get(name)
    return ("arm", model, "months") if model else ("arm", "months")


def make_result(experiment: Experiment, sums: BlockSums) -> xr.Dataset:
    """Turn the sums over all patients into the result of an experiment.

    Returns
    -------
    xr.Dataset
        For each estimate (`ESTIMATES`) the value, ``_mc_standard_error``, ``_lower`` and
        ``_upper``, and its paired comparison with the reference (`COMPARED`); ``_best``, the
        share of patients for whom an arm is best; curves of cumulative incidence over time;
        histograms of dose; shares of patients that fail a check. The attributes hold the
        experiment, versions, seed and sources.
    """
    variables: dict[str, tuple] = {}
    vocabulary: dict[str, Variable] = {}

    def add(name: str, dims: tuple[str, ...], values: np.ndarray, units: str, meaning: str) -> None:
        variables[name] = (dims, values)
        vocabulary[name] = Variable(units, meaning)

    reference = list(experiment.arms).index(experiment.reference)
    for name in ESTIMATES:
        if name in sums.moments:
            dims = estimate_dims(name)
            for suffix, values, meaning in estimate_fields(name, sums.moments[name]):
                add(name + suffix, dims, values, "1", meaning)
            for suffix, values, units, meaning in comparison_fields(
                name, sums.moments[name], sums.moments[f"{name}_difference"], reference
            ):
                add(f"{name}_{suffix}", dims, values, units, meaning)
    for name, moments in sums.moments.items():
        if name.endswith("_best"):
            for suffix, values, meaning in share_fields(
                moments, f"share of patients for whom {name}"
            ):
                add(name + suffix, ("ranked_arm", "months"), values, "1", meaning)
        elif name.endswith("_share"):
            what = name.removesuffix("_share").replace("_", " ")
            for suffix, values, meaning in share_fields(moments, f"share of patients: {what}"):
                add(name + suffix, ("arm",), values, "1", meaning)
    for name, counts in sums.counts.items():
        if name.endswith("_curve"):
            event = name.removesuffix("_curve")
            incidence = counts.cumsum(axis=-1) / _patients(sums)
            values = np.concatenate([np.zeros((len(incidence), 1)), incidence], axis=-1)
            meaning = f"cumulative incidence of {event.replace('_', ' ')}, death competing"
            add(name, ("arm", "time"), values, "1", meaning)
        else:
            model = ("myelopathy_model",) if counts.ndim == 3 else ()
            add(name, ("arm", *model, "dose"), counts, "1", f"patients a bin of {DOSE_STEP} Gy")
    dataset = xr.Dataset(
        variables,
        coords={
            "arm": list(experiment.arms),
            "ranked_arm": [list(experiment.arms)[i] for i in ranked_arms(experiment)],
            "control_model": list(control_models(experiment)),
            "myelopathy_model": model_labels(experiment)["myelopathy"],
            "months": ("months", list(experiment.months), {"units": "months"}),
            "time": ("time", curve_months(experiment), {"units": "months"}),
            "dose": ("dose", DOSE_EDGES[:-1] + DOSE_STEP / 2, {"units": "Gy"}),
        },
        attrs=provenance(experiment),
    )
    return label(dataset, vocabulary)


def experiment_of(result: xr.Dataset) -> Experiment:
    """Return the experiment that a result came from; running it gives the same numbers."""
    return Experiment.model_validate_json(result.attrs["experiment"])


def _patients(sums: BlockSums) -> int:
    return next(iter(sums.moments.values())).count


def estimate_fields(name: str, moments: Moments) -> Iterator[tuple[str, np.ndarray, str]]:
    """Give an estimate, its error and its interval: suffix of the name, values, meaning."""
    mean, error = moments.mean, moments.standard_error
    if name.endswith("_cumulative_incidence"):
        lower, upper = wilson_interval(mean, moments.count)
    else:
        lower, upper = normal_interval(mean, error, 0.0, 1.0, moments.reach)
    yield "", mean, MEANINGS[name]
    for suffix, values in zip(INTERVAL, (error, lower, upper), strict=True):
        yield f"_{suffix}", values, f"{INTERVAL[suffix]} of: {MEANINGS[name]}"


def share_fields(moments: Moments, meaning: str) -> Iterator[tuple[str, np.ndarray, str]]:
    """Give a share of patients, its error and its interval: suffix, values, meaning."""
    lower, upper = normal_interval(moments.mean, moments.standard_error, 0.0, 1.0, moments.reach)
    none_or_all = (moments.mean == 0.0) | (moments.mean == 1.0)
    wilson_lower, wilson_upper = wilson_interval(moments.mean, moments.count)
    lower = np.where(none_or_all, wilson_lower, lower)
    upper = np.where(none_or_all, wilson_upper, upper)
    yield "", moments.mean, meaning
    for suffix, values in zip(INTERVAL, (moments.standard_error, lower, upper), strict=True):
        yield f"_{suffix}", values, f"{INTERVAL[suffix]} of: {meaning}"


def comparison_fields(
    name: str, arms: Moments, difference: Moments, reference: int
) -> Iterator[tuple[str, np.ndarray, str, str]]:
    """Compare every arm with the reference, arms first: suffix, values, units, meaning."""
    one = arms.rearranged(lambda values: values[reference])
    compared = paired_comparison(arms, one, difference)
    fields = (
        compared.difference,
        compared.standard_error,
        compared.lower,
        compared.upper,
        compared.ratio,
        compared.ratio_lower,
        compared.ratio_upper,
        compared.number_needed,
        compared.number_needed_lower,
        compared.number_needed_upper,
    )
    for (suffix, meaning), values in zip(COMPARED.items(), fields, strict=True):
        values = np.array(values)
        values[reference] = np.nan  # an arm is not compared with itself
        units = "patients" if suffix.startswith("number_needed") else "1"
        yield suffix, values, units, f"{meaning}, {MEANINGS[name]}"


def provenance(experiment: Experiment) -> dict[str, str | int]:
    """Give the attributes that say what made a result."""
    return {
        "title": experiment.name,
        "experiment": experiment.model_dump_json(exclude_none=True),
        "seed": experiment.seed,
        "patients": experiment.patients,
        "reference": experiment.reference,
        "versions": json.dumps(versions()),
        "models": json.dumps(model_labels(experiment)),
        "sources": "\n".join(sources_of(presets_used(experiment))),
        "note": "Research tool: nothing in it is calibrated for one patient.",
    }
