"""Distributions of numbers on a line."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.randomness.streams import SMALLEST
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real, require_positive

ENDS = np.array([SMALLEST, 1.0 - 2.0 * SMALLEST])  # ranks beyond which nobody is drawn


@dataclass(frozen=True, kw_only=True)
class OnALine(ABC):
    """What distributions of numbers check of their parameters."""

    positive: ClassVar[tuple[str, ...]] = ()  # parameters that must be above 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, (int, float)) and not np.isfinite(value):
                raise ValueError(f"{field.name} must be a finite number, got {value}")
        require_positive(self, *self.positive)
        lower, upper = getattr(self, "lower", None), getattr(self, "upper", None)
        require(
            lower is None or upper is None or lower < upper,
            f"lower must be below upper, got {lower}, {upper}",
        )
        self._check()
        with np.errstate(all="ignore"):
            ends = self.ppf(ENDS)
        finite = bool(np.all(np.isfinite(ends)))
        require(finite, f"values must be finite numbers, got {ends[0]:g} to {ends[1]:g}")

    def _check(self) -> None:  # noqa: B027 - most kinds have nothing of their own to check
        """Check what is a kind's own."""

    @abstractmethod
    def ppf(self, u: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Fixed(OnALine):
    """The same value for everyone."""

    kind: Literal["fixed"] = "fixed"
    value: Real

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return np.full(np.shape(u), float(self.value))

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(x) >= self.value, 1.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Uniform(OnALine):
    """Any value between two bounds, all alike."""

    kind: Literal["uniform"] = "uniform"
    lower: Real
    upper: Real

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.lower + (self.upper - self.lower) * u

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Normal(OnALine):
    """Normal with mean and standard deviation.

    Examples
    --------
    >>> float(Normal(mean=10.0, sd=2.0).ppf(0.5))
    10.0
    """

    positive: ClassVar[tuple[str, ...]] = ("sd",)

    kind: Literal["normal"] = "normal"
    mean: Real
    sd: Real

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.mean + self.sd * special.ndtri(u)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return special.ndtr((np.asarray(x) - self.mean) / self.sd)


@dataclass(frozen=True, kw_only=True)
class TruncatedNormal(OnALine):
    """Normal with mean and standard deviation (before the cut), kept between two bounds."""

    positive: ClassVar[tuple[str, ...]] = ("sd",)

    kind: Literal["truncated_normal"] = "truncated_normal"
    mean: Real
    sd: Real
    lower: Real
    upper: Real

    def _check(self) -> None:
        below, above = self._limits
        inside = abs(above - below)
        require(
            bool(inside > 1e-300),
            f"no part of normal(mean={self.mean}, sd={self.sd}) lies between "
            f"{self.lower} and {self.upper}",
        )

    def _tail(self, x: np.ndarray | float) -> np.ndarray:
        """Normal probability beyond a value, on the side where it keeps its digits."""
        z = (np.asarray(x) - self.mean) / self.sd
        return special.ndtr(-z if self.lower > self.mean else z)

    @cached_property
    def _limits(self) -> tuple[float, float]:
        return float(self._tail(self.lower)), float(self._tail(self.upper))

    def ppf(self, u: np.ndarray) -> np.ndarray:
        below, above = self._limits
        z = special.ndtri(below + np.asarray(u) * (above - below))
        z = -z if self.lower > self.mean else z
        return np.clip(self.mean + self.sd * z, self.lower, self.upper)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        below, above = self._limits
        return (self._tail(np.clip(x, self.lower, self.upper)) - below) / (above - below)


@dataclass(frozen=True, kw_only=True)
class LogNormal(OnALine):
    """Lognormal by median and sigma of the log, or by mean and coefficient of variation.

    Examples
    --------
    >>> float(LogNormal(median=9.5, sigma=1.28).ppf(0.5))
    9.5
    """

    kind: Literal["lognormal"] = "lognormal"
    median: Real | None = None
    sigma: Real | None = None
    mean: Real | None = None
    cv: Real | None = None

    def _check(self) -> None:
        given = tuple(n for n in ("median", "sigma", "mean", "cv") if getattr(self, n) is not None)
        wanted = "lognormal takes median and sigma, or mean and cv"
        pairs = (("median", "sigma"), ("mean", "cv"))
        require(given in pairs, f"{wanted}, got {', '.join(given) or 'nothing'}")
        require_positive(self, *given)

    @cached_property
    def _median_sigma(self) -> tuple[float, float]:
        if self.median is not None and self.sigma is not None:
            return float(self.median), float(self.sigma)
        assert self.mean is not None and self.cv is not None
        return float(self.mean / np.hypot(1.0, self.cv)), float(np.sqrt(np.log1p(self.cv**2)))

    def ppf(self, u: np.ndarray) -> np.ndarray:
        median, sigma = self._median_sigma
        return median * np.exp(sigma * special.ndtri(u))

    def cdf(self, x: np.ndarray) -> np.ndarray:
        median, sigma = self._median_sigma
        x = np.asarray(x, dtype=float)
        with np.errstate(divide="ignore"):
            return special.ndtr(np.log(np.maximum(x, 0.0) / median) / sigma)


@dataclass(frozen=True, kw_only=True)
class Triangular(OnALine):
    """Triangular between two bounds with its peak at the mode."""

    kind: Literal["triangular"] = "triangular"
    lower: Real
    mode: Real
    upper: Real

    def _check(self) -> None:
        require(
            self.lower <= self.mode <= self.upper,
            f"mode must lie between lower and upper, got {self.lower}, {self.mode}, {self.upper}",
        )

    def ppf(self, u: np.ndarray) -> np.ndarray:
        u = np.asarray(u, dtype=float)
        width, rise, fall = self.upper - self.lower, self.mode - self.lower, self.upper - self.mode
        return np.where(
            u * width < rise,
            self.lower + np.sqrt(u * width * rise),
            self.upper - np.sqrt((1.0 - u) * width * fall),
        )

    def cdf(self, x: np.ndarray) -> np.ndarray:
        x = np.clip(np.asarray(x, dtype=float), self.lower, self.upper)
        width = self.upper - self.lower
        with np.errstate(divide="ignore", invalid="ignore"):
            left = (x - self.lower) ** 2 / (width * (self.mode - self.lower))
            right = 1.0 - (self.upper - x) ** 2 / (width * (self.upper - self.mode))
        return np.where(x < self.mode, left, np.where(x >= self.upper, 1.0, right))


@dataclass(frozen=True, kw_only=True)
class Beta(OnALine):
    """Beta with shapes a and b, stretched from (0, 1) to (lower, upper)."""

    kind: Literal["beta"] = "beta"
    a: Real
    b: Real
    lower: Real = 0.0
    upper: Real = 1.0

    def _check(self) -> None:
        require(self.a > 0 and self.b > 0, f"a and b must be above 0, got {self.a}, {self.b}")

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.lower + (self.upper - self.lower) * special.betaincinv(self.a, self.b, u)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        share = np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0)
        return special.betainc(self.a, self.b, share)


@dataclass(frozen=True, kw_only=True)
class Gamma(OnALine):
    """Gamma with shape and scale (mean = shape x scale)."""

    positive: ClassVar[tuple[str, ...]] = ("shape", "scale")

    kind: Literal["gamma"] = "gamma"
    shape: Real
    scale: Real

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.scale * special.gammaincinv(self.shape, u)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return special.gammainc(self.shape, np.maximum(np.asarray(x), 0.0) / self.scale)


@dataclass(frozen=True, kw_only=True)
class Weibull(OnALine):
    """Weibull with shape and scale; shape 1 is the exponential with that mean.

    Examples
    --------
    >>> round(float(Weibull(shape=1.0, scale=10.0).ppf(0.5)), 6)
    6.931472
    """

    positive: ClassVar[tuple[str, ...]] = ("shape", "scale")

    kind: Literal["weibull"] = "weibull"
    shape: Real
    scale: Real

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.scale * (-np.log1p(-np.asarray(u))) ** (1.0 / self.shape)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return -np.expm1(-((np.maximum(np.asarray(x), 0.0) / self.scale) ** self.shape))
