"""Minimization: the next patient goes where the arms become most alike in some factors."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from radsim.vocabulary.field_types import check_fields
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real

MOST_COMBINATIONS = 256  # of levels, which are the strata of stratified tests


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A factor of minimization.

    Attributes
    ----------
    shares
        Of patients at each level; where the arms come from the experiment the factor is a variable
        of the cohort, whose labels are the levels.
    hazard_ratios
        Of the event at each level against the stated hazard; 1 unless given.
    """

    shares: tuple[Real, ...] = ()
    hazard_ratios: tuple[Real, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)
        require(
            len(self.shares) != 1 and all(share > 0.0 for share in self.shares),
            f"shares must be those of two levels or more, each above 0, got {list(self.shares)}",
        )
        require(
            len(self.hazard_ratios) in (0, len(self.shares))
            and all(ratio > 0.0 for ratio in self.hazard_ratios),
            f"hazard_ratios must be above 0, one for each of {len(self.shares)} levels, "
            f"got {list(self.hazard_ratios)}",
        )

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """Share of the patients and hazard ratio at each level."""
        total = sum(self.shares)
        ratios = self.hazard_ratios or (1.0,) * len(self.shares)
        return tuple(
            (float(share / total), float(ratio))
            for share, ratio in zip(self.shares, ratios, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Minimization:
    """Pocock and Simon's minimization, all factors counting alike.

    For each arm the ranges of the numbers of patients at the new patient's levels, were it put
    there, are added up; the arm with the smallest sum is taken with a probability, each of
    the others with its part of the rest.

    Attributes
    ----------
    factors
        By name.
    probability
        Of the arm that leaves the arms most alike; 1 for no chance but between equals.

    References
    ----------
    Pocock and Simon (1975), Biometrics 31, 103-115.
    """

    factors: dict[str, Factor]
    probability: Real = 0.8

    def __post_init__(self) -> None:
        check_fields(self)
        require(
            len(self.factors) > 0,
            "factors must name what the arms are to be alike in, got none; without factors give "
            "blocks",
        )
        require(
            0.0 < self.probability <= 1.0,
            f"probability must be above 0 and at most 1, got {self.probability}",
        )
        number = len(self.mixture)
        require(
            number <= MOST_COMBINATIONS,
            f"factors have {number} combinations of levels, more than the {MOST_COMBINATIONS} "
            "that stratified tests can tell apart",
        )

    @property
    def without_hazards(self) -> "Minimization":
        """The same where the hazard of the event is that of all at every level."""
        factors = {name: Factor(shares=factor.shares) for name, factor in self.factors.items()}
        return replace(self, factors=factors)

    @property
    def mixture(self) -> tuple[tuple[float, float], ...]:
        """Share and hazard ratio of each combination of levels, the last factor running first."""
        each = (factor.levels for factor in self.factors.values() if factor.shares)
        return tuple(
            (
                float(np.prod([share for share, _ in levels])),
                float(np.prod([ratio for _, ratio in levels])),
            )
            for levels in product(*each)
        )
