"""Tables of patients: columns of a CSV file as cohort variables."""

import csv
import io
from pathlib import Path

import numpy as np

from radsim.vocabulary.cohort_variables import LABELS
from radsim.vocabulary.files import text_of
from radsim.vocabulary.mistakes import require, short
from radsim.vocabulary.texts import unprintable
from radsim.vocabulary.words import nearest


def read_table(path: Path) -> dict[str, tuple[float | str, ...]]:
    """Read a CSV of patients, one row each; a column is numbers, or text where any cell is none.

    Raises
    ------
    ValueError
        If the file can't be read, or a row lacks a cell.
    """
    names, rows = _rows(path)
    require(len(rows) > 0, f"{path} has no rows")
    hidden = next(unprintable({name: [row.get(name) for _, row in rows] for name in names}), "")
    require(not hidden, f"{path}: {hidden}")
    for line, (_, row) in enumerate(rows, start=2):
        for name in names:
            require(bool((row.get(name) or "").strip()), f"{path}, line {line}: {name} is missing")
    return {name: _column(name, [row[name].strip() for _, row in rows]) for name in names}


def _column(name: str, cells: list[str]) -> tuple[float | str, ...]:
    if name in LABELS:  # a Bilsky grade of 0 is a label, not a number
        return tuple(cells)
    try:
        return tuple(float(cell) for cell in cells)
    except ValueError:
        return tuple(cells)


def read_column(path: Path, column: str) -> tuple[float, ...]:
    """Read one column of numbers from a CSV file with a header line.

    Raises
    ------
    ValueError
        If the file can't be read, lacks the column, or holds something that is no finite number.
    """
    names, rows = _rows(path)
    require(column in names, f"{path} has no column {column!r}; {nearest(column, names)}")
    return tuple(_number(row[column], f"{path}, line {line}, {column}") for line, row in rows)


def _rows(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Names of the columns, and each row with the number of its line."""
    reader = csv.DictReader(io.StringIO(text_of(path), newline=""))
    try:
        return list(reader.fieldnames or []), [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ValueError(f"can't read {path}: {error}") from None


def _number(text: str | None, place: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise ValueError(f"{place}: wanted a number, got {short(text)}") from None
    require(bool(np.isfinite(value)), f"{place}: wanted a finite number, got {short(text)}")
    return value
