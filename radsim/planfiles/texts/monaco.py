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

    Nothing in it says whether DVHs are cumulative: they are, if fewer than half of them rise.
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
    tables = [(name, np.array(points)) for name, points in _tables(body)]
    rising = [not falls(table[:, 1]) for _, table in tables]
    differential = 2 * sum(rising) >= len(rising)
    dvhs = [_dvh(name, gray * t[:, 0], t[:, 1], differential) for name, t in tables]
    notes = []
    if differential:
        notes.append(f"the DVHs are taken as differential: {sum(rising)} of {len(rising)} rise")
    return plan_of(dvhs, "monaco", prescription=prescription, notes=notes, **how)


def _tables(body: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Rows of each structure; another one of the same name begins where doses fall back."""
    comma = uses_decimal_comma(body)
    tables: list[tuple[str, list[tuple[float, float]]]] = []
    for line in body.splitlines():
        if (match := ROW.fullmatch(line)) is None:
            continue
        dose, volume = (number(token, comma) for token in match.groups()[1:])
        if dose is None or volume is None:
            continue
        name = " ".join(match[1].split())
        if not tables or tables[-1][0] != name or dose <= tables[-1][1][0][0]:
            tables.append((name, []))
        tables[-1][1].append((dose, volume))
    if not tables:
        raise ValueError("the file holds no rows of structure, dose and volume")
    return tables


def _dvh(name: str, dose: np.ndarray, volume: np.ndarray, differential: bool) -> WrittenDVH:
    if dose.size < 2:
        return without_dvh(name, empty="has no DVH table")
    if not differential:
        return WrittenDVH(name, dose, volume)
    try:
        return WrittenDVH(name, *bins_to_curve(dose, volume))
    except ValueError as error:
        return without_dvh(name, wrong=str(error))
