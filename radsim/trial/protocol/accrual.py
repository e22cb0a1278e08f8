"""When patients enter a trial, each law defined by its inverse CDF."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from radsim.vocabulary.arguments import not_negative, positive
from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, Truth


@dataclass(frozen=True, kw_only=True)
class UniformAccrual:
    """As many patients each month from the first to the last; the months are held."""

    holds_rate: ClassVar[bool] = False
    screened: ClassVar[bool] = False

    kind: Literal["uniform"] = "uniform"
    months: Real

    def __post_init__(self) -> None:
        check_fields(self)
        not_negative("months", self.months)

    def of(self, patients: float) -> "UniformAccrual":
        """Return the accrual of so many patients, by months."""
        return self

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

    holds_rate: ClassVar[bool] = False
    screened: ClassVar[bool] = False

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

    def of(self, patients: float) -> "RampAccrual":
        """Return the accrual of so many patients, by months."""
        return self

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
class RateAccrual:
    """So many patients a month until all have entered; the rate is held, whatever their number.

    Attributes
    ----------
    rate
        Patients a month, once it is level.
    full
        Month until which the rate grows from 0 in proportion to time; 0 for none.
    screened
        Whether the rate is of those screened, of whom the eligible are randomized.

    Examples
    --------
    >>> RateAccrual(rate=10.0).of(120).end, RateAccrual(rate=10.0, full=6.0).of(120).end
    (12.0, 15.0)
    """

    holds_rate: ClassVar[bool] = True  # the months follow from the number of patients

    kind: Literal["by_rate"] = "by_rate"
    rate: Real
    full: Real = 0.0
    screened: Truth = False

    def __post_init__(self) -> None:
        check_fields(self)
        positive("rate", self.rate)
        not_negative("full", self.full)

    def of(self, patients: float) -> RampAccrual:
        """Return the accrual of so many patients, by months."""
        level, full = patients / float(self.rate), float(self.full)
        if level < 0.5 * full:  # all enter before the rate is level
            full = float(np.sqrt(2.0 * level * full))
            return RampAccrual(months=full, full=full)
        return RampAccrual(months=level + 0.5 * full, full=full)

    def entry(self, u: np.ndarray) -> np.ndarray:
        """Refuse: months of entry depend on the number of patients."""
        raise ValueError("accrual by a rate has no months of entry without a number of patients")

    @property
    def end(self) -> float:
        """When the last patient may enter: 0, for it depends on their number."""
        return 0.0


@dataclass(frozen=True, kw_only=True)
class PiecewiseAccrual:
    """A rate for each of several periods.

    Attributes
    ----------
    until
        Where each period ends [months], growing.
    rates
        Rate in each: relative, or patients a month if there is one more rate than ends, the last
        of which goes on until all have entered.
    screened
        Whether the rates are of those screened, of whom the eligible are randomized.
    """

    kind: Literal["piecewise"] = "piecewise"
    until: tuple[Real, ...]
    rates: tuple[Real, ...]
    screened: Truth = False

    def __post_init__(self) -> None:
        check_fields(self)
        require(
            len(self.rates) > 0 and len(self.rates) - len(self.until) in (0, 1),
            "rates must have one number for each period (relative, the months are held) or one "
            f"more (patients a month, the rates are held), got {len(self.rates)} for "
            f"{len(self.until)}",
        )
        growing = all(a < b for a, b in pairwise((0.0, *self.until)))
        require(growing, f"until must grow from above 0, got {list(self.until)}")
        require(
            min(self.rates) >= 0.0 and sum(self.rates) > 0.0,
            f"rates must be 0 or more and not all 0, got {list(self.rates)}",
        )
        require(
            not self.holds_rate or self.rates[-1] > 0.0,
            f"rates: the last one goes on until all have entered, so it must be above 0, got "
            f"{self.rates[-1]}",
        )
        require(
            self.holds_rate or not self.screened,
            "screened: has no effect here: relative rates hold the months, whoever is eligible",
        )

    def of(self, patients: float) -> "PiecewiseAccrual":
        """Return the accrual of so many patients, by months."""
        if not self.holds_rate:
            return self
        until, rates, left, last = [], [], float(patients), 0.0
        for month, rate in zip((*self.until, np.inf), self.rates, strict=True):
            enough = last + left / rate if rate > 0.0 else np.inf
            until.append(min(float(month), enough))
            rates.append(rate)
            if enough <= month:
                break
            left, last = left - rate * (month - last), month
        return PiecewiseAccrual(until=tuple(until), rates=tuple(rates))

    def entry(self, u: np.ndarray) -> np.ndarray:
        """Month of entry from a uniform."""
        edges = np.array([0.0, *self.until])
        weights = np.cumsum([0.0, *(np.diff(edges) * np.array(self.rates))])
        return np.interp(u * weights[-1], weights, edges)

    @property
    def end(self) -> float:
        """When the last patient may enter [months]; 0 where it depends on their number."""
        return 0.0 if self.holds_rate else float(self.until[-1])

    @property
    def holds_rate(self) -> bool:
        """Whether the rates are held, and the months follow from the number of patients."""
        return len(self.rates) > len(self.until)


@dataclass(frozen=True, kw_only=True)
class SiteAccrual:
    """Sites that open one after the other, each with a rate of its own that is held.

    Attributes
    ----------
    opens
        Month at which each site opens.
    rates
        Patients a month of each site, or one number for all of them.
    screened
        Whether the rates are of those screened, of whom the eligible are randomized.

    Examples
    --------
    >>> SiteAccrual(opens=(0, 3, 6), rates=(2,)).of(120).end  # 2 x 3 + 4 x 3 + 6 x 17
    23.0
    """

    holds_rate: ClassVar[bool] = True

    kind: Literal["sites"] = "sites"
    opens: tuple[Real, ...]
    rates: tuple[Real, ...]
    screened: Truth = False

    def __post_init__(self) -> None:
        check_fields(self)
        require(len(self.opens) > 0, "opens must name the month at which a site opens")
        require(
            min(self.opens) >= 0.0 and max(self.opens) < np.inf,
            f"opens must be months of 0 or more, got {list(self.opens)}",
        )
        require(
            len(self.rates) in (1, len(self.opens)),
            f"rates must have one number for all sites, or {len(self.opens)}, one for each, "
            f"got {len(self.rates)}",
        )
        require(min(self.rates) > 0.0, f"rates must be above 0, got {list(self.rates)}")

    def of(self, patients: float) -> PiecewiseAccrual:
        """Return the accrual of so many patients, by months."""
        months = np.array(self.opens, float)
        rates = np.broadcast_to(np.array(self.rates, float), months.shape)
        edges = np.unique(np.append(0.0, months))
        open_by_then = [float(rates[months <= edge].sum()) for edge in edges]
        until = tuple(float(edge) for edge in edges[1:])
        return PiecewiseAccrual(until=until, rates=tuple(open_by_then)).of(patients)

    def entry(self, u: np.ndarray) -> np.ndarray:
        """Refuse: months of entry depend on the number of patients."""
        raise ValueError("accrual by sites has no months of entry without a number of patients")

    @property
    def end(self) -> float:
        """When the last patient may enter: 0, for it depends on their number."""
        return 0.0


Accrual = Annotated[
    UniformAccrual | RampAccrual | RateAccrual | PiecewiseAccrual | SiteAccrual,
    Field(discriminator="kind"),
]
