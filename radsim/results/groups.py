"""The variables of a result that tell of groups of patients."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from radsim.experiment.grouping import Grouping
from radsim.experiment.model import cohort_of
from radsim.results.fields import (
    ESTIMATE,
    Field,
    Numbers,
    comparison_numbers,
    estimate_numbers,
    share_numbers,
)
from radsim.results.rows import Variants
from radsim.sums.moments import Moments
from radsim.sums.run_sums import in_group
from radsim.vocabulary.endpoints import Estimate

GROUP = "group_"  # in front of the role of a number of groups
PATIENTS = "group_patients"


def group_fields(variants: Variants) -> Iterator[Field]:
    """Every estimate, its comparison and who is best, in every group of every grouping."""
    for grouping in variants.experiment.report.by:
        codes = range(len(labels(variants, grouping)))
        of_all = [estimate for estimate in variants.estimates if not estimate.of_whom]
        first = str((of_all or variants.estimates)[0])
        moments = (variants.sums.moments[in_group(first, grouping.name, c)] for c in codes)
        sizes = [int(np.nanmax(each.count)) for each in moments]
        yield Field(
            of=grouping.name, role=PATIENTS, dims=(grouping.name,), values=np.array(sizes),
            units="patients", meaning="simulated patients of the group",
        )  # fmt: skip
        for estimate in variants.estimates:
            yield from _of_estimate(variants, estimate, grouping)
            if in_group(str(estimate.best), grouping.name, 0) in variants.sums.moments:
                yield from _of_best(variants, estimate, grouping)


def labels(variants: Variants, grouping: Grouping) -> tuple[str, ...]:
    """What the groups of a grouping are called."""
    experiment = variants.experiment
    return grouping.labels(cohort_of(experiment, experiment.reference)[0])


def _of_estimate(variants: Variants, estimate: Estimate, grouping: Grouping) -> Iterator[Field]:
    values = _moments(variants, estimate, grouping)
    changes = _moments(variants, estimate.difference, grouping)
    experiment = variants.experiment
    apart = [place for place, arm in enumerate(experiment.arms) if experiment.treats_others(arm)]
    told = (
        [
            *estimate_numbers(estimate, value),
            *comparison_numbers(estimate, value, change, variants.reference),
            *variants.sample(name, ESTIMATE, estimate.meaning, counted=estimate.estimator.counted),
        ]
        for name, value, change in zip(
            _names(variants, estimate, grouping), values, changes, strict=True
        )
    )
    for role, numbers, units, meaning in _by_group(told):
        numbers[:, :, apart] = np.nan  # other people are in none of these groups
        field = variants.field(
            estimate, f"{GROUP}{role}", numbers, meaning, between=(grouping.name,), units=units
        )
        yield _named(field, f"{estimate}_{role}", grouping)


def _of_best(variants: Variants, estimate: Estimate, grouping: Grouping) -> Iterator[Field]:
    said = f"share of patients for whom the arm is best: {estimate.meaning}"
    dims = (grouping.name, "ranked_arm", "months")
    moments = _moments(variants, estimate.best, grouping)
    told = (
        [
            *share_numbers("best", each, said, exact=variants.is_exact),
            *variants.sample(name, "best", said, counted=True),
        ]
        for name, each in zip(_names(variants, estimate.best, grouping), moments, strict=True)
    )
    for role, numbers, _, meaning in _by_group(told):
        field = variants.plain_field(str(estimate), f"{GROUP}{role}", dims, numbers, meaning)
        yield _named(field, f"{estimate}_{role}", grouping)


def _moments(variants: Variants, of: Estimate, grouping: Grouping) -> list[Moments]:
    """Moments of each group; missing (NaN) in one without patients."""
    names = _names(variants, of, grouping)
    return [variants.nominal(variants.sums.moments[name]) for name in names]


def _names(variants: Variants, of: Estimate, grouping: Grouping) -> list[str]:
    codes = range(len(labels(variants, grouping)))
    return [in_group(str(of), grouping.name, code) for code in codes]


def _by_group(told: Iterable[list[Numbers]]) -> Iterator[Numbers]:
    """Put the numbers of groups side by side, behind the points of the sweep."""
    for each in zip(*told, strict=True):
        role, _, units, meaning = each[0]
        yield role, np.stack([numbers for _, numbers, _, _ in each], axis=1), units, meaning


def _named(field: Field, name: str, grouping: Grouping) -> Field:
    return replace(field, name=f"{name} by {grouping.name}")
