"""Patients taken as they are: what other luck does to a mean of theirs, and what each row adds.

Every patient has a twin: the same row of the table with other luck. Where the twins have the same
number, nothing was drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from radsim.sums.aggregations import DIFFERENCE, Aggregation, Fields, State
from radsim.sums.moments import Moments

OF = {"": "value", DIFFERENCE: "change"}  # end of the name of moments, what of the rows it is of
LUCK = "_luck"


@dataclass(frozen=True)
class Rows:
    """What each row of a table adds to a mean over the patients, at some variants.

    Attributes
    ----------
    places
        Of the variants, shape (variant,).
    members, value, change
        How many patients of a row count, shape (variant, arm, ..., row); the sum of their values,
        (variant, arm, ..., month, row), and of their differences from the reference.
    luck
        Variance of the mean, and of the mean difference, that another seed makes; by the end of
        the name of their moments.
    """

    places: np.ndarray
    members: np.ndarray
    value: np.ndarray
    change: np.ndarray
    luck: dict[str, np.ndarray]

    def told(self, moments: Moments, end: str) -> Moments:
        """Give moments the error that another seed makes, where patients were taken as they are."""
        error = moments.standard_error.copy()
        drawn = np.sqrt(self.luck[end])
        error[self.places] = np.where(np.isnan(drawn), error[self.places], drawn)
        return replace(moments, error=error)


def keep_rows(
    twins: tuple[np.ndarray, np.ndarray],
    counts: tuple[np.ndarray, np.ndarray],
    reference: int,
    rows: int,
) -> State:
    r"""Keep the sums by row of a table, and how far twins are apart.

    .. math:: SE^2 = \frac{1}{2 n^2} \sum_i \bigl(m_i (x_i - \bar x) - m_i' (x_i' - \bar x)\bigr)^2

    with m whether a patient counts and n how many do; the mean comes last, so its coefficients are
    kept.

    Parameters
    ----------
    twins
        Values of the patients and of their twins, shape (arm, ..., patient).
    counts
        Whether they count, shape (arm, patient).
    rows
        Of the table; the patients are whole passes through it, or the beginning of one, or a part.

    Examples
    --------
    >>> values, everyone = np.array([[0.2, 0.4, 0.2, 0.4]]), np.ones((1, 4))
    >>> state = keep_rows((values, values), (everyone, everyone), 0, 2)
    >>> state["value"].tolist(), state["members"].tolist(), state["value_luck"].tolist()
    ([[0.4, 0.8]], [[2.0, 2.0]], [[0.0, 0.0, 0.0]])
    """
    wide = [_beside(each, twins[0]) for each in counts]
    apart = wide[0] - wide[1]
    kept = {"rows": np.array(rows), "members": _by_row(counts[0], rows)}
    for name in OF.values():
        first, second = (
            np.where(count > 0, x if name == "value" else x - x[reference], 0.0)
            for x, count in zip(twins, wide, strict=True)
        )
        kept[name] = _by_row(first, rows)
        between = first - second
        products = (between * between, between * apart, apart * apart + 0.0 * between)
        kept[f"{name}{LUCK}"] = np.stack([each.sum(axis=-1) for each in products], axis=-1)
    return kept


def join_rows(earlier: State, later: State) -> State:
    """Put the rows of later patients behind, and add up how far twins are apart."""
    joined: State = {name: earlier[name] for name in ("places", "rows") if name in earlier}
    for name in ("members", *OF.values()):
        joined[name] = np.concatenate([earlier[name], later[name]], axis=-1)
    return joined | {f"{n}{LUCK}": earlier[f"{n}{LUCK}"] + later[f"{n}{LUCK}"] for n in OF.values()}


def finish_rows(states: Sequence[State]) -> Fields:
    """Sums by row over all passes, and the variance that luck makes."""
    state = reduce(join_rows, states)
    rows = int(state["rows"].flat[0])
    members, value, change = (_by_row(state[name], rows) for name in ("members", *OF.values()))
    number = _beside(members.sum(axis=-1, keepdims=True), value)[..., 0]
    luck = {}
    for end, name in OF.items():
        sums = value if name == "value" else change
        squares, mixed, counts = np.moveaxis(state[f"{name}{LUCK}"], -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):  # of nobody there is none
            mean = sums.sum(axis=-1) / number
            apart = squares - 2.0 * mean * mixed + mean**2 * counts
            luck[end] = np.maximum(apart, 0.0) / (2.0 * number**2)
    return {"rows": {"": Rows(state["places"], members, value, change, luck)}}


def at_places(states: Sequence[tuple[int | list[int] | np.ndarray, State]]) -> State:
    """Put the states of some variants side by side, with their places among all variants."""
    places = np.concatenate([np.atleast_1d(place) for place, _ in states])
    names = [name for name in states[0][1] if name != "places"]
    joined = {name: np.concatenate([state[name] for _, state in states]) for name in names}
    order = np.argsort(places)
    return {"places": places[order], **{name: array[order] for name, array in joined.items()}}


def _by_row(array: np.ndarray, rows: int) -> np.ndarray:
    """Add up passes through a table, the last maybe not whole; a part of one is as it is."""
    size = array.shape[-1]
    if size <= rows:
        return array.copy()
    whole = np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, -size % rows)])
    return whole.reshape(*array.shape[:-1], -1, rows).sum(axis=-2)


def _beside(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Counts by patient or row in front of as many axes as values have."""
    shape = (*counts.shape[:-1], *(1,) * (values.ndim - counts.ndim), counts.shape[-1])
    return counts.reshape(shape)


ROWS = Aggregation("rows", keep_rows, join_rows, finish_rows)
