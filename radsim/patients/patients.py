"""Patients: one column for each thing that differs between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from radsim.vocabulary.cohort_variables import LABELS
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter
from radsim.vocabulary.structures import Structure, structure_named
from radsim.vocabulary.words import nearest

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Patients:
    """A run of patients.

    Attributes
    ----------
    numbers
        Which patients these are; the luck of each is looked up by its number.
    columns
        What differs between them, by the name of a cohort variable and in its units, shape
        (patient,), or (draw, 1) for an uncertain value that is the same for all.
    labels
        Of the columns that hold codes: what each code stands for.
    organs
        Structures of an experiment's own, by name; who has them is as it says.

    Examples
    --------
    >>> patients = Patients.of({"age": [50.0, 70.0], "sex": [0, 1]}, labels={"sex": ("f", "m")})
    >>> len(patients), patients["age"].tolist(), patients.has("sex", "m").tolist()
    (2, [50.0, 70.0], [False, True])
    """

    numbers: range
    columns: Mapping[str, np.ndarray]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    organs: Mapping[str, Structure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            require(
                column.ndim == 0 or column.shape[-1] in (1, len(self.numbers)),
                f"{name} must have a value for each of {len(self.numbers)} patients, "
                f"got shape {column.shape}",
            )

    @classmethod
    def of(
        cls, columns: Mapping[str, Any], labels: Mapping[str, tuple[str, ...]] | None = None
    ) -> Patients:
        """Take columns of any numbers as patients that count from 0.

        Examples
        --------
        >>> Patients.of({"gtv_volume": [9.5, 20.0, 14.0]}).numbers
        range(0, 3)
        """
        arrays = {name: np.asarray(column) for name, column in columns.items()}
        count = max((array.shape[-1] for array in arrays.values() if array.ndim), default=0)
        return cls(range(count), arrays, labels or {})

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise KeyError(f"the patients have no {name!r}; {nearest(name, self.columns)}")
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return len(self.numbers)

    def with_columns(
        self, columns: Mapping[str, Any], labels: Mapping[str, tuple[str, ...]] | None = None
    ) -> Patients:
        """Return the same patients with further columns, or other ones of the same name."""
        added = {name: np.asarray(column) for name, column in columns.items()}
        named = {**self.labels, **(labels or {})}
        return replace(self, columns={**self.columns, **added}, labels=named)

    def with_organs(self, organs: Mapping[str, Structure]) -> Patients:
        """Return the same patients, with structures of an experiment's own."""
        return replace(self, organs=organs)

    def numbers_of(self, name: str) -> np.ndarray:
        """Return the numbers of a column, shape (patient,).

        Raises
        ------
        ValueError
            If the patients lack it, or it holds labels.
        """
        if name not in self.columns:
            there = f"; there are: {', '.join(self.columns)}" if self.columns else ""
            raise ValueError(f"needs the variable {name!r} of the patients{there}")
        if name in self.labels:
            raise ValueError(f"the variable {name!r} holds labels; a model needs numbers")
        return self.columns[name]

    def value_of(self, parameter: Parameter) -> float | np.ndarray:
        """Look a model parameter up; a number stands for itself.

        Examples
        --------
        >>> NOBODY.value_of(3.0)
        3.0

        Raises
        ------
        ValueError
            If the patients lack the variable that it names.
        """
        return self.numbers_of(parameter) if isinstance(parameter, str) else parameter

    def has(self, name: str, label: str) -> np.ndarray:
        """Say for each patient whether a variable has this label, shape (patient,).

        Numbers are read too, ``"1"`` for 1. A label that this cohort does not use is nobody's.

        Raises
        ------
        KeyError
            If the vocabulary lists the labels of the variable, and this is none of them.
        """
        labels = self.labels.get(name)
        if labels is None:
            return self[name] == float(label)
        if label in labels:
            return self[name] == labels.index(label)
        if name in LABELS and label not in LABELS[name]:
            raise KeyError(f"{name} has no label {label!r}; {nearest(label, labels)}")
        return np.zeros(len(self), dtype=bool)

    def have(self, where: Mapping[str, Sequence[str]]) -> np.ndarray:
        """Say for each patient whether it has one of the labels of each variable.

        Examples
        --------
        >>> Patients.of({"mass": [0, 1]}).have({"mass": ("1", "2")}).tolist()
        [False, True]
        """
        member = np.ones(len(self), dtype=bool)
        for variable, labels in where.items():
            member &= reduce(np.logical_or, (self.has(variable, label) for label in labels))
        return member

    def with_structure(self, structure: str | Structure) -> np.ndarray:
        """Say for each patient whether it has a structure, shape (patient,).

        Examples
        --------
        >>> patients = Patients.of({"cord_present": [1.0, 0.0]})
        >>> patients.with_structure("spinal_cord").tolist()
        [True, False]
        >>> patients.with_structure("thecal_sac").tolist()
        [True, True]
        """
        known = structure
        if isinstance(known, str):
            known = self.organs.get(known) or structure_named(known)
        present = self[known.exists] > 0 if known.exists else np.ones(len(self), dtype=bool)
        if known.regions:
            present &= self.have({"region": known.regions})
        return present


