"""What the formulas say of a plan, beside what simulation finds."""

from dataclasses import dataclass

import numpy as np

from radsim.trial.event_formulas import events_needed
from radsim.trial.exact_tests import BINARY_TESTS
from radsim.trial.proportion_formulas import (
    FORMULAS,
    power_of_proportions,
    size_for_proportions,
    smallest_exact_size,
)

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
