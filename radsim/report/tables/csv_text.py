"""Cells and lines of a CSV file: numbers in full, a missing one empty."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from radsim.vocabulary.texts import as_cell

Row = list[Any]


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write rows below a header."""
    return "".join([csv_line(columns), *map(csv_line, rows)])


def csv_line(cells: Sequence[Any]) -> str:
    r"""Write a line; numbers as `repr` gives them, so that nothing is rounded.

    Examples
    --------
    >>> csv_line(["a, b", 0.1, float("nan"), 3])
    '"a, b",0.1,,3\n'
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow([cell_of(cell) for cell in cells])
    return text.getvalue()


def cell_of(value: Any) -> Any:
    """Give a number in full, or nothing where it is missing, and text as text.

    A spreadsheet takes text for a formula that begins with certain characters; behind an
    apostrophe it does not.

    Examples
    --------
    >>> cell_of("=1+1"), cell_of("-0.5"), cell_of(float("inf"))
    ("'=1+1", '-0.5', '')
    """
    if isinstance(value, float):
        return repr(float(value)) if np.isfinite(value) else ""
    return as_cell(value) if isinstance(value, str) else value


def number_cells(values: np.ndarray) -> list[str]:
    """Write each row of numbers as the cells of a line, by the rule of `cell_of`.

    Examples
    --------
    >>> number_cells(np.array([[0.5, np.inf], [1.0, 2.0]]))
    ['0.5,', '1.0,2.0']
    """
    finite = np.where(np.isfinite(values), values, np.nan)
    return [",".join(map(repr, row)).replace("nan", "") for row in finite.tolist()]
