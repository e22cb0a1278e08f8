"""The doses that a result tells of: metrics of structures, and what each model reads."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from radsim.dose.dose import Dose
from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import Patients
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Columns, Event, Outcomes

FACTS, FLAGS = attrgetter("facts"), attrgetter("flags")  # of a dose
PRESCRIPTION = "prescription"


def dose_rows(outcomes: Outcomes, memo: Memo) -> dict[str, tuple[Made[np.ndarray], ...]]:
    """Doses by name, each for one model or for each of several, shape (arm, patient) [Gy]."""
    told = metric_rows(outcomes, memo).items()
    rows = {name: (made,) for name, made in told if outcomes.metrics[name].units == "Gy"}
    rows[PRESCRIPTION] = (memo.make(column_in, PRESCRIPTION, facts_of(outcomes, memo)),)
    several = {
        f"{event.modelled.endpoint.reported}_eqd2": eqd2_rows(event, outcomes, memo)
        for event in outcomes.events
    }
    return rows | {name: models for name, models in several.items() if models}


def metric_rows(outcomes: Outcomes, memo: Memo) -> dict[str, Made[np.ndarray]]:
    """Metrics by name, of each structure that an arm gives a dose to."""
    doses = outcomes.doses
    return {
        name: memo.make(metric_in, metric, doses)
        for name, metric in outcomes.metrics.items()
        if any(dose.value.tells(metric) for dose in doses)
    }


def facts_of(outcomes: Outcomes, memo: Memo) -> tuple[Made[Columns], ...]:
    """Numbers of each patient that the dose of each arm comes with."""
    return tuple(memo.make(FACTS, dose) for dose in outcomes.doses)


def eqd2_rows(event: Event, outcomes: Outcomes, memo: Memo) -> tuple[Made[np.ndarray], ...]:
    """Doses that an endpoint's models read; of control the file's own, of others each."""
    models = [reported.model for reported in event.modelled.models]
    if event.modelled.endpoint.freedom:
        del models[1:]
    if not all(hasattr(model, "eqd2") and model.dose.units == "Gy" for model in models):
        return ()  # a fracture's dose a fraction, or a share of a volume
    arms = outcomes.treated
    organ = event.modelled.endpoint.organ
    each = [[memo.make(eqd2_of, m, organ, arm.patients, arm.dose) for arm in arms] for m in models]
    return tuple(memo.make(np.stack, tuple(by_arm)) for by_arm in each)


def eqd2_of(model: Any, organ: str, patients: Patients, dose: Dose) -> np.ndarray:
    """What a model reads [Gy], missing (NaN) in who lacks the organ that is harmed."""
    eqd2 = model.eqd2(patients, dose)
    return np.where(patients.with_structure(organ), eqd2, np.nan) if organ else eqd2


def columns_of(arms: tuple[Made[Columns], ...], memo: Memo) -> dict[str, Made[np.ndarray]]:
    """Every column by name, of all arms."""
    names = dict.fromkeys(name for arm in arms for name in arm.value)
    return {name: memo.make(column_in, name, arms) for name in names}


def column_in(name: str, arms: Sequence[Columns]) -> np.ndarray:
    """One column of every arm, shape (arm, patient); missing (NaN) in an arm that lacks it."""
    missing = np.full(len(next(arm[name] for arm in arms if name in arm)), np.nan)
    return np.stack([arm.get(name, missing) for arm in arms]).astype(float)


def metric_in(metric: DoseMetric, doses: Sequence[Dose]) -> np.ndarray:
    """A metric in every arm, shape (arm, patient) [Gy]; missing (NaN) where an arm lacks it."""
    missing = np.full(len(doses[0].prescription), np.nan)
    has = [dose.tells(metric) for dose in doses]
    there = zip(doses, has, strict=True)
    return np.stack([dose.sums(metric).total if given else missing for dose, given in there])
