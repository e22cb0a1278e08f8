r"""Organs beyond the target: the edge that keeps their limits, and what the target loses by it.

A limit is kept by lowering the dose :math:`D_s` at the target's far surface. Inside the target, at
the depth u from that surface, dose is then lower by the factor

.. math:: g(u) = \frac{D(-u; D_s)}{D(-u; p)}

with p the prescription: 1 where no limit binds, and near 1 deep inside. Of several organs the one
that asks for most counts at each depth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from radsim.dose.anatomy.depth import normal_scores, target_depths
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.anatomy.organ import OrganDose, OuterEdge, OuterOrgan, by_row
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.planning import Plans
from radsim.dose.course.profile import Profile
from radsim.dose.dose import Course
from radsim.dose.metrics import Wanted
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.limits import Limit
from radsim.radiobiology.dvh import volume_nodes
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.structures import HOT_SPOT, TARGETS, HotSpot

PIECE = 512  # patients at a time, so that their points stay in the cache
STEPS = 10  # of regula falsi; a surface dose is then right to micrograys
LEAST_SURFACE = 1e-3  # of the way from the valley to the prescription; below it nothing helps
TOLERANCE = 2e-3  # [Gy] a planned dose may exceed its limit by, against rounding
COVERAGE = 0.90  # share of PTV_Eval that the prescription is to cover
TARGET_POINTS = 128  # of each part of a target
Ranked = tuple[np.ndarray, np.ndarray]  # doses that fall, and their places in the volume
Doses = tuple[np.ndarray, ...]  # planned, delivered and delivered squared, or planned alone


@dataclass(frozen=True)
class Outside:
    """What a plan does beyond the target.

    Attributes
    ----------
    edges
        The fall of dose towards each organ.
    lowered
        Who gives up coverage for a limit, shape (patient,).
    kept
        Whose limits are kept.
    """

    edges: Mapping[str, OuterEdge]
    lowered: np.ndarray
    kept: np.ndarray


def plan_outside(
    plan: ExternalBeam, geometry: Geometry, plans: Plans, highest: Mapping[str, np.ndarray]
) -> Outside:
    """Find the dose at the target's far surface that keeps the limits of each organ.

    ``highest`` are D0.03cc of organs that earlier courses leave room for [Gy], infinite for none.
    """
    lowered = np.zeros(plans.prescription.shape, dtype=bool)
    kept = np.ones(plans.prescription.shape, dtype=bool)
    edges = {}
    for name, organ in geometry.outer.items():
        valley = organ.valley * plans.prescription
        plateau = np.maximum(plans.profile.low, plans.prescription * (1.0 + 1e-6))
        edge = OuterEdge(plateau, plans.prescription, valley, organ.falloff)
        for metric, level in _limits(plan, name, highest):
            theirs = np.flatnonzero(organ.present & np.isfinite(level))
            for first in range(0, theirs.size, PIECE):
                rows = theirs[first : first + PIECE]
                surface, met = _surface(edge.rows(rows), organ.rows(rows), metric, level[rows])
                lowered[rows] |= surface < edge.surface[rows]
                kept[rows] &= met
                edge = _with_surface(edge, rows, surface)
        edges[name] = edge
    return Outside(edges, lowered, kept)


def _limits(
    plan: ExternalBeam, organ: str, highest: Mapping[str, np.ndarray]
) -> Iterator[tuple[Metric, np.ndarray]]:
    """Each metric of an organ that has a limit, with the limit of each patient [Gy]."""
    everyone = highest[organ]
    yield Metric("dose_at_volume", HOT_SPOT), everyone
    for limit in plan.limits:
        if isinstance(limit, Limit) and limit.structure == organ:
            assert limit.parsed is not None and limit.at_most is not None  # else it was refused
            yield limit.parsed, np.full(everyone.shape, float(limit.at_most))


def _with_surface(edge: OuterEdge, rows: np.ndarray, surface: np.ndarray) -> OuterEdge:
    whole = edge.surface.copy()
    whole[rows] = surface
    return OuterEdge(edge.plateau, whole, edge.valley, edge.falloff)


def _surface(
    edge: OuterEdge, organ: OuterOrgan, metric: Metric, level: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Highest surface dose that keeps a limit, no higher than it is, and whether one does."""
    position, share = organ.positions(), organ.shares()

    def excess(surface: np.ndarray) -> np.ndarray:
        moved = OuterEdge(edge.plateau, surface, edge.valley, edge.falloff)
        dose = OrganDose(moved.dose(position), share, organ.in_field, organ.fall)
        return metric_of_organ(dose, organ, metric) - level

    high, low = edge.surface, edge.valley + LEAST_SURFACE * (edge.surface - edge.valley)
    above, below = excess(high), excess(low)
    binds, possible = above > TOLERANCE / 2, below <= 0.0
    sought = binds & possible
    if not sought.any():
        return np.where(binds, low, high), ~binds | possible
    at_high, at_low = high.copy(), low.copy()
    of_high, of_low = above.copy(), below.copy()
    was_hot: np.ndarray | None = None
    for _ in range(STEPS):  # Illinois: an end that stays twice counts half
        with np.errstate(divide="ignore", invalid="ignore"):
            between = at_low - of_low * (at_high - at_low) / (of_high - of_low)
        # who has nothing to solve stays where the dose is one that can be
        middle = np.where(sought & np.isfinite(between), between, high)
        value = excess(middle)
        hot = value > 0.0
        again = np.zeros_like(hot) if was_hot is None else hot == was_hot
        of_low = np.where(hot, np.where(again, of_low * 0.5, of_low), value)
        of_high = np.where(hot, value, np.where(again, of_high * 0.5, of_high))
        at_low, at_high = np.where(hot, at_low, middle), np.where(hot, middle, at_high)
        was_hot = hot
    solved = np.where(possible, at_low, low)
    return np.where(binds, solved, high), ~binds | possible


