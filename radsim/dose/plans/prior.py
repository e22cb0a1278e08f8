"""An earlier course, and checks that kinds of plan share."""

from dataclasses import dataclass, field

import numpy as np

from radsim.radiobiology.recovery import RecoveryRule
from radsim.randomness.distributions.composed import Continuous
from radsim.vocabulary.mistakes import require, require_all
from radsim.vocabulary.numbers import Count, Real
from radsim.vocabulary.structures import HIGHEST_DOSE, TARGETS

MOST_FRACTIONS = 100  # more than any course has


def gray(name: str, dose: float) -> tuple[bool, str]:
    """Say whether a dose is above 0 and possible, and else what is wrong with it."""
    if dose > 0:
        message = f"{name} must be at most {HIGHEST_DOSE} Gy, got {dose}; in cGy?"
        return dose <= HIGHEST_DOSE, message
    return False, f"{name} must be above 0 Gy, got {dose}"


def check_fractions(name: str, fractions: int) -> tuple[bool, str]:
    """Say whether a number of fractions is possible, and else what is wrong with it."""
    if fractions >= 1:
        return fractions <= MOST_FRACTIONS, f"{name} must be at most {MOST_FRACTIONS}"
    return False, f"{name} must be 1 or more, got {fractions}"


def lowest_dose(value: Real | Continuous) -> float:
    """Lowest dose that a number or a distribution gives [Gy]."""
    return doses_between(value)[0]


def doses_between(value: Real | Continuous) -> tuple[float, float]:
    """Lowest and highest dose that a number or a distribution gives, its tails aside [Gy]."""
    if isinstance(value, int | float):
        return float(value), float(value)
    low, high = value.ppf(np.array([1e-9, 1.0 - 1e-9]))
    return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class Prior:
    """An earlier course of radiotherapy at the same level.

    Attributes
    ----------
    dose, fractions
        What the structures got that ``organs`` does not name, the cord and the sac among them [Gy].
    interval
        Time from it to the new course [months]: a number, a distribution, or the name of a
        cohort variable.
    organs
        Dose of single structures, where it was another one [Gy].
    recovered
        Share of its effect that has recovered: a rule by name, a number, or a distribution between
        patients; by the arm's rule unless given.
    """

    dose: Real
    fractions: Count
    interval: Real | Continuous | str
    organs: dict[str, Real] = field(default_factory=dict)
    recovered: Real | Continuous | RecoveryRule | None = None

    def __post_init__(self) -> None:
        lowest = 0.0 if isinstance(self.interval, str) else lowest_dose(self.interval)
        require_all(
            gray("dose", self.dose),
            check_fractions("fractions", self.fractions),
            (lowest >= 0, f"interval must not be negative, got {lowest:.3g}"),
            *((0 <= d <= HIGHEST_DOSE, _organ(name, d)) for name, d in self.organs.items()),
            *((n not in TARGETS, f"organs.{n}: is a target, no organ") for n in self.organs),
        )
        if self.recovered is not None and not isinstance(self.recovered, str):
            for end in ends_of(self.recovered):
                require(0 <= end <= 1, f"recovered must lie between 0 and 1, got {end:.4g}")

    def dose_of(self, structure: str) -> float:
        """Dose that a structure got [Gy]."""
        return float(self.organs.get(structure, self.dose))


def _organ(name: str, dose: float) -> str:
    in_cgy = "; in cGy?" if dose > HIGHEST_DOSE else ""
    return f"organs.{name} must lie between 0 and {HIGHEST_DOSE} Gy, got {dose}{in_cgy}"


def ends_of(value: Real | Continuous) -> tuple[float, ...]:
    """Lowest and highest value, the tails of a distribution aside."""
    if isinstance(value, int | float):
        return (float(value),)
    return tuple(float(end) for end in value.ppf(np.array([1e-9, 1.0 - 1e-9])))
