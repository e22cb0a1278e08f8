"""From the sums of a design to its result, in which the swept keys are dimensions."""

import json

import numpy as np
import xarray as xr

from radsim.experiment.designs.keys import label_of, section_of
from radsim.experiment.designs.parts import ALTERNATIVES, DRAWS, TORNADO
from radsim.experiment.designs.sensitivity import TORNADO_SHARES
from radsim.experiment.endpoints import control_models, ranked_arms
from radsim.experiment.model import Experiment
from radsim.experiment.older_spellings import present_record
from radsim.experiment.pedigree import model_labels
from radsim.presets.sources import sources_of
from radsim.results.fields import comparison_fields, estimate_fields, patients_of, share_fields
from radsim.results.provenance import provenance
from radsim.results.rows import DesignRows, Found
from radsim.results.sensitivity import sensitivity_fields
from radsim.results.uncertainty import (
    SOURCES,
    best_fields,
    is_uncertain,
    share_uncertainty,
    uncertainty_fields,
)
from radsim.simulation.kept import ESTIMATES, curve_months
from radsim.sums.counts import DOSE_EDGES, DOSE_STEP
from radsim.sums.moments import BlockSums
from radsim.vocabulary.endpoints import estimate_dims
from radsim.vocabulary.settings import label_keys
from radsim.vocabulary.words import Variable, label, nearest


def make_design_result(experiment: Experiment, sums: BlockSums) -> xr.Dataset:
    """Turn the sums of every variant into the result of a design.

    Returns
    -------
    xr.Dataset
        The estimates of the file's own values as `radsim.results.result.make_result` gives them,
        with a dimension for each axis of the sweep in front. With uncertain parameters also, for
        each estimate, its ``_difference`` and ``_best``: ``_draws`` by ``draw``; ``_parameters``,
        their mean, with ``_parameters_mc_standard_error``, ``_parameters_lower``,
        ``_parameters_upper`` and ``_parameters_state`` (`radsim.sums.parameter_spread`);
        ``_uncertainty`` by ``source``, standard deviations; and ``_best_probability``, how often
        an arm is best under the file's own models, and ``_best_probability_with`` by
        ``alternative``. With a sensitivity analysis ``_first_order`` and ``_total`` by ``factor``,
        and ``_tornado`` by ``key`` and ``end``.
    """
    design = DesignRows(experiment, sums)
    variables, vocabulary = {}, {}
    for name, dims, values, units, meaning in _variables(design):
        variables[name] = (dims, values)
        vocabulary[name] = Variable(units, meaning)
    dataset = xr.Dataset(variables, coords=_coordinates(design), attrs=_attributes(design))
    axes = {axis.name: list(axis.table.columns) for axis in experiment.study.design.axes}
    return label_keys(label(dataset, vocabulary), axes, experiment.known["cohort"])


def select_estimate(result: xr.Dataset, name: str) -> xr.DataArray:
    """Give one estimate of a result under the file's own model.

    Raises
    ------
    ValueError
        If the result has no such estimate.
    """
    if name not in result:
        raise ValueError(f"no {name!r} in this result; {nearest(name, map(str, result.data_vars))}")
    values = result[name]
    for dim in ("control_model", "myelopathy_model"):
        if dim in values.dims:
            values = values.isel({dim: 0})
    return values


def _variables(design: DesignRows) -> Found:
    """Every variable of the result: name, dimensions, values, units, meaning."""
    for name in design.sums.moments:
        if name in ESTIMATES:
            yield from _estimate(design, name)
        elif name.endswith(("_best", "_share")):
            yield from _shares(design, name)
    if design.has(DRAWS):
        yield from _drawn(design)


def _estimate(design: DesignRows, name: str) -> Found:
    dims = (*design.axes, *estimate_dims(name))
    nominal, change = design.nominal(name), design.nominal(f"{name}_difference")
    for suffix, values, meaning in estimate_fields(name, nominal):
        yield name + suffix, dims, design.placed(values), "1", meaning
    for suffix, values, units, meaning in comparison_fields(
        name, nominal, change, design.reference
    ):
        yield f"{name}_{suffix}", dims, design.placed(values), units, meaning
    for reference in (None, design.reference):
        if is_uncertain(design):
            yield from uncertainty_fields(design, name, reference)
        yield from sensitivity_fields(design, name, reference)
    if design.has(DRAWS):
        yield from best_fields(design, name)


