r"""Doses sampled from a user's own plans: smoothed bootstrap, rejection, delivery.

A patient gets one of the plans, moved a step towards a second one,

.. math:: Q = Q_a + \lambda (Q_b - Q_a), \qquad \lambda \sim N(0, s^2)

with Q the dose at fixed volumes of every structure at once, so that coverage and organ dose stay
together. A draw that is no DVH, or breaks a mandatory limit, is drawn again.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import draw_delivery
from radsim.dose.course.two_courses import draw_earlier_courses, organ_limit, rules_kept
from radsim.dose.dose import Course, Dose
from radsim.dose.metrics import Wanted
from radsim.dose.plans.library import PlanLibrary, has_cord
from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import dose_at_volume, volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import NEURAL, TARGETS, HotSpot

HEADROOM = 1.02  # plateau over the hottest dose of a target; a logistic never reaches its plateau
NO_DVH = 1e3  # breach of a draw whose dose rises with volume; above that of any limit


class Volume(NamedTuple):
    """A structure as a whole, or the hottest 0.03 cm3 of it."""

    structure: str
    hot: bool = False


Doses = dict[Volume, np.ndarray]  # (plan or patient, node) of a whole structure, else (patient,)
Table = tuple[Doses, np.ndarray]  # of a library, with whether each plan is at a level with a cord


def library_doses(
    plan: PlanLibrary,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
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
    limits = {organ: organ_limit(plan, organ, geometry, earlier) for organ in NEURAL}
    table = _tabulate(plan, model.nodes)
    doses, tried, breach = _draw(
        plan, model.plans, table, geometry.has_cord, limits, numbers, streams
    )
    if plan.delivery:
        errors = draw_delivery(model, plan.fractions, geometry.wrap, numbers, streams)
        falloff = draw_parameter(model.falloff, "dose/plan/falloff/0", numbers, streams)
        valley = draw_parameter(model.valley, "dose/plan/valley/0", numbers, streams)
        edge = _edge(doses, valley)
    courses: dict[str, Course] = {}
    hot_spots: dict[HotSpot, Course] = {}
    for part, planned in doses.items():
        if part.hot or part.structure in wanted.whole:
            arrays: tuple[np.ndarray, ...] = (planned,)
            if plan.delivery:
                shifts = errors.target_shift if part.structure in TARGETS else errors.organ_shift
                share = errors.output / plan.fractions
                arrays = (planned, *_delivered(planned, edge, shifts / falloff, share))
            course = Course(*(a if part.hot else a.astype(np.float32) for a in arrays))
            course = course.nan_without(patients.with_structure(part.structure))
            if part.hot:
                hot_spots[HotSpot(part.structure)] = course
            else:
                courses[part.structure] = course
    met = np.ones(len(numbers), dtype=bool)
    for spot, course in hot_spots.items():
        met &= ~(course.planned > limits.get(spot.structure, np.inf))
    rules = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=courses,
        hot_spots=hot_spots,
        facts={
            "prescription": np.full(len(numbers), float(plan.prescription)),
            "plans_tried": tried,
            **rules.facts,
        },
        flags={
            "plan_eligible": (breach <= 0.0) & rules.kept,
            "limits_met": met & rules.kept,
            **rules.flags,
        },
        recovered=rules.recovered,
    )


def _tabulate(plan: PlanLibrary, nodes: int) -> Table:
    """Put the library in rows, one a plan; NaN where it has none."""
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
        if structure not in TARGETS:
            doses[Volume(structure, hot=True)] = hot
    return doses, np.array([has_cord(doses_of) for doses_of in plan.plans])


def _draw(
    plan: PlanLibrary,
    attempts: int,
    table: Table,
    cord: np.ndarray,
    limits: Mapping[str, np.ndarray],
    patients: range,
    streams: UniformSource,
) -> tuple[Doses, np.ndarray, np.ndarray]:
    """Draw until no limit is broken, or ``attempts`` times; keep the draw that breaks least.

    Returns the doses, how many draws were tried, and how far the kept one breaks its limits, as a
    share of them; 0 for not at all.
    """
    library, with_cord = table
    everyone = len(patients)
    best = np.full(everyone, np.inf)
    tried = np.full(everyone, attempts)
    kept = {name: np.empty((everyone, *values.shape[1:])) for name, values in library.items()}
    active = np.arange(everyone)
    for attempt in range(attempts):
        if not active.size:
            break
        u = [
            streams.uniforms(f"dose/library/{what}/{attempt}", patients)[active]
            for what in ("plan", "second", "step")
        ]
        first, second = (_pick(with_cord, cord[active], luck) for luck in u[:2])
        step = plan.smoothing * ndtri(u[2])
        doses = {}
        for name, values in library.items():
            share = step if name.hot else step[:, None]
            doses[name] = values[first] + share * (values[second] - values[first])
        breach = _breach(plan, doses, {o: limit[active] for o, limit in limits.items()})
        better = breach < best[active]
        for name, values in doses.items():
            kept[name][active[better]] = values[better]
        best[active[better]] = breach[better]
        tried[active[breach <= 0.0]] = attempt + 1
        active = active[breach > 0.0]
    return kept, tried, best


def _pick(has_cord: np.ndarray, cord: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Row of a plan for each patient, of those that suit the level."""
    with_cord = np.flatnonzero(has_cord)
    without = np.flatnonzero(~has_cord)
    if cord.any() and not with_cord.size:
        raise ValueError("some patients have a spinal cord, but no plan of the library does")
    others = without if without.size else with_cord

    def of(pool: np.ndarray) -> np.ndarray:
        return pool[np.minimum((u * pool.size).astype(np.intp), pool.size - 1)]

    return np.where(cord, of(with_cord), of(others)) if with_cord.size else of(others)


