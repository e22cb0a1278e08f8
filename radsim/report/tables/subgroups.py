"""The table of groups of patients: every estimate, difference and best arm in each."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from radsim.dose.anatomy.geometry import ALIKE
from radsim.experiment.model import Experiment
from radsim.report.tables.points import Line, Points
from radsim.results.fields import ESTIMATE, INTERVAL, name_of
from radsim.results.groups import PATIENTS
from radsim.results.names import ModelNames
from radsim.results.reading import with_role
from radsim.results.sample_of_patients import SAMPLE
from radsim.vocabulary.endpoints import Estimate

ONE_GEOMETRY = ("1c", "2", "3")  # epidural grades
FEW = 100  # simulated patients of a group; fewer are said to be few
VALUE = (ESTIMATE, *INTERVAL)
DIFFERENCE = ("difference", *(f"difference_{role}" for role in INTERVAL))
BEST = ("best", *(f"best_{role}" for role in INTERVAL))
KINDS = {  # of intervals: the numbers of a value, a difference and a share of who is best
    "monte_carlo": (VALUE, DIFFERENCE, BEST),
    "sample_of_patients": tuple(
        (*roles[:2], *(end if roles is VALUE else f"{roles[0]}_{end}" for end in SAMPLE))
        for roles in (VALUE, DIFFERENCE, BEST)
    ),
}
COLUMNS = (
    "by", "group", "patients", "arm", "endpoint", "model", "estimator", "months",
    "estimate", "mc_standard_error", "lower", "upper",
    "difference", "difference_mc_standard_error", "difference_lower", "difference_upper",
    "best_share", "best_mc_standard_error", "best_lower", "best_upper", "interval", "note",
)  # fmt: skip


def subgroup_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Each estimate of each arm in each group; of the reference without a difference."""
    experiment = points.experiment
    sizes = with_role(points.result, PATIENTS)
    for by, patients in sizes.items():
        alike = grades_alike(experiment, by)
        for code, size in enumerate(patients.values):
            group = str(points.result[by].values[code])
            note = "few patients" if size < FEW else alike
            for arm in (a for a in experiment.arms if size and not experiment.treats_others(a)):
                for estimate, place, model in points.estimates(names, arm):
                    labels = [by, group, int(size), arm, estimate.endpoint, model]
                    for kind, (value, difference, best) in KINDS.items():
                        if f"{name_of(estimate, value[-1])} by {by}" not in points.result:
                            continue
                        blocks = (
                            numbers_in(points, estimate, arm, place, by, code, value),
                            numbers_in(points, estimate, arm, place, by, code, difference),
                            best_in(points, estimate, arm, by, code, best),
                        )
                        table = np.concatenate(blocks, axis=-1)
                        for month, row in zip(points.months, table, strict=True):
                            rest = [estimate.estimator.name, month]
                            yield Line([*labels, *rest], row[np.newaxis], [(kind, note)])


def grades_alike(experiment: Experiment, by: str) -> str:
    """Say of groups by epidural grade that some have one geometry; nothing of others."""
    grouping = next(each for each in experiment.report.by if each.name == by)
    sampled = experiment.arms[experiment.reference].plan.samples_anatomy
    graded = any(split.name == "bilsky" for split in grouping.splits)
    bilsky = experiment.cohort.variables.get("bilsky")
    labels = getattr(bilsky.distribution, "labels", ONE_GEOMETRY) if bilsky else ONE_GEOMETRY
    several = len(set(labels) & set(ONE_GEOMETRY)) > 1
    return ALIKE if graded and sampled and several else ""


def numbers_in(
    points: Points, estimate: Estimate, arm: str, place: int, by: str, code: int, roles: Any
) -> np.ndarray:
    """Numbers of an arm in one group, under one of its models, shape (month, role)."""
    columns = []
    for role in roles:
        values = points.result[f"{estimate}_{role} by {by}"].isel({by: code})
        rows = values.isel(arm=points.places[arm]).values
        columns.append(rows[place] if rows.ndim > 1 else rows)
    return np.stack(columns, axis=-1)


def best_in(
    points: Points, estimate: Estimate, arm: str, by: str, code: int, roles: Any = BEST
) -> np.ndarray:
    """Share of the group for whom an arm is best, with its interval, shape (month, role)."""
    name = f"{estimate}_best by {by}"
    if name not in points.result or arm not in points.result["ranked_arm"].values:
        return np.full((len(points.months), len(roles)), np.nan)
    columns = (points.result[f"{estimate}_{role} by {by}"] for role in roles)
    where = {"ranked_arm": list(points.result["ranked_arm"].values).index(arm), by: code}
    return np.stack([values.isel(where).values for values in columns], axis=-1)
