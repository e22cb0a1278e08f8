"""A plan that spares the neural structures: limits, replanning, delivery, doses."""

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import Geometry, hot_part
from radsim.dose.course.delivery import Delivery, draw_delivery
from radsim.dose.course.planning import make_plans
from radsim.dose.course.profile import Profile
from radsim.dose.course.two_courses import draw_earlier_courses, organ_limit, rules_kept
from radsim.dose.dose import Course, Dose, EarlierCourse
from radsim.dose.metrics import Wanted
from radsim.dose.nodes.fill import Fill, volume_doses
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HotSpot

LIMIT_TOLERANCE = 2e-3  # [Gy] a planned dose may exceed its limit by, against rounding


def conformal_dose(
    plan: ExternalBeam,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
    fill: Fill | None = None,
    before: tuple[EarlierCourse, ...] = (),
) -> Dose:
    """Dose of a plan that is made anew until it keeps its limits, at nodes by ``fill``."""
    numbers = patients.numbers
    earlier = (*draw_earlier_courses(plan, patients, streams), *before)
    spots = (*plan.neural_spots, *map(HotSpot, geometry.outer))
    limits = {spot: organ_limit(plan, spot, geometry, earlier) for spot in spots}
    plans = make_plans(plan, model, geometry, limits, numbers, streams)
    delivery = None
    if plan.delivery:
        delivery = draw_delivery(model, plan.fractions, geometry.wrap, numbers, streams)
    asked = Wanted(wanted.whole, wanted.hot_spots | frozenset(plan.neural_spots))
    hot_spots = hot_spot_doses(plan, geometry, plans.profile, delivery, asked)
    met = np.ones(len(numbers), dtype=bool) & plans.limits_kept
    for spot in plan.neural_spots:
        met &= ~(hot_spots[spot].planned > limits[spot] + LIMIT_TOLERANCE)
    courses = volume_doses(plan, geometry, plans, delivery, model.nodes, wanted.whole, fill)
    if geometry.outer:
        from radsim.dose.nodes.outer import outer_doses  # numba takes a third of a second

        outer = geometry.outer
        whole, hot = outer_doses(plan.fractions, outer, plans, delivery, wanted, model.nodes)
        courses, hot_spots = courses | whole, hot_spots | hot
    rules = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=courses,
        hot_spots=hot_spots,
        facts={"prescription": plans.prescription, "plans_tried": plans.tried, **rules.facts},
        flags={
            "limits_met": met & rules.kept,
            "plan_eligible": plans.eligible & met & rules.kept,
            **rules.flags,
        },
        earlier=earlier,
        highest_fraction_dose=plans.highest_level / plan.fractions,
    )


def hot_spot_doses(
    plan: ExternalBeam,
    geometry: Geometry,
    profile: Profile,
    delivery: Delivery | None,
    wanted: Wanted,
) -> dict[HotSpot, Course]:
    """Dose of hot spots of the neural structures [Gy], (patient,); NaN where there is none.

    They are D0.03cc of each, and what is wanted; unknown (NaN) in who has a smaller structure.
    """
    hot_spots: dict[HotSpot, Course] = {}
    further = sorted(spot for spot in wanted.hot_spots if spot.structure in geometry.organs)
    for spot in dict.fromkeys((*map(HotSpot, geometry.organs), *further)):
        organ = geometry.organs[spot.structure]
        position, factor, known = hot_part(geometry, spot)
        x = profile.attenuation(position)
        course = Course(profile.dose(x) * factor)
        if delivery is not None:
            total, squared = np.zeros_like(x), np.zeros_like(x)
            for shift in delivery.organ_shift:
                dose = profile.dose(x * np.exp(-shift / profile.falloff))
                total += dose
                squared += dose * dose
            share = factor * delivery.output / plan.fractions
            course = Course(course.planned, total * share, squared * share * share)
        hot_spots[spot] = course.nan_without(organ.present & known)
    return hot_spots