def _breach(plan: PlanLibrary, doses: Doses, limits: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far each draw breaks its mandatory limits, as a share of them; 0 if it breaks none."""
    total = np.zeros(len(next(iter(doses.values()))))
    for part, values in doses.items():
        if not part.hot:
            rises = (np.diff(values, axis=1) > 0.0).any(axis=1) | (values[:, -1] < 0.0)
            total += np.where(rises, NO_DVH, 0.0)
        else:
            total += np.fmax(values / limits.get(part.structure, np.inf) - 1.0, 0.0)
    for limit in (limit for limit in plan.target_limits if not limit.optimal):
        values = doses[Volume(limit.structure)]
        volume, _ = volume_nodes(values.shape[1])
        dose = dose_at_volume(values, volume, 1.0 - limit.cold_share)
        if limit.at_most is not None:
            total += np.maximum(dose / limit.at_most - 1.0, 0.0)
        if limit.at_least is not None:
            total += np.maximum(1.0 - dose / limit.at_least, 0.0)
    return total


def _edge(doses: Doses, valley: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Valley and plateau of the edge on which each patient's doses lie [Gy], shape (patient,)."""
    hottest = [doses[Volume(t)][:, 0] for t in TARGETS if Volume(t) in doses]
    plateau = HEADROOM * np.maximum.reduce(hottest)
    ruling = np.zeros_like(plateau)
    for organ in NEURAL:  # the first that a patient has: cord PRV, cord, sac
        hot = doses.get(Volume(organ, hot=True))
        if hot is not None:
            ruling = np.where((ruling == 0.0) & ~np.isnan(hot), hot, ruling)
    return valley * ruling, plateau


def _delivered(
    planned: np.ndarray, edge: tuple[np.ndarray, np.ndarray], shifts: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Delivered dose and squared dose, summed over fractions [Gy, Gy2].

    A dose says where it lies on the edge that the distance-dose model draws between the valley V
    and the plateau P, and a shift, in units of the fall-off, moves it along that edge:

    .. math:: D' = V + \frac{P - V}{1 + \frac{P - D}{D - V} e^{-\delta/\tau}}

    Doses below the valley or above the plateau stay as they are. ``share`` is the output of one
    fraction over that of the plan.
    """
    column = (slice(None), None) if planned.ndim == 2 else slice(None)
    low, high = edge[0][column], edge[1][column]
    inside = (planned > low) & (planned < high)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(inside, (high - planned) / (planned - low), 1.0)
    total, squared = np.zeros_like(planned), np.zeros_like(planned)
    for shift in shifts:
        moved = low + (high - low) / (1.0 + odds * np.exp(-shift)[column])
        dose = np.where(inside, moved, planned)
        total += dose
        squared += dose * dose
    share = share[column]
    return total * share, squared * share * share
