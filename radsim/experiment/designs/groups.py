"""Groups of uncertain parameters in an experiment file: by covariance, or by a bootstrap table."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path, PurePath
from typing import Any

from radsim.experiment.designs.draws import BootstrapGroup, NormalGroup
from radsim.vocabulary.csv_tables import CsvTable, parse_table, read_table
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.words import nearest

GROUP_KEYS = ("center", "columns", "covariance", "keys", "log", "name", "rows", "table")


def read_group(settings: Any) -> NormalGroup | BootstrapGroup:
    """Read a correlated group, by covariance or by the rows of a bootstrap table."""
    require(isinstance(settings, Mapping), f"must be a table, got {settings!r}")
    keys = settings.get("keys")
    require(
        isinstance(keys, (list, tuple)) and len(keys) > 1 and all(isinstance(k, str) for k in keys),
        f"needs keys, a list of two or more, got {keys!r}",
    )
    require(len(set(keys)) == len(keys), "names a key twice")
    name = settings.get("name", " + ".join(keys))
    for key in settings:
        require(key in GROUP_KEYS, f"unknown key {key}; {nearest(key, GROUP_KEYS)}")
    if "covariance" in settings:
        require("center" in settings, "needs center beside covariance")
        center = _numbers("center", settings["center"], len(keys))
        matrix = settings["covariance"]
        require(
            isinstance(matrix, (list, tuple)) and len(matrix) == len(keys),
            f"covariance must be {len(keys)} by {len(keys)}, got {matrix!r}",
        )
        covariance = tuple(_numbers("a row of covariance", row, len(keys)) for row in matrix)
        log = settings.get("log", False)
        require(isinstance(log, bool), f"log must be true or false, got {log!r}")
        return NormalGroup(
            keys=tuple(keys), center=center, covariance=covariance,
            log=log, name=name,
        )  # fmt: skip
    require("rows" in settings, "needs covariance, or table with the rows of a bootstrap")
    rows = settings["rows"]
    return BootstrapGroup(keys=tuple(keys), columns=tuple(tuple(c) for c in rows), name=name)


def _numbers(name: str, values: Any, size: int) -> tuple[float, ...]:
    """Check that a value is a list of so many numbers."""
    numbers = isinstance(values, (list, tuple)) and all(map(is_number, values))
    require(numbers and len(values) == size, f"{name} must be {size} numbers, got {values!r}")
    return tuple(map(float, values))


def read_in_tables(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Put the numbers of bootstrap tables in the place of their names.

    ``table`` is the path of a CSV beside the experiment file, or the name of one that radsim
    ships; ``columns`` names its column for each key, otherwise the last part of the key. A
    ValueError says if there is no such file or column, or a cell is no number.
    """
    changed = dict(settings)
    for section in ("uncertainty", "sensitivity"):
        table = changed.get(section)
        if isinstance(table, Mapping) and isinstance(table.get("groups"), (list, tuple)):
            read = [
                _with_rows(group, folder, f"{section}.groups[{index}]")
                for index, group in enumerate(table["groups"])
            ]
            changed[section] = {**table, "groups": read}
    return changed


def _with_rows(group: Any, folder: Path, where: str) -> Any:
    if not isinstance(group, Mapping) or "table" not in group or "rows" in group:
        return group
    keys = group.get("keys", [])
    if not isinstance(keys, (list, tuple)):
        return group  # which `read_group` says
    names = group.get("columns", keys)
    if not isinstance(names, (list, tuple)) or len(names) != len(keys):
        raise ValueError(f"{where}.columns: must name a column for each key, got {names!r}")
    try:
        columns = _columns(_open_table(str(group["table"]), folder), [str(name) for name in names])
    except ValueError as error:
        lines = str(error).splitlines()
        raise ValueError("\n".join(f"{where}.table: {line}" for line in lines)) from None
    return {**group, "rows": columns}


def _ends(key: str) -> list[str]:
    """Give the ends of a dotted key, the longest first."""
    parts = key.split(".")
    return [".".join(parts[first:]) for first in range(len(parts))]


def _columns(table: CsvTable, names: list[str]) -> list[list[float]]:
    """Read some columns of numbers.

    A column may be called by the end of a key: ``tcp.onset.exponent`` by ``onset.exponent``, or by
    ``exponent`` where there is no such column.
    """
    header = table.headings
    names = [next((end for end in _ends(name) if end in header), _ends(name)[-1]) for name in names]
    for name in names:
        there = ", ".join(header) or "none"
        require(name in header, f"{table.name}: no column {name!r}; it has: {there}")
    return [list(table.numbers_in(name)) for name in names]


def is_shipped_table(name: Any) -> bool:
    """Say whether a name is that of a bootstrap table that radsim ships."""
    return name in _shipped_tables()


def _shipped_tables() -> dict[str, Any]:
    folder = resources.files("radsim.presets") / "bootstrap"
    files = {PurePath(file.name): file for file in folder.iterdir()}
    return {name.stem: file for name, file in sorted(files.items()) if name.suffix == ".csv"}


def _open_table(name: str, folder: Path) -> CsvTable:
    shipped = _shipped_tables()
    if name in shipped:
        return parse_table(shipped[name].read_text(encoding="utf-8"), name)
    path, known = folder / name, ", ".join(shipped)
    require(path.is_file(), f"{name}: no such table; a CSV file beside this one, or: {known}")
    return read_table(path)
