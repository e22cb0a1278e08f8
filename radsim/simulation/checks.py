"""Whether a plan keeps its limits, and how far a dose lies outside a model's range."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from radsim.dose.dose import Dose
from radsim.experiment.endpoints import range_name
from radsim.experiment.model_ranges import SIDES
from radsim.patients.patients import Patients
from radsim.simulation.doses import FLAGS, columns_of
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Outcomes


def check_rows(outcomes: Outcomes, memo: Memo) -> dict[str, Made[np.ndarray]]:
    """Every check by name, shape (arm, patient); missing (NaN) in an arm that lacks it."""
    rows = columns_of(tuple(memo.make(FLAGS, dose) for dose in outcomes.doses), memo)
    for check, excess in excess_rows(outcomes, memo).items():
        rows[check] = memo.make(is_outside, excess)
    for event in outcomes.events:
        if event.among:
            whom = f"patients_{event.modelled.endpoint.among}"
            rows[whom] = memo.make(as_numbers, event.among)
    return rows | columns_of(tuple(arm.screening for arm in outcomes.treated), memo)


def excess_rows(outcomes: Outcomes, memo: Memo) -> dict[str, Made[np.ndarray]]:
    """How far each dose lies below and above each model's range by name of that, (arm, patient)."""
    rows = {}
    for event in outcomes.events:
        for place, reported in enumerate(event.modelled.models):
            model = reported.model
            if reported.ratio_alone or getattr(model, "valid_eqd2", None) is None:
                continue  # no range, or that of the file's own model
            organ = event.modelled.endpoint.organ
            arms = tuple(
                memo.make(outside, model, organ, arm.patients, arm.dose) for arm in outcomes.treated
            )
            name = range_name(event.modelled, place)
            for which, side in enumerate(SIDES):
                rows[f"{name}_{side}"] = memo.make(side_of, which, arms)
    return rows


def outside(
    model: Any, organ: str, patients: Patients, dose: Dose
) -> tuple[np.ndarray, np.ndarray]:
    """How far below and above a model's range, 0 in who lacks the organ that is harmed."""
    below, above = model.outside_range(patients, dose)
    if not organ:
        return below, above
    present = patients.with_structure(organ)
    return below * present, above * present


def is_outside(excesses: np.ndarray) -> np.ndarray:
    """Whether a dose lies outside a range, as 1 and 0."""
    return (excesses > 0).astype(float)


def as_numbers(rows: np.ndarray) -> np.ndarray:
    """Yes and no as 1 and 0."""
    return rows.astype(float)


def side_of(side: int, arms: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """How far each lies below a range (0) or above it (1) in every arm, shape (arm, patient)."""
    return np.stack([arm[side] for arm in arms])
