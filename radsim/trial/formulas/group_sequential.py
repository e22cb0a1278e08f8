"""Interim looks: boundaries that keep the type-I error over up to five looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import special
from scipy.optimize import brentq

from radsim.vocabulary.arguments import member, number, number_array, open_probability
from radsim.vocabulary.mistakes import require

MOST_LOOKS = 5
QUADRATURE = np.polynomial.legendre.leggauss(96)  # of each look's continuation region
SMALLEST_SHARE = 1e-15  # error that is not worth a limit
ROOT_2PI = float(np.sqrt(2.0 * np.pi))
REACH = 9.0  # standard deviations beyond which nothing is lost
NEVER = 20.0  # a boundary that is never crossed
LARGEST_DRIFT = 30.0  # any power is reached with less


def spent_obrien_fleming(information: float, error: float) -> float:
    """Error spent by Lan and DeMets' O'Brien-Fleming type function, one-sided."""
    if information <= 0.0:
        return 0.0
    return float(2.0 * special.ndtr(special.ndtri(error / 2.0) / np.sqrt(min(information, 1.0))))


def spent_pocock(information: float, error: float) -> float:
    """Error spent by Lan and DeMets' Pocock type function, one-sided."""
    return float(error * np.log1p(np.expm1(1.0) * min(max(information, 0.0), 1.0)))


def spent_at_the_end(information: float, error: float) -> float:
    """All error at the last look: trials that stop for futility alone."""
    return error if information >= 1.0 else 0.0


SPENDING: dict[str, Callable[[float, float], float]] = {
    "obrien-fleming": spent_obrien_fleming,
    "pocock": spent_pocock,
}
FUTILITY_ONLY = "futility-only"
EFFICACY = {**SPENDING, FUTILITY_ONLY: spent_at_the_end}
CLASSICAL = ("classical-obrien-fleming", "classical-pocock")
BOUNDARIES = (*EFFICACY, *CLASSICAL)
DESIGN_POWER, TREND_POWER, PREDICTIVE = (
    "conditional-power", "conditional-power-of-trend", "predictive-power",
)  # fmt: skip
FORESEEN = (DESIGN_POWER, TREND_POWER, PREDICTIVE)  # futility by what the end may bring
FUTILITY = (*SPENDING, *FORESEEN)


@dataclass(frozen=True)
class Rule:
    """How limits are made, whatever the looks are; see `boundaries`."""

    kind: str
    alpha: float
    futility: str | None
    power: float
    below: float | None


@dataclass(frozen=True)
class Boundaries:
    """Limits of z at each look, above 0 in favor of the experimental arm.

    Attributes
    ----------
    information
        Share of the final information at each look.
    efficacy
        Stop for efficacy at or above.
    futility
        Stop for futility below; -20 where there is none.
    alpha_spent
        One-sided error spent up to each look.
    rule
        What they were made with: the arguments of `boundaries`.
    """

    information: tuple[float, ...]
    efficacy: tuple[float, ...]
    futility: tuple[float, ...]
    alpha_spent: tuple[float, ...]
    rule: Rule

    @property
    def spends(self) -> bool:
        """Whether the limits come from a spending function, which any information will do for."""
        return self.rule.kind in EFFICACY

    def at(self, information: Sequence[float]) -> "Boundaries":
        """Spend the same error on looks at other shares of the information.

        Examples
        --------
        >>> [round(z, 4) for z in boundaries([0.5, 1.0]).at([0.9, 1.0]).efficacy]
        [2.0937, 2.053]
        """
        return boundaries(information, **vars(self.rule))

    @property
    def drift(self) -> float:
        """Mean of the final z that the futility limits are for: that of a trial without looks."""
        return float(special.ndtri(1.0 - self.rule.alpha) + special.ndtri(self.rule.power))

    def power(self, drift: float) -> float:
        """Probability to stop for efficacy, the final z having the mean ``drift``.

        Examples
        --------
        >>> round(boundaries([0.5, 1.0]).power(0.0), 6)  # the one-sided error
        0.025
        """
        drift = number("drift", drift)
        return sum(crossing(self.information, self.efficacy, self.futility, drift)[0])

    def inflation(self, power: float, alpha: float) -> float:
        """Maximum information over that of a trial without looks, for the same power.

        Raises
        ------
        ValueError
            If power or alpha is not between 0 and 1, or the power is no more than the errors of
            both trials, which no drift is needed for.

        Examples
        --------
        >>> round(boundaries([0.5, 1.0], kind="classical-pocock").inflation(0.9, 0.025), 3)
        1.1
        """
        open_probability("power", power)
        error = max(self.power(0.0), open_probability("alpha", alpha))
        require(power > error, f"power must be above the error, {error:g}, got {power}")
        fixed = special.ndtri(1.0 - alpha) + special.ndtri(power)
        drift = brentq(lambda d: self.power(d) - power, 0.0, LARGEST_DRIFT, xtol=1e-13)
        return float((drift / fixed) ** 2)