def _shares(design: DesignRows, name: str) -> Found:
    best = name.endswith("_best")
    dims = ("ranked_arm", "months") if best else ("arm",)
    meaning = f"share of patients: {name.removesuffix('_share').replace('_', ' ')}"
    for suffix, values, said in share_fields(design.nominal(name), meaning):
        yield name + suffix, (*design.axes, *dims), design.placed(values), "1", said
    if best and design.has(DRAWS):
        yield from share_uncertainty(design, name, dims, meaning)


def _drawn(design: DesignRows) -> Found:
    table = design.study.design.parts[DRAWS]
    for key in table.columns:
        values = np.array([label_of(table.row(index)[key]) for index in range(len(table))])
        yield f"drawn {key}", ("draw",), values, "as in the file", f"drawn values of {key}"


def _coordinates(design: DesignRows) -> dict[str, object]:
    """Labels of every dimension."""
    experiment, study = design.experiment, design.study
    coords: dict[str, object] = {
        "arm": list(experiment.arms),
        "ranked_arm": [list(experiment.arms)[i] for i in design.ranked],
        "control_model": list(control_models(experiment)),
        "myelopathy_model": _model_names(experiment),
        "months": ("months", list(experiment.months), {"units": "months"}),
    }
    for axis in study.design.axes:
        coords[axis.name] = list(axis.labels)
        for key in axis.table.columns:
            if len(axis.table.columns) > 1 and axis.name != "variant":
                values = [label_of(axis.table.row(i)[key]) for i in range(len(axis))]
                coords[key] = (axis.name, values)  # keys that go with the first one
    if DRAWS in study.design.parts:
        coords["draw"] = np.arange(len(study.design.parts[DRAWS]))
    if ALTERNATIVES in study.design.parts:
        coords["alternative"] = [f"{key} = {value}" for key, value in study.alternatives]
    if study.screened:
        coords["factor"] = [factor.name for factor in study.screened]
    if TORNADO in study.design.parts:
        coords["key"] = list(dict.fromkeys(key for key, _ in study.tornado))
        coords["end"] = list(TORNADO_SHARES)
    if is_uncertain(design):
        coords["source"] = list(SOURCES)
    return coords


def _attributes(design: DesignRows) -> dict[str, str | int]:
    """Provenance, with what the design varies."""
    attrs = provenance(design.experiment)
    attrs["sources"] = "\n".join(
        dict.fromkeys([*str(attrs["sources"]).splitlines(), *_swept_sources(design)])
    )
    attrs["design"] = json.dumps(
        {
            "axes": {axis.name: list(axis.table.columns) for axis in design.study.design.axes},
            "parts": {name: len(part) for name, part in design.study.design.parts.items()},
            "variants": len(design.study.design),
        }
    )
    return attrs


def _swept_sources(design: DesignRows) -> list[str]:
    families = {"tcp": "tcp", "ntcp": "ntcp", "survival": "survival", "cohort": "cohort"}
    found = []
    for axis in design.study.design.axes:
        for index in range(len(axis)):
            for key, value in axis.table.row(index).items():
                family = families.get(key.split(".")[0])
                if key.endswith(".preset") and family and isinstance(value, str):
                    found.extend(sources_of([f"{family}/{value}"]))
    return found


def _model_names(experiment: Experiment) -> list[str]:
    """Names of the cord models, or their places where a sweep exchanges them."""
    names = [model.preset or "custom" for model in experiment.models_of("myelopathy")]
    swept = [key for axis in experiment.study.design.axes for key in axis.table.columns]
    if any(section_of(key) == "ntcp.myelopathy" and key.endswith("preset") for key in swept):
        return ["own", *(f"alternative {index}" for index in range(1, len(names)))]
    return names


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
            incidence = counts.cumsum(axis=-1) / patients_of(sums)
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
            "myelopathy_model": model_labels(experiment).get("myelopathy", []),
            "months": ("months", list(experiment.months), {"units": "months"}),
            "time": ("time", curve_months(experiment), {"units": "months"}),
            "dose": ("dose", DOSE_EDGES[:-1] + DOSE_STEP / 2, {"units": "Gy"}),
        },
        attrs=provenance(experiment),
    )
    return label(dataset, vocabulary)


def experiment_of(result: xr.Dataset) -> Experiment:
    """Return the experiment that a result came from; running it gives the same numbers."""
    return Experiment.model_validate(present_record(json.loads(result.attrs["experiment"])))
