"""The values of a swept key, as an experiment file lists them."""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from radsim.experiment.designs.keys import label_of
from radsim.experiment.designs.tables import Values
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number, sizable
from radsim.vocabulary.words import nearest

LARGEST_RANGE = 200_000  # values that a range may stand for
STEP_SLACK = 1e-9  # of a step: a range that ends here ends on a value


def check_value(value: Any) -> Any:
    """Check that a value can be set: nothing that is not finite."""
    if isinstance(value, float):
        require(math.isfinite(value), f"must hold finite numbers, got {value}")
        sizable(value)
    entries = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, (Mapping, list, tuple)):
        for entry in entries:
            check_value(entry)
    return value


def listed_values(value: Any, fewest: int = 2, repeat: bool = False) -> tuple[Any, ...]:
    """Values of a key, from a list or a range; a value may repeat in lists that go together.

    A ValueError says if there are too few for a list, one comes twice, or one is not finite.

    Examples
    --------
    >>> listed_values({"from": 35, "to": 45, "step": 5})
    (35.0, 40.0, 45.0)
    """
    if isinstance(value, Mapping):
        require("from" in value or "to" in value, "must be a list or a range, such as [3, 6, 10]")
        listed = spread_range(value)
    else:
        is_list = isinstance(value, (list, tuple))
        require(is_list, f"must be a list of values or a range, got {value!r}")
        listed = tuple(map(check_value, value))
    require(len(listed) > 0, "must not be empty")
    labels = [label_of(entry) for entry in listed]
    require(
        len(listed) >= fewest,
        f"one value is no sweep; set the key to {labels[0]} in its section instead",
    )
    twice = repeated(labels)
    require(repeat or twice is None, f"holds {twice} twice")
    numbers = [isinstance(label, float) for label in labels]
    require(all(numbers) or not any(numbers), "must be all numbers or none")
    return listed


def repeated(labels: Sequence[Any]) -> Any:
    """Give the first label that came before; None if each comes once."""
    seen = set()
    for label in labels:
        if label in seen:
            return label
        seen.add(label)
    return None


def keys_together(zipped: Any, keys: list[str]) -> list[list[str]]:
    """Which of the swept keys go together: ``true`` for all, or a list of lists."""
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


def spread_range(settings: Mapping[str, Any]) -> Values:
    """Values of a range ``{ from, to, step }`` or ``{ from, to, count }``, ends included.

    ``spacing = "log"`` with ``count`` gives equal ratios. A ValueError says if a key is missing or
    unknown, a number is not finite, or nothing lies between.

    Examples
    --------
    >>> spread_range({"from": 35, "to": 50, "step": 5})
    (35.0, 40.0, 45.0, 50.0)
    >>> spread_range({"from": 1, "to": 100, "count": 3, "spacing": "log"})
    (1.0, 10.0, 100.0)
    """
    unknown = set(settings) - {"from", "to", "step", "count", "spacing"}
    require(not unknown, f"unknown key {', '.join(sorted(unknown))}; a range has from, to, step")
    require("from" in settings and "to" in settings, "a range needs from and to")
    require(("step" in settings) != ("count" in settings), "a range needs step or count")
    for name in ("from", "to", "step", "count"):
        value = settings.get(name, 0)
        finite = is_number(value) and abs(value) <= sys.float_info.max
        require(finite, f"{name} must be a finite number, got {value!r}")
    first, last = float(settings["from"]), float(settings["to"])
    require(first < last, f"from must be below to, got {first:g} and {last:g}")
    spacing = settings.get("spacing", "linear")
    require(spacing in ("linear", "log"), f'spacing must be "linear" or "log", got {spacing!r}')
    if "count" in settings:
        count = settings["count"]
        require(isinstance(count, int) and count > 0, f"count must be a whole number, got {count}")
        require(count <= LARGEST_RANGE, f"count must be at most {LARGEST_RANGE:,}, got {count:,}")
        if count == 1:
            return (first,)
        log = spacing == "log"
        require(first > 0 or not log, f"from must be above 0 for spacing in ratios, got {first:g}")
        return tuple(map(_as_written, (np.geomspace if log else np.linspace)(first, last, count)))
    require(spacing == "linear", 'spacing "log" goes with count, not with step')
    step = float(settings["step"])
    require(step > 0, f"step must be above 0, got {step:g}")
    steps = (last - first) / step
    require(steps < LARGEST_RANGE, f"step of {step:g} makes {steps:,.0f} values")
    return tuple(_as_written(first + step * i) for i in range(int(steps + STEP_SLACK) + 1))


def _as_written(value: float) -> float:
    """Round to the digits that a person writes, so that a label can be asked for."""
    return float(f"{value:.12g}")
