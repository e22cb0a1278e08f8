"""What an arm of a virtual trial does to its patients: stated laws, or simulated patients."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real

TWO_YEARS = 24.0  # months at which control is stated unless told otherwise


@dataclass(frozen=True, kw_only=True)
class StatedArm:
    """An arm stated by its hazards, its proportions or its survival; give one of each group.

    Attributes
    ----------
    failure_hazard
        Constant hazard of the event [1/month].
    control, control_months
        Probability to be free of the event at a time if nobody died; with ``failure_shape`` it
        gives the hazard.
    failure_shape
        Net control is exp(-(t/scale)^shape).
    death_hazard
        Constant hazard of death [1/month].
    median_survival
        Of exponential survival [months].
    survival, survival_months
        Probability to be alive at a time; with ``survival_shape`` it gives the law.
    survival_shape
        Weibull shape.
    proportion
        Of patients with the binary endpoint.
    label
        What the arm is called in figures and text.
    """

    failure_hazard: Real | None = None
    control: Real | None = None
    control_months: Real = TWO_YEARS
    failure_shape: Real = 1.0
    death_hazard: Real | None = None
    median_survival: Real | None = None
    survival: Real | None = None
    survival_months: Real = 12.0
    survival_shape: Real = 1.0
    proportion: Real | None = None
    label: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        for group in (
            ("failure_hazard", "control"),
            ("death_hazard", "median_survival", "survival"),
        ):
            given = [name for name in group if getattr(self, name) is not None]
            require(len(given) <= 1, f"give one of {', '.join(group)}, not {' and '.join(given)}")
        for name in ("failure_hazard", "death_hazard"):
            value = getattr(self, name)
            require(
                value is None or 0.0 <= value < np.inf, f"{name} must be 0 or more, got {value}"
            )
        for name in ("control", "survival"):
            value = getattr(self, name)
            require(
                value is None or 0.0 < value <= 1.0,
                f"{name} must be above 0 and at most 1, got {value}",
            )
        p = self.proportion
        require(p is None or 0.0 <= p <= 1.0, f"proportion must lie between 0 and 1, got {p}")
        for name in (
            "control_months", "survival_months", "failure_shape", "survival_shape",
            "median_survival",
        ):  # fmt: skip
            value = getattr(self, name)
            require(value is None or value > 0.0, f"{name} must be above 0, got {value}")

    @property
    def has_times(self) -> bool:
        """Whether the arm says when its patients fail."""
        return self.failure_hazard is not None or self.control is not None

    @property
    def stated_death(self) -> str:
        """Name of what the arm states of death; empty where nobody dies."""
        names = ("death_hazard", "median_survival", "survival")
        return next((name for name in names if getattr(self, name) is not None), "")

    @property
    def failure(self) -> tuple[float, float]:
        """Shape k and rate a of the cumulative hazard of the event, a t^k."""
        if self.control is not None:
            rate = _level(self.control) / self.control_months**self.failure_shape
            return float(self.failure_shape), float(rate)
        return float(self.failure_shape), float(self.failure_hazard or 0.0) ** self.failure_shape

    @property
    def death(self) -> tuple[float, float]:
        """Shape k and rate a of the cumulative hazard of death, a t^k."""
        if self.median_survival is not None:
            return 1.0, float(np.log(2.0) / self.median_survival)
        if self.survival is not None:
            rate = _level(self.survival) / self.survival_months**self.survival_shape
            return float(self.survival_shape), float(rate)
        return 1.0, float(self.death_hazard or 0.0)


@dataclass(frozen=True)
class PatientPool:
    """Simulated patients, each under both arms: what happens to them and when.

    Attributes
    ----------
    failure, death
        Times of the event and of death, infinite for never, shape (2, patient) [months].
    harms
        Times of harms by name, of the same shape.
    pools
        How many pools of equal size stand side by side, one for each draw of uncertain
        parameters; trial i takes its patients from pool i, and they go round.
    words
        What each harm is called in a sentence.
    """

    failure: np.ndarray
    death: np.ndarray
    harms: dict[str, np.ndarray]
    pools: int = 1
    words: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.failure.shape
        require(
            len(shape) == 2 and shape[0] == 2 and shape[1] > 0,
            f"a pool holds two arms and at least one patient, got the shape {shape}",
        )
        require(
            self.pools >= 1 and shape[1] % self.pools == 0,
            f"{shape[1]} patients can't be shared among {self.pools} pools",
        )
        for name, times in (("failure", self.failure), ("death", self.death), *self.harms.items()):
            require(times.shape == shape, f"{name} must have the shape {shape}, got {times.shape}")
            require(bool((times >= 0.0).all()), f"{name}: times must be 0 or more")


def _level(probability: float) -> float:
    """Cumulative hazard that leaves so many free; 0, not -0, where all are."""
    return float(-np.log(probability)) + 0.0


Law = tuple[float, float] | tuple[np.ndarray, np.ndarray]  # shape and rate, also by trial


def time_of(law: Law, exponential: np.ndarray) -> np.ndarray:
    """Time at which the cumulative hazard a t^k reaches a level; never if a is 0.

    Examples
    --------
    >>> float(time_of((1.0, 0.02), np.array(0.5)))
    25.0
    """
    shape, rate = law
    with np.errstate(divide="ignore", over="ignore"):  # what overflows never happens
        level = exponential / np.asarray(rate)
        return level if np.all(np.equal(shape, 1.0)) else level ** (1.0 / np.asarray(shape))
