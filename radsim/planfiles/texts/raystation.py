"""Text DVHs of RayStation: ``#RoiName:`` and a table of dose and volume for each structure."""

import re
from typing import Any

import numpy as np

from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.texts.text import number, uses_decimal_comma
from radsim.planfiles.texts.written import (
    WrittenDVH,
    gray_in,
    is_cubic_centimeters,
    plan_of,
    without_dvh,
)

SECTION = re.compile(r"(?m)^#RoiName:")
FIELD = re.compile(r"#\s*([^:]+?)\s*:\s*(.*)")
FIGURE = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def is_raystation(text: str) -> bool:
    """Whether a text is a DVH of RayStation."""
    return SECTION.search(text) is not None


def read_raystation(text: str, **how: Any) -> ImportedPlan:
    """Read the one dose in a text; see `radsim.planfiles.read_plan` for the arguments.

    Volumes are printed in per cent by default; those of a structure in cm3 must be among the
    optional headings, for D0.03cc.
    """
    doses = {name.strip() for name in re.findall(r"(?m)^#Dose ?[nN]ame:(.*)$", text)}
    if len(doses) > 1:
        raise ValueError(f"the file holds DVHs of {len(doses)} doses: export one dose's alone")
    head, *sections = SECTION.split(text)
    comma = uses_decimal_comma("".join(sections))
    ordered = next((value for key, value in _fields(head) if key == "rx dose"), "")
    amount, _, unit = ordered.partition(" ")
    dose = number(amount, comma)
    stated = None if dose is None else dose * gray_in(unit.split()[0] if unit.split() else "")
    return plan_of(
        [_section(section, comma) for section in sections], "raystation", stated=stated, **how
    )


def _fields(text: str) -> list[tuple[str, str]]:
    matches = [FIELD.fullmatch(line.strip()) for line in text.splitlines()]
    return [(match[1].lower(), match[2].strip()) for match in matches if match]


def _section(section: str, comma: bool) -> WrittenDVH:
    first, *lines = section.splitlines()
    name = " ".join(first.split())
    fields = dict(_fields("\n".join(lines)))
    rows = []
    for line in lines:
        if not line.strip() or line[0] == "#":
            continue
        values = [number(token, comma) for token in line.split()]
        row = [value for value in values if value is not None]
        if len(values) != 2 or len(row) != 2:
            return without_dvh(name, wrong=f"{line.strip()[:40]!r} is no row of dose and volume")
        rows.append(row)
    if not rows:
        return without_dvh(name, empty="has no DVH table")
    unit = fields.get("dose unit") or fields.get("unit") or ""
    try:
        gray = gray_in(unit)
    except ValueError as error:
        return without_dvh(name, wrong=str(error))
    table = np.array(sorted(rows, key=lambda row: (row[0], -row[1])))  # from hot to cold in some
    volume = _figure(fields.get("roivolume") or fields.get("roi volume") or "", comma)
    if is_cubic_centimeters(fields.get("volume unit", "")):
        cumulative = table[:, 1]
    elif volume is None:
        return without_dvh(
            name, wrong="the file states no volume in cm3: export it with the volume of each ROI"
        )
    else:
        cumulative = table[:, 1] * volume / 100.0
    stated = _figure(fields.get("roi volume fraction outside grid", ""), comma) or 0.0
    outside = min(stated / 100.0, 1.0)
    return WrittenDVH(
        name,
        gray * table[:, 0],
        cumulative * (1.0 - outside),
        missing=float(cumulative[0]) * outside,
        notes=(f"{name}: {outside:.1%} of the volume has no dose",) if outside else (),
    )


def _figure(value: str, comma: bool) -> float | None:
    match = FIGURE.match(value)
    return None if match is None else number(match[0], comma)
