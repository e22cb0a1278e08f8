"""What a design would take: time and memory, told before it is run."""

import math
from dataclasses import dataclass

from radsim.execution.pieces import CUTTING, changes_plans
from radsim.experiment.designs.tables import SparseTable, Table
from radsim.experiment.model import Experiment
from radsim.experiment.variants import stages_of
from radsim.vocabulary.mistakes import Mistake

DOSE_SECONDS = 40e-6  # a patient and arm, on one core
MODEL_SECONDS = 0.6e-6  # a patient, arm and variant of models
VARIANT_SECONDS = 5e-3  # a variant and block, whatever its patients
KEPT = 240  # bytes that sums and result keep of each estimate, arm, model and time
ESTIMATED = 14  # estimates, counted once for each of their models
LONGEST = 3600.0  # seconds that a design may take without being asked twice
LARGEST = 4 * 2**30  # bytes


class TooLarge(Mistake):
    """A design that would take more than it is likely to be worth."""


@dataclass(frozen=True)
class Cost:
    """Time on one core [seconds] and memory [bytes] that a design would take."""

    variants: int
    seconds: float
    memory: float

    def __str__(self) -> str:
        hours, minutes = self.seconds / 3600.0, self.seconds / 60.0
        whole = max(1, round(minutes))
        time = f"{hours:,.1f} hours" if hours >= 2 else f"{whole:,} minute{'s' * (whole > 1)}"
        return (
            f"{self.variants:,} variant{'s' * (self.variants > 1)}, about {time} of one core and "
            f"{max(0.1, self.memory / 2**30):,.1f} GiB"
        )


def cost_of(experiment: Experiment) -> Cost:
    """Estimate what a design takes, from what a patient took when it was measured."""
    stages = [_cost_of(stage) for stage in stages_of(experiment) if stage is not None]
    return Cost(
        variants=max(cost.variants for cost in stages),
        seconds=sum(cost.seconds for cost in stages),
        memory=sum(cost.memory for cost in stages),
    )


def _cost_of(experiment: Experiment) -> Cost:
    design, patients = experiment.study.design, experiment.patients
    variants, arms = len(design), len(experiment.arms)

    def is_of_plans(part: Table | SparseTable) -> bool:
        return any(map(changes_plans, part.columns))

    plans = math.prod(len(axis) for axis in design.axes if is_of_plans(axis.table))
    inside = sum(len(part) for part in design.parts.values() if is_of_plans(part))
    doses = plans * max(1, inside) + variants / CUTTING.pack
    seconds = (
        doses * patients * arms * DOSE_SECONDS
        + variants * patients * arms * MODEL_SECONDS
        + variants * -(-patients // CUTTING.block) * VARIANT_SECONDS
    )
    rows = variants * arms * len(experiment.months) * ESTIMATED
    return Cost(variants, seconds, float(rows * KEPT))


def check_cost(experiment: Experiment, what: str = "the design is large") -> Cost:
    """Estimate a design's cost and refuse one that is out of proportion.

    Raises
    ------
    TooLarge
        With what it would take; the command goes on with ``--yes``.
    """
    cost = cost_of(experiment)
    if cost.seconds > LONGEST or cost.memory > LARGEST:
        raise TooLarge(
            f"{what}: {cost}; more than {LONGEST / 3600:g} hour or {LARGEST / 2**30:g} GiB "
            "needs --yes"
        )
    return cost


def check_growth(experiment: Experiment) -> None:
    """Refuse a run to a precision that would take more patients than are worth it."""
    check_cost(experiment, f"the precision would need about {experiment.patients:,} patients")
