"""Eclipse's text DVH, taken apart: structures with their headings and tables, prescriptions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from radsim.planfiles.text import number, uses_decimal_comma

TITLE = "Dose Volume Histogram"
STRUCTURE = re.compile(r"(?m)^Structure\s*:")
KEY = re.compile(r"(.*?)\s*(?:[\[(](.*)[\])])?")  # a name and its unit
COLUMN = re.compile(r"([A-Za-z][^\[]*?)\s*\[([^\]]*)\]")
LONGEST = 1000  # characters of a line; a guard against files that are no text
GRAY = {"gy": 1.0, "cgy": 0.01}


@dataclass(frozen=True)
class Field:
    """A line `name [unit]: value` of a heading."""

    unit: str
    value: str


@dataclass(frozen=True)
class Prescription:
    """Dose [Gy] and the isodose [%] that it stands for; None where not defined."""

    dose: float | None = None
    percent: float | None = None


@dataclass(frozen=True)
class Block:
    """One structure: its heading, the numbers in it, and the table, named and in its units."""

    name: str
    heading: Mapping[str, Field]
    stated: Mapping[str, float | None]
    columns: Sequence[tuple[str, str]]
    table: np.ndarray


def is_eclipse(text: str) -> bool:
    """Whether a text is an Eclipse DVH, by its first lines."""
    return TITLE.lower() in text[:4000].lower() and STRUCTURE.search(text) is not None


def read_blocks(text: str) -> tuple[list[Block], Prescription]:
    """Structures of the one plan in a text, and the plan's prescription."""
    head, *parts = STRUCTURE.split(text)
    if any(len(line) > LONGEST for line in text.splitlines()):
        raise ValueError(f"no DVH has lines of more than {LONGEST} characters")
    comma = uses_decimal_comma("".join(parts))
    blocks = [_block(part, comma) for part in parts]
    plan, ordered = _one_plan(blocks), _prescriptions(head, comma)
    if not plan and len(ordered) == 1:
        plan = next(iter(ordered))
    return blocks, ordered.get(plan, Prescription())


def gray(unit: str, name: str) -> float:
    """Gy in a unit of dose."""
    if unit not in GRAY:
        raise ValueError(f"{name}: dose must be in Gy or cGy, got {unit!r}")
    return GRAY[unit]


def _field(line: str) -> tuple[str, Field] | None:
    name, colon, value = line.partition(":")
    match = KEY.fullmatch(name.strip())
    if not colon or match is None:
        return None
    return match[1].lower(), Field((match[2] or "").strip().lower(), value.strip())


def _block(part: str, comma: bool) -> Block:
    name, *lines = part.splitlines()
    name = " ".join(name.split())
    heading: dict[str, Field] = {}
    columns: list[tuple[str, str]] = []
    rows = []
    for line in lines:
        if columns and line.strip():
            rows.append(_row(name, line, len(columns), comma))
        elif not columns and ":" not in line and "[" in line:
            columns = [
                (label.lower(), unit.strip().lower()) for label, unit in COLUMN.findall(line)
            ]
        elif found := _field(line):
            heading[found[0]] = found[1]
    if len(rows) < 2:
        raise ValueError(f"{name}: the structure has no DVH table")
    stated = {key: number(field.value, comma) for key, field in heading.items()}
    return Block(name, heading, stated, columns, np.array(rows))


def _row(name: str, line: str, length: int, comma: bool) -> list[float]:
    values = [number(token, comma) for token in line.split()]
    if len(values) != length or None in values:
        raise ValueError(f"{name}: {line.strip()[:40]!r} is no row of {length} numbers")
    return [value for value in values if value is not None]


def _one_plan(blocks: list[Block]) -> str:
    plans = {block.heading["plan"].value for block in blocks if "plan" in block.heading}
    if len(plans) > 1:
        raise ValueError(f"the file holds DVHs of {len(plans)} plans: export one plan's alone")
    names = [block.name for block in blocks]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{names.count(name)} structures are named {name!r}")
    return plans.pop() if plans else ""


def _prescriptions(head: str, comma: bool) -> dict[str, Prescription]:
    """Prescription of each plan or plan sum in the file's heading, by the plan's name."""
    found: dict[str, Prescription] = {}
    plan = ""
    for line in head.splitlines():
        key, field = _field(line) or ("", Field("", ""))
        value = number(field.value, comma)
        if key in ("plan", "plan sum"):
            plan = field.value
            found[plan] = Prescription()
        elif key == "prescribed dose" and value is not None:
            found[plan] = Prescription(value * gray(field.unit, "Prescribed dose"), 100.0)
        elif key == "% for dose" and plan in found:
            found[plan] = Prescription(found[plan].dose, value)
    return found
