"""Single-arm trials with a binary endpoint: exact binomial and Simon's two stages."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from radsim.trial.proportions.exact_tests import binomial_pmf, check_probabilities
from radsim.vocabulary.arguments import count, member, open_probability
from radsim.vocabulary.mistakes import require

KINDS = ("optimal", "minimax")
MOST_PATIENTS = 1_000_000  # of an exact design
MOST_IN_STAGES = 1000  # of a two-stage one; the search is quadratic


@dataclass(frozen=True)
class SingleArm:
    """A design that calls the treatment good at ``successes`` of ``patients`` or more.

    If even success in all of them proves nothing, ``successes`` is one more than ``patients``,
    and the power is 0.
    """

    patients: int
    successes: int
    alpha: float
    power: float


@dataclass(frozen=True)
class TwoStage:
    """Simon's design: stop after ``first`` patients at ``stop`` successes or fewer.

    After ``patients`` in all, the treatment is rejected at ``reject`` successes or fewer.
    ``expected`` is the mean number of patients, and ``early`` the probability to stop early,
    both at the proportion that is not worth while.
    """

    first: int
    stop: int
    patients: int
    reject: int
    alpha: float
    power: float
    expected: float
    early: float


def binomial_tail(successes: ArrayLike, patients: ArrayLike, p: float) -> np.ndarray:
    """Probability of so many successes or more.

    Examples
    --------
    >>> round(float(binomial_tail(26, 28, 0.80)), 4)
    0.0612
    """
    k = np.asarray(successes, float)
    n = np.asarray(patients, float)
    inside = (k > 0) & (k <= n)
    tail = special.betainc(np.where(inside, k, 1.0), np.where(inside, n - k + 1.0, 1.0), p)
    return np.where(inside, tail, np.where(k <= 0, 1.0, 0.0))


def single_arm_design(patients: int, p0: float, *, p1: float, alpha: float = 0.05) -> SingleArm:
    r"""Limit of an exact one-sided test that so many patients allow, and its size and power.

    .. math:: r = \min\{k : P_{p_0}(X \ge k) \le \alpha\}

    Parameters
    ----------
    p0
        Success proportion that is not worth while.
    p1
        Success proportion that would be.
    alpha
        One-sided error at most.

    Raises
    ------
    ValueError
        If the patients are not a whole number from 1, or a proportion is impossible.

    Examples
    --------
    >>> design = single_arm_design(26, 0.80, p1=0.95, alpha=0.10)  # the SIB phase 2 trial
    >>> design.successes, round(design.alpha, 4), round(design.power, 4)
    (24, 0.0841, 0.8614)
    """
    _check(p0, p1, alpha, 0.5)
    patients = count("patients", patients, least=1, most=MOST_PATIENTS)
    limits = np.arange(patients + 2)
    sizes = binomial_tail(limits, patients, p0)
    successes = int(limits[sizes <= alpha][0])
    return SingleArm(
        patients, successes, float(sizes[successes]), float(binomial_tail(successes, patients, p1))
    )


def smallest_single_arm(
    p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.8, most: int = 500
) -> SingleArm:
    """Smallest exact design that reaches a power.

    Raises
    ------
    ValueError
        If ``most`` patients are not enough, or an argument is impossible.

    Examples
    --------
    >>> smallest_single_arm(0.80, 0.95, alpha=0.10).patients
    25
    """
    _check(p0, p1, alpha, power)
    for patients in range(1, count("most", most, least=1, most=MOST_PATIENTS) + 1):
        design = single_arm_design(patients, p0, p1=p1, alpha=alpha)
        if design.power >= power:
            return design
    raise ValueError(f"most: {most} patients reach a power of {design.power:.3f}, not {power}")


def clopper_pearson(successes: int, patients: int, *, level: float = 0.95) -> tuple[float, float]:
    r"""Exact interval of one proportion.

    .. math:: P_{p_L}(X \ge x) = P_{p_U}(X \le x) = \tfrac{1}{2}(1 - \text{level})

    Raises
    ------
    ValueError
        If a count is not whole, nobody was treated, there are more successes than patients, or
        the level is not between 0 and 1.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26, 404-413.

    Examples
    --------
    >>> round(clopper_pearson(28, 28)[0], 6)
    0.876564
    """
    x, n = count("successes", successes), count("patients", patients, least=1)
    require(x <= n, f"successes must be at most {n}, the patients, got {x}")
    tail = (1.0 - open_probability("level", level)) / 2.0
    lower = special.betaincinv(x, n - x + 1, tail) if x > 0 else 0.0
    upper = special.betaincinv(x + 1, n - x, 1.0 - tail) if x < n else 1.0
    return float(lower), float(upper)


def simon_design(
    p0: float,
    p1: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    kind: str = "optimal",
    most: int = 200,
) -> TwoStage:
    r"""Simon's two-stage design.

    Of all designs (r1/n1, r/n) that keep

    .. math:: P_{p_0}(X_1 > r_1,\, X > r) \le \alpha, \qquad
              P_{p_1}(X_1 > r_1,\, X > r) \ge 1 - \beta

    the one with the smallest :math:`EN = n_1 + P_{p_0}(X_1 > r_1)(n - n_1)`, or with the smallest
    n and then the smallest EN.

    Parameters
    ----------
    p0
        Success proportion that is not worth while.
    p1
        Success proportion that would be.
    alpha, power
        One-sided error at most, and power at least.
    kind
        ``optimal``: fewest patients expected if the treatment is not worth while; ``minimax``:
        fewest patients at most.
    most
        Largest number of patients that is looked at.

    Raises
    ------
    ValueError
        If no design with ``most`` patients reaches the power, or an argument is impossible.

    References
    ----------
    Simon (1989), Control Clin Trials 10, 1-10.

    Examples
    --------
    >>> design = simon_design(0.10, 0.30)
    >>> design.stop, design.first, design.reject, design.patients, round(design.expected, 1)
    (1, 10, 5, 29, 15.0)
    """
    _check(p0, p1, alpha, power)
    member("kind", kind, KINDS)
    most = count("most", most, least=2, most=MOST_IN_STAGES)
    going_on = [_going_on(first, p0, p1, power) for first in range(1, most)]
    best: TwoStage | None = None
    for patients in range(2, most + 1):
        if _largest_power(patients, p0, p1, alpha) < power:
            continue
        for first in range(1, patients):
            expected = first + going_on[first - 1] * (patients - first)
            fewer = expected < (np.inf if best is None else best.expected)
            if fewer.any():
                best = _two_stages(first, patients, p0, p1, alpha, power, expected, fewer) or best
        if kind == "minimax" and best is not None:
            break  # a larger one is not the smallest
    if best is None:
        raise ValueError(
            f"most: no two-stage design of up to {most} patients reaches a power of {power}"
        )
    return best


def _largest_power(patients: int, p0: float, p1: float, alpha: float) -> float:
    """Power of the best test of so many patients, randomized so that it uses up its level.

    No design of as many patients, however many its stages, has more (Neyman and Pearson).
    """
    limit = single_arm_design(patients, p0, p1=p1, alpha=alpha).successes
    size, size_below = (float(binomial_tail(k, patients, p0)) for k in (limit, limit - 1))
    reached, reached_below = (float(binomial_tail(k, patients, p1)) for k in (limit, limit - 1))
    return reached + (alpha - size) / (size_below - size) * (reached_below - reached)


def _going_on(first: int, p0: float, p1: float, power: float) -> np.ndarray:
    """Probability to go on at p0, for each limit of a first stage that leaves enough power."""
    successes = np.arange(1, first + 1)
    enough = binomial_tail(successes, first, p1) >= power
    return binomial_tail(successes, first, p0)[enough]


def _two_stages(
    first: int,
    patients: int,
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    expected: np.ndarray,
    fewer: np.ndarray,
) -> TwoStage | None:
    """Find the design with this first stage that expects fewest patients, if any is good.

    ``expected`` are the patients expected by the limit of the first stage, and ``fewer`` says
    which of these limits are worth a look.
    """
    stops = np.arange(len(expected))
    limits = np.arange(patients)
    size, reached = (
        _accepted(first, patients, p, limits)[1 : len(stops) + 1] for p in (p0, p1)
    )  # going on means more successes than the limit
    good = (size <= alpha) & (reached >= power) & (limits >= stops[:, np.newaxis])
    fits = np.flatnonzero(good.any(axis=1) & fewer)
    if len(fits) == 0:
        return None
    stop = int(fits[-1])  # the higher the limit, the fewer patients
    reject = int(good[stop].argmax())
    return TwoStage(
        first, stop, patients, reject,
        float(size[stop, reject]), float(reached[stop, reject]),
        float(expected[stop]), float(1.0 - binomial_tail(stop + 1, first, p0)),
    )  # fmt: skip


def _accepted(first: int, patients: int, p: float, limits: np.ndarray) -> np.ndarray:
    """Probability of x1 successes or more in the first stage and more than each limit in all."""
    x1 = np.arange(first + 1)
    rest = patients - first
    tail = binomial_tail(np.arange(rest + 2), rest, p)
    second = tail[np.clip(limits - x1[:, np.newaxis] + 1, 0, rest + 1)]
    joint = binomial_pmf(first, np.array(p))[:, np.newaxis] * second
    return np.cumsum(joint[::-1], axis=0)[::-1]


def _check(p0: float, p1: float, alpha: float, power: float) -> None:
    check_probabilities(p0=p0, p1=p1, alpha=alpha, power=power)
    require(p0 < p1, f"p1 must be above p0, got {p0} and {p1}")
