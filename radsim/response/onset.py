"""How a risk grows with time after treatment."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from scipy import special

from radsim.vocabulary.numbers import Real, require_positive


@dataclass(frozen=True, kw_only=True)
class PowerOnset:
    r"""Growth as a power of time, without end.

    .. math:: L(t) = (t / t_{ref})^k

    Attributes
    ----------
    months
        Time at which the growth is 1, :math:`t_{ref}` [months].
    exponent
        :math:`k`; 1 is a constant hazard.

    Examples
    --------
    >>> PowerOnset(months=24.0, exponent=1.0).growth(12.0)
    0.5
    """

    kind: Literal["power"] = "power"
    months: Real
    exponent: Real = 1.0

    def __post_init__(self) -> None:
        require_positive(self, "months", "exponent")

    def growth(self, months: float) -> float:
        """Return the cumulative growth at a time [months]."""
        return float((months / self.months) ** self.exponent)

    def time(self, growth: np.ndarray) -> np.ndarray:
        """Return when the growth reaches a value [months]."""
        if self.exponent == 1.0:
            return self.months * growth
        return self.months * growth ** (1.0 / self.exponent)


@dataclass(frozen=True, kw_only=True)
class LognormalOnset:
    r"""Growth as a lognormal CDF, which levels off.

    .. math:: F(t) = \Phi\Bigl(\frac{\ln(t / t_{median})}{\sigma}\Bigr), \qquad
              L(t) = F(t) / F(t_{ref})

    Attributes
    ----------
    median
        Median time of the events that happen [months].
    sigma
        Standard deviation of the log time.
    reference
        Time at which the growth is 1, :math:`t_{ref}` [months]; without one the growth is
        F(t) itself, which reaches 1 in the long run.

    Examples
    --------
    >>> LognormalOnset(median=6.0, sigma=0.4).growth(6.0)
    0.5
    """

    kind: Literal["lognormal"] = "lognormal"
    median: Real
    sigma: Real
    reference: Real | None = None

    def __post_init__(self) -> None:
        require_positive(self, "median", "sigma", "reference")

    def _cdf(self, months: float) -> float:
        if months <= 0:
            return 0.0
        return float(special.ndtr((np.log(months) - np.log(self.median)) / self.sigma))

    def growth(self, months: float) -> float:
        """Return the cumulative growth at a time [months]."""
        return self._cdf(months) / (1.0 if self.reference is None else self._cdf(self.reference))

    def time(self, growth: np.ndarray) -> np.ndarray:
        """Return when the growth reaches a value [months]; infinite where it never does."""
        share = growth if self.reference is None else growth * self._cdf(self.reference)
        happens = share < 1.0
        time = np.full(np.shape(share), np.inf)
        time[happens] = self.median * np.exp(self.sigma * special.ndtri(share[happens]))
        return time


Onset = Annotated[PowerOnset | LognormalOnset, Field(discriminator="kind")]