def boundaries(
    information: Sequence[float],
    *,
    kind: str = "obrien-fleming",
    alpha: float = 0.025,
    futility: str | None = None,
    power: float = 0.8,
    below: float | None = None,
) -> Boundaries:
    r"""Boundaries for looks at these shares of the information.

    Parameters
    ----------
    information
        Growing shares, the last one 1; up to five.
    kind
        ``obrien-fleming`` or ``pocock``: Lan and DeMets' spending functions,
        :math:`2 - 2\Phi(z_{1-\alpha/2}/\sqrt t)` and :math:`\alpha \ln(1 + (e - 1)t)`;
        ``futility-only``: no efficacy limit but the last, that of a trial without looks;
        ``classical-obrien-fleming`` or ``classical-pocock``: the original ones, equally spaced.
    alpha
        One-sided error.
    futility
        Not binding: the efficacy limits hold whether or not a trial stops for futility. Either a
        spending function by which the type-II error is spent, the limits being those of a trial
        whose drift has the wanted power; or ``conditional-power``, ``conditional-power-of-trend``
        or ``predictive-power``: a trial stops where that falls ``below`` a probability, see
        `conditional_power` and `predictive_power`.
    power
        For the futility limits.
    below
        A probability, for the last three.

    Raises
    ------
    ValueError
        If the looks are not growing shares that end at 1, or more than five; if a classical
        boundary is asked for looks that are not equally spaced; if alpha is not between 0 and
        0.5, the power not between 0 and 1 or, with futility, not above alpha; if the kind or the
        futility is unknown, ``below`` is missing or has no effect, or nothing would stop a trial.

    References
    ----------
    Lan and DeMets (1983), Biometrika 70, 659-663; O'Brien and Fleming (1979), Biometrics 35,
    549-556; Pocock (1977), Biometrika 64, 191-199; Armitage, McPherson and Rowe (1969), JRSS A
    132, 235-244, for the recursion.

    Examples
    --------
    >>> [round(z, 4) for z in boundaries([0.5, 1.0]).efficacy]
    [2.9626, 1.9686]
    """
    looks = tuple(float(t) for t in np.atleast_1d(number_array("information", information)).flat)
    _check(looks, kind, alpha, power)
    _check_futility(kind, futility, below)
    if kind in CLASSICAL:
        shape = np.sqrt(1.0 / np.array(looks)) if "fleming" in kind else np.ones(len(looks))
        limits = _classical(looks, shape, alpha)
        spent = np.cumsum(crossing(looks, limits, (-NEVER,) * len(looks), 0.0)[0])
    else:
        spent = np.array([EFFICACY[kind](t, alpha) for t in looks])
        limits = _spend(looks, spent)
    lower = (-NEVER,) * len(looks)
    rule = Rule(kind, alpha, futility, power, below)
    if futility is not None:
        require(power > alpha, f"with futility power must be above alpha, {alpha}, got {power}")
        if futility in SPENDING:
            lower = _futility(looks, limits, SPENDING[futility], 1.0 - power)
        else:
            lower = _foreseen(looks, limits, rule)
    return Boundaries(looks, limits, lower, tuple(float(s) for s in spent), rule)


