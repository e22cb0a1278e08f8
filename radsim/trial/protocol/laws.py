"""Laws of the time to an event, each by its cumulative hazard and the way back from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol as Interface

import numpy as np

from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real

TINY = 1e-300


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


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """Constant hazards one after the other, such as of an effect that comes late.

    Attributes
    ----------
    until
        Where each piece but the last ends [months], growing.
    hazards
        Hazard in each piece [1/month]; one more than ``until``.

    Examples
    --------
    >>> law = Pieces(until=(6.0,), hazards=(0.05, 0.01))
    >>> [round(float(x), 3) for x in (law.cumulative(10.0), law.time_of(0.34))]
    [0.34, 10.0]
    """

    until: tuple[Real, ...]
    hazards: tuple[Real, ...]

    def __post_init__(self) -> None:
        check_fields(self)
        growing = all(a < b for a, b in pairwise((0.0, *self.until)))
        require(growing, f"until must grow from above 0, got {list(self.until)}")
        require(
            len(self.hazards) == len(self.until) + 1,
            f"hazards must have one number for each piece, {len(self.until) + 1} (the last has no "
            f"end), got {len(self.hazards)}",
        )
        require(min(self.hazards) >= 0.0, f"hazards must be 0 or more, got {list(self.hazards)}")

    def cumulative(self, months: np.ndarray) -> np.ndarray:
        """Cumulative hazard at some times [months]."""
        place = np.searchsorted(self._edges, months, side="right") - 1
        rate = np.array(self.hazards)[place]
        return np.asarray(self._levels[place] + rate * (months - self._edges[place]))

    def time_of(self, level: np.ndarray) -> np.ndarray:
        """Time at which the cumulative hazard reaches a level [months]."""
        place = np.maximum(np.searchsorted(self._levels, level, side="left") - 1, 0)
        rate = np.array(self.hazards)[place]
        with np.errstate(divide="ignore"):  # no hazard: never
            return np.asarray(self._edges[place] + (level - self._levels[place]) / rate)

    @property
    def _edges(self) -> np.ndarray:
        return np.array([0.0, *self.until])

    @property
    def _levels(self) -> np.ndarray:
        """Cumulative hazard where each piece starts."""
        return np.cumsum([0.0, *(np.diff(self._edges) * np.array(self.hazards[:-1]))])


@dataclass(frozen=True)
class SparedLaw:
    """A mixture: a share of the patients is spared, the others follow a law.

    Examples
    --------
    >>> law = SparedLaw(0.3, WeibullLaw(1.0, 0.05))
    >>> round(float(np.exp(-law.cumulative(1e3))), 6), float(law.time_of(1.3))
    (0.3, inf)
    """

    share: float
    law: Law

    def cumulative(self, months: np.ndarray) -> np.ndarray:
        """Cumulative hazard at some times [months]."""
        return np.asarray(
            -np.log(self.share + (1.0 - self.share) * np.exp(-self.law.cumulative(months)))
        )

    def time_of(self, level: np.ndarray) -> np.ndarray:
        """Time at which the cumulative hazard reaches a level [months]; infinite for never."""
        left = (np.exp(-np.asarray(level)) - self.share) / (1.0 - self.share)
        falls = left > 0.0
        return np.where(falls, self.law.time_of(-np.log(np.where(falls, left, 1.0))), np.inf)


@dataclass(frozen=True)
class EachLaw:
    """A law for each of some trials, whose levels have the shape (trial, patient)."""

    laws: tuple[Law, ...]

    def cumulative(self, months: np.ndarray) -> np.ndarray:
        """Cumulative hazards, the trials first."""
        return np.stack([law.cumulative(months) for law in self.laws])

    def time_of(self, level: np.ndarray) -> np.ndarray:
        """Times at which the cumulative hazards reach the levels of their trial [months]."""
        return np.stack([law.time_of(row) for law, row in zip(self.laws, level, strict=True)])


def side_by_side(laws: Sequence[Law]) -> Law:
    """Put the laws of some trials into one."""
    plain = [law for law in laws if isinstance(law, WeibullLaw)]
    if len(plain) < len(laws):
        return EachLaw(tuple(laws))

    def column(name: str) -> np.ndarray:
        return np.array([getattr(law, name) for law in plain])[:, np.newaxis]

    return WeibullLaw(column("shape"), column("rate"))


def constant_ratio(control: Law, experimental: Law) -> float | None:
    """Ratio of two hazards that is the same at all times; None for another, or without hazard.

    Examples
    --------
    >>> early, late = Pieces(until=(6,), hazards=(0.1, 0.2)), Pieces(until=(6,), hazards=(0.1, 0.1))
    >>> constant_ratio(WeibullLaw(2.0, 0.02), WeibullLaw(2.0, 0.01)), constant_ratio(early, late)
    (0.5, None)
    """
    if isinstance(control, WeibullLaw) and isinstance(experimental, WeibullLaw):
        alike = control.shape == experimental.shape and control.rate > 0.0
        return float(experimental.rate) / float(control.rate) if alike else None
    if isinstance(control, Pieces) and isinstance(experimental, Pieces):
        ratios = np.array(experimental.hazards) / np.maximum(control.hazards, TINY)
        alike = control.until == experimental.until and min(control.hazards) > 0.0
        return float(ratios[0]) if alike and np.allclose(ratios, ratios[0], rtol=1e-12) else None
    return None


def constant_hazard(law: Law) -> float | None:
    """Hazard that is the same at all times [1/month]; None for another law."""
    if isinstance(law, WeibullLaw) and law.shape == 1.0:
        return float(law.rate)
    return None


def same_law(first: Law, second: Law) -> bool:
    """Say whether two laws are alike, number by number."""
    if type(first) is not type(second):
        return False
    mine, other = vars(first), vars(second)
    return all(np.array_equal(mine[name], other[name]) for name in mine)
