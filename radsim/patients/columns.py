"""Which columns of a file of patients are which variables, and in what units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from radsim.patients.instability import LEVELS
from radsim.vocabulary.cohort_variables import COHORT, KnownVariable
from radsim.vocabulary.csv_tables import CsvTable, cleaned, plain_name, units_in
from radsim.vocabulary.words import listed, nearest

LEVEL = "level"  # a column that says the region and the level in it
FREE = KnownVariable("", "a column that an experiment file declares", others="yes")
COLUMNS = {**COHORT, LEVEL: KnownVariable("1", "treated level: the region, and the level in it")}
DAYS_PER_YEAR = 365.25
UNITS: dict[str, dict[str, float]] = {  # that may be written: how many of the variable's own
    "cm3": {"cm3": 1.0, "cc": 1.0, "ccm": 1.0, "ml": 1.0, "mm3": 1e-3},
    "years": {"years": 1.0, "year": 1.0, "yrs": 1.0, "y": 1.0},
    "months": {
        "months": 1.0, "month": 1.0, "mo": 1.0, "years": 12.0, "year": 12.0,
        "weeks": 84.0 / DAYS_PER_YEAR, "days": 12.0 / DAYS_PER_YEAR, "d": 12.0 / DAYS_PER_YEAR,
    },
}  # fmt: skip
OF_SCORE = {"%": 1.0}  # as a Karnofsky score of 80 is written
HUNDRED = 100.0

Value = float | str
Labels = Mapping[str, Mapping[str, Value]]


@dataclass(frozen=True)
class Column:
    """One column of a file that is a variable."""

    place: int
    heading: str
    variable: str
    known: KnownVariable
    translated: Mapping[str, Value] = field(default_factory=dict)
    factor: float = 1.0


def chosen_columns(
    table: CsvTable,
    columns: Mapping[str, str],
    labels: Labels,
    declared: Sequence[str],
    mistakes: list[tuple[str, str]],
) -> list[Column]:
    """Find the columns that are variables, and what is wrong with how they are asked for."""

    def place_of(asked: str, key: str) -> int | None:
        try:
            return table.place(asked)
        except ValueError as error:
            mistakes.append((key, str(error)))
            return None

    variables = {plain_name(name): name for name in (*COLUMNS, *declared)}
    named: dict[int, str] = {}
    for asked, variable in columns.items():
        place = place_of(asked, f".columns.{asked}")
        if variable not in COLUMNS and variable not in declared:
            said = f"{variable!r} is no variable; {nearest(variable, [*COLUMNS, *declared])}"
            mistakes.append((f".columns.{asked}", said))
        elif place is not None:
            named[place] = variable
    for i, heading in enumerate(table.headings):
        if i not in named and plain_name(heading) in variables:
            named[i] = variables[plain_name(heading)]
    for name in set(declared) - set(named.values()) - set(columns.values()):
        place_of(name, ".declare")
    translated: dict[int, Mapping[str, Value]] = {}
    for asked, words in labels.items():
        of_variable = [i for i, variable in named.items() if variable == asked]
        place = of_variable[0] if of_variable else place_of(asked, f".labels.{asked}")
        if place is not None:
            translated[place] = {cleaned(word).casefold(): v for word, v in words.items()}
    chosen: list[Column] = []
    given: dict[str, str] = {}  # heading of the column that gives a variable
    for i, variable in sorted(named.items()):
        gives = [LEVEL, *LEVELS.values()] if variable == LEVEL else [variable]
        twice = next((name for name in gives if name in given), "")
        if twice:
            both = f"the columns {given[twice]!r} and {table.headings[i]!r} both give {twice}"
            mistakes.append(("", f"{table.name}: {both}; leave one of them out"))
            continue
        given |= dict.fromkeys(gives, table.headings[i])
        known = COLUMNS.get(variable, FREE)
        column = Column(i, table.headings[i], variable, known, translated.get(i, {}))
        chosen.append(_in_units(column, table.name, mistakes))
    return chosen


def _in_units(column: Column, file: str, mistakes: list[tuple[str, str]]) -> Column:
    """Take the units that a heading states."""
    units = cleaned(units_in(column.heading)).casefold()
    if not units or not column.known.is_number or column.known.is_yes_or_no:
        return column
    factors = units_of(column.known)
    if units not in factors:
        wanted = listed(list(factors) or ["no units"], "or")
        said = f"the column {column.heading!r} must be in {wanted}, got {units!r}"
        mistakes.append(("", f"{file}: {said}"))
    return replace(column, factor=factors.get(units, 1.0))


def units_of(known: KnownVariable) -> Mapping[str, float]:
    """Units that a variable may be written in: how many of its own each is."""
    return OF_SCORE if known.highest == HUNDRED else UNITS.get(known.units, {})


def meant_by(heading: str, there: Mapping[str, object]) -> str:
    """Variable that a column may be which is called otherwise; nothing where none is likely."""
    words = set(plain_name(heading).split("_"))
    alike = [name for name in COHORT if words & set(name.split("_"))]
    return alike[0] if len(alike) == 1 and alike[0] not in there else ""
