"""Tables in text as clinics and spreadsheets write them: encodings, separators, numbers, blanks."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from radsim.vocabulary.files import LARGEST_TEXT, contents
from radsim.vocabulary.mistakes import require, short
from radsim.vocabulary.texts import LONGEST, is_plain
from radsim.vocabulary.words import listed, nearest

BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
SEPARATORS = (";", "\t", ",", "|")  # the first of those that part a heading into most cells
NAMED = re.compile(r'"?sep=(.)"?\s*')  # the line by which a spreadsheet names the separator
A_NAME = f"printable characters in one line, {LONGEST} at most"
MOST_ROWS = 4  # that a line names one by one
REMARK = "#"  # begins a line that is no row
BLANKS = frozenset(
    ("", "-", "--", ".", "?", "na", "n/a", "n.a.", "#n/a", "nan", "null",
     "unknown", "missing")
)  # fmt: skip
PLAIN = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2019": "'"})
EXPONENT = r"(?:[eE][-+]?\d+)?"
ONE_MARK = re.compile(rf"[-+]?(\d*)([.,])(\d+){EXPONENT}|[-+]?\d+[.,]?{EXPONENT}")
GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:(?P<group>[ .,'])\d{3})(?:(?P=group)\d{3})*([.,]\d+)?")
WITH_UNITS = re.compile(r"(.*?\d[.,]?)\s*([^\d\s.,+-][^\s+-]*)")
UNITS_OF_HEADING = re.compile(r"(.*?)\s*[\[(]([^\])]*)[\])]\s*")
NO_NAME = re.compile(r"[^\w%]+")

NONE: Mapping[str, float] = MappingProxyType({})


def cleaned(text: str) -> str:
    """Write a cell in the plain forms of its characters, without blanks around it.

    Examples
    --------
    >>> cleaned("\u00a018.4 cm³ "), cleaned("T9\u2013T10")
    ('18.4 cm3', 'T9-T10')
    """
    return unicodedata.normalize("NFKC", text).translate(PLAIN).strip()


def is_blank(text: str) -> bool:
    """Say whether a cell says that there is nothing, or that it is unknown.

    Examples
    --------
    >>> is_blank(" "), is_blank("n/a"), is_blank("none"), is_blank("0")
    (True, True, False, False)
    """
    return cleaned(text).casefold() in BLANKS


def plain_name(heading: str) -> str:
    """Name that a heading is in small letters, without its units.

    Examples
    --------
    >>> plain_name(" GTV volume [cm³]"), plain_name("Bilsky")
    ('gtv_volume', 'bilsky')
    """
    name = units[1] if (units := UNITS_OF_HEADING.fullmatch(cleaned(heading))) else heading
    return NO_NAME.sub("_", cleaned(name).casefold()).strip("_")


def units_in(heading: str) -> str:
    """Units that a heading states in brackets, nothing where it states none.

    Examples
    --------
    >>> units_in("GTV volume (cm³)"), units_in("age")
    ('cm3', '')
    """
    units = UNITS_OF_HEADING.fullmatch(cleaned(heading))
    return units[2].strip() if units else ""


@dataclass(frozen=True, kw_only=True)
class CsvTable:
    """Cells of a table, each a text without blanks around it.

    Attributes
    ----------
    name
        Of the file.
    headings
        Of the columns that have one or hold something.
    rows
        Of all these columns.
    numbers
        Of the line of the file in which each row begins; the first line is 1.
    short
        Numbers of rows that have fewer cells than the heading; the others are blank.
    long
        Numbers of rows that have too many, so that none of them is of its heading; all are blank.
    decimal
        What parts the digits of a number that could also be thousands, such as 1,234.
    mistakes
        A line for each number of cells that is too many, with the rows.
    """

    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    short: frozenset[int] = frozenset()
    long: frozenset[int] = frozenset()
    decimal: Literal[".", ","] = "."
    mistakes: tuple[str, ...] = ()

    def place(self, column: str) -> int:
        """Place of a column, by its heading or by the plain name of that.

        Raises
        ------
        ValueError
            If there is no such column, or there are two.
        """
        exact = [i for i, heading in enumerate(self.headings) if heading == column]
        plain = [i for i, h in enumerate(self.headings) if plain_name(h) == plain_name(column)]
        places = exact or plain
        meant = nearest(column, self.headings)
        require(len(places) > 0, f"{self.name} has no column {column!r}; {meant}")
        require(len(places) == 1, f"{self.name} has two columns {column!r}")
        return places[0]

    def where(self, row: int) -> str:
        """Say in which row of the file one of the rows is."""
        return f"{self.name}, {rows_told([self.numbers[row]])}"

    def numbers_in(self, column: str, units: Mapping[str, float] = NONE) -> tuple[float, ...]:
        """Read a column of numbers; a ValueError has a line for each cell that is none, and others.

        Its heading, or a cell, may state one of some units, each with what it is multiplied by.
        """
        place = self.place(column)
        stated = units_in(self.headings[place]).casefold()
        if stated not in ("", *units, units_in(column).casefold()):
            wanted = listed(list(units), "or") or "no other units"
            said = f"the column {self.headings[place]!r} must be in {wanted}"
            raise ValueError(f"{self.name}: {said}, got {stated!r}")
        values, wrong = [], list(self.mistakes)
        for i, row in enumerate(self.rows):
            value = self.number(row[place], units, units.get(stated, 1.0))
            if self.numbers[i] in self.long:
                continue
            if value is None:
                got = f"{column} must be a number, got {short(row[place])}"
                wrong.append(f"{self.where(i)}: {got}")
            else:
                values.append(value)
        require(not wrong, "\n".join(wrong))
        return tuple(values)

    def number(
        self, cell: str, units: Mapping[str, float] = NONE, factor: float = 1.0
    ) -> float | None:
        r"""Read a number, with a decimal point or a decimal comma; None where it is none.

        It is multiplied by the factor of the units that it states, or else by the one given.

        Examples
        --------
        >>> table = parse_table("a;b\n12,5;1.234,5", "x")
        >>> table.number("12,5"), table.number("1.234,5"), table.number("1 234")
        (12.5, 1234.5, 1234.0)
        >>> table.number("18,4 cc", {"cc": 1.0}), table.number("1840 mm3", {"mm3": 0.001})
        (18.4, 1.84)
        >>> table.number("1.234")  # a thousand or one, in a table with decimal commas
        """
        text = cleaned(cell)
        if (parts := WITH_UNITS.fullmatch(text)) and parts[2].casefold() in units:
            text, factor = parts[1], units[parts[2].casefold()]
        grouped = GROUPED.fullmatch(text)
        if grouped and (grouped["group"] not in ".," or grouped[2] or _groups(text) > 1):
            if grouped[2] and grouped[2][0] == grouped["group"]:
                return None
            digits = text[: len(text) - len(grouped[2] or "")].replace(grouped["group"], "")
            return _times(factor, float(digits + (grouped[2] or "").replace(",", ".")))
        if grouped and grouped["group"] != self.decimal:
            return None
        value = float(text.replace(",", ".")) if ONE_MARK.fullmatch(text) else inf
        return _times(factor, value) if isfinite(value) else None


def some_of(parts: Sequence[str]) -> list[str]:
    """Give the first of these, and how many others there are."""
    if len(parts) <= MOST_ROWS + 1:
        return list(parts)
    return [*parts[:MOST_ROWS], f"{len(parts) - MOST_ROWS} others"]


def rows_told(numbers: Sequence[int]) -> str:
    """Say which rows of a file are meant.

    Examples
    --------
    >>> rows_told([2]), rows_told(range(2, 40))
    ('row 2', 'rows 2, 3, 4, 5 and 34 others')
    """
    rows = some_of([str(number) for number in numbers])
    return f"row{'s' if len(numbers) > 1 else ''} {listed(rows)}"


def _times(factor: float, value: float) -> float:
    """Change the units of a number, without the last bits: 18400 mm3 are 18.4 cm3."""
    return value if factor == 1.0 else float(f"{factor * value:.15g}")


def _groups(text: str) -> int:
    return len(re.findall(r"[.,]\d{3}(?!\d)", text))


def read_table(path: Path) -> CsvTable:
    """Read a table with a line of headings, whatever its encoding and its separator.

    Lines that begin with ``#`` are remarks, and rows and columns without anything are left out.

    Raises
    ------
    ValueError
        If the file can't be read, is no text, or has no rows.
    """
    try:
        return parse_table(decoded(contents(path, LARGEST_TEXT)), path.name)
    except UnicodeDecodeError as error:
        raise ValueError(f"can't read {path}: {error}") from None


def decoded(stored: bytes) -> str:
    """Text in UTF-8, in UTF-16 with its mark or, failing that, in Windows' western code page."""
    encoding = BYTE_ORDER_MARKS.get(stored[:2], BYTE_ORDER_MARKS.get(stored[:3], "utf-8"))
    try:
        return stored.decode(encoding)
    except UnicodeDecodeError:
        return stored.decode("cp1252", errors="replace")


