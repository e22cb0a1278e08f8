"""Numbers that a file may hold, and their checks."""

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Annotated, Any, TypeGuard

import numpy as np
from pydantic import AfterValidator, Strict
from pydantic.types import AllowInfNan

from radsim.vocabulary.mistakes import require

SMALLEST, LARGEST = 1e-30, 1e30  # size of a number that means something, unless it is 0


def sizable(value: float) -> float:
    """Return a number that can be reckoned with; a ValueError refuses 1e300."""
    require(
        value == 0 or SMALLEST <= abs(value) <= LARGEST,
        f"must be 0, or of a size from {SMALLEST:g} to {LARGEST:g}, got {value:g}",
    )
    return value


# finite and of a size that means something, never text or a truth value
Real = Annotated[float, Strict(), AllowInfNan(False), AfterValidator(sizable)]
Count = Annotated[int, Strict()]  # a whole number, never 5.0
Truth = Annotated[bool, Strict()]  # true or false, never "yes" or 1
Parameter = Real | str  # a number shared by everyone, or the name of a cohort variable
NUMBERS = (Real, Real | None, Parameter, Parameter | None)  # types of fields that hold one


def is_number(value: Any) -> TypeGuard[float]:
    """Say whether a value of a file is a number; a truth value is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_whole(value: Any) -> TypeGuard[int]:
    """Say whether a value of a file is a whole number; a truth value is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_numbers(model: Any, positive: Iterable[str] = ()) -> None:
    """Refuse a number of a model that is not finite, or not above 0 where it has to be."""
    for name in number_fields(model.__class__):
        value = getattr(model, name)
        if value is None or isinstance(value, str):
            continue
        alone = type(value) is float
        if not (math.isfinite(value) if alone else np.all(np.isfinite(value))):
            raise ValueError(f"{name} must be a finite number, got {value}")
        if name in positive and not (value > 0 if alone else np.all(np.asarray(value) > 0)):
            raise ValueError(f"{name} must be above 0, got {value}")


def require_positive(model: Any, *names: str) -> None:
    """Refuse a setting that is not above 0, if it is given and does not name a variable."""
    for name in names:
        value = getattr(model, name)
        require(
            value is None or isinstance(value, str) or value > 0,
            f"{name} must be above 0, got {value}",
        )


@cache
def number_fields(kind: Any) -> tuple[str, ...]:
    """Fields of a class of models that hold a number."""
    return tuple(field.name for field in fields(kind) if field.type in NUMBERS)


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
        for field in fields(model)
        if field.type in (Parameter, Parameter | None)
        and isinstance(value := getattr(model, field.name), str)
    ]
