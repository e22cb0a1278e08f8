"""Cells and lines of a CSV file."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

Row = list[Any]


def to_csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Write rows as CSV; numbers as `repr` gives them, so that nothing is rounded."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([repr(c) if isinstance(c, float) else c for c in row] for row in rows)
    return text.getvalue()


def number_text(value: xr.DataArray) -> float | str:
    """Give a number, or nothing where it is missing."""
    number = float(value)
    return number if np.isfinite(number) else ""
