"""A conventional field: the prescription everywhere in it, the cord included."""

import numpy as np
import xarray as xr
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.two_courses import draw_earlier_course, rules_kept
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import ORGANS, STRUCTURES

LARGEST_HOT_SHARE = 0.5  # a hot spot is never colder than the median


def uniform_field_dose(
    plan: ExternalBeam,
    model: DoseModel,
    patients: xr.Dataset,
    geometry: Geometry,
    indices: range,
    streams: UniformSource,
    structures: frozenset[str],
) -> dict[str, np.ndarray]:
    """Doses by the names that ``draw_dose`` gives them.

    Every structure has the prescription as its median dose and a normal spread around it. A
    set-up shift moves nothing out of the field, so delivery differs by the output error only.
    """
    everyone = len(indices)
    spread = draw_parameter(model.uniform_spread, "dose/plan/uniform_spread", indices, streams)
    output = np.ones(everyone)
    if plan.delivery:
        output += draw_parameter(model.output_error, "dose/delivery/output", indices, streams)
    volume, _ = volume_nodes(model.nodes)
    nodes = plan.prescription * (1.0 + spread[:, None] * ndtri(1.0 - volume))
    hot_spots = {}
    for name, organ in geometry.organs.items():
        share = np.minimum(organ.hot_share * geometry.in_field, LARGEST_HOT_SHARE)
        dose = plan.prescription * (1.0 + spread * ndtri(1.0 - share))
        present = geometry.has_cord | (name == "thecal_sac")
        hot_spots[name] = np.where(present, dose, np.nan)

    variables: dict[str, np.ndarray] = {}

    def put(name: str, planned: np.ndarray, output: np.ndarray) -> None:
        variables[f"{name}_planned"] = planned
        if plan.delivery:
            delivered = planned * output
            variables[f"{name}_delivered"] = delivered
            variables[f"{name}_delivered_squared"] = delivered * delivered / plan.fractions

    for name in (structure for structure in STRUCTURES if structure in structures):
        absent = ~geometry.has_cord & (name in ("cord_prv", "spinal_cord"))
        planned = np.where(absent[:, None], np.nan, nodes)
        put(name, planned.astype(np.float32), output.astype(np.float32)[:, None])
    for name in ORGANS:
        put(f"{name}_d003cc", hot_spots[name], output)
    earlier = draw_earlier_course(plan, patients, indices, streams)
    flags, _ = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return {
        "prescription": np.full(everyone, float(plan.prescription)),
        "plans_tried": np.ones(everyone, dtype=int),
        "plan_eligible": np.ones(everyone, dtype=bool),
        "limits_met": np.ones(everyone, dtype=bool),
        **flags,
        **variables,
    }
