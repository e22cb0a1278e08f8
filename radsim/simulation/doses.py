"""The doses that a result tells of: metrics of structures, and what each model reads."""

import numpy as np

from radsim.simulation import steps
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Event, Outcomes

PRESCRIPTION = "prescription"


def dose_rows(outcomes: Outcomes, memo: Memo) -> dict[str, tuple[Made[np.ndarray], ...]]:
    """Doses by name, each for one model or for each of several, shape (arm, patient) [Gy]."""
    rows: dict[str, tuple[Made[np.ndarray], ...]] = {
        name: (made,) for name, made in metric_rows(outcomes, memo).items()
    }
    rows[PRESCRIPTION] = (memo.make(steps.fact_rows, PRESCRIPTION, outcomes.doses),)
    for event in outcomes.events:
        if models := eqd2_rows(event, outcomes, memo):
            rows[f"{event.modelled.endpoint.reported}_eqd2"] = models
    return rows


def metric_rows(outcomes: Outcomes, memo: Memo) -> dict[str, Made[np.ndarray]]:
    """Metrics by name, of each structure that an arm gives a dose to."""
    given = {structure for arm in outcomes.treated for structure in arm.arm.plan.gives}
    return {
        name: memo.make(steps.metric_rows, metric, outcomes.doses)
        for name, metric in steps.METRICS.items()
        if metric.structure in given
    }


def eqd2_rows(event: Event, outcomes: Outcomes, memo: Memo) -> tuple[Made[np.ndarray], ...]:
    """Doses that an endpoint's models read; of control the file's own, of others each."""
    modelled = event.modelled
    models = modelled.models[:1] if modelled.endpoint.freedom else modelled.models
    if not all(hasattr(reported.model, "eqd2") for reported in models):
        return ()
    return tuple(
        memo.make(
            np.stack,
            tuple(
                memo.make(steps.eqd2_of, reported.model, arm.patients, arm.dose)
                for arm in outcomes.treated
            ),
        )
        for reported in models
    )
