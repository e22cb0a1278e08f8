"""The dose metrics that a result reports, and the structures that it shows."""

from collections.abc import Iterator, Mapping

from radsim.dose.metrics import Course, DoseMetric
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.vocabulary.structures import STRUCTURES, structure_named
from radsim.vocabulary.words import Variable

COURSES: tuple[Course, ...] = ("planned", "delivered")
ALWAYS: Mapping[str, tuple[str, ...]] = {
    "gtv": ("D98", "D90", "D50"),
    "ptv": ("D90",),
    "spinal_cord": ("D0.03cc",),
    "cord_prv": ("D0.03cc",),
    "thecal_sac": ("D0.03cc",),
}


def metrics_of(experiment: Experiment) -> dict[str, DoseMetric]:
    """Metrics by the name of their variable: the usual ones, and what is read of other organs."""
    listed = [(structure, metric) for structure, each in ALWAYS.items() for metric in each]
    listed += dict.fromkeys(_of_organs(experiment))
    metrics: dict[str, DoseMetric] = {}
    for structure, metric in listed:
        plain = metric.lower().replace("%", "")
        name = f"{structure}_{plain.replace('.', '')}"
        taken = metrics.get(f"{name}_{COURSES[0]}")
        if taken is not None and taken.metric != metric:  # D2.5cc beside D25cc
            name = f"{structure}_{plain.replace('.', '_')}"
        for course in COURSES:
            read = DoseMetric(structure=structure, metric=metric, course=course)
            metrics[f"{name}_{course}"] = read
    return metrics


def structures_of(experiment: Experiment) -> tuple[str, ...]:
    """Structures whose doses are shown: the usual ones, then other organs that are read."""
    others = (structure for structure, _ in _of_organs(experiment))
    return tuple(dict.fromkeys((*STRUCTURES, *others)))


def describe_metric(metric: DoseMetric) -> Variable:
    """Say what a metric is, and its units."""
    words = structure_named(metric.structure).label
    what = "physical course dose" if metric.units == "Gy" else "part of the volume"
    return Variable(metric.units, f"{metric.course} {words} {metric.metric}, {what}")


def _of_organs(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """What models and limits read of organs beside the usual structures, and what is sampled."""
    models = (r.model for modelled in endpoints_of(experiment) for r in modelled.models)
    read = [model.dose for model in models if hasattr(model, "dose")]
    limits = (
        limit for arm in experiment.arms.values() for limit in getattr(arm.plan, "limits", ())
    )
    metrics = [(m.structure, m.metric) for m in read if m.parsed is not None]
    metrics += [(limit.structure, getattr(limit, "metric", "D0.03cc")) for limit in limits]
    for name in experiment.dose.organs:
        metrics.append((name, "D0.03cc"))
    yield from (pair for pair in metrics if pair[0] not in ("prescribed", *STRUCTURES))
    yield from (
        (m.structure, "D0.03cc") for m in read if m.is_dvh and m.structure not in STRUCTURES
    )
