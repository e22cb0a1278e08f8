"""What an arm of a virtual trial does to its patients: stated laws, or simulated patients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from radsim.trial.protocol.laws import Law, Pieces, SparedLaw, WeibullLaw
from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.words import listed

ROLES = ("control", "experimental")
CONTROL_MONTHS = 24.0  # at which control is stated unless told otherwise
SURVIVAL_MONTHS = 12.0  # at which survival is stated
FAILURE_WAYS = ("failure_hazard", "control", "failure_pieces")  # to state the law of the event
DEATH_WAYS = ("death_hazard", "median_survival", "survival", "death_pieces")
COMPANIONS = {  # what each key changes only beside one of these
    "control_months": ("control",),
    "failure_shape": ("failure_hazard", "control"),
    "cured": FAILURE_WAYS,
    "survival_months": ("survival",),
    "survival_shape": ("death_hazard", "median_survival", "survival"),
    "survivors": DEATH_WAYS,
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
    failure_pieces
        Constant hazards of the event one after the other.
    cured
        Share who never have the event, 0 unless given; what is stated as control is of all, a
        hazard is that of the others.
    death_hazard
        Hazard of death [1/month]; with ``survival_shape`` k the cumulative one is (h t)^k.
    median_survival
        [months].
    survival, survival_months
        Probability to be alive at a time, at 12 months unless told otherwise.
    survival_shape
        Weibull shape of survival, 1 unless given; what is stated of it stays.
    death_pieces
        Constant hazards of death one after the other.
    survivors
        Share who do not die, 0 unless given; the median and survival are of all.
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
    failure_pieces: Pieces | None = None
    cured: Real | None = None
    death_hazard: Real | None = None
    median_survival: Real | None = None
    survival: Real | None = None
    survival_months: Real | None = None
    survival_shape: Real | None = None
    death_pieces: Pieces | None = None
    survivors: Real | None = None
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
        self._check_spared()
        for name in (*COMPANIONS, "median_survival"):
            value = getattr(self, name)
            require(value is None or value > 0.0, f"{name} must be above 0, got {value}")
        for name, owners in COMPANIONS.items():
            value = getattr(self, name)
            acts = any(getattr(self, owner) is not None for owner in owners)
            require(
                value is None or acts,
                f"{name} must go with {listed(owners, 'or')}, without which it has no effect; got "
                f"{value} beside {_stated(self, (*FAILURE_WAYS, *DEATH_WAYS, 'proportion'))}",
            )

    def _check_spared(self) -> None:
        """Raise ValueError for a share spared that is impossible beside what is stated of all."""
        median = None if self.median_survival is None else 0.5
        for name, stated, of_all in (
            ("cured", "control", (self.control,)),
            ("survivors", "survival", (self.survival, median)),
        ):
            share = getattr(self, name)
            if share is None:
                continue
            require(0.0 < share < 1.0, f"{name} must lie between 0 and 1, got {share}")
            for value in of_all:
                require(
                    value is None or share < value,
                    f"{name} must be below the {stated} that is stated of all, {value}, "
                    f"got {share}",
                )

    @property
    def has_times(self) -> bool:
        """Whether the arm says when its patients fail."""
        return any(getattr(self, name) is not None for name in FAILURE_WAYS)

    @property
    def stated_death(self) -> str:
        """Name of what the arm states of death; empty where nobody dies."""
        return next((name for name in DEATH_WAYS if getattr(self, name) is not None), "")

    @property
    def failure(self) -> Law:
        """Law of the time to the event."""
        at = None if self.control is None else (float(self.control), self.months_of("control"))
        return _law(self.failure_hazard, at, self.failure_pieces, self.failure_shape, self.cured)

    @property
    def death(self) -> Law:
        """Law of the time to death."""
        at = None if self.survival is None else (float(self.survival), self.months_of("survival"))
        if self.median_survival is not None:
            at = 0.5, float(self.median_survival)
        return _law(self.death_hazard, at, self.death_pieces, self.survival_shape, self.survivors)

    def months_of(self, name: str) -> float:
        """When ``control`` or ``survival`` is stated [months]."""
        usual = {"control": CONTROL_MONTHS, "survival": SURVIVAL_MONTHS}[name]
        months = getattr(self, f"{name}_months")
        return usual if months is None else float(months)


@dataclass(frozen=True)
class PatientPool:
    """Simulated patients, each under every arm: what happens to them and when.

    Attributes
    ----------
    failure, death
        Times of the event and of death, infinite for never, shape (arm, patient) [months].
    harms
        Times of harms by name, of the same shape.
    pools
        How many pools of equal size stand side by side, one for each draw of uncertain
        parameters; trial i takes its patients from pool i, and they go round.
    words
        What each harm is called in a sentence.
    labels
        What the arms are called in figures and text.
    eligible
        Share of those screened who are eligible.
    inside
        Who is in the subgroup, shape (patient,); None without one.
    factors
        Level of each patient by the name of a factor of minimization, from 0, shape (patient,).
    responses
        Times of what is good for patients, by name, of the same shape.
    among
        Whether a harm or a response concerns a patient, by name, shape (patient,); everyone
        unless given.
    """

    failure: np.ndarray
    death: np.ndarray
    harms: dict[str, np.ndarray]
    pools: int = 1
    words: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ROLES
    eligible: float = 1.0
    inside: np.ndarray | None = None
    factors: Mapping[str, np.ndarray] = field(default_factory=dict)
    responses: dict[str, np.ndarray] = field(default_factory=dict)
    among: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.failure.shape
        require(
            len(shape) == 2 and shape[0] >= 2 and shape[1] > 0,
            f"a pool holds two arms or more and at least one patient, got the shape {shape}",
        )
        require(
            self.pools >= 1 and shape[1] % self.pools == 0,
            f"{shape[1]} patients can't be shared among {self.pools} pools",
        )
        others = (*self.harms.items(), *self.responses.items())
        for name, times in (("failure", self.failure), ("death", self.death), *others):
            require(times.shape == shape, f"{name} must have the shape {shape}, got {times.shape}")
            require(bool((times >= 0.0).all()), f"{name}: times must be 0 or more")

    def apart(self) -> Iterator["PatientPool"]:
        """Give the pools one by one."""
        size = self.death.shape[1] // self.pools
        for first in range(0, self.death.shape[1], size):
            yield self.only(np.arange(first, first + size))

    def only(self, rows: np.ndarray) -> "PatientPool":
        """Give one pool of some of the patients, by their places."""
        return replace(
            self,
            failure=self.failure[:, rows],
            death=self.death[:, rows],
            harms={name: times[:, rows] for name, times in self.harms.items()},
            responses={name: times[:, rows] for name, times in self.responses.items()},
            among={name: concerned[rows] for name, concerned in self.among.items()},
            inside=None if self.inside is None else self.inside[rows],
            factors={name: levels[rows] for name, levels in self.factors.items()},
            pools=1,
        )


def side_by_side(pools: Sequence[PatientPool], *, one: bool = False) -> PatientPool:
    """Put pools of equal size into one from which trials draw in turn, or any into ``one`` pool."""

    def joined(each: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate(each, axis=-1)

    first = pools[0]
    return replace(
        first,
        failure=joined([pool.failure for pool in pools]),
        death=joined([pool.death for pool in pools]),
        harms={n: joined([pool.harms[n] for pool in pools]) for n in first.harms},
        responses={n: joined([pool.responses[n] for pool in pools]) for n in first.responses},
        among={n: joined([pool.among[n] for pool in pools]) for n in first.among},
        inside=None if first.inside is None else joined([pool.inside for pool in pools]),  # type: ignore[misc]
        factors={n: joined([pool.factors[n] for pool in pools]) for n in first.factors},
        eligible=float(np.mean([pool.eligible for pool in pools])),
        pools=1 if one else len(pools),
    )


def _law(
    hazard: float | None,
    free_at: tuple[float, float] | None,
    pieces: Pieces | None,
    shape: float | None,
    spared: float | None,
) -> Law:
    """Law by a hazard, by the share free of the event at a month, or by pieces."""
    k, share = 1.0 if shape is None else float(shape), float(spared or 0.0)
    law: Law
    if pieces is not None:
        law = pieces
    elif free_at is not None:
        free, months = free_at
        free = (free - share) / (1.0 - share)  # of those who are not spared
        law = WeibullLaw(k, float(-np.log(free)) / months**k + 0.0)  # 0, not -0
    else:
        law = WeibullLaw(k, float(hazard or 0.0) ** k)
    return SparedLaw(share, law) if share else law


def _stated(arm: StatedArm, names: Sequence[str]) -> str:
    return " and ".join(name for name in names if getattr(arm, name) is not None) or "none of them"
