"""Named arrays that are kept of some patients: side by side by model, by variant, and by pack."""

from collections.abc import Mapping, Sequence

import numpy as np

State = dict[str, np.ndarray]


def by_model(states: Sequence[State]) -> State:
    """Put the states of an endpoint's models side by side, behind the arms; counts stay one.

    Examples
    --------
    >>> state = {"count": np.array(9), "mean": np.zeros((2, 4))}
    >>> {name: array.shape for name, array in by_model([state, state]).items()}
    {'count': (), 'mean': (2, 2, 4)}
    """
    return {
        name: np.stack([state[name] for state in states], axis=1) if array.ndim else array
        for name, array in states[0].items()
    }


def by_variant(states: Mapping[int, State], variants: int) -> State:
    """Put variants side by side on the first axis; what one of them lacks is missing (NaN).

    Examples
    --------
    >>> by_variant({1: {"mean": np.array([0.5])}}, 2)["mean"].tolist()
    [[nan], [0.5]]
    """
    names = next(iter(states.values()))
    if len(states) == variants:
        return {name: np.stack([states[i][name] for i in range(variants)]) for name in names}
    stacked = {name: _missing(array, variants) for name, array in names.items()}
    for place, state in states.items():
        for name, array in state.items():
            stacked[name][place] = array
    return stacked


def one_after_another(states: Sequence[State | None], variants: Sequence[int]) -> State:
    """Join packs of variants along the first axis; a pack that lacks all has none of it (None)."""
    like = next(state for state in states if state is not None)
    return {
        name: np.concatenate(
            [
                _missing(array[0], size) if state is None else state[name]
                for state, size in zip(states, variants, strict=True)
            ]
        )
        for name, array in like.items()
    }


def _missing(like: np.ndarray, rows: int) -> np.ndarray:
    return np.full((rows, *like.shape), np.nan)