DIMS = (("patient",), ("draw",), ("draw", "patient"))  # that a variable may have
NOBODY = Patients(range(0), {})  # where no parameter is looked up, no covariate other than usual


def as_patients(dataset: xr.Dataset) -> Patients:
    """Take the cohort variables of a Dataset as patients, the only way in for a Dataset.

    Variables have dim ``patient``, ``draw`` or both in this order: ``draw``, ``patient``;
    ``attrs["labels"]`` lists what the codes of a categorical one stand for. The coordinate
    ``patient`` numbers them, from 0 unless given.

    Raises
    ------
    ValueError
        If the patients do not count up by 1, or a variable has other dims.

    Examples
    --------
    >>> import xarray as xr
    >>> as_patients(xr.Dataset({"age": ("patient", [50.0, 70.0])}))["age"].tolist()
    [50.0, 70.0]
    """
    columns = {}
    for name, variable in dataset.data_vars.items():
        require(
            variable.dims in ((), *DIMS),
            f"{name} must have the dim patient, draw, or draw and patient, got {variable.dims}",
        )
        single = variable.dims == ("draw",)
        columns[str(name)] = variable.values[:, np.newaxis] if single else variable.values
    labels = {
        str(name): tuple(map(str, variable.attrs["labels"]))
        for name, variable in dataset.data_vars.items()
        if "labels" in variable.attrs
    }
    if "patient" not in dataset.coords:
        return Patients(range(dataset.sizes.get("patient", 0)), columns, labels)
    numbers = dataset["patient"].values
    if numbers.size == 0:
        return Patients(range(0), columns, labels)
    start = int(numbers[0])
    counted = range(start, start + numbers.size)
    require(
        bool(np.array_equal(numbers, counted)),
        f"patient must count up by 1, got {start} to {numbers[-1]}",
    )
    return Patients(counted, columns, labels)


def to_dataset(patients: Patients) -> xr.Dataset:
    """Return patients as a Dataset, with dim ``patient`` and labels in ``attrs["labels"]``.

    Examples
    --------
    >>> to_dataset(Patients.of({"age": [50.0, 70.0]}))["age"].dims
    ('patient',)
    """
    import xarray as xr

    def variable(name: str, column: np.ndarray) -> tuple:
        attrs = {"labels": list(patients.labels[name])} if name in patients.labels else {}
        if column.ndim == 2 and column.shape[-1] == 1:
            return ("draw", column[:, 0], attrs)
        return (("draw", "patient")[2 - column.ndim :], column, attrs)

    return xr.Dataset(
        {name: variable(name, column) for name, column in patients.columns.items()},
        coords={"patient": np.arange(patients.numbers.start, patients.numbers.stop)},
    )
