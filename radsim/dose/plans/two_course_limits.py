"""Limits on the dose of two courses together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from radsim.radiobiology.lq import bed, equivalent_dose, equivalent_dose_of_size
from radsim.radiobiology.recovery import RecoveryRule
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, require_positive
from radsim.vocabulary.structures import HotSpot, structure_named


@dataclass(frozen=True, kw_only=True)
class CumulativeLimit:
    r"""What two courses together may give to an organ's hottest 0.03 cm3.

    .. math:: E_\text{new} + (1 - r) E_\text{prior} \le \text{at\_most}

    with E the BED or EQD2 at this rule's own alpha/beta and r the share recovered. Doses are
    never added as Gy.

    Attributes
    ----------
    name
        The rule this belongs to; all its parts must hold. The output has a flag for each rule.
    level
        Patients it applies to: those with a cord at the treated level, those without, or all.
    effect, alpha_beta
        What is added up, and its alpha/beta [Gy].
    at_most, new_at_most
        Highest total, and highest effect of the new course alone [Gy].
    new_share_at_most
        Highest share of the new course in the total.
    interval_at_least
        Shortest time between the courses [months].
    recovery
        The rule's own recovery; without one, the arm's.
    role
        ``limit``: plans keep to it. ``flag``: it is reported and nothing else.
    """

    kind: Literal["cumulative"] = "cumulative"
    name: str
    structure: str
    level: Literal["cord", "below_cord", "any"] = "any"
    effect: Literal["bed", "eqd2"]
    alpha_beta: Real
    at_most: Real | None = None
    new_at_most: Real | None = None
    new_share_at_most: Real | None = None
    interval_at_least: Real | None = None
    recovery: RecoveryRule | None = None
    role: Literal["limit", "flag"] = "limit"

    def __post_init__(self) -> None:
        require_positive(self, "alpha_beta")
        bounds = ("at_most", "new_at_most", "new_share_at_most", "interval_at_least")
        given = any(getattr(self, name) is not None for name in bounds)
        require(given, f"{self.name}: give at least one bound, such as at_most")
        require_positive(self, *bounds)
        if self.new_share_at_most is not None:
            require(
                self.new_share_at_most < 1,
                f"new_share_at_most must be below 1, got {self.new_share_at_most}",
            )

    @property
    def only_reported(self) -> bool:
        """Say whether it does not lower a dose."""
        return self.role == "flag"

    @property
    def spot(self) -> HotSpot:
        """Hot spot that it is on."""
        return HotSpot(self.structure)

    def applies(self, has_cord: np.ndarray) -> np.ndarray:
        """Say for each patient whether the rule has a say, shape (patient,)."""
        if self.level == "any":
            applies = np.ones(has_cord.shape, dtype=bool)
        else:
            applies = has_cord if self.level == "cord" else ~has_cord
        return applies & (has_cord | (not structure_named(self.structure).exists))

    def highest_dose(self, fractions: int, left: np.ndarray) -> np.ndarray:
        """Physical dose that the new course may give in its fractions [Gy], 0 without any room.

        ``left`` is the effect of earlier courses that has not recovered, see `effect_of` [Gy].

        Examples
        --------
        >>> rule = CumulativeLimit(
        ...     name="bed3", structure="spinal_cord", effect="bed", alpha_beta=3.0, at_most=75.0
        ... )
        >>> left = np.array([1.0, 0.75, 0.5]) * rule.effect_of(30.0, 10)
        >>> rule.highest_dose(5, left).round(2).tolist()
        [9.27, 15.0, 19.54]
        """
        room = np.full(np.shape(left), np.inf)
        if self.at_most is not None:
            room = np.minimum(room, self.at_most - left)
        if self.new_at_most is not None:
            room = np.minimum(room, self.new_at_most)
        if self.new_share_at_most is not None:
            share = self.new_share_at_most
            room = np.minimum(room, left * share / (1.0 - share))
        room = np.maximum(room, 0.0)
        if self.effect == "eqd2":
            room = room * (1.0 + 2.0 / self.alpha_beta)
        dose = equivalent_dose(np.minimum(room, 1e6), fractions, self.alpha_beta)
        return np.where(np.isinf(room), np.inf, dose)

    def effect_of(self, dose: np.ndarray | float, fractions: int) -> np.ndarray:
        """BED or EQD2 of a course in equal fractions [Gy]."""
        effect = bed(dose=dose, fractions=fractions, alpha_beta=self.alpha_beta)
        if self.effect == "eqd2":
            effect = equivalent_dose_of_size(effect, 2.0, self.alpha_beta)
        return np.asarray(effect, dtype=float)

    def is_met(
        self, dose: np.ndarray, fractions: int, left: np.ndarray, interval: np.ndarray
    ) -> np.ndarray:
        """Say for each patient whether the planned organ dose [Gy] keeps the rule."""
        met = dose <= self.highest_dose(fractions, left) * (1.0 + 1e-6)
        if self.interval_at_least is not None:
            met = met & (interval >= self.interval_at_least)
        return met
