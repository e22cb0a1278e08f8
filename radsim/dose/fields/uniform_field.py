"""A conventional field: the prescription everywhere in it, the cord included."""

import numpy as np
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.two_courses import draw_earlier_courses, rules_kept
from radsim.dose.dose import Course, Dose
from radsim.dose.metrics import Wanted
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import STRUCTURES, HotSpot

LARGEST_HOT_SHARE = 0.5  # a hot spot is never colder than the median


def uniform_field_dose(
    plan: ExternalBeam,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
) -> Dose:
    """Dose of a field in which every structure lies.

    Every structure has the prescription as its median dose and a normal spread around it. A
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
    for name, organ in geometry.organs.items():
        share = np.minimum(organ.hot_share * geometry.in_field, LARGEST_HOT_SHARE)
        dose = plan.prescription * (1.0 + spread * ndtri(1.0 - share))
        hot_spots[HotSpot(name)] = course(np.where(organ.present, dose, np.nan), output)
    single = output.astype(np.float32)[:, None]
    courses = {}
    for name in (structure for structure in STRUCTURES if structure in wanted.whole):
        planned = np.where(patients.with_structure(name)[:, None], nodes, np.nan)
        courses[name] = course(planned.astype(np.float32), single)
    earlier = draw_earlier_courses(plan, patients, streams)
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
        recovered=rules.recovered,
    )
