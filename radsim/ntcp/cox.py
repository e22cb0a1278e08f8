"""A complication by proportional hazards in dose and covariates (Cox form)."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.covariates import check_ratios, log_ratio
from radsim.response.model import LARGEST
from radsim.vocabulary.numbers import Parameter, Real


def cox_hazard(
    dose: lq.Quantity, baseline: lq.Quantity, slope: lq.Quantity, log_ratios: lq.Quantity = 0.0
) -> lq.Quantity:
    r"""Cumulative hazard, :math:`H_0 \exp(b D + \sum_k z_k \ln HR_k)`.

    Examples
    --------
    >>> round(float(-np.expm1(-cox_hazard(47.096, baseline=0.01, slope=0.05))), 6)
    0.1
    """
    with np.errstate(over="ignore"):  # in logs no factor is too small or too large
        return np.minimum(np.exp(np.log(baseline) + slope * dose + log_ratios), LARGEST)


@dataclass(frozen=True, kw_only=True)
class CoxNTCP(ComplicationModel):
    r"""Proportional hazards in dose.

    .. math:: p = 1 - \exp\bigl(-H_0 e^{b D + \sum_k z_k \ln HR_k}\bigr)

    At zero dose it is :math:`1 - e^{-H_0}`, not 0.

    Attributes
    ----------
    baseline_hazard
        Cumulative hazard at zero dose where the onset's growth is 1, :math:`H_0`.
    slope
        Log hazard for each Gy, b [1/Gy].
    hazard_ratios
        For each unit of a numeric cohort variable.
    references
        Value of the variable at which the ratio is 1; 0 unless given.
    """

    equation: ClassVar[str] = "p = 1 - exp(-H0 exp(b D + sum_k z_k ln HR_k))"
    shape: ClassVar[tuple[str, ...]] = ("baseline_hazard", "slope")
    increasing: ClassVar[tuple[str, ...]] = ("baseline_hazard", "slope")

    kind: Literal["cox"] = "cox"
    baseline_hazard: Parameter
    slope: Parameter
    hazard_ratios: dict[str, Real] = field(default_factory=dict)
    references: dict[str, Real] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ratios(self.hazard_ratios, self.references, "hazard_ratios")

    @property
    def reference_values(self) -> dict[str, float]:
        """Covariates, with the value at which each changes nothing."""
        return {name: self.references.get(name, 0.0) for name in self.hazard_ratios}

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at what ``effect`` names [Gy]."""
        covariates = log_ratio(self.hazard_ratios, self.references, patients)
        return -np.expm1(
            -cox_hazard(
                self._checked(effect, weight),
                self._value("baseline_hazard", patients),
                self._value("slope", patients),
                covariates,
            )
        )
