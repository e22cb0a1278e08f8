"""The pipeline for any run of patients: cohort, dose, risk, events. No Dask, no files."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import xarray as xr

from radsim.dose.dose import ArmDose, DoseMetric
from radsim.dose.drawing import available, draw_dose
from radsim.experiment.model import Arm, Experiment
from radsim.patients.eligibility import draw_eligible
from radsim.randomness.sources import MOST_DIMENSIONS, Antithetic, Recorder, Sobol
from radsim.randomness.streams import Streams, UniformSource
from radsim.response.fitted_range import outside_range
from radsim.response.risk import HazardRisk, Risk
from radsim.sums.counts import free_probabilities, net_probabilities
from radsim.tcp.control import ControlModel
from radsim.vocabulary.words import COHORT, Variable, label

CONTROL_MODELS = ("file", "without_reirradiation_hazard")
REPORTED_METRICS = {  # name of the variable: where it is read
    "gtv_d98": ("gtv", "D98"),
    "gtv_d90": ("gtv", "D90"),
    "gtv_d50": ("gtv", "D50"),
    "ptv_d90": ("ptv", "D90"),
    "spinal_cord_d003cc": ("spinal_cord", "D0.03cc"),
    "cord_prv_d003cc": ("cord_prv", "D0.03cc"),
    "thecal_sac_d003cc": ("thecal_sac", "D0.03cc"),
}
COURSES = ("planned", "delivered")
OUTSIDE = ("_below_range", "_above_range")  # of what a model was fitted on
EVENTS = ("local_failure", "vcf", "myelopathy", "death")  # each decided by one number a patient
TRIAL_PATIENTS = range(256)  # enough to meet the decisions that most patients need

VOCABULARY = {
    **{
        f"{name}_{course}": Variable("Gy", f"{course} {structure} {metric}, physical course dose")
        for name, (structure, metric) in REPORTED_METRICS.items()
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


def is_flag(name: str) -> bool:
    """Say whether a variable is a yes or no for each patient."""
    return name in ("plan_eligible", "limits_met") or (
        name.startswith("meets_") or name.endswith(OUTSIDE)
    )


def control_models(experiment: Experiment) -> tuple[str, ...]:
    """Name the variants of the control model that are reported.

    Where an arm has a prior course there are two: with the model's hazard ratio for
    reirradiation, and without. Then come the alternatives that the file lists.
    """
    prior = any(arm.has_prior for arm in experiment.arms.values())
    own = CONTROL_MODELS if prior else CONTROL_MODELS[:1]
    return (*own, *(m.label or m.preset or m.kind for m in experiment.tcp_alternatives))


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
        _simulate_arm(experiment, arm, cohort, luck, streams) for arm in experiment.arms.values()
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
    own = cohort.drop_vars([name for name in stacked if name in cohort])  # arms say it better
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


def risks_of(
    experiment: Experiment, arm: Arm, cohort: xr.Dataset, dose: ArmDose
) -> dict[str, list[Risk]]:
    """Risk of each event, one for each model of it that is reported, the file's own first."""
    risks: dict[str, list[Risk]] = {}
    if experiment.tcp is not None:
        risks["local_failure"] = control_risks(experiment, arm, cohort, dose)
    if experiment.ntcp.vcf is not None:
        risks["vcf"] = [experiment.ntcp.vcf.risk(cohort, dose)]
    if experiment.myelopathy_models:
        risks["myelopathy"] = [m.risk(cohort, dose) for m in experiment.myelopathy_models]
    return risks


def range_flags(experiment: Experiment, cohort: xr.Dataset, dose: ArmDose) -> dict[str, np.ndarray]:
    """Say which patients get a dose outside the range that each model was fitted on."""
    models: dict[str, object] = {"local_control": experiment.tcp}
    models |= {f"myelopathy_{model.preset}": model for model in experiment.myelopathy_models}
    flags: dict[str, np.ndarray] = {}
    for name, model in models.items():
        outside = outside_range(model, cohort, dose)
        if outside is not None:
            flags |= {f"{name}{end}": values for end, values in zip(OUTSIDE, outside, strict=True)}
    return flags