def conditional_power(
    z: float, information: float, *, final: float, drift: float | None = None
) -> float:
    r"""Probability that the final z reaches its limit, given the z so far.

    .. math:: \Phi\Bigl(\frac{z\sqrt t + \theta (1 - t) - c}{\sqrt{1 - t}}\Bigr)

    Other looks in between are left out.

    Parameters
    ----------
    z, information
        At a look, and the share t of the final information that it has.
    final
        Limit of the final z, c.
    drift
        Mean of the final z, :math:`\theta`; that of the trend so far, :math:`z/\sqrt t`, if it is
        not given.

    Raises
    ------
    ValueError
        If the information is not between 0 and 1, or a number is not finite.

    References
    ----------
    Lan, Simon and Halperin (1982), Seq Anal 1, 207-219.

    Examples
    --------
    >>> round(conditional_power(0.3, 0.5, final=1.96, drift=2.8), 4)
    0.3114
    """
    z, t = number("z", z), open_probability("information", information)
    drift = z / np.sqrt(t) if drift is None else number("drift", drift)
    return float(
        special.ndtr(
            (z * np.sqrt(t) + drift * (1.0 - t) - number("final", final)) / np.sqrt(1.0 - t)
        )
    )


def predictive_power(z: float, information: float, *, final: float) -> float:
    r"""Conditional power over what the z so far says of the drift, nothing being known before.

    .. math:: \Phi\Bigl(\frac{z - c\sqrt t}{\sqrt{1 - t}}\Bigr)

    Parameters
    ----------
    z, information, final
        As of `conditional_power`.

    Raises
    ------
    ValueError
        If the information is not between 0 and 1, or a number is not finite.

    References
    ----------
    Spiegelhalter, Freedman and Blackburn (1986), Control Clin Trials 7, 8-17.

    Examples
    --------
    >>> round(predictive_power(0.3, 0.5, final=1.96), 4)
    0.0623
    """
    t = open_probability("information", information)
    gap = number("z", z) - number("final", final) * np.sqrt(t)
    return float(special.ndtr(gap / np.sqrt(1.0 - t)))


def crossing(
    information: Sequence[float],
    upper: Sequence[float],
    lower: Sequence[float],
    drift: float,
) -> tuple[list[float], list[float]]:
    """Probability to first cross the upper, and the lower, boundary at each look.

    The density of the score that has not crossed is carried from look to look by quadrature.
    """
    above, below = [], []
    score = _Score(drift)
    for t, upper_z, lower_z in zip(information, upper, lower, strict=True):
        above.append(score.above(upper_z, t))
        below.append(score.below(lower_z, t))
        score = score.carried_on(lower_z, upper_z, t)
    return above, below


@dataclass(frozen=True)
class _Score:
    """Where the score of a trial that goes on may stand: points and their probabilities."""

    drift: float
    time: float = 0.0
    points: np.ndarray = field(default_factory=lambda: np.zeros(1))
    weights: np.ndarray = field(default_factory=lambda: np.ones(1))

    def above(self, z: float, time: float) -> float:
        """Probability to be above a limit at the next look."""
        return float((self.weights * special.ndtr(-self._gap(z, time))).sum())

    def below(self, z: float, time: float) -> float:
        """Probability to be below a limit at the next look."""
        return float((self.weights * special.ndtr(self._gap(z, time))).sum())

    def carried_on(self, lower: float, upper: float, time: float) -> "_Score":
        """Density between the limits of the next look, at the nodes of a quadrature."""
        root = np.sqrt(time)
        middle = self.drift * time
        low = max(lower * root, middle - REACH * root)
        high = min(upper * root, middle + REACH * root)
        points = low + 0.5 * max(high - low, 0.0) * (QUADRATURE[0] + 1.0)
        step = np.sqrt(time - self.time)
        gaps = (points[:, np.newaxis] - self.points - self.drift * (time - self.time)) / step
        density = (np.exp(-0.5 * gaps**2) * self.weights).sum(axis=1) / (ROOT_2PI * step)
        weights = 0.5 * max(high - low, 0.0) * QUADRATURE[1] * density
        return _Score(self.drift, time, points, weights)

    def _gap(self, z: float, time: float) -> np.ndarray:
        moved = self.points + self.drift * (time - self.time)
        return (z * np.sqrt(time) - moved) / np.sqrt(time - self.time)


def _spend(looks: tuple[float, ...], spent: np.ndarray) -> tuple[float, ...]:
    """Limits that use up the error allotted to each look."""
    limits: list[float] = []
    score = _Score(0.0)
    for t, target in zip(looks, np.diff(spent, prepend=0.0), strict=True):
        limits.append(_limit(score.above, t, target) if target > SMALLEST_SHARE else NEVER)
        score = score.carried_on(-NEVER, limits[-1], t)
    return tuple(limits)


