"""Power over one number of the design, all else as it is."""

from dataclasses import dataclass, replace

from radsim.trial.conduct.run import TrialPlan, run_trials
from radsim.trial.questions.characteristics import Share, rejections, share_of
from radsim.trial.varied import Curve


@dataclass(frozen=True)
class CurvePoint:
    """Power of the primary analysis with one number of the design changed."""

    over: str
    value: float
    power: Share


def power_curve(
    plan: TrialPlan, curve: Curve, analysis: str, *, trials: int, seed: int, workers: int = 1
) -> list[CurvePoint]:
    """Simulate the power of one analysis at each point of a curve."""
    points = []
    for over, value, changed in curve.plans(replace(plan, analyses=(analysis,))):
        shown = run_trials(changed, trials, seed=seed, workers=workers)
        rejected = rejections(shown.outcomes[analysis], plan.alpha)
        points.append(CurvePoint(over, value, share_of(rejected, shown.pools)))
    return points
