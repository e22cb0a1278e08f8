"""Doses of whole structures at nodes of volume, from one profile and one delivery a patient."""

from typing import Protocol

import numpy as np

from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.planning import Plans
from radsim.dose.nodes.plain import Doses
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.vocabulary.structures import STRUCTURES

KINDS = ("planned", "delivered", "delivered_squared")


class Fill(Protocol):
    """Fills the doses of each structure named in ``found``: plainly or compiled, to rounding."""

    def __call__(
        self,
        plan: ExternalBeam,
        geometry: Geometry,
        plans: Plans,
        delivery: Delivery | None,
        found: dict[str, Doses],
    ) -> None: ...


def volume_doses(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery | None,
    nodes: int,
    structures: frozenset[str],
    fill: Fill | None = None,
) -> dict[str, np.ndarray]:
    """Dose of each structure at nodes of volume, hottest first, shape (patient, node).

    Names are ``<structure>_<kind>``; without ``delivery`` only what is planned. Structures with
    the cord are NaN where there is none. The loops are compiled unless ``fill`` is another.
    """
    if fill is None:  # numba takes a third of a second
        from radsim.dose.nodes.compiled import fill_compiled

        fill = fill_compiled
    kinds = KINDS if delivery is not None else KINDS[:1]
    shape = (len(plans.tried), nodes)
    found = {
        structure: tuple(np.empty(shape, dtype=np.float32) for _ in kinds)
        for structure in STRUCTURES
        if structure in structures
    }
    fill(plan, geometry, plans, delivery, found)
    for structure in ("cord_prv", "spinal_cord"):
        for values in found.get(structure, ()):
            values[~geometry.has_cord] = np.nan
    return {
        f"{structure}_{kind}": values
        for structure, arrays in found.items()
        for kind, values in zip(kinds, arrays, strict=True)
    }
