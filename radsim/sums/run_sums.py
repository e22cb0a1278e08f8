"""Everything that a run sums up, with the variants of its design on the first axis."""

from dataclasses import dataclass, field

import numpy as np

from radsim.sums.moments import Moments


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
        By variable of the sample of doses: shape (variant, arm, ..., patient).
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
