"""Limits of organs beyond the target: the dose at the target's surface that keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.anatomy.outer_organ import OuterOrgan, depth_nodes, depth_weights
from radsim.dose.course.outer_edge import OuterEdge, are_lowered, growth_of
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.structures import HOT_SPOT, HotSpot

WHOLE = 1.0 - 1e-9  # share of the volume that stands for all of it


class Stated(NamedTuple):
    """What a limit says of an organ in each patient, arrays of shape (patient,).

    ``level`` is the dose that its metric may have [Gy]: the coldest of the hottest ``share`` of the
    volume, 0 for the maximum, or unless ``exponent`` is 0 a generalized mean.
    """

    level: np.ndarray
    share: np.ndarray
    exponent: float


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
        stated = (
            tuple(Stated(s.level[rows], s.share[rows], s.exponent) for s in each)
            for each in (self.limits, self.goals)
        )
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
    exponent = metric.number if metric.kind == "eud" else 0.0
    share = np.zeros(organ.volume.shape)
    if not exponent:
        share += metric.number / (organ.volume if metric.needs_volume else 1.0)
    levels = np.where(organ.present & (share <= 1.0), level, np.inf)
    return Stated(levels, np.minimum(share, WHOLE), exponent)


def plan_outside(organs: tuple[LimitedOrgan, ...], prescription: np.ndarray) -> OuterPlan:
    """Keep the limits of organs by the dose at the target's far surface."""
    # numba takes a third of a second
    from radsim.dose.nodes.product_kernels import product_mean, product_quantile, surface_doses

    edges: dict[str, OuterEdge] = {}
    breach, missed = np.zeros(prescription.shape), np.zeros(prescription.shape)
    for organ in organs:
        edge = OuterEdge.without_limit(prescription, organ.plateau, organ.valley, organ.falloff)
        shares, weights = depth_nodes(), depth_weights()
        for level, share, exponent in organ.limits:
            surface, excess = np.empty_like(prescription), np.empty_like(prescription)
            shape = (organ.growth, shares, weights, *organ.lengths)
            levels = (edge.plateau, edge.valley, edge.usual, edge.lowest)
            surface_doses(level, share, exponent, *shape, *levels, surface, excess)
            edge = edge.with_surface(surface)
            breach += excess
        for level, share, exponent in organ.goals:
            dose, value = np.empty_like(prescription), edge.dose(organ.growth)
            if exponent:
                product_mean(value, shares, weights, *organ.lengths, exponent, dose)
            else:
                product_quantile(value, shares, *organ.lengths, share, dose)
            missed += dose > level
        edges[organ.name] = edge
    return OuterPlan(edges, breach, missed)