def metric_of_organ(dose: OrganDose, organ: OuterOrgan, metric: Metric) -> np.ndarray:
    """Metric of an organ [Gy], shape (patient,); NaN in who has less of it than the metric asks."""
    if metric.kind == "eud":  # the mean, see `radsim.dose.plans.limits.can_be_limited`
        return dose.mean()
    if metric.kind == "dose_at_share":
        return dose.at(np.array([metric.number]))[:, 0]
    share = metric.number / organ.volume
    return np.where(share <= 1.0, dose.at(np.minimum(share, 1.0)[:, None])[:, 0], np.nan)


def outer_doses(
    plan: ExternalBeam,
    geometry: Geometry,
    outside: Outside,
    delivery: Delivery | None,
    wanted: Wanted,
    nodes: int,
) -> tuple[dict[str, Course], dict[HotSpot, Course]]:
    """Dose of the organs beyond the target: at nodes, and of hot spots; NaN in who has none."""
    courses, hot_spots = {}, {}
    everyone = len(outside.lowered)
    volume, _ = volume_nodes(nodes)
    for name, organ in geometry.outer.items():
        spots = sorted({HotSpot(name)} | {s for s in wanted.hot_spots if s.structure == name})
        whole = name in wanted.whole
        kinds = 1 if delivery is None else 3
        at_nodes = [np.empty((everyone, nodes), dtype=np.float32) for _ in range(kinds * whole)]
        at_spots = np.empty((kinds, len(spots), everyone))
        for first in range(0, everyone, PIECE):
            rows = slice(first, min(first + PIECE, everyone))
            few = np.arange(rows.start, rows.stop)
            some, edge = organ.rows(rows), outside.edges[name].rows(few)
            shares = np.stack([spot.volume / some.volume for spot in spots], axis=1)
            for kind, dose in enumerate(_organ_doses(plan, edge, some, delivery, rows)):
                hot = dose.at(np.minimum(shares, 1.0))
                at_spots[kind, :, rows] = np.where(shares <= 1.0, hot, np.nan).T
                if whole:
                    at_nodes[kind][rows] = dose.at(volume)
        for place, spot in enumerate(spots):
            hot_spots[spot] = Course(*at_spots[:, place]).nan_without(organ.present)
        if whole:
            courses[name] = Course(*at_nodes).nan_without(organ.present)
    return courses, hot_spots


def _organ_doses(
    plan: ExternalBeam,
    edge: OuterEdge,
    organ: OuterOrgan,
    delivery: Delivery | None,
    rows: slice,
) -> Iterator[OrganDose]:
    """Dose of an organ as planned, and with errors delivered and squared.

    A shift towards the dose at the cord moves what lies beyond the target out of it.
    """
    position, share = organ.positions(), organ.shares()
    yield OrganDose(edge.dose(position), share, organ.in_field, organ.fall)
    if delivery is not None:
        total, squared = np.zeros_like(position), np.zeros_like(position)
        for shift in delivery.target_shift[:, rows]:
            moved = edge.dose(position + shift[:, None])
            total += moved
            squared += moved * moved
        output = (delivery.output[rows] / plan.fractions)[:, None]
        yield OrganDose(total * output, share, organ.in_field, organ.fall)
        yield OrganDose(squared * output**2, share, organ.in_field, 2.0 * organ.fall)


