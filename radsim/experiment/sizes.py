"""Whether structures are as large as the hottest part whose dose is asked for."""

from collections.abc import Iterator

from radsim.dose.anatomy.geometry import draw_geometry
from radsim.dose.anatomy.organ import ends_of
from radsim.dose.plans.limits import Limit
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment, cohort_of
from radsim.patients.eligibility import draw_eligible
from radsim.patients.patients import Patients
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import NEURAL, TARGETS, HotSpot, structure_named

FIRST = 4096  # patients whose structures are looked at
Asked = tuple[str, str, HotSpot]  # where the file asks for a hot spot, of which arm


def too_small(experiment: Experiment) -> Iterator[str]:
    """Give a line for each hot spot that is larger than its structure.

    A dose that is unknown in anybody would end the run. Sampled organs are held to the lower end
    of their volume, targets and neural structures to those of the first patients.
    """
    lines: dict[str, None] = {}
    looked_at: dict[tuple[int, HotSpot], str] = {}
    for where, arm, spot in _asked(experiment):
        people = id(experiment.arms[arm].cohort), spot
        if people not in looked_at:
            looked_at[people] = _problem(experiment, arm, spot)
        if problem := looked_at[people]:
            lines[f"{where}: the {structure_named(spot.structure).label} {problem}"] = None
    yield from lines


def _asked(experiment: Experiment) -> Iterator[Asked]:
    """Hot spots that models and limits are of, of plans whose structures are sampled."""
    sampled = {name: arm.plan for name, arm in experiment.arms.items() if arm.plan.is_sampled}
    for stated in (stated for modelled in endpoints_of(experiment) for stated in modelled.stated):
        metric = getattr(stated.model, "dose", None)
        if metric is None or metric.hottest is None:
            continue
        for name, plan in sampled.items():
            spot = HotSpot(metric.structure_in(plan), metric.hottest)
            if spot not in map(HotSpot, NEURAL):  # their D0.03cc is defined of every patient
                yield f"{stated.section}.dose", name, spot
    for name, plan in sampled.items():
        for place, limit in enumerate(getattr(plan, "limits", ())):
            metric = limit.parsed if isinstance(limit, Limit) else None
            if metric is not None and metric.kind == "dose_at_volume":
                spot = HotSpot(limit.structure, metric.number)
                if spot.structure not in (*TARGETS, *NEURAL):  # whose limits are of other metrics
                    yield f"arms.{name}.limits[{place}]", name, spot


def _problem(experiment: Experiment, arm: str, spot: HotSpot) -> str:
    """Say of whom a structure is smaller than its hot spot, or nothing."""
    organ = experiment.dose.organs.get(spot.structure)
    if organ is not None:
        smallest = ends_of(organ.volume)[0]
        return "" if smallest >= spot.volume else (
            f"may have {smallest:.3g} cm3 (dose.organs.{spot.structure}.volume), too little for "
            f"its hottest {spot.volume:g} cm3"
        )  # fmt: skip
    first, streams = range(min(experiment.patients, FIRST)), Streams(experiment.seed)
    patients: Patients = draw_eligible(*cohort_of(experiment, arm), first, streams)[0]
    volume = draw_geometry(experiment.dose, patients, streams).volumes[spot.structure]
    present = patients.with_structure(spot.structure)
    smaller = int((present & (volume < spot.volume)).sum())
    return "" if not smaller else (
        f"has less than {spot.volume:g} cm3 in {smaller} of {present.sum()} who have it, of the "
        f"first {len(first)} patients, so that dose is unknown"
    )  # fmt: skip