def parse_table(text: str, name: str) -> CsvTable:
    r"""Read a table of a text; see `read_table`.

    Examples
    --------
    >>> table = parse_table("# made by hand\nage;GTV\n61;12,5\n;\n", "patients.csv")
    >>> table.headings, table.rows, table.numbers, table.numbers_in("gtv")
    (('age', 'GTV'), (('61', '12,5'),), (3,), (12.5,))
    """
    require("\0" not in text, f"{name} is no text: save it as CSV")
    lines = list(io.StringIO(text, newline=""))
    first, separator = _beginning(lines)
    require(first < len(lines), f"{name} is empty")
    separator = separator or _separator(lines[first])
    try:
        records = list(_records(lines, first, separator))
    except csv.Error as error:
        raise ValueError(f"can't read {name}: {error}") from None
    (_, headings), *body = records
    filled = [(number, cells) for number, cells in body if any(cells)]
    require(len(filled) > 0, f"{name} has no rows")
    if hidden := next((h for h in headings if not is_plain(h) or len(h) > LONGEST), ""):
        raise ValueError(
            f"{name}, row {first + 1}: a heading must be {A_NAME}, got {short(hidden)}"
        )
    width = len(headings)
    used = [i for i in range(width) if headings[i] or any(i < len(c) and c[i] for _, c in filled)]
    rows = []
    too_many: dict[int, list[int]] = {}  # rows by how many cells they have
    for number, cells in filled:
        if is_long := any(cells[width:]):
            too_many.setdefault(len(cells), []).append(number)
        whole = [*([] if is_long else cells), *[""] * width]
        rows.append(tuple(whole[i] for i in used))
    cure = "; a decimal comma needs quotes, or ; between cells" if separator == "," else ""
    return CsvTable(
        name=name,
        headings=tuple(headings[i] for i in used),
        rows=tuple(rows),
        numbers=tuple(number for number, _ in filled),
        short=frozenset(number for number, cells in filled if len(cells) < width),
        long=frozenset(number for numbers in too_many.values() for number in numbers),
        decimal=_decimal([cell for row in rows for cell in row], separator),
        mistakes=tuple(
            f"{name}, {rows_told(numbers)}: {'has' if len(numbers) == 1 else 'have'} {count} "
            f"cells, and the line of headings {width}{cure}"
            for count, numbers in too_many.items()
        ),
    )


