"""The dose that each patient gets from a plan: planned, and delivered with errors."""

from dataclasses import replace

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import draw_geometry
from radsim.dose.dose import Dose
from radsim.dose.metrics import Wanted
from radsim.dose.plans.plan import Plan
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.words import nearest


def draw_dose(
    plan: Plan,
    model: DoseModel,
    patients: Patients,
    streams: UniformSource,
    wanted: Wanted,
) -> Dose:
    """Plan and deliver a treatment for each patient, with what will be read of it.

    The patients need the plan's ``required_variables``; D0.03cc of the organs is always there.

    Raises
    ------
    ValueError
        If a structure is asked for that the plan does not give.
    KeyError
        If ``bilsky`` has a label that is no grade.
    """
    given = plan.gives(model.organs)
    for structure in sorted(wanted.whole):
        if structure not in given:
            raise ValueError(f"the arm gives no dose to {structure!r}; {nearest(structure, given)}")
    geometry = draw_geometry(model, patients, streams)
    dose = plan.drawer(plan, model, patients, geometry, streams, wanted)
    volumes = dose.volumes or geometry.volumes
    return replace(
        dose, volumes=volumes, facts={**dose.facts, "gtv_distance": geometry.gtv_surface}
    )