def lower_targets(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    outside: Outside,
    delivery: Delivery | None,
    courses: Mapping[str, Course],
) -> np.ndarray:
    """Lower the targets' doses where coverage is given up, in place; say who keeps what it must.

    What must be kept is the lowest accepted coverage, and mandatory limits of the targets.
    """
    kept = np.ones(outside.lowered.shape, dtype=bool)
    lowered = np.flatnonzero(outside.lowered)
    for first in range(0, lowered.size, PIECE):
        rows = lowered[first : first + PIECE]
        targets = _targets(plan, geometry, plans, outside, delivery, rows)
        for name in TARGETS:
            if name in courses:
                arrays = courses[name].arrays.values()
                for array, ranked in zip(arrays, targets[name], strict=True):
                    volume, _ = volume_nodes(array.shape[1])
                    lower = dose_at_shares(ranked, volume)
                    array[rows] = np.minimum(array[rows], lower)  # never higher by rounding
        kept[rows] = _covers(plan, plans.prescription[rows], targets)
    return kept


def _covers(
    plan: ExternalBeam,
    prescription: np.ndarray,
    targets: Mapping[str, list[Ranked]],
) -> np.ndarray:
    d90 = dose_at_shares(targets["ptv"][0], np.array([COVERAGE]))[:, 0]
    covers = d90 >= plan.minimum_coverage * prescription - TOLERANCE
    for limit in plan.target_limits:
        if limit.at_least is not None and not limit.optimal:
            share = np.array([1.0 - limit.cold_share])
            dose = dose_at_shares(targets[limit.structure][0], share)[:, 0]
            covers &= dose >= limit.at_least - TOLERANCE
    return covers


def _targets(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    outside: Outside,
    delivery: Delivery | None,
    rows: np.ndarray,
) -> dict[str, list[Ranked]]:
    """Doses of the points of GTV and PTV_Eval, hottest first, each kind of dose."""
    volume, weight = volume_nodes(TARGET_POINTS)
    cold = tuple((1.0 - volume).tolist())
    boosted = plan.boost is not None
    profile = Profile(
        **{name: values[rows][:, None] for name, values in vars(plans.profile).items()}
    )
    far = (geometry.wall + geometry.ring_extent)[rows]
    edges = [
        (edge.rows(rows), edge_of_prescription(edge, plans.prescription, rows))
        for edge in outside.edges.values()
    ]
    spread = 1.0 + plans.spread[rows][:, None] * normal_scores(cold).astype(float)
    parts = {
        "gtv": (geometry.gtv_surface, geometry.gtv_extent, geometry.gtv_shape),
        "ring": (geometry.wall, geometry.ring_extent, geometry.ring_shape),
    }
    shifts = [None] if delivery is None else [None, *delivery.target_shift[:, rows]]
    output = None if delivery is None else delivery.output[rows][:, None] / plan.fractions
    doses: dict[str, Doses] = {}
    for name, (surface, extent, shape) in parts.items():
        depth = target_depths(cold, shape[rows]).astype(float)
        position = surface[rows][:, None] + extent[rows][:, None] * depth
        curve = profile.dose if boosted and name == "gtv" else profile.base_dose
        planned, total, squared = None, np.zeros_like(position), np.zeros_like(position)
        for shift in shifts:
            x = position if shift is None else position + shift[:, None]
            inward = far[:, None] - x
            loss = np.minimum.reduce([e.dose(-inward) / base.dose(-inward) for e, base in edges])
            dose = curve(profile.attenuation(x)) * np.minimum(loss, 1.0) * spread
            if shift is None:
                planned = dose
            else:
                total += dose
                squared += dose * dose
        assert planned is not None
        doses[name] = (planned,) if output is None else (
            planned, total * output, squared * output**2
        )  # fmt: skip
    share = geometry.gtv_share[rows][:, None]
    return {
        "gtv": [sorted_doses(dose, weight) for dose in doses["gtv"]],
        "ptv": [
            sorted_doses(
                np.concatenate([gtv, ring], axis=1),
                np.concatenate([share * weight, (1.0 - share) * weight], axis=1),
            )
            for gtv, ring in zip(doses["gtv"], doses["ring"], strict=True)
        ],
    }


def sorted_doses(dose: np.ndarray, weights: np.ndarray) -> Ranked:
    """Doses of points, hottest first, and the share of volume up to the middle of each.

    Both of shape (patient, point).
    """
    order = np.argsort(-dose, axis=1, kind="stable")
    falling = np.take_along_axis(dose, order, axis=1)
    ranked = np.take_along_axis(np.broadcast_to(weights, dose.shape), order, axis=1)
    return falling, np.cumsum(ranked, axis=1) - 0.5 * ranked


def dose_at_shares(ranked: Ranked, shares: np.ndarray) -> np.ndarray:
    """Dose at shares of the volume, linear between points, shape (patient, share)."""
    falling, middle = ranked
    return by_row(np.broadcast_to(shares, (len(falling), len(shares))), middle, falling)


def edge_of_prescription(edge: OuterEdge, prescription: np.ndarray, rows: np.ndarray) -> OuterEdge:
    """The edge that no limit has lowered."""
    return OuterEdge(edge.plateau[rows], prescription[rows], edge.valley[rows], edge.falloff[rows])
