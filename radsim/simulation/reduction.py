"""From blocks of patients to the sums that are kept of them, every variant of a pack at once."""

from collections.abc import Sequence

from radsim.experiment.model import Experiment
from radsim.randomness.streams import UniformSource
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Rows, Scaled
from radsim.simulation.walk import Quantity, walk
from radsim.sums.aggregations import State, keep_among, scaled
from radsim.sums.run_sums import Key, PieceSums, Place, by_model, by_variant


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
            key = quantity.kept_by.name, str(quantity.of)
            states.setdefault(key, []).append((place, _state(quantity, reference, memo)))
    together = {key: by_variant(each, len(variants)) for key, each in states.items()}
    return PieceSums(len(block), len(variants), together)


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
