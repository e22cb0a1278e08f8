"""Everything that is kept of some patients, with the variants of a pack on the first axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radsim.sums.aggregations import AGGREGATIONS
from radsim.sums.states import State, one_after_another

Key = tuple[str, str]  # name of the aggregation, name of what is kept


@dataclass(frozen=True)
class PieceSums:
    """What is kept of some patients.

    Attributes
    ----------
    patients, variants
        How many.
    states
        By aggregation and name, variants on the first axis of each array.
    """

    patients: int
    variants: int
    states: dict[Key, State]

    def join(self, later: "PieceSums") -> "PieceSums":
        """Join two sets of patients, the earlier one first."""
        states = dict(self.states)
        for key, state in later.states.items():
            earlier = states.get(key)
            states[key] = state if earlier is None else AGGREGATIONS[key[0]].join(earlier, state)
        return PieceSums(self.patients + later.patients, self.variants, states)


def side_by_side(packs: Sequence[PieceSums], order: np.ndarray) -> PieceSums:
    """Join packs of variants of the same patients, and put the variants in order."""
    sizes = [pack.variants for pack in packs]
    states = {}
    for key in dict.fromkeys(key for pack in packs for key in pack.states):
        joined = one_after_another([pack.states.get(key) for pack in packs], sizes)
        states[key] = {name: array[order] for name, array in joined.items()}
    return PieceSums(packs[0].patients, sum(sizes), states)
