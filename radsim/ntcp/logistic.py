"""Complications whose log odds depend on dose: logistic and log-logistic."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from scipy import special

from radsim.dose.metrics import DoseMetric
from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import Patients
from radsim.response.covariates import check_ratios, log_ratio
from radsim.response.model import LARGEST
from radsim.vocabulary.mistakes import require
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
    def _covariates(self) -> tuple[dict[str, float], dict[str, float]]:
        return self.odds_ratios, self.references

    def _log_odds(self, dose: np.ndarray, patients: Patients) -> np.ndarray:
        """Log odds at a dose, without covariates."""
        raise NotImplementedError

    def _probability(self, dose: np.ndarray, weight: Any, patients: Patients) -> np.ndarray:
        covariates = log_ratio(*self._covariates, patients)
        return special.expit(self._log_odds(dose, patients) + covariates)


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

    def _log_odds(self, dose: np.ndarray, patients: Patients) -> np.ndarray:
        intercept, slope = self._curve(patients)
        return intercept + slope * dose


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

    def _log_odds(self, dose: np.ndarray, patients: Patients) -> np.ndarray:
        d50, gamma50 = self._curve(patients)
        relative = (dose - d50) / d50  # exact where dose is next to D50
        return 4.0 * np.minimum(gamma50 * relative, LARGEST)


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
    """

    equation: ClassVar[str] = "logit p = k ln(D / D50) + sum_k z_k ln OR_k"
    shape: ClassVar[tuple[str, ...]] = ("d50", "k")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "k")

    kind: Literal["log_logistic"] = "log_logistic"
    d50: Parameter
    k: Parameter

    def _log_odds(self, dose: np.ndarray, patients: Patients) -> np.ndarray:
        d50, k = self._curve(patients)
        with np.errstate(divide="ignore"):
            return np.clip(k * (np.log(dose) - np.log(d50)), -LARGEST, LARGEST)


@dataclass(frozen=True, kw_only=True)
class LogisticCordNTCP(ComplicationModel):
    r"""Lifetime net risk of myelopathy, logistic in EQD2.

    .. math:: p = \frac{1}{1 + \exp(-b_0 - b_1\,(EQD2 - c))}

    and :math:`p = 0` below a threshold of EQD2, and for patients without a cord at the treated
    level. After a prior course EQD2 is cumulative: the new course plus what has not recovered
    of the old one.

    Attributes
    ----------
    intercept, slope
        :math:`b_0` and :math:`b_1` [1, 1/Gy].
    center
        EQD2 at which the log odds are the intercept, c [Gy]; where it is the dose that the level
        was set at, level and slope can be drawn independently.
    threshold
        EQD2 below which the risk is zero [Gy]: there the curve jumps.

    References
    ----------
    Sahgal et al. (2013), Int. J. Radiat. Oncol. Biol. Phys. 85, 341-347;
    Sahgal et al. (2021), Int. J. Radiat. Oncol. Biol. Phys. 110, 124-136.
    """

    equation: ClassVar[str] = "logit p = b0 + b1 (EQD2 - c); p = 0 below the threshold"
    takes: ClassVar[str] = "a metric, as cumulative EQD2"
    reads_parts: ClassVar[bool] = False
    shape: ClassVar[tuple[str, ...]] = ("intercept", "slope")
    increasing: ClassVar[tuple[str, ...]] = ("slope",)

    kind: Literal["logistic_eqd2"] = "logistic_eqd2"
    intercept: Parameter
    slope: Parameter
    center: Real = 0.0
    threshold: Real = 0.0
    effect: Literal["eqd2"] = "eqd2"
    fitted_on: str = "spinal_cord"
    dose: DoseMetric = field(
        default_factory=lambda: DoseMetric(structure="spinal_cord", metric="D0.03cc")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.threshold >= 0, f"threshold must not be negative, got {self.threshold}")

    def _probability(self, dose: np.ndarray, weight: Any, patients: Patients) -> np.ndarray:
        intercept, slope = self._curve(patients)
        log_odds = intercept + slope * (dose - self.center)
        return np.where(dose >= self.threshold, special.expit(log_odds), 0.0)
