"""Doses at nodes of volume by the compiled loops of `kernels`."""

import numpy as np

from radsim.dose.anatomy.depth import (
    normal_scores,
    organ_row,
    organ_table,
    target_row,
    target_table,
)
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.planning import Plans
from radsim.dose.course.profile import Profile, steepness
from radsim.dose.nodes.kernels import (
    Course,
    Curve,
    Cylinder,
    Nodes,
    Part,
    organ_doses,
    target_doses,
)
from radsim.dose.nodes.plain import Doses
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.radiobiology.dvh import volume_nodes
from radsim.vocabulary.structures import NEURAL


def fill_compiled(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery | None,
    doses: dict[str, Doses],
) -> None:
    """Fill the doses of each structure named in ``doses``, shape (patient, node)."""
    if not doses:
        return
    nodes = next(iter(doses.values()))[0].shape[1]
    volume, _ = volume_nodes(nodes)
    curve = _curve(plans.profile)
    boosted = plan.boost is not None
    if "gtv" in doses or "ptv" in doses:
        cold = 1.0 - volume
        # PTV_Eval is put together from the GTV's doses, so those need a place even if nobody asks
        gtv = doses.get("gtv") or tuple(np.empty_like(array) for array in doses["ptv"])
        target_doses(
            _part(geometry.gtv_surface, geometry.gtv_extent, geometry.gtv_shape, cold),
            _part(geometry.wall, geometry.ring_extent, geometry.ring_shape, cold),
            geometry.gtv_share,
            _single(plans.spread),
            normal_scores(tuple(cold.tolist())),
            cold,
            curve,
            _course(plan, plans, delivery, None if delivery is None else delivery.target_shift),
            boosted,
            "ptv" in doses,
            _three(gtv, nodes),
            _three(doses.get("ptv", ()), nodes),
        )
    course = _course(plan, plans, delivery, None if delivery is None else delivery.organ_shift)
    reach = (geometry.length + geometry.beyond) / (2.0 * geometry.tail)  # half beyond either end
    for name in (organ for organ in NEURAL if organ in doses):
        organ = geometry.organs[name]
        cylinder = Cylinder(
            surface=_single(organ.surface),
            diameter=_single(2.0 * organ.radius),
            in_field=_single(geometry.in_field),
            rolloff=_single(geometry.rolloff),
            reach=_single(reach),
            row=organ_row(geometry.in_field),
            depths=organ_table(tuple(volume.tolist())),
        )
        organ_doses(cylinder, curve, course, _single(volume), boosted, _three(doses[name], nodes))


def _part(surface: np.ndarray, extent: np.ndarray, shape: np.ndarray, cold: np.ndarray) -> Part:
    return Part(
        surface=_single(surface),
        extent=_single(extent),
        shape=_single(shape),
        row=target_row(shape),
        depths=target_table(tuple(cold.tolist())),
    )


def _curve(profile: Profile) -> Curve:
    single = Profile(**{name: _single(values) for name, values in vars(profile).items()})
    return Curve(
        reference=single.reference,
        falloff=single.falloff,
        valley=single.valley,
        low=single.low - single.valley,
        low_steepness=steepness(single, single.low),
        high=single.high - single.valley,
        high_steepness=steepness(single, single.high),
        edge=single.edge,
    )


def _course(
    plan: ExternalBeam, plans: Plans, delivery: Delivery | None, shift: np.ndarray | None
) -> Course:
    if delivery is None or shift is None:
        return Course(np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=np.float32))
    return Course(
        shift=_single(np.exp(-shift / plans.profile.falloff)),
        output=_single(delivery.output) / np.float32(plan.fractions),
    )


def _single(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float32)


def _three(arrays: Doses, nodes: int) -> Nodes:
    """The three kinds of dose, with nothing in the place of those that nobody wants."""
    nothing = np.empty((0, nodes), dtype=np.float32)
    planned, delivered, squared = (*arrays, nothing, nothing, nothing)[:3]
    return planned, delivered, squared
