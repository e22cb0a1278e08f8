"""Precision on demand: how many patients a run needs for the error that was asked for."""

import numpy as np

from radsim.experiment.model import FEWEST_PATIENTS, Experiment, ExperimentError, Precision
from radsim.sums.moments import BlockSums, counted_error
from radsim.vocabulary.endpoints import ESTIMATES

MARGIN = 1.05  # patients asked for, over what the errors so far say
MOST_GROWTH = 16  # times the patients so far, because a first look can be far off


def largest_error(precision: Precision, sums: BlockSums) -> float:
    """Largest Monte Carlo standard error of the estimates that count.

    A share that was counted, or a difference of two, has at least the error that its Wilson
    interval shows (`radsim.sums.moments.counted_error`), so that an event that has not come yet is
    not taken for one that is known exactly.

    Raises
    ------
    ValueError
        If none of the listed estimates is reported.
    """
    names = precision.estimates or (*ESTIMATES, *(f"{name}_difference" for name in ESTIMATES))
    errors = []
    for name in names:
        if name in sums.moments:
            moments = sums.moments[name]
            error = moments.standard_error
            if "_cumulative_incidence" in name:
                error = counted_error(moments, difference=name.endswith("_difference"))
            errors.append(float(np.nanmax(error)))
    if not errors:
        raise ValueError(f"precision.estimates: none is reported: {', '.join(names)}")
    return max(errors)


def patients_projected(precision: Precision, sums: BlockSums, patients: int, unit: int) -> int:
    """Patients that the errors so far ask for in the end, in whole units; as many as now at least.

    An error falls as one over the square root of the patients.
    """
    error = largest_error(precision, sums)
    if error <= precision.standard_error:
        return patients
    share = MARGIN * (error / precision.standard_error) ** 2
    return max(-(-int(np.ceil(patients * share)) // unit) * unit, patients + unit)


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
    named = () if experiment.precision is None else experiment.precision.estimates
    try:
        precision = Precision(standard_error=error, estimates=named)
    except ValueError as problem:
        raise ExperimentError([f"--precision: {problem}"]) from None
    first = FEWEST_PATIENTS if patients is None else patients
    return experiment.model_copy(update={"precision": precision, "patients": first})
