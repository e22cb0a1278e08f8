"""The pipeline for any run of patients: cohort, dose, risk, events. No Dask, no files."""

from dataclasses import replace

import numpy as np

from radsim.dose.dose import Dose, whole_structures
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import Course, DoseMetric
from radsim.experiment.model import Arm, Experiment
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.response.fitted_range import outside_range
from radsim.response.risk import HazardRisk, Risk, free_probabilities, net_probabilities
from radsim.tcp.control import ControlModel

REPORTED_METRICS = {  # name of the variable: where it is read
    "gtv_d98": DoseMetric(structure="gtv", metric="D98"),
    "gtv_d90": DoseMetric(structure="gtv", metric="D90"),
    "gtv_d50": DoseMetric(structure="gtv", metric="D50"),
    "ptv_d90": DoseMetric(structure="ptv", metric="D90"),
    "spinal_cord_d003cc": DoseMetric(structure="spinal_cord", metric="D0.03cc"),
    "cord_prv_d003cc": DoseMetric(structure="cord_prv", metric="D0.03cc"),
    "thecal_sac_d003cc": DoseMetric(structure="thecal_sac", metric="D0.03cc"),
}
COURSES: tuple[Course, ...] = ("planned", "delivered")
OUTSIDE = ("_below_range", "_above_range")  # of what a model was fitted on
EVENTS = ("local_failure", "vcf", "myelopathy", "death")  # each decided by one number a patient


def is_flag(name: str) -> bool:
    """Say whether a variable is a yes or no for each patient."""
    return name in ("plan_eligible", "limits_met") or (
        name.startswith("meets_") or name.endswith(OUTSIDE)
    )


def risks_of(
    experiment: Experiment, arm: Arm, cohort: Patients, dose: Dose
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


def range_flags(experiment: Experiment, cohort: Patients, dose: Dose) -> dict[str, np.ndarray]:
    """Say which patients get a dose outside the range that each model was fitted on."""
    models: dict[str, object] = {"local_control": experiment.tcp}
    models |= {f"myelopathy_{model.preset}": model for model in experiment.myelopathy_models}
    flags: dict[str, np.ndarray] = {}
    for name, model in models.items():
        outside = outside_range(model, cohort, dose)
        if outside is not None:
            flags |= {f"{name}{end}": values for end, values in zip(OUTSIDE, outside, strict=True)}
    return flags


def control_risks(experiment: Experiment, arm: Arm, cohort: Patients, dose: Dose) -> list[Risk]:
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


def simulate_arm(
    experiment: Experiment,
    arm: Arm,
    cohort: Patients,
    luck: dict[str, np.ndarray],
    streams: UniformSource,
) -> dict[str, np.ndarray]:
    """Simulate one arm: doses, probabilities, decisions, flags."""
    dose = draw_dose(arm.plan, experiment.dose, cohort, streams, structures_needed(experiment, arm))
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
        everyone = np.ones(len(cohort))
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
    wanted = [*REPORTED_METRICS.values(), *(dose for dose in doses if dose is not None)]
    return whole_structures(arm.plan, wanted).intersection(arm.plan.gives)


def _dose_metrics(dose: Dose) -> dict[str, np.ndarray]:
    given = dose.plan.gives
    metrics = {
        f"{name}_{course}": dose.sums(replace(metric, course=course)).total
        for name, metric in REPORTED_METRICS.items()
        for course in COURSES
        if metric.structure in given
    }
    for name, values in {**dose.facts, **dose.flags}.items():
        metrics[name] = values.astype(float)
    return metrics
