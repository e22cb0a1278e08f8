"""What a table has of each estimate, of each check and of each figure of a series."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.series import estimated_by
from radsim.report.tables.points import Line, Points
from radsim.results.fields import COMPARED, ESTIMATE, INTERVAL, name_of
from radsim.results.kept import EXCESSES, MEANINGS
from radsim.results.names import ModelNames
from radsim.results.reading import with_role
from radsim.results.sample_of_patients import SAMPLE
from radsim.sums.parameter_spread import AT_MOST
from radsim.vocabulary.endpoints import Estimate

MONTE_CARLO = [("monte_carlo",)]  # what an interval is of
SAMPLE_OF_PATIENTS = [("sample_of_patients",)]
PARAMETERS, PARAMETERS_AT_MOST = ("parameters",), ("parameters_at_most",)
NUMBERS = (ESTIMATE, *INTERVAL)
OF_SAMPLE = (ESTIMATE, "mc_standard_error", *SAMPLE)
COMPARED_OF_SAMPLE = (
    "difference", "difference_mc_standard_error", *(f"difference_{end}" for end in SAMPLE),
    "ratio", *(f"ratio_{end}" for end in SAMPLE),
)  # fmt: skip
ENDS_OF_SAMPLE = ("", "_mc_standard_error", *(f"_{end}" for end in SAMPLE))
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
            for month, numbers in _of_sample(points, *of, OF_SAMPLE):
                yield Line([*labels, month], numbers, SAMPLE_OF_PATIENTS)
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
            for month, numbers in _of_sample(points, *of, COMPARED_OF_SAMPLE):
                yield Line([*labels, month], _with_needed(numbers), SAMPLE_OF_PATIENTS)
            for month, numbers, note in _over_draws(points, *of, COMPARED_OVER_DRAWS):
                yield Line([*labels, month], _with_needed(numbers), note)


def best_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Share of patients for whom an arm is best.

    Best is the highest net probability of what is good, and the lowest of a complication.
    """
    kinds = (
        ("best", WITH_INTERVAL, MONTE_CARLO),
        ("best", ENDS_OF_SAMPLE, SAMPLE_OF_PATIENTS),
        ("best_parameters", WITH_INTERVAL, [PARAMETERS]),
    )
    for estimate in points.listed:
        told = [
            (points.columns_of(f"{estimate}_{role}", ends), note)
            for role, ends, note in kinds
            if f"{estimate}_{role}{ends[-1]}" in points.result
        ]
        for labels, where in ranked_labels(points, estimate) if told else ():
            for numbers, note in told:
                yield Line(labels, numbers[(slice(None), *where)], note)


def check_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Share of patients outside a model's range and how far, or past a limit."""
    excesses = {role: with_role(points.result, role) for role in EXCESSES}
    checks = []
    for check, shares in with_role(points.result, "share").items():
        past = [told[check] for told in excesses.values() if check in told]
        units = past[0].attrs["units"] if past else ""
        for ends, (of,) in ((WITH_INTERVAL, MONTE_CARLO), (ENDS_OF_SAMPLE, SAMPLE_OF_PATIENTS)):
            if f"{shares.name}{ends[-1]}" in points.result:
                numbers = points.columns_of(str(shares.name), ends)
                none = [np.full_like(numbers[..., 0], np.nan)] * len(EXCESSES)
                columns = [points.array(str(values.name)) for values in past] or none
                checks.append((check, numbers, np.stack(columns, axis=-1), (units, *of)))
    for arm, place in points.places.items():
        for check, numbers, beside, note in checks:
            if not np.isnan(numbers[:, place][:, [0, -1]]).any(axis=-1).all():
                yield Line([arm, check], np.hstack([numbers[:, place], beside[:, place]]), [note])


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


def _of_sample(
    points: Points, estimate: Estimate, arm: str, place: int, roles: tuple[str, ...]
) -> Iterator[tuple[float, np.ndarray]]:
    """Each time with the interval over other patients, where they were taken as they are."""
    if name_of(estimate, roles[-1]) in points.result:
        told = points.table(estimate, arm, place, roles)
        yield from (each for each in told if not np.isnan(each[1][:, 2]).all())


def _with_needed(numbers: np.ndarray) -> np.ndarray:
    """Put the number needed behind a difference and a ratio, each with its interval."""
    return np.hstack([numbers, _numbers_needed(*numbers[:, [0, 2, 3]].T)])


def _numbers_needed(value: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """One over the difference, and its interval; missing where the interval holds 0."""
    clear = (lower > 0) | (upper < 0)
    low, high = np.minimum(abs(lower), abs(upper)), np.maximum(abs(lower), abs(upper))
    with np.errstate(divide="ignore"):
        columns = [np.where(clear, 1.0 / v, np.nan) for v in (abs(value), high, low)]
    return np.stack(columns, axis=1)
