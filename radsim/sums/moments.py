"""A mean over patients and its Monte Carlo error, of patients and of independent replicates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from radsim.sums.intervals import Z95, wilson_interval

FEW = 10  # events below which the spread between patients understates the error of their share


@dataclass(frozen=True)
class Moments:
    """Number of patients, and the mean and sum of squared deviations of some rows.

    The number is one for all rows, or an array where rows are of different patients.

    Examples
    --------
    >>> moments = Moments(3, np.array([3.0]), np.array([14.0]))
    >>> moments.variance.tolist(), moments.standard_error.round(4).tolist()
    ([7.0], [1.5275])
    """

    count: int | np.ndarray
    mean: np.ndarray
    deviations: np.ndarray
    reach: float = Z95  # standard errors that a 95 % interval goes to either side
    error: np.ndarray | None = None  # standard error, where patients are not independent

    @property
    def variance(self) -> np.ndarray:
        """Variance between patients."""
        few = np.less(self.count, 2)  # one patient says nothing about the others
        if np.ndim(few):
            return np.where(few, np.inf, self.deviations / np.where(few, 1, self.count - 1))
        return np.full_like(self.deviations, np.inf) if few else self.deviations / (self.count - 1)

    @property
    def discordant(self) -> np.ndarray:
        r"""Number of patients in whom what was counted is not 0.

        .. math:: \sum_i d_i^2 = \sum_i (d_i - \bar d)^2 + n \bar d^2, \qquad d_i \in \{-1, 0, 1\}

        Of a difference of two events those who have one of them alone, of an event all who have it.
        """
        return self.deviations + self.count * self.mean**2

    @property
    def standard_error(self) -> np.ndarray:
        """Monte Carlo standard error of the mean."""
        if self.error is not None:
            return self.error
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(self.variance / self.count)

    def rearranged(self, change: Callable[[np.ndarray], np.ndarray]) -> "Moments":
        """Change the shape or the order of the rows."""
        error = None if self.error is None else change(self.error)
        count = change(self.count) if isinstance(self.count, np.ndarray) else self.count
        rows = change(self.mean), change(self.deviations)
        return Moments(count, *rows, self.reach, error)


def replicated(replicates: Sequence[Moments], whole: Moments) -> Moments:
    r"""Give what independent replicates of equal size make together the error of their spread.

    .. math:: SE^2 = \frac{1}{R (R - 1)} \sum_r (\bar x_r - \bar x)^2

    Patients of one replicate are not independent, so the spread between patients would not do for
    the error; it still says how much patients differ. Intervals reach as many standard errors as
    Student's t with R - 1 degrees of freedom asks for.

    Examples
    --------
    >>> first, second = (Moments(2, np.array(mean), np.array(8.0)) for mean in (2.0, 3.0))
    >>> joined = replicated([first, second], Moments(4, np.array(2.5), np.array(17.0)))
    >>> joined.standard_error.tolist(), joined.deviations.tolist()
    (0.5, 17.0)
    """
    size = len(replicates)
    if size == 1:
        return whole
    means = np.stack([replicate.mean for replicate in replicates])
    between = ((means - means.mean(axis=0)) ** 2).sum(axis=0) / (size * (size - 1))
    reach = float(special.stdtrit(size - 1, 0.975))
    return replace(whole, reach=reach, error=np.sqrt(between))


def counted_error(counted: Moments) -> np.ndarray:
    r"""Standard error of a share that was counted, honest where events are few or none.

    With fewer than `FEW` events, or all patients but as many, it is at least the Wilson interval's
    half width over 1.96, so that an event that has not come yet is not taken for one that is known
    exactly. Of a difference between two paired shares the events are the discordant patients: the
    difference is known exactly no more than their share is. What was counted is told no finer than
    to one patient.

    Examples
    --------
    >>> none = Moments(1000, np.zeros(1), np.zeros(1))
    >>> none.standard_error.tolist(), counted_error(none).round(6).tolist()
    ([0.0], [0.000976])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share, least = counted.discordant / counted.count, 1.0 / counted.count
    lower, upper = wilson_interval(share, counted.count)
    width = np.where(is_few(counted), (upper - lower) / (2.0 * Z95), least)
    return np.maximum(counted.standard_error, width)


def counted_as(counted: Moments, *, tied: bool = False) -> int | np.ndarray:
    """Independent patients of whom a count would be as exact, which its interval goes by.

    They are the patients themselves where these are independent, or events are few. Of a share
    that several may have in a patient, ``tied``, they are more: half a patient differs less.
    """
    if counted.error is None and not tied:
        return counted.count
    with np.errstate(divide="ignore", invalid="ignore"):
        of_one = counted.mean * (1.0 - counted.mean) if tied else counted.variance
        as_many = of_one / counted_error(counted) ** 2
    return np.where(is_few(counted) | np.isnan(as_many), counted.count, as_many)


def is_few(counted: Moments) -> np.ndarray:
    """Say whether the spread between patients understates the error of what was counted."""
    return np.minimum(counted.discordant, counted.count - counted.discordant) < FEW
