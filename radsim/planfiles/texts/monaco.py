"""Text DVHs of Monaco: a heading in one line, then rows of structure, dose and volume."""

import re
from typing import Any

import numpy as np

from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.texts.text import number, uses_decimal_comma
from radsim.planfiles.texts.written import (
    WrittenDVH,
    bins_to_curve,
    falls,
    gray_in,
    is_cubic_centimeters,
    plan_of,
    without_dvh,
)

HEADING = re.compile(r"Patient ID:[^\n]*\|[^\n]*Dose Units:[^\n]*\|[^\n]*Volume Units:")
ROW = re.compile(r"\s*(\S.*?)\s+([-\d.,eE+]+)\s+([-\d.,eE+]+)\s*")


def is_monaco(text: str) -> bool:
    """Whether a text is a DVH of Monaco, by its first line."""
    return HEADING.match(text) is not None


def read_monaco(text: str, *, prescription: float | None = None, **how: Any) -> ImportedPlan:
    """Read the one plan in a text; see `radsim.planfiles.read_plan` for the arguments.

    Nothing in it says whether a DVH is cumulative: it is, if none of the file rises.
    """
    heading, _, body = text.partition("\n")
    fields = dict(part.strip().partition(": ")[::2] for part in heading.split("|"))
    dose_unit, volume_unit = fields["Dose Units"].strip(), fields["Volume Units"].strip()
    if not is_cubic_centimeters(volume_unit):
        raise ValueError(f"volumes are in {volume_unit[:20]}: export absolute ones, in cm3")
    if dose_unit != "%":
        gray = gray_in(dose_unit)
    elif prescription is None:
        raise ValueError("relative doses need a prescription: give it")
    else:
        gray = prescription / 100.0
    rows = _rows(body)
    tables = {name: np.array(points) for name, points in rows.items()}
    cumulative = all(falls(table[:, 1]) for table in tables.values())
    dvhs = [_dvh(name, gray * t[:, 0], t[:, 1], cumulative) for name, t in tables.items()]
    notes = [] if cumulative else ["the DVHs are taken as differential: some of them rise"]
    return plan_of(dvhs, "monaco", prescription=prescription, notes=notes, **how)


def _rows(body: str) -> dict[str, list[tuple[float, float]]]:
    comma = uses_decimal_comma(body)
    rows: dict[str, list[tuple[float, float]]] = {}
    for line in body.splitlines():
        match = ROW.fullmatch(line)
        point = [number(token, comma) for token in match.groups()[1:]] if match else []
        if match and None not in point:
            name = " ".join(match[1].split())
            rows.setdefault(name, []).append(tuple(v for v in point if v is not None))  # type: ignore[arg-type]
    if not rows:
        raise ValueError("the file holds no rows of structure, dose and volume")
    return rows


def _dvh(name: str, dose: np.ndarray, volume: np.ndarray, cumulative: bool) -> WrittenDVH:
    if dose.size < 2:
        return without_dvh(name, empty="has no DVH table")
    if cumulative:
        return WrittenDVH(name, dose, volume)
    try:
        return WrittenDVH(name, *bins_to_curve(dose, volume))
    except ValueError as error:
        return without_dvh(name, wrong=str(error))
