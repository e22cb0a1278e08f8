"""Who is at risk and who has an event, at every observed time of many trials at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from radsim.vocabulary.arguments import number_array
from radsim.vocabulary.mistakes import require

CENSORED, EVENT, DEATH = 0, 1, 2  # the causes: end of observation, event of interest, death
ANY = (EVENT, DEATH)
CAUSES = (CENSORED, EVENT, DEATH)
ABSENT = -1  # the arm of a place that nobody takes, or of a subject who is not evaluable
SAME_TIME = 1e-8  # relative gap up to which two times are one, so that rounding parts no tie
ARMS = (0, 1)


@dataclass(frozen=True)
class RiskTable:
    """Subjects of one or many trials in the order of their times; made by `risk_table`.

    Every array has the shape (..., subject): the last axis runs over the sorted subjects of a
    trial, the axes before it over trials.

    Attributes
    ----------
    time
        Sorted times [months]; times that count as one are made equal.
    cause
        Why observation ended: 0 censored, 1 event of interest, 2 death.
    arm
        0 or 1; -1 for a place that nobody takes.
    order
        Where each sorted subject stood.
    starts
        Whether a subject is the first of those with its time; None where no times are tied.
    patient
        Number of the patient that a subject (a lesion) belongs to, or None.
    stratum
        Number of the stratum, or None.
    """

    time: np.ndarray
    cause: np.ndarray
    arm: np.ndarray
    order: np.ndarray
    starts: np.ndarray | None
    patient: np.ndarray | None = None
    stratum: np.ndarray | None = None
    _memo: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Compute what several analyses need only once."""
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    def within(self, stratum: int) -> "RiskTable":
        """Keep the subjects of one stratum; the others become absent."""
        if self.stratum is None:
            raise ValueError("the table has no strata; give risk_table a stratum")
        mine = np.where(self.stratum == stratum, self.arm, ABSENT)
        return replace(self, arm=mine, _memo={})

    def first_events(self) -> "RiskTable":
        """Keep, of each patient's lesions, the one of which something happens first.

        At the same time an event comes before a death, and that before the end of observation. The
        other lesions become absent, so that a subject is a patient.

        Raises
        ------
        ValueError
            If the table knows no patients.

        Examples
        --------
        >>> lesions = risk_table([9.0, 5.0, 9.0, 9.0], [0, 1, 2, 2], patient=[0, 0, 1, 1])
        >>> first = lesions.first_events()
        >>> first.time[first.members()], first.cause[first.members()]
        (array([5., 9.]), array([1, 2], dtype=int8))
        """
        if self.patient is None:
            raise ValueError("first events need patients; give risk_table a patient")
        absent = self.arm == ABSENT
        late = np.where(self.cause == CENSORED, len(CAUSES), self.cause)
        order = np.lexsort((late, self.time, absent, self.patient), axis=-1)
        patient = np.take_along_axis(self.patient, order, axis=-1)
        first = np.ones(patient.shape, bool)
        first[..., 1:] = patient[..., 1:] != patient[..., :-1]
        kept = np.zeros(patient.shape, bool)
        np.put_along_axis(kept, order, first, axis=-1)
        return replace(self, arm=np.where(kept, self.arm, ABSENT), patient=None, _memo={})

    def members(self, arm: int | None = None) -> np.ndarray:
        """Say which subjects are in an arm, or in any."""
        return self.arm >= 0 if check_arm(arm) is None else self.arm == arm

    def at_risk(self, arm: int | None = None) -> np.ndarray:
        """Count the subjects whose time is this one or later."""
        if arm is None:
            return self.remember("at_risk", lambda: self._at_risk[0] + self._at_risk[1])
        check_arm(arm)
        return self._at_risk[arm]

    def events(self, causes: Sequence[int], arm: int | None = None) -> np.ndarray:
        """Count the events at a time, all of them at the last subject who has that time."""
        key = "events", check_causes(causes, CAUSES), arm
        return self.remember(key, lambda: self._events(causes, arm))

    def _events(self, causes: Sequence[int], arm: int | None) -> np.ndarray:
        mine = self.members(arm) & self.has(causes)
        count = mine.astype(float)
        if self.starts is None:
            return count
        total = np.cumsum(count, axis=-1)
        return np.where(self.ends, total - self.at_start(total - count), 0.0)

    def events_by_arm(self, cause: int) -> tuple[np.ndarray, np.ndarray]:
        """Count the events of each arm in all, shapes (...)."""
        control, experimental = (self.events((cause,), arm).sum(axis=-1) for arm in ARMS)
        return control, experimental

    def has(self, causes: Sequence[int]) -> np.ndarray:
        """Say which subjects ended by one of these causes."""
        return _is_in(check_causes(causes, CAUSES), self.cause)

    def at_start(self, never_falling: np.ndarray) -> np.ndarray:
        """Carry the value at the first subject of a tie to all of them."""
        if self.starts is None:
            return never_falling
        return np.maximum.accumulate(np.where(self.starts, never_falling, -np.inf), axis=-1)

    def at_end(self, values: np.ndarray) -> np.ndarray:
        """Carry the value at the last subject of a tie to all of them."""
        if self.starts is None:
            return values
        return np.take_along_axis(values, self._last, axis=-1)

    def position(self, months: float) -> np.ndarray:
        """Count the subjects whose time is at most this one, shape (..., 1)."""
        return np.count_nonzero(self.time <= months * (1.0 + SAME_TIME), axis=-1, keepdims=True)

    def value_at(self, steps: np.ndarray, months: float, before: float) -> np.ndarray:
        """Read a step function of the sorted times at one time, shape (...)."""
        place = self.position(months)
        read = np.take_along_axis(steps, np.maximum(place - 1, 0), axis=-1)
        return np.where(place > 0, read, before)[..., 0]

    @cached_property
    def ends(self) -> np.ndarray:
        """Whether a subject is the last of those with its time."""
        if self.starts is None:
            return np.ones(self.time.shape, bool)
        last = np.ones(self.time.shape, bool)
        last[..., :-1] = self.starts[..., 1:]
        return last

    @cached_property
    def _last(self) -> np.ndarray:
        size = self.time.shape[-1]
        place = np.where(self.ends, np.arange(size), size)
        return np.minimum.accumulate(place[..., ::-1], axis=-1)[..., ::-1]

    @cached_property
    def _at_risk(self) -> tuple[np.ndarray, np.ndarray]:
        counts = []
        for arm in ARMS:
            mine = self.arm == arm
            seen = np.cumsum(mine, axis=-1, dtype=float)
            total = seen[..., -1:].copy()
            seen -= mine
            counts.append(total - self.at_start(seen))
        return counts[0], counts[1]


