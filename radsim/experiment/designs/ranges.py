"""The values of a swept key, as an experiment file lists them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from radsim.experiment.designs.tables import label_of, spread_range
from radsim.randomness.distributions.composed import require
from radsim.vocabulary.words import nearest


def check_value(value: Any) -> Any:
    """Check that a value can be set: nothing that is not finite."""
    if isinstance(value, float):
        require(math.isfinite(value), f"must hold finite numbers, got {value}")
    if isinstance(value, Mapping):
        for below in value.values():
            check_value(below)
    if isinstance(value, (list, tuple)):
        for below in value:
            check_value(below)
    return value


def listed_values(value: Any, fewest: int = 2, repeat: bool = False) -> tuple[Any, ...]:
    """Values of a key, from a list or a range.

    Parameters
    ----------
    fewest
        That are worth a list.
    repeat
        Whether a value may come twice, as in lists that go together.

    Raises
    ------
    ValueError
        If there are too few, one comes twice, or one is not finite.

    Examples
    --------
    >>> listed_values({"from": 35, "to": 45, "step": 5})
    (35.0, 40.0, 45.0)
    """
    if isinstance(value, Mapping):
        require("from" in value or "to" in value, "must be a list or a range, such as [3, 6, 10]")
        listed = spread_range(value)
    else:
        require(
            isinstance(value, (list, tuple)), f"must be a list of values or a range, got {value!r}"
        )
        listed = tuple(check_value(entry) for entry in value)
    require(len(listed) > 0, "must not be empty")
    if len(listed) < fewest:
        raise ValueError(
            f"one value is no sweep; set the key to {label_of(listed[0])} in its section instead"
        )
    labels = [label_of(entry) for entry in listed]
    twice = repeated(labels)
    require(repeat or twice is None, f"holds {twice} twice")
    numbers = [isinstance(label, float) for label in labels]
    require(all(numbers) or not any(numbers), "must be all numbers or none")
    return listed


def repeated(labels: Sequence[Any]) -> Any:
    """Give the first label that came before; None if each comes once.

    Examples
    --------
    >>> repeated(["a", "b", "a"])
    'a'
    """
    seen = set()
    for label in labels:
        if label in seen:
            return label
        seen.add(label)
    return None


def keys_together(zipped: Any, keys: list[str]) -> list[list[str]]:
    """Keys that go together: ``true`` for all, or a list of lists.

    Parameters
    ----------
    keys
        Every key that is swept.
    """
    if zipped is True:
        require(len(keys) > 1, "needs two keys or more")
        return [keys]
    if zipped is False:
        return []
    require(
        isinstance(zipped, (list, tuple)) and all(isinstance(g, (list, tuple)) for g in zipped),
        f'must be true or lists of keys, such as [["a", "b"]], got {zipped!r}',
    )
    seen: set[str] = set()
    groups = []
    for group in zipped:
        require(len(group) > 1, f"needs two keys or more, got {list(group)}")
        for key in group:
            require(key in keys, f"{key!r} is not swept; {nearest(str(key), keys)}")
            require(key not in seen, f"{key!r} stands in it twice")
            seen.add(key)
        groups.append(sorted(group, key=keys.index))
    return groups
