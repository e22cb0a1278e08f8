"""Radiation myelopathy, logistic in the EQD2 of the cord's hottest point."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.dose.metrics import DoseMetric
from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter, Real


@dataclass(frozen=True, kw_only=True)
class LogisticCordNTCP(ComplicationModel):
    r"""Lifetime net risk of myelopathy, logistic in EQD2.

    .. math:: p = \frac{1}{1 + \exp(-b_0 - b_1\,EQD2)}

    and :math:`p = 0` below a threshold of EQD2, and for patients without a cord at the treated
    level. After a prior course EQD2 is cumulative: the new course plus what has not recovered
    of the old one.

    Attributes
    ----------
    intercept, slope
        :math:`b_0` and :math:`b_1` [1, 1/Gy].
    threshold
        EQD2 below which the risk is zero [Gy]: there the curve jumps.

    References
    ----------
    Sahgal et al. (2013), Int. J. Radiat. Oncol. Biol. Phys. 85, 341-347;
    Sahgal et al. (2021), Int. J. Radiat. Oncol. Biol. Phys. 110, 124-136.
    """

    equation: ClassVar[str] = "logit p = b0 + b1 EQD2; p = 0 below the threshold"
    takes: ClassVar[str] = "a metric, as cumulative EQD2"
    shape: ClassVar[tuple[str, ...]] = ("intercept", "slope")
    increasing: ClassVar[tuple[str, ...]] = ("slope",)

    kind: Literal["logistic_eqd2"] = "logistic_eqd2"
    intercept: Parameter
    slope: Parameter
    threshold: Real = 0.0
    effect: Literal["eqd2"] = "eqd2"
    fitted_on: str = "spinal_cord"
    dose: DoseMetric = field(
        default_factory=lambda: DoseMetric(structure="spinal_cord", metric="D0.03cc")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.threshold >= 0, f"threshold must not be negative, got {self.threshold}")

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Lifetime risk at a cumulative EQD2 [Gy]."""
        eqd2 = self._checked(effect, weight)
        with np.errstate(over="ignore"):
            log_odds = self._value("intercept", patients) + self._value("slope", patients) * eqd2
        return np.where(eqd2 >= self.threshold, special.expit(log_odds), 0.0)
