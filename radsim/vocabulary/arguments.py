"""What trial statistics ask of their arguments; each check says what was wanted and what came."""

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from radsim.vocabulary.words import nearest

LARGEST_COUNT = 1_000_000_000


def number(name: str, value: Any) -> float:
    """Return one finite number; a ValueError refuses text, a list and what is not finite.

    Examples
    --------
    >>> number("months", 12)
    12.0
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{name} must be one number, got {value!r}")
    if not np.isfinite(float(value)):
        raise ValueError(f"{name} must be a finite number, got {value}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """Return one finite number above 0."""
    return _that(number(name, value) > 0.0, name, value, "must be above 0")


def not_negative(name: str, value: Any) -> float:
    """Return one finite number of 0 or more."""
    return _that(number(name, value) >= 0.0, name, value, "must be 0 or more")


def probability(name: str, value: Any) -> float:
    """Return one number from 0 to 1, both included."""
    inside = 0.0 <= number(name, value) <= 1.0
    return _that(inside, name, value, "must lie between 0 and 1")


def open_probability(name: str, value: Any) -> float:
    """Return one number between 0 and 1, such as a level, a power or an alpha."""
    inside = 0.0 < number(name, value) < 1.0
    return _that(inside, name, value, "must lie between 0 and 1, neither included")


def count(name: str, value: Any, least: int = 0, most: int = LARGEST_COUNT) -> int:
    """Return one whole number that is not below another, and not more than can be handled.

    Examples
    --------
    >>> count("patients", 26.0, least=1)
    26
    """
    whole = number(name, value).is_integer() and value >= least
    _that(whole, name, value, f"must be a whole number from {least}")
    return int(_that(value <= most, name, value, f"must be at most {most}"))


def member(name: str, value: Any, names: Iterable[str]) -> str:
    """Return one of these names; else a ValueError says which was meant, or lists them.

    Examples
    --------
    >>> member("test", "fisher", ["fisher", "barnard"])
    'fisher'
    """
    names = list(names)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be one of {', '.join(names)}, got {value!r}")
    if value not in names:
        raise ValueError(f"no {name} {value!r}; {nearest(value, names)}")
    return value


def number_array(name: str, values: ArrayLike) -> np.ndarray:
    """Return an array of numbers; whether there are any, and are finite, is not asked.

    A ValueError refuses text, dates, masked values and rows of unequal length.

    Examples
    --------
    >>> number_array("time", [1, 2])
    array([1, 2])
    """
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise ValueError(f"{name} must hold numbers, got a masked value")
        values = values.filled()
    try:
        array = np.asarray(values)
    except ValueError:  # NumPy's own message shows neither the name nor the shape
        raise ValueError(f"{name} must be a table of numbers, got rows of unequal length") from None
    if array.dtype.kind in "biuf":
        return array
    held = array.ravel().tolist()  # plain Python values, which read better in a message
    if array.dtype.kind == "O":
        held = [v for v in held if isinstance(v, bool) or not isinstance(v, Real)]
    if held:
        raise ValueError(f"{name} must hold numbers, got {held[0]!r}")
    return array.astype(float)


def arrays_of_one_shape(**given: ArrayLike) -> list[np.ndarray]:
    """Return arrays of numbers, repeated to the shape that they have in common.

    A ValueError refuses one that holds no numbers, and shapes that don't fit each other.

    Examples
    --------
    >>> [a.tolist() for a in arrays_of_one_shape(x=[1, 2], n=22)]
    [[1.0, 2.0], [22.0, 22.0]]
    """
    arrays = {name: number_array(name, values).astype(float) for name, values in given.items()}
    for name, array in arrays.items():
        if array.size == 0:
            raise ValueError(f"{name} must hold at least one number, got none")
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ValueError(f"arrays must have one shape or fit each other, got {shapes}") from None


def _that(holds: bool, name: str, value: Any, wanted: str) -> float:
    if not holds:
        raise ValueError(f"{name} {wanted}, got {value}")
    return float(value)
