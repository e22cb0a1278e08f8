"""Doses of courses in sequence: each planned and delivered by itself, then added up."""

from collections.abc import Hashable, Mapping
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.two_courses import draw_earlier_courses
from radsim.dose.dose import Course, Dose, EarlierCourse
from radsim.dose.metrics import Wanted
from radsim.dose.plans.sequence import Sequence
from radsim.patients.patients import Patients
from radsim.radiobiology.recovery import recovered_share
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HotSpot

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class OfCourse:
    """The streams of one course of a sequence, apart from those of the others."""

    streams: UniformSource
    number: int

    def uniforms(self, name: str, patients: range) -> np.ndarray:
        return self.streams.uniforms(f"course/{self.number}/{name}", patients)


def sequence_dose(
    plan: Sequence,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
) -> Dose:
    """Dose of courses one after the other; the first is what it would be alone."""
    wanted = Wanted(wanted.whole, wanted.hot_spots | frozenset(plan.neural_spots))
    before = draw_earlier_courses(plan, patients, streams)
    doses: list[Dose] = []
    for number, course in enumerate(plan.courses):
        source = OfCourse(streams, number) if number else streams
        since = draw_earlier_courses(plan, patients, streams, plan.months_before(number))
        earlier = (*since, *_so_far(plan, doses, patients))
        drawn = (course, model, patients, geometry, source, wanted)
        doses.append(course.drawer(*drawn, before=earlier))
    flags = [name for dose in doses for name in dose.flags]
    first = doses[0].facts
    facts = {name: first[name] for name in ("prior_interval", "prior_recovery") if name in first}
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=_added([dose.courses for dose in doses], plan),
        hot_spots=_added([dose.hot_spots for dose in doses], plan),
        facts={
            **(facts if before else {}),
            "prescription": reduce(np.add, [dose.prescription for dose in doses]),
            "plans_tried": reduce(np.add, [dose.facts["plans_tried"] for dose in doses]),
        },
        flags={name: _all(doses, name) for name in dict.fromkeys(flags)},
        earlier=before,
        prescribed=tuple((dose.prescription, dose.fractions) for dose in doses),
        highest_fraction_dose=reduce(np.maximum, [dose.fraction_dose for dose in doses]),
    )


def _so_far(plan: Sequence, doses: Listed[Dose], patients: Patients) -> list[EarlierCourse]:
    """The courses before the next one, as earlier ones of it."""
    courses = []
    for number, dose in enumerate(doses):
        months = plan.months_before(len(doses)) - plan.months_before(number)
        interval = np.full(len(patients), months)
        courses.append(
            EarlierCourse(
                dose_of=_Planned(dose),
                fractions=dose.fractions,
                interval=interval,
                recovered=recovered_share(plan.recovery, interval),
            )
        )
    return courses


@dataclass(frozen=True, eq=False)
class _Planned:
    """Planned D0.03cc of a structure [Gy], 0 in who does not have it."""

    dose: Dose

    def __call__(self, structure: str) -> np.ndarray:
        return np.nan_to_num(self.dose.hot_spots[HotSpot(structure)].planned)


def _all(doses: Listed[Dose], flag: str) -> np.ndarray:
    """Whether a flag holds in every course that has it."""
    return reduce(np.logical_and, [dose.flags[flag] for dose in doses if flag in dose.flags])


def _added(each: Listed[Mapping[K, Course]], plan: Sequence) -> dict[K, Course]:
    """Add up the courses of each structure, as planned and as delivered."""
    return {
        place: reduce(
            _sum,
            [
                _whole(courses[place], course.fractions)
                for courses, course in zip(each, plan.courses, strict=True)
            ],
        )
        for place in each[0]
    }


def _whole(course: Course, fractions: int) -> Course:
    """The same course with everything stated: squares as planned, and what is delivered."""
    squares = course.planned * course.planned / fractions
    delivered = course.planned if course.delivered is None else course.delivered
    squared = squares if course.squared is None else course.squared
    return Course(course.planned, delivered, squared, squares)


def _sum(one: Course, other: Course) -> Course:
    arrays = zip(one.arrays.values(), other.arrays.values(), strict=True)
    return Course(*(a + b for a, b in arrays))
