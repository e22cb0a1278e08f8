"""Cells of a file of patients as values of variables, and what is wrong with them."""

import re
from collections.abc import Iterator, Mapping, Sequence

from radsim.patients.columns import LEVEL, Column, Value, units_of
from radsim.patients.instability import LEVELS
from radsim.patients.levels import REGIONS, SPINE, level_in
from radsim.vocabulary.cohort_variables import COHORT, KnownVariable
from radsim.vocabulary.csv_tables import A_NAME, CsvTable, cleaned, is_blank, rows_told, some_of
from radsim.vocabulary.mistakes import short
from radsim.vocabulary.texts import LONGEST, is_plain
from radsim.vocabulary.words import listed

A_LEVEL = "one level such as T9, L1 or S2 (or several that count alike, such as T9-T10)"
A_NUMBER = "a number, as in the other rows"
WORDS = {
    "yes": 1.0, "y": 1.0, "true": 1.0, "ja": 1.0, "j": 1.0, "oui": 1.0,
    "no": 0.0, "n": 0.0, "false": 0.0, "nein": 0.0, "non": 0.0,
}  # fmt: skip
SEPARATE = re.compile(r"[\s-]+")
MANY_WAYS = 4  # wrong cells of one column, where no cell is right, are one mistake
NEARLY_ALL, FEW = 0.9, 10  # share of numbers, of so many, from which a column is one of numbers


