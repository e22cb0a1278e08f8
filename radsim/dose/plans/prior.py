"""An earlier course, and checks that kinds of plan share."""

from dataclasses import dataclass

import numpy as np

from radsim.randomness.distributions.composed import Continuous
from radsim.vocabulary.mistakes import require_all
from radsim.vocabulary.numbers import Count, Real
from radsim.vocabulary.structures import HIGHEST_DOSE

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
    return float(value if isinstance(value, int | float) else value.ppf(np.array([1e-9]))[0])


@dataclass(frozen=True, kw_only=True)
class Prior:
    """An earlier course of radiotherapy at the same level.

    Attributes
    ----------
    dose, fractions
        What the cord and the thecal sac themselves got [Gy].
    interval
        Time from it to the new course [months]: a number, a distribution, or the name of a
        cohort variable.
    """

    dose: Real
    fractions: Count
    interval: Real | Continuous | str

    def __post_init__(self) -> None:
        lowest = 0.0 if isinstance(self.interval, str) else lowest_dose(self.interval)
        require_all(
            gray("prior.dose", self.dose),
            check_fractions("prior.fractions", self.fractions),
            (lowest >= 0, f"prior.interval must not be negative, got {lowest:.3g}"),
        )
