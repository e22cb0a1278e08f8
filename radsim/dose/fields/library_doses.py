r"""Doses sampled from a user's own plans: smoothed bootstrap, rejection, delivery.

A patient gets one of the plans, moved a step towards a second one,

.. math:: Q = Q_a + \lambda (Q_b - Q_a), \qquad \lambda \sim N(0, s^2)

with Q the dose at fixed volumes of every structure at once, so that coverage and organ dose stay
together. A draw that is no DVH, or breaks a mandatory limit, is drawn again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery, draw_delivery
from radsim.dose.course.two_courses import draw_earlier_course, organ_limit, rules_kept
from radsim.dose.plans.library import CORD, PlanLibrary, has_cord
from radsim.dose.plans.limits import Limit
from radsim.radiobiology.dvh import dose_at_volume, volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import ORGANS, TARGETS, cold_share

HEADROOM = 1.02  # plateau over the hottest dose of a target; a logistic never reaches its plateau
NO_DVH = 1e3  # breach of a draw whose dose rises with volume; above that of any limit
Arrays = dict[str, np.ndarray]


def library_doses(
    plan: PlanLibrary,
    model: DoseModel,
    patients: xr.Dataset,
    geometry: Geometry,
    indices: range,
    streams: UniformSource,
    structures: frozenset[str],
) -> Arrays:
    """Doses by the names that ``draw_dose`` gives them.

    A patient with a cord gets a plan with one, a patient without a plan without one, or, if the
    library has none such, the rest of any plan.

    Raises
    ------
    ValueError
        If some patients have a cord and no plan of the library does.
    """
    earlier = draw_earlier_course(plan, patients, indices, streams)
    limits = {organ: organ_limit(plan, organ, geometry.has_cord, earlier) for organ in ORGANS}
    table = _tabulate(plan, model.nodes)
    drawn = _draw(plan, model.plans, table, geometry.has_cord, limits, indices, streams)
    delivered = None
    if plan.delivery:
        errors = draw_delivery(model, plan.fractions, geometry.wrap, indices, streams)
        falloff = draw_parameter(model.falloff, "dose/plan/falloff/0", indices, streams)
        valley = draw_parameter(model.valley, "dose/plan/valley/0", indices, streams)
        delivered = _Delivered(drawn.doses, errors, falloff, valley, plan.fractions)
    absent = ~geometry.has_cord
    variables: Arrays = {}
    for name, planned in drawn.doses.items():
        structure = name.removesuffix("_d003cc")
        if planned.ndim == 2 and structure not in structures:
            continue
        kinds = {"planned": planned}
        if delivered is not None:
            kinds["delivered"], kinds["delivered_squared"] = delivered.of(name)
        for kind, values in kinds.items():
            if structure in CORD:
                values = values.copy()
                values[absent] = np.nan
            variables[f"{name}_{kind}"] = values if values.ndim == 1 else values.astype(np.float32)
    hot_spots = {o: drawn.doses[f"{o}_d003cc"] for o in ORGANS if f"{o}_d003cc" in drawn.doses}
    met = np.ones(len(indices), dtype=bool)
    for organ, dose in hot_spots.items():
        met &= ~(dose > limits[organ])
    flags, kept = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return {
        "prescription": np.full(len(indices), float(plan.prescription)),
        "plans_tried": drawn.tried,
        "plan_eligible": (drawn.breach <= 0.0) & kept,
        "limits_met": met & kept,
        **flags,
        **variables,
    }


@dataclass(frozen=True)
class _Table:
    """The library: doses at nodes and D0.03cc by name, one row a plan; NaN where it has none."""

    doses: Arrays
    with_cord: np.ndarray


def _tabulate(plan: PlanLibrary, nodes: int) -> _Table:
    volume, _ = volume_nodes(nodes)
    doses: Arrays = {}
    for structure in plan.structures:
        rows, hot = np.full((len(plan.plans), nodes), np.nan), np.full(len(plan.plans), np.nan)
        for row, one in enumerate(plan.plans):
            if structure in one:
                known = np.array(one[structure].dose)
                theirs, _ = volume_nodes(known.size)
                rows[row] = known if known.size == nodes else dose_at_volume(known, theirs, volume)
                d003cc = one[structure].d003cc
                hot[row] = np.nan if d003cc is None else d003cc
        doses[structure] = rows
        if structure in ORGANS:
            doses[f"{structure}_d003cc"] = hot
    return _Table(doses, np.array([has_cord(one) for one in plan.plans]))


@dataclass(frozen=True)
class _Drawn:
    doses: Arrays
    tried: np.ndarray
    breach: np.ndarray  # how far the kept draw breaks its limits, as a share; 0 for not at all


def _draw(
    plan: PlanLibrary,
    attempts: int,
    table: _Table,
    cord: np.ndarray,
    limits: Arrays,
    patients: range,
    streams: UniformSource,
) -> _Drawn:
    """Draw until no limit is broken, or ``attempts`` times; keep the draw that breaks least."""
    everyone = len(patients)
    best = np.full(everyone, np.inf)
    tried = np.full(everyone, attempts)
    kept = {name: np.empty((everyone, *values.shape[1:])) for name, values in table.doses.items()}
    active = np.arange(everyone)
    for attempt in range(attempts):
        if not active.size:
            break
        u = [
            streams.uniforms(f"dose/library/{what}/{attempt}", patients)[active]
            for what in ("plan", "second", "step")
        ]
        first, second = (_pick(table, cord[active], luck) for luck in u[:2])
        step = plan.smoothing * ndtri(u[2])
        doses = {
            name: _towards(values[first], values[second], step)
            for name, values in table.doses.items()
        }
        breach = _breach(plan, doses, {o: limit[active] for o, limit in limits.items()})
        better = breach < best[active]
        for name, values in doses.items():
            kept[name][active[better]] = values[better]
        best[active[better]] = breach[better]
        tried[active[breach <= 0.0]] = attempt + 1
        active = active[breach > 0.0]
    return _Drawn(kept, tried, best)


def _pick(table: _Table, cord: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Row of a plan for each patient, of those that suit the level."""
    with_cord = np.flatnonzero(table.with_cord)
    without = np.flatnonzero(~table.with_cord)
    if cord.any() and not with_cord.size:
        raise ValueError("some patients have a spinal cord, but no plan of the library does")
    others = without if without.size else with_cord

    def of(pool: np.ndarray) -> np.ndarray:
        return pool[np.minimum((u * pool.size).astype(np.intp), pool.size - 1)]

    return np.where(cord, of(with_cord), of(others)) if with_cord.size else of(others)


