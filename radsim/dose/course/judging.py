"""Judge a plan: by how much it breaks mandatory limits, and how many optimal goals it misses."""

from collections.abc import Callable, Mapping

import numpy as np

from radsim.dose.course.profile import Profile
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.limits import Limit
from radsim.vocabulary.structures import structure_named

DOSE_TOLERANCE = 1e-3  # [Gy] a limit may be missed by, against rounding
VOLUME_TOLERANCE = 3e-4  # the same as a share of volume


class Judge:
    """Adds up what a plan breaks and misses.

    Attributes
    ----------
    breach
        Sum over mandatory limits of the relative excess or shortage of dose, or of the share of
        volume on the wrong side, shape (plan,); 0 if all are met.
    missed
        Number of optimal goals missed, shape (plan,).
    """

    def __init__(
        self, plan: ExternalBeam, fixed: Mapping[str, np.ndarray], profile: Profile
    ) -> None:
        self.breach = np.zeros(profile.low.shape)
        self.missed = np.zeros(profile.low.shape)
        optimal = [g for g in plan.limits if isinstance(g, Limit) and g.optimal]
        for spot in plan.neural_spots:
            limit = fixed[f"{spot}_limit"]
            goals = [goal.at_most for goal in optimal if goal.spot == spot]
            if np.isinf(limit).all() and not goals:
                continue
            dose = profile.dose(profile.attenuation(fixed[f"{spot}_position"]))
            self.at_most(limit, dose, optimal=False)
            present = fixed["has_cord"] | (not structure_named(spot.structure).exists)
            for goal in goals:
                with np.errstate(divide="ignore"):  # who has less of it has no limit
                    level = np.where(present, goal / fixed[f"{spot}_hottest"], np.inf)
                self.at_most(level, dose, optimal=True)

    def at_most(self, level: np.ndarray, dose: np.ndarray, optimal: bool) -> None:
        excess = np.maximum(dose - level, 0.0) / np.maximum(dose, 1e-9)
        self._add(np.where(dose > level + DOSE_TOLERANCE, excess, 0.0), optimal)

    def at_least(self, level: np.ndarray, dose: np.ndarray, optimal: bool) -> None:
        shortage = np.maximum(level - dose, 0.0) / level
        self._add(np.where(dose < level - DOSE_TOLERANCE, shortage, 0.0), optimal)

    def dose(self, limit: Limit, dose: np.ndarray) -> None:
        """Judge a metric by its dose [Gy]; outside a window is one missed goal, not two."""
        if limit.at_most is not None:
            self.at_most(np.asarray(limit.at_most), dose, limit.optimal)
        if limit.at_least is not None:
            self.at_least(np.asarray(limit.at_least), dose, limit.optimal)

    def volume(self, limit: Limit, cold: Callable[[np.ndarray], np.ndarray]) -> None:
        """Judge a metric by the share of volume below the limit's dose."""
        share = limit.cold_share
        for level, side in ((limit.at_least, 1.0), (limit.at_most, -1.0)):
            if level is not None:
                short = side * (cold(np.asarray(level)) - share)
                self._add(np.where(short > VOLUME_TOLERANCE, short, 0.0), limit.optimal)

    def _add(self, amount: np.ndarray, optimal: bool) -> None:
        if optimal:
            self.missed = self.missed + (amount > 0)
        else:
            self.breach = self.breach + amount


class Quantiles:
    """Doses at rising cold shares of a structure, shape (patient, share), linear in between.

    Examples
    --------
    >>> quantiles = Quantiles(np.array([[10.0, 20.0]]), (0.2, 0.6))
    >>> quantiles.share_below(np.array([15.0])).round(6).tolist()
    [0.4]
    """

    def __init__(self, dose: np.ndarray, shares: tuple[float, ...]) -> None:
        self.dose = dose
        steps = np.array(shares)
        self._ends = 1.0 / np.maximum(np.diff(dose, axis=1), np.float32(1e-9))
        self._ends *= np.diff(steps).astype(dose.dtype)
        self._steps = np.diff(steps).astype(dose.dtype)
        self._first = steps[0]

    def share_below(self, level: np.ndarray | float) -> np.ndarray:
        """Share of volume colder than a level [Gy]; it jumps to 0 and 1 beyond the ends."""
        level = np.asarray(level, dtype=self.dose.dtype)
        if (level > self.dose[:, -1]).all():  # the commonest case, and the same numbers as below
            return np.ones(len(self.dose))
        if (level <= self.dose[:, 0]).all():
            return np.zeros(len(self.dose))
        column = level[:, None] if level.ndim else level
        rise = column - self.dose[:, :-1]
        rise *= self._ends
        np.maximum(rise, 0, out=rise)
        np.minimum(rise, self._steps, out=rise)
        share = self._first + rise.sum(axis=1).astype(float)
        share = np.where(level > self.dose[:, 0], share, 0.0)
        return np.where(level > self.dose[:, -1], 1.0, share)
