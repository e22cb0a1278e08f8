"""Single-arm trials with a binary endpoint that are watched by predictive probability."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

from radsim.trial.formulas.single_arm import MOST_IN_STAGES, binomial_tail
from radsim.trial.proportions.exact_tests import check_probabilities
from radsim.vocabulary.arguments import count, open_probability, positive, probability
from radsim.vocabulary.mistakes import require

FUTILITIES = (0.001, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)  # that a search tries


@dataclass(frozen=True)
class PredictiveDesign:
    """Stop as soon as success at the end has become too improbable.

    Attributes
    ----------
    patients
        At most.
    successes
        The treatment is good at so many of them or more.
    futility
        A trial stops where the predictive probability of that is below it.
    first
        Patients after whom it is looked at, and from then on after each.
    stops
        For each number of patients from ``first``: stop at so many successes or fewer; -1 for none.
    alpha, power, expected, early
        Error, power, and at the proportion that is not worth while the mean number of patients and
        the probability to stop early, as of `radsim.trial.formulas.single_arm.TwoStage`.
    """

    patients: int
    successes: int
    futility: float
    first: int
    stops: tuple[int, ...]
    alpha: float
    power: float
    expected: float
    early: float


def predictive_probability(
    successes: int,
    seen: int,
    patients: int,
    p0: float,
    *,
    threshold: float = 0.9,
    prior: tuple[float, float] | None = None,
) -> float:
    r"""Probability that a trial will call the treatment good, by what is seen so far.

    .. math:: PP = \sum_y P(Y = y \mid x)\;
              I\bigl(P(p > p_0 \mid x + y) > \theta\bigr), \qquad Y \mid x \sim \text{beta-binomial}

    Parameters
    ----------
    successes, seen, patients
        So far, of how many, and how many there will be.
    p0
        Success proportion that is not worth while.
    threshold
        The posterior probability of more than p0 that the trial has to pass.
    prior
        Of the beta distribution of the proportion; (p0, 1 - p0) if it is not given, as Lee and Liu
        take it: worth one patient.

    Raises
    ------
    ValueError
        If a count or a probability is impossible.

    References
    ----------
    Lee and Liu (2008), Clin Trials 5, 93-106.

    Examples
    --------
    >>> round(predictive_probability(5, 20, 36, 0.20), 4)
    0.2356
    """
    a, b = _prior(p0, prior)
    patients = count("patients", patients, least=1, most=MOST_IN_STAGES)
    seen = count("seen", seen)
    require(seen <= patients, f"seen must be at most {patients}, the patients, got {seen}")
    successes = count("successes", successes)
    require(successes <= seen, f"successes must be at most {seen}, of those seen, got {successes}")
    needed = _needed(patients, p0, threshold, a, b)
    return float(_predicted(np.array([successes]), seen, patients, needed, a, b)[0])


def predictive_design(
    patients: int,
    p0: float,
    p1: float,
    *,
    threshold: float = 0.9,
    futility: float = 0.001,
    first: int = 10,
    prior: tuple[float, float] | None = None,
) -> PredictiveDesign:
    """Characteristics of a design, by enumeration.

    Parameters
    ----------
    p0, p1
        Success proportion that is not worth while, and one that would be.
    threshold, futility
        See `predictive_probability`; the trial stops where that is below ``futility``.
    first
        After how many patients it is looked at first.

    Raises
    ------
    ValueError
        If a count or a probability is impossible.

    References
    ----------
    Lee and Liu (2008), Clin Trials 5, 93-106.

    Examples
    --------
    >>> design = predictive_design(36, 0.20, 0.40)
    >>> design.successes, round(design.alpha, 3), round(design.power, 3), round(design.expected, 1)
    (11, 0.088, 0.906, 27.7)
    """
    a, b = _prior(p0, prior)
    check_probabilities(p0=p0, p1=p1)
    patients = count("patients", patients, least=1, most=MOST_IN_STAGES)
    first = count("first", first, least=1, most=patients)
    needed = _needed(patients, p0, threshold, a, b)
    return _designed(patients, needed, p0, p1, probability("futility", futility), first, a, b)


def smallest_predictive_design(
    p0: float,
    p1: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    futilities: Iterable[float] = FUTILITIES,
    first: int = 10,
    prior: tuple[float, float] | None = None,
    most: int = 100,
) -> PredictiveDesign:
    """Smallest design that keeps an error and reaches a power; of those, fewest patients expected.

    The threshold of the posterior matters only by the successes that it asks for in the end, so
    these are searched.

    Raises
    ------
    ValueError
        If ``most`` patients are not enough, or an argument is impossible.

    Examples
    --------
    >>> design = smallest_predictive_design(0.10, 0.30)
    >>> design.patients, round(design.alpha, 3), round(design.power, 3), round(design.expected, 1)
    (26, 0.037, 0.816, 15.9)
    """
    a, b = _prior(p0, prior)
    check_probabilities(p0=p0, p1=p1, alpha=alpha, power=power)
    require(p0 < p1, f"p1 must be above p0, got {p0} and {p1}")
    tried = [probability("futilities", value) for value in futilities]
    require(len(tried) > 0, "futilities must name at least one")
    least = count("first", first, least=1)
    for patients in range(least, count("most", most, least=least, most=MOST_IN_STAGES) + 1):
        limits = np.arange(patients + 1)
        enough = limits[binomial_tail(limits, patients, p1) >= power]  # if it never stopped early
        designs = (
            _designed(patients, int(needed), p0, p1, futility, first, a, b)
            for needed in enough[::-1]
            for futility in tried
        )
        good = [d for d in designs if d.alpha <= alpha and d.power >= power]
        if good:
            return min(good, key=lambda d: d.expected)
    raise ValueError(f"most: no design of up to {most} patients reaches a power of {power}")


def _designed(
    patients: int,
    needed: int,
    p0: float,
    p1: float,
    futility: float,
    first: int,
    a: float,
    b: float,
) -> PredictiveDesign:
    stops = []
    for seen in range(first, patients):
        predicted = _predicted(np.arange(seen + 1), seen, patients, needed, a, b)
        stops.append(int(np.count_nonzero(predicted < futility)) - 1)  # it grows with successes
    stops.append(needed - 1)
    size, expected, early = _course(patients, first, stops, p0)
    reached, *_ = _course(patients, first, stops, p1)
    return PredictiveDesign(
        patients, needed, futility, first, tuple(stops), size, reached, expected, early
    )


def _course(patients: int, first: int, stops: list[int], p: float) -> tuple[float, float, float]:
    """Probability to be called good, mean number of patients, probability to stop early."""
    successes = np.arange(first + 1)
    mass = np.exp(
        special.gammaln(first + 1) - special.gammaln(successes + 1)
        - special.gammaln(first - successes + 1)
        + special.xlogy(successes, p) + special.xlog1py(first - successes, -p)
    )  # fmt: skip
    expected = early = 0.0
    for seen, stop in zip(range(first, patients), stops, strict=False):
        stopped = mass[: stop + 1].sum()
        expected, early = expected + seen * stopped, early + stopped
        mass[: stop + 1] = 0.0
        mass = np.append(mass * (1.0 - p), 0.0) + np.append(0.0, mass * p)
    return float(mass[stops[-1] + 1 :].sum()), float(expected + patients * mass.sum()), float(early)


def _needed(patients: int, p0: float, threshold: float, a: float, b: float) -> int:
    """Successes at which the posterior passes the threshold; one more than patients for none."""
    open_probability("threshold", threshold)
    successes = np.arange(patients + 1)
    above = 1.0 - special.betainc(a + successes, b + patients - successes, p0)
    return int(np.count_nonzero(above <= threshold))


def _predicted(
    successes: np.ndarray, seen: int, patients: int, needed: int, a: float, b: float
) -> np.ndarray:
    """Predictive probability of so many successes in the end, for each number of them so far."""
    left = patients - seen
    y = np.arange(left + 1)
    x = successes[:, np.newaxis]
    ways = special.gammaln(left + 1) - special.gammaln(y + 1) - special.gammaln(left - y + 1)
    odds = special.betaln(a + x + y, b + patients - x - y) - special.betaln(a + x, b + seen - x)
    return np.asarray(np.where(x + y >= needed, np.exp(ways + odds), 0.0).sum(axis=1))


def _prior(p0: float, prior: tuple[float, float] | None) -> tuple[float, float]:
    check_probabilities(p0=p0)
    a, b = (p0, 1.0 - p0) if prior is None else prior
    return positive("prior", a), positive("prior", b)