def _towards(first: np.ndarray, second: np.ndarray, step: np.ndarray) -> np.ndarray:
    share = step if first.ndim == 1 else step[:, None]
    return first + share * (second - first)


def _breach(plan: PlanLibrary, doses: Arrays, limits: Arrays) -> np.ndarray:
    """How far each draw breaks its mandatory limits, as a share of them; 0 if it breaks none."""
    total = np.zeros(len(next(iter(doses.values()))))
    for name, values in doses.items():
        if values.ndim == 2:
            rises = (np.diff(values, axis=1) > 0.0).any(axis=1) | (values[:, -1] < 0.0)
            total += np.where(rises, NO_DVH, 0.0)
        else:
            organ = name.removesuffix("_d003cc")
            total += np.fmax(values / limits[organ] - 1.0, 0.0)
    for limit, dose in _target_doses(plan, doses):
        if limit.at_most is not None:
            total += np.maximum(dose / limit.at_most - 1.0, 0.0)
        if limit.at_least is not None:
            total += np.maximum(1.0 - dose / limit.at_least, 0.0)
    return total


def _target_doses(plan: PlanLibrary, doses: Arrays) -> Iterator[tuple[Limit, np.ndarray]]:
    for limit in plan.limits:
        if isinstance(limit, Limit) and limit.structure in TARGETS and not limit.optimal:
            values = doses[limit.structure]
            volume, _ = volume_nodes(values.shape[1])
            yield limit, dose_at_volume(values, volume, 1.0 - cold_share(limit.metric))


class _Delivered:
    r"""What set-up and output errors make of planned doses.

    A dose says where it lies on the edge that the distance-dose model draws between the valley V
    and the plateau P, and a shift moves it along that edge:

    .. math:: D' = V + \frac{P - V}{1 + \frac{P - D}{D - V} e^{-\delta/\tau}}

    Doses below the valley or above the plateau stay as they are.
    """

    def __init__(
        self,
        doses: Arrays,
        errors: Delivery,
        falloff: np.ndarray,
        valley: np.ndarray,
        fractions: int,
    ) -> None:
        self.doses, self.errors, self.falloff, self.fractions = doses, errors, falloff, fractions
        hottest = [doses[target][:, 0] for target in TARGETS if target in doses]
        self.plateau = HEADROOM * np.maximum.reduce(hottest)
        ruling = np.zeros_like(self.plateau)
        for organ in ORGANS:  # the first that a patient has: cord PRV, cord, sac
            hot = doses.get(f"{organ}_d003cc")
            if hot is not None:
                ruling = np.where((ruling == 0.0) & ~np.isnan(hot), hot, ruling)
        self.valley = valley * ruling

    def of(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Delivered dose and squared dose, summed over fractions [Gy, Gy2]."""
        planned = self.doses[name]
        is_target = name in TARGETS
        shifts = self.errors.target_shift if is_target else self.errors.organ_shift
        column = (slice(None), None) if planned.ndim == 2 else slice(None)
        low, high = self.valley[column], self.plateau[column]
        inside = (planned > low) & (planned < high)
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.where(inside, (high - planned) / (planned - low), 1.0)
        total, squared = np.zeros_like(planned), np.zeros_like(planned)
        for shift in shifts:
            moved = low + (high - low) / (1.0 + odds * np.exp(-shift / self.falloff)[column])
            dose = np.where(inside, moved, planned)
            total += dose
            squared += dose * dose
        share = self.errors.output[column] / self.fractions
        return total * share, squared * share * share
