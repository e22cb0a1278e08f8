"""What is kept of a block of patients, how blocks are joined, and what becomes of them.

Sums are formed in fixed blocks of patients and joined in a fixed order, so a result is the same to
the last bit whatever the chunks and workers.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce, wraps
from typing import Any

import numpy as np

from radsim.sums.counts import event_counts, excess_counts, histogram, median_excess
from radsim.sums.moments import Moments, replicated

State = dict[str, np.ndarray]  # named arrays that are kept of some patients
Weights = np.ndarray | None  # how often each patient counts; once unless given
Fields = Mapping[str, Mapping[str, Any]]  # field of RunSums: end of the name, what stands there
DIFFERENCE = "_difference"


@dataclass(frozen=True)
class Aggregation:
    """What is kept of a block, how blocks join, what becomes of them.

    Attributes
    ----------
    name
        By which a journal knows it.
    keep
        From rows, patients last, the place of the reference on their first axis, and settings, to
        a state. With ``groups`` the state of each group of the patients, on a first axis; with
        ``weights`` each patient counts that often.
    join
        From the states of earlier and of later patients to that of both.
    finish
        From the states of independent replicates, one where there are none, to fields of a result.
    values
        From rows and settings to the number of each patient that it takes the mean of, shape
        (arm, ..., patient); none where it is of no mean.
    """

    name: str
    keep: Callable[..., State]
    join: Callable[[State, State], State]
    finish: Callable[[Sequence[State]], Fields]
    values: Callable[..., np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of patients: the code of each patient's, and how many groups there are."""

    codes: np.ndarray
    number: int


def by_groups(keep: Callable[..., State]) -> Callable[..., State]:
    """Let what is kept of all patients be kept of groups of them, and with weights.

    The first half of a group are its members among the first half of the patients.
    """

    @wraps(keep)
    def keep_each(
        rows: np.ndarray,
        reference: int,
        *settings: Any,
        groups: Groups | None = None,
        weights: Weights = None,
    ) -> State:
        early = rows.shape[-1] // 2
        if groups is None:
            return keep(rows, reference, *settings, weights=weights, early=early)

        def keep_one(code: int) -> State:
            members = groups.codes == code
            counted = None if weights is None else weights[members]
            first = int(members[:early].sum())
            return keep(rows[..., members], reference, *settings, weights=counted, early=first)

        return _stacked([keep_one(code) for code in range(groups.number)], axis=0)

    return keep_each


def keep_in_groups(
    keep: Callable[..., State], rows: np.ndarray, reference: int, groups: Groups, *settings: Any
) -> list[State]:
    """Keep of each group by itself what is kept of everyone."""
    together = keep(rows, reference, *settings, groups=groups)
    return [
        {name: array[code] for name, array in together.items()} for code in range(groups.number)
    ]


@by_groups
def keep_means(rows: np.ndarray, reference: int, *, weights: Weights, early: int) -> State:
    """Keep mean and squared deviations of rows, and of their differences from the reference.

    Differences are taken patient by patient, so that those of arms that are nearly alike keep
    their digits.

    Examples
    --------
    >>> state = keep_means(np.array([[0.0, 2.0], [1.0, 5.0]]), 0)
    >>> [state[name].tolist() for name in ("mean", "deviations", "difference")]
    [[1.0, 3.0], [2.0, 8.0], [0.0, 2.0]]
    >>> state = keep_means(np.array([[0.0, 3.0]]), 0, weights=np.array([1.0, 2.0]))
    >>> [state[name].tolist() for name in ("count", "mean", "deviations")]
    [3.0, [2.0], [6.0]]
    """
    first = rows[..., :1] if rows.shape[-1] else np.zeros((*rows.shape[:-1], 1))
    centered = rows - first  # rows in which all are alike have that mean, exactly
    count = _count(rows, weights)
    shift = _total(centered, weights) / max(count, 1)
    centered -= shift[..., np.newaxis]
    mean = first[..., 0] + shift
    head = None if weights is None else weights[:early]
    half_count = _count(rows[..., :early], head)
    half = _total(centered[..., :early], head) + half_count * mean
    deviations = _squares(centered, weights)
    centered -= centered[reference].copy()  # in place: another array of this size costs most of it
    return {
        "count": np.array(count),
        "mean": mean,
        "deviations": deviations,
        "difference": mean - mean[reference],
        "difference_deviations": _squares(centered, weights),
        "half": half,
        "half_count": np.array(half_count),
    }


