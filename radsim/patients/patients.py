"""Values of patients, looked up by the name of a variable."""

import numpy as np
import xarray as xr

from radsim.vocabulary.cohort_variables import LABELS
from radsim.vocabulary.numbers import Parameter
from radsim.vocabulary.words import nearest

NOBODY = xr.Dataset()  # where no parameter is looked up and no covariate is other than usual


def value_of(parameter: Parameter, patients: xr.Dataset) -> float | np.ndarray:
    """Look a model parameter up; a number stands for itself.

    Raises
    ------
    ValueError
        If the patients lack the variable that it names.
    """
    return numbers_of(parameter, patients) if isinstance(parameter, str) else parameter


def numbers_of(name: str, patients: xr.Dataset) -> np.ndarray:
    """Numbers of a variable of the patients, shape (patient,).

    Raises
    ------
    ValueError
        If they lack it, or it holds labels.
    """
    if name not in patients:
        there = f"; there are: {', '.join(map(str, patients))}" if patients else ""
        raise ValueError(f"needs the variable {name!r} of the patients{there}")
    if "labels" in patients[name].attrs:
        raise ValueError(f"the variable {name!r} holds labels; a model needs numbers")
    return patients[name].values


def is_label(patients: xr.Dataset, name: str, wanted: str) -> np.ndarray:
    """Say for each patient whether a categorical variable has this label, shape (patient,).

    Categorical variables hold codes; ``attrs["labels"]`` lists what they stand for. A label
    that the vocabulary knows but this cohort does not use is nobody's.
    """
    labels = list(patients[name].attrs["labels"])
    if wanted in labels:
        return patients[name].values == labels.index(wanted)
    if wanted not in LABELS.get(name, ()):
        raise KeyError(f"{name} has no label {wanted!r}; {nearest(wanted, labels)}")
    return np.zeros(patients.sizes["patient"], dtype=bool)


def has_label(patients: xr.Dataset, name: str, wanted: str) -> np.ndarray:
    """Say for each patient whether a variable has this label, shape (patient,).

    Unlike `is_label` it also reads numbers, ``"1"`` for 1, and a label that this cohort does
    not use is nobody's.
    """
    labels = patients[name].attrs.get("labels")
    if labels is None:
        return patients[name].values == float(wanted)
    if wanted not in labels:
        return np.zeros(patients.sizes["patient"], dtype=bool)
    return patients[name].values == list(labels).index(wanted)
