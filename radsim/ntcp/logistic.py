"""Complications whose log odds depend on dose and covariates: logistic and log-logistic."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.covariates import check_ratios, log_ratio
from radsim.response.model import LARGEST
from radsim.vocabulary.numbers import Parameter, Real


@dataclass(frozen=True, kw_only=True)
class OddsModel(ComplicationModel):
    r"""Log odds of a complication: a function of dose, plus the log odds ratios of covariates.

    Attributes
    ----------
    odds_ratios
        For each unit of a numeric cohort variable.
    references
        Value of the variable at which the ratio is 1; 0 unless given.
    """

    odds_ratios: dict[str, Real] = field(default_factory=dict)
    references: dict[str, Real] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ratios(self.odds_ratios, self.references, "odds_ratios")

    @property
    def reference_values(self) -> dict[str, float]:
        """Covariates, with the value at which each changes nothing."""
        return {name: self.references.get(name, 0.0) for name in self.odds_ratios}

    def _log_odds(self, dose: lq.Quantity, patients: Patients) -> lq.Quantity:
        """Log odds at a dose, without covariates."""
        raise NotImplementedError

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at what ``effect`` names [Gy]."""
        covariates = log_ratio(self.odds_ratios, self.references, patients)
        with np.errstate(over="ignore"):
            return special.expit(
                self._log_odds(self._checked(effect, weight), patients) + covariates
            )


@dataclass(frozen=True, kw_only=True)
class LogisticNTCP(OddsModel):
    r"""Log odds linear in dose.

    .. math:: \ln\frac{p}{1-p} = b_0 + b_1 D + \sum_k z_k \ln OR_k

    At zero dose it is :math:`1/(1 + e^{-b_0})`, not 0.

    Attributes
    ----------
    intercept, slope
        :math:`b_0` and :math:`b_1` [1, 1/Gy].
    """

    equation: ClassVar[str] = "logit p = b0 + b1 D + sum_k z_k ln OR_k"
    shape: ClassVar[tuple[str, ...]] = ("intercept", "slope")
    increasing: ClassVar[tuple[str, ...]] = ("slope",)

    kind: Literal["logistic"] = "logistic"
    intercept: Parameter
    slope: Parameter

    def _log_odds(self, dose: lq.Quantity, patients: Patients) -> lq.Quantity:
        """Log odds at a dose, without covariates."""
        return self._value("intercept", patients) + self._value("slope", patients) * dose


@dataclass(frozen=True, kw_only=True)
class LogisticD50NTCP(OddsModel):
    r"""Log odds linear in dose, by the dose of half and the slope there.

    .. math:: \ln\frac{p}{1-p} = 4\gamma_{50} \Bigl(\frac{D}{D_{50}} - 1\Bigr) + \sum_k z_k \ln OR_k

    At zero dose it is :math:`1/(1 + e^{4\gamma_{50}})`, not 0.

    Attributes
    ----------
    d50
        Dose at which half get it [Gy].
    gamma50
        Normalized slope at D50.
    """

    equation: ClassVar[str] = "logit p = 4 g50 (D / D50 - 1) + sum_k z_k ln OR_k"
    shape: ClassVar[tuple[str, ...]] = ("d50", "gamma50")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "gamma50")

    kind: Literal["logistic_d50"] = "logistic_d50"
    d50: Parameter
    gamma50: Parameter

    def _log_odds(self, dose: lq.Quantity, patients: Patients) -> lq.Quantity:
        """Log odds at a dose, without covariates."""
        d50 = self._value("d50", patients)
        relative = (dose - d50) / d50  # exact where dose is next to D50
        return 4.0 * np.minimum(self._value("gamma50", patients) * relative, LARGEST)


@dataclass(frozen=True, kw_only=True)
class LogLogisticNTCP(OddsModel):
    r"""Log odds linear in the log of dose; 0 at zero dose.

    .. math:: \ln\frac{p}{1-p} = k \ln\frac{D}{D_{50}} + \sum_k z_k \ln OR_k

    Attributes
    ----------
    d50
        Dose at which half get it [Gy].
    k
        Exponent, four times the normalized slope at D50.

    Examples
    --------
    >>> from radsim.ntcp import load_ntcp
    >>> round(float(load_ntcp("schultheiss-2008").curve_over_effect(59.3)), 3)
    0.05
    """

    equation: ClassVar[str] = "logit p = k ln(D / D50) + sum_k z_k ln OR_k"
    shape: ClassVar[tuple[str, ...]] = ("d50", "k")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "k")

    kind: Literal["log_logistic"] = "log_logistic"
    d50: Parameter
    k: Parameter

    def _log_odds(self, dose: lq.Quantity, patients: Patients) -> lq.Quantity:
        """Log odds at a dose, without covariates."""
        with np.errstate(divide="ignore"):
            logarithm = np.log(dose) - np.log(self._value("d50", patients))
        return np.clip(self._value("k", patients) * logarithm, -LARGEST, LARGEST)