def _beginning(lines: Sequence[str]) -> tuple[int, str]:
    """Find the line of headings, and the separator where a line before it names that."""
    separator = ""
    for i, line in enumerate(lines):
        if named := NAMED.fullmatch(line.rstrip("\r\n")):
            separator = named[1]
        elif line.strip(" \r\n;,\t") and not line.startswith(REMARK):
            return i, separator
    return len(lines), separator


def _separator(heading: str) -> str:
    return max(SEPARATORS, key=lambda mark: len(next(csv.reader([heading], delimiter=mark), [])))


def _records(lines: Sequence[str], first: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Give the cells of each row, after the number of the line in which it begins."""
    reader = csv.reader(lines[first:], delimiter=separator, strict=True, skipinitialspace=True)
    number = first + 1
    for record in reader:
        cells = [cell.strip() for cell in record]
        if record and not record[0].startswith(REMARK):
            yield number, cells
        number = first + 1 + reader.line_num


def _decimal(cells: Sequence[str], separator: str) -> Literal[".", ","]:
    """Say what parts the digits of numbers, by those that leave no doubt."""
    marks = {
        match[2]
        for cell in cells
        if (match := ONE_MARK.fullmatch(cell)) and match[2] and not GROUPED.fullmatch(cell)
    }
    usual: Mapping[str, Literal[".", ","]] = {";": ","}
    return "," if marks == {","} else "." if marks else usual.get(separator, ".")
