"""Patients of an experiment as a Dataset."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from radsim.dose.metrics import DoseMetric
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment, cohort_of
from radsim.experiment.reported_doses import describe_metric
from radsim.patients.patients import Patients, to_dataset
from radsim.randomness.streams import UniformSource
from radsim.simulation.checks import check_rows
from radsim.simulation.doses import columns_of, eqd2_rows, facts_of, metric_rows
from radsim.simulation.memo import Memo
from radsim.simulation.outcomes import Event, Outcomes, Rows, outcomes_of
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

TOLD = {  # of a dose
    "prescription": Variable("Gy", "planned prescription to PTV_Eval"),
    "gtv_distance": Variable("mm", "from the neural structure that rules the plan to the GTV"),
    "source_distance": Variable("mm", "from the neural structure to the intraoperative source"),
    "plans_tried": Variable("1", "plans made until one was accepted"),
    "prior_interval": Variable("months", "time since the prior course"),
    "prior_recovery": Variable("1", "share of the prior course that has recovered"),
    "plan_eligible": Variable("1", "a plan that meets every mandatory limit was found"),
    "limits_met": Variable("1", "the plan meets the limits of the organs"),
}
Told = tuple[tuple[str, ...], np.ndarray]  # dimensions between arm and patient, and values


def vocabulary_of(
    endpoints: Iterable[Endpoint], joint: Joint, metrics: Mapping[str, DoseMetric]
) -> dict[str, Variable]:
    """Name, units and meaning of everything that is computed of a patient."""
    vocabulary = TOLD | {name: describe_metric(metric) for name, metric in metrics.items()}
    for endpoint in endpoints:
        net, event = Estimate(endpoint, NET), endpoint.event
        vocabulary[str(net)] = Variable("1", net.meaning)
        read = f"dose that the models of {net.words} read"
        vocabulary[f"{endpoint.reported}_eqd2"] = Variable("Gy", read)
        said = f"time of {endpoint.words}, infinite for never"
        vocabulary[f"time_to_{event}"] = Variable("months", said)
        said = f"time at which {endpoint.words} ends, infinite for never"
        vocabulary[f"time_to_{event}_end"] = Variable("months", said)
    vocabulary[f"time_to_{DEATH}"] = Variable("months", "time of death")
    for estimate in (Estimate(SURVIVAL, ALIVE), Estimate(joint, NET), Estimate(joint, ALIVE)):
        vocabulary[str(estimate)] = Variable("1", estimate.meaning)
    return vocabulary


VOCABULARY = vocabulary_of(SHIPPED, CONTROL_WITHOUT_COMPLICATION, {})


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
    >>> experiment = load_experiment("experiments/sib_phase2.toml")
    >>> patients = simulate(experiment, range(0, 4))
    >>> patients["time_to_death"].dims
    ('arm', 'patient')
    """
    memo = Memo(room=0)
    source = source_of(experiment) if source is None else source
    outcomes = outcomes_of(experiment, patients, source, memo)
    checks = check_rows(outcomes, memo)
    told = dict(_told(outcomes, memo)) | {name: ((), rows.value) for name, rows in checks.items()}
    cohort = _cohort(tuple(arm.patients.value for arm in outcomes.treated))
    dataset = xr.Dataset(
        {  # what the arms say better is not told of the cohort
            **{name: values for name, values in cohort.data_vars.items() if name not in told},
            **{name: (("arm", *dims, "patient"), rows) for name, (dims, rows) in told.items()},
        },
        coords={"patient": cohort["patient"], **_coordinates(experiment)},
    )
    return label(
        dataset,
        {
            **{name: Variable("1", name.replace("_", " ")) for name in checks},
            **COHORT,
            **{
                name: Variable(variable.units, variable.meaning)
                for arm in experiment.arms
                for name, variable in cohort_of(experiment, arm)[0].variables.items()
            },
            **vocabulary_of(
                (event.modelled.endpoint for event in outcomes.events),
                outcomes.joint or CONTROL_WITHOUT_COMPLICATION,
                outcomes.metrics,
            ),
        },
    )


def _cohort(treated: Sequence[Patients]) -> xr.Dataset:
    """Cohort variables, with dim ``arm`` too where arms treat different people.

    What an arm's people lack is missing (NaN, or the code -1); labels are those of all arms.
    """
    first = treated[0]
    if all(patients is first for patients in treated):
        return to_dataset(first)
    columns: dict[str, np.ndarray] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(name for patients in treated for name in patients.columns):
        used = [patients.labels.get(name, ()) for patients in treated]
        rows: list[np.ndarray] = []
        if joined := tuple(dict.fromkeys(label for each in used for label in each)):
            labels[name] = joined
            for patients, theirs in zip(treated, used, strict=True):
                places = np.array([joined.index(label) for label in theirs], dtype=np.int8)
                nobody = np.full(len(first), -1, dtype=np.int8)
                rows.append(places[patients[name]] if name in patients else nobody)
        else:
            missing = np.full(len(first), np.nan)
            rows = [patients.columns.get(name, missing) for patients in treated]
        columns[name] = np.stack(rows)
    return xr.Dataset(
        {
            name: (("arm", "patient"), column, {"labels": list(labels.get(name, ()))})
            if name in labels
            else (("arm", "patient"), column)
            for name, column in columns.items()
        },
        coords={"patient": np.arange(first.numbers.start, first.numbers.stop)},
    )


def _coordinates(experiment: Experiment) -> dict[str, list]:
    labels = {
        modelled.endpoint.model_dim: [reported.label for reported in modelled.models]
        for modelled in endpoints_of(experiment)
        if modelled.by_model
    }
    return {"arm": list(experiment.arms), "months": list(experiment.months), **labels}


def _told(outcomes: Outcomes, memo: Memo) -> Iterator[tuple[str, Told]]:
    """Everything of a patient but the checks."""
    for rows in (metric_rows(outcomes, memo), columns_of(facts_of(outcomes, memo), memo)):
        yield from ((name, ((), made.value)) for name, made in rows.items())
    for event in outcomes.events:
        endpoint = event.modelled.endpoint
        yield str(Estimate(endpoint, NET)), _by_model(event, ("months",), event.net)
        yield f"time_to_{endpoint.event}", _by_model(event, (), event.times)
        if event.ends:
            yield f"time_to_{endpoint.event}_end", _by_model(event, (), event.ends)
        if eqd2 := eqd2_rows(event, outcomes, memo):
            told = ((), eqd2[0].value) if endpoint.freedom else _by_model(event, (), eqd2)
            yield f"{endpoint.reported}_eqd2", told
    if outcomes.alive and outcomes.deaths:
        yield str(Estimate(SURVIVAL, ALIVE)), (("months",), outcomes.alive.value)
        yield f"time_to_{DEATH}", ((), outcomes.deaths.value)
    for read, estimator in ((outcomes.free, NET), (outcomes.free_and_alive, ALIVE)):
        if outcomes.joint and read:
            yield str(Estimate(outcomes.joint, estimator)), (("months",), read.value)


def _by_model(event: Event, dims: tuple[str, ...], models: Sequence[Rows]) -> Told:
    """Put models side by side behind the arms, where the endpoint has a dimension of them."""
    if not event.modelled.by_model:
        return dims, models[0].value
    dim = event.modelled.endpoint.model_dim
    return (dim, *dims), np.stack([rows.value for rows in models], axis=1)
