"""Every number that a variant of an experiment reports, as rows of patients to be summed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np

from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import Experiment, cohort_of
from radsim.randomness.streams import UniformSource
from radsim.response.risk import HazardRisk, LifetimeRisk, Risk
from radsim.simulation.checks import check_rows, excess_rows
from radsim.simulation.doses import dose_rows
from radsim.simulation.grouping import groups_of
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Outcomes, Rows, lifetimes, net_rows, outcomes_of
from radsim.simulation.sample import keep_sample
from radsim.simulation.series import keep_series
from radsim.sums import aggregations as kept_by
from radsim.sums.aggregations import Aggregation, Groups, State
from radsim.sums.comparison import best_shares
from radsim.sums.counts import curve_months
from radsim.vocabulary.endpoints import ALIVE, INCIDENCE, NET, PREVALENCE, SURVIVAL, Estimate


@dataclass(frozen=True)
class Quantity:
    """Something that is told of some patients, and how it is summed."""

    of: Estimate | str  # or the name of a check, a curve, a histogram
    rows: Rows | Made[State] | tuple[Rows, ...]  # patients last and arms first; a tuple by model
    kept_by: Aggregation
    settings: tuple[Any, ...] = ()  # of what keeps them
    among: Made[np.ndarray] | None = None  # who counts, (arm, patient); everyone unless given
    groups: Mapping[str, Made[Groups]] = field(default_factory=dict)  # that it is told of, too


class Extent(IntEnum):
    """How much is told of a variant; each tells what is before it, too."""

    NETS = 0  # net estimates alone, as of draws with another model
    ESTIMATES = 1  # every estimate, and who is best
    CHECKED = 2  # shares of patients that fail a check, as of the file's own values
    WHOLE = 3  # what only a result without a design holds: curves, histograms, doses, series


def walk(
    variant: Experiment,
    block: range,
    source: UniformSource,
    memo: Memo,
    extent: Extent = Extent.CHECKED,
) -> Iterator[Quantity]:
    """Every number that a variant reports of a block of patients.

    The memo of the block holds what was made for other variants.
    """
    memo.next_variant()
    in_time = extent > Extent.NETS
    outcomes = outcomes_of(variant, block, source, memo, in_time=in_time)
    groups = dict(_groups(variant, outcomes, memo))
    best = _best(variant, outcomes, memo) if in_time else ()
    for told in (_estimates(variant, outcomes, memo), best):
        yield from (replace(quantity, groups=groups) for quantity in told) if groups else told
    if extent < Extent.CHECKED:
        return
    for name, rows in check_rows(outcomes, memo).items():
        yield Quantity(name, rows, kept_by.SHARES)
    for name, rows in excess_rows(outcomes, memo).items():
        yield Quantity(name, rows, kept_by.EXCESS)
    if extent < Extent.WHOLE:
        return
    edges = tuple(curve_months(variant.months[-1]))
    for event in outcomes.events if outcomes.deaths else ():  # under the file's own models
        came = memo.make(before_death, event.times[0], outcomes.deaths)
        name = event.modelled.endpoint.event
        yield Quantity(name, came, kept_by.CURVE, (edges,), event.among)
    for name, models in dose_rows(outcomes, memo).items():
        yield Quantity(name, models, kept_by.HISTOGRAM)
    if block.start == 0:
        sample = keep_sample(variant, block, outcomes, source, memo)
        yield Quantity("", sample, kept_by.SAMPLE)
    if series := variant.predictive:
        arm = list(variant.arms).index(series.arm or variant.reference)
        endpoints = tuple(event.modelled.endpoint for event in outcomes.events)
        times = tuple(event.times[0] for event in outcomes.events)
        made = memo.make(keep_series, series, block.start, arm, endpoints, times, outcomes.deaths)
        yield Quantity("", made, kept_by.SERIES)


def _groups(
    variant: Experiment, outcomes: Outcomes, memo: Memo
) -> Iterator[tuple[str, Made[Groups]]]:
    """Groups of the patients of the reference arm, by each grouping."""
    reference = outcomes.treated[list(variant.arms).index(variant.reference)]
    cohort, _ = cohort_of(variant, variant.reference)
    for grouping in variant.report.by:
        sizes = tuple(len(split.labels(cohort)) for split in grouping.splits)
        made = memo.make(groups_of, grouping, sizes, reference.patients, reference.dose)
        yield grouping.name, made


def _estimates(variant: Experiment, outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    for event in outcomes.events:
        endpoint, whom = event.modelled.endpoint, event.among
        yield Quantity(Estimate(endpoint, NET), event.net, kept_by.MEANS, among=whom)
        if deaths := outcomes.deaths:
            came = tuple(memo.make(before_death, times, deaths) for times in event.times)
            incidence = Estimate(endpoint, INCIDENCE)
            yield Quantity(incidence, came, kept_by.COUNTS, (variant.months,), whom)
            if event.ends:
                states = tuple(
                    memo.make(in_state, variant.months, times, ends, deaths)
                    for times, ends in zip(event.times, event.ends, strict=True)
                )
                prevalence = Estimate(endpoint, PREVALENCE)
                yield Quantity(prevalence, states, kept_by.STATES, among=whom)
    if outcomes.alive:
        yield Quantity(Estimate(SURVIVAL, ALIVE), (outcomes.alive,), kept_by.MEANS)
    for rows, estimator in ((outcomes.free, NET), (outcomes.free_and_alive, ALIVE)):
        if rows and outcomes.joint:
            yield Quantity(Estimate(outcomes.joint, estimator), (rows,), kept_by.MEANS)


def _best(variant: Experiment, outcomes: Outcomes, memo: Memo) -> Iterator[Quantity]:
    ranked, months = tuple(ranked_arms(variant)), variant.months
    if len(ranked) < 2:
        return
    for event in outcomes.events:
        endpoint = event.modelled.endpoint
        risks = tuple(event.risks[0][arm] for arm in ranked)
        rows = memo.make(best_by_risk, months, endpoint.good, risks)
        whom = event.among and memo.make(those_in, ranked, event.among)
        best = Estimate(endpoint, NET).best
        yield Quantity(best, rows, kept_by.BEST, (len(months),), whom)
    if outcomes.joint:
        rows = memo.make(best_by_rows, outcomes.free, ranked)
        yield Quantity(Estimate(outcomes.joint, NET).best, rows, kept_by.BEST, (len(months),))


def before_death(times: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """Times of an event that death ends: infinite where it does not come before [months]."""
    return np.where(times < deaths, times, np.inf)


def in_state(
    months: Sequence[float], times: np.ndarray, ends: np.ndarray, deaths: np.ndarray
) -> np.ndarray:
    """Say who is alive and in a state at each time, shape (arm, month, patient)."""
    left = np.minimum(ends, deaths)
    return np.stack([(times <= month) & (left > month) for month in months], axis=1)


def those_in(arms: Sequence[int], among: np.ndarray) -> np.ndarray:
    """Say whom an endpoint concerns in some arms."""
    return among[list(arms)]


def best_by_risk(months: Sequence[float], good: bool, risks: Sequence[Risk]) -> np.ndarray:
    """Share of being best of each arm, shape (arm, month or 1, patient)."""
    first = risks[0]
    if all(isinstance(r, HazardRisk) and r.onset == first.onset for r in risks):
        # the same at every time
        rank = np.stack([r.hazard for r in risks])[:, np.newaxis]  # type: ignore[union-attr]
    elif all(isinstance(r, LifetimeRisk) and r.onset == first.onset for r in risks):
        rank = lifetimes(risks)  # type: ignore[arg-type]
    else:
        rank = net_rows(False, months, risks)
    return best_shares(rank if good else -rank)


def best_by_rows(rows: np.ndarray, arms: Sequence[int]) -> np.ndarray:
    """Share of being best of some arms, more being better."""
    return best_shares(rows[list(arms)])
