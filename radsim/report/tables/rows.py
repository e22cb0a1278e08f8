"""What a table has of each estimate, of each check and of each figure of a series."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.series import estimated_by
from radsim.report.tables.points import Line, Points
from radsim.results.fields import COMPARED, ESTIMATE, INTERVAL
from radsim.results.kept import EXCESSES, MEANINGS
from radsim.results.names import ModelNames
from radsim.results.reading import with_role
from radsim.sums.parameter_spread import AT_MOST
from radsim.vocabulary.endpoints import Estimate

MONTE_CARLO = [("monte_carlo",)]  # what an interval is of
PARAMETERS, PARAMETERS_AT_MOST = ("parameters",), ("parameters_at_most",)
NUMBERS = (ESTIMATE, *INTERVAL)
WITH_INTERVAL = ("", *(f"_{role}" for role in INTERVAL))  # endings of names of variables
OVER_DRAWS = ("parameters", *(f"parameters_{role}" for role in INTERVAL))
COMPARED_OVER_DRAWS = (
    *(f"difference_{role}" for role in OVER_DRAWS),
    *(f"ratio_parameters{end}" for end in ("", "_lower", "_upper")),
)
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
CHECK_COLUMNS = (
    "arm", "check", "share", "mc_standard_error", "lower", "upper", *EXCESSES, "excess_units",
    "interval",
)  # fmt: skip
PREDICTIVE_COLUMNS = (
    "arm", "endpoint", "estimator", "months", "patients", "segments", "series", "observed",
    "median", "lower", "upper", "at_or_below", "at_or_above", "source",
)  # fmt: skip


def summary_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Each estimate with its Monte Carlo error; over the draws of parameters, too."""
    for arm, stated in points.experiment.arms.items():
        for estimate, place, model in points.estimates(names, arm):
            labels = [arm, estimate.endpoint, model, estimate.estimator.name]
            of = (estimate, arm, place)
            for month, numbers in points.table(*of, NUMBERS):
                yield Line([*labels, month], numbers, MONTE_CARLO)
            for month, numbers, note in _over_draws(points, *of, OVER_DRAWS):
                yield Line([*labels, month], numbers, note)
        if stated.pain_response is not None:  # published: without an error of its own
            pain = stated.pain_response
            p = float(pain.probability)
            model = f"stated: {pain.definition} ({pain.source})"
            numbers = np.tile([p, 0.0, p, p], (points.design.points, 1))
            labels = [arm, "pain_response", model, "net"]
            yield Line([*labels, float(pain.months)], numbers, MONTE_CARLO)


def comparison_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Each arm that treats the same people against the reference, patient by patient."""
    reference = points.reference
    for arm in points.experiment.compared:
        for estimate, place, model in points.estimates(names, arm, reference):
            labels = [arm, reference, estimate.endpoint, model, estimate.estimator.name]
            of = (estimate, arm, place)
            for month, numbers in points.table(*of, tuple(COMPARED)):
                yield Line([*labels, month], numbers, MONTE_CARLO)
            for month, numbers, note in _over_draws(points, *of, COMPARED_OVER_DRAWS):
                needed = _numbers_needed(*numbers[:, [0, 2, 3]].T)
                yield Line([*labels, month], np.hstack([numbers, needed]), note)


def best_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Share of patients for whom an arm is best.

    Best is the highest net probability of what is good, and the lowest of a complication.
    """
    roles = {"best": MONTE_CARLO, "best_parameters": [PARAMETERS]}
    for estimate in points.listed:
        told = {
            role: points.columns_of(f"{estimate}_{role}", WITH_INTERVAL)
            for role in roles
            if f"{estimate}_{role}" in points.result
        }
        for labels, where in ranked_labels(points, estimate) if told else ():
            for role, numbers in told.items():
                yield Line(labels, numbers[(slice(None), *where)], roles[role])


def check_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Share of patients outside a model's range and how far, or past a limit."""
    excesses = {role: with_role(points.result, role) for role in EXCESSES}
    checks = {}
    for check, shares in with_role(points.result, "share").items():
        numbers = points.columns_of(str(shares.name), WITH_INTERVAL)
        past = [told[check] for told in excesses.values() if check in told]
        beside = [points.array(str(values.name)) for values in past]
        beside = beside or [np.full_like(numbers[..., 0], np.nan)] * len(EXCESSES)
        units = past[0].attrs["units"] if past else ""
        checks[check] = np.dstack([numbers, *beside]), units
    for arm, place in points.places.items():
        for check, (numbers, units) in checks.items():
            if not np.isnan(numbers[:, place, 0]).all():
                yield Line([arm, check], numbers[:, place], [(units, *MONTE_CARLO[0])])


def predictive_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Each figure of a series among simulated series of its size."""
    experiment, series = points.experiment, points.experiment.predictive
    assert series is not None
    numbers = points.columns_of("predictive_", MEANINGS)
    for place, figure in enumerate(series.observed):
        labels = [
            series.arm or experiment.reference, figure.endpoint, estimated_by(figure.endpoint),
            float(figure.months), series.patients, series.segments,
            experiment.patients // series.segments,
        ]  # fmt: skip
        yield Line(labels, numbers[:, place], [(series.source,)])


def ranked_labels(
    points: Points, estimate: Estimate
) -> Iterator[tuple[list[object], tuple[int, int]]]:
    """Labels of each time and each arm that may be best, and the places of both in an array."""
    for m, month in enumerate(points.months):
        for r, arm in enumerate(points.result["ranked_arm"].values):
            yield [estimate.endpoint, month, str(arm)], (r, m)


def _over_draws(
    points: Points, estimate: Estimate, arm: str, place: int, roles: tuple[str, ...]
) -> Iterator[tuple[float, np.ndarray, list[tuple[str]]]]:
    """Each time with the numbers over the draws of parameters, and what their interval is of."""
    if DRAWS in points.design.parts:
        states = points.numbers(estimate, arm, place, f"{roles[0]}_state")
        over = points.table(estimate, arm, place, roles)
        for state, (month, numbers) in zip(states.T, over, strict=True):
            note = [PARAMETERS_AT_MOST if hidden else PARAMETERS for hidden in state == AT_MOST]
            yield month, numbers, note


def _numbers_needed(value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """One over the difference, and its interval; missing where the interval holds 0."""
    clear = (lower > 0) | (upper < 0)
    low, high = np.minimum(abs(lower), abs(upper)), np.maximum(abs(lower), abs(upper))
    with np.errstate(divide="ignore"):
        columns = [np.where(clear, 1.0 / v, np.nan) for v in (abs(value), high, low)]
    return np.stack(columns, axis=1)
