"""The vocabulary: what each variable that leaves the package is called and measured in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Variable:
    """What one variable holds."""

    units: str
    meaning: str


def closest(name: str, names: Iterable[str]) -> str:
    """Give the one of these names that is spelled most alike, nothing where none is.

    Examples
    --------
    >>> closest("fractoins", ["fractions", "boost"]), closest("x", ["fractions"])
    ('fractions', '')
    """
    return next(iter(get_close_matches(name, list(names), n=1, cutoff=0.6)), "")


def nearest(name: str, names: Iterable[str]) -> str:
    """Say which of these names was probably meant, or list them all.

    Examples
    --------
    >>> nearest("fractoins", ["fractions", "boost"])
    "did you mean 'fractions'?"
    """
    names = list(names)
    if close := closest(name, names):
        return f"did you mean {close!r}?"
    return f"known: {', '.join(names)}" if names else "nothing can be set here"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["3", "6", "12"])
    '3, 6 and 12'
    """
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def label(dataset: "xr.Dataset", vocabulary: Mapping[str, Variable]) -> "xr.Dataset":
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
