"""What a test says: its statistic, its p value, and whether the data allowed it at all."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from radsim.vocabulary.arguments import open_probability


@dataclass(frozen=True)
class Verdict:
    """A test of many trials at once; every array has the shape of the trials.

    Attributes
    ----------
    z
        Signed statistic, standard normal under the null; above 0 if arm 1 has more events.
    p_value
        Two-sided.
    estimable
        False where the data say nothing (no events, or nobody to compare with); there z is 0
        and the p value 1, so such a trial counts as one that does not reject.
    """

    z: np.ndarray
    p_value: np.ndarray
    estimable: np.ndarray

    @property
    def chi_square(self) -> np.ndarray:
        """Square of z, chi-square with one degree of freedom under the null."""
        return self.z**2


@dataclass(frozen=True)
class Estimate:
    """An estimate of many trials at once; every array has the shape of the trials.

    Attributes
    ----------
    value, standard_error
        In the units of what is estimated.
    lower, upper
        Confidence interval.
    estimable
        False where the data do not reach that far; ``value`` is then the last that they give.
    """

    value: np.ndarray
    standard_error: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    estimable: np.ndarray


def normal_test(
    score: np.ndarray, variance: np.ndarray, usable: np.ndarray | bool = True
) -> Verdict:
    """Divide a score by its standard error; without variance there is no test.

    Examples
    --------
    >>> verdict = normal_test(np.array([4.0, 0.0]), np.array([4.0, 0.0]))
    >>> verdict.z, verdict.estimable
    (array([2., 0.]), array([ True, False]))
    """
    estimable = (variance > 0.0) & usable
    z = np.where(estimable, score / np.sqrt(np.where(estimable, variance, 1.0)), 0.0)
    return Verdict(z=z, p_value=2.0 * special.ndtr(-np.abs(z)), estimable=estimable)


def two_sided_z(level: float) -> float:
    """Return the normal quantile of a two-sided interval, such as 1.96 for 0.95.

    Raises
    ------
    ValueError
        If the level is not one number between 0 and 1.
    """
    return float(special.ndtri(0.5 + open_probability("level", level) / 2.0))
