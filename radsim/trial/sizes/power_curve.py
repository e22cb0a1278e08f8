"""Power over one number of the design, all else as it is."""

from dataclasses import dataclass, replace

from radsim.trial.conduct.run import TrialPlan
from radsim.trial.questions.characteristics import Power, Share
from radsim.trial.questions.dunnett import power_of_comparisons
from radsim.trial.varied import Curve


@dataclass(frozen=True)
class CurvePoint:
    """The primary analysis with one number of the design changed."""

    over: str
    value: float
    shown: Power

    @property
    def power(self) -> Share:
        """Share of trials that reject."""
        return self.shown.rejected


def power_curve(
    plan: TrialPlan,
    curve: Curve,
    analysis: str,
    *,
    trials: int,
    seed: int,
    workers: int = 1,
    higher_is_better: bool | None = None,
    success: str = "any",
) -> list[CurvePoint]:
    """Simulate the power of one analysis at each point of a curve."""
    points = []
    for over, value, changed in curve.plans(replace(plan, analyses=(analysis,))):
        power, _ = power_of_comparisons(
            changed,
            analysis,
            success=success,
            trials=trials,
            seed=seed,
            workers=workers,
            higher_is_better=higher_is_better,
        )
        points.append(CurvePoint(over, value, power))
    return points