class Reading:
    """Cells of one table read as values; what is wrong with them is kept by column and cell."""

    def __init__(self, table: CsvTable) -> None:
        self.table = table
        self._rows = range(len(table.rows))
        self._wrong: dict[tuple[str, str], dict[str, list[int]]] = {}
        self._right: set[str] = set()  # headings of columns of which some cell can be read
        self._cut: dict[int, None] = {}  # rows that end too early

    def read(self, column: Column) -> list[Value | None]:
        """Values of a column; None for a blank, and for what is wrong."""
        each: dict[str, Value | None] = {}  # of the cells that differ
        values = []
        for row in self._rows:
            cell = self.table.rows[row][column.place]
            if cell not in each:
                each[cell] = self._value(column, self._said(column, cell))
            if each[cell] is None and not is_blank(said := self._said(column, cell)):
                self._refuse(column, column.known.wanted or A_NAME, said, row)
            values.append(each[cell])
        if not all(value is None for value in each.values()):
            self._right.add(column.heading)
        if column.known.others != "yes":
            return values
        there = [value for value in values if value is not None]
        numbers = sum(isinstance(value, float) for value in there)
        if numbers == len(there):
            return values
        if numbers >= NEARLY_ALL * len(there) and numbers >= FEW:
            for row in self._rows:
                if isinstance(value := values[row], str):
                    self._refuse(column, A_NUMBER, value, row)
                    values[row] = None
            return values
        spelled: dict[str, str] = {}  # RCC and rcc are one label
        texts = [v if isinstance(v, str) or v is None else f"{v:.12g}" for v in values]
        return [t if t is None else spelled.setdefault(t.casefold(), t) for t in texts]

    def read_levels(self, column: Column, values: dict[str, list[Value | None]]) -> None:
        """Add the region, and the level in each, of a column of levels."""
        stated = values.get("region", [None for _ in self._rows])
        levels = [self._level(column, row, str(stated[row] or "")) for row in self._rows]
        regions = [REGIONS[level[0]] if level else None for level in levels]
        values["region"] = [first or then for first, then in zip(stated, regions, strict=True)]
        for region, name in LEVELS.items():
            stand_in = COHORT[name].labels[0]
            values[name] = [
                level if level and where == region else stand_in
                for level, where in zip(levels, regions, strict=True)
            ]

    def fill(self, columns: Sequence[Column], values: dict[str, list[Value | None]]) -> list[str]:
        """Fill in blanks without a meaning; give the variables that nothing can stand for."""
        lacking = []
        by_level = any(column.variable == LEVEL for column in columns)
        for column in columns:
            if column.variable == LEVEL or (column.variable == "region" and by_level):
                continue  # what is wrong with a level is said
            cells = values[column.variable]
            for row, value in enumerate(cells):
                if value is not None or not is_blank(self._cell(column, row)):
                    continue
                if not self._has_no_meaning(column.known, row, values):
                    self._refuse_blank(column, row, column.known.wanted)
                elif (stand_in := stand_in_of(column.known)) is not None:
                    cells[row] = stand_in
                else:
                    lacking.append(column.variable)
        return list(dict.fromkeys(lacking))

    def mistakes(self) -> Iterator[str]:
        """Give a line for each mistake, with the rows where it is."""
        for row in self._cut:
            yield f"{self.table.where(row)}: has fewer cells than the line of headings"
        for (heading, wanted), cells in self._wrong.items():
            if len(cells) >= MANY_WAYS and heading not in self._right:
                some = [f"{short(cell)} in {self._told(rows)}" for cell, rows in cells.items()]
                got = listed(some_of(some))
                yield f"{self.table.name}: {heading} must be {wanted}, and no cell is: {got}"
                continue
            for cell, rows in cells.items():
                said = f"must be {wanted}, got {short(cell)}" if cell else wanted
                yield f"{self.table.name}, {self._told(rows)}: {heading} {said}"

    def _told(self, rows: Sequence[int]) -> str:
        return rows_told([self.table.numbers[row] for row in rows])

    def _cell(self, column: Column, row: int) -> str:
        return self._said(column, self.table.rows[row][column.place])

    def _said(self, column: Column, cell: str) -> str:
        """What a cell says, or what the file translates it to."""
        said = column.translated.get(cleaned(cell).casefold(), cell)
        return said if isinstance(said, str) else f"{said:.12g}"

    def _value(self, column: Column, cell: str) -> Value | None:
        """Value that a cell says; None for a blank, and for what is wrong."""
        known = column.known
        if is_blank(cell):
            return None
        value = self._number(column, cell) if known.is_number else _label(known, cell)
        if value is None and known.others == "yes" and is_plain(cell) and len(cell) <= LONGEST:
            number = self.table.number(cell)
            value = cell if number is None else number
        return None if isinstance(value, float) and not known.holds(value) else value

    def _number(self, column: Column, cell: str) -> float | None:
        known = column.known
        if known.is_yes_or_no:
            word = WORDS.get(cleaned(cell).casefold())
            number = self.table.number(cell) if word is None else word
            return number if number in (0.0, 1.0) else None
        return self.table.number(cell, units_of(known), column.factor)

    def _level(self, column: Column, row: int, region: str) -> str:
        cell = self._cell(column, row)
        level = level_in(cell, region)
        if is_blank(cell):
            self._refuse_blank(column, row, A_LEVEL)
        elif not level:
            self._refuse(column, A_LEVEL, cell, row)
        elif region and REGIONS[level[0]] != region:
            self._refuse(column, f"a level of the region {region}", cell, row)
        else:
            self._right.add(column.heading)
        return level

    def _has_no_meaning(
        self, known: KnownVariable, row: int, values: Mapping[str, list[Value | None]]
    ) -> bool:
        if known.where is None or known.where.variable not in values:
            return known.where is not None and known.where.says_so
        gate = values[known.where.variable][row]
        return gate is None or gate not in known.where.values  # None is a mistake that is told

    def _refuse(self, column: Column, wanted: str, cell: str, row: int) -> None:
        self._wrong.setdefault((column.heading, wanted), {}).setdefault(cell, []).append(row)

    def _refuse_blank(self, column: Column, row: int, wanted: str) -> None:
        if self.table.numbers[row] in self.table.long:
            return
        if self.table.numbers[row] in self.table.short:
            self._cut[row] = None
            return
        where = f" where {column.known.where}" if column.known.where else ""
        self._refuse(column, f"is blank; wanted {wanted}{where}" if wanted else "is blank", "", row)


def _label(known: KnownVariable, cell: str) -> str | None:
    """Label of a variable that is meant by a cell; None where none is."""
    if set(known.labels) <= set(SPINE) and known.labels:  # the levels of one region
        level = level_in(cell, REGIONS[known.labels[0][0]])
        return level if level in known.labels else None
    written = cleaned(cell).casefold()
    spelled = {label.casefold(): label for label in known.labels} | dict(known.spellings)
    whole, _, zeros = written.partition(".")  # as spreadsheets write a grade of 2: 2.0
    number = whole if zeros and not zeros.strip("0") else written
    ways = (written, written.replace(" ", ""), SEPARATE.sub("_", written), number)
    return next((spelled[way] for way in ways if way in spelled), None)


def stand_in_of(known: KnownVariable) -> Value | None:
    """Give a value that stands where a variable has no meaning, and nothing reads it."""
    if known.others == "yes":
        return "none"
    if known.labels:
        return known.labels[0]
    return 0.0 if known.is_yes_or_no else None
