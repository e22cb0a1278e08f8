"""The variables of a result, and the numbers told of an estimate, a share or a difference."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from radsim.results.reading import OF, ROLE
from radsim.sums.comparison import paired_comparison
from radsim.sums.intervals import normal_interval, wilson_interval
from radsim.sums.moments import Moments
from radsim.vocabulary.endpoints import Estimate

ESTIMATE = "estimate"  # role of the number itself
INTERVAL = {
    "mc_standard_error": "Monte Carlo standard error",
    "lower": "lower end of the 95 % Monte Carlo interval",
    "upper": "upper end of the 95 % Monte Carlo interval",
}
COMPARED = {  # role: meaning, and units; in the order of `PairedComparison`
    "difference": ("arm minus reference", "1"),
    "difference_mc_standard_error": ("Monte Carlo standard error of the difference", "1"),
    "difference_lower": ("lower end of the 95 % Monte Carlo interval of the difference", "1"),
    "difference_upper": ("upper end of the 95 % Monte Carlo interval of the difference", "1"),
    "ratio": ("arm over reference", "1"),
    "ratio_lower": ("lower end of the 95 % Monte Carlo interval of the ratio", "1"),
    "ratio_upper": ("upper end of the 95 % Monte Carlo interval of the ratio", "1"),
    "number_needed": (
        "number needed to treat or harm; missing where the difference may be 0", "patients",
    ),
    "number_needed_lower": ("lower end of its 95 % Monte Carlo interval", "patients"),
    "number_needed_upper": ("upper end of its 95 % Monte Carlo interval", "patients"),
}  # fmt: skip
Numbers = tuple[str, np.ndarray, str, str]  # role, values, units, meaning


@dataclass(frozen=True, kw_only=True)
class Field:
    """A variable of a result.

    Attributes
    ----------
    of
        What it is of: an estimate, a check, an event, a variable of the patients.
    role
        Which number of that.
    name
        Its name; what it is of and its role unless given.
    """

    of: str
    role: str
    dims: tuple[str, ...]
    values: np.ndarray
    meaning: str
    units: str = "1"
    name: str = ""

    @property
    def named(self) -> str:
        """Its name in the result."""
        return self.name or (self.of if self.role == ESTIMATE else f"{self.of}_{self.role}")

    @property
    def variable(self) -> xr.Variable:
        """Its values with dimensions and attributes."""
        attrs = {"units": self.units, "long_name": self.meaning, ROLE: self.role, OF: self.of}
        return xr.Variable(self.dims, self.values, attrs)


def estimate_numbers(estimate: Estimate, moments: Moments) -> Iterator[Numbers]:
    """Give an estimate, its error and its interval, honest where events were counted."""
    mean, error = moments.mean, moments.standard_error
    if estimate.estimator.counted:
        ends = wilson_interval(mean, moments.count)
    else:
        ends = normal_interval(mean, error, 0.0, 1.0, moments.reach)
    yield from _with_interval(ESTIMATE, "", mean, error, ends, estimate.meaning)


def share_numbers(role: str, moments: Moments, meaning: str) -> Iterator[Numbers]:
    """Give a share of patients, its error and its interval."""
    mean, error = moments.mean, moments.standard_error
    none_or_all = (mean == 0.0) | (mean == 1.0)
    normal = normal_interval(mean, error, 0.0, 1.0, moments.reach)
    wilson = wilson_interval(mean, moments.count)
    ends = [np.where(none_or_all, w, n) for w, n in zip(wilson, normal, strict=True)]
    yield from _with_interval(role, f"{role}_", mean, error, ends, meaning)


def comparison_numbers(
    estimate: Estimate, arms: Moments, difference: Moments, reference: int
) -> Iterator[Numbers]:
    """Compare every arm with the reference; points of the sweep first, arms second."""
    base = arms.rearranged(lambda values: values[:, [reference]])
    compared = paired_comparison(arms, base, difference)
    columns = (getattr(compared, column.name) for column in fields(compared))  # in that order
    for (role, (meaning, units)), values in zip(COMPARED.items(), columns, strict=True):
        values = np.array(values)
        values[:, reference] = np.nan  # an arm is not compared with itself
        yield role, values, units, f"{meaning}, {estimate.meaning}"


def _with_interval(
    role: str, before: str, mean: np.ndarray, error: np.ndarray, ends: object, meaning: str
) -> Iterator[Numbers]:
    yield role, mean, "1", meaning
    for (name, said), values in zip(INTERVAL.items(), (error, *ends), strict=True):  # type: ignore[misc]
        yield f"{before}{name}", values, "1", f"{said} of: {meaning}"