def control_risks(
    experiment: Experiment, arm: Arm, cohort: xr.Dataset, dose: ArmDose
) -> list[Risk]:
    """Risk of local failure under each variant of `control_models`, the file's own first."""
    assert experiment.tcp is not None
    plain = experiment.tcp.risk(cohort, dose)
    variants: list[Risk] = [_after_prior(plain, experiment.tcp, arm)]
    if any(one.has_prior for one in experiment.arms.values()):
        variants.append(plain)
    for other in experiment.tcp_alternatives:
        variants.append(_after_prior(other.risk(cohort, dose), other, arm))
    return variants


def _after_prior(risk: HazardRisk, model: ControlModel, arm: Arm) -> HazardRisk:
    """Raise the hazard of failure in an arm with a prior course."""
    ratio = model.reirradiation_hazard_ratio if arm.has_prior else 1.0
    return HazardRisk(hazard=risk.hazard * ratio, onset=risk.onset)


def _simulate_arm(
    experiment: Experiment,
    arm: Arm,
    cohort: xr.Dataset,
    luck: dict[str, np.ndarray],
    streams: UniformSource,
) -> dict[str, np.ndarray]:
    drawn = draw_dose(
        arm.plan, experiment.dose, cohort, streams, structures_needed(experiment, arm)
    )
    dose = ArmDose(plan=arm.plan, dose=drawn)
    risks = risks_of(experiment, arm, cohort, dose)
    months = experiment.months
    result = _dose_metrics(dose)
    if experiment.tcp is not None:
        result["local_control_eqd2"] = experiment.tcp.eqd2(cohort, dose)
        result["local_control_net"] = np.stack(
            [free_probabilities(risk, months) for risk in risks["local_failure"]]
        )
    for event in ("vcf", "myelopathy"):
        if event in risks:
            values = np.stack([net_probabilities(risk, months) for risk in risks[event]])
            result[f"{event}_net"] = values[0] if event == "vcf" else values
    if experiment.myelopathy_models:
        result["myelopathy_eqd2"] = np.stack(
            [model.eqd2(cohort, dose) for model in experiment.myelopathy_models]
        )
    result |= range_flags(experiment, cohort, dose)
    for event, models in risks.items():
        times = np.stack([risk.time(luck[event]) for risk in models])
        result[f"time_to_{event}"] = times[0] if event == "vcf" else times
    free = None
    if len(risks) == 3:
        free = np.prod([free_probabilities(r[0], months) for r in risks.values()], axis=0)
        result["complication_free_control_net"] = free
    survival = arm.survival or experiment.survival
    if survival is not None:
        everyone = np.ones(cohort.sizes["patient"])
        alive = np.stack([survival.alive(time, cohort) * everyone for time in months])
        result["survival_alive"] = alive
        result["time_to_death"] = survival.time(luck["death"], cohort)
        if free is not None:
            result["complication_free_control_alive"] = alive * free
    return result


def structures_needed(experiment: Experiment, arm: Arm) -> frozenset[str]:
    """Structures whose whole DVH some model or report reads; D0.03cc is there in any case."""
    models = [experiment.tcp, *experiment.tcp_alternatives, *experiment.myelopathy_models]
    doses = [getattr(model, "dose", None) for model in (*models, experiment.ntcp.vcf)]
    read = [
        *REPORTED_METRICS.values(),
        *((dose.structure_in(arm.plan), dose.metric) for dose in doses if dose is not None),
    ]
    wanted = {structure for structure, metric in read if metric != "D0.03cc"}
    return frozenset(wanted & set(available(arm.plan)))


def _dose_metrics(dose: ArmDose) -> dict[str, np.ndarray]:
    known = available(dose.plan)
    metrics = {}
    for name, (structure, metric) in REPORTED_METRICS.items():
        for course in COURSES:
            if structure in known:
                wanted = DoseMetric(structure=structure, metric=metric, course=course)  # type: ignore[arg-type]
                metrics[f"{name}_{course}"] = dose.sums(wanted)[0]
    for variable, values in dose.dose.data_vars.items():
        key = str(variable)
        if values.dims == ("patient",) and not key.endswith(("planned", "delivered", "squared")):
            metrics[key] = values.values.astype(float)
    return metrics


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