def risk_table(
    time: ArrayLike,
    cause: ArrayLike,
    arm: ArrayLike = 0,
    *,
    patient: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    control: str | None = None,
) -> RiskTable:
    """Sort the subjects of one trial or of many by their times.

    Two times are the same if they follow each other within one part in 10^8 (`SAME_TIME`), so
    times that differ by rounding are tied. At a time, events come before censorings: who is
    censored at 12 months was at risk of what happened at 12 months. Within a tie subjects stand
    in an order that depends on nothing but what is known of them, so the order in which they are
    given changes no result to the last bit.

    Parameters
    ----------
    time
        End of observation of each subject [months], shape (..., subject).
    cause
        Why it ended: 0 censored, 1 event of interest, 2 death.
    arm
        0 or 1 (or one number for all), -1 for a place that nobody takes; or names of two arms.
    control
        Which of two names is the control arm, 0.
    patient
        For subjects that are lesions: the number of their patient, from 0. A patient's lesions
        may be in both arms.
    stratum
        The number of the stratum, from 0.

    Raises
    ------
    ValueError
        If there is no subject, or a time is negative or not a number, or a cause or an arm
        is unknown, or the shapes differ.

    Examples
    --------
    >>> table = risk_table([2.0, 1.0, 0.1 + 0.2, 0.3], [1, 0, 1, 2], [0, 0, 1, 1])
    >>> table.at_risk(1)
    array([2., 2., 0., 0.])
    >>> named = risk_table([2.0, 1.0], [1, 0], ["boost", "single"], control="single")
    >>> named.arm.tolist()
    [0, 1]
    """
    time = np.asarray(number_array("time", time), float)
    require(time.ndim > 0, f"time must be a list of times, got the number {time}")
    require(time.size > 0, "time must hold at least one subject")
    _check("time", time, "must be 0 or more", time >= 0.0)  # which NaN is not
    _check("time", time, "must be finite", np.isfinite(time))
    cause = _column("cause", cause, time.shape)
    _check("cause", cause, "must be 0 (censored), 1 (event) or 2 (death)", _is_in(CAUSES, cause))
    arm = _column("arm", _numbered(arm, control), time.shape)
    _check("arm", arm, "must be 0 or 1, or -1 for nobody", _is_in((ABSENT, *ARMS), arm))
    labels = {}
    for name, given in (("patient", patient), ("stratum", stratum)):
        if given is not None:
            labels[name] = _column(name, given, time.shape)
            _check(name, labels[name], "must be a whole number from 0", _is_count(labels[name]))
    order = np.argsort(time, axis=-1)
    ordered = np.take_along_axis(time, order, axis=-1)
    tied = np.diff(ordered, axis=-1) <= SAME_TIME * ordered[..., 1:]
    starts = None
    if tied.any():
        starts = np.ones(time.shape, bool)
        starts[..., 1:] = ~tied
        ordered = np.maximum.accumulate(np.where(starts, ordered, 0.0), axis=-1)
        keys = [np.take_along_axis(v, order, axis=-1) for v in (*labels.values(), arm, cause)]
        within = np.lexsort((*keys, np.cumsum(starts, axis=-1)), axis=-1)
        order = np.take_along_axis(order, within, axis=-1)

    def sort(values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, order, axis=-1)

    return RiskTable(
        time=ordered,
        cause=sort(cause.astype(np.int8)),
        arm=sort(arm.astype(np.int8)),
        order=order,
        starts=starts,
        patient=_ranked(sort(labels["patient"])) if "patient" in labels else None,
        stratum=sort(labels["stratum"]).astype(int) if "stratum" in labels else None,
    )


