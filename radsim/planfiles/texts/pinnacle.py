"""DVHs of Pinnacle, as scripts export them: a folder of tables and a file a structure.

``DoseInfo.csv`` has the fractions and the prescribed dose, ``Data/Info.csv`` a row for each
structure with its volume, and ``Data/FILENAME.csv`` its points.
"""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np

from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.texts.text import number, read_text
from radsim.planfiles.texts.written import (
    WrittenDVH,
    bins_to_curve,
    gray_in,
    plan_of,
    without_dvh,
)

INDEX = Path("Data") / "Info.csv"
TOTAL = re.compile(r"(?:dosis|total ?dose).*?(c?gy)\W*", re.IGNORECASE)
A_FRACTION = re.compile(r"prescription ?dose\W*(c?gy)\W*", re.IGNORECASE)
VOLUME = re.compile(r"volume\W*(ccm|cc|cm3|cm³)\W*", re.IGNORECASE)
POINTS = re.compile(r"Points[^{]*\{(.*?)\}", re.DOTALL)
ROUNDING = 0.02  # share of the volume by which its two statements may differ


def is_pinnacle(folder: Path) -> bool:
    """Whether a folder is an export of Pinnacle."""
    return (folder / INDEX).is_file() and (folder / "DoseInfo.csv").is_file()


def read_pinnacle(folder: Path, **how: Any) -> ImportedPlan:
    """Read the plan in a folder; see `radsim.planfiles.read_plan` for the arguments."""
    (dose, *_) = _table(folder / "DoseInfo.csv") or [{}]
    unit, stated = _with_unit(dose, TOTAL)
    a_fraction = _with_unit(dose, A_FRACTION)
    count = number(dose.get("NumberOfFractions", ""), decimal_comma=False)
    fractions = int(count) if count is not None and count.is_integer() and count >= 1 else None
    unit = unit or a_fraction[0]
    if not unit:
        raise ValueError("DoseInfo.csv states no dose in Gy or cGy")
    gray = gray_in(unit)
    if stated is None and a_fraction[1] is not None and fractions is not None:
        stated = a_fraction[1] * fractions
    dvhs = [_structure(folder / INDEX.parent, row, gray) for row in _table(folder / INDEX)]
    return plan_of(
        dvhs,
        "pinnacle",
        stated=None if stated is None else stated * gray,
        stated_fractions=fractions,
        **how,
    )


def _table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    try:
        rows = list(csv.DictReader(read_text(path).splitlines(), skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    return [{(k or "").strip(): (v or "").strip() for k, v in r.items() if k} for r in rows]


def _with_unit(row: dict[str, str], heading: re.Pattern[str]) -> tuple[str, float | None]:
    for name, value in row.items():
        if match := heading.fullmatch(name):
            return match[1], number(value, decimal_comma=False)
    return "", None


def _structure(folder: Path, row: dict[str, str], gray: float) -> WrittenDVH:
    name = " ".join(row.get("RegionOfInterestName", "").split())
    _, volume = _with_unit(row, VOLUME)
    file = folder / f"{Path(row.get('Filename', '')).name}.csv"
    if not file.is_file():
        return without_dvh(name, empty="has no file of its DVH")
    points = POINTS.search(read_text(file))
    cells = [line.strip(" ,;\r") for line in points[1].splitlines()] if points else []
    rows = [[number(v, decimal_comma=False) for v in cell.split(",")] for cell in cells if cell]
    if not rows:
        return without_dvh(name, empty="has no DVH")
    if any(len(row) != 2 or None in row for row in rows):
        return without_dvh(name, wrong="its points are no pairs of dose and volume")
    dose, held = np.array(rows, dtype=float).T
    if volume is None:
        return without_dvh(name, wrong="Info.csv states no volume")
    whole = {"cumulative": float(held[0]), "differential": float(held.sum())}
    kind = min(whole, key=lambda kind: abs(whole[kind] - volume))
    if not abs(whole[kind] - volume) <= ROUNDING * volume:
        return without_dvh(
            name, wrong=f"the DVH holds {whole[kind]:.4g} cm3, Info.csv says {volume:.4g} cm3"
        )
    if kind == "cumulative":
        return WrittenDVH(name, dose * gray, held)
    try:
        return WrittenDVH(name, *bins_to_curve(dose * gray, held))
    except ValueError as error:
        return without_dvh(name, wrong=str(error))
