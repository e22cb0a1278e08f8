"""Replanning: make each patient's plan anew until its limits are met and its goals accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from scipy.special import ndtri

from radsim.dose.anatomy.dose_model import DoseModel, Spread
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.course.outer_limits import limited_organs
from radsim.dose.course.profile import Profile
from radsim.dose.course.solving import Candidates, prepare, solve
from radsim.dose.course.whole_limits import WholeLimits
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.randomness.distributions.continuous import Fixed
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HotSpot

PIECE = 2048  # plans worked out at a time, so that arrays stay in the cache
BROKEN = 1e3  # score of a plan that breaks a mandatory limit; above any number of missed goals
ACCEPTED = -1.0
KEPT = (*(field.name for field in fields(Profile)), "prescription", "highest_level", "spread")


@dataclass(frozen=True)
class Plans:
    """The plan that each patient is treated with, every array of shape (patient,)."""

    profile: Profile
    prescription: np.ndarray
    highest_level: np.ndarray  # the boost's goal, the prescription without one [Gy]
    spread: np.ndarray  # relative standard deviation of dose inside the target
    tried: np.ndarray
    eligible: np.ndarray  # every mandatory limit is met, coverage too
    surfaces: Mapping[str, np.ndarray] = field(default_factory=dict)  # towards limited organs [Gy]
    limits_kept: np.ndarray | bool = (
        True  # those of organs that are no hot spots of the neural ones
    )


def make_plans(
    plan: ExternalBeam,
    model: DoseModel,
    geometry: Geometry,
    organ_limits: Mapping[HotSpot, np.ndarray],
    patients: range,
    streams: UniformSource,
) -> Plans:
    """Make plans until one is accepted, or ``model.plans`` of them; keep the best.

    A new plan draws what a planner can change: fall-off, valley, utilization, plateau, boost goal
    and spill. Anatomy and limits stay. A plan that meets every mandatory limit and misses m
    optimal goals is accepted with probability ``missed_goal_accepted`` ** m. If none is accepted,
    the one with the fewest missed goals is kept, or, if all break a mandatory limit, the one that
    breaks them least. ``organ_limits`` are the highest D0.03cc of each organ [Gy], shape
    (patient,), infinite for none.
    """
    outer = limited_organs(plan, geometry, organ_limits)
    fixed = prepare(plan, model, geometry, organ_limits, patients, streams, bool(outer))
    choices = _planner_choices(plan, model)
    kept = {name: np.empty(len(patients)) for name in KEPT}
    surfaces = {organ.name: np.empty(len(patients)) for organ in outer}
    limits_kept = np.ones(len(patients), dtype=bool)
    best = np.full(len(patients), np.inf)
    tried = np.full(len(patients), model.plans)
    active = np.arange(len(patients))
    first, attempts = 0, 1
    # later rounds try as many plans at once as all earlier ones together: the first that is
    # accepted counts, so this changes no result
    while first < model.plans and active.size:
        attempts = min(attempts, model.plans - first)
        luck = {
            name: [
                streams.uniforms(f"dose/plan/{name}/{attempt}", patients)
                for attempt in range(first, first + attempts)
            ]
            for name, value in {**choices, "accept": None}.items()
            if not isinstance(value, int | float | Fixed)
        }
        for piece in np.split(active, range(PIECE // attempts, active.size, PIECE // attempts)):
            rows = np.repeat(piece, attempts)
            theirs = {name: values[rows] for name, values in fixed.items()}
            drawn = {
                name: _choose(name, value, luck, piece, attempts) for name, value in choices.items()
            }
            beyond = tuple(organ.rows(rows) for organ in outer)
            whole = WholeLimits(plan, geometry, model.nodes, rows) if plan.whole_limits else None
            candidates = solve(plan, model, theirs, drawn, beyond, whole)
            lenience = theirs["missed_goal_accepted"] ** candidates.missed
            accepted = _uniforms(luck["accept"], piece) < lenience
            score = _score(candidates, accepted).reshape(piece.size, attempts)
            column = np.argmin(score, axis=1)
            lowest = score[np.arange(piece.size), column]
            better = lowest < best[piece]
            to = piece[better]
            source = (np.arange(piece.size) * attempts + column)[better]
            best[to] = lowest[better]
            for name in KEPT:
                kept[name][to] = candidates.values[name][source]
            limits_kept[to] = candidates.limits_kept[source]
            for name, surface in surfaces.items():
                surface[to] = candidates.edges[name].surface[source]
            tried[piece[lowest == ACCEPTED]] = first + 1 + column[lowest == ACCEPTED]
        active = active[best[active] != ACCEPTED]
        first += attempts
        attempts = first
    beside = {name: kept.pop(name) for name in ("prescription", "highest_level", "spread")}
    return Plans(
        profile=Profile(**kept),
        **beside,
        tried=tried,
        eligible=best < BROKEN,
        surfaces=surfaces,
        limits_kept=limits_kept,
    )


def _planner_choices(plan: ExternalBeam, model: DoseModel) -> dict[str, Spread]:
    """What a new plan draws anew."""
    choices = {name: getattr(model, name) for name in ("falloff", "valley", "utilization")}
    if plan.boost is None:
        return {**choices, "plateau": model.plateau}
    return {**choices, "spill": model.spill, "boost": plan.boost}


def _choose(
    name: str,
    value: Spread,
    luck: Mapping[str, list[np.ndarray]],
    piece: np.ndarray,
    attempts: int,
) -> np.ndarray:
    """One choice of the planner for each of these patients and attempts, patient first."""
    if isinstance(value, int | float | Fixed):
        number = value.value if isinstance(value, Fixed) else value
        return np.full(piece.size * attempts, float(number))
    u = _uniforms(luck[name], piece)
    # utilization also depends on closeness, so it stays a normal score until it is used
    return ndtri(u) if name == "utilization" else value.ppf(u)


def _uniforms(luck: list[np.ndarray], piece: np.ndarray) -> np.ndarray:
    return np.stack([u[piece] for u in luck], axis=1).reshape(-1)


def _score(candidates: Candidates, accepted: np.ndarray) -> np.ndarray:
    """Lower is better: accepted, then missed goals, then broken mandatory limits."""
    whole = candidates.breach == 0
    score = np.where(whole, candidates.missed, BROKEN + candidates.breach)
    return np.where(whole & accepted, ACCEPTED, score)
