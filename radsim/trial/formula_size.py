"""What the formulas say of a plan, beside what simulation finds."""

from dataclasses import dataclass

import numpy as np

from radsim.trial.curves import ExpectedCurves
from radsim.trial.event_formulas import event_probability, events_needed
from radsim.trial.exact_tests import BINARY_TESTS, exact_power
from radsim.trial.proportion_formulas import (
    FORMULAS,
    power_of_proportions,
    size_for_proportions,
    smallest_exact_size,
)
from radsim.trial.run import Shown, TrialPlan
from radsim.trial.section import TrialSection
from radsim.trial.uncertainty import proportions_of

EXACT_POWER_UP_TO = 150  # evaluable patients an arm
EXACT_UP_TO = 60  # patients a group for which exact sizes are looked up


@dataclass(frozen=True)
class FormulaSize:
    """Patients in all by a formula.

    Attributes
    ----------
    formula
        Its name.
    takes
        What it was given.
    patients
        In all, not rounded; 0 where the formula has no answer.
    events
        Events in all, where the formula counts them; else 0.
    """

    formula: str
    takes: str
    patients: float
    events: float = 0.0


def sizes_for_times(
    hazard_ratio: float,
    probabilities: dict[str, tuple[float, float]],
    incidences: tuple[float, float],
    *,
    power: float,
    alpha: float,
    allocation: float,
) -> list[FormulaSize]:
    """Sizes for a time to an event.

    Parameters
    ----------
    probabilities
        Probability that an event is seen, by arm, for each way of reckoning it, by name.
    incidences
        Cumulative incidence at the landmark, by arm.
    """
    rows = []
    for formula in ("schoenfeld", "freedman"):
        for name, (control, experimental) in probabilities.items():
            mean = (control + allocation * experimental) / (1.0 + allocation)
            if hazard_ratio <= 0.0 or hazard_ratio == 1.0 or mean <= 0.0:
                continue
            events = events_needed(
                hazard_ratio, formula=formula, power=power, alpha=alpha, allocation=allocation
            )
            takes = f"hazard ratio {hazard_ratio:.4g}, {name}"
            rows.append(FormulaSize(formula, takes, events / mean, events))
    return rows + sizes_for_proportions(
        *incidences, power=power, alpha=alpha, allocation=allocation, exact=False
    )


def sizes_for_proportions(
    control: float,
    experimental: float,
    *,
    power: float,
    alpha: float,
    allocation: float,
    exact: bool = True,
) -> list[FormulaSize]:
    """Sizes for two proportions, by every formula and where small by every exact test."""
    takes = f"proportions {control:.4g} and {experimental:.4g}"
    if control == experimental:
        return []
    rows = [
        FormulaSize(
            formula,
            takes,
            (1.0 + allocation)
            * size_for_proportions(
                control, experimental, formula=formula, power=power, alpha=alpha,
                allocation=allocation,
            ),
        )
        for formula in FORMULAS
    ]  # fmt: skip
    guess = rows[0].patients / 2.0
    if exact and allocation == 1.0 and guess < EXACT_UP_TO:
        for test in BINARY_TESTS:
            n = smallest_exact_size(control, experimental, test=test, power=power, alpha=alpha)
            rows.append(FormulaSize(f"exact power of {test}", takes, 2.0 * n))
    return rows


def powers_for_proportions(
    control: float, experimental: float, n0: float, n1: float, *, alpha: float
) -> dict[str, float]:
    """Power by each formula of two groups of these sizes."""
    return {
        formula: power_of_proportions(control, experimental, n0, n1, formula=formula, alpha=alpha)
        for formula in FORMULAS
    }


def geometric_mean_ratio(log_ratios: np.ndarray, estimable: np.ndarray) -> float:
    """Typical hazard ratio of simulated trials, for formulas that want one number."""
    return float(np.exp(log_ratios[estimable].mean())) if estimable.any() else 1.0


