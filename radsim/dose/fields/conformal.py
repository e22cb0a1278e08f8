"""A plan that spares the neural structures: limits, replanning, delivery, doses."""

import numpy as np
import xarray as xr

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery, draw_delivery
from radsim.dose.course.planning import make_plans
from radsim.dose.course.profile import Profile
from radsim.dose.course.two_courses import draw_earlier_course, organ_limit, rules_kept
from radsim.dose.nodes.fill import KINDS, Fill, volume_doses
from radsim.dose.nodes.plain import Doses
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import ORGANS

LIMIT_TOLERANCE = 2e-3  # [Gy] a planned dose may exceed its limit by, against rounding


def conformal_dose(
    plan: ExternalBeam,
    model: DoseModel,
    patients: xr.Dataset,
    geometry: Geometry,
    indices: range,
    streams: UniformSource,
    structures: frozenset[str],
    fill: Fill | None = None,
) -> dict[str, np.ndarray]:
    """Doses by the names that ``draw_dose`` gives them; compiled unless ``fill`` is another."""
    earlier = draw_earlier_course(plan, patients, indices, streams)
    limits = {organ: organ_limit(plan, organ, geometry.has_cord, earlier) for organ in ORGANS}
    plans = make_plans(plan, model, geometry, limits, indices, streams)
    delivery = None
    if plan.delivery:
        delivery = draw_delivery(model, plan.fractions, geometry.wrap, indices, streams)
    hot_spots = hot_spot_doses(plan, geometry, plans.profile, delivery)
    met = np.ones(len(indices), dtype=bool)
    variables: dict[str, np.ndarray] = {}
    for organ, doses in hot_spots.items():
        met &= ~(doses[0] > limits[organ] + LIMIT_TOLERANCE)
        for kind, values in zip(KINDS, doses, strict=False):
            variables[f"{organ}_d003cc_{kind}"] = values
    planned = {organ: doses[0] for organ, doses in hot_spots.items()}
    flags, kept = rules_kept(plan, geometry.has_cord, earlier, planned)
    return {
        "prescription": plans.prescription,
        "plans_tried": plans.tried,
        "limits_met": met & kept,
        "plan_eligible": plans.eligible & met & kept,
        **flags,
        **variables,
        **volume_doses(plan, geometry, plans, delivery, model.nodes, structures, fill),
    }


def hot_spot_doses(
    plan: ExternalBeam, geometry: Geometry, profile: Profile, delivery: Delivery | None
) -> dict[str, Doses]:
    """D0.03cc of each neural structure [Gy], (patient,); NaN where there is no cord."""
    found: dict[str, Doses] = {}
    for name, organ in geometry.organs.items():
        x = profile.attenuation(organ.hot_spot)
        factor = 1.0 - geometry.rolloff * organ.hot_share
        doses = [profile.dose(x) * factor]
        if delivery is not None:
            total, squared = np.zeros_like(x), np.zeros_like(x)
            for shift in delivery.organ_shift:
                dose = profile.dose(x * np.exp(-shift / profile.falloff))
                total += dose
                squared += dose * dose
            share = factor * delivery.output / plan.fractions
            doses += [total * share, squared * share * share]
        present = geometry.has_cord | (name == "thecal_sac")
        found[name] = tuple(np.where(present, values, np.nan) for values in doses)
    return found
