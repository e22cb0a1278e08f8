"""From the sums of a run to its result: labeled arrays with units, errors and provenance."""

import json
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import xarray as xr

from radsim.experiment.designs.keys import label_of
from radsim.experiment.designs.sensitivity import TORNADO_SHARES
from radsim.experiment.designs.tables import ALTERNATIVES, DRAWS, TORNADO
from radsim.experiment.endpoints import Modelled
from radsim.experiment.model import Experiment
from radsim.experiment.older_spellings import present_record
from radsim.experiment.pedigree import model_labels, presets_used
from radsim.experiment.reported_doses import structures_of
from radsim.experiment.variants import stages_of
from radsim.presets import sources_of
from radsim.radiobiology.dvh import volume_nodes
from radsim.results.fields import (
    ESTIMATE,
    Field,
    comparison_numbers,
    estimate_numbers,
    share_numbers,
)
from radsim.results.groups import group_fields, labels
from radsim.results.kept import drawn_fields, excess_fields, kept_fields
from radsim.results.reading import MODEL, ROLE
from radsim.results.rows import Variants, exchanges
from radsim.results.sensitivity import sensitivity_fields
from radsim.results.uncertainty import (
    SOURCES,
    best_fields,
    is_uncertain,
    share_uncertainty,
    uncertainty_fields,
)
from radsim.simulation.sample import QUANTILES
from radsim.sums.counts import DOSE_EDGES, DOSE_STEP, curve_months
from radsim.sums.run_sums import RunSums
from radsim.vocabulary.endpoints import Estimate
from radsim.vocabulary.settings import label_keys
from radsim.vocabulary.versions import versions

PRESETS_WITH_SOURCES = ("tcp", "ntcp", "survival", "cohort")  # families that a sweep may name


def make_result(experiment: Experiment, sums: RunSums, drawn: RunSums | None = None) -> xr.Dataset:
    """Turn the sums over all patients into the result of an experiment.

    ``drawn`` are the sums of every variant of an ``[uncertainty]`` that has patients of its own;
    the others are then of the file's own values alone.

    Returns
    -------
    xr.Dataset
        For each estimate (`radsim.experiment.endpoints.estimates_of`) the value,
        ``_mc_standard_error``, ``_lower`` and ``_upper``, and its paired comparison with the
        reference (`radsim.results.fields.COMPARED`); ``_best``, the share of patients for whom an
        arm is best; shares of patients that fail a check; where patients are taken as they are,
        ``_sample_lower`` and ``_sample_upper`` of all these; curves of cumulative incidence over
        time; histograms of dose. Of a design there is a dimension for each axis of the sweep in
        front. With uncertain parameters also, for each estimate, its ``_difference`` and
        ``_best``: ``_draws`` by ``draw``; ``_parameters``, their mean, with
        ``_parameters_mc_standard_error``, ``_parameters_lower``, ``_parameters_upper`` and
        ``_parameters_state`` (`radsim.sums.parameter_spread`); ``_uncertainty`` by ``source``,
        standard deviations; and ``_best_probability``, how often an arm is best under the file's
        own models, and ``_best_probability_with`` by ``alternative``, each also ``_as_drawn`` and
        with a ``_state`` (`radsim.sums.best_over_draws`). With a sensitivity analysis
        ``_first_order`` and ``_total`` by ``factor``, and ``_tornado`` by ``key`` and ``end``.
        `radsim.results.reading` says which variable is what. The attributes hold the experiment,
        versions, seed and sources.
    """
    everyone, _ = stages_of(experiment)
    variants = Variants(everyone, sums)
    design = variants if drawn is None else Variants(experiment, drawn)
    dataset = xr.Dataset(
        {field.named: field.variable for field in _fields(variants, design)},
        coords=_coordinates(variants, design),
        attrs=_attributes(design),
    )
    if not experiment.has_design:
        return dataset
    axes = {axis.name: list(axis.table.columns) for axis in design.study.design.axes}
    models = (reported for modelled in variants.endpoints for reported in modelled.models)
    read = {r.section: r.model.dose.units for r in models if hasattr(r.model, "dose")}
    return label_keys(dataset, axes, experiment.known["cohort"], read)


def experiment_of(result: xr.Dataset) -> Experiment:
    """Return the experiment that a result came from; running it gives the same numbers."""
    return _experiment_in(result.attrs["experiment"])


@lru_cache(maxsize=2)
def _experiment_in(record: str) -> Experiment:
    """Read the experiment of a result; every table and figure of it asks for the same."""
    return Experiment.model_validate(present_record(json.loads(record)))


def is_design(result: xr.Dataset) -> bool:
    """Say whether a result is of many variants, and of no plain run of all patients beside them."""
    return "design" in result.attrs and experiment_of(result).drawn_patients is None