def for_lost(size: FormulaSize, not_evaluable: float) -> FormulaSize:
    """Randomize more, so that the size is left when a share is not evaluable."""
    return FormulaSize(
        size.formula,
        f"{size.takes}; {100 * not_evaluable:g} % not evaluable",
        size.patients / (1.0 - not_evaluable),
        size.events,
    )


def formulas_of(
    section: TrialSection, plan: TrialPlan, shown: Shown, curves: ExpectedCurves | None
) -> tuple[float, list[FormulaSize], dict[str, float]]:
    """Hazard ratio, sizes by formula, and for proportions the powers by formula of a plan."""
    control, experimental = plan.design.allocation
    options = {
        "power": section.power,
        "alpha": section.alpha,
        "allocation": experimental / control,
    }
    if plan.binary:
        return 1.0, *_binary_formulas(section, plan, shown, options)
    ratio = _hazard_ratio(plan, shown)
    counts = shown.counts
    seen = counts["events"].sum(axis=0) / np.maximum(counts["randomized"].sum(axis=0), 1)
    probabilities = {"events as simulated": (float(seen[0]), float(seen[1]))}
    ignored = _probabilities_without_death(plan)
    if ignored is not None:
        probabilities = {"death ignored": ignored, **probabilities}
    assert curves is not None
    at = int(np.argmin(np.abs(curves.months - section.landmark)))
    incidences = float(curves.event[0, at]), float(curves.event[1, at])
    return ratio, sizes_for_times(ratio, probabilities, incidences, **options), {}


def _binary_formulas(
    section: TrialSection, plan: TrialPlan, shown: Shown, options: dict[str, float]
) -> tuple[list[FormulaSize], dict[str, float]]:
    """Sizes for the proportions, and each method's power with the evaluable patients expected."""
    p0, p1 = (float(p) for p in proportions_of(plan.arms))  # type: ignore[arg-type]
    n0, n1 = (float(n) for n in shown.counts["evaluable"].mean(axis=0))
    powers: dict[str, float] = {}
    if min(n0, n1) >= 1.0:
        powers = powers_for_proportions(p0, p1, n0, n1, alpha=section.alpha)
        whole = round(n1), round(n0)
        if max(whole) <= EXACT_POWER_UP_TO:
            for test in plan.analyses:
                power = exact_power(p1, p0, *whole, test=test, alpha=section.alpha)
                powers[f"exact, {test}"] = power
    rows = sizes_for_proportions(p0, p1, **options)  # type: ignore[arg-type]
    lost = float(plan.design.not_evaluable)
    return [for_lost(row, lost) for row in rows] if lost > 0.0 else rows, powers


def _hazard_ratio(plan: TrialPlan, shown: Shown) -> float:
    """Ratio of the stated hazards, or the typical one of the simulated trials."""
    arms = plan.arms
    if isinstance(arms, tuple):
        (k0, a0), (k1, a1) = arms[0].failure, arms[1].failure
        if k0 == k1 and a0 > 0.0:
            return a1 / a0
    outcome = shown.outcomes.get("cox") or shown.outcomes.get("logrank")
    if outcome is None:
        return 1.0
    return geometric_mean_ratio(outcome.effect, outcome.estimable)


def _probabilities_without_death(plan: TrialPlan) -> tuple[float, float] | None:
    """Probability of an event if nobody died: what a planning script reckons with."""
    design = plan.design
    simple = design.event_target is None and design.accrual.kind == "uniform"
    if not isinstance(plan.arms, tuple) or not simple or len(design.lesions) > 1:
        return None
    laws = [arm.failure for arm in plan.arms]
    if any(shape != 1.0 for shape, _ in laws) or design.cut <= 0.0:
        return None
    control, experimental = (
        event_probability(
            rate,
            drop_out=float(design.drop_out_hazard),
            accrual=design.accrual.end,
            cut=design.cut,
        )
        for _, rate in laws
    )
    return control, experimental
