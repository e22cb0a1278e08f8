"""Patients of an experiment as a Dataset."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from radsim.experiment.endpoints import Modelled, endpoints_of
from radsim.experiment.model import Experiment
from radsim.patients.patients import to_dataset
from radsim.randomness.streams import UniformSource
from radsim.simulation import steps
from radsim.simulation.checks import check_rows
from radsim.simulation.doses import eqd2_rows, metric_rows
from radsim.simulation.memo import Memo
from radsim.simulation.outcomes import Event, Outcomes, outcomes_of
from radsim.simulation.sources import source_of
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.endpoints import (
    ALIVE,
    CONTROL_WITHOUT_COMPLICATION,
    DEATH,
    NET,
    SHIPPED,
    SURVIVAL,
    Endpoint,
    Estimate,
    Joint,
)
from radsim.vocabulary.words import Variable, label

FACTS = {  # numbers of a dose
    "prescription": Variable("Gy", "planned prescription to PTV_Eval"),
    "gtv_distance": Variable("mm", "from the neural structure that rules the plan to the GTV"),
    "source_distance": Variable("mm", "from the neural structure to the intraoperative source"),
    "plans_tried": Variable("1", "plans made until one was accepted"),
    "prior_interval": Variable("months", "time since the prior course"),
    "prior_recovery": Variable("1", "share of the prior course that has recovered"),
}
FLAGS = {
    "plan_eligible": Variable("1", "a plan that meets every mandatory limit was found"),
    "limits_met": Variable("1", "the plan meets the limits of the neural structures"),
}


def vocabulary_of(endpoints: Iterable[Endpoint], joint: Joint) -> dict[str, Variable]:
    """Name, units and meaning of everything that is computed of a patient."""
    vocabulary = FACTS | FLAGS
    for name, metric in steps.METRICS.items():
        meaning = f"{metric.course} {metric.structure} {metric.metric}, physical course dose"
        vocabulary[name] = Variable("Gy", meaning)
    for endpoint in endpoints:
        net, event = Estimate(endpoint, NET), endpoint.event
        vocabulary[str(net)] = Variable("1", net.meaning)
        read = f"dose that the models of {net.words} read"
        vocabulary[f"{endpoint.reported}_eqd2"] = Variable("Gy", read)
        said = f"time of {endpoint.words}, infinite for never"
        vocabulary[f"time_to_{event}"] = Variable("months", said)
    vocabulary[f"time_to_{DEATH}"] = Variable("months", "time of death")
    for estimate in (Estimate(SURVIVAL, ALIVE), Estimate(joint, NET), Estimate(joint, ALIVE)):
        vocabulary[str(estimate)] = Variable("1", estimate.meaning)
    return vocabulary


VOCABULARY = vocabulary_of(SHIPPED, CONTROL_WITHOUT_COMPLICATION)


class Computed(NamedTuple):
    """A variable of the patients: its name, dimensions and values."""

    name: str
    dims: tuple[str, ...]
    values: np.ndarray


def simulate(
    experiment: Experiment, patients: range, source: UniformSource | None = None
) -> xr.Dataset:
    """Simulate some patients of an experiment under every arm.

    Parameters
    ----------
    patients
        Which ones; each is the same in whatever range it is asked for.
    source
        Where the uniform numbers come from; what the experiment names unless given.

    Returns
    -------
    xr.Dataset
        Cohort variables with dim ``patient``; doses, probabilities and times of events with
        dims ``arm``, then ``control_model``, ``myelopathy_model`` or that of another endpoint with
        several models, or ``months`` where they apply, and ``patient`` last, so that sums over
        patients run along memory. Doses of a structure that a patient or an arm does not have are
        missing (NaN).

    Examples
    --------
    >>> from radsim import load_experiment
    >>> experiment = load_experiment("experiments/compare_strategies.toml")
    >>> patients = simulate(experiment, range(0, 4))
    >>> patients["time_to_death"].dims
    ('arm', 'patient')
    """
    memo = Memo(room=0)
    source = source_of(experiment) if source is None else source
    outcomes = outcomes_of(experiment, patients, source, memo)
    computed = list(_computed(outcomes, memo))
    flags = check_rows(outcomes, memo)
    computed += [Computed(name, (), rows.value) for name, rows in flags.items()]
    cohort = to_dataset(outcomes.treated[0].patients.value)
    names = {variable.name for variable in computed}  # of a cohort's the arms say it better
    dataset = xr.Dataset(
        {
            **{name: values for name, values in cohort.data_vars.items() if name not in names},
            **{name: (("arm", *dims, "patient"), values) for name, dims, values in computed},
        },
        coords={"patient": cohort["patient"], **_coordinates(experiment)},
    )
    return label(
        dataset,
        {
            **{name: Variable("1", name.replace("_", " ")) for name in flags},
            **COHORT,
            **{n: Variable(v.units, v.meaning) for n, v in experiment.cohort.variables.items()},
            **vocabulary_of(
                (event.modelled.endpoint for event in outcomes.events),
                outcomes.joint or CONTROL_WITHOUT_COMPLICATION,
            ),
        },
    )


def _coordinates(experiment: Experiment) -> dict[str, list]:
    labels = {
        modelled.endpoint.model_dim: [reported.label for reported in modelled.models]
        for modelled in endpoints_of(experiment)
        if modelled.by_model
    }
    return {"arm": list(experiment.arms), "months": list(experiment.months), **labels}


def _computed(outcomes: Outcomes, memo: Memo) -> Iterator[Computed]:
    """Everything of a patient but the checks."""
    for name, made in metric_rows(outcomes, memo).items():
        yield Computed(name, (), made.value)
    for name in dict.fromkeys(name for dose in outcomes.doses for name in dose.value.facts):
        yield Computed(name, (), memo.make(steps.fact_rows, name, outcomes.doses).value)
    for event in outcomes.events:
        yield from _of_event(event, outcomes, memo)
    if outcomes.alive is not None and outcomes.deaths is not None:
        yield Computed(str(Estimate(SURVIVAL, ALIVE)), ("months",), outcomes.alive.value)
        yield Computed(f"time_to_{DEATH}", (), outcomes.deaths.value)
    for rows, estimator in ((outcomes.free, NET), (outcomes.free_and_alive, ALIVE)):
        if outcomes.joint is not None and rows is not None:
            yield Computed(str(Estimate(outcomes.joint, estimator)), ("months",), rows.value)


def _of_event(event: Event, outcomes: Outcomes, memo: Memo) -> Iterator[Computed]:
    endpoint = event.modelled.endpoint
    net = [rows.value for rows in event.net]
    times = [made.value for made in event.times]
    yield _by_model(event.modelled, str(Estimate(endpoint, NET)), ("months",), net)
    yield _by_model(event.modelled, f"time_to_{endpoint.event}", (), times)
    eqd2 = [made.value for made in eqd2_rows(event, outcomes, memo)]
    if eqd2:
        name = f"{endpoint.reported}_eqd2"
        if endpoint.freedom:
            yield Computed(name, (), eqd2[0])
        else:
            yield _by_model(event.modelled, name, (), eqd2)


def _by_model(
    modelled: Modelled, name: str, dims: tuple[str, ...], values: list[np.ndarray]
) -> Computed:
    """Put models side by side behind the arms, where the endpoint has a dimension of them."""
    if not modelled.by_model:
        return Computed(name, dims, values[0])
    return Computed(name, (modelled.endpoint.model_dim, *dims), np.stack(values, axis=1))