def _limit(probability: Callable[[float, float], float], time: float, target: float) -> float:
    """Find the limit beyond which a probability lies; the last one if all of it is too little."""
    ends = {z: probability(z, time) for z in (-NEVER, NEVER)}
    largest = NEVER if ends[NEVER] >= ends[-NEVER] else -NEVER
    if ends[largest] <= target:
        return largest
    return float(brentq(lambda z: probability(z, time) - target, -NEVER, NEVER, xtol=1e-13))


def _classical(looks: tuple[float, ...], shape: np.ndarray, alpha: float) -> tuple[float, ...]:
    none = (-NEVER,) * len(looks)

    def gap(constant: float) -> float:
        return sum(crossing(looks, tuple(constant * shape), none, 0.0)[0]) - alpha

    return tuple(float(z) for z in brentq(gap, 0.1, 10.0, xtol=1e-14) * shape)


def _futility(
    looks: tuple[float, ...],
    upper: tuple[float, ...],
    spending: Callable[[float, float], float],
    beta: float,
) -> tuple[float, ...]:
    """Limits that spend the type-II error and meet the efficacy limit at the last look."""
    shares = np.diff([spending(t, beta) for t in looks], prepend=0.0)

    def limits(drift: float) -> list[float]:
        found: list[float] = []
        score = _Score(drift)
        for look, (t, share) in enumerate(zip(looks, shares, strict=True)):
            z = _limit(score.below, t, share) if share > SMALLEST_SHARE else -NEVER
            found.append(z if look + 1 == len(looks) else min(z, upper[look]))
            score = score.carried_on(found[-1], upper[look], t)
        return found

    drift = brentq(lambda d: limits(d)[-1] - upper[-1], 0.0, LARGEST_DRIFT, xtol=1e-12)
    return (*limits(drift)[:-1], upper[-1])


def _foreseen(looks: tuple[float, ...], upper: tuple[float, ...], rule: Rule) -> tuple[float, ...]:
    """Limits of z at which the power that is foreseen is as low as it may be."""
    final, drift = upper[-1], special.ndtri(1.0 - rule.alpha) + special.ndtri(rule.power)
    lowest = float(special.ndtri(float(rule.below or 0.0)))
    limits = []
    for t, efficacy in zip(looks[:-1], upper, strict=False):
        reach = final + lowest * np.sqrt(1.0 - t)
        z = {
            DESIGN_POWER: (reach - drift * (1.0 - t)) / np.sqrt(t),
            TREND_POWER: reach * np.sqrt(t),
            PREDICTIVE: final * np.sqrt(t) + lowest * np.sqrt(1.0 - t),
        }[str(rule.futility)]
        limits.append(min(float(z), efficacy))
    return (*limits, final)


def _check_futility(kind: str, futility: str | None, below: float | None) -> None:
    require(
        kind != FUTILITY_ONLY or futility is not None,
        f"{FUTILITY_ONLY} stops for nothing without futility; give one of {', '.join(FUTILITY)}",
    )
    if futility is not None:
        member("futility", futility, FUTILITY)
    if futility in FORESEEN:
        require(below is not None, f"below: give the {futility} under which a trial stops")
        open_probability("below", below)
    else:
        require(below is None, f"below: goes with a futility of {', '.join(FORESEEN)}; got {below}")


def _check(looks: tuple[float, ...], kind: str, alpha: float, power: float) -> None:
    member("kind", kind, BOUNDARIES)
    require(
        1 <= len(looks) <= MOST_LOOKS,
        f"information must name 1 to {MOST_LOOKS} looks, got {len(looks)}",
    )
    growing = all(a < b for a, b in zip((0.0, *looks), looks, strict=False))
    require(
        growing and abs(looks[-1] - 1.0) < 1e-12,
        f"information must grow from above 0 to 1, got {list(looks)}",
    )
    require(0.0 < number("alpha", alpha) < 0.5, f"alpha must lie between 0 and 0.5, got {alpha}")
    open_probability("power", power)
    equal = np.allclose(np.diff((0.0, *looks)), 1.0 / len(looks), atol=1e-9)
    require(kind not in CLASSICAL or bool(equal), f"{kind} needs equally spaced looks")
