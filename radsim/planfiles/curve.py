"""A DVH as a curve: doses at ascending shares of a volume, straight in between."""

from dataclasses import dataclass

import numpy as np

from radsim.radiobiology.dvh import dose_at_volume

FINE_PART = 0.05  # [Gy] width of the parts in which a curve is integrated
SAME = 1e-12  # shares of a volume this close are one, but for rounding
TOLERANCE = 0.005  # [Gy] by which a shortened curve may miss the doses it stands for


@dataclass(frozen=True, eq=False)
class Curve:
    """A cumulative DVH, hottest first.

    Attributes
    ----------
    share
        Share of the volume, ascending from 0 to 1; twice the same where the DVH is flat, so that a
        step stays a step.
    dose
        Lowest dose in that share [Gy].
    """

    share: np.ndarray
    dose: np.ndarray

    def at(self, share: float) -> float:
        """Lowest dose in the hottest share of the volume [Gy].

        Examples
        --------
        >>> Curve(np.array([0.0, 0.5, 0.5, 1.0]), np.array([24.0, 24.0, 12.0, 12.0])).at(0.6)
        12.0
        """
        return float(dose_at_volume(self.dose, self.share, share))

    def share_above(self, dose: float) -> float:
        """Share of the volume that receives at least a dose [Gy].

        Examples
        --------
        >>> curve = Curve(np.array([0.0, 0.5, 0.5, 1.0]), np.array([24.0, 24.0, 12.0, 0.0]))
        >>> curve.share_above(6.0)
        0.75
        """
        last = int(np.count_nonzero(self.dose >= dose)) - 1
        if last < 0 or last == self.dose.size - 1:
            return 0.0 if last < 0 else 1.0
        fall = self.dose[last] - self.dose[last + 1]
        part = (self.dose[last] - dose) / fall
        return float(self.share[last] + part * (self.share[last + 1] - self.share[last]))

    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Doses [Gy] and shares of the volume that stand for the whole curve in a sum.

        The shares add up to 1. No part is wider than 0.05 Gy and each stands at its own mean, so
        that the mean dose is exact and any other reduction nearly so, steps included.

        Examples
        --------
        >>> dose, share = Curve(np.array([0.0, 1.0]), np.array([30.1, 30.0])).parts()
        >>> dose.round(3).tolist(), share.tolist()
        ([30.075, 30.025], [0.5, 0.5])
        """
        width, fall = np.diff(self.share), -np.diff(self.dose)
        held = width > 0.0
        count = np.maximum(np.ceil(fall[held] / FINE_PART - 1e-9), 1).astype(int)
        segment = np.repeat(np.flatnonzero(held), count)
        ends = np.cumsum(count)
        place = (np.arange(ends[-1]) - np.repeat(ends - count, count) + 0.5) / np.repeat(
            count, count
        )
        share = width[segment] / np.repeat(count, count)
        return self.dose[segment] - place * fall[segment], share / share.sum()


def joined(share: np.ndarray, dose: np.ndarray, further: np.ndarray) -> Curve:
    """Return the curve through these points, with points of its own at further shares.

    Its ends are carried on level to 0 and 1.
    """
    if share[0] > 0.0:
        share, dose = np.append(0.0, share), np.append(dose[0], dose)
    if share[-1] < 1.0:
        share, dose = np.append(share, 1.0), np.append(dose, dose[-1])
    after = np.clip(np.searchsorted(share, further), 1, share.size - 1)
    nearest = np.minimum(np.abs(share[after] - further), np.abs(share[after - 1] - further))
    further = np.unique(further[nearest > SAME])
    order = np.argsort(np.concatenate([share, further]), kind="stable")
    values = np.concatenate([dose, dose_at_volume(dose, share, further)])
    # interpolation may rise by the last digit
    return Curve(np.concatenate([share, further])[order], np.minimum.accumulate(values[order]))


def shortened(share: np.ndarray, dose: np.ndarray) -> np.ndarray:
    """Places of the few points that tell all doses at these shares to 0.005 Gy.

    Examples
    --------
    >>> shortened(np.array([0.0, 0.2, 0.4, 0.6]), np.array([30.0, 20.0, 10.0, 10.0])).tolist()
    [0, 2, 3]
    """
    kept, open_spans = {0, share.size - 1}, [(0, share.size - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        between = slice(first + 1, last)
        slope = (dose[last] - dose[first]) / (share[last] - share[first])
        miss = np.abs(dose[between] - dose[first] - slope * (share[between] - share[first]))
        worst = int(miss.argmax())
        if miss[worst] > TOLERANCE:
            middle = first + 1 + worst
            kept.add(middle)
            open_spans += [(first, middle), (middle, last)]
    return np.array(sorted(kept))
