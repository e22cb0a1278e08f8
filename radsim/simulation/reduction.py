"""From blocks of patients to the sums that are kept of them, every variant of a pack at once."""

from collections.abc import Container, Iterator, Sequence

import numpy as np

from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import Experiment, rows_taken
from radsim.randomness.sources import Twin
from radsim.randomness.streams import UniformSource
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Rows, Scaled
from radsim.simulation.walk import Extent, Quantity, walk
from radsim.sums.aggregations import (
    BEST,
    Groups,
    State,
    keep_among,
    keep_among_groups,
    keep_in_groups,
    scaled,
)
from radsim.sums.as_they_are import ROWS, at_places, keep_rows
from radsim.sums.run_sums import Key, PieceSums, Place, by_model, by_variant, in_group


def reduce_blocks(
    variants: Sequence[Experiment],
    blocks: Sequence[range],
    source: UniformSource,
    *,
    extents: Sequence[Extent] = (),
    nominal: Container[int] = (0,),
) -> list[PieceSums]:
    """Simulate blocks of patients under every variant, and reduce each block to sums.

    What two variants have in common is computed once, and the random numbers are the same for
    all, so nothing of this changes a number. ``extents`` say how much is told of each variant.
    Patients who are taken as they are have twins in the ``nominal`` variants, by their places.
    """
    extents = extents or [Extent.CHECKED] * len(variants)
    return [_reduce(variants, block, source, extents, nominal) for block in blocks]


def _reduce(
    variants: Sequence[Experiment],
    block: range,
    source: UniformSource,
    extents: Sequence[Extent],
    nominal: Container[int],
) -> PieceSums:
    memo = Memo() if len(variants) > 1 else Memo(room=0)  # no other variant needs its doses
    states: dict[Key, list[tuple[Place, State]]] = {}
    for place, variant in enumerate(variants):
        reference = list(variant.arms).index(variant.reference)
        twins: Iterator[Quantity] = iter(())
        if place in nominal and rows_taken(variant):
            told = min(extents[place], Extent.CHECKED)
            twins = walk(variant, block, Twin(source), Memo(room=0), told)
        for quantity in walk(variant, block, source, memo, extents[place]):
            for name, state in _states(quantity, reference, memo):
                states.setdefault((quantity.kept_by.name, name), []).append((place, state))
            twin = next(twins, None)  # curves and histograms come last, and have none
            if twin is not None and quantity.kept_by.values is not None:
                for name, state in _rows_of(variant, quantity, twin):
                    states.setdefault((ROWS.name, name), []).append((place, state))
    together = {
        key: at_places([(place, _alone(state)) for place, state in each])
        if key[0] == ROWS.name
        else by_variant(each, len(variants))
        for key, each in states.items()
    }
    return PieceSums(len(block), len(variants), together)


def _rows_of(
    variant: Experiment, quantity: Quantity, twin: Quantity
) -> Iterator[tuple[str, State]]:
    """What the rows of a table add to a quantity, of everyone and of groups, models side by side.

    Of an arm whose patients are drawn nobody counts.
    """
    names, rows = list(variant.arms), rows_taken(variant)
    is_best = quantity.kept_by is BEST
    arms = [names[place] for place in ranked_arms(variant)] if is_best else names
    taken = np.array([[float(rows_taken(variant, arm) > 0)] for arm in arms])
    reference = 0 if is_best else names.index(variant.reference)
    values = [_values(each) for each in (quantity, twin)]
    size = values[0][0].shape[-1]
    counts = [
        np.broadcast_to(
            taken * (1.0 if each.among is None else each.among.value), (len(arms), size)
        )
        for each in (quantity, twin)
    ]

    def kept(shares: list[np.ndarray]) -> State:
        by_models = zip(*values, strict=True)
        states = [keep_rows(pair, (shares[0], shares[1]), reference, rows) for pair in by_models]
        return by_model(states) if isinstance(quantity.rows, tuple) else states[0]

    yield str(quantity.of), kept(counts)
    for grouping, groups in quantity.groups.items():
        codes = [each.groups[grouping].value.codes for each in (quantity, twin)]
        for code in range(groups.value.number):
            members = [who * (c == code) for who, c in zip(counts, codes, strict=True)]
            yield in_group(str(quantity.of), grouping, code), kept(members)


def _values(quantity: Quantity) -> list[np.ndarray]:
    """The number of each patient under each model, shape (arm, ..., patient)."""
    assert quantity.kept_by.values is not None
    models = quantity.rows if isinstance(quantity.rows, tuple) else (quantity.rows,)
    each = (quantity.kept_by.values(rows.value, *quantity.settings) for rows in models)
    return [values.astype(float) for values in each]


def _alone(state: State) -> State:
    return {name: array[np.newaxis] for name, array in state.items()}


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
