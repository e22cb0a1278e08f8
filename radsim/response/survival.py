"""Survival, which competes with every other endpoint: a property of the patient, not of a dose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from radsim.patients.patients import NOBODY, Patients
from radsim.response.covariates import check_ratios, log_ratio
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter, Real, named_parameters, require_positive

USUAL_TIMES = (12.0, 24.0)  # at which a cohort has exactly the survival that is stated [months]


@dataclass(frozen=True, kw_only=True)
class WeibullSurvival:
    r"""Weibull survival.

    .. math:: S(t) = \exp\bigl(-(t / scale)^{shape}\bigr)

    Attributes
    ----------
    shape, scale
        A number, or the name of a cohort variable [1, months]; the median is
        :math:`scale (\ln 2)^{1 / shape}`.

    Examples
    --------
    >>> law = WeibullSurvival(shape=1.0, scale=15.0 / np.log(2.0))
    >>> round(float(law.alive(15.0)), 12)
    0.5
    """

    equation: ClassVar[str] = "S(t) = exp(-(t / scale)^shape)"
    covariates: ClassVar[tuple[str, ...]] = ()

    kind: Literal["weibull"] = "weibull"
    preset: str = ""
    shape: Parameter
    scale: Parameter

    def __post_init__(self) -> None:
        require_positive(self, "shape", "scale")

    def alive(self, months: float, patients: Patients = NOBODY) -> np.ndarray:
        """Return the probability to live longer than a time [months], shape (patient,)."""
        shape, scale = patients.value_of(self.shape), patients.value_of(self.scale)
        with np.errstate(over="ignore"):  # nobody is left
            return np.exp(-np.power(months / scale, shape))

    def time(self, u: np.ndarray, patients: Patients = NOBODY) -> np.ndarray:
        """Return the time of death from uniforms, shape (patient,) [months]."""
        shape, scale = patients.value_of(self.shape), patients.value_of(self.scale)
        return scale * (-np.log1p(-u)) ** (1.0 / shape)


@dataclass(frozen=True, kw_only=True)
class SurvivalByClass:
    r"""Exponential survival in classes of patients.

    .. math:: S(t) = 2^{-t / m_c}

    Attributes
    ----------
    variable
        Cohort variable whose labels are the classes.
    medians
        Median survival of each class [months].

    Examples
    --------
    >>> law = SurvivalByClass(variable="group", medians={"good": 24.0, "poor": 6.0})
    >>> of = Patients.of({"group": [0, 1]}, labels={"group": ("good", "poor")})
    >>> law.alive(24.0, of).tolist()
    [0.5, 0.0625]
    """

    equation: ClassVar[str] = "S(t) = 2^(-t / median of the class)"

    kind: Literal["classes"] = "classes"
    preset: str = ""
    variable: str
    medians: dict[str, Real]

    def __post_init__(self) -> None:
        require(len(self.medians) > 0, "medians must name the classes")
        for label, median in self.medians.items():
            require(median > 0, f"medians.{label} must be above 0, got {median}")

    @property
    def covariates(self) -> tuple[str, ...]:
        """Cohort variables that are read."""
        return (self.variable,)

    def scale(self, patients: Patients) -> np.ndarray:
        """Mean survival of each patient, shape (patient,) [months]."""
        by_code = [self.medians[label] for label in patients.labels[self.variable]]
        return np.array(by_code)[patients[self.variable]] / np.log(2.0)

    def alive(self, months: float, patients: Patients) -> np.ndarray:
        """Return the probability to live longer than a time [months], shape (patient,)."""
        return np.exp(-months / self.scale(patients))

    def time(self, u: np.ndarray, patients: Patients) -> np.ndarray:
        """Return the time of death from uniforms, shape (patient,) [months]."""
        return -np.log1p(-u) * self.scale(patients)


@dataclass(frozen=True, kw_only=True)
class ProportionalHazards:
    r"""Hazard ratios of covariates on a baseline that gives a cohort its stated survival.

    .. math:: S_i(t) = \exp\bigl(-H_0(t) \textstyle\prod_k r_k^{z_{ik} - z_{k,ref}}\bigr)

    with :math:`H_0(t) = (t / scale)^{shape}`, see `radsim.response.baseline.solve_baseline`.

    Attributes
    ----------
    hazard_ratios
        For each unit of a cohort variable.
    references
        Value at which a ratio is 1, 0 unless given.
    stated
        What the cohort as a whole survives; of a cohort's preset of this name unless given.
    met_at
        Two times at which it does exactly [months].
    baseline
        The law of whoever has every covariate at its reference; solved for unless given.
    """

    equation: ClassVar[str] = "S(t) = exp(-H0(t) product of ratio^(covariate - reference))"
    of_its_cohort: ClassVar[tuple[str, ...]] = ("stated", "baseline")  # no change of the preset

    kind: Literal["proportional-hazards"] = "proportional-hazards"
    preset: str = ""
    hazard_ratios: dict[str, Real]
    references: dict[str, Real] = field(default_factory=dict)
    stated: WeibullSurvival | None = None
    met_at: tuple[Real, Real] = USUAL_TIMES
    baseline: WeibullSurvival | None = None

    def __post_init__(self) -> None:
        check_ratios(self.hazard_ratios, self.references, "hazard_ratios")
        early, late = self.met_at
        require(0 < early < late, f"met_at must be above 0 and rise, got {early:g} and {late:g}")
        for name in self.of_its_cohort:
            law: WeibullSurvival | None = getattr(self, name)
            require(not named_parameters(law), f"{name} must have numbers for shape and scale")

    @property
    def covariates(self) -> tuple[str, ...]:
        """Cohort variables that are read."""
        return tuple(self.hazard_ratios)

    def ratio(self, patients: Patients) -> np.ndarray:
        """Hazard ratio of each patient, shape (patient,)."""
        logs = log_ratio(self.hazard_ratios, self.references, patients)
        return np.exp(logs) * np.ones(len(patients))

    def alive(self, months: float, patients: Patients) -> np.ndarray:
        """Return the probability to live longer than a time [months], shape (patient,)."""
        assert self.baseline is not None
        return self.baseline.alive(months) ** self.ratio(patients)

    def time(self, u: np.ndarray, patients: Patients) -> np.ndarray:
        """Return the time of death from uniforms, shape (patient,) [months]."""
        assert self.baseline is not None
        shape, scale = map(NOBODY.value_of, (self.baseline.shape, self.baseline.scale))
        return scale * (-np.log1p(-u) / self.ratio(patients)) ** (1.0 / shape)


Survival = Annotated[
    WeibullSurvival | SurvivalByClass | ProportionalHazards, Field(discriminator="kind")
]


def mean_alive(law: SurvivalByClass, shares: Mapping[str, float], months: float) -> float:
    """Return the share alive at a time [months] of a mix of classes.

    Examples
    --------
    >>> law = SurvivalByClass(variable="group", medians={"good": 24.0, "poor": 6.0})
    >>> mean_alive(law, {"good": 1, "poor": 3}, 24.0)
    0.171875
    """
    people = Patients.of(
        {law.variable: np.arange(len(shares))}, labels={law.variable: tuple(shares)}
    )
    weights = np.array(list(shares.values()), dtype=float)
    return float((law.alive(months, people) * weights).sum() / weights.sum())
