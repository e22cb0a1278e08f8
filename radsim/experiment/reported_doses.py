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

UNITS_SAY = {
    "Gy": "physical course dose",
    "1": "share of the volume at or above it, physical course dose",
    "cm3": "volume at or above it, physical course dose",
}


def metrics_of(experiment: Experiment) -> dict[str, DoseMetric]:
    """Metrics by the name of their variable: the usual ones, and what else is read of a dose."""
    usual = [(structure, metric) for structure, each in ALWAYS.items() for metric in each]
    listed: dict[str, tuple[str, str]] = {}
    for structure, metric in dict.fromkeys((*usual, *_read(experiment))):
        plain = metric.lower().replace("%", "")
        short = f"{structure}_{plain.replace('.', '')}"
        # D2.5cc beside D25cc keeps its point, as a character that names may have
        name = f"{structure}_{plain.replace('.', '_')}" if short in listed else short
        listed[name] = (structure, metric)
    return {
        f"{name}_{course}": DoseMetric(structure=structure, metric=metric, course=course)
        for name, (structure, metric) in listed.items()
        for course in COURSES
    }


def structures_of(experiment: Experiment) -> tuple[str, ...]:
    """Structures whose doses are shown: the usual ones, then other organs that are read."""
    others = (structure for structure, _ in _read(experiment))
    return tuple(dict.fromkeys((*STRUCTURES, *others)))


def describe_metric(metric: DoseMetric) -> Variable:
    """Say what a metric is, and its units."""
    words = structure_named(metric.structure).label
    what = UNITS_SAY[metric.units]
    return Variable(metric.units, f"{metric.course} {words} {metric.metric}, {what}")


def _read(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """What models read, and of organs beside the usual structures what limits are on, too."""
    models = (r.model for modelled in endpoints_of(experiment) for r in modelled.models)
    read = dict.fromkeys(model.dose for model in models if hasattr(model, "dose"))
    plans = [arm.plan for arm in experiment.arms.values()]
    for metric in (metric for metric in read if metric.parsed is not None):
        yield from ((metric.structure_in(plan), metric.metric) for plan in plans)
    others = [
        (limit.structure, getattr(limit, "metric", "D0.03cc"))
        for plan in plans
        for limit in getattr(plan, "limits", ())
    ]
    others += [(organ, "D0.03cc") for organ in experiment.dose.organs]
    others += [(metric.structure, "D0.03cc") for metric in read if metric.is_dvh]
    yield from (pair for pair in others if pair[0] not in ("prescribed", *STRUCTURES))
