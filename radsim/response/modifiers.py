"""Hazard ratios of patient groups, scaled so that the mix a curve was fitted on stays at 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from radsim.patients.patients import Patients
from radsim.randomness.distributions.continuous import LogNormal
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real

Z95 = 1.959963984540054  # standard normal quantile of a two-sided 95 % interval


@dataclass(frozen=True, kw_only=True)
class HazardModifier:
    r"""Hazard of groups of patients against the others, with mean 1 over a reference mix.

    .. math:: m = \frac{HR_g}{1 + \sum_g s_g (HR_g - 1)}

    with :math:`s_g` the share of group g in the mix that the curve is an average over, and 1
    instead of :math:`HR_g` for those in no group. Without the denominator the ratios would
    count twice, because a published curve already is an average over its patients.

    Attributes
    ----------
    preset
        Name of the modifier.
    where
        For each group the labels that a patient must have, by cohort variable. Groups exclude
        each other.
    hazard_ratio, interval
        For each group, with its 95 % interval where one is published. A ratio that is varied
        may lie outside of it.
    reference_share
        For each group, its share of the reference mix.
    excludes
        Modifiers that describe the same patients and must not be combined with this one.

    Examples
    --------
    >>> mass = HazardModifier(
    ...     where={"mass": {"paraspinal": ("1",)}},
    ...     hazard_ratio={"mass": 2.0},
    ...     reference_share={"mass": 0.5},
    ... )
    >>> mass.reference_mean
    1.5
    """

    preset: str = ""
    where: dict[str, dict[str, tuple[str, ...]]]
    hazard_ratio: dict[str, Real]
    reference_share: dict[str, Real]
    interval: dict[str, tuple[Real, Real]] | None = None
    excludes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("hazard_ratio", "reference_share"):
            groups = set(getattr(self, name))
            require(
                groups == set(self.where),
                f"{name} must name the groups of where, {sorted(self.where)}, got {sorted(groups)}",
            )
        for group, ratio in self.hazard_ratio.items():
            require(ratio > 0, f"hazard_ratio.{group} must be above 0, got {ratio}")
            share = self.reference_share[group]
            require(0 <= share <= 1, f"reference_share.{group} must be in [0, 1], got {share}")
            require(bool(self.where[group]), f"where.{group} must name a cohort variable")
        total = sum(self.reference_share.values())
        require(total <= 1, f"reference_share must not add up to more than 1, got {total}")
        for group, (lower, upper) in (self.interval or {}).items():
            require(group in self.where, f"interval.{group}: no such group")
            require(
                0 < lower < upper,
                f"interval.{group} must be above 0 and rise, got {lower} to {upper}",
            )

    @property
    def variables(self) -> frozenset[str]:
        """Cohort variables that are read."""
        return frozenset(name for group in self.where.values() for name in group)

    @property
    def reference_mean(self) -> float:
        """Mean hazard ratio over the reference mix."""
        return 1.0 + sum(
            share * (self.hazard_ratio[group] - 1.0)
            for group, share in self.reference_share.items()
        )

    def factor(self, patients: Patients) -> np.ndarray:
        """Return what the hazard of each patient is multiplied by, shape (patient,)."""
        ratio = np.ones(len(patients))
        for group, wanted in self.where.items():
            member = np.ones(len(ratio), dtype=bool)
            for variable, labels in wanted.items():
                member &= reduce(np.logical_or, (patients.has(variable, label) for label in labels))
            ratio = np.where(member, self.hazard_ratio[group], ratio)
        return ratio / self.reference_mean


def published_ratio(ratio: float, interval: Sequence[float]) -> LogNormal:
    """Distribution of a hazard ratio: lognormal, with its 95 % interval as wide as published.

    Raises
    ------
    ValueError
        If the interval does not hold the ratio.

    Examples
    --------
    >>> drawn = published_ratio(2.0, (1.0, 4.0)).ppf(np.array([0.025, 0.5, 0.975]))
    >>> [round(float(value), 6) for value in drawn]
    [1.0, 2.0, 4.0]
    """
    lower, upper = interval
    require(lower <= ratio <= upper, f"the interval {lower:g} to {upper:g} must hold {ratio:g}")
    return LogNormal(median=ratio, sigma=float(np.log(upper / lower) / (2.0 * Z95)))
