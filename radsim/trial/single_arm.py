"""Single-arm trials with a binary endpoint: exact binomial and Simon's two stages."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from radsim.distributions import require
from radsim.trial.exact_tests import binomial_pmf, check_probabilities


@dataclass(frozen=True)
class SingleArm:
    """A design that calls the treatment good at ``successes`` of ``patients`` or more."""

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
    """Limit of an exact one-sided test that so many patients allow, and its size and power.

    Parameters
    ----------
    p0
        Success proportion that is not worth while.
    p1
        Success proportion that would be.

    Examples
    --------
    >>> design = single_arm_design(26, 0.80, p1=0.95, alpha=0.10)  # the SIB phase 2 trial
    >>> design.successes, round(design.alpha, 4), round(design.power, 4)
    (24, 0.0841, 0.8614)
    """
    _check(p0, p1, alpha, 0.5)
    require(patients >= 1, f"patients must be 1 or more, got {patients}")
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
        If ``most`` patients are not enough.

    Examples
    --------
    >>> smallest_single_arm(0.80, 0.95, alpha=0.10).patients
    25
    """
    _check(p0, p1, alpha, power)
    for patients in range(1, most + 1):
        design = single_arm_design(patients, p0, p1=p1, alpha=alpha)
        if design.power >= power:
            return design
    raise ValueError(f"{most} patients reach a power of {design.power:.3f}, not {power}")


def clopper_pearson(successes: int, patients: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of one proportion (Clopper and Pearson).

    Examples
    --------
    >>> round(clopper_pearson(28, 28)[0], 6)
    0.876564
    """
    require(0 <= successes <= patients, f"successes must lie between 0 and {patients}")
    require(patients > 0, f"patients must be 1 or more, got {patients}")
    tail = (1.0 - level) / 2.0
    lower = special.betaincinv(successes, patients - successes + 1, tail) if successes else 0.0
    full = successes == patients
    upper = 1.0 if full else special.betaincinv(successes + 1, patients - successes, 1.0 - tail)
    return float(lower), float(upper)


def simon_design(
    p0: float,
    p1: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    kind: str = "optimal",
    most: int = 100,
) -> TwoStage:
    """Simon's two-stage design.

    Parameters
    ----------
    kind
        ``optimal``: fewest patients expected if the treatment is not worth while; ``minimax``:
        fewest patients at most.
    most
        Largest number of patients that is looked at.

    Raises
    ------
    ValueError
        If no design with ``most`` patients reaches the power.

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
    require(kind in ("optimal", "minimax"), f"kind must be optimal or minimax, got {kind!r}")
    best: TwoStage | None = None
    for patients in range(2, most + 1):
        largest = patients if best is None else min(patients, int(np.ceil(best.expected)))
        for design in _two_stages(patients, largest, p0, p1, alpha, power):
            smaller = best is None or design.expected < best.expected
            if smaller and not (kind == "minimax" and best and best.patients < patients):
                best = design
        if kind == "minimax" and best is not None:
            break  # a larger one is not the smallest
    if best is None:
        raise ValueError(f"no two-stage design of up to {most} patients reaches a power of {power}")
    return best


def _two_stages(
    patients: int, largest: int, p0: float, p1: float, alpha: float, power: float
) -> Iterator[TwoStage]:
    """Give the best design for each first stage of fewer than ``largest`` patients."""
    if binomial_tail(_limit(patients, p0, alpha), patients, p1) < power:
        return  # two stages never have more power than one
    for first in range(1, largest):
        rest = patients - first
        f0, f1 = binomial_pmf(first, np.array(p0)), binomial_pmf(first, np.array(p1))
        stop = np.arange(first)[:, np.newaxis]
        reject = np.arange(patients)[np.newaxis, :]
        more0 = _tail_table(rest, p0, first, patients)
        more1 = _tail_table(rest, p1, first, patients)
        accept0 = np.cumsum((f0[:, np.newaxis] * more0)[::-1], axis=0)[::-1]
        accept1 = np.cumsum((f1[:, np.newaxis] * more1)[::-1], axis=0)[::-1]
        size, reached = accept0[1:], accept1[1:]  # going on means more than ``stop`` successes
        good = (size <= alpha) & (reached >= power) & (reject >= stop)
        if not good.any():
            continue
        early = np.cumsum(f0)[:first]
        expected = np.where(good.any(axis=1), first + (1.0 - early) * rest, np.inf)
        row = int(expected.argmin())
        column = int(good[row].argmax())
        yield TwoStage(
            first, row, patients, column,
            float(size[row, column]), float(reached[row, column]),
            float(expected[row]), float(early[row]),
        )  # fmt: skip


def _tail_table(rest: int, p: float, first: int, patients: int) -> np.ndarray:
    """Probability that the second stage takes x1 successes above each limit."""
    x1 = np.arange(first + 1)[:, np.newaxis]
    return binomial_tail(np.arange(patients)[np.newaxis, :] - x1 + 1, np.array(rest), p)


def _limit(patients: int, p0: float, alpha: float) -> int:
    limits = np.arange(patients + 2)
    return int(limits[binomial_tail(limits, patients, p0) <= alpha][0])


def _check(p0: float, p1: float, alpha: float, power: float) -> None:
    check_probabilities(p0=p0, p1=p1, alpha=alpha, power=power)
    require(p0 < p1, f"p1 must be above p0, got {p0} and {p1}")
