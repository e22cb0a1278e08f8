"""The variables of a result, and the numbers told of an estimate, a share or a difference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from radsim.results.reading import OF, ROLE
from radsim.sums.comparison import paired_comparison
from radsim.sums.intervals import normal_interval, wilson_interval
from radsim.sums.moments import Moments, counted_as, counted_error
from radsim.vocabulary.endpoints import Estimate

ESTIMATE = "estimate"  # role of the number itself
INTERVAL = {
    "mc_standard_error": "Monte Carlo standard error",
    "lower": "lower end of the 95 % Monte Carlo interval",
    "upper": "upper end of the 95 % Monte Carlo interval",
}
COMPARED = {  # role: meaning, and units
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
    """A variable of a result: what it is of (an estimate, a check, an event, a variable), its role.

    Its name is made of these two unless given.
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
        return self.name or name_of(self.of, self.role)

    @property
    def variable(self) -> xr.Variable:
        """Its values with dimensions and attributes."""
        attrs = {"units": self.units, "long_name": self.meaning, ROLE: self.role, OF: self.of}
        return xr.Variable(self.dims, self.values, attrs)


def name_of(of: str | Estimate, role: str = ESTIMATE) -> str:
    """Name the variable that has a role; a role of a difference follows the difference's name."""
    return str(of) if role == ESTIMATE else f"{of}_{role}"


def estimate_numbers(estimate: Estimate, moments: Moments) -> Iterator[Numbers]:
    """Give an estimate, its error and its interval, honest where events were counted."""
    mean, error = moments.mean, moments.standard_error
    if estimate.estimator.counted:
        error = counted_error(moments)
        ends = wilson_interval(mean, counted_as(moments), moments.reach)
    else:
        ends = normal_interval(mean, error, 0.0, 1.0, moments.reach)
    yield from _with_interval(ESTIMATE, (mean, error, *ends), estimate.meaning)


def share_numbers(
    role: str, moments: Moments, meaning: str, *, exact: bool = False
) -> Iterator[Numbers]:
    """Give a share of patients, its error and its interval; exact where nothing was drawn."""
    mean, error = moments.mean, moments.standard_error
    ends: tuple[np.ndarray, ...] = (mean, mean)
    if not exact:
        error = counted_error(moments)
        ends = wilson_interval(mean, counted_as(moments, tied=True), moments.reach)
    yield from _with_interval(role, (mean, error, *ends), meaning)


def comparison_numbers(
    estimate: Estimate, arms: Moments, difference: Moments, reference: int
) -> Iterator[Numbers]:
    """Compare every arm with the reference; points of the sweep first, arms second.

    Differences of counted events have an interval that is not empty where nobody is discordant.
    """
    base = arms.rearranged(lambda values: values[:, [reference]])
    counted = estimate.estimator.counted
    for role, numbers in paired_comparison(arms, base, difference, counted=counted).items():
        (meaning, units), values = COMPARED[role], np.array(numbers)
        values[:, reference] = np.nan  # an arm is not compared with itself
        yield role, values, units, f"{meaning}, {estimate.meaning}"


def _with_interval(role: str, columns: Iterable[np.ndarray], meaning: str) -> Iterator[Numbers]:
    mean, *others = columns
    yield role, mean, "1", meaning
    for (end, said), values in zip(INTERVAL.items(), others, strict=True):
        yield end if role == ESTIMATE else f"{role}_{end}", values, "1", f"{said} of: {meaning}"
