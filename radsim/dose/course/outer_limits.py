"""Limits of organs beyond the target: the dose at the target's surface that keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.anatomy.outer_organ import OuterOrgan, depth_nodes
from radsim.dose.course.outer_edge import OuterEdge, are_lowered, growth_of
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.structures import HOT_SPOT, HotSpot

MEAN = -1.0  # in the place of a share of the volume
WHOLE = 1.0 - 1e-9  # share of the volume that stands for all of it

Stated = tuple[np.ndarray, np.ndarray]  # dose that a metric may have [Gy], and its share of volume


@dataclass(frozen=True)
class LimitedOrgan:
    """An organ that planning knows of, arrays of shape (plan,) or (plan, node).

    ``growth`` is exp(y / falloff) at its nodes of depth, see
    :class:`~radsim.dose.course.outer_edge.OuterEdge`; the rest is that of
    `radsim.dose.anatomy.outer_organ`. A limit is infinite for who lacks the organ, or as much.
    """

    name: str
    plateau: np.ndarray
    falloff: np.ndarray
    valley: np.ndarray
    growth: np.ndarray
    faced: np.ndarray
    rolloff: np.ndarray
    reach: np.ndarray
    limits: tuple[Stated, ...]
    goals: tuple[Stated, ...]

    @property
    def lengths(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What is said of its length."""
        return self.faced, self.rolloff, self.reach

    def rows(self, rows: np.ndarray) -> "LimitedOrgan":
        """The organ of some patients, a row for each plan."""
        arrays = (self.plateau, self.falloff, self.valley, self.growth, *self.lengths)
        stated = (tuple((a[rows], b[rows]) for a, b in each) for each in (self.limits, self.goals))
        return LimitedOrgan(self.name, *(values[rows] for values in arrays), *stated)


@dataclass(frozen=True)
class OuterPlan:
    """What a plan does beyond the target.

    Attributes
    ----------
    edges
        Towards each organ that has a limit or a goal, by name.
    breach, missed
        By how much mandatory limits are broken, and how many goals are missed, shape (plan,).
    """

    edges: Mapping[str, OuterEdge]
    breach: np.ndarray
    missed: np.ndarray

    @property
    def is_lowered(self) -> np.ndarray:
        """Say which plans give up coverage, shape (plan,)."""
        return are_lowered(self.edges)


def limited_organs(
    plan: ExternalBeam, geometry: Geometry, highest: Mapping[HotSpot, np.ndarray]
) -> tuple[LimitedOrgan, ...]:
    """Organs beyond the target that have a limit or a goal, rows are patients.

    ``highest`` are D0.03cc of organs that earlier courses leave room for [Gy], infinite for none.
    """
    organs = []
    for name, organ in geometry.outer.items():
        stated = [limit for limit in plan.organ_limits if limit.structure == name]
        limits, goals = (
            [_known(limit.parsed, limit.at_most or 0.0, organ) for limit in stated if kind(limit)]
            for kind in (lambda limit: not limit.optimal, lambda limit: limit.optimal)
        )
        if np.isfinite(room := highest.get(HotSpot(name), np.array(np.inf))).any():
            limits.append(_known(Metric("dose_at_volume", HOT_SPOT), room, organ))
        if limits or goals:
            growth = growth_of(organ.depths(), organ.falloff)
            fall = (organ.plateau, organ.falloff, organ.valley, growth)
            lengths = (organ.faced, organ.rolloff, organ.reach)
            organs.append(LimitedOrgan(name, *fall, *lengths, tuple(limits), tuple(goals)))
    return tuple(organs)


def _known(metric: Metric, level: np.ndarray | float, organ: OuterOrgan) -> Stated:
    """A limit as stated, infinite for who lacks the organ or as much of it."""
    share = share_of(metric, organ)
    levels = np.where(organ.present & (share <= 1.0), level, np.inf)
    return levels, np.minimum(share, WHOLE)


def share_of(metric: Metric, organ: OuterOrgan) -> np.ndarray:
    """Share of an organ's volume whose coldest dose a metric is; 0 of its maximum, `MEAN`."""
    if metric.kind == "dose_at_volume":
        return metric.number / organ.volume
    return np.full(organ.volume.shape, MEAN if metric.kind == "eud" else metric.number)


def plan_outside(organs: tuple[LimitedOrgan, ...], prescription: np.ndarray) -> OuterPlan:
    """Keep the limits of organs by the dose at the target's far surface."""
    # numba takes a third of a second
    from radsim.dose.nodes.product_kernels import product_quantile, surface_doses

    edges: dict[str, OuterEdge] = {}
    breach, missed = np.zeros(prescription.shape), np.zeros(prescription.shape)
    for organ in organs:
        edge = OuterEdge.without_limit(prescription, organ.plateau, organ.valley, organ.falloff)
        shape = (organ.growth, depth_nodes(), *organ.lengths)
        for level, share in organ.limits:
            surface, excess = np.empty_like(prescription), np.empty_like(prescription)
            levels = (edge.plateau, edge.valley, edge.usual, edge.lowest)
            surface_doses(level, share, *shape, *levels, surface, excess)
            edge = edge.with_surface(surface)
            breach += excess
        for level, share in organ.goals:
            dose = np.empty_like(prescription)
            product_quantile(edge.dose(organ.growth), *shape[1:], share, dose)
            missed += dose > level
        edges[organ.name] = edge
    return OuterPlan(edges, breach, missed)
