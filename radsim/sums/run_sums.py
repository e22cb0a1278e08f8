"""Everything that a run sums up, with the variants of its design on the first axis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from radsim.sums.aggregations import AGGREGATIONS
from radsim.sums.moments import Moments
from radsim.sums.piece_sums import PieceSums


@dataclass(frozen=True, kw_only=True)
class RunSums:
    """Sums of all patients; a run without a design has one variant.

    Attributes
    ----------
    patients
        How many.
    moments
        By name of an estimate: of values and of differences, shape (variant, arm, model, month);
        of who is best, (variant, ranked arm, month). What a variant does not have is missing (NaN).
    halves
        By name of an estimate: sum of its values over the first half of each block.
    half_patients
        Patients of these halves, shape (variant,).
    checks
        By name of a check: share of patients, shape (variant, arm).
    curves
        By event: events in each step of time, shape (variant, arm, step).
    histograms
        By variable: patients a bin of dose, shape (variant, arm, model, bin).
    sample
        By variable of the sample of doses: quantiles between patients of the dose at volume nodes,
        shape (variant, arm, structure, quantile, node), that of single patients, (variant, arm,
        structure, single, node), and metrics, (variant, arm, patient).
    series
        By figure of a published series: its value in each simulated series, shape (figure, series).
    """

    patients: int
    moments: dict[str, Moments]
    halves: dict[str, np.ndarray] = field(default_factory=dict)
    half_patients: np.ndarray = field(default_factory=lambda: np.zeros(0))
    checks: dict[str, Moments] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    histograms: dict[str, np.ndarray] = field(default_factory=dict)
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
    halves = fields.pop("half_patients", {})
    return RunSums(
        patients=sum(sums.patients for sums in replicates),
        half_patients=next(iter(halves.values()), np.zeros(0)),
        **fields,
    )
