"""When patients enter a trial, each law defined by its inverse CDF."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from radsim.vocabulary.arguments import not_negative, positive
from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real


@dataclass(frozen=True, kw_only=True)
class UniformAccrual:
    """As many patients each month from the first to the last."""

    kind: Literal["uniform"] = "uniform"
    months: Real

    def __post_init__(self) -> None:
        check_fields(self)
        not_negative("months", self.months)

    def entry(self, u: np.ndarray) -> np.ndarray:
        """Month of entry from a uniform."""
        return self.months * u

    @property
    def end(self) -> float:
        """When the last patient may enter [months]."""
        return float(self.months)


@dataclass(frozen=True, kw_only=True)
class RampAccrual:
    """A rate that grows from 0 in proportion to time until ``full``, and is level after it."""

    kind: Literal["ramp"] = "ramp"
    months: Real
    full: Real

    def __post_init__(self) -> None:
        check_fields(self)
        positive("months", self.months)
        require(
            0.0 <= self.full <= self.months,
            f"full must lie between 0 and {self.months}, got {self.full}",
        )

    def entry(self, u: np.ndarray) -> np.ndarray:
        """Month of entry from a uniform."""
        total = self.months - 0.5 * self.full
        share = u * total
        rising = np.sqrt(2.0 * self.full * np.minimum(share, 0.5 * self.full))
        return np.where(share < 0.5 * self.full, rising, share + 0.5 * self.full)

    @property
    def end(self) -> float:
        """When the last patient may enter [months]."""
        return float(self.months)


@dataclass(frozen=True, kw_only=True)
class PiecewiseAccrual:
    """A rate for each of several periods.

    Attributes
    ----------
    until
        Where each period ends [months], growing.
    rates
        Relative rate in each.
    """

    kind: Literal["piecewise"] = "piecewise"
    until: tuple[Real, ...]
    rates: tuple[Real, ...]

    def __post_init__(self) -> None:
        check_fields(self)
        require(len(self.until) > 0, "until must name at least one period")
        require(
            len(self.until) == len(self.rates),
            f"rates must have one number for each period, got {len(self.rates)}",
        )
        growing = all(a < b for a, b in pairwise((0.0, *self.until)))
        require(growing, f"until must grow from above 0, got {list(self.until)}")
        require(
            min(self.rates) >= 0.0 and sum(self.rates) > 0.0,
            f"rates must be 0 or more and not all 0, got {list(self.rates)}",
        )

    def entry(self, u: np.ndarray) -> np.ndarray:
        """Month of entry from a uniform."""
        edges = np.array([0.0, *self.until])
        weights = np.cumsum([0.0, *(np.diff(edges) * np.array(self.rates))])
        return np.interp(u * weights[-1], weights, edges)

    @property
    def end(self) -> float:
        """When the last patient may enter [months]."""
        return float(self.until[-1])


Accrual = Annotated[UniformAccrual | RampAccrual | PiecewiseAccrual, Field(discriminator="kind")]
