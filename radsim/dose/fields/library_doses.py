r"""Doses sampled from a user's own plans: smoothed bootstrap, rejection, delivery.

A patient gets one of the plans, moved a step towards a second one,

.. math:: Q = Q_a + \lambda (Q_b - Q_a), \qquad \lambda \sim N(0, s^2)

with Q the dose at fixed volumes of every structure at once, so that coverage and organ dose stay
together. A draw that is no DVH, or breaks a mandatory limit, is drawn again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import Delivery, draw_delivery
from radsim.dose.course.two_courses import draw_earlier_courses, organ_limit, rules_kept
from radsim.dose.dose import Course, Dose
from radsim.dose.plans.library import PlanLibrary, has_cord
from radsim.dose.plans.limits import Limit
from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import dose_at_volume, volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import ORGANS, TARGETS, cold_share

HEADROOM = 1.02  # plateau over the hottest dose of a target; a logistic never reaches its plateau
NO_DVH = 1e3  # breach of a draw whose dose rises with volume; above that of any limit


class Volume(NamedTuple):
    """A structure as a whole, or the hottest 0.03 cm3 of it."""

    structure: str
    hot: bool = False


Doses = dict[Volume, np.ndarray]  # (plan or patient, node) of a whole structure, else (patient,)


def library_doses(
    plan: PlanLibrary,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    structures: frozenset[str],
) -> Dose:
    """Dose of a plan of the library for each patient.

    A patient with a cord gets a plan with one, a patient without a plan without one, or, if the
    library has none such, the rest of any plan.

    Raises
    ------
    ValueError
        If some patients have a cord and no plan of the library does.
    """
    numbers = patients.numbers
    earlier = draw_earlier_courses(plan, patients, streams)
    limits = {organ: organ_limit(plan, organ, geometry, earlier) for organ in ORGANS}
    table = _tabulate(plan, model.nodes)
    drawn = _draw(plan, model.plans, table, geometry.has_cord, limits, numbers, streams)
    delivered = None
    if plan.delivery:
        errors = draw_delivery(model, plan.fractions, geometry.wrap, numbers, streams)
        falloff = draw_parameter(model.falloff, "dose/plan/falloff/0", numbers, streams)
        valley = draw_parameter(model.valley, "dose/plan/valley/0", numbers, streams)
        delivered = _Delivered(drawn.doses, errors, falloff, valley, plan.fractions)
    courses: dict[str, Course] = {}
    hot_spots: dict[str, Course] = {}
    for part, planned in drawn.doses.items():
        if part.hot or part.structure in structures:
            arrays = (planned, *(() if delivered is None else delivered.of(part)))
            course = Course(*(a if part.hot else a.astype(np.float32) for a in arrays))
            place = hot_spots if part.hot else courses
            place[part.structure] = course.nan_without(patients.with_structure(part.structure))
    met = np.ones(len(numbers), dtype=bool)
    for organ, course in hot_spots.items():
        met &= ~(course.planned > limits[organ])
    rules = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=courses,
        hot_spots=hot_spots,
        facts={
            "prescription": np.full(len(numbers), float(plan.prescription)),
            "plans_tried": drawn.tried,
            **rules.facts,
        },
        flags={
            "plan_eligible": (drawn.breach <= 0.0) & rules.kept,
            "limits_met": met & rules.kept,
            **rules.flags,
        },
        recovered=rules.recovered,
    )


@dataclass(frozen=True)
class _Table:
    """The library, one row a plan; NaN where it has none."""

    doses: Doses
    with_cord: np.ndarray


def _tabulate(plan: PlanLibrary, nodes: int) -> _Table:
    volume, _ = volume_nodes(nodes)
    doses: Doses = {}
    for structure in plan.structures:
        rows, hot = np.full((len(plan.plans), nodes), np.nan), np.full(len(plan.plans), np.nan)
        for row, doses_of in enumerate(plan.plans):
            if structure in doses_of:
                dose = np.array(doses_of[structure].dose)
                theirs, _ = volume_nodes(dose.size)
                rows[row] = dose if dose.size == nodes else dose_at_volume(dose, theirs, volume)
                d003cc = doses_of[structure].d003cc
                hot[row] = np.nan if d003cc is None else d003cc
        doses[Volume(structure)] = rows
        if structure in ORGANS:
            doses[Volume(structure, hot=True)] = hot
    return _Table(doses, np.array([has_cord(doses_of) for doses_of in plan.plans]))


@dataclass(frozen=True)
class _Drawn:
    doses: Doses
    tried: np.ndarray
    breach: np.ndarray  # how far the kept draw breaks its limits, as a share; 0 for not at all


def _draw(
    plan: PlanLibrary,
    attempts: int,
    table: _Table,
    cord: np.ndarray,
    limits: Mapping[str, np.ndarray],
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


def _breach(plan: PlanLibrary, doses: Doses, limits: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far each draw breaks its mandatory limits, as a share of them; 0 if it breaks none."""
    total = np.zeros(len(next(iter(doses.values()))))
    for part, values in doses.items():
        if not part.hot:
            rises = (np.diff(values, axis=1) > 0.0).any(axis=1) | (values[:, -1] < 0.0)
            total += np.where(rises, NO_DVH, 0.0)
        else:
            total += np.fmax(values / limits[part.structure] - 1.0, 0.0)
    for limit, dose in _target_doses(plan, doses):
        if limit.at_most is not None:
            total += np.maximum(dose / limit.at_most - 1.0, 0.0)
        if limit.at_least is not None:
            total += np.maximum(1.0 - dose / limit.at_least, 0.0)
    return total


def _target_doses(plan: PlanLibrary, doses: Doses) -> Iterator[tuple[Limit, np.ndarray]]:
    for limit in plan.limits:
        if isinstance(limit, Limit) and limit.structure in TARGETS and not limit.optimal:
            values = doses[Volume(limit.structure)]
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
        doses: Doses,
        errors: Delivery,
        falloff: np.ndarray,
        valley: np.ndarray,
        fractions: int,
    ) -> None:
        self.doses, self.errors, self.falloff, self.fractions = doses, errors, falloff, fractions
        hottest = [doses[Volume(t)][:, 0] for t in TARGETS if Volume(t) in doses]
        self.plateau = HEADROOM * np.maximum.reduce(hottest)
        ruling = np.zeros_like(self.plateau)
        for organ in ORGANS:  # the first that a patient has: cord PRV, cord, sac
            hot = doses.get(Volume(organ, hot=True))
            if hot is not None:
                ruling = np.where((ruling == 0.0) & ~np.isnan(hot), hot, ruling)
        self.valley = valley * ruling

    def of(self, part: Volume) -> tuple[np.ndarray, np.ndarray]:
        """Delivered dose and squared dose, summed over fractions [Gy, Gy2]."""
        planned = self.doses[part]
        is_target = part.structure in TARGETS
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
