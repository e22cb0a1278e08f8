"""Laws of the time to an event, each by its cumulative hazard and the way back from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

import numpy as np


class Law(Interface):
    """How the cumulative hazard of an event grows."""

    def cumulative(self, months: np.ndarray) -> np.ndarray:
        """Cumulative hazard at some times [months]."""

    def time_of(self, level: np.ndarray) -> np.ndarray:
        """Time at which the cumulative hazard reaches a level [months]; infinite for never."""


@dataclass(frozen=True)
class WeibullLaw:
    """Cumulative hazard a t^k; exponential where the shape k is 1.

    Attributes
    ----------
    shape, rate
        Numbers, or arrays of the shape (trial, 1).

    Examples
    --------
    >>> float(WeibullLaw(1.0, 0.02).time_of(np.array(0.5)))
    25.0
    """

    shape: float | np.ndarray
    rate: float | np.ndarray

    def cumulative(self, months: np.ndarray) -> np.ndarray:
        """Cumulative hazard at some times [months]."""
        return np.asarray(self.rate * np.asarray(months, float) ** self.shape)

    def time_of(self, level: np.ndarray) -> np.ndarray:
        """Time at which the cumulative hazard reaches a level [months]."""
        with np.errstate(divide="ignore", over="ignore"):  # what overflows never happens
            scaled = level / np.asarray(self.rate)
            if np.all(np.equal(self.shape, 1.0)):
                return scaled
            return np.asarray(scaled ** (1.0 / np.asarray(self.shape)))


def side_by_side(laws: Sequence[WeibullLaw]) -> WeibullLaw:
    """Put the laws of some trials into one, whose numbers have the shape (trial, 1)."""

    def column(name: str) -> np.ndarray:
        return np.array([getattr(law, name) for law in laws])[:, np.newaxis]

    return WeibullLaw(column("shape"), column("rate"))


def same_law(first: Law, second: Law) -> bool:
    """Say whether two laws are alike, number by number."""
    if type(first) is not type(second):
        return False
    mine, other = vars(first), vars(second)
    return all(np.array_equal(mine[name], other[name]) for name in mine)
