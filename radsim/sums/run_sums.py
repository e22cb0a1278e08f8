"""What is kept of a piece of a run, and of all of it, with variants on the first axis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from radsim.sums import aggregations as kept_by
from radsim.sums.aggregations import State
from radsim.sums.as_they_are import OF, ROWS, Rows, at_places
from radsim.sums.moments import Moments

AGGREGATIONS = {
    a.name: a
    for a in (
        kept_by.MEANS, kept_by.COUNTS, kept_by.STATES, kept_by.BEST, kept_by.SHARES, kept_by.CURVE,
        kept_by.HISTOGRAM, kept_by.EXCESS, kept_by.SAMPLE, kept_by.SERIES, ROWS,
    )
}  # fmt: skip
Key = tuple[str, str]  # name of the aggregation, name of what is kept
Place = int | list[int]  # of a variant whose state it is, or of those on the state's first axis


@dataclass(frozen=True)
class PieceSums:
    """What is kept of some patients, by aggregation and name."""

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


@dataclass(frozen=True, kw_only=True)
class RunSums:
    """Sums of all patients; a run without a design has one variant.

    Attributes
    ----------
    moments
        By name of an estimate: of values and of differences, shape (variant, arm, model, month);
        of who is best, (variant, ranked arm, month). What a variant does not have is missing (NaN).
    halves, half_patients
        By name of an estimate: sum of its values over the first half of each block; and how many
        patients these are by name, (variant,), by arm and model too where it is of some only.
    checks, curves, histograms
        By name of a check its share, shape (variant, arm); by event how many come in each step of
        time, (variant, arm, step); by variable patients a bin of dose, (variant, arm, model, bin).
    rows
        By name of an estimate, of who is best or of a check, what each row of a table adds, where
        patients were taken as they are.
    excesses
        By name of the check of a range: median and largest excess of who lies outside, (variant,
        arm, 2), in units of the range.
    sample, series
        Doses as `radsim.simulation.sample` keeps them, variants in front; each figure of a
        published series in each simulated series, (figure, series).
    """

    patients: int
    moments: dict[str, Moments]
    halves: dict[str, np.ndarray] = field(default_factory=dict)
    half_patients: dict[str, np.ndarray] = field(default_factory=dict)
    checks: dict[str, Moments] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    histograms: dict[str, np.ndarray] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)
    excesses: dict[str, np.ndarray] = field(default_factory=dict)
    sample: dict[str, np.ndarray] = field(default_factory=dict)
    series: np.ndarray | None = None


def run_sums(replicates: Sequence[PieceSums]) -> RunSums:
    """Finish what independent replicates of a run have kept; one where there are none."""
    fields: dict[str, Any] = {}
    for kind, name in dict.fromkeys(key for sums in replicates for key in sums.states):
        states = [s.states[kind, name] for s in replicates if (kind, name) in s.states]
        for place, ends in AGGREGATIONS[kind].finish(states).items():
            named = fields.setdefault(place, {})
            named |= {f"{name}{end}": values for end, values in ends.items()}
    for name, rows in fields.get("rows", {}).items():
        for place in ("moments", "checks"):
            named = fields.get(place, {})
            told = {f"{name}{end}": end for end in OF if f"{name}{end}" in named}
            named |= {of: rows.told(named[of], end) for of, end in told.items()}
    return RunSums(patients=sum(sums.patients for sums in replicates), **fields)


def in_group(of: str, grouping: str, code: int) -> str:
    """Name what is kept of a group of patients.

    Examples
    --------
    >>> in_group("local_control_net", "bilsky", 2)
    'bilsky[2] local_control_net'
    """
    return f"{grouping}[{code}] {of}"


def by_model(states: Sequence[State]) -> State:
    """Put the states of an endpoint's models side by side, behind the arms; counts stay one."""
    return {
        name: np.stack([state[name] for state in states], axis=1) if array.ndim else array
        for name, array in states[0].items()
    }


def by_variant(states: Sequence[tuple[Place, State]], variants: int) -> State:
    """Put states at their variants' places on the first axis; what one lacks is missing (NaN).

    Examples
    --------
    >>> by_variant([(1, {"mean": np.array([0.5])})], 2)["mean"].tolist()
    [[nan], [0.5]]
    """
    all_there = sum(np.size(place) for place, _ in states) == variants
    joined = {}
    for name, array in states[0][1].items():
        kind = np.result_type(*{state[name].dtype for _, state in states}) if all_there else float
        shape = (variants, *array.shape[np.ndim(states[0][0]) :])
        joined[name] = np.empty(shape, kind) if all_there else np.full(shape, np.nan)
        for place, state in states:
            joined[name][place] = state[name]
    return joined


def side_by_side(packs: Sequence[PieceSums], places: Sequence[list[int]]) -> PieceSums:
    """Put packs of variants of the same patients side by side, each at its places."""
    variants = sum(pack.variants for pack in packs)
    states = {}
    for key in dict.fromkeys(key for pack in packs for key in pack.states):
        every = [(place, pack.states.get(key)) for place, pack in zip(places, packs, strict=True)]
        each = [(place, state) for place, state in every if state is not None]
        if key[0] == ROWS.name:
            states[key] = at_places([(np.array(p)[s["places"]], s) for p, s in each])
        else:
            states[key] = by_variant(each, variants)
    return PieceSums(packs[0].patients, variants, states)
