"""From blocks of patients to the sums that are kept of them, every variant of a pack at once."""

from collections.abc import Iterator, Sequence

import numpy as np

from radsim.experiment.model import Experiment
from radsim.randomness.streams import UniformSource
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Rows, Scaled
from radsim.simulation.walk import Quantity, walk
from radsim.sums.aggregations import (
    Groups,
    State,
    keep_among,
    keep_among_groups,
    keep_in_groups,
    scaled,
)
from radsim.sums.run_sums import Key, PieceSums, Place, by_model, by_variant, in_group


def reduce_blocks(
    variants: Sequence[Experiment],
    blocks: Sequence[range],
    source: UniformSource,
    *,
    whole: bool = False,
) -> list[PieceSums]:
    """Simulate blocks of patients under every variant, and reduce each block to sums.

    What two variants have in common is computed once, and the random numbers are the same for
    all, so nothing of this changes a number. ``whole`` is that of `radsim.simulation.walk.walk`.
    """
    return [_reduce(variants, block, source, whole) for block in blocks]


def _reduce(
    variants: Sequence[Experiment], block: range, source: UniformSource, whole: bool
) -> PieceSums:
    memo = Memo() if len(variants) > 1 else Memo(room=0)  # no other variant needs its doses
    states: dict[Key, list[tuple[Place, State]]] = {}
    for place, variant in enumerate(variants):
        reference = list(variant.arms).index(variant.reference)
        for quantity in walk(variant, block, source, memo, whole=whole):
            for name, state in _states(quantity, reference, memo):
                states.setdefault((quantity.kept_by.name, name), []).append((place, state))
    together = {key: by_variant(each, len(variants)) for key, each in states.items()}
    return PieceSums(len(block), len(variants), together)


def _states(quantity: Quantity, reference: int, memo: Memo) -> Iterator[tuple[str, State]]:
    """What is kept of a quantity by name, of everyone and of groups, its models side by side."""
    of = str(quantity.of)
    yield of, _state(quantity, reference, memo)
    models = quantity.rows if isinstance(quantity.rows, tuple) else (quantity.rows,)
    for grouping, groups in quantity.groups.items():
        each = [_in_groups(rows, quantity, reference, groups, memo).value for rows in models]
        for code, states in enumerate(zip(*each, strict=True)):
            side_by_side = isinstance(quantity.rows, tuple)
            yield in_group(of, grouping, code), by_model(states) if side_by_side else states[0]


def _in_groups(
    rows: Rows | Made[State], quantity: Quantity, reference: int, groups: Made[Groups], memo: Memo
) -> Made[list[State]]:
    if isinstance(rows, Scaled):
        of_rows = _in_groups(rows.rows, quantity, reference, groups, memo)
        return memo.make(each_scaled, of_rows, rows.factor)
    keep = quantity.kept_by.keep
    if quantity.among is None:
        return memo.make(keep_in_groups, keep, rows, reference, groups, *quantity.settings)
    what = (keep, rows, reference, groups, quantity.among, *quantity.settings)
    return memo.make(keep_among_groups, *what)


def each_scaled(states: list[State], factor: np.ndarray) -> list[State]:
    """Scale the states of every group."""
    return [scaled(state, factor) for state in states]


def _state(quantity: Quantity, reference: int, memo: Memo) -> State:
    """What is kept of a quantity, its models side by side."""

    def kept(rows: Rows | Made[State]) -> Made[State]:
        if isinstance(rows, Scaled):
            return memo.make(scaled, kept(rows.rows), rows.factor)
        keep, settings = quantity.kept_by.keep, quantity.settings
        if quantity.among is not None:
            return memo.make(keep_among, keep, rows, quantity.among, reference, *settings)
        return memo.make(keep, rows, reference, *settings)

    if isinstance(quantity.rows, tuple):
        return by_model([kept(rows).value for rows in quantity.rows])
    return kept(quantity.rows).value
