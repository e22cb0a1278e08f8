"""What an arm of a virtual trial does to its patients: stated laws, or simulated patients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from radsim.trial.protocol.laws import WeibullLaw
from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real

CONTROL_MONTHS = 24.0  # at which control is stated unless told otherwise
SURVIVAL_MONTHS = 12.0  # at which survival is stated
FAILURE_WAYS = ("failure_hazard", "control")  # to state the law of the event; one of them
DEATH_WAYS = ("death_hazard", "median_survival", "survival")
COMPANIONS = {  # what each key changes only beside one of these
    "control_months": ("control",),
    "failure_shape": FAILURE_WAYS,
    "survival_months": ("survival",),
    "survival_shape": DEATH_WAYS,
}


@dataclass(frozen=True, kw_only=True)
class StatedArm:
    """An arm stated by its hazards, its proportions or its survival; give one of each group.

    Attributes
    ----------
    failure_hazard
        Hazard of the event [1/month]; with ``failure_shape`` k the cumulative one is (h t)^k.
    control, control_months
        Probability to be free of the event at a time, at 24 months unless told otherwise, if
        nobody died.
    failure_shape
        Weibull shape of the time to the event, 1 unless given: net control is
        exp(-(t/scale)^shape), the scale being what the stated hazard or control says.
    death_hazard
        Hazard of death [1/month]; with ``survival_shape`` k the cumulative one is (h t)^k.
    median_survival
        [months].
    survival, survival_months
        Probability to be alive at a time, at 12 months unless told otherwise.
    survival_shape
        Weibull shape of survival, 1 unless given; what is stated of it stays.
    proportion
        Of patients with the binary endpoint.
    label
        What the arm is called in figures and text.

    Raises
    ------
    ValueError
        If a number is impossible, a quantity is stated in two ways, or a key is given that
        changes nothing beside the others.

    Examples
    --------
    >>> arm = StatedArm(control=0.8, median_survival=9.0, survival_shape=3.0)
    >>> [round(float(np.exp(-arm.death.cumulative(t))), 3) for t in (9.0, 18.0)]
    [0.5, 0.004]
    """

    failure_hazard: Real | None = None
    control: Real | None = None
    control_months: Real | None = None
    failure_shape: Real | None = None
    death_hazard: Real | None = None
    median_survival: Real | None = None
    survival: Real | None = None
    survival_months: Real | None = None
    survival_shape: Real | None = None
    proportion: Real | None = None
    label: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        for group in (FAILURE_WAYS, DEATH_WAYS):
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
        for name in (*COMPANIONS, "median_survival"):
            value = getattr(self, name)
            require(value is None or value > 0.0, f"{name} must be above 0, got {value}")
        for name, owners in COMPANIONS.items():
            value = getattr(self, name)
            acts = any(getattr(self, owner) is not None for owner in owners)
            require(
                value is None or acts,
                f"{name} must go with {_either(owners)}, without which it has no effect; got "
                f"{value} beside {_stated(self, (*FAILURE_WAYS, *DEATH_WAYS, 'proportion'))}",
            )

    @property
    def has_times(self) -> bool:
        """Whether the arm says when its patients fail."""
        return self.failure_hazard is not None or self.control is not None

    @property
    def stated_death(self) -> str:
        """Name of what the arm states of death; empty where nobody dies."""
        return next((name for name in DEATH_WAYS if getattr(self, name) is not None), "")

    @property
    def failure(self) -> WeibullLaw:
        """Law of the time to the event."""
        shape = 1.0 if self.failure_shape is None else float(self.failure_shape)
        if self.control is not None:
            return WeibullLaw(shape, _rate(self.control, self.months_of("control"), shape))
        return WeibullLaw(shape, float(self.failure_hazard or 0.0) ** shape)

    @property
    def death(self) -> WeibullLaw:
        """Law of the time to death."""
        shape = 1.0 if self.survival_shape is None else float(self.survival_shape)
        if self.median_survival is not None:
            return WeibullLaw(shape, _rate(0.5, float(self.median_survival), shape))
        if self.survival is not None:
            return WeibullLaw(shape, _rate(self.survival, self.months_of("survival"), shape))
        return WeibullLaw(shape, float(self.death_hazard or 0.0) ** shape)

    def months_of(self, name: str) -> float:
        """When ``control`` or ``survival`` is stated [months]."""
        usual = {"control": CONTROL_MONTHS, "survival": SURVIVAL_MONTHS}[name]
        months = getattr(self, f"{name}_months")
        return usual if months is None else float(months)


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
    """

    failure: np.ndarray
    death: np.ndarray
    harms: dict[str, np.ndarray]
    pools: int = 1

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

    def apart(self) -> Iterator["PatientPool"]:
        """Give the pools one by one."""
        size = self.death.shape[1] // self.pools
        for first in range(0, self.death.shape[1], size):
            part = slice(first, first + size)
            harms = {name: times[:, part] for name, times in self.harms.items()}
            yield PatientPool(self.failure[:, part], self.death[:, part], harms)


def _rate(free: float, months: float, shape: float) -> float:
    """Rate a of the cumulative hazard a t^k that leaves so many free at a time; 0, not -0."""
    return float(-np.log(free)) / months**shape + 0.0


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _stated(arm: StatedArm, names: Sequence[str]) -> str:
    return " and ".join(name for name in names if getattr(arm, name) is not None) or "none of them"
