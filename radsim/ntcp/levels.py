"""Complications of which only a level is known, or one below and one above a dose."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import Patients
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter


@dataclass(frozen=True, kw_only=True)
class LevelsNTCP(ComplicationModel):
    r"""Published risks below and above a dose, where no curve between them is known.

    .. math:: p = \begin{cases} p_{below} & D < D_t \\
              \max(p_{below}, p_{above}) & D \ge D_t \end{cases}

    Without a threshold it is one level, at any dose: that of a series in which no relation to dose
    was seen.

    Attributes
    ----------
    below, above
        Probability below the threshold, and from it on; drawn ones never fall with dose.
    threshold
        Dose at which the series was split [Gy].

    Examples
    --------
    >>> from radsim.ntcp import load_ntcp
    >>> split = load_ntcp("esophagus-cox-2012")
    >>> [round(float(split.probability(dose, fractions=1)), 3) for dose in (13.0, 15.0)]
    [0.02, 0.118]
    """

    equation: ClassVar[str] = "p = below if D < threshold, else the higher of below and above"
    shape: ClassVar[tuple[str, ...]] = ("below", "above", "threshold")

    kind: Literal["levels"] = "levels"
    below: Parameter = 0.0
    above: Parameter
    threshold: Parameter = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("below", "above"):
            level = getattr(self, name)
            require(
                isinstance(level, str)
                or bool(np.all((np.asarray(level) >= 0) & (np.asarray(level) <= 1))),
                f"{name} must lie between 0 and 1, got {level}",
            )
        lowest = self.threshold
        require(
            isinstance(lowest, str) or bool(np.all(np.asarray(lowest) >= 0)),
            f"threshold must not be negative, got {lowest}",
        )

    def _probability(self, dose: np.ndarray, weight: Any, patients: Patients) -> np.ndarray:
        below, above, threshold = self._curve(patients)
        lower = np.asarray(below, dtype=float)
        return np.where(dose >= threshold, np.maximum(lower, above), lower)
