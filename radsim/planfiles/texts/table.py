"""The CSV of DVHs that radsim reads and writes; docs/dvh-import.md describes it."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from radsim.planfiles.assembly import NODES
from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.planfiles.questions import answered
from radsim.planfiles.texts.text import number, read_text
from radsim.planfiles.texts.written import WrittenDVH, plan_of, without_dvh
from radsim.vocabulary.texts import as_cell, of_cell

COLUMN = re.compile(r"(dose|volume) *\[([^\]]*)\]")
DOSE_UNITS = {"gy": 1.0, "cgy": 0.01}
VOLUME_UNITS = {"cm3": 1.0, "cm³": 1.0, "cc": 1.0}
REMARK = re.compile(
    r"#\s*(prescription|fractions|nodes)\s*(?:\[([^\]]*)\])?\s*[=:]\s*(.*?)\s*(c?gy)?\s*",
    re.IGNORECASE,
)
OUTSIDE = "outside the dose grid [cm3]"
CUT = "highest dose where the grid cuts [Gy]"
MOST_NODES, MOST_FRACTIONS = 4096, 1000  # guards against broken files


def is_table(text: str) -> bool:
    """Whether a text is a table of DVHs, by its header."""
    header = _header(text)
    return header is not None and "name" in header and bool(COLUMN.search(" ".join(header)))


def read_table(text: str, *, nodes: int | None = None, **how: Any) -> ImportedPlan:
    """Read the one plan in a table; see `radsim.planfiles.read_plan` for the arguments."""
    remarks, warnings, missing, cut = _remarks(text)
    dvhs, named = _dvhs(text)
    exact = _count(remarks, "nodes", MOST_NODES)  # by radsim: points of the curve itself, no bins
    return plan_of(
        [
            replace(
                dvh,
                missing=missing.get(dvh.name, 0.0),
                cut_dose=cut.get(dvh.name, float("nan")),
            )
            for dvh in dvhs
        ],
        "csv",
        stated=remarks.get("prescription"),
        stated_fractions=_count(remarks, "fractions", MOST_FRACTIONS),
        notes=warnings,
        named=named,
        binned=exact is None,
        nodes=nodes or exact or NODES,
        **how,
    )


def save_plan(plan: ImportedPlan, path: Path | str) -> None:
    """Write a plan as a CSV that `load_plan` reads back with the same doses.

    Structure names and warnings are kept as they are; nothing else of the plan's origin is.
    """
    page = io.StringIO()
    if plan.prescription is not None:
        page.write(f"# prescription [Gy] = {plan.prescription!r}\n")
    if plan.fractions is not None:
        page.write(f"# fractions = {plan.fractions}\n")
    page.write(f"# nodes = {plan.volume.size}\n")
    page.writelines(f"# warning = {warning}\n" for warning in plan.warnings)
    page.writelines(
        f"# {remark}, {structure.name} = {value!r}\n"
        for structure in plan.structures
        if structure.missing > 0.0
        for remark, value in ((OUTSIDE, structure.missing), (CUT, structure.cut_dose))
        if np.isfinite(value)
    )
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(["name", "structure", "dose [Gy]", "volume [cm3]"])
    for structure in plan.structures:
        for dose, volume in _points(structure):
            writer.writerow(
                [as_cell(structure.name), structure.structure or "", repr(dose), repr(volume)]
            )
    Path(path).write_text(page.getvalue(), encoding="utf-8")


def load_plan(path: Path | str, *, confirmed: bool = False) -> ImportedPlan:
    """Read a plan that `save_plan` wrote; one that was questioned is so again."""
    path = Path(path)
    return answered(read_table(read_text(path)), path.name, confirmed)


def _points(structure: ImportedStructure) -> list[tuple[float, float]]:
    """Points of the cumulative DVH, coldest first."""
    curve = structure.dvh
    volume = curve.share * structure.volume
    return [(float(d), float(v)) for d, v in zip(curve.dose[::-1], volume[::-1], strict=True)]


def _remarks(
    text: str,
) -> tuple[dict[str, float], list[str], dict[str, float], dict[str, float]]:
    """Numbers, warnings, missing volumes [cm3] and doses at cuts [Gy] of the lines with #."""
    numbers: dict[str, float] = {}
    warnings: list[str] = []
    of_structures: dict[str, dict[str, float]] = {OUTSIDE: {}, CUT: {}}
    for line in takewhile(lambda line: line.startswith("#"), text.splitlines()):
        key, _, value = line.removeprefix("#").strip().rpartition(" = ")
        remark, _, name = key.partition(", ")
        if line.startswith("# warning = "):
            warnings.append(line.removeprefix("# warning = ").strip())
        elif stated := REMARK.fullmatch(line):
            numbers[stated[1].lower()] = _stated(stated)
        elif remark in of_structures:
            of_structures[remark][name] = _number(value, key)
    return numbers, warnings, of_structures[OUTSIDE], of_structures[CUT]


