"""How long a state lasts that ends again, such as relief."""

from dataclasses import dataclass

import numpy as np

from radsim.vocabulary.numbers import Real, require_positive


@dataclass(frozen=True, kw_only=True)
class Duration:
    r"""Weibull duration, exponential unless a shape is given.

    .. math:: G(t) = 1 - 2^{-(t / t_{median})^k}

    Attributes
    ----------
    median
        Half of those who live that long are still in the state [months].
    shape
        :math:`k`; 1 is a constant hazard of its end.

    Examples
    --------
    >>> half_life = Duration(median=24.0)
    >>> float(half_life.lasting(24.0)), float(half_life.time(np.array(0.75)))
    (0.5, 48.0)
    """

    median: Real
    shape: Real = 1.0

    def __post_init__(self) -> None:
        require_positive(self, "median", "shape")

    def lasting(self, months: float | np.ndarray) -> np.ndarray:
        """Return the share that lasts longer than a time [months]."""
        return np.exp2(-((np.asarray(months) / self.median) ** self.shape))

    def time(self, u: np.ndarray) -> np.ndarray:
        """Return how long it lasts, from uniforms [months]."""
        return self.median * (-np.log1p(-u) / np.log(2.0)) ** (1.0 / self.shape)
