"""Distributions, each defined by its inverse CDF."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from radsim.randomness.distributions.continuous import (
    Beta,
    Fixed,
    Gamma,
    LogNormal,
    Normal,
    OnALine,
    Triangular,
    TruncatedNormal,
    Uniform,
    Weibull,
)
from radsim.randomness.distributions.discrete import (
    Bernoulli,
    Categorical,
    Empirical,
    check_weights,
)
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import LARGEST, Real

TAIL = 1e-9  # share of values that is not held against a distribution
BISECTIONS = 60  # halve a mixture's bracket down to the spacing of doubles


@dataclass(frozen=True, kw_only=True)
class Truncated(OnALine):
    """Another distribution, kept between two bounds."""

    kind: Literal["truncated"] = "truncated"
    of: "Continuous"
    lower: Real | None = None
    upper: Real | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.lower is not None or self.upper is not None, "give lower, upper or both bounds"
        )
        below, above = self._limits
        require(above > below, f"no part of the {self.of.kind} lies between the bounds")

    @cached_property
    def _limits(self) -> tuple[float, float]:
        below = 0.0 if self.lower is None else float(self.of.cdf(np.asarray(self.lower)))
        above = 1.0 if self.upper is None else float(self.of.cdf(np.asarray(self.upper)))
        return below, above

    def ppf(self, u: np.ndarray) -> np.ndarray:
        below, above = self._limits
        return np.clip(self.of.ppf(below + np.asarray(u) * (above - below)), self.lower, self.upper)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        below, above = self._limits
        return np.clip((self.of.cdf(x) - below) / (above - below), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Several distributions, each with its weight.

    The quantile lies between the components' own quantiles, and is found there by bisection of
    the mixed CDF, so a larger ``u`` still gives a larger value.
    """

    kind: Literal["mixture"] = "mixture"
    components: tuple["Continuous", ...]
    weights: tuple[Real, ...]

    def __post_init__(self) -> None:
        require(len(self.components) > 0, "components must not be empty")
        require(
            len(self.weights) == len(self.components),
            f"one weight a component: got {len(self.weights)} weights, "
            f"{len(self.components)} components",
        )
        check_weights("weights", self.weights)

    @cached_property
    def _parts(self) -> list[tuple[float, "Continuous"]]:
        total = sum(self.weights)
        return [
            (weight / total, part)
            for weight, part in zip(self.weights, self.components, strict=True)
            if weight > 0
        ]

    def ppf(self, u: np.ndarray) -> np.ndarray:
        u = np.asarray(u, dtype=float)
        quantiles = [part.ppf(u) for _, part in self._parts]
        low = np.minimum.reduce(quantiles)
        high = np.maximum.reduce(quantiles)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            enough = self.cdf(middle) >= u
            high = np.where(enough, middle, high)
            low = np.where(enough, low, middle)
        return high

    def cdf(self, x: np.ndarray) -> np.ndarray:
        total = np.zeros(np.shape(x))
        for weight, part in self._parts:
            total = total + weight * part.cdf(x)
        return total


Simple = (
    Fixed
    | Uniform
    | Normal
    | TruncatedNormal
    | LogNormal
    | Triangular
    | Beta
    | Gamma
    | Weibull
    | Bernoulli
)
Composed = Empirical | Truncated | Mixture
Continuous = Annotated[Simple | Composed, Field(discriminator="kind")]
Distribution = Annotated[Simple | Categorical | Composed, Field(discriminator="kind")]


def check_ends(distribution: Distribution) -> None:
    """Refuse a distribution whose values, its tails aside, are too large to reckon with."""
    with np.errstate(all="ignore"):
        ends = distribution.ppf(np.array([TAIL, 1.0 - TAIL]))
    largest = float(np.abs(ends).max())
    require(largest <= LARGEST, f"takes values of {largest:.3g}; they must be at most {LARGEST:g}")
