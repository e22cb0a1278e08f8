"""Doses at nodes of volume with numpy alone: what the compiled ones are compared with."""

import numpy as np

from radsim.dose.anatomy.depth import normal_scores, organ_depths, target_depth_share, target_depths
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.planning import Plans
from radsim.dose.course.profile import Profile
from radsim.dose.nodes.merging import merged_quantiles, values_at
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.radiobiology.dvh import volume_nodes
from radsim.vocabulary.structures import NEURAL

ROWS = 512  # patients at a time: more, and every step asks the system for fresh memory

Doses = tuple[np.ndarray, ...]  # planned, delivered and delivered squared, or planned alone


def fill_plainly(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery | None,
    doses: dict[str, Doses],
) -> None:
    """Fill the doses of each structure named in ``doses``, shape (patient, node)."""
    structures = frozenset(doses)
    nodes = next(iter(doses.values()))[0].shape[1] if doses else 0
    for first in range(0, len(plans.tried), ROWS):
        rows = slice(first, min(first + ROWS, len(plans.tried)))
        profile, spread = plans.profile.rows(rows), plans.spread[rows]
        some = PlainRows(plan, geometry, profile, spread, delivery, nodes, rows)
        with np.errstate(over="ignore"):  # an infinite attenuation is no dose, which is right
            filled = some.targets(structures) | some.organs(structures)
        for structure, arrays in doses.items():
            for array, values in zip(arrays, filled[structure], strict=True):
                array[rows] = values


class PlainRows:
    """Some patients, in single precision; what is one number a patient is a column.

    ``profile`` and ``spread`` are of their plans; ``rows`` says which patients they are.
    """

    def __init__(
        self,
        plan: ExternalBeam,
        geometry: Geometry,
        profile: Profile,
        spread: np.ndarray,
        delivery: Delivery | None,
        nodes: int,
        rows: slice | np.ndarray,
    ) -> None:
        self.plan, self.geometry, self.delivery, self.rows = plan, geometry, delivery, rows
        self.falloff = profile.falloff
        self.profile = profile.columns(np.float32)
        self.spread = spread.astype(np.float32)[:, None]
        self.volume, _ = volume_nodes(nodes)

    def column(self, values: np.ndarray) -> np.ndarray:
        return values[self.rows].astype(np.float32)[:, None]

    def targets(self, structures: frozenset[str]) -> dict[str, Doses]:
        """Doses of GTV and PTV_Eval, as far as they are wanted."""
        if not structures & {"gtv", "ptv"}:
            return {}
        geometry, boosted = self.geometry, self.plan.boost is not None
        cold = tuple((1.0 - self.volume).tolist())
        factor = 1 + self.spread * normal_scores(cold)
        shifts = None if self.delivery is None else self.delivery.target_shift
        depth = target_depths(cold, geometry.gtv_shape[self.rows])
        gtv = self.column(geometry.gtv_surface) + self.column(geometry.gtv_extent) * depth
        doses: dict[str, Doses] = {}
        if "gtv" in structures or boosted:
            doses["gtv"] = self.doses(gtv, factor, shifts, boosted)
        if "ptv" not in structures:
            return doses
        depth = target_depths(cold, geometry.ring_shape[self.rows])
        ring = self.column(geometry.wall) + self.column(geometry.ring_extent) * depth
        if boosted:
            base = self.doses(ring, factor, shifts, boosted=False)
            doses["ptv"] = tuple(map(self.whole, doses["gtv"], base))
        else:  # one profile for both, so positions can be merged instead of doses
            doses["ptv"] = self.doses(self.ptv_positions(gtv, ring), factor, shifts, False)
        return doses

    def ptv_positions(self, gtv: np.ndarray, ring: np.ndarray) -> np.ndarray:
        """Positions of PTV_Eval's nodes from those of its parts; the mixture's CDF is exact."""
        geometry, cold = self.geometry, 1.0 - self.volume
        parts = ("gtv_share", "wall", "gtv_surface", "gtv_extent", "ring_extent")
        share, wall, surface, in_extent, out_extent, in_shape, out_shape = (
            # the hottest nodes lie too near to 1 for single precision
            getattr(geometry, name)[self.rows][:, None]
            for name in (*parts, "gtv_shape", "ring_shape")
        )
        in_ring = target_depth_share((gtv - wall) / out_extent, out_shape)
        in_gtv = target_depth_share((ring - surface) / in_extent, in_shape)
        place = np.concatenate(
            [share * cold + (1 - share) * in_ring, (1 - share) * cold + share * in_gtv], axis=1
        )
        x = np.concatenate([gtv, ring], axis=1)
        x.sort(axis=1)
        return values_at(place, x, 1.0 - self.volume)

    def whole(self, gtv: np.ndarray, ring: np.ndarray) -> np.ndarray:
        """Doses at PTV_Eval's nodes from those of its parts."""
        share = self.geometry.gtv_share[self.rows]
        return merged_quantiles(gtv, ring, share, 1.0 - self.volume)

    def organs(self, structures: frozenset[str]) -> dict[str, Doses]:
        """Doses of the neural structures that are wanted.

        The hottest volume lies shallow and in the middle of the target's length: depth and length
        rank alike. Dose rolls off along that length and falls exponentially beyond it.
        """
        wanted = [name for name in NEURAL if name in structures]
        if not wanted:
            return {}
        geometry, volume = self.geometry, self.volume.astype(np.float32)
        in_field = self.column(geometry.in_field)
        depth = organ_depths(tuple(self.volume.tolist()), geometry.in_field[self.rows])
        # a tail at both ends, so half the volume beyond the field lies at each
        reach = self.column((geometry.length + geometry.beyond) / (2.0 * geometry.tail))
        factor = np.exp(-np.maximum(volume - in_field, 0) * reach)
        factor *= 1 - self.column(geometry.rolloff) * np.minimum(volume / in_field, 1)
        shifts = None if self.delivery is None else self.delivery.organ_shift
        doses = {}
        for name in wanted:
            organ = geometry.organs[name]
            position = self.column(organ.surface) - self.column(2.0 * organ.radius) * depth
            doses[name] = self.doses(position, factor, shifts, self.plan.boost is not None)
        return doses

    def doses(
        self, position: np.ndarray, factor: np.ndarray, shifts: np.ndarray | None, boosted: bool
    ) -> Doses:
        """Dose at positions on the axis [mm], times a factor, as planned and with shifts."""
        curve = self.profile.dose if boosted else self.profile.base_dose
        x = self.profile.reference - position
        x /= self.profile.falloff
        np.exp(x, out=x)
        planned = curve(x)
        planned *= factor
        if self.delivery is None or shifts is None:
            return (planned,)
        total, squared = np.zeros_like(planned), np.zeros_like(planned)
        for shift in np.exp(-shifts[:, self.rows] / self.falloff).astype(np.float32):
            dose = curve(x * shift[:, None])
            total += dose
            dose *= dose
            squared += dose
        share = factor * (self.column(self.delivery.output) / np.float32(self.plan.fractions))
        total *= share
        share *= share
        squared *= share
        return planned, total, squared
