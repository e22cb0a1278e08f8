"""Doses of targets that give up coverage for an organ beyond them, with numpy alone.

Dose then falls towards both ends of the target, so places no longer rank as doses do.
"""

import numpy as np

from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.outer_edge import OuterEdge, are_lowered, kept_of
from radsim.dose.course.planning import Plans
from radsim.dose.nodes.merging import rearranged
from radsim.dose.nodes.outer import edge_of
from radsim.dose.nodes.plain import Doses, PlainRows
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.vocabulary.structures import TARGETS

ROWS = 256  # patients at a time


def lower_targets(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery | None,
    doses: dict[str, Doses],
) -> None:
    """Lower the targets among the doses of those whose plan gives up coverage, in place."""
    targets = frozenset(doses) & frozenset(TARGETS)
    if not (targets and plans.surfaces):
        return
    edges = {name: edge_of(name, geometry.outer[name], plans) for name in plans.surfaces}
    nodes = next(iter(doses.values()))[0].shape[1]
    patients = np.flatnonzero(are_lowered(edges))
    for first in range(0, patients.size, ROWS):
        rows = patients[first : first + ROWS]
        theirs = {name: edge.rows(rows) for name, edge in edges.items()}
        profile, spread = plans.profile.rows(rows), plans.spread[rows]
        some = LoweredRows(plan, geometry, profile, spread, delivery, nodes, rows)
        some.edges, some.far = theirs, geometry.far[rows][:, None]
        for name, arrays in some.targets(targets).items():
            for array, values in zip(doses.get(name, ()), arrays, strict=False):
                array[rows] = np.minimum(array[rows], values)  # never more by rounding


class LoweredRows(PlainRows):
    """Some patients whose targets give up coverage."""

    edges: dict[str, OuterEdge]
    far: np.ndarray

    def doses(
        self, position: np.ndarray, factor: np.ndarray, shifts: np.ndarray | None, boosted: bool
    ) -> Doses:
        """Dose at positions on the axis [mm], times a factor, ranked anew, each kind of dose."""
        curve = self.profile.dose if boosted else self.profile.base_dose
        cold = 1.0 - self.volume

        def dose(at: np.ndarray) -> np.ndarray:
            x = np.exp((self.profile.reference - at) / self.profile.falloff)
            return curve(x) * kept_of(self.edges, at - self.far)

        planned = rearranged(dose(position) * factor, cold)
        if self.delivery is None or shifts is None:
            return (planned,)
        total, squared = np.zeros(position.shape), np.zeros(position.shape)
        for shift in shifts[:, self.rows]:
            moved = dose(position + shift[:, None])
            total += moved
            squared += moved * moved
        share = factor * (self.column(self.delivery.output) / np.float32(self.plan.fractions))
        return planned, rearranged(total * share, cold), rearranged(squared * share**2, cold)
