"""Limits that are read off a whole target or neural structure: at nodes, as a result reads them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.outer_edge import OuterEdge, are_lowered
from radsim.dose.course.profile import Profile
from radsim.dose.metrics import metric_of
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.limits import Limit
from radsim.vocabulary.structures import NEURAL, TARGETS

HALVINGS = 20  # of a bracket of dose, to some tens of micrograys

Nodes = dict[str, np.ndarray]  # planned doses of structures [Gy], shape (plan, node)


@dataclass(frozen=True)
class WholeLimits:
    """Such limits of a plan, each of ``rows`` the place of a patient in ``geometry``, (plan,).

    A metric is unknown (NaN), and a limit of it kept, in who lacks the structure or as much of it.
    """

    plan: ExternalBeam
    geometry: Geometry
    nodes: int
    rows: np.ndarray

    def read(
        self, profile: Profile, spread: np.ndarray, edges: Mapping[str, OuterEdge]
    ) -> list[tuple[Limit, np.ndarray]]:
        """Each limit with the planned metric [Gy], less what targets give up towards ``edges``."""
        limits = self.plan.whole_limits
        names = frozenset(limit.structure for limit in limits)
        doses = self._doses(names, profile, spread)
        if edges and names & {*TARGETS}:
            from radsim.dose.nodes.lowered import LoweredRows  # numba takes a third of a second

            less = np.flatnonzero(are_lowered(edges))
            of_plans, places = (profile.rows(less), spread[less]), self.rows[less]
            some = LoweredRows(self.plan, self.geometry, *of_plans, None, self.nodes, places)
            some.edges = {name: edge.rows(less) for name, edge in edges.items()}
            some.far = self.geometry.far[places][:, None]
            for name, (planned,) in some.targets(names).items():
                doses[name][less] = np.minimum(doses[name][less], planned)
        return [(limit, self._metric(limit, doses)) for limit in limits]

    def highest_reference(
        self, profile: Profile, valley: np.ndarray, top: np.ndarray
    ) -> np.ndarray:
        """Reference dose, at most that of a profile, that keeps what neural structures must [Gy].

        The profile has the lowest plateau that is expected, ``top`` is the highest; ``valley`` is a
        share of the reference dose. Nearer to the target a higher plateau means more dose, inside
        an organ it means less, so each node has the worse of the two.
        """

        def broken(reference_dose: np.ndarray, plans: np.ndarray) -> np.ndarray:
            parts = vars(profile.rows(plans)) | {
                "reference_dose": reference_dose,
                "valley": valley[plans] * reference_dose,
            }
            plateau = {"low": top[plans], "high": top[plans]}
            both = Profile(**parts), Profile(**parts | plateau)
            return self._some(plans)._broken(NEURAL, both, np.zeros(plans.size))

        return _highest(broken, np.zeros_like(top), profile.reference_dose)

    def highest_plateau(self, profile: Profile, spread: np.ndarray) -> np.ndarray:
        """Plateau of the boost, at most that of a profile, that keeps what targets must [Gy]."""

        def broken(high: np.ndarray, plans: np.ndarray) -> np.ndarray:
            boosted = Profile(**vars(profile.rows(plans)) | {"high": high})
            return self._some(plans)._broken(TARGETS, (boosted,), spread[plans])

        return _highest(broken, profile.low, profile.high)

    def _some(self, plans: np.ndarray) -> "WholeLimits":
        return replace(self, rows=self.rows[plans])

    def _broken(
        self, structures: tuple[str, ...], profiles: tuple[Profile, ...], spread: np.ndarray
    ) -> np.ndarray:
        """Say which plans break a mandatory limit, by the worst profile at each node, (plan,)."""
        limits = [
            limit
            for limit in self.plan.whole_limits
            if limit.structure in structures and limit.at_most is not None and not limit.optimal
        ]
        broken = np.zeros(self.rows.size, dtype=bool)
        if limits:
            names = frozenset(limit.structure for limit in limits)
            each = [self._doses(names, profile, spread) for profile in profiles]
            worst = {name: reduce(np.maximum, [doses[name] for doses in each]) for name in names}
            for limit in limits:
                broken |= self._metric(limit, worst) > limit.at_most
        return broken

    def _doses(self, names: frozenset[str], profile: Profile, spread: np.ndarray) -> Nodes:
        from radsim.dose.nodes.plain import PlainRows  # it knows plans, which are made by this

        some = PlainRows(self.plan, self.geometry, profile, spread, None, self.nodes, self.rows)
        with np.errstate(over="ignore"):  # an infinite attenuation is no dose, which is right
            filled = some.targets(names) | some.organs(names)
        return {name: planned for name, (planned,) in filled.items()}

    def _metric(self, limit: Limit, doses: Nodes) -> np.ndarray:
        name = limit.structure
        volume = self.geometry.volumes[name][self.rows]
        value = metric_of(doses[name], self.nodes, limit.parsed, volume=volume).astype(float)
        if name in TARGETS:
            return value
        return np.where(self.geometry.organs[name].present[self.rows], value, np.nan)


def _highest(
    broken: Callable[[np.ndarray, np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Highest values of a bracket that break nothing, or the lowest, shape (plan,).

    What is ``broken`` by a value, in plans of these places, is by every higher one.
    """
    highest = high.copy()
    plans = np.flatnonzero(broken(high, np.arange(high.size)))
    if plans.size:
        kept, over = low[plans], high[plans]
        for _ in range(HALVINGS):
            middle = 0.5 * (kept + over)
            is_over = broken(middle, plans)
            kept, over = np.where(is_over, kept, middle), np.where(is_over, middle, over)
        highest[plans] = kept
    return highest
