"""Yes or no of each patient: whether a plan keeps its limits, and a dose a model's range."""

import re
from collections.abc import Iterator

import numpy as np

from radsim.experiment.endpoints import Modelled, Reported
from radsim.simulation import steps
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Event, Outcomes

UNNAMEABLE = re.compile(r"[^\w.-]+")  # in a label, but not in a name of a file of results
SIDES = ("below_range", "above_range")  # of what a model was fitted on


def check_rows(outcomes: Outcomes, memo: Memo) -> dict[str, Made[np.ndarray]]:
    """Every check by name, shape (arm, patient); missing (NaN) in an arm that lacks it."""
    flags = [memo.make(steps.FLAGS, dose) for dose in outcomes.doses]
    screening = [arm.screening for arm in outcomes.treated]
    rows = dict(_named(flags, memo))
    for event in outcomes.events:
        for place, reported in enumerate(event.modelled.models):
            if _states_range(reported):
                rows |= _range_rows(event, place, outcomes, memo)
    return rows | dict(_named(screening, memo))


def _named(flags: list[Made[steps.Flags]], memo: Memo) -> Iterator[tuple[str, Made[np.ndarray]]]:
    for name in dict.fromkeys(name for arm in flags for name in arm.value):
        yield name, memo.make(steps.flag_rows, name, tuple(flags))


def _states_range(reported: Reported) -> bool:
    """Say whether a model has a range, and one that no other of its endpoint is told with."""
    return not reported.ratio_alone and getattr(reported.model, "valid_eqd2", None) is not None


def _range_rows(
    event: Event, place: int, outcomes: Outcomes, memo: Memo
) -> dict[str, Made[np.ndarray]]:
    model = event.modelled.models[place].model
    sides = tuple(
        memo.make(steps.outside, model, arm.patients, arm.dose) for arm in outcomes.treated
    )
    name = range_name(event.modelled, place)
    return {
        f"{name}_{side}": memo.make(steps.side_rows, which, sides)
        for which, side in enumerate(SIDES)
    }


def range_name(modelled: Modelled, place: int) -> str:
    """Name what is told of the range of one of an endpoint's models."""
    endpoint, reported = modelled.endpoint, modelled.models[place]
    if endpoint.always_by_model and not endpoint.freedom:
        return f"{endpoint.event}_{reported.model.preset or reported.label}"
    alone = place == 0 if endpoint.freedom else len(modelled.models) == 1
    label = UNNAMEABLE.sub("_", reported.label)
    return endpoint.reported if alone else f"{endpoint.reported}_{label}"
