"""Joint draws of uncertain parameters, in correlated groups where they belong together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from scipy import special
from scipy.stats import qmc

from radsim.experiment.designs.tables import Table
from radsim.randomness.distributions.composed import Distribution, check_ends
from radsim.randomness.distributions.discrete import Categorical
from radsim.randomness.streams import SMALLEST, Streams
from radsim.vocabulary.mistakes import require, validated

METHODS = ("random", "latin-hypercube", "sobol")
LARGEST_UNIFORM = 1.0 - 2.0**-53
RARE = 1e-9  # share of draws below the lowest value, and above the highest, that is looked at
HALF_STEP = 2.0**-31  # Sobol points have 30 bits; the middle of a step is never 0
ASYMMETRY = 1e-9  # of the largest element, above which a covariance is not symmetric


@dataclass(frozen=True)
class Single:
    """One key with a distribution.

    Examples
    --------
    >>> from radsim.randomness.distributions.continuous import Uniform
    >>> Single("tcp.d50", Uniform(lower=18.0, upper=20.0)).values(np.array([[0.25]]))
    {'tcp.d50': (18.5,)}
    """

    name: str  # the key, by which results call it
    distribution: Distribution
    dimensions: int = 1  # uniforms that a draw takes

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it sets: one."""
        return (self.name,)

    def values(self, u: np.ndarray) -> dict[str, tuple[Any, ...]]:
        """Turn uniforms, shape (draw, dimension), into values by key, by the inverse CDF."""
        drawn = self.distribution.ppf(u[:, 0])
        if isinstance(self.distribution, Categorical):
            labels = self.distribution.labels
            return {self.name: tuple(labels[int(code)] for code in drawn)}
        return {self.name: tuple(map(float, drawn))}

    def ends(self, share: float) -> list[dict[str, Any]]:
        """One entry for each key: it at this quantile, the others where that puts them."""
        return [{self.name: self.values(np.array([[share]]))[self.name][0]}]


@dataclass(frozen=True, kw_only=True)
class NormalGroup:
    r"""Keys that are jointly normal, or jointly lognormal.

    .. math:: x = \mu + L z, \qquad L L^T = \Sigma

    Examples
    --------
    >>> group = NormalGroup(keys=("a", "b"), center=(1.0, 2.0), covariance=((1, 0), (0, 1)))
    >>> group.values(np.array([[0.5, 0.5]]))
    {'a': (1.0,), 'b': (2.0,)}
    """

    keys: tuple[str, ...]
    center: tuple[float, ...]  # means; medians where ``log`` is set
    covariance: tuple[tuple[float, ...], ...]  # of the values, or of their logarithms
    log: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        size = len(self.keys)
        require(len(self.center) == size, f"center must have {size} numbers, one a key")
        matrix = np.array(self.covariance, dtype=object)
        require(matrix.shape == (size, size), f"covariance must be {size} by {size}")
        numbers = self._matrix
        finite = bool(np.isfinite(numbers).all() and np.isfinite(self.center).all())
        require(finite, "center and covariance must be finite numbers")
        largest = float(np.abs(numbers).max())
        symmetric = bool(np.abs(numbers - numbers.T).max() <= ASYMMETRY * largest)
        require(symmetric, "covariance must be symmetric")
        lowest = float(np.linalg.eigvalsh(numbers).min())
        require(
            lowest > 1e-12 * largest,  # up to rounding, lower rank has no factor either
            f"covariance must be positive definite; its lowest eigenvalue is {lowest:.3g}",
        )
        if self.log:
            require(min(self.center) > 0, "center must be above 0 where log = true")

    @property
    def dimensions(self) -> int:
        """One for each key."""
        return len(self.keys)

    @cached_property
    def _matrix(self) -> np.ndarray:
        return np.array(self.covariance, dtype=float)

    @cached_property
    def _factor(self) -> np.ndarray:
        return np.linalg.cholesky(self._matrix)

    def values(self, u: np.ndarray) -> dict[str, tuple[Any, ...]]:
        """Turn uniforms into jointly normal values."""
        scores = special.ndtri(u)
        drawn = {}
        for row, key in enumerate(self.keys):
            shift = (scores[:, : row + 1] * self._factor[row, : row + 1]).sum(axis=1)
            drawn[key] = tuple(map(float, self._moved(row, shift)))
        return drawn

    def ends(self, share: float) -> list[dict[str, Any]]:
        """Each key at its quantile, the others at their mean given that."""
        score = float(special.ndtri(share))
        entries = []
        for row, column in enumerate(self._matrix.T):
            shift = score * column / np.sqrt(column[row])
            entries.append({k: float(self._moved(i, shift[i])) for i, k in enumerate(self.keys)})
        return entries

    def _moved(self, row: int, shift: Any) -> Any:
        return self.center[row] * np.exp(shift) if self.log else self.center[row] + shift