def keep_best(rows: np.ndarray, reference: int, times: int, **of_whom: Any) -> State:
    """Keep mean and squared deviations alone, of rows that may be the same at all times."""
    state = keep_means(rows, 0, **of_whom)  # the reference need not be ranked in its place
    shape = (*state["mean"].shape[:-1], times)
    wide = {name: np.broadcast_to(state[name], shape).copy() for name in ("mean", "deviations")}
    return {"count": state["count"], **wide}


def scaled(state: State, factor: np.ndarray) -> State:
    """Means of the rows times a factor that is the same for all patients and arms.

    Examples
    --------
    >>> lifetime = keep_means(np.array([[[0.0, 2.0]], [[1.0, 5.0]]]), 0)
    >>> scaled(lifetime, np.array([0.5, 1.0]))["mean"].tolist()
    [[0.5, 1.0], [1.5, 3.0]]
    """
    linear = {name: state[name] * factor for name in ("mean", "difference", "half")}
    squared = {name: state[name] * factor**2 for name in ("deviations", "difference_deviations")}
    return {**state, **linear, **squared}


def join_means(earlier: State, later: State) -> State:
    """Join the means of two sets of patients.

    References
    ----------
    Chan, Golub and LeVeque (1983), Am. Stat. 37, 242-247.
    """
    counted = ("count", "half", "half_count")
    joined: State = {name: earlier[name] + later[name] for name in counted if name in earlier}
    whole = np.where(joined["count"] == 0, 1, joined["count"])
    share, both = later["count"] / whole, earlier["count"] * later["count"] / whole
    for name in ("mean", "difference"):
        if name in earlier:
            spread = _SPREAD[name]
            shift = later[name] - earlier[name]
            joined[name] = earlier[name] + shift * _beside(share, shift)
            between = shift * shift * _beside(both, shift)
            joined[spread] = earlier[spread] + later[spread] + between
    return joined


_SPREAD = {"mean": "deviations", "difference": "difference_deviations"}


def finish_means(states: Sequence[State]) -> Fields:
    """Moments of the values, of the differences where there are any, and the first halves."""
    return _finished(reduce(join_means, states), states)


@by_groups
def keep_counts(
    rows: np.ndarray, reference: int, months: Sequence[float], *, weights: Weights, early: int
) -> State:
    """Count who has had an event by each month, and who under one of an arm and the reference only.

    Rows are times of the event, infinite for never, arms on the first axis [months].

    Examples
    --------
    >>> state = keep_counts(np.array([[2.0, np.inf], [1.0, 5.0]]), 0, (3.0, 6.0))
    >>> state["events"].tolist(), state["discordant"].tolist()
    ([[1, 1], [1, 2]], [[0, 0], [0, 1]])
    """
    by = (rows <= month for month in months)
    return _counted(by, rows, reference, weights, early)


@by_groups
def keep_states(rows: np.ndarray, reference: int, *, weights: Weights, early: int) -> State:
    """Count who is in a state at each month; rows say so, shape (arm, month, patient)."""
    by = np.moveaxis(rows, 1, 0)
    return _counted(by, rows, reference, weights, early)


def _counted(
    by: Iterable[np.ndarray], rows: np.ndarray, reference: int, weights: Weights, early: int
) -> State:
    """Count yes and no of rows at each of some times."""
    head = None if weights is None else weights[:early]

    def count(yes: np.ndarray) -> State:
        events = _total(yes, weights)
        return {
            "events": events,
            "difference": events - events[reference],
            "discordant": _total(yes != yes[reference], weights),
            "half": _total(yes[..., :early], head),
        }

    return {
        "count": np.array(_count(rows, weights)),
        **_stacked([count(yes) for yes in by], axis=-1),
        "half_count": np.array(_count(rows[..., :early], head)),
    }


