"""Power over one number of the design, all else as it is."""

from dataclasses import dataclass, replace

from radsim.trial.arms import StatedArm
from radsim.trial.characteristics import Share, power_of
from radsim.trial.run import TrialPlan, run_trials
from radsim.trial.section import TrialSection

SEARCH_TRIALS = 4000  # trials at each size that is tried, at most


@dataclass(frozen=True)
class CurvePoint:
    """Power of the primary analysis with one number of the design changed."""

    over: str
    value: float
    power: Share


def power_curve(
    section: TrialSection, plan: TrialPlan, *, seed: int, workers: int = 1
) -> list[CurvePoint]:
    """Simulate the power of the primary analysis at each point of the section's curve."""
    name = section.primary_analysis
    only = replace(plan, analyses=(name,))
    points = []

    def add(over: str, value: float, changed: TrialPlan) -> None:
        trials = min(section.trials, SEARCH_TRIALS)
        shown = run_trials(changed, trials, seed=seed, workers=workers)
        power = power_of(name, shown.outcomes[name], plan.alpha).rejected
        points.append(CurvePoint(over, float(value), power))

    if section.curve is None:
        return points
    for n in section.curve.patients:
        add("patients", n, only.with_patients(n))
    for months in section.curve.minimum_follow_up:
        design = replace(
            plan.design, minimum_follow_up=months, calendar_cut=None, event_target=None, latest=None
        )
        add("minimum_follow_up", months, replace(only, design=design))
    for median in section.curve.median_survival:
        if not isinstance(plan.arms, tuple):
            raise ValueError("curve.median_survival: needs arms that are stated")
        dying = tuple(
            replace(arm, median_survival=median, death_hazard=None, survival=None)
            for arm in plan.arms
            if isinstance(arm, StatedArm)
        )
        add("median_survival", median, replace(only, arms=dying))  # type: ignore[arg-type]
    return points
