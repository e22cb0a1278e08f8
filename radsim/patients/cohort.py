"""Patients: one named variable for each thing that differs between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import special

from radsim.patients.following import Following, following_in, with_following
from radsim.patients.patients import Patients
from radsim.randomness.distributions.composed import TAIL, Distribution, check_ends
from radsim.randomness.distributions.discrete import Categorical
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.cohort_variables import COHORT, LABELS
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.words import nearest

NUMBERS = frozenset(name for name, known in COHORT.items() if known.is_number)  # of a known range
QUANTILES = np.array([TAIL, *np.linspace(0.0, 1.0, 257)[1:-1], 1.0 - TAIL])  # that are looked at


@dataclass(frozen=True, kw_only=True)
class CohortVariable:
    """One variable: how it is distributed, what it means and where that comes from."""

    distribution: Distribution
    units: str
    meaning: str
    source: str = ""

    def __post_init__(self) -> None:
        check_ends(self.distribution)


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Correlation of two variables, of their normal scores (Gaussian copula).

    Attributes
    ----------
    between
        Two names of variables.
    rho
        Correlation of the normal scores, in (-1, 1).
    """

    between: tuple[str, str]
    rho: Real

    def __post_init__(self) -> None:
        require(self.between[0] != self.between[1], f"between must name two, got {self.between}")
        require(-1 < self.rho < 1, f"rho must lie between -1 and 1, got {self.rho}")


@dataclass(frozen=True, kw_only=True)
class PatientTable:
    """Whole rows of a user's own patients, so that real correlations stay.

    Attributes
    ----------
    columns
        Values by variable, text for categorical ones; all of one length.
    rows
        ``resample`` draws a row for each patient, with replacement; ``as-is`` takes row i for
        patient i, and begins again behind the last one.
    lacking
        Variables that only some of the rows have a value of, so that nobody has them here.
    """

    columns: dict[str, tuple[Real | str, ...]]
    rows: Literal["resample", "as-is"] = "resample"
    lacking: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(values) for values in self.columns.values()}
        require(len(self.columns) > 0, "no column of the table is a known or declared variable")
        require(len(lengths) == 1, f"columns must have one length, got {sorted(lengths)}")
        require(lengths != {0}, "the table has no rows")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @property
    def is_taken(self) -> bool:
        """Say whether its patients are taken as they are, none of them drawn."""
        return self.rows == "as-is"


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """The patients of an experiment.

    Attributes
    ----------
    variables
        Variables that are drawn, by name.
    correlations
        Pairs of variables that go together; other pairs are independent unless the pairs given
        say otherwise through a common partner.
    table
        Rows of real patients; its columns replace variables of the same name.
    """

    preset: str = ""
    variables: dict[str, CohortVariable] = field(default_factory=dict)
    correlations: tuple[Correlation, ...] = ()
    table: PatientTable | None = None

    def __post_init__(self) -> None:
        mistakes = list(self._mistakes())
        require(not mistakes, "\n".join(mistakes))

    def _mistakes(self) -> Iterator[str]:
        """Say what no patient can have, and which correlations there can't be."""
        for name, variable in self.variables.items():
            distribution = variable.distribution
            units = COHORT[name].units if name in COHORT else variable.units
            if variable.units != units:
                yield f"{name} is read in {units!r}, and its units are {variable.units!r}"
            if name in LABELS:
                if isinstance(distribution, Categorical):
                    yield from _unknown_labels(name, distribution.labels)
                else:
                    yield f"{name} must be categorical, got {distribution.kind}"
            elif isinstance(distribution, Categorical):
                if name in NUMBERS:
                    wanted = "0 or 1" if COHORT[name].is_yes_or_no else "a number"
                    yield f"{name} must be {wanted}, not a label"
            elif name in NUMBERS:
                yield from _impossible_numbers(name, distribution.ppf(QUANTILES))
        for name, values in self._columns.items():
            if name in LABELS:
                yield from _unknown_labels(name, sorted({str(value) for value in values}))
            elif name in NUMBERS:
                numbers = [value for value in values if not isinstance(value, str)]
                if len(numbers) < len(values):
                    yield f"table: {name} must be numbers"
                else:
                    yield from _impossible_numbers(name, np.array(numbers))
        undrawn = [n for pair in self.correlations for n in pair.between if n not in self.variables]
        for name in dict.fromkeys(undrawn):
            yield f"correlations: {name!r} is not drawn here; {nearest(name, self.variables)}"
        names = self._correlated
        if names and not undrawn and np.linalg.eigvalsh(self._matrix(names)).min() <= 1e-12:
            yield f"correlations of {', '.join(names)} are not positive definite together"

    @property
    def names(self) -> frozenset[str]:
        """All the variables that patients of this cohort have."""
        followed = (each.name for each in self.following)
        return frozenset((*self.variables, *self._columns, *followed))

    @cached_property
    def following(self) -> tuple[Following, ...]:
        """Variables that follow from those that are stated, in their order."""
        return following_in({*self.variables, *self._columns}, self._stated_labels)

    def labels(self, name: str) -> tuple[str, ...]:
        """Labels of a variable, in the order of their codes; none of one that holds numbers."""
        each = self._followed(name)
        return each.labels if each else self._stated_labels(name)

    def _stated_labels(self, name: str) -> tuple[str, ...]:
        if name in self.variables:
            return tuple(getattr(self.variables[name].distribution, "labels", ()))
        return _labels_in(self._columns.get(name, ()))

    def _followed(self, name: str) -> Following | None:
        return next((each for each in self.following if each.name == name), None)

    def ends(self, name: str) -> tuple[float, ...]:
        """Lowest and highest value of a variable, its tails aside; nothing for one of labels."""
        if each := self._followed(name):
            return each.ends
        if name in self.variables:
            distribution = self.variables[name].distribution
            if isinstance(distribution, Categorical):
                return ()
            return tuple(float(end) for end in distribution.ppf(np.array([TAIL, 1.0 - TAIL])))
        numbers = [value for value in self._columns.get(name, ()) if not isinstance(value, str)]
        return (min(numbers), max(numbers)) if numbers else ()

    @property
    def _columns(self) -> dict[str, tuple[Real | str, ...]]:
        return self.table.columns if self.table else {}

    @property
    def _correlated(self) -> list[str]:
        return sorted({name for pair in self.correlations for name in pair.between})

    def _matrix(self, names: list[str]) -> np.ndarray:
        matrix = np.eye(len(names))
        for pair in self.correlations:
            a, b = (names.index(name) for name in pair.between)
            matrix[a, b] = matrix[b, a] = pair.rho
        return matrix

    def uniforms(self, streams: UniformSource, patients: range) -> dict[str, np.ndarray]:
        """Draw the uniform number of each variable, correlated ones through a Gaussian copula."""
        drawn = {n: streams.uniforms(f"cohort/{n}", patients) for n in self.variables}
        names = self._correlated
        if names:
            factor = np.linalg.cholesky(self._matrix(names))
            scores = [special.ndtri(drawn[name]) for name in names]
            for row, name in enumerate(names):
                # a sum in a fixed order: a matrix product could depend on the number of patients
                score = factor[row, 0] * scores[0]
                for column in range(1, row + 1):
                    score = score + factor[row, column] * scores[column]
                drawn[name] = np.clip(special.ndtr(score), 2.0**-54, 1.0 - 2.0**-53)
        return drawn


