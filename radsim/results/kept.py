"""What a result has beside its estimates: curves, histograms, draws, doses, a published series."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.keys import label_of
from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.reported_doses import describe_metric, metrics_of
from radsim.results.fields import Field
from radsim.results.rows import Variants
from radsim.simulation.patients import VOCABULARY
from radsim.sums.counts import DOSE_STEP
from radsim.vocabulary.endpoints import INCIDENCE

DVH = {  # dimension between structure and node, and meaning
    "dvh_planned": ("quantile", "planned dose at volume nodes, quantiles between patients"),
    "dvh_delivered": ("quantile", "delivered dose at volume nodes, quantiles"),
    "dvh_single": ("single", "planned dose at volume nodes of single patients"),
}
EXCESSES = {  # how far patients lie outside a model's range
    "excess_median": "median excess of the patients who lie outside",
    "excess_largest": "largest excess",
}
SERIES_QUANTILES = (0.5, 0.025, 0.975)
SAME = 5e-4  # shares this near are equal: figures are published to 0.1 %
MEANINGS = {
    "observed": "figure that the published series reported",
    "median": "median of the figure over simulated series",
    "lower": "2.5 % quantile of the figure over simulated series",
    "upper": "97.5 % quantile of the figure over simulated series",
    "at_or_below": "share of series whose figure is at most the observed",
    "at_or_above": "share of series whose figure is at least that",
}


def kept_fields(variants: Variants) -> Iterator[Field]:
    """Everything that is no estimate."""
    yield from _curves(variants)
    yield from _histograms(variants)
    yield from _sample(variants)
    if variants.sums.series is not None:
        yield from _series(variants, variants.sums.series)


def drawn_fields(variants: Variants) -> Iterator[Field]:
    """Give what each draw has drawn for the keys of the file."""
    table = variants.study.design.parts[DRAWS]
    for key in table.columns:
        values = np.array([label_of(table.row(index)[key]) for index in range(len(table))])
        yield Field(
            of=key, role="drawn", name=f"drawn {key}", dims=("draw",), values=values,
            units="as in the file", meaning=f"drawn values of {key}",
        )  # fmt: skip


def _curves(variants: Variants) -> Iterator[Field]:
    """Cumulative incidence over time, under the file's own models."""
    for event, counts in variants.sums.curves.items():
        steps = variants.nominal_values(counts)
        count = variants.sums.moments[f"{event}_{INCIDENCE.name}"].count
        if isinstance(count, np.ndarray):  # of some patients of each arm
            count = variants.nominal_values(count)[:, :, 0, :1]
        with np.errstate(invalid="ignore"):  # of nobody there is none
            incidence = steps.cumsum(axis=-1) / count
        values = np.concatenate([np.zeros((*incidence.shape[:-1], 1)), incidence], axis=-1)
        meaning = f"cumulative incidence of {event.replace('_', ' ')}, death competing"
        yield variants.plain_field(event, "curve", ("arm", "time"), values, meaning)


def _histograms(variants: Variants) -> Iterator[Field]:
    """Patients a bin of dose; of a complication under each of its models."""
    by_model = {
        f"{modelled.endpoint.reported}_eqd2": modelled.endpoint.model_dim
        for modelled in variants.endpoints
        if modelled.by_model and not modelled.endpoint.freedom
    }
    meaning = f"patients a bin of {DOSE_STEP} Gy"
    for variable, counts in variants.sums.histograms.items():
        values, model = variants.nominal_values(counts), by_model.get(variable)
        if model is None:
            values = values[:, :, 0]
        dims = ("arm", "dose") if model is None else ("arm", model, "dose")
        yield variants.plain_field(variable, "histogram", dims, values, meaning)


def excess_fields(variants: Variants, check: str) -> Iterator[Field]:
    """How far patients lie outside a model's range, in its units; nothing of another check."""
    if check not in variants.sums.excesses:
        return
    excesses = variants.sums.excesses[check]
    values = variants.checked_values(variants.sums.checks[check].mean, excesses)
    units = variants.ranges[check].units
    for place, (role, meaning) in enumerate(EXCESSES.items()):
        said = f"{meaning}: {check.replace('_', ' ')}"
        yield variants.plain_field(check, role, ("arm",), values[..., place], said, units)


def _sample(variants: Variants) -> Iterator[Field]:
    """Dose-volume histograms and dose metrics of the first patients, of the first variant."""
    metrics = {n: describe_metric(m) for n, m in metrics_of(variants.experiment).items()}
    for name, (values, *_) in variants.sums.sample.items():
        if name in DVH:
            across, meaning = DVH[name]
            yield Field(
                of=name, role="dvh", name=name, dims=("arm", "structure", across, "node"),
                values=values, units="Gy", meaning=meaning,
            )  # fmt: skip
        else:
            said = metrics[name] if name in metrics else VOCABULARY[name]
            yield Field(
                of=name, role="sample", name=f"sample_{name}", dims=("arm", "sample"),
                values=values, units=said.units, meaning=said.meaning,
            )  # fmt: skip


def _series(variants: Variants, simulated: np.ndarray) -> Iterator[Field]:
    """The observed figures beside the simulated ones, shape (figure, series)."""
    assert variants.experiment.predictive is not None
    observed = np.array([figure.value for figure in variants.experiment.predictive.observed])
    columns = (
        observed,
        *np.quantile(simulated, SERIES_QUANTILES, axis=1),
        np.mean(simulated <= observed[:, None] + SAME, axis=1),
        np.mean(simulated >= observed[:, None] - SAME, axis=1),
    )
    for (of, meaning), values in zip(MEANINGS.items(), columns, strict=True):
        yield Field(
            of=of, role="predictive", name=f"predictive_{of}", dims=("figure",), values=values,
            meaning=meaning,
        )  # fmt: skip
