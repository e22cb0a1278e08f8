"""Scales on which the interval of a probability is symmetric, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from radsim.vocabulary.arguments import member

FARTHEST = 700.0  # on any scale; what lies beyond is a probability of 0 or 1


@dataclass(frozen=True)
class Transform:
    """A scale g, its slope, and the way back."""

    to: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]


TRANSFORMS = {
    "plain": Transform(lambda p: p, np.ones_like, lambda y: y),
    "log": Transform(np.log, lambda p: 1.0 / p, np.exp),
    "logit": Transform(special.logit, lambda p: 1.0 / (p * (1.0 - p)), special.expit),
    "arcsine": Transform(
        lambda p: np.arcsin(np.sqrt(p)),
        lambda p: 0.5 / np.sqrt(p * (1.0 - p)),
        lambda y: np.sin(np.clip(y, 0.0, np.pi / 2.0)) ** 2,
    ),
    "log-log": Transform(
        lambda p: np.log(-np.log(p)),
        lambda p: 1.0 / (p * np.log(p)),
        lambda y: np.exp(-np.exp(y)),
    ),
    "log-log-complement": Transform(
        lambda p: np.log(-np.log1p(-p)),
        lambda p: -1.0 / ((1.0 - p) * np.log1p(-p)),
        lambda y: -np.expm1(-np.exp(y)),
    ),
}


def transform_named(name: str) -> Transform:
    """Look a scale up.

    ``log-log`` transforms the probability itself (for a cumulative incidence: what cmprsk and
    EZR do); ``log-log-complement`` transforms 1 minus it (what R's survfit does).

    Raises
    ------
    ValueError
        If there is no such scale.
    """
    return TRANSFORMS[member("transform", name, TRANSFORMS)]


def transformed_interval(
    probability: np.ndarray, variance: np.ndarray, transform: str, z: float
) -> tuple[np.ndarray, np.ndarray]:
    r"""Interval of a probability that is symmetric on the scale g.

    .. math:: g^{-1}\bigl(g(p) \pm z\,|g'(p)| \sqrt{v}\bigr)

    A probability of 0 or 1 has no such interval: it is returned as both ends, and so is one
    without variance.

    Examples
    --------
    >>> low, high = transformed_interval(np.array(0.92), np.array(0.002944), "log-log", 1.96)
    >>> round(float(low), 4), round(float(high), 4)
    (0.7164, 0.9794)
    """
    scale = transform_named(transform)
    probability = np.asarray(probability, float)
    inside = (probability > 0.0) & (probability < 1.0) & (np.asarray(variance) > 0.0)
    p = np.where(inside, probability, 0.5)
    half = z * np.abs(scale.slope(p)) * np.sqrt(np.where(inside, variance, 0.0))
    middle = scale.to(p)
    ends = [scale.back(np.clip(middle + s * half, -FARTHEST, FARTHEST)) for s in (-1.0, 1.0)]
    lower, upper = np.minimum(*ends), np.maximum(*ends)
    lower = np.where(inside, np.clip(lower, 0.0, 1.0), probability)
    return lower, np.where(inside, np.clip(upper, 0.0, 1.0), probability)
