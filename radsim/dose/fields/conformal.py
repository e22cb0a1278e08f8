"""A plan that spares the neural structures: limits, replanning, delivery, doses."""

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery, draw_delivery
from radsim.dose.course.planning import make_plans
from radsim.dose.course.profile import Profile
from radsim.dose.course.two_courses import draw_earlier_courses, organ_limit, rules_kept
from radsim.dose.dose import Course, Dose
from radsim.dose.metrics import Wanted
from radsim.dose.nodes.fill import Fill, volume_doses
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import NEURAL, HotSpot

LIMIT_TOLERANCE = 2e-3  # [Gy] a planned dose may exceed its limit by, against rounding


def conformal_dose(
    plan: ExternalBeam,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
    fill: Fill | None = None,
) -> Dose:
    """Dose of a plan that is made anew until it keeps its limits, at nodes by ``fill``."""
    numbers = patients.numbers
    earlier = draw_earlier_courses(plan, patients, streams)
    limits = {organ: organ_limit(plan, organ, geometry, earlier) for organ in NEURAL}
    plans = make_plans(plan, model, geometry, limits, numbers, streams)
    delivery = None
    if plan.delivery:
        delivery = draw_delivery(model, plan.fractions, geometry.wrap, numbers, streams)
    hot_spots = hot_spot_doses(plan, geometry, plans.profile, delivery)
    met = np.ones(len(numbers), dtype=bool)
    for spot, course in hot_spots.items():
        met &= ~(course.planned > limits[spot.structure] + LIMIT_TOLERANCE)
    rules = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=volume_doses(plan, geometry, plans, delivery, model.nodes, wanted.whole, fill),
        hot_spots=hot_spots,
        facts={"prescription": plans.prescription, "plans_tried": plans.tried, **rules.facts},
        flags={
            "limits_met": met & rules.kept,
            "plan_eligible": plans.eligible & met & rules.kept,
            **rules.flags,
        },
        recovered=rules.recovered,
    )


def hot_spot_doses(
    plan: ExternalBeam, geometry: Geometry, profile: Profile, delivery: Delivery | None
) -> dict[HotSpot, Course]:
    """D0.03cc of each neural structure [Gy], (patient,); NaN where a patient has none."""
    hot_spots: dict[HotSpot, Course] = {}
    for name, organ in geometry.organs.items():
        x = profile.attenuation(organ.hot_spot)
        factor = 1.0 - geometry.rolloff * organ.hot_share
        course = Course(profile.dose(x) * factor)
        if delivery is not None:
            total, squared = np.zeros_like(x), np.zeros_like(x)
            for shift in delivery.organ_shift:
                dose = profile.dose(x * np.exp(-shift / profile.falloff))
                total += dose
                squared += dose * dose
            share = factor * delivery.output / plan.fractions
            course = Course(course.planned, total * share, squared * share * share)
        hot_spots[HotSpot(name)] = course.nan_without(organ.present)
    return hot_spots