def keep_among(
    keep: Callable[..., State], rows: np.ndarray, among: np.ndarray, reference: int, *settings: Any
) -> State:
    """Keep of each arm what those of its patients show who are among some, shape (arm, patient).

    Counts are by arm, too, because arms may treat different people.

    Examples
    --------
    >>> rows, among = np.array([[0.0, 2.0, 4.0]]), np.array([[False, True, True]])
    >>> state = keep_among(keep_means, rows, among, 0)
    >>> state["count"].tolist(), state["mean"].tolist()
    ([2], [3.0])
    """
    if (among == among[0]).all():
        state = keep(rows[..., among[0]], reference, *settings)
        return {name: a if a.ndim else np.repeat(a, len(among)) for name, a in state.items()}
    pairs = (
        keep(rows[[reference, arm]][..., members], 0, *settings)
        for arm, members in enumerate(among)
    )
    arms = [{name: array[1] if array.ndim else array for name, array in p.items()} for p in pairs]
    return _stacked(arms, axis=0)


def keep_among_groups(
    keep: Callable[..., State],
    rows: np.ndarray,
    reference: int,
    groups: Groups,
    among: np.ndarray,
    *settings: Any,
) -> list[State]:
    """Keep of each group by itself what those of it show who are among some."""
    members = [groups.codes == code for code in range(groups.number)]
    return [
        keep_among(keep, rows[..., each], among[:, each], reference, *settings) for each in members
    ]


def finish_counts(states: Sequence[State]) -> Fields:
    """Moments of ones and zeros, and of their differences, from whole numbers."""
    return _finished(_as_means(reduce(added, states)), [*map(_as_means, states)])


@by_groups
def keep_shares(rows: np.ndarray, reference: int, *, weights: Weights, early: int) -> State:
    """Count in whom something is so; missing (NaN) for an arm that does not say."""
    events = _total(rows.astype(float), weights)
    return {"count": np.array(_count(rows, weights)), "events": events}


def finish_shares(states: Sequence[State]) -> Fields:
    """Moments of ones and zeros."""
    return {"checks": finish_counts(states)["moments"]}


@by_groups
def keep_curve(
    rows: np.ndarray, reference: int, edges: np.ndarray, *, weights: Weights, early: int
) -> State:
    """Count the events in each interval of time; rows are times, infinite for never [months]."""
    return {"events": np.stack([event_counts(arm, edges, weights) for arm in rows])}


@by_groups
def keep_histogram(rows: np.ndarray, reference: int, *, weights: Weights, early: int) -> State:
    """Count doses in bins [Gy]; missing ones are left out."""
    return {"patients": histogram(rows, weights)}


def events_by(times: np.ndarray, months: Sequence[float]) -> np.ndarray:
    """Say who has had an event by each month, shape (arm, month, patient)."""
    return np.stack([times <= month for month in months], axis=1)


def at_each_time(rows: np.ndarray, times: int) -> np.ndarray:
    """Give rows at every time that may be the same at all, shape (arm, month, patient)."""
    return np.broadcast_to(rows, (rows.shape[0], times, rows.shape[-1]))


@by_groups
def keep_excess(rows: np.ndarray, reference: int, *, weights: Weights, early: int) -> State:
    """Count how far patients lie outside a range in bins, and keep the largest of it."""
    counted = rows if weights is None else rows[..., weights > 0]
    return {"patients": excess_counts(rows, weights), "largest": counted.max(axis=-1, initial=0.0)}


def join_excess(earlier: State, later: State) -> State:
    """Add the counts up, and keep the larger."""
    return {
        "patients": earlier["patients"] + later["patients"],
        "largest": np.maximum(earlier["largest"], later["largest"]),
    }


def finish_excess(states: Sequence[State]) -> Fields:
    """Median and largest excess, missing (NaN) where nobody lies outside."""
    whole = reduce(join_excess, states)
    largest = np.where(whole["largest"] > 0, whole["largest"], np.nan)
    median = np.minimum(median_excess(whole["patients"]), largest)
    return {"excesses": {"": np.stack([median, largest], axis=-1)}}


