"""From the sums of a run to its result: labeled arrays with units, errors and provenance."""

from collections.abc import Iterator

import numpy as np

from radsim.sums.comparison import paired_comparison
from radsim.sums.intervals import normal_interval, wilson_interval
from radsim.sums.moments import BlockSums, Moments
from radsim.vocabulary.endpoints import MEANINGS

COMPARED = {
    "difference": "arm minus reference",
    "difference_mc_standard_error": "Monte Carlo standard error of the difference",
    "difference_lower": "lower end of the 95 % Monte Carlo interval of the difference",
    "difference_upper": "upper end of the 95 % Monte Carlo interval of the difference",
    "ratio": "arm over reference",
    "ratio_lower": "lower end of the 95 % Monte Carlo interval of the ratio",
    "ratio_upper": "upper end of the 95 % Monte Carlo interval of the ratio",
    "number_needed": "number needed to treat or harm; missing where the difference may be 0",
    "number_needed_lower": "lower end of its 95 % Monte Carlo interval",
    "number_needed_upper": "upper end of its 95 % Monte Carlo interval",
}
INTERVAL = {
    "mc_standard_error": "Monte Carlo standard error",
    "lower": "lower end of the 95 % Monte Carlo interval",
    "upper": "upper end of the 95 % Monte Carlo interval",
}


def patients_of(sums: BlockSums) -> int:
    """Patients behind these sums."""
    return next(iter(sums.moments.values())).count


def estimate_fields(name: str, moments: Moments) -> Iterator[tuple[str, np.ndarray, str]]:
    """Give an estimate, its error and its interval: suffix of the name, values, meaning."""
    mean, error = moments.mean, moments.standard_error
    if name.endswith("_cumulative_incidence"):
        lower, upper = wilson_interval(mean, moments.count)
    else:
        lower, upper = normal_interval(mean, error, 0.0, 1.0, moments.reach)
    yield "", mean, MEANINGS[name]
    for suffix, values in zip(INTERVAL, (error, lower, upper), strict=True):
        yield f"_{suffix}", values, f"{INTERVAL[suffix]} of: {MEANINGS[name]}"


def share_fields(moments: Moments, meaning: str) -> Iterator[tuple[str, np.ndarray, str]]:
    """Give a share of patients, its error and its interval: suffix, values, meaning."""
    lower, upper = normal_interval(moments.mean, moments.standard_error, 0.0, 1.0, moments.reach)
    none_or_all = (moments.mean == 0.0) | (moments.mean == 1.0)
    wilson_lower, wilson_upper = wilson_interval(moments.mean, moments.count)
    lower = np.where(none_or_all, wilson_lower, lower)
    upper = np.where(none_or_all, wilson_upper, upper)
    yield "", moments.mean, meaning
    for suffix, values in zip(INTERVAL, (moments.standard_error, lower, upper), strict=True):
        yield f"_{suffix}", values, f"{INTERVAL[suffix]} of: {meaning}"


def comparison_fields(
    name: str, arms: Moments, difference: Moments, reference: int
) -> Iterator[tuple[str, np.ndarray, str, str]]:
    """Compare every arm with the reference, arms first: suffix, values, units, meaning."""
    one = arms.rearranged(lambda values: values[reference])
    compared = paired_comparison(arms, one, difference)
    fields = (
        compared.difference,
        compared.standard_error,
        compared.lower,
        compared.upper,
        compared.ratio,
        compared.ratio_lower,
        compared.ratio_upper,
        compared.number_needed,
        compared.number_needed_lower,
        compared.number_needed_upper,
    )
    for (suffix, meaning), values in zip(COMPARED.items(), fields, strict=True):
        values = np.array(values)
        values[reference] = np.nan  # an arm is not compared with itself
        units = "patients" if suffix.startswith("number_needed") else "1"
        yield suffix, values, units, f"{meaning}, {MEANINGS[name]}"
