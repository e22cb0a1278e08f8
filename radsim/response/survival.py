"""Survival of the cohort, which competes with every other endpoint."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from radsim.patients.patients import NOBODY, Patients
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter


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

    kind: Literal["weibull"] = "weibull"
    preset: str = ""
    shape: Parameter
    scale: Parameter

    def __post_init__(self) -> None:
        for name in ("shape", "scale"):
            value = getattr(self, name)
            require(isinstance(value, str) or value > 0, f"{name} must be above 0, got {value}")

    def alive(self, months: float, patients: Patients = NOBODY) -> np.ndarray:
        """Return the probability to live longer than a time [months], shape (patient,)."""
        shape, scale = patients.value_of(self.shape), patients.value_of(self.scale)
        return np.exp(-((months / scale) ** shape))

    def time(self, u: np.ndarray, patients: Patients = NOBODY) -> np.ndarray:
        """Return the time of death from uniforms, shape (patient,) [months]."""
        shape, scale = patients.value_of(self.shape), patients.value_of(self.scale)
        return scale * (-np.log1p(-u)) ** (1.0 / shape)
