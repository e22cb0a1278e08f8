"""Laws of cell kill by name: how a course's doses make its BED; the union is the list of them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from radsim.radiobiology import lq
from radsim.radiobiology.high_dose import linear_tail_bed, linear_tail_dose
from radsim.radiobiology.repair import biexponential, equal_course_factors
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, require_positive


def weekday_course_days(fractions: lq.Quantity) -> lq.Quantity:
    """Days of a course with five fractions a week, 7 floor(n / 5) + n mod 5.

    This is CERR's convention: four fractions take 4 days, five take 7, because the weekend that
    follows a full week counts, and 30 take 42. Counted from first to last fraction, as the
    Zaider-Minerbo model does, the 30th comes on day 39; give ``overall_time`` to have it so.

    Examples
    --------
    >>> int(weekday_course_days(30)), int(weekday_course_days(3))
    (42, 3)

    References
    ----------
    Deasy, Blanco and Clark (2003), Med. Phys. 30, 979-985 (CERR).
    """
    fractions = np.asarray(fractions)
    return 7 * (fractions // 5) + fractions % 5


def _number(
    dose: lq.Quantity, dose_squared: lq.Quantity, fractions: lq.Quantity | None
) -> np.ndarray:
    """How many fractions there are: as many as equal ones with these sums unless given."""
    if fractions is None:
        return lq.equal_fractions_behind(dose=dose, dose_squared=dose_squared)
    return np.asarray(fractions)


class _Law:
    """What every law answers; that of LQ, with full repair and without delay, unless it differs."""

    changes_high_doses: ClassVar[bool] = False  # so a fit under LQ no longer holds

    def bed(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        alpha_beta: lq.Quantity,
        fractions: lq.Quantity | None = None,
    ) -> lq.Quantity:
        """BED of a course given by its sums [Gy]."""
        return lq.bed(dose=dose, dose_squared=dose_squared, alpha_beta=alpha_beta)

    def equivalent_dose(
        self, bed: lq.Quantity, fractions: lq.Quantity, alpha_beta: lq.Quantity
    ) -> lq.Quantity:
        """Total dose in equal fractions with this BED [Gy]."""
        return lq.equivalent_dose(bed, fractions, alpha_beta)

    def eqd2(self, bed: lq.Quantity, alpha_beta: lq.Quantity) -> lq.Quantity:
        """Total dose in 2 Gy fractions with this BED [Gy]."""
        return lq.equivalent_dose_of_size(bed, 2.0, alpha_beta)


@dataclass(frozen=True, kw_only=True)
class LQ(_Law):
    r"""Linear-quadratic, :math:`BED = \sum_i d_i (1 + d_i/(\alpha/\beta))`.

    Examples
    --------
    >>> float(LQ().bed(24.0, 576.0, alpha_beta=6.0))
    120.0
    """

    equation: ClassVar[str] = "BED = sum_i d_i (1 + d_i / ab)"

    kind: Literal["lq"] = "lq"


@dataclass(frozen=True, kw_only=True)
class LQTime(_Law):
    r"""LQ less what repopulation takes back; BED is never below 0.

    .. math:: BED = BED_{LQ} - \frac{\ln 2}{\alpha T_p} \max(T - T_k, 0)

    Attributes
    ----------
    alpha
        Linear radiosensitivity [1/Gy].
    doubling_time, kick_off
        Potential doubling time, and the day on which repopulation begins [days].
    overall_time
        Of the course [days]; five fractions a week unless given, see `weekday_course_days`.

    Examples
    --------
    >>> law = LQTime(alpha=0.35, doubling_time=3.0, kick_off=28.0)
    >>> round(float(law.bed(60.0, 120.0, alpha_beta=10.0)), 8)
    62.75803759

    References
    ----------
    Fowler (1989), Br. J. Radiol. 62, 679-694.
    """

    equation: ClassVar[str] = "BED = sum_i d_i (1 + d_i / ab) - ln 2 max(T - Tk, 0) / (alpha Tp)"

    kind: Literal["lq_time"] = "lq_time"
    alpha: Real
    doubling_time: Real
    kick_off: Real
    overall_time: Real | None = None

    def __post_init__(self) -> None:
        require_positive(self, "alpha", "doubling_time", "overall_time")
        require(self.kick_off >= 0, f"kick_off must not be negative, got {self.kick_off}")

    def bed(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        alpha_beta: lq.Quantity,
        fractions: lq.Quantity | None = None,
    ) -> lq.Quantity:
        days = self.overall_time
        if days is None:
            days = weekday_course_days(_number(dose, dose_squared, fractions))
        late = np.maximum(days - self.kick_off, 0.0)
        loss = np.log(2.0) * late / (self.alpha * self.doubling_time)
        return np.maximum(
            lq.bed(dose=dose, dose_squared=dose_squared, alpha_beta=alpha_beta) - loss, 0.0
        )


@dataclass(frozen=True, kw_only=True)
class IncompleteRepair(_Law):
    r"""LQ whose quadratic part falls by repair within and grows by its lack between fractions.

    .. math:: BED = \sum_i d_i + \frac{1}{\alpha/\beta}
              \Bigl(\phi \sum_i d_i^2 + 2 \psi^2 \bar d^2 \sum_k (n-k) e^{-\mu(k I - T)}\Bigr)

    with one half-time, or the weighted mean of a fast and a slow one.

    Attributes
    ----------
    half_time
        Half-time of repair, of the fast component where there are two [min].
    slow_half_time, slow_over_fast
        Of a slow component [min], and its weight over that of the fast one.
    beam_time
        Duration of one fraction at a constant rate [min].
    interval
        From the start of one fraction to that of the next [min].

    Examples
    --------
    >>> law = IncompleteRepair(
    ...     half_time=11.4, slow_half_time=129.6, slow_over_fast=0.98, beam_time=30.0
    ... )
    >>> round(float(law.bed(24.0, 576.0, alpha_beta=2.47)), 6)
    203.252948

    References
    ----------
    Thames (1985), Int. J. Radiat. Biol. 47, 319-339; Millar and Canney (1993), Int. J. Radiat.
    Biol. 64, 293-303.
    """

    equation: ClassVar[str] = (
        "BED = sum_i d_i + (phi sum_i d_i^2 + 2 psi^2 mean(d)^2 sum_k (n - k) e^(-mu (k I "
        "- T))) / ab"
    )

    kind: Literal["incomplete_repair"] = "incomplete_repair"
    half_time: Real
    slow_half_time: Real | None = None
    slow_over_fast: Real = 0.0
    beam_time: Real = 0.0
    interval: Real = 1440.0

    def __post_init__(self) -> None:
        require_positive(self, "half_time", "slow_half_time", "interval")
        require(
            (self.slow_half_time is None) == (self.slow_over_fast == 0.0)
            and self.slow_over_fast >= 0,
            "slow_half_time and a slow_over_fast above 0 go together, "
            f"got {self.slow_half_time} and {self.slow_over_fast}",
        )
        require(
            0 <= self.beam_time <= self.interval,
            f"beam_time must lie between 0 and the interval of {self.interval}, "
            f"got {self.beam_time}",
        )

    def bed(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        alpha_beta: lq.Quantity,
        fractions: lq.Quantity | None = None,
    ) -> lq.Quantity:
        number = _number(dose, dose_squared, fractions)
        counted = self._squared(self.half_time, dose, dose_squared, number)
        if self.slow_half_time is not None:
            slow = self._squared(self.slow_half_time, dose, dose_squared, number)
            counted = biexponential(counted, slow, self.slow_over_fast)
        return lq.bed(dose=dose, dose_squared=counted, alpha_beta=alpha_beta)

    def _squared(
        self, half_time: float, dose: lq.Quantity, dose_squared: lq.Quantity, number: np.ndarray
    ) -> lq.Quantity:
        rate = float(np.log(2.0) / half_time)
        within, between = np.empty(number.shape), np.empty(number.shape)
        for n in np.unique(number):
            here = number == n
            within[here], between[here] = equal_course_factors(
                rate, self.beam_time, self.interval, round(float(n))
            )
        mean = dose / number
        return within * dose_squared + between * mean * mean


class _LinearTail(_Law):
    """A law that is straight above a transition; see `radsim.radiobiology.high_dose`."""

    changes_high_doses: ClassVar[bool] = True

    def _tail(self, alpha_beta: lq.Quantity) -> tuple[lq.Quantity, lq.Quantity | None]:
        """Fraction dose at which the line begins [Gy], and its slope, None for the tangent."""
        raise NotImplementedError

    def bed(
        self,
        dose: lq.Quantity,
        dose_squared: lq.Quantity,
        alpha_beta: lq.Quantity,
        fractions: lq.Quantity | None = None,
    ) -> lq.Quantity:
        return linear_tail_bed(dose, dose_squared, alpha_beta, *self._tail(alpha_beta), fractions)

    def equivalent_dose(
        self, bed: lq.Quantity, fractions: lq.Quantity, alpha_beta: lq.Quantity
    ) -> lq.Quantity:
        return linear_tail_dose(bed, fractions, alpha_beta, *self._tail(alpha_beta))

    def eqd2(self, bed: lq.Quantity, alpha_beta: lq.Quantity) -> lq.Quantity:
        return 2.0 * bed / self.bed(2.0, 4.0, alpha_beta)


@dataclass(frozen=True, kw_only=True)
class LQL(_LinearTail):
    r"""LQ up to a transition dose and a straight line above; see `radsim.radiobiology.high_dose`.

    Attributes
    ----------
    transition
        Fraction dose at which the line begins, :math:`d_T` [Gy].
    slope
        BED for each Gy above it; the tangent :math:`1 + 2d_T/(\alpha/\beta)` unless given.

    Examples
    --------
    >>> float(LQL(transition=6.0).bed(24.0, 576.0, alpha_beta=6.0))
    66.0
    """

    equation: ClassVar[str] = (
        "BED = sum_i d_i (1 + d_i / ab) up to dT a fraction, then dT (1 + dT / ab) + "
        "slope (d_i - dT); slope 1 + 2 dT / ab unless given"
    )

    kind: Literal["lq_l"] = "lq_l"
    preset: str = ""
    transition: Real
    slope: Real | None = None

    def __post_init__(self) -> None:
        require_positive(self, "transition", "slope")

    def _tail(self, alpha_beta: lq.Quantity) -> tuple[lq.Quantity, lq.Quantity | None]:
        return self.transition, self.slope


@dataclass(frozen=True, kw_only=True)
class UniversalSurvivalCurve(_LinearTail):
    r"""LQ shoulder with the straight tail of the multi-target curve.

    The shoulder has the alpha/beta of the model that uses it; alpha and :math:`D_0` then fix the
    rest, :math:`d_T = \frac{\alpha/\beta}{2} (1/(\alpha D_0) - 1)` and
    :math:`D_q = \beta d_T^2 D_0`.

    Attributes
    ----------
    alpha
        Initial slope [1/Gy].
    d0
        Inverse of the final slope [Gy].

    Examples
    --------
    >>> law = UniversalSurvivalCurve(alpha=0.33, d0=1.25)
    >>> round(float(law.bed(20.0, 400.0, alpha_beta=8.604)), 1)
    44.1

    References
    ----------
    Park et al. (2008), Int. J. Radiat. Oncol. Biol. Phys. 70, 847-852.
    """

    equation: ClassVar[str] = "as lq_l with dT = (ab / 2) (1 / (alpha D0) - 1) and its tangent"

    kind: Literal["usc"] = "usc"
    preset: str = ""
    alpha: Real
    d0: Real

    def __post_init__(self) -> None:
        require_positive(self, "alpha", "d0")
        product = self.alpha * self.d0
        require(product < 1, f"alpha d0 must be below 1 for a shoulder, got {product:.4g}")

    def _tail(self, alpha_beta: lq.Quantity) -> tuple[lq.Quantity, lq.Quantity | None]:
        return 0.5 * alpha_beta * (1.0 / (self.alpha * self.d0) - 1.0), None


LAWS_BY_NAME = ("lq",)  # kinds that need no parameters, so that their name is enough

CellKill = Annotated[
    LQ | LQTime | IncompleteRepair | LQL | UniversalSurvivalCurve, Field(discriminator="kind")
]