def _numbered(arm: ArrayLike, control: str | None) -> ArrayLike:
    """Numbers of arms that may be given by name."""
    names = np.asarray(arm)
    if names.dtype.kind not in "OUS" or not all(isinstance(name, str) for name in names.flat):
        require(control is None, "control: names an arm, and the arms are given by number")
        return arm
    known = sorted(set(names.flat))
    require(control is not None, f"control: say which of the arms {', '.join(known)} it is")
    require(control in known, f"control: no arm {control!r}; the arms are {', '.join(known)}")
    require(len(known) == len(ARMS), f"arm must name two arms, got {', '.join(known)}")
    return np.where(names == control, *ARMS)


def strata_of(table: RiskTable) -> Iterator[RiskTable]:
    """Give the table of each stratum."""
    if table.stratum is None:
        raise ValueError("a stratified test needs strata; give risk_table a stratum")
    for stratum in np.unique(table.stratum):
        yield table.within(stratum)


def just_before(steps: np.ndarray, first: float) -> np.ndarray:
    """Value of a step function just before each time; the first is given."""
    before = np.full_like(steps, first)
    before[..., 1:] = steps[..., :-1]
    return before


def check_arm(arm: int | None) -> int | None:
    """Return an arm, or None for both together; raise ValueError for another."""
    known = arm is None or (np.ndim(arm) == 0 and arm in ARMS)
    require(known, f"arm must be 0, 1 or None for both, got {arm!r}")
    return arm


def check_cause(cause: int) -> int:
    """Return a cause that an event can have; raise ValueError for another."""
    known = np.ndim(cause) == 0 and cause in ANY
    require(known, f"cause must be 1 (event) or 2 (death), got {cause!r}")
    return int(cause)


def check_causes(causes: Sequence[int], known: Sequence[int] = ANY) -> tuple[int, ...]:
    """Return causes as a tuple; raise ValueError if there are none, or for an unknown one."""
    wanted = f"causes must be one or more of {', '.join(str(c) for c in known)}, in a tuple"
    listed = isinstance(causes, (tuple, list, set, frozenset, np.ndarray)) and np.ndim(causes) <= 1
    require(listed and len(causes) > 0, f"{wanted}, got {causes!r}")
    require(all(cause in known for cause in causes), f"{wanted}, got {causes!r}")
    return tuple(int(cause) for cause in causes)


def _column(name: str, values: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Repeat one number for all subjects; raise ValueError unless there is one for each."""
    column = number_array(name, values)
    require(
        column.shape in ((), shape),
        f"{name} must have the shape of time, {shape}, got {column.shape}",
    )
    return np.broadcast_to(column, shape)


def _ranked(patient: np.ndarray) -> np.ndarray:
    """Number the patients of each trial from 0, in the order of their numbers."""
    if patient.max() < patient.shape[-1]:
        return patient.astype(int)
    order = np.argsort(patient, axis=-1, kind="stable")
    changes = np.diff(np.take_along_axis(patient, order, axis=-1), axis=-1) != 0
    rank = np.zeros(patient.shape, int)
    np.put_along_axis(rank, order[..., 1:], np.cumsum(changes, axis=-1), axis=-1)
    return rank


def _is_in(choices: Sequence[int], values: np.ndarray) -> np.ndarray:
    """Say which values are one of a few, in a hundredth of the time that `np.isin` takes."""
    inside = values == choices[0]
    for choice in choices[1:]:
        inside = inside | (values == choice)
    return inside


def _is_count(values: np.ndarray) -> np.ndarray:
    return (values >= 0) & np.isfinite(values) & (values == np.floor(values))


def _check(name: str, values: np.ndarray, wanted: str, passed: np.ndarray) -> None:
    """Raise ValueError that shows the first value which does not pass."""
    if not passed.all():
        raise ValueError(f"{name} {wanted}, got {values[~passed].flat[0]}")
