"""Doses of organs beyond the target: at nodes of volume, of hot spots, planned and delivered."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from radsim.dose.anatomy.outer_organ import OuterOrgan, depth_nodes
from radsim.dose.course.delivery import Delivery
from radsim.dose.course.outer_edge import OuterEdge, growth_of
from radsim.dose.course.planning import Plans
from radsim.dose.dose import Course
from radsim.dose.metrics import Wanted
from radsim.dose.nodes.product_kernels import product_nodes, product_quantile
from radsim.radiobiology.dvh import volume_nodes
from radsim.vocabulary.structures import HotSpot

PIECE = 1024  # patients at a time, so that their nodes of depth stay in the cache

InDepth = tuple[tuple[np.ndarray, int], ...]  # doses at nodes of depth, and powers of dose
InDepthOf = Callable[[str, np.ndarray], InDepth]  # of an organ, in some patients
Found = tuple[dict[str, Course], dict[HotSpot, Course]]


def outer_doses(
    fractions: int,
    organs: Mapping[str, OuterOrgan],
    plans: Plans,
    delivery: Delivery | None,
    wanted: Wanted,
    nodes: int,
) -> Found:
    """Dose of the organs of a planned course: whole ones, and hot spots."""

    def in_depth(name: str, rows: np.ndarray) -> InDepth:
        organ, edge = organs[name].rows(rows), edge_of(name, organs[name], plans).rows(rows)
        growth = growth_of(organ.depths(), organ.falloff)
        planned = edge.dose(growth)
        if delivery is None:
            return ((planned, 1),)
        total, squared = np.zeros_like(planned), np.zeros_like(planned)
        for shift in delivery.target_shift[:, rows]:  # into the dose of the target is out of it
            dose = edge.dose(growth * np.exp(shift / organ.falloff)[:, None])
            total += dose
            squared += dose * dose
        share = (delivery.output[rows] / fractions)[:, None]
        return (planned, 1), (total * share, 1), (squared * share * share, 2)

    kinds = 1 if delivery is None else 3
    return organ_doses(organs, in_depth, kinds, wanted, nodes)


def edge_of(name: str, organ: OuterOrgan, plans: Plans) -> OuterEdge:
    """Edge of each patient's plan towards an organ."""
    edge = OuterEdge.without_limit(plans.prescription, organ.plateau, organ.valley, organ.falloff)
    return edge.with_surface(plans.surfaces[name]) if name in plans.surfaces else edge


def organ_doses(
    organs: Mapping[str, OuterOrgan],
    in_depth: InDepthOf,
    kinds: int,
    wanted: Wanted,
    nodes: int,
) -> Found:
    """Dose of organs from their doses at nodes of depth; NaN where a patient has none.

    D0.03cc of each is always there. A hot spot is unknown (NaN) in who has a smaller organ.
    """
    courses: dict[str, Course] = {}
    hot_spots: dict[HotSpot, Course] = {}
    volume, _ = volume_nodes(nodes)
    shares = depth_nodes()
    for name, organ in organs.items():
        everyone = len(organ.volume)
        spots = sorted({HotSpot(name)} | {s for s in wanted.hot_spots if s.structure == name})
        whole = tuple(
            np.full((everyone, nodes), np.nan, dtype=np.float32)
            for _ in range(kinds if name in wanted.whole else 0)
        )
        hot = np.full((len(spots), kinds, everyone), np.nan)
        for rows in _pieces(np.flatnonzero(organ.present)):
            some = organ.rows(rows)
            lengths = (some.faced, some.rolloff, some.reach)
            for kind, (value, power) in enumerate(in_depth(name, rows)):
                # the root of a squared dose ranks as the dose itself
                value, found = value ** (1.0 / power), np.empty(len(rows))
                for place, spot in enumerate(spots):
                    product_quantile(value, shares, *lengths, spot.volume / some.volume, found)
                    hot[place, kind, rows] = found**power
                if whole:
                    levels = value * some.along(shares)
                    at_nodes = np.empty((len(rows), nodes))
                    product_nodes(value, shares, *lengths, levels, volume, at_nodes)
                    whole[kind][rows] = at_nodes**power
        hot_spots |= {spot: Course(*hot[place]) for place, spot in enumerate(spots)}
        if whole:
            courses[name] = Course(*whole)
    return courses, hot_spots


def _pieces(patients: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, patients.size, PIECE):
        yield patients[first : first + PIECE]