def _fields(variants: Variants, design: Variants) -> Iterator[Field]:
    """Every variable of the result; ``variants`` are of all patients, which a design may not be."""
    for estimate in variants.estimates:
        yield from _of_estimate(variants, design, estimate)
    best = {str(estimate.best): estimate for estimate in variants.estimates}
    for name in variants.sums.moments:
        if name in best:
            yield from _of_best(variants, design, best[name])
    checks = {name: variants for name in variants.sums.checks}
    for check, of in ({name: design for name in design.sums.checks} | checks).items():
        meaning = f"share of patients: {check.replace('_', ' ')}"
        moments = of.checked(of.sums.checks[check])
        for role, values, _, said in (
            *share_numbers("share", moments, meaning, exact=of.is_exact),
            *of.sample(check, "share", meaning, counted=True),
        ):
            yield variants.plain_field(check, role, ("arm",), values, said)
        yield from excess_fields(of, check)
    yield from kept_fields(variants)
    if design.has(DRAWS):
        yield from drawn_fields(design)
    yield from group_fields(variants)


def _of_estimate(variants: Variants, design: Variants, estimate: Estimate) -> Iterator[Field]:
    nominal, change = (
        variants.nominal(variants.sums.moments[str(e)]) for e in (estimate, estimate.difference)
    )
    for role, values, units, meaning in (
        *estimate_numbers(estimate, nominal),
        *comparison_numbers(estimate, nominal, change, variants.reference),
        *variants.sample(
            str(estimate), ESTIMATE, estimate.meaning, counted=estimate.estimator.counted
        ),
    ):
        yield variants.field(estimate, role, values, meaning, units=units)
    for contrast in (estimate, estimate.difference):
        if is_uncertain(design):
            yield from uncertainty_fields(variants, design, contrast)
        yield from sensitivity_fields(design, contrast)
    if design.has(DRAWS):
        yield from best_fields(design, estimate)


def _of_best(variants: Variants, design: Variants, estimate: Estimate) -> Iterator[Field]:
    dims = ("ranked_arm", "months")
    meaning = f"share of patients for whom the arm is best: {estimate.meaning}"
    moments = variants.nominal(variants.sums.moments[str(estimate.best)])
    for role, values, _, said in (
        *share_numbers("best", moments, meaning, exact=variants.is_exact),
        *variants.sample(str(estimate.best), "best", meaning, counted=True),
    ):
        yield variants.plain_field(str(estimate), role, dims, values, said)
    if design.has(DRAWS):
        yield from share_uncertainty(design, estimate, dims, meaning)


def _coordinates(variants: Variants, design: Variants) -> dict[str, object]:
    """Labels of every dimension."""
    experiment, study = design.experiment, design.study
    coords: dict[str, object] = {
        "arm": list(experiment.arms),
        "ranked_arm": [list(experiment.arms)[i] for i in variants.ranked],
        "months": ("months", list(experiment.months), {"units": "months"}),
        **{grouping.name: list(labels(variants, grouping)) for grouping in experiment.report.by},
    }
    for modelled in variants.endpoints:
        if modelled.by_model:
            dim = modelled.endpoint.model_dim
            coords[dim] = (dim, _model_names(variants, modelled), {ROLE: MODEL})
    if variants.sums.curves:
        coords["time"] = ("time", curve_months(experiment.months[-1]), {"units": "months"})
    if variants.sums.histograms:
        coords["dose"] = ("dose", DOSE_EDGES[:-1] + DOSE_STEP / 2, {"units": "Gy"})
    if variants.sums.sample:
        coords["structure"], coords["quantile"] = list(structures_of(experiment)), list(QUANTILES)
        volume, _ = volume_nodes(experiment.dose.nodes)
        said = {"units": "1", "long_name": "share of the volume"}
        coords["volume"] = ("node", volume, said)
    if experiment.predictive is not None and variants.sums.series is not None:
        coords["figure"] = [
            f"{figure.endpoint} at {figure.months:g} months"
            for figure in experiment.predictive.observed
        ]
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


def _model_names(variants: Variants, modelled: Modelled) -> list[str]:
    """Labels of an endpoint's models, or the places of a complication's that a sweep exchanges."""
    labels = [reported.label for reported in modelled.models]
    swept = (key for axis in variants.study.design.axes for key in axis.table.columns)
    if not modelled.endpoint.freedom and any(exchanges(key, modelled) for key in swept):
        return ["own", *(f"alternative {index}" for index in range(1, len(labels)))]
    return labels


def _attributes(variants: Variants) -> dict[str, str | int]:
    """What made a result: its experiment, seed, versions, sources, and what a design varies."""
    experiment, design = variants.experiment, variants.study.design
    attrs: dict[str, str | int] = {
        "title": experiment.name,
        "experiment": experiment.model_dump_json(exclude_none=True),
        "seed": experiment.seed,
        "patients": experiment.patients,
        "reference": experiment.reference,
        "versions": json.dumps(versions()),
        "models": json.dumps(model_labels(experiment)),
        "sources": "\n".join(sources_of([*presets_used(experiment), *_swept_presets(variants)])),
        "note": "Research tool: nothing in it is calibrated for one patient.",
    }
    if experiment.has_design:
        axes = {axis.name: list(axis.table.columns) for axis in design.axes}
        parts = {name: len(part) for name, part in design.parts.items()}
        attrs["design"] = json.dumps({"axes": axes, "parts": parts, "variants": len(design)})
    return attrs


def _swept_presets(variants: Variants) -> Iterator[str]:
    for axis in variants.study.design.axes:
        for index in range(len(axis)):
            for key, value in axis.table.row(index).items():
                family, *_, last = key.split(".")
                if last == "preset" and family in PRESETS_WITH_SOURCES and isinstance(value, str):
                    yield f"{family}/{value}"
