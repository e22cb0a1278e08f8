"""Distributions over a few values or labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.words import nearest


@dataclass(frozen=True, kw_only=True)
class Bernoulli:
    """1 with a probability, otherwise 0."""

    kind: Literal["bernoulli"] = "bernoulli"
    probability: Real

    def __post_init__(self) -> None:
        require(
            0 <= self.probability <= 1,
            f"probability must lie between 0 and 1, got {self.probability}",
        )

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(u) > 1.0 - self.probability, 1.0, 0.0)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x)
        return np.where(x < 0, 0.0, np.where(x < 1, 1.0 - self.probability, 1.0))


@dataclass(frozen=True, kw_only=True)
class Categorical:
    """One of several labels; ``shares`` may be probabilities, per cent or counts.

    The value is the position of the label in ``shares``, first is 0.

    Examples
    --------
    >>> Categorical(shares={"lytic": 5, "mixed": 16, "blastic": 7}).ppf(np.array([0.1, 0.9]))
    array([0, 2], dtype=int8)
    """

    kind: Literal["categorical"] = "categorical"
    shares: dict[str, Real]

    def __post_init__(self) -> None:
        require(len(self.shares) > 0, "shares must name at least one label")
        require(len(self.shares) < 127, f"at most 126 labels, got {len(self.shares)}")
        check_weights("shares", self.shares.values())

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of their codes."""
        return tuple(self.shares)

    @cached_property
    def _steps(self) -> np.ndarray:
        return _cumulative(np.array(list(self.shares.values()), dtype=float))

    def code(self, name: str) -> int:
        """Return the value that stands for a label."""
        require(name in self.shares, f"no label {name!r}; {nearest(name, self.labels)}")
        return self.labels.index(name)

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._steps, u, side="left").astype(np.int8)


@dataclass(frozen=True, kw_only=True)
class Empirical:
    """Observed values, drawn with their weights; in a file they may come from a CSV column.

    ``{ kind = "empirical", file = "ages.csv", column = "age" }`` in an experiment file is read
    when the file is loaded, and becomes ``values`` (and ``weights``, from ``weight_column``).
    """

    kind: Literal["empirical"] = "empirical"
    values: tuple[Real, ...]
    weights: tuple[Real, ...] | None = None

    def __post_init__(self) -> None:
        require(len(self.values) > 0, "values must not be empty")
        require(bool(np.isfinite(self.values).all()), "values must be finite numbers")
        if self.weights is not None:
            require(
                len(self.weights) == len(self.values),
                f"one weight a value: got {len(self.weights)} weights, {len(self.values)} values",
            )
            check_weights("weights", self.weights)

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        values = np.array(self.values, dtype=float)
        weights = np.ones(len(values)) if self.weights is None else np.array(self.weights, float)
        order = np.argsort(values, kind="stable")
        return values[order], _cumulative(weights[order])

    def ppf(self, u: np.ndarray) -> np.ndarray:
        values, steps = self._sorted
        return values[np.searchsorted(steps, u, side="left")]

    def cdf(self, x: np.ndarray) -> np.ndarray:
        values, steps = self._sorted
        return np.concatenate([[0.0], steps])[np.searchsorted(values, x, side="right")]


def check_weights(name: str, weights: Iterable[float]) -> None:
    """Check weights: finite, not negative, not all 0."""
    values = np.array(list(weights), dtype=float)
    require(bool(np.isfinite(values).all()), f"{name} must be finite numbers")
    require(bool((values >= 0).all()), f"{name} must not be negative, got {values.min()}")
    require(values.sum() > 0, f"{name} must not all be 0")


def _cumulative(weights: np.ndarray) -> np.ndarray:
    steps = np.cumsum(weights) / weights.sum()
    steps[np.flatnonzero(weights)[-1] :] = 1.0  # so that rounding can't point past the last value
    return steps