def as_it_is(state: State, reference: int) -> State:
    """Keep what is kept already."""
    return state


def added(earlier: State, later: State) -> State:
    """Add up."""
    return {name: array + later[name] for name, array in earlier.items()}


def finish_added(field: str, name: str) -> Callable[[Sequence[State]], Fields]:
    """Give one array of the sum as a field of the result."""
    return lambda states: {field: {"": reduce(added, states)[name]}}


def earlier_alone(earlier: State, later: State) -> State:
    """Take the earlier patients and leave the later ones."""
    return earlier


def in_a_row(earlier: State, later: State) -> State:
    """Put later patients behind earlier ones."""
    return {name: np.concatenate([array, later[name]], axis=-1) for name, array in earlier.items()}


def _finished(whole: State, replicates: Sequence[State]) -> Fields:
    """Moments of values and differences, with the error that replicates show."""
    moments = {
        end: replicated(
            [_moments_of(state, name) for state in replicates], _moments_of(whole, name)
        )
        for name, end in (("mean", ""), ("difference", DIFFERENCE))
        if name in whole
    }
    if "half" not in whole:
        return {"moments": moments}
    halves = {"halves": {"": whole["half"]}, "half_patients": {"": whole["half_count"]}}
    return {"moments": moments, **halves}


def _moments_of(state: State, name: str) -> Moments:
    count, mean = state["count"], state[name]
    if 0 < np.nanmin(count) == np.nanmax(count):
        return Moments(int(np.nanmax(count)), mean, state[_SPREAD[name]])
    each = np.broadcast_to(_beside(count, mean), mean.shape)
    return Moments(each, np.where(each > 0, mean, np.nan), state[_SPREAD[name]])


def _as_means(counts: State) -> State:
    """Means of ones and zeros from how many ones there are."""
    n = _beside(counts["count"], counts["events"])
    with np.errstate(invalid="ignore"):  # of nobody there is no share
        share, apart = counts["events"] / n, counts.get("difference", np.zeros(1)) / n
    means = {"count": counts["count"], "mean": share, "deviations": n * share * (1.0 - share)}
    if "discordant" not in counts:
        return means
    return means | {
        "difference": apart,
        "difference_deviations": np.maximum(counts["discordant"] - n * apart**2, 0.0),
        "half": counts["half"].astype(float),
        "half_count": counts["half_count"],
    }


def _stacked(states: Sequence[State], axis: int) -> State:
    return {name: np.stack([state[name] for state in states], axis=axis) for name in states[0]}


def _count(rows: np.ndarray, weights: Weights) -> float:
    return rows.shape[-1] if weights is None else float(weights.sum())


def _total(rows: np.ndarray, weights: Weights) -> np.ndarray:
    return rows.sum(axis=-1) if weights is None else (rows * weights).sum(axis=-1)


def _squares(rows: np.ndarray, weights: Weights) -> np.ndarray:
    if weights is None:
        return np.einsum("...p,...p->...", rows, rows)
    return np.einsum("...p,...p,p->...", rows, rows, weights)


def _beside(counts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Counts in front of as many axes as rows have."""
    return np.reshape(counts, (*np.shape(counts), *(1,) * (rows.ndim - np.ndim(counts))))


MEANS = Aggregation("means", keep_means, join_means, finish_means, np.asarray)
COUNTS = Aggregation("counts", keep_counts, added, finish_counts, events_by)
STATES = Aggregation("states", keep_states, added, finish_counts, np.asarray)
BEST = Aggregation("best", keep_best, join_means, finish_means, at_each_time)
SHARES = Aggregation("shares", keep_shares, added, finish_shares, np.asarray)
CURVE = Aggregation("curve", keep_curve, added, finish_added("curves", "events"))
HISTOGRAM = Aggregation("histogram", keep_histogram, added, finish_added("histograms", "patients"))
EXCESS = Aggregation("excess", keep_excess, join_excess, finish_excess)
SAMPLE = Aggregation("sample", as_it_is, earlier_alone, lambda states: {"sample": states[0]})
SERIES = Aggregation("series", as_it_is, in_a_row, lambda states: {})
