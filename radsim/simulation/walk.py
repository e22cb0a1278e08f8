"""Every number that a variant of an experiment reports, as rows of patients to be summed."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import getitem
from typing import Any

from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import Experiment
from radsim.randomness.streams import UniformSource
from radsim.simulation import steps
from radsim.simulation.checks import check_rows
from radsim.simulation.doses import dose_rows
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Outcomes, Rows, outcomes_of
from radsim.simulation.sample import keep_sample
from radsim.simulation.series import keep_series
from radsim.sums.aggregations import (
    BEST,
    COUNTS,
    CURVE,
    HISTOGRAM,
    MEANS,
    SAMPLE,
    SERIES,
    SHARES,
    Aggregation,
)
from radsim.sums.counts import curve_months
from radsim.sums.states import State
from radsim.vocabulary.endpoints import ALIVE, INCIDENCE, NET, SURVIVAL, Estimate


@dataclass(frozen=True)
class Quantity:
    """Something that is told of some patients, and how it is summed.

    Attributes
    ----------
    of
        An estimate, or the name of a check, a curve, a histogram.
    rows
        Patients last and arms first; of an endpoint by model.
    kept_by, settings
        What is kept of the rows.
    """

    of: Estimate | str
    rows: Rows | Made[State] | tuple[Rows, ...]
    kept_by: Aggregation
    settings: tuple[Any, ...] = ()


def walk(
    variant: Experiment, block: range, source: UniformSource, memo: Memo, *, whole: bool
) -> Iterator[Quantity]:
    """Every number that a variant reports of a block of patients.

    Parameters
    ----------
    source
        Of uniform numbers.
    memo
        Of the block, with what was made for other variants.
    whole
        Also what only a result without a design holds: curves and histograms, the sample of
        doses, and simulated series.
    """
    memo.next_variant()
    outcomes = outcomes_of(variant, block, source, memo)
    yield from _estimates(variant, outcomes, memo)
    yield from _best(variant, outcomes, memo)
    yield from _checks(outcomes, memo)
    if whole:
        yield from _curves(variant, outcomes, memo)
        yield from _histograms(outcomes, memo)
        yield from _sample(variant, block, outcomes, source, memo)
        yield from _series(variant, block, outcomes, memo)


def _estimates(variant: Experiment, outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    for event in outcomes.events:
        endpoint = event.modelled.endpoint
        yield Quantity(Estimate(endpoint, NET), event.net, MEANS)
        if outcomes.deaths is not None:
            came = tuple(
                memo.make(steps.before_death, times, outcomes.deaths) for times in event.times
            )
            yield Quantity(Estimate(endpoint, INCIDENCE), came, COUNTS, (variant.months,))
    if outcomes.alive is not None:
        yield Quantity(Estimate(SURVIVAL, ALIVE), (outcomes.alive,), MEANS)
    if outcomes.joint is not None:
        assert outcomes.free is not None
        yield Quantity(Estimate(outcomes.joint, NET), (outcomes.free,), MEANS)
        if outcomes.free_and_alive is not None:
            yield Quantity(Estimate(outcomes.joint, ALIVE), (outcomes.free_and_alive,), MEANS)


def _best(variant: Experiment, outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    ranked, months = tuple(ranked_arms(variant)), variant.months
    if len(ranked) < 2:
        return
    for event in outcomes.events:
        endpoint = event.modelled.endpoint
        risks = tuple(event.risks[0][arm] for arm in ranked)
        rows = memo.make(steps.best_by_risk, months, endpoint.good, risks)
        yield Quantity(Estimate(endpoint, NET).best, rows, BEST, (len(months),))
    if outcomes.joint is not None:
        rows = memo.make(steps.best_by_rows, outcomes.free, ranked)
        yield Quantity(Estimate(outcomes.joint, NET).best, rows, BEST, (len(months),))


def _checks(outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    """Shares of patients whose plan breaks a limit, or who lie outside a model's range."""
    for name, rows in check_rows(outcomes, memo).items():
        yield Quantity(name, rows, SHARES)


def _curves(variant: Experiment, outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    if outcomes.deaths is None:
        return
    edges = tuple(curve_months(variant.months[-1]))
    for event in outcomes.events:
        came = memo.make(steps.before_death, event.times[0], outcomes.deaths)
        yield Quantity(event.modelled.endpoint.event, came, CURVE, (edges,))


def _histograms(outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    for name, rows in dose_rows(outcomes, memo).items():
        yield Quantity(name, rows, HISTOGRAM)


def _sample(
    variant: Experiment, block: range, outcomes: Outcomes, source: UniformSource, memo: Memo
) -> Iterator[Quantity]:
    if block.start == 0:
        yield Quantity("", keep_sample(variant, block, outcomes, source, memo), SAMPLE)


def _series(
    variant: Experiment, block: range, outcomes: Outcomes, memo: Memo
) -> Iterator[Quantity]:
    if variant.predictive is None:
        return
    arm = list(variant.arms).index(variant.predictive.arm or variant.reference)
    endpoints = tuple(event.modelled.endpoint for event in outcomes.events)
    times = tuple(memo.make(getitem, event.times[0], arm) for event in outcomes.events)
    death = None if outcomes.deaths is None else memo.make(getitem, outcomes.deaths, arm)
    rows = memo.make(keep_series, variant.predictive, block.start, endpoints, times, death)
    yield Quantity("", rows, SERIES)
