"""Wide tables of DVHs: columns of dose and volume for each structure, as of SlicerRT and CERR."""

import csv
import re
from typing import Any

import numpy as np

from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.texts.text import number
from radsim.planfiles.texts.written import WrittenDVH, gray_in, plan_of, without_dvh

DOSE = re.compile(r"(?:(.*?)(?:_DvhArray|_DVH)?\s+)?Dose\s*[(\[](c?Gy)[)\]]", re.IGNORECASE)
SHARE = re.compile(r"(.*?)(?:_DvhArray|_DVH)?\s+Value\s*[(\[]% of ([\d.,]+) cc[)\]]", re.IGNORECASE)
VOLUME = re.compile(r"(.*?)\s*[(\[](?:cm3|cm³|cc)[)\]]", re.IGNORECASE)
LONGEST = 100_000  # characters of a line; a guard against files that are no table


def is_wide(text: str) -> bool:
    """Whether a text is a wide table of DVHs, by its first line."""
    header = _header(text)
    return (
        len(header) > 1
        and DOSE.fullmatch(header[0]) is not None
        and (SHARE.fullmatch(header[1]) or VOLUME.fullmatch(header[1])) is not None
    )


def read_wide(text: str, **how: Any) -> ImportedPlan:
    """Read the one plan in a table; see `radsim.planfiles.read_plan` for the arguments."""
    lines = text.splitlines()
    separator = _separator(lines[0])
    comma = separator != ","
    try:
        rows = list(csv.reader(lines[1:], delimiter=separator))
    except csv.Error as error:
        raise ValueError(f"the table cannot be read: {error}") from error
    dvhs = []
    dose_column, gray = 0, 1.0
    for column, heading in enumerate(_header(text)):
        if dose := DOSE.fullmatch(heading):
            dose_column, gray = column, gray_in(dose[2])
        elif share := SHARE.fullmatch(heading):
            whole = number(share[2].replace(",", "."), decimal_comma=False)
            scale = None if whole is None else whole / 100.0
            dvhs.append(_dvh(share[1], rows, (dose_column, column), (gray, scale), comma))
        elif volume := VOLUME.fullmatch(heading):
            dvhs.append(_dvh(volume[1], rows, (dose_column, column), (gray, 1.0), comma))
        elif heading:
            dvhs.append(without_dvh(heading, wrong="its column is none of volumes in cm3"))
    return plan_of(dvhs, "wide-csv", **how)


def _header(text: str) -> list[str]:
    first = text.partition("\n")[0].strip("\r")
    if len(first) > LONGEST:
        return []
    try:
        (cells,) = csv.reader([first], delimiter=_separator(first))
    except (csv.Error, ValueError):
        return []
    return [cell.strip() for cell in cells]


def _separator(line: str) -> str:
    return next((mark for mark in ("\t", ";") if mark in line), ",")


def _dvh(
    name: str,
    rows: list[list[str]],
    columns: tuple[int, int],
    scales: tuple[float, float | None],
    comma: bool,
) -> WrittenDVH:
    name = " ".join(name.split())
    points = []
    for row in rows:
        cells = [row[column].strip() if column < len(row) else "" for column in columns]
        if not any(cells):  # a structure whose DVH ends before others'
            continue
        point = [number(cell, comma and "." not in cell) for cell in cells]
        if None in point:
            return without_dvh(name, wrong=f"{' '.join(cells)[:40]!r} is no dose and volume")
        points.append(point)
    if len(points) < 2 or scales[1] is None:
        return without_dvh(name, empty="has no DVH")
    dose, volume = np.array(points, dtype=float).T
    return WrittenDVH(name, dose * scales[0], volume * scales[1])
