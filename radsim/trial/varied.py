"""Settings of a trial that a power curve varies."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from radsim.trial.conduct.run import TrialPlan
from radsim.trial.protocol.arms import StatedArm
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Count, Real


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Over what the power is drawn: each list by itself, all else as in the design."""

    patients: tuple[Count, ...] | None = None
    minimum_follow_up: tuple[Real, ...] | None = None
    median_survival: tuple[Real, ...] | None = None

    def __post_init__(self) -> None:
        lists = {over: getattr(self, over) for over in CHANGES}
        require(any(lists.values()), f"must list values of one of {', '.join(lists)}")
        for over, values in lists.items():
            require(values != (), f"{over} must list values; leave it out for none")
            twice = [value for value in values or () if values.count(value) > 1]
            require(not twice, f"{over} holds {(twice or [0])[0]:g} twice")

    def plans(self, plan: TrialPlan) -> Iterator[tuple[str, float, TrialPlan]]:
        """Give what is changed, its value and the changed plan, point by point.

        Raises
        ------
        ValueError
            If a point is impossible, or would change nothing; the message names the key.
        """
        for over, change in CHANGES.items():
            for value in getattr(self, over) or ():
                try:
                    changed = change(plan, value)
                except ValueError as error:
                    raise ValueError(f"curve.{over}: {error}") from None
                yield over, float(value), changed


def _with_follow_up(plan: TrialPlan, months: float) -> TrialPlan:
    require(not plan.binary, "has no effect here: a binary endpoint has no times")
    require(months > 0.0, f"times must be above 0, got {months:g}")
    design = replace(
        plan.design, minimum_follow_up=months, calendar_cut=None, event_target=None, latest=None
    )
    return replace(plan, design=design)


def _with_survival(plan: TrialPlan, median: float) -> TrialPlan:
    require(not plan.binary, "has no effect here: a binary endpoint has no times")
    require(isinstance(plan.arms, tuple), "needs arms that are stated, without a subgroup")
    arms = tuple(
        replace(  # the shape of survival and the share of survivors stay
            arm,
            median_survival=median,
            death_hazard=None,
            survival=None,
            survival_months=None,
            death_pieces=None,
        )
        for arm in plan.arms  # type: ignore[union-attr]
        if isinstance(arm, StatedArm)
    )
    return replace(plan, arms=arms)


CHANGES: dict[str, Callable[[TrialPlan, Any], TrialPlan]] = {
    "patients": TrialPlan.with_patients,
    "minimum_follow_up": _with_follow_up,
    "median_survival": _with_survival,
}