def draw_cohort(cohort: Cohort, patients: range, streams: UniformSource) -> Patients:
    """Draw these patients, each variable from the stream of its own name.

    Categorical variables hold codes, with their labels; what follows from others is added.
    """
    columns: dict[str, np.ndarray] = {}
    labels: dict[str, tuple[str, ...]] = {}
    if cohort.table is not None:
        columns, labels = _draw_rows(cohort.table, patients, streams)
    for name, u in cohort.uniforms(streams, patients).items():
        distribution = cohort.variables[name].distribution
        columns[name] = distribution.ppf(u)
        labels.pop(name, None)
        if isinstance(distribution, Categorical):
            labels[name] = tuple(distribution.labels)
    return with_following(Patients(patients, columns, labels), cohort.following)


def _draw_rows(
    table: PatientTable, patients: range, streams: UniformSource
) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
    """Columns of whole rows, and the labels of those that hold codes."""
    if table.is_taken:
        rows = np.arange(patients.start, patients.stop) % len(table)
    else:
        u = streams.uniforms("cohort/table", patients)
        rows = np.minimum((u * len(table)).astype(np.int64), len(table) - 1)
    columns, labels = {}, {}
    for name, values in table.columns.items():
        if isinstance(values[0], str):
            labels[name] = _labels_in(values)
            codes = np.array([labels[name].index(str(value)) for value in values], dtype=np.int8)
            columns[name] = codes[rows]
        else:
            columns[name] = np.array(values, dtype=float)[rows]
    return columns, labels


def _labels_in(values: Iterable[Real | str]) -> tuple[str, ...]:
    """Labels of a column of a table; none of a column of numbers."""
    return tuple(sorted({value for value in values if isinstance(value, str)}))


def _impossible_numbers(name: str, values: np.ndarray) -> Iterator[str]:
    """Say which of the numbers of a variable no patient can have."""
    known, lowest, highest = COHORT[name], float(values.min()), float(values.max())
    if known.is_yes_or_no:
        if (other := values[~np.isin(values, (0.0, 1.0))]).size:
            share = '; a share of them is { kind = "bernoulli", probability = ... }'
            cure = share if 0 < other[0] < 1 else ""
            yield f"{name} must be 0 or 1 in each patient, got {other[0]:.4g}{cure}"
    elif known.above is not None and not lowest > known.above:
        yield f"{name} must be above {known.above:g}, got {lowest:.4g}"
    elif known.lowest is not None and not lowest >= known.lowest:
        yield f"{name} must not be negative, got {lowest:.4g}"
    elif known.highest is not None and highest > known.highest:
        yield f"{name} must be at most {known.highest:g}, got {highest:.4g}"


def _unknown_labels(name: str, used: Iterable[str]) -> Iterator[str]:
    for label in used:
        if label not in LABELS[name]:
            yield f"{name} has no label {label!r}; known: {', '.join(LABELS[name])}"