def _stated(remark: re.Match[str]) -> float:
    """Number of a line with #; a prescription in Gy."""
    name, before, value, behind = remark.groups()
    if name.lower() != "prescription":
        return _number(value, name.lower())
    unit = (before or behind or "").strip()
    if unit.lower() not in DOSE_UNITS:
        raise ValueError(f"prescription must say that it is in Gy or cGy, got {unit!r}")
    return _number(value, "prescription") * DOSE_UNITS[unit.lower()]


def _count(remarks: Mapping[str, float], key: str, most: int) -> int | None:
    value = remarks.get(key)
    if value is not None and not (value.is_integer() and 1 <= value <= most):
        raise ValueError(f"{key} must be a whole number from 1 to {most}, got {value:g}")
    return None if value is None else int(value)


def _number(value: str, key: str) -> float:
    found = number(value, decimal_comma=False)
    if found is None or found < 0.0:
        raise ValueError(f"{key} must be a number, got {value[:40]!r}")
    return found


def _rows(text: str) -> "csv.DictReader[str]":
    remarks_first = dropwhile(lambda line: line.startswith("#"), text.splitlines())
    table = [line for line in remarks_first if line.strip()]
    separator = next((mark for mark in ";\t" if table and mark in table[0]), ",")
    return csv.DictReader(table, delimiter=separator, skipinitialspace=True)


def _header(text: str) -> list[str] | None:
    try:
        return [name.strip().lower() for name in _rows(text[:10_000]).fieldnames or []]
    except csv.Error:
        return None


def _dvhs(text: str) -> tuple[list[WrittenDVH], dict[str, str]]:
    """DVHs in the order of the text, and the structures that it says they are."""
    rows = _rows(text)
    header = [name.strip().lower() for name in rows.fieldnames or []]
    rows.fieldnames = header
    dose, gray = _column(header, "dose", DOSE_UNITS)
    volume, cubic_centimeters = _column(header, "volume", VOLUME_UNITS)
    comma = rows.reader.dialect.delimiter != ","
    blocks: list[tuple[str, list[tuple[float, float]]]] = []
    named: dict[str, str] = {}
    broken: set[str] = set()
    for row in _checked(rows):
        name = of_cell(" ".join((row["name"] or "").split()))
        cells = [(row[column] or "").strip() for column in (dose, volume)]
        at, above = (number(cell, comma) for cell in cells)
        if not blocks or blocks[-1][0] != name or _begins_anew(blocks[-1][1], at, gray):
            blocks.append((name, []))
        if at is not None and above is not None:
            blocks[-1][1].append((at * gray, above * cubic_centimeters))
        elif any(cells):
            broken.add(name)
        structure = (row.get("structure") or "").strip()
        if structure and named.setdefault(name, structure) != structure:
            raise ValueError(f"{name} is both {named[name]} and {structure}")
    if not blocks:
        raise ValueError("the table has no rows")
    return [_dvh(name, points, name in broken) for name, points in blocks], named


def _begins_anew(points: list[tuple[float, float]], dose: float | None, gray: float) -> bool:
    """Whether a dose falls back to where a DVH that has risen since began: another of its name."""
    return dose is not None and len(points) > 1 and dose * gray <= points[0][0] < points[-1][0]


def _dvh(name: str, points: list[tuple[float, float]], broken: bool) -> WrittenDVH:
    if broken:
        return without_dvh(name, wrong="dose and volume must be numbers")
    if not points:
        return without_dvh(name, empty="has no DVH")
    dose, volume = np.array(points).T
    return WrittenDVH(name, dose, volume)


def _checked(rows: "csv.DictReader[str]") -> list[dict[str, str | None]]:
    try:
        return list(rows)
    except csv.Error as error:
        raise ValueError(f"the table cannot be read: {error}") from error


def _column(header: list[str], what: str, units: Mapping[str, float]) -> tuple[str, float]:
    """Name of a column and the factor to its unit."""
    for name in header:
        match = COLUMN.fullmatch(name)
        if match and match[1] == what:
            if match[2].strip() in units:
                return name, units[match[2].strip()]
            raise ValueError(f"{what} must be in {' or '.join(units)}, got {match[2]!r}")
    raise ValueError(f"no column '{what} [{next(iter(units))}]' among {', '.join(header)}")
