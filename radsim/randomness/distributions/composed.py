"""Distributions, each defined by its inverse CDF."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from scipy import special

from radsim.vocabulary.words import Real, nearest

BISECTIONS = 60  # halve a mixture's bracket down to the spacing of doubles


def require(condition: bool, message: str) -> None:
    """Raise ValueError with this message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def require_all(*requirements: tuple[bool, str]) -> None:
    """Raise one ValueError with a line for each condition that does not hold."""
    broken = [message for condition, message in requirements if not condition]
    require(not broken, "\n".join(broken))


def _require_finite(distribution: object) -> None:
    for field in fields(distribution):  # type: ignore[arg-type]
        value = getattr(distribution, field.name)
        if isinstance(value, (int, float)) and not np.isfinite(value):
            raise ValueError(f"{field.name} must be a finite number, got {value}")


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The same value for everyone."""

    kind: Literal["fixed"] = "fixed"
    value: Real

    def __post_init__(self) -> None:
        _require_finite(self)

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return np.full(np.shape(u), float(self.value))

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(x) >= self.value, 1.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Any value between two bounds, all alike."""

    kind: Literal["uniform"] = "uniform"
    lower: Real
    upper: Real

    def __post_init__(self) -> None:
        _require_finite(self)
        require(
            self.lower < self.upper, f"lower must be below upper, got {self.lower}, {self.upper}"
        )

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.lower + (self.upper - self.lower) * u

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Normal:
    """Normal with mean and standard deviation.

    Examples
    --------
    >>> float(Normal(mean=10.0, sd=2.0).ppf(0.5))
    10.0
    """

    kind: Literal["normal"] = "normal"
    mean: Real
    sd: Real

    def __post_init__(self) -> None:
        _require_finite(self)
        require(self.sd > 0, f"sd must be above 0, got {self.sd}")

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.mean + self.sd * special.ndtri(u)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return special.ndtr((np.asarray(x) - self.mean) / self.sd)


@dataclass(frozen=True, kw_only=True)
class TruncatedNormal:
    """Normal with mean and standard deviation (before the cut), kept between two bounds."""

    kind: Literal["truncated_normal"] = "truncated_normal"
    mean: Real
    sd: Real
    lower: Real
    upper: Real

    def __post_init__(self) -> None:
        _require_finite(self)
        require(self.sd > 0, f"sd must be above 0, got {self.sd}")
        require(
            self.lower < self.upper, f"lower must be below upper, got {self.lower}, {self.upper}"
        )
        z_lower, z_upper = self._z
        inside = special.ndtr(-z_lower if z_lower > 0 else z_upper) - special.ndtr(
            -z_upper if z_lower > 0 else z_lower
        )
        require(
            bool(inside > 1e-300),
            f"no part of normal(mean={self.mean}, sd={self.sd}) lies between "
            f"{self.lower} and {self.upper}",
        )

    @property
    def _z(self) -> tuple[float, float]:
        return (self.lower - self.mean) / self.sd, (self.upper - self.mean) / self.sd

    def ppf(self, u: np.ndarray) -> np.ndarray:
        z_lower, z_upper = self._z
        if z_lower > 0:  # work in the lower tail, where probabilities keep their digits
            below, above = special.ndtr(-z_lower), special.ndtr(-z_upper)
            z = -special.ndtri(below + np.asarray(u) * (above - below))
        else:
            below, above = special.ndtr(z_lower), special.ndtr(z_upper)
            z = special.ndtri(below + np.asarray(u) * (above - below))
        return np.clip(self.mean + self.sd * z, self.lower, self.upper)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        z_lower, z_upper = self._z
        z = np.clip((np.asarray(x) - self.mean) / self.sd, z_lower, z_upper)
        if z_lower > 0:
            top = special.ndtr(-z_lower)
            return (top - special.ndtr(-z)) / (top - special.ndtr(-z_upper))
        base = special.ndtr(z_lower)
        return (special.ndtr(z) - base) / (special.ndtr(z_upper) - base)


