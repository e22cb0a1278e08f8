r"""Doses sampled from a user's own plans: smoothed bootstrap, rejection, delivery.

A patient gets one of the plans, moved a step towards a second one,

.. math:: Q = Q_a + \lambda (Q_b - Q_a), \qquad \lambda \sim N(0, s^2)

with Q the dose at fixed volumes of every structure at once, so that coverage and organ dose stay
together. The volume of a structure moves with it, as its logarithm (an assumption: it stays above
0). A draw that is no DVH, or breaks a mandatory limit, is drawn again. A patient for whom no plan
of the library keeps the limits, or none of the draws does, has the first draw: the least breaking
one would be a better plan than there is.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.delivery import draw_delivery
from radsim.dose.course.two_courses import (
    EarlierCourse,
    draw_earlier_courses,
    organ_limit,
    rules_kept,
)
from radsim.dose.dose import Course, Dose
from radsim.dose.metrics import Wanted, metric_of
from radsim.dose.plans.library import PlanLibrary, no_plan_with, suitable
from radsim.dose.plans.limits import ROUNDING, Limit
from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import dose_at_volume, volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.structures import HOT_SPOT, NEURAL, TARGETS, HotSpot

HEADROOM = 1.02  # plateau over the hottest dose of a target; a logistic never reaches its plateau


class Volume(NamedTuple):
    """A structure as a whole, or the hottest part of it, by its volume [cm3]."""

    structure: str
    hot: float = 0.0


Doses = dict[Volume, np.ndarray]  # (plan or patient, node) of a whole structure, else (patient,)
Limits = dict[tuple[str, str], np.ndarray]  # highest dose [Gy] of organ and metric, (patient,)
Rows = dict[str, np.ndarray]  # whether each plan, or patient, has the cord or an organ


class Drawn(NamedTuple):
    """What each patient got, arrays of shape (patient,).

    ``tried`` are the draws it took, ``kept`` says whether the last one keeps the limits; ``of`` are
    the two plans that the patient's lies between, and the step from the first.
    """

    doses: Doses
    tried: np.ndarray
    kept: np.ndarray
    of: tuple[np.ndarray, np.ndarray, np.ndarray]


D003CC = f"D{HOT_SPOT}cc"


def library_doses(
    plan: PlanLibrary,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
) -> Dose:
    """Dose of a plan of the library for each patient.

    A patient with a cord, or with an organ of certain regions, gets a plan with it; a patient
    without gets a plan without, or, if the library has none such, the rest of any plan.

    Raises
    ------
    ValueError
        If no plan of the library has all of that which some patients have.
    """
    numbers = patients.numbers
    earlier = draw_earlier_courses(plan, patients, streams)
    limits = _organ_limits(plan, patients, geometry, earlier)
    spots = wanted.hot_spots | {limit.spot for limit in plan.limits if limit.spot}
    library, rows = _tabulate(plan, model.nodes, spots), plan.who_has
    has = {name: patients.with_structure(name) for name in rows}
    pools = _pools(rows, has)
    drawn = _draw(plan, model.plans, library, pools, limits, numbers, streams)
    doses = drawn.doses
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
                hot_spots[HotSpot(*part)] = course
            else:
                courses[part.structure] = course
    met = _organs_keep(doses, limits)
    rules = rules_kept(plan, geometry.has_cord, earlier, hot_spots)
    return Dose(
        plan=plan,
        nodes=model.nodes,
        volumes=_volumes(plan, drawn.of),
        courses=courses,
        hot_spots=hot_spots,
        facts={
            "prescription": np.full(len(numbers), float(plan.prescription)),
            "plans_tried": drawn.tried,
            **rules.facts,
        },
        flags={
            "plan_eligible": drawn.kept & rules.kept,
            "limits_met": met & rules.kept,
            **rules.flags,
        },
        earlier=earlier,
        highest_fraction_dose=np.full(len(numbers), plan.level_ends[1] / plan.fractions),
    )


def _organ_limits(
    plan: PlanLibrary, patients: Patients, geometry: Geometry, earlier: tuple[EarlierCourse, ...]
) -> Limits:
    """What is mandatory of the organs; infinite in who does not have them."""
    limits: Limits = {}
    for limit in plan.limits:
        organ = limit.structure
        if limit.only_reported or organ in TARGETS:
            continue
        if not isinstance(limit, Limit):
            key, highest = (organ, D003CC), organ_limit(plan, HotSpot(organ), geometry, earlier)
        elif limit.at_most is not None:
            key, highest = (organ, limit.metric), np.array(limit.at_most)
        limits[key] = np.minimum(limits.get(key, np.inf), highest)
    return {
        (organ, metric): np.where(patients.with_structure(organ), highest, np.inf)
        for (organ, metric), highest in limits.items()
    }


def _tabulate(plan: PlanLibrary, nodes: int, spots: Iterable[HotSpot]) -> Doses:
    """Put the library in rows, one a plan; NaN where it has none, or a hot spot is unknown."""
    volume, _ = volume_nodes(nodes)
    given = plan.structures
    doses: Doses = {Volume(s): np.full((len(plan.plans), nodes), np.nan) for s in given}
    hot = [HotSpot(structure) for structure in given if structure not in TARGETS]
    asked = [spot for spot in sorted(spots) if spot.structure in given]
    doses |= {Volume(*spot): np.full(len(plan.plans), np.nan) for spot in (*hot, *asked)}
    for row, doses_of in enumerate(plan.plans):
        for part, values in doses.items():
            if part.structure not in doses_of:
                continue
            if part.hot:
                values[row] = doses_of[part.structure].hottest(part.hot)
            else:
                dose = np.array(doses_of[part.structure].dose)
                theirs, _ = volume_nodes(dose.size)
                values[row] = dose if dose.size == nodes else dose_at_volume(dose, theirs, volume)
    return doses


def _pools(rows: Rows, has: Rows) -> list[tuple[np.ndarray, np.ndarray]]:
    """Patients and the plans that suit their level: what they have of the cord and some organs."""
    bits = {name: 1 << place for place, name in enumerate(rows)}
    kinds: np.ndarray = reduce(np.add, (has[name] * bit for name, bit in bits.items()))
    pools = []
    for kind in np.unique(kinds):
        parts = [name for name, bit in bits.items() if kind & bit]
        pool = suitable(rows, parts)
        if not pool.any():
            raise ValueError(no_plan_with(parts))
        pools.append((np.flatnonzero(kinds == kind), np.flatnonzero(pool)))
    return pools


def _draw(
    plan: PlanLibrary,
    attempts: int,
    library: Doses,
    pools: Sequence[tuple[np.ndarray, np.ndarray]],
    limits: Limits,
    patients: range,
    streams: UniformSource,
) -> Drawn:
    """Draw until no limit is broken, at most ``attempts`` times; else keep the first draw."""
    everyone = len(patients)
    tried = np.full(everyone, attempts)
    keeps = np.zeros(everyone, dtype=bool)
    placed = np.zeros(everyone, dtype=bool)
    first, second = (
        _pick(pools, streams.uniforms(f"dose/library/{which}/0", patients))
        for which in ("plan", "second")
    )
    of = (first, second, np.zeros(everyone))  # the first plan as it is, until a draw is a DVH
    kept = {name: values[first] for name, values in library.items()}
    can_keep = _can_keep(plan, library, pools, limits, everyone)
    active = np.arange(everyone)
    for attempt in range(attempts):
        if not active.size:
            break
        u = {
            what: streams.uniforms(f"dose/library/{what}/{attempt}", patients)
            for what in ("plan", "second", "step")
        }
        first, second = (_pick(pools, u[what])[active] for what in ("plan", "second"))
        step = plan.smoothing * ndtri(u["step"][active])
        doses = {}
        for name, values in library.items():
            share = step if name.hot else step[:, None]
            doses[name] = values[first] + share * (values[second] - values[first])
        is_dvh = _falls(doses)
        passes = is_dvh & _targets_keep(plan, doses)
        passes &= _organs_keep(doses, {key: high[active] for key, high in limits.items()})
        takes = passes | (is_dvh & ~placed[active])
        taken = active[takes]
        for name, values in doses.items():
            kept[name][taken] = values[takes]
        for part, values in zip(of, (first, second, step), strict=True):
            part[taken] = values[takes]
        placed[taken], keeps[active[passes]] = True, True
        done = passes | (is_dvh & ~can_keep[active])
        tried[active[done]] = attempt + 1
        active = active[~done]
    return Drawn(kept, tried, keeps, of)


def _can_keep(
    plan: PlanLibrary,
    library: Doses,
    pools: Sequence[tuple[np.ndarray, np.ndarray]],
    limits: Limits,
    everyone: int,
) -> np.ndarray:
    """Whether any plan that suits a patient keeps the limits, shape (patient,)."""
    on_targets = _targets_keep(plan, library)
    can = np.zeros(everyone, dtype=bool)
    for patients, pool in pools:
        keeps = np.repeat(on_targets[pool, None], patients.size, axis=1)
        for (organ, metric), highest in limits.items():
            dose = _planned(organ, metric, library)[pool, None]
            keeps &= ~(dose > highest[patients] * (1.0 + ROUNDING))
        can[patients] = keeps.any(axis=0)
    return can


def _volumes(
    plan: PlanLibrary, of: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    """Volume of each structure in each patient [cm3]; NaN where that of a plan is unknown."""
    first, second, step = of
    volumes = {}
    for structure in plan.structures:
        stated = [dose.volume if (dose := p.get(structure)) else None for p in plan.plans]
        log = np.log(np.array(stated, dtype=float))
        volumes[structure] = np.exp(log[first] + step * (log[second] - log[first]))
    return volumes


def _pick(pools: Sequence[tuple[np.ndarray, np.ndarray]], u: np.ndarray) -> np.ndarray:
    """Row of a plan for each patient, of those that suit the level."""
    rows = np.empty(u.size, dtype=np.intp)
    for patients, pool in pools:
        place = (u[patients] * pool.size).astype(np.intp)
        rows[patients] = pool[np.minimum(place, pool.size - 1)]
    return rows


def _falls(doses: Doses) -> np.ndarray:
    """Whether each draw is a DVH of every structure: its doses fall and are not negative."""
    wholes = [values for part, values in doses.items() if not part.hot]
    rises = [(np.diff(v, axis=1) > 0.0).any(axis=1) | (v[:, -1] < 0.0) for v in wholes]
    return ~np.logical_or.reduce(rises)


def _targets_keep(plan: PlanLibrary, doses: Doses) -> np.ndarray:
    """Whether each draw keeps the mandatory limits of the targets."""
    keeps = np.ones(len(next(iter(doses.values()))), dtype=bool)
    for limit in (limit for limit in plan.target_limits if not limit.optimal):
        dose = _planned(limit.structure, limit.metric, doses)
        if limit.at_most is not None:
            keeps &= dose <= limit.at_most * (1.0 + ROUNDING)
        if limit.at_least is not None:
            keeps &= dose >= limit.at_least * (1.0 - ROUNDING)
    return keeps


def _organs_keep(doses: Doses, limits: Limits) -> np.ndarray:
    """Whether each draw keeps what is mandatory of the organs; what is unknown breaks nothing."""
    keeps = np.ones(len(next(iter(doses.values()))), dtype=bool)
    for (organ, metric), highest in limits.items():
        keeps &= ~(_planned(organ, metric, doses) > highest * (1.0 + ROUNDING))
    return keeps


def _planned(structure: str, name: str, doses: Doses) -> np.ndarray:
    """Metric that a limit is on: in the hottest part, at a share, or a mean, shape (patient,)."""
    metric = parse_metric(name)
    assert metric is not None  # of a limit
    if metric.kind == "dose_at_volume":
        return doses[Volume(structure, metric.number)]
    values = np.maximum(doses[Volume(structure)], 0.0)
    return metric_of(values, values.shape[1], metric)


def _edge(doses: Doses, valley: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Valley and plateau of the edge on which each patient's doses lie [Gy], shape (patient,)."""
    hottest = [doses[Volume(t)][:, 0] for t in TARGETS if Volume(t) in doses]
    plateau = HEADROOM * np.maximum.reduce(hottest)
    ruling = np.zeros_like(plateau)
    for organ in NEURAL:  # the first that a patient has: cord PRV, cord, sac
        hot = doses.get(Volume(organ, HOT_SPOT))
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
