"""Settings of a trial over listed values: every combination is a trial of its own."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from radsim.vocabulary.mistakes import require

MOST_POINTS = 500  # trials that a sweep may make of one
NOT_SWEPT = ("scenarios", "sweep", "trials", "uncertainty")
UNNAMEABLE = re.compile(r"[^\w.-]+")  # what no name of a file holds


def check_sweep(sweep: Mapping[str, Sequence[Any]]) -> None:
    """Raise ValueError for a key that is not swept, or for lists that are none."""
    for key, values in sweep.items():
        first = key.partition(".")[0]
        require(first not in NOT_SWEPT, f"sweep.{key}: can't be swept")
        require(len(values) > 1, f"sweep.{key}: needs two values or more; else set the key itself")
        texts = [str(value) for value in values]
        require(len(set(texts)) == len(texts), f"sweep.{key}: holds a value twice")
    points = math.prod(len(values) for values in sweep.values())
    require(points <= MOST_POINTS, f"sweep: makes {points:,} trials, of at most {MOST_POINTS}")


def points_of(sweep: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every combination of swept values with a name; one without any where nothing is swept.

    Examples
    --------
    >>> dict(points_of({"patients": [100, 200]}))
    {'patients_100': {'patients': 100}, 'patients_200': {'patients': 200}}
    """
    lasts = [key.rpartition(".")[2] for key in sweep]
    short = {
        key: last if lasts.count(last) == 1 else key.replace(".", "_")
        for key, last in zip(sweep, lasts, strict=True)
    }
    for values in product(*sweep.values()):
        point = dict(zip(sweep, values, strict=True))
        yield "_".join(f"{short[key]}_{_label(value)}" for key, value in point.items()), point


def laid_over(base: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Give the change of a section that sets one dotted key, its neighbors below a table with it.

    Examples
    --------
    >>> base = {"design": {"accrual": {"kind": "uniform", "months": 12}}}
    >>> laid_over(base, "design.accrual.months", 6)
    {'design': {'accrual': {'kind': 'uniform', 'months': 6}}}
    """
    first, _, rest = key.partition(".")
    if not rest:
        return {first: value}
    below = base.get(first)
    several = isinstance(below, list | tuple)
    require(not several, f"sweep.{key}: there are several; list what {first} is instead")
    second, _, deeper = rest.partition(".")
    if not deeper:
        return {first: {second: value}}
    inner = below.get(second) if isinstance(below, Mapping) else None
    inner = dict(inner) if isinstance(inner, Mapping) else {}
    return {first: {second: {**inner, **laid_over(inner, deeper, value)}}}


def idle_keys(
    laid: Mapping[str, Any], swept: Mapping[str, Any], changes: Mapping[str, Any], scenario: str
) -> Iterator[str]:
    """Name swept keys, and keys of a scenario below a sweep, that the laid-over section lacks.

    Examples
    --------
    >>> laid = {"patients": 80, "control": {"failure_hazard": 0.02}}
    >>> list(idle_keys(laid, {"control.control": 0.7, "patients": 80}, {"patients": 60}, "few"))
    ['sweep.control.control', 'scenarios.few.patients']
    """
    for key, value in swept.items():
        if _read(laid, key.split(".")) != value:
            yield f"sweep.{key}"
    for path, value in _leaves(changes):
        if swept and path[0] != "uncertainty" and _read(laid, path) != value:
            yield ".".join(("scenarios", scenario, *path))


def _read(table: Any, path: Sequence[str]) -> Any:
    """What a section holds at a key; None where it holds nothing."""
    for part in path:
        table = table.get(part) if isinstance(table, Mapping) else None
    return table


def _leaves(table: Mapping[str, Any], *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, *above, key)
        else:
            yield (*above, key), value


def _label(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return UNNAMEABLE.sub("-", text)


def still_uncertain(uncertainty: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what changes of a section state themselves: a value, or another uncertainty.

    Examples
    --------
    >>> still_uncertain({"both.control": 1}, {"control": {"control": 0.7}})
    {'experimental.control': 1}
    """
    kept: dict[str, Any] = {}
    anew = changes.get("uncertainty", {})
    for key, law in uncertainty.items():
        role, _, name = key.partition(".")
        roles = ("control", "experimental") if role == "both" else (role,)
        drawn = [r for r in roles if f"{r}.{name}" in anew or f"both.{name}" in anew]
        free = [r for r in roles if r not in drawn and not _states(changes.get(r), name)]
        if len(free) == len(roles):
            kept[key] = law
        else:
            kept |= {f"{r}.{name}": law for r in free}
    return kept


def _states(arm: Any, name: str) -> bool:
    return isinstance(arm, Mapping) and name in arm
