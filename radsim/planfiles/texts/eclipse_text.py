"""Eclipse's text DVH, taken apart: structures with their headings and tables, prescriptions.

The export follows the language of the workstation. Units, and word stems that the languages of
western Europe share, tell what a line or a column is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from radsim.planfiles.texts.text import number, uses_decimal_comma

STRUCTURE = re.compile(r"(?mi)^e?stru[ck]?tt?u+r[ae]?\s*:")
COLUMNS = re.compile(r"(?mi)^[^:\n]*dos[^:\n]*\[\s*(?:c?gy|%)\s*\]")
PLAN = re.compile(r"plan|piano|plano|plan ?sum(me)?|plansom|(somme|suma|soma|somma) d\w* \w+")
OTHER_DOSE = re.compile(r"fra[ck]|/ ?fx|max|min|mean|mittl|moy|m[eé]di|gem")  # no prescription
STATED = re.compile(r"(\S+)\s*(c?gy)", re.IGNORECASE)  # a dose with its unit behind it
COVER = re.compile(r"(?=.*dos).*(cover|abdeck|couv|cobert|copert|dekking)")
MEAN = re.compile(r"(mean|average|mittlere|gemiddelde) dos\w*|dos\w* (moyenne|media|média)")
KEY = re.compile(r"(.*?)\s*(?:[\[(](.*)[\])])?")  # a name and its unit
COLUMN = re.compile(r"([^\W\d_][^\[]*?)\s*\[([^\]]*)\]")
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
    """One structure: what its heading states, and the table, named and in its units.

    Attributes
    ----------
    volume, cover, mean
        Stated volume [cm3], share of it with a dose, mean dose with its unit; None if not stated.
    empty, wrong
        Why there is no table, or none that can be read; empty text where there is one.
    """

    name: str
    plan: str
    volume: float | None
    cover: float | None
    mean: tuple[float, str] | None
    columns: Sequence[tuple[str, str]]
    table: np.ndarray
    empty: str
    wrong: str


def is_eclipse(text: str) -> bool:
    """Whether a text is an Eclipse DVH: named structures, and tables of doses in brackets."""
    return STRUCTURE.search(text) is not None and COLUMNS.search(text) is not None


def read_blocks(text: str) -> tuple[list[Block], Prescription]:
    """Structures of the one plan in a text, and the plan's prescription."""
    if any(len(line) > LONGEST for line in text.splitlines()):
        raise ValueError(f"no DVH has lines of more than {LONGEST} characters")
    head, *parts = STRUCTURE.split(text)
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
    rows: list[list[float]] = []
    wrong = ""
    for line in lines:
        if columns and line.strip():
            row = [number(token, comma) for token in line.split()]
            values = [value for value in row if value is not None]
            if len(values) != len(columns) or len(row) != len(columns):
                wrong = f"{line.strip()[:40]!r} is no row of {len(columns)} numbers"
                break
            rows.append(values)
        elif not columns and ":" not in line and "[" in line:
            columns = [
                (label.lower(), unit.strip().lower()) for label, unit in COLUMN.findall(line)
            ]
        elif field := _field(line):
            heading[field[0]] = field[1]
    if len(rows) == 1 and not wrong:
        wrong = "the structure has no DVH table"
    stated = {key: number(field.value, comma) for key, field in heading.items()}
    cover = _first(stated, COVER)
    mean = next((key for key in stated if MEAN.fullmatch(key)), None)
    average = None if mean is None else stated[mean]
    return Block(
        name=name,
        plan=next((heading[key].value for key in heading if PLAN.fullmatch(key)), ""),
        volume=_first(stated, re.compile("vol.*")),
        cover=None if cover is None else min(cover / 100.0, 1.0),
        mean=None if mean is None or average is None else (average, heading[mean].unit),
        columns=columns,
        table=np.array([] if wrong else rows),
        empty="" if rows or wrong else "has no DVH table",
        wrong=wrong,
    )


def _first(stated: Mapping[str, float | None], key: re.Pattern[str]) -> float | None:
    return next((value for name, value in stated.items() if key.match(name)), None)


def _one_plan(blocks: list[Block]) -> str:
    plans = {block.plan for block in blocks} - {""}
    if len(plans) > 1:
        raise ValueError(f"the file holds DVHs of {len(plans)} plans: export one plan's alone")
    return plans.pop() if plans else ""


def _prescriptions(head: str, comma: bool) -> dict[str, Prescription]:
    """Prescription of each plan or plan sum in the file's heading, by the plan's name."""
    ordered: dict[str, Prescription] = {}
    plan = ""
    for line in head.splitlines():
        key, field = _field(line) or ("", Field("", ""))
        if not field.unit and "dos" in key and (stated := STATED.fullmatch(field.value)):
            field = Field(stated[2].lower(), stated[1])
        value = number(field.value, comma)
        if PLAN.fullmatch(key):
            plan = field.value
            ordered[plan] = Prescription()
        elif value is None or OTHER_DOSE.search(key):
            continue
        elif "dos" in key and field.unit in GRAY:  # prescribed dose, total dose, Gesamtdosis
            ordered[plan] = Prescription(value * gray(field.unit, "prescribed dose"), 100.0)
        elif "dos" in key and field.unit == "%" and plan in ordered:  # % for dose
            ordered[plan] = Prescription(ordered[plan].dose, value)
    return ordered