@dataclass(frozen=True, kw_only=True)
class BootstrapGroup:
    """Keys that are drawn as whole rows of a table, so that what ties them together stays.

    Examples
    --------
    >>> group = BootstrapGroup(keys=("a", "b"), columns=((1.0, 2.0), (10.0, 20.0)))
    >>> group.values(np.array([[0.1], [0.9]]))
    {'a': (1.0, 2.0), 'b': (10.0, 20.0)}
    """

    keys: tuple[str, ...]
    columns: tuple[tuple[float, ...], ...]
    name: str = ""
    dimensions: int = 1

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns}
        require(len(self.columns) == len(self.keys), "a bootstrap table needs a column a key")
        require(len(lengths) == 1, f"columns must have one length, got {sorted(lengths)}")
        require(min(lengths) > 1, "a bootstrap table needs two rows or more")
        require(bool(np.isfinite(self.columns).all()), "a bootstrap table must hold finite numbers")

    @cached_property
    def _order(self) -> np.ndarray:
        # sorted by its first column, so that uniforms near each other give rows near each other,
        # which is what a Latin hypercube or a Sobol sequence lives on
        return np.argsort(np.array(self.columns[0]), kind="stable")

    def values(self, u: np.ndarray) -> dict[str, tuple[Any, ...]]:
        """Take one row of the table for each uniform."""
        size = len(self._order)
        rows = self._order[np.minimum((u[:, 0] * size).astype(np.int64), size - 1)]
        return {
            key: tuple(map(float, np.array(column)[rows]))
            for key, column in zip(self.keys, self.columns, strict=True)
        }

    def ends(self, share: float) -> list[dict[str, Any]]:
        """Each key at its quantile, the others where a straight line through the rows puts them.

        A single row would carry along what is random in it. The others stay inside the table.
        """
        table = np.array(self.columns)
        middle, entries = table.mean(axis=1), []
        products = (table - middle[:, np.newaxis]) @ (table - middle[:, np.newaxis]).T
        for row, column in enumerate(table):
            shift = float(np.quantile(column, share)) - middle[row]
            slope = products[:, row] / products[row, row] if products[row, row] > 0 else 0.0
            values = np.clip(middle + slope * shift, table.min(axis=1), table.max(axis=1))
            entries.append(dict(zip(self.keys, map(float, values), strict=True)))
        return entries


Factor = Single | NormalGroup | BootstrapGroup  # uncertain parameters that are drawn together


def read_distribution(settings: Any) -> Distribution:
    """Read the distribution of an uncertain parameter; a Mistake has a line for each mistake."""
    require(isinstance(settings, Mapping), f"must be a distribution with a kind, got {settings!r}")
    distribution: Distribution = validated(Distribution, dict(settings))
    check_ends(distribution)
    return distribution


def draw_uniforms(
    factors: Sequence[Factor], draws: int, method: str, streams: Streams
) -> np.ndarray:
    """Draw uniforms for these factors, shape (draw, dimension).

    ``random`` looks them up by the factor's name and the draw's number, so 100 draws are the
    first 100 of 1,000; ``latin-hypercube`` puts one draw in each of as many equal slices of
    every dimension; ``sobol`` takes a scrambled sequence. None depends on the factors' order.

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21, 239-245; Owen (1998), ACM Trans. Model.
    Comput. Simul. 8, 71-102.
    """
    if method == "sobol":
        places = places_by_name(factors)
        return sobol_points(len(places), draws, streams.seed, "design/sobol")[:, places]
    columns = []
    for factor in factors:
        for dimension in range(factor.dimensions):
            name = f"design/{factor.name}/{dimension}"
            column = streams.uniforms(name, range(draws))
            if method == "latin-hypercube":
                places = streams.uniforms(f"{name}/place", range(draws))
                slices = np.argsort(places, kind="stable").astype(float)
                column = (slices + column) / draws
            columns.append(np.clip(column, SMALLEST, LARGEST_UNIFORM))
    return np.stack(columns, axis=1)


def places_by_name(factors: Sequence[Factor]) -> np.ndarray:
    """Dimension of a sequence that each column of these factors has: names in alphabetical order.

    Examples
    --------
    >>> from radsim.randomness.distributions.continuous import Uniform
    >>> b, a = (Single(name, Uniform(lower=0.0, upper=1.0)) for name in ("b", "a"))
    >>> places_by_name([b, a]).tolist()
    [1, 0]
    """
    ends = np.cumsum([factor.dimensions for factor in factors])
    columns = np.split(np.arange(ends[-1]), ends[:-1])
    order = sorted(range(len(factors)), key=lambda i: factors[i].name)
    return np.argsort(np.concatenate([columns[i] for i in order]))


def sobol_points(dimensions: int, points: int, seed: int, name: str) -> np.ndarray:
    """The first points of a scrambled Sobol sequence, shape (point, dimension).

    Any number of points may be taken; powers of two are the best balanced.
    """
    digest = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    engine = qmc.Sobol(
        dimensions, scramble=True, rng=np.random.default_rng(int.from_bytes(digest, "little"))
    )
    whole = 1 << max(points - 1, 0).bit_length()
    return engine.random(whole)[:points] + HALF_STEP


def draw_table(factors: Sequence[Factor], uniforms: np.ndarray) -> Table:
    """Turn uniforms into a table of parameters, one row a draw."""
    ends = np.cumsum([factor.dimensions for factor in factors])
    columns: dict[str, tuple[Any, ...]] = {}
    for factor, u in zip(factors, np.split(uniforms, ends[:-1], axis=1), strict=True):
        columns.update(factor.values(u))
    return Table(columns)
