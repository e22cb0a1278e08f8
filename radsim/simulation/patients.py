"""Patients of an experiment as a Dataset."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import xarray as xr

from radsim.experiment.endpoints import control_models
from radsim.experiment.model import Experiment
from radsim.patients.eligibility import draw_eligible
from radsim.patients.patients import to_dataset
from radsim.randomness.sources import MOST_DIMENSIONS, Antithetic, Recorder, Sobol
from radsim.randomness.streams import Streams, UniformSource
from radsim.simulation.steps import COURSES, EVENTS, REPORTED_METRICS, is_flag, simulate_arm
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.words import Variable, label

TRIAL_PATIENTS = range(256)  # enough to meet the decisions that most patients need

VOCABULARY = {
    **{
        f"{name}_{course}": Variable(
            "Gy", f"{course} {metric.structure} {metric.metric}, physical course dose"
        )
        for name, metric in REPORTED_METRICS.items()
        for course in COURSES
    },
    "local_control_eqd2": Variable("Gy", "EQD2 that the control model reads"),
    "myelopathy_eqd2": Variable("Gy", "cumulative EQD2 that the cord model reads"),
    "local_control_net": Variable("1", "probability of local control, death ignored"),
    "vcf_net": Variable("1", "probability of a compression fracture, death ignored"),
    "myelopathy_net": Variable("1", "probability of myelopathy, death ignored"),
    "complication_free_control_net": Variable(
        "1", "probability of control without fracture or myelopathy, death ignored"
    ),
    "complication_free_control_alive": Variable(
        "1", "probability to be alive, controlled, without fracture or myelopathy"
    ),
    "survival_alive": Variable("1", "probability to be alive"),
    "time_to_local_failure": Variable("months", "time of local failure, infinite for never"),
    "time_to_vcf": Variable("months", "time of a compression fracture, infinite for never"),
    "time_to_myelopathy": Variable("months", "time of myelopathy, infinite for never"),
    "time_to_death": Variable("months", "time of death"),
    "prescription": Variable("Gy", "planned prescription to PTV_Eval"),
    "gtv_distance": Variable("mm", "from the neural structure that rules the plan to the GTV"),
    "source_distance": Variable("mm", "from the neural structure to the intraoperative source"),
    "plans_tried": Variable("1", "plans made until one was accepted"),
    "plan_eligible": Variable("1", "a plan that meets every mandatory limit was found"),
    "limits_met": Variable("1", "the plan meets the limits of the neural structures"),
    "prior_interval": Variable("months", "time since the prior course"),
    "prior_recovery": Variable("1", "share of the prior course that has recovered"),
}


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
        dims ``arm``, then ``control_model``, ``myelopathy_model`` or ``months`` where they
        apply, and ``patient`` last, so that sums over patients run along memory. Doses of a
        structure that a patient or an arm does not have are missing (NaN).

    Examples
    --------
    >>> from radsim import load_experiment
    >>> experiment = load_experiment("experiments/compare_strategies.toml")
    >>> patients = simulate(experiment, range(0, 4))
    >>> patients["time_to_death"].dims
    ('arm', 'patient')
    """
    streams = source_of(experiment) if source is None else source
    cohort, screened = draw_eligible(experiment.cohort, experiment.eligibility, patients, streams)
    luck = {event: streams.uniforms(f"outcome/{event}", patients) for event in EVENTS}
    arms = [
        simulate_arm(experiment, arm, cohort, luck, streams) for arm in experiment.arms.values()
    ]
    for arm in arms:
        arm.update(screened)
    stacked = _stack(arms)
    dataset = xr.Dataset(
        {name: _named(name, values) for name, values in stacked.items()},
        coords={
            "arm": list(experiment.arms),
            "control_model": list(control_models(experiment)),
            "myelopathy_model": [m.preset for m in experiment.myelopathy_models],
            "months": list(experiment.months),
        },
    )
    described = {
        **COHORT,
        **{n: Variable(v.units, v.meaning) for n, v in experiment.cohort.variables.items()},
        **VOCABULARY,
    }
    flags = {name: Variable("1", name.replace("_", " ")) for name in stacked if is_flag(name)}
    own = to_dataset(cohort)
    own = own.drop_vars([name for name in stacked if name in own])  # arms say it better
    return label(xr.merge([own, dataset]), {**flags, **described})


def source_of(experiment: Experiment) -> UniformSource:
    """Return the source of uniform numbers that an experiment names."""
    if experiment.uniforms == "plain":
        return Streams(experiment.seed)
    if experiment.uniforms == "antithetic":
        return Antithetic(experiment.seed)
    return Sobol(experiment.seed, _decisions(experiment.model_dump_json(exclude={"written"})))


@lru_cache(maxsize=8)
def _decisions(experiment: str) -> tuple[str, ...]:
    """Name what is decided by a random number, in the order in which a few patients need it."""
    recorder = Recorder(0)
    simulate(Experiment.model_validate_json(experiment), TRIAL_PATIENTS, recorder)
    return tuple(recorder.names)[:MOST_DIMENSIONS]


def _stack(arms: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put the arms' arrays together; what an arm does not have is missing."""
    names = dict.fromkeys(name for arm in arms for name in arm)
    stacked = {}
    for name in names:
        shape = next(arm[name].shape for arm in arms if name in arm)
        rows = np.full((len(arms), *shape), np.nan)
        for row, arm in zip(rows, arms, strict=True):
            if name in arm:
                row[...] = arm[name]
        stacked[name] = rows
    return stacked


def _named(name: str, values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    dims = ["arm"]
    if name in ("local_control_net", "time_to_local_failure"):
        dims.append("control_model")
    if name.startswith(("myelopathy_", "time_to_myelopathy")) and not is_flag(name):
        dims.append("myelopathy_model")
    if len(dims) < values.ndim - 1:
        dims.append("months")
    return (*dims, "patient"), values
