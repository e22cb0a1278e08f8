"""The vocabulary: what each variable that leaves the package is called and measured in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, get_args

import numpy as np
import xarray as xr
from pydantic import Strict
from pydantic.types import AllowInfNan

Real = Annotated[
    float, Strict(), AllowInfNan(False)
]  # a finite number, never text or a truth value
Count = Annotated[int, Strict()]  # a whole number, never 5.0
Parameter = Real | str  # a number shared by everyone, or the name of a cohort variable
NUMBERS = (Real, Real | None, Parameter, Parameter | None)  # types of fields that hold one


NOBODY = xr.Dataset()  # where no parameter is looked up and no covariate is other than usual


@dataclass(frozen=True)
class Variable:
    """What one variable holds."""

    units: str
    meaning: str


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


def check_numbers(model: Any, positive: Iterable[str] = ()) -> None:
    """Refuse a number of a model that is not finite, or not above 0 where it has to be.

    Raises
    ------
    ValueError
        It names the field.
    """
    for one in fields(model):
        value = getattr(model, one.name)
        if one.type not in NUMBERS or value is None or isinstance(value, str):
            continue
        if not np.all(np.isfinite(value)):
            raise ValueError(f"{one.name} must be a finite number, got {value}")
        if one.name in positive and not np.all(np.asarray(value) > 0):
            raise ValueError(f"{one.name} must be above 0, got {value}")


def beside_parts(value: Any) -> Any:
    """Give a parameter an axis for the parts of a volume; a number stays what it is.

    A parameter has one number for each patient, shape (patient,), or for each draw of an
    uncertain one, shape (draw, 1). A DVH has one more axis, its last.

    Examples
    --------
    >>> beside_parts(np.array([[40.0], [50.0]])).shape, beside_parts(40.0)
    ((2, 1, 1), 40.0)
    """
    return np.asarray(value)[..., None] if np.ndim(value) else value


def named_parameters(model: object) -> list[str]:
    """List the cohort variables whose names stand in a model's parameters."""
    if not is_dataclass(model):
        return []
    return [
        value
        for one in fields(model)
        if one.type in (Parameter, Parameter | None)
        and isinstance(value := getattr(model, one.name), str)
    ]


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or list them all.

    Examples
    --------
    >>> nearest("fractoins", ["fractions", "boost"])
    "did you mean 'fractions'?"
    """
    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "nothing can be set here"


def members(union: Any) -> tuple[type, ...]:
    """List the classes of a tagged union.

    Examples
    --------
    >>> members(Annotated[int | str, "a tag"])
    (<class 'int'>, <class 'str'>)
    """
    inner = get_args(union)[0]
    return get_args(inner) or (inner,)


def kind_of(model: type) -> str:
    """Return what a file calls a class of models."""
    return str(next(one.default for one in fields(model) if one.name == "kind"))


def label(dataset: xr.Dataset, vocabulary: Mapping[str, Variable]) -> xr.Dataset:
    """Give every variable its units and meaning; one that the vocabulary lacks is an error.

    Attributes are set here, once, at the end of a computation, because arithmetic carries them
    along and would claim Gy for a comparison of doses.
    """
    for name, variable in dataset.data_vars.items():
        if name not in vocabulary:
            raise KeyError(f"{name} is not in the vocabulary")
        entry = vocabulary[str(name)]
        variable.attrs.update(units=entry.units, long_name=entry.meaning)
    return dataset


COHORT = {
    "age": Variable("years", "age at treatment"),
    "sex": Variable("1", "sex"),
    "ecog": Variable("1", "ECOG performance status"),
    "primary": Variable("1", "primary tumor"),
    "region": Variable("1", "spinal region of the treated segment"),
    "lumbar_level": Variable("1", "level of a lumbar segment"),
    "cord_present": Variable("1", "the spinal cord reaches the treated level"),
    "sins_class": Variable("1", "spinal instability neoplastic score, in classes"),
    "lesion_type": Variable("1", "radiographic type of the lesion"),
    "baseline_fracture": Variable("1", "vertebral fracture before treatment, by loss of height"),
    "body_involved_over_half": Variable("1", "more than half of the vertebral body involved"),
    "malalignment": Variable("1", "spinal malalignment"),
    "bilsky": Variable("1", "epidural extension, Bilsky grade"),
    "paraspinal": Variable("1", "the tumor extends beside the spine"),
    "gtv_volume": Variable("cm3", "gross tumor volume"),
    "ptv_volume": Variable("cm3", "volume of PTV_Eval"),
    "sites": Variable("1", "number of treated sites"),
    "pain_medication": Variable("1", "takes pain medication"),
    "prior_interval": Variable("months", "time since the first course"),
    "prior_technique": Variable("1", "technique of the first course"),
}

POSITIVE = ("gtv_volume", "ptv_volume")
NOT_NEGATIVE = ("age", "prior_interval")
YES_OR_NO = ("cord_present", "body_involved_over_half", "malalignment", "pain_medication")

ESTIMATES = (  # the variables of a result, in the order in which they are reported
    "local_control_net",
    "local_failure_cumulative_incidence",
    "vcf_net",
    "vcf_cumulative_incidence",
    "myelopathy_net",
    "myelopathy_cumulative_incidence",
    "survival_alive",
    "complication_free_control_net",
    "complication_free_control_alive",
)

OWN_NAMES = (  # of dimensions and of what is computed; a cohort can't have variables so named
    "patient", "arm", "months", "control_model", "myelopathy_model", "prescription",
    "gtv_distance", "source_distance", "plans_tried", "plan_eligible", "limits_met",
    "prior_recovery",
)  # fmt: skip
OWN_ENDINGS = ("_planned", "_delivered", "_eqd2", "_net", "_alive")
OWN_BEGINNINGS = ("time_to_", "meets_")

LABELS: dict[str, tuple[str, ...]] = {  # what the models and the dose step know how to read
    "region": ("cervical", "thoracic", "lumbar", "sacrum"),
    "lumbar_level": ("L1", "L2", "L3", "L4", "L5"),
    "lesion_type": ("lytic", "mixed", "blastic"),
    "baseline_fracture": ("none", "below_half", "half_or_more"),
    "bilsky": ("0", "1a", "1b", "1c", "2", "3"),
}


def is_own_name(name: str) -> bool:
    """Say whether the package gives this name to something that it computes.

    Examples
    --------
    >>> is_own_name("time_to_death"), is_own_name("age")
    (True, False)
    """
    return name in OWN_NAMES or name.endswith(OWN_ENDINGS) or name.startswith(OWN_BEGINNINGS)


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
