"""What an earlier course of radiotherapy leaves room for, and which rules the new one keeps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from radsim.dose.anatomy.dose_model import draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.dose import Course, EarlierCourse
from radsim.dose.plans.kind import Fractionated
from radsim.dose.plans.limits import Limit
from radsim.dose.plans.prior import Prior
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.patients.patients import Patients
from radsim.radiobiology.recovery import recovered_share
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HOT_SPOT, NEURAL, HotSpot


@dataclass(frozen=True)
class RulesKept:
    """What the rules over earlier courses and the new one say of each patient, shape (patient,).

    Attributes
    ----------
    flags
        Whether each rule is kept, by the name of its output.
    facts
        Of the latest earlier course, ``prior_interval`` [months] and ``prior_recovery``.
    kept
        Whether all that the arm plans to are kept.
    """

    flags: Mapping[str, np.ndarray]
    facts: Mapping[str, np.ndarray]
    kept: np.ndarray


def draw_earlier_courses(
    plan: Fractionated, patients: Patients, streams: UniformSource, later: float = 0.0
) -> tuple[EarlierCourse, ...]:
    """Draw, or look up, the interval since each of the plan's earlier courses, and its recovery.

    Courses come in an order of their own, and luck is looked up by the place in it, so that the
    order in which a file lists them changes nothing. Equal ones share it: they are parts of one
    course. Intervals are those to a course that begins ``later`` than the plan [months].
    """
    courses = []
    different: list[Prior] = []
    for prior in sorted(plan.earlier, key=_place):
        if prior not in different:
            different.append(prior)
        place = different.index(prior)
        own = f"/{place}" if place else ""
        if isinstance(prior.interval, str):
            interval = patients[prior.interval].astype(float)
        else:
            stream = f"dose/prior/interval{own}"
            interval = draw_parameter(prior.interval, stream, patients.numbers, streams)
        interval = interval + later
        by_rule = prior.recovered is None or isinstance(prior.recovered, str)
        if prior.recovered is None or isinstance(prior.recovered, str):
            recovered = recovered_share(prior.recovered or plan.recovery, interval)
        else:
            stream = f"dose/prior/recovered{own}"
            recovered = draw_parameter(prior.recovered, stream, patients.numbers, streams)
        courses.append(EarlierCourse(prior.dose_of, prior.fractions, interval, recovered, by_rule))
    return tuple(courses)


def _place(prior: Prior) -> tuple[str, str, float, int, list[tuple[str, float]]]:
    """Place of an earlier course among several: what is drawn of it first, so that luck stays."""
    organs = sorted(prior.organs.items())
    return repr(prior.interval), repr(prior.recovered), prior.dose, prior.fractions, organs


def organ_limit(
    plan: Fractionated, spot: HotSpot, geometry: Geometry, earlier: tuple[EarlierCourse, ...]
) -> np.ndarray:
    """Highest planned dose of a hot spot of an organ [Gy], shape (patient,); infinite for none."""
    organ, highest = spot.structure, np.full(geometry.has_cord.shape, np.inf)
    for limit in plan.limits:
        if limit.structure != organ:
            continue
        if isinstance(limit, Limit):
            stated = organ in NEURAL and limit.spot == spot
            if stated and not limit.optimal and limit.at_most is not None:
                highest = np.minimum(highest, limit.at_most)
        elif not limit.only_reported and earlier and spot.volume == HOT_SPOT:
            left = _left(limit, earlier)
            room = limit.highest_dose(plan.fractions, left)
            highest = np.where(limit.applies(geometry.has_cord), np.minimum(highest, room), highest)
    either = geometry.organs.get(organ) or geometry.outer.get(organ)
    if either is None:  # an organ of imported plans
        return highest
    return np.where(either.present, highest, np.inf)


def rules_kept(
    plan: Fractionated,
    has_cord: np.ndarray,
    earlier: tuple[EarlierCourse, ...],
    hot_spots: Mapping[HotSpot, Course],
) -> RulesKept:
    """Say which rules over several courses the planned D0.03cc of the organs keep.

    A rule that does not apply to a patient counts as kept; one about a structure that the plans
    lack is not reported.
    """
    kept = np.ones(has_cord.shape, dtype=bool)
    flags: dict[str, np.ndarray] = {}
    if not earlier:
        return RulesKept(flags, {}, kept)
    interval = reduce(np.minimum, (course.interval for course in earlier))
    rules = [rule for rule in plan.limits if isinstance(rule, CumulativeLimit)]
    unknown = {rule.name for rule in rules if HotSpot(rule.structure) not in hot_spots}
    for rule in rules:
        if rule.name not in unknown:
            left = _left(rule, earlier)
            dose = hot_spots[HotSpot(rule.structure)].planned
            absent = ~rule.applies(has_cord) | np.isnan(dose)
            met = absent | rule.is_met(dose, plan.fractions, left, interval)
            name = f"meets_{re.sub('[^0-9a-zA-Z]+', '_', rule.name)}"
            flags[name] = flags.get(name, np.ones_like(kept)) & met
            if not rule.only_reported:
                kept = kept & met
    latest = earlier[0].recovered
    for course in earlier[1:]:
        latest = np.where(course.interval == interval, course.recovered, latest)
    return RulesKept(flags, {"prior_interval": interval, "prior_recovery": latest}, kept)


def _left(rule: CumulativeLimit, earlier: tuple[EarlierCourse, ...]) -> np.ndarray:
    """Effect of the earlier courses that has not recovered [Gy], shape (patient,)."""
    left: np.ndarray = np.zeros(())
    for course in earlier:
        effect = rule.effect_of(course.dose_of(rule.structure), course.fractions)
        recovered = course.recovered
        if course.by_rule and rule.recovery is not None:
            recovered = recovered_share(rule.recovery, course.interval)
        left = left + (1.0 - recovered) * effect
    return left
