"""Precision on demand: how many patients a run needs for the error that was asked for."""

import numpy as np

from radsim.experiment.endpoints import estimates_of
from radsim.experiment.model import FEWEST_PATIENTS, Experiment, ExperimentError, Precision
from radsim.sums.moments import counted_error
from radsim.sums.run_sums import RunSums

MARGIN = 1.05  # patients asked for, over what the errors so far say
MOST_GROWTH = 16  # times the patients so far, because a first look can be far off


def largest_error(experiment: Experiment, sums: RunSums) -> float:
    """Largest Monte Carlo standard error of the estimates that count.

    A share that was counted, or a difference of two, has at least the error that its Wilson
    interval shows (`radsim.sums.moments.counted_error`), so that an event that has not come yet is
    not taken for one that is known exactly.

    Raises
    ------
    ValueError
        If none of the listed estimates is reported.
    """
    assert experiment.precision is not None
    values = estimates_of(experiment)
    estimates = {str(e): e for e in (*values, *(value.difference for value in values))}
    names = experiment.precision.estimates or tuple(estimates)
    errors = []
    for name in names:
        if name in estimates and name in sums.moments:
            estimate, moments = estimates[name], sums.moments[name]
            error = moments.standard_error
            if estimate.estimator.counted:
                error = counted_error(moments)
            errors.append(float(np.nanmax(error)))
    if not errors:
        raise ValueError(f"precision.estimates: none is reported: {', '.join(names)}")
    return max(errors)


def patients_projected(experiment: Experiment, sums: RunSums, unit: int) -> int:
    """Patients that the errors so far ask for in the end, in whole units; as many as now at least.

    An error falls as one over the square root of the patients.
    """
    assert experiment.precision is not None
    error, wanted = largest_error(experiment, sums), experiment.precision.standard_error
    if error <= wanted:
        return sums.patients
    share = MARGIN * (error / wanted) ** 2
    return max(-(-int(np.ceil(sums.patients * share)) // unit) * unit, sums.patients + unit)


def patients_next(projected: int, patients: int, unit: int) -> int:
    """Patients to go on to, in whole units; not all at once where the first look was short.

    Examples
    --------
    >>> patients_next(10_000, 8_192, 8_192), patients_next(1_000_000, 8_192, 8_192)
    (10000, 131072)
    """
    return min(projected, -(-MOST_GROWTH * patients // unit) * unit)


def with_precision(experiment: Experiment, error: float, patients: int | None) -> Experiment:
    """Ask for a standard error, from a few patients on unless their number is given.

    Raises
    ------
    ExperimentError
        If the error is not between 0 and 1.
    """
    named = experiment.precision.estimates if experiment.precision else None
    try:
        precision = Precision(standard_error=error, estimates=named)
    except ValueError as problem:
        raise ExperimentError([f"--precision: {problem}"]) from None
    first = FEWEST_PATIENTS if patients is None else patients
    return experiment.model_copy(update={"precision": precision, "patients": first})
