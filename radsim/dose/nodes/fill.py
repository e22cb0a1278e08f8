"""Doses of whole structures at nodes of volume, from one profile and one delivery a patient."""

from typing import Protocol

import numpy as np

from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.planning import Plans
from radsim.dose.dose import Course
from radsim.dose.nodes.lowered import lower_targets
from radsim.dose.nodes.plain import Doses
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.vocabulary.structures import STRUCTURES


class Fill(Protocol):
    """Fills the doses of each structure named in ``doses``: plainly or compiled, to rounding."""

    def __call__(
        self,
        plan: ExternalBeam,
        geometry: Geometry,
        plans: Plans,
        delivery: Delivery | None,
        doses: dict[str, Doses],
    ) -> None: ...


def volume_doses(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery | None,
    nodes: int,
    structures: frozenset[str],
    fill: Fill | None = None,
) -> dict[str, Course]:
    """Dose of each structure at nodes of volume, hottest first, shape (patient, node).

    Without ``delivery`` only what is planned; NaN where a patient has no such organ. The loops are
    compiled unless ``fill`` is another.
    """
    if fill is None:  # numba takes a third of a second
        from radsim.dose.nodes.compiled import fill_compiled

        fill = fill_compiled
    kinds = 1 if delivery is None else 3  # planned, delivered and its square
    shape = (len(plans.tried), nodes)
    doses = {
        structure: tuple(np.empty(shape, dtype=np.float32) for _ in range(kinds))
        for structure in STRUCTURES
        if structure in structures
    }
    fill(plan, geometry, plans, delivery, doses)
    lower_targets(plan, geometry, plans, delivery, doses)
    for name, organ in geometry.organs.items():
        for values in doses.get(name, ()):
            values[~organ.present] = np.nan
    return {structure: Course(*arrays) for structure, arrays in doses.items()}
