"""Median time to an event, or another quantile, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radsim.trial.survival.subjects import ANY, RiskTable
from radsim.trial.survival.survival_curve import survival_steps
from radsim.trial.survival.transforms import transformed_interval
from radsim.trial.survival.verdict import two_sided_z
from radsim.vocabulary.arguments import open_probability

ROUNDING = 1e-9  # of a survival that stands at the quantile itself


@dataclass(frozen=True)
class Quantile:
    """A time with its interval [months]; arrays have the trials' shape.

    What the curve does not reach is infinite: a median is not estimable where more than half are
    free of the event when observation ends, and an interval may have no upper end.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def estimable(self) -> np.ndarray:
        """Whether the curve falls so far."""
        return np.isfinite(self.value)


def survival_quantile(
    table: RiskTable,
    *,
    arm: int | None = None,
    causes: Sequence[int] = ANY,
    free: float = 0.5,
    transform: str = "log",
    level: float = 0.95,
) -> Quantile:
    r"""Time at which so many are still free of an event: the median for one half.

    .. math:: \hat t = \inf\{t : S(t) \le p\}

    and the interval of all t at which the interval of S(t) holds p. Where S stands at p itself, the
    time is in the middle of the step, as is usual.

    Parameters
    ----------
    causes
        What counts as the event, see `radsim.trial.survival.survival_curve.kaplan_meier`.
    free
        The share that is still free of it.
    transform
        Scale of the interval of S; R's survfit takes ``log`` where none is named.

    Raises
    ------
    ValueError
        If a share or the level is not between 0 and 1, or an arm, a cause or a transform is
        unknown.

    References
    ----------
    Brookmeyer and Crowley (1982), Biometrics 38, 29-41.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> median = survival_quantile(risk_table([2.0, 4.0, 7.0, 9.0, 12.0], [2, 2, 2, 2, 0]))
    >>> float(median.value), float(median.lower), float(median.upper)
    (7.0, 4.0, inf)
    """
    z, free = two_sided_z(level), open_probability("free", free)
    survival, greenwood = survival_steps(table, causes, arm)
    lower, upper = transformed_interval(survival, survival**2 * greenwood, transform, z)
    return Quantile(*(_first_at(table, curve, free) for curve in (survival, lower, upper)))


def _first_at(table: RiskTable, curve: np.ndarray, free: float) -> np.ndarray:
    """Time at which a falling curve reaches a level; the middle of a step that stands at it."""
    below, reached = curve < free - ROUNDING, curve < free + ROUNDING
    times = []
    for passed in (reached, below):
        first = np.take_along_axis(table.time, passed.argmax(axis=-1)[..., np.newaxis], axis=-1)
        times.append(np.where(passed.any(axis=-1), first[..., 0], np.inf))
    ends = np.where(np.isfinite(times[1]), times[1], times[0])  # a step that has no end
    return np.asarray(np.where(reached.any(axis=-1), 0.5 * (times[0] + ends), np.inf))