@dataclass(frozen=True, kw_only=True)
class LogNormal:
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

    def __post_init__(self) -> None:
        _require_finite(self)
        given = tuple(n for n in ("median", "sigma", "mean", "cv") if getattr(self, n) is not None)
        require(
            given in (("median", "sigma"), ("mean", "cv")),
            "lognormal takes median and sigma, or mean and cv, "
            f"got {', '.join(given) or 'nothing'}",
        )
        for name in given:
            value = getattr(self, name)
            require(value > 0, f"{name} must be above 0, got {value}")

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
class Triangular:
    """Triangular between two bounds with its peak at the mode."""

    kind: Literal["triangular"] = "triangular"
    lower: Real
    mode: Real
    upper: Real

    def __post_init__(self) -> None:
        _require_finite(self)
        require(
            self.lower < self.upper, f"lower must be below upper, got {self.lower}, {self.upper}"
        )
        require(
            self.lower <= self.mode <= self.upper,
            f"mode must lie between lower and upper, got {self.lower}, {self.mode}, {self.upper}",
        )

    def ppf(self, u: np.ndarray) -> np.ndarray:
        u = np.asarray(u, dtype=float)
        width, rise, fall = (
            self.upper - self.lower,
            self.mode - self.lower,
            self.upper - self.mode,
        )
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
class Beta:
    """Beta with shapes a and b, stretched from (0, 1) to (lower, upper)."""

    kind: Literal["beta"] = "beta"
    a: Real
    b: Real
    lower: Real = 0.0
    upper: Real = 1.0

    def __post_init__(self) -> None:
        _require_finite(self)
        require(self.a > 0 and self.b > 0, f"a and b must be above 0, got {self.a}, {self.b}")
        require(
            self.lower < self.upper, f"lower must be below upper, got {self.lower}, {self.upper}"
        )

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.lower + (self.upper - self.lower) * special.betaincinv(self.a, self.b, u)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        share = np.clip((np.asarray(x) - self.lower) / (self.upper - self.lower), 0.0, 1.0)
        return special.betainc(self.a, self.b, share)


@dataclass(frozen=True, kw_only=True)
class Gamma:
    """Gamma with shape and scale (mean = shape x scale)."""

    kind: Literal["gamma"] = "gamma"
    shape: Real
    scale: Real

    def __post_init__(self) -> None:
        _require_finite(self)
        require(self.shape > 0, f"shape must be above 0, got {self.shape}")
        require(self.scale > 0, f"scale must be above 0, got {self.scale}")

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.scale * special.gammaincinv(self.shape, u)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return special.gammainc(self.shape, np.maximum(np.asarray(x), 0.0) / self.scale)


@dataclass(frozen=True, kw_only=True)
class Weibull:
    """Weibull with shape and scale; shape 1 is the exponential with that mean.

    Examples
    --------
    >>> round(float(Weibull(shape=1.0, scale=10.0).ppf(0.5)), 6)
    6.931472
    """

    kind: Literal["weibull"] = "weibull"
    shape: Real
    scale: Real

    def __post_init__(self) -> None:
        _require_finite(self)
        require(self.shape > 0, f"shape must be above 0, got {self.shape}")
        require(self.scale > 0, f"scale must be above 0, got {self.scale}")

    def ppf(self, u: np.ndarray) -> np.ndarray:
        return self.scale * (-np.log1p(-np.asarray(u))) ** (1.0 / self.shape)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return -np.expm1(-((np.maximum(np.asarray(x), 0.0) / self.scale) ** self.shape))


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
        _check_weights("shares", self.shares.values())

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
            _check_weights("weights", self.weights)

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


@dataclass(frozen=True, kw_only=True)
class Truncated:
    """Another distribution, kept between two bounds."""

    kind: Literal["truncated"] = "truncated"
    of: "Continuous"
    lower: Real | None = None
    upper: Real | None = None

    def __post_init__(self) -> None:
        _require_finite(self)
        require(
            self.lower is not None or self.upper is not None, "give lower, upper or both bounds"
        )
        if self.lower is not None and self.upper is not None:
            require(
                self.lower < self.upper,
                f"lower must be below upper, got {self.lower}, {self.upper}",
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
        _check_weights("weights", self.weights)

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


Continuous = Annotated[
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
    | Empirical
    | Truncated
    | Mixture,
    Field(discriminator="kind"),
]
Distribution = Annotated[
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
    | Categorical
    | Empirical
    | Truncated
    | Mixture,
    Field(discriminator="kind"),
]


def read_column(path: Path, column: str) -> tuple[float, ...]:
    """Read one column of numbers from a CSV file with a header line.

    Raises
    ------
    ValueError
        If the file can't be read, lacks the column, or holds something that is no finite number.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            names = reader.fieldnames or []
            require(column in names, f"{path} has no column {column!r}; {nearest(column, names)}")
            return tuple(
                _number(row[column], f"{path}, line {reader.line_num}, {column}") for row in reader
            )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"can't read {path}: {error}") from error


def _number(text: str | None, place: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise ValueError(f"{place}: wanted a number, got {text!r}") from None
    require(bool(np.isfinite(value)), f"{place}: wanted a finite number, got {text!r}")
    return value


def _check_weights(name: str, weights: Iterable[float]) -> None:
    values = np.array(list(weights), dtype=float)
    require(bool(np.isfinite(values).all()), f"{name} must be finite numbers")
    require(bool((values >= 0).all()), f"{name} must not be negative, got {values.min()}")
    require(values.sum() > 0, f"{name} must not all be 0")


def _cumulative(weights: np.ndarray) -> np.ndarray:
    steps = np.cumsum(weights) / weights.sum()
    steps[np.flatnonzero(weights)[-1] :] = 1.0  # so that rounding can't point past the last value
    return steps
