"""A conventional field: the prescription everywhere in it, the cord included."""

from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.anatomy.outer_organ import depth_nodes
from radsim.dose.course.two_courses import draw_earlier_courses, rules_kept
from radsim.dose.dose import Course, Dose, EarlierCourse
from radsim.dose.metrics import Wanted
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HOT_SPOT, STRUCTURES, HotSpot

HOTTEST = 1e-6  # share of an organ that its maximum stands for
LARGEST_HOT_SHARE = 0.5  # a hot spot is never colder than the median


def uniform_field_dose(
    plan: ExternalBeam,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
    before: tuple[EarlierCourse, ...] = (),
) -> Dose:
    """Dose of a field in which every structure of the spine lies.

    Every structure has the prescription as its median dose and a normal spread around it; of an
    organ beyond the target that is so of the part beside it, and dose falls along the rest. A
    set-up shift moves nothing out of the field, so delivery differs by the output error only.
    """
    numbers, everyone = patients.numbers, len(patients)
    spread = draw_parameter(model.uniform_spread, "dose/plan/uniform_spread", numbers, streams)
    output = np.ones(everyone)
    if plan.delivery:
        output += draw_parameter(model.output_error, "dose/delivery/output", numbers, streams)
    volume, _ = volume_nodes(model.nodes)
    nodes = plan.prescription * (1.0 + spread[:, None] * ndtri(1.0 - volume))

    def course(planned: np.ndarray, output: np.ndarray) -> Course:
        course = Course(planned)
        return course.with_output(output, plan.fractions) if plan.delivery else course

    hot_spots = {}
    further = sorted(spot for spot in wanted.hot_spots if spot.structure in geometry.organs)
    for spot in dict.fromkeys((*map(HotSpot, geometry.organs), *further)):
        organ = geometry.organs[spot.structure]
        share = organ.hot_share * geometry.in_field * (spot.volume / HOT_SPOT)
        likely = np.minimum(share, LARGEST_HOT_SHARE if spot.volume == HOT_SPOT else 1.0 - 1e-9)
        dose = plan.prescription * (1.0 + spread * ndtri(1.0 - likely))
        known = organ.present & ((share <= 1.0) | (spot.volume == HOT_SPOT))
        hot_spots[spot] = course(np.where(known, dose, np.nan), output)
    single = output.astype(np.float32)[:, None]
    courses = {}
    for name in (structure for structure in STRUCTURES if structure in wanted.whole):
        planned = np.where(patients.with_structure(name)[:, None], nodes, np.nan)
        courses[name] = course(planned.astype(np.float32), single)
    if geometry.outer:
        from radsim.dose.nodes.outer import organ_doses  # numba takes a third of a second

        # across a field dose differs by chance alone, and along it nothing rolls off
        across = np.clip(depth_nodes(), HOTTEST, 1.0 - HOTTEST)
        spreads = plan.prescription * (1.0 + spread[:, None] * ndtri(1.0 - across))
        beside = {n: replace(o, rolloff=np.zeros(everyone)) for n, o in geometry.outer.items()}
        whole, hot = organ_doses(
            beside, lambda _, rows: ((spreads[rows], 1),), 1, wanted, model.nodes
        )
        courses |= {name: course(found.planned, single) for name, found in whole.items()}
        hot_spots |= {spot: course(found.planned, output) for spot, found in hot.items()}
    earlier = (*draw_earlier_courses(plan, patients, streams), *before)
    rules = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    yes = np.ones(everyone, dtype=bool)
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=courses,
        hot_spots=hot_spots,
        facts={
            "prescription": np.full(everyone, float(plan.prescription)),
            "plans_tried": np.ones(everyone, dtype=int),
            **rules.facts,
        },
        flags={"plan_eligible": yes, "limits_met": yes, **rules.flags},
        earlier=earlier,
    )
