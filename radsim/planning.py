"""Planning: solve each patient's plan for its goals, and make it anew until limits are met."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import ndtri

from radsim.distributions import Fixed
from radsim.dose_model import DoseModel, Spread
from radsim.geometry import Geometry
from radsim.plan import ExternalBeam
from radsim.profile import Profile
from radsim.rng import UniformSource
from radsim.solving import prepare, solve


@dataclass(frozen=True)
class Plans:
    """The plan that each patient is treated with, every array of shape (patient,)."""

    profile: Profile
    prescription: np.ndarray
    tried: np.ndarray
    eligible: np.ndarray  # every mandatory limit is met, coverage too


PLANNER_CHOICES = (
    "falloff",
    "valley",
    "utilization",
    "spill",
    "coverage_goal",
    "plateau",
)


def make_plans(
    plan: ExternalBeam,
    model: DoseModel,
    geometry: Geometry,
    organ_limits: Mapping[str, np.ndarray],
    patients: range,
    streams: UniformSource,
) -> Plans:
    """Make plans until one is accepted, or ``model.plans`` of them; keep the best.

    A new plan draws what a planner can change: fall-off, valley, utilization, boost goal and
    spill, coverage and plateau. Anatomy and limits stay. A plan that meets every mandatory limit
    and misses m optimal goals is accepted with probability ``missed_goal_accepted`` ** m. If none
    is accepted, the one with the fewest missed goals is kept, or, if all break a mandatory limit,
    the one that breaks them least.

    Parameters
    ----------
    organ_limits
        Highest D0.03cc of each neural structure [Gy], shape (patient,); infinite for none.
    """
    everyone = len(patients)
    known = prepare(plan, model, geometry, organ_limits, patients, streams)
    names = [f.name for f in fields(Profile)]
    kept = {name: np.empty(everyone) for name in (*names, "prescription")}
    best = np.full(everyone, np.inf)
    tried = np.full(everyone, model.plans)
    active = np.arange(everyone)
    first, size = 0, 1
    while first < model.plans and active.size:
        size = min(size, model.plans - first)
        rows = np.repeat(active, size)
        choices = _draw_choices(plan, model, range(first, first + size), active, patients, streams)
        theirs = {name: values[rows] for name, values in known.items()}
        candidates = solve(plan, model, theirs, choices)
        lenience = theirs["missed_goal_accepted"] ** candidates.missed
        accepted = (candidates.breach == 0) & (choices["accept"] < lenience)
        score = np.where(candidates.breach > 0, 1e3 + candidates.breach, candidates.missed)
        score = np.where(accepted, -1.0, score).reshape(active.size, size)
        column = np.argmin(score, axis=1)
        chosen = np.arange(active.size) * size + column
        lowest = score.reshape(-1)[chosen]
        better = lowest < best[active]
        to, source = active[better], chosen[better]
        best[to] = lowest[better]
        for name in names:
            kept[name][to] = getattr(candidates.profile, name)[source]
        kept["prescription"][to] = candidates.prescription[source]
        done = lowest < 0
        tried[active[done]] = first + column[done] + 1
        active = active[~done]
        first += size
        size = max(1, first)
    return Plans(
        profile=Profile(**{name: kept[name] for name in names}),
        prescription=kept["prescription"],
        tried=tried,
        eligible=best < 1e3,
    )


def _draw_choices(
    plan: ExternalBeam,
    model: DoseModel,
    attempts: range,
    active: np.ndarray,
    patients: range,
    streams: UniformSource,
) -> dict[str, np.ndarray]:
    """Draw what a planner can change, each of shape (active x attempt,), patient first."""
    wanted: dict[str, Spread] = {name: getattr(model, name) for name in PLANNER_CHOICES}
    if plan.boost is None:
        wanted.pop("spill")
    else:
        wanted["boost"] = plan.boost
        wanted.pop("plateau")
    shape = (active.size, len(attempts))

    def uniforms(name: str) -> np.ndarray:
        u = np.empty(shape)
        for column, attempt in enumerate(attempts):
            u[:, column] = streams.uniforms(f"dose/plan/{name}/{attempt}", patients)[active]
        return u.reshape(-1)

    choices: dict[str, np.ndarray] = {}
    for name, value in wanted.items():
        if name == "utilization":
            choices[name] = ndtri(uniforms(name))
        elif isinstance(value, int | float | Fixed):
            number = value.value if isinstance(value, Fixed) else value
            choices[name] = np.full(active.size * len(attempts), float(number))
        else:
            choices[name] = value.ppf(uniforms(name))
    choices["accept"] = uniforms("accept")
    return choices
