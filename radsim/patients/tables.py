"""Tables of patients: columns of a file, as a clinic has them, as cohort variables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radsim.patients.cells import Reading, stand_in_of
from radsim.patients.columns import COLUMNS, FREE, LEVEL, Labels, Value, chosen_columns, meant_by
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.csv_tables import CsvTable, plain_name, read_table
from radsim.vocabulary.words import listed

LARGE = 1000.0  # of what has no highest value


@dataclass(frozen=True, kw_only=True)
class PatientsRead:
    """What a file says of patients, and what is wrong with it.

    Attributes
    ----------
    columns
        Values by variable; another value stands for a wrong one, so that the rest can be checked.
    lacking
        Variables that only some of the patients have and that nothing can stand for.
    left_out
        Headings of columns that are no variable, each with the variable that it may be.
    mistakes
        A line for each, after the key below that of the table which it is about.
    doubts
        Lines about what is read all the same.
    """

    columns: dict[str, tuple[Value, ...]]
    lacking: tuple[str, ...]
    left_out: dict[str, str]
    mistakes: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...]


def read_patients(
    path: Path,
    columns: Mapping[str, str] | None = None,
    labels: Labels | None = None,
    declare: Sequence[str] = (),
) -> PatientsRead:
    """Read a file of patients, one row each.

    Parameters
    ----------
    columns
        Variable of a column that is called otherwise.
    labels
        By column or variable: what a cell means that is written otherwise.
    declare
        Columns to take that are no known variable.

    Raises
    ------
    ValueError
        If the file can't be read, or has no rows.
    """
    table = read_table(path)
    mistakes = [("", line) for line in table.mistakes]
    chosen = chosen_columns(table, columns or {}, labels or {}, declare, mistakes)
    reading = Reading(table)
    values: dict[str, list[Value | None]] = {}
    order = sorted(chosen, key=lambda column: column.variable == LEVEL)  # after the region
    for column in order:
        if column.variable == LEVEL:
            reading.read_levels(column, values)
        else:
            values[column.variable] = reading.read(column)
    lacking = reading.fill(order, values)
    mistakes.extend(("", line) for line in reading.mistakes())
    whole = {name: tuple(_standing_in(name, cells)) for name, cells in values.items()}
    places = {column.place for column in chosen}
    others = [heading for i, heading in enumerate(table.headings) if i not in places and heading]
    rest = [heading for heading in others if plain_name(heading) not in COLUMNS]
    return PatientsRead(
        columns={name: cells for name, cells in whole.items() if name not in lacking},
        lacking=tuple(lacking),
        left_out={heading: meant_by(heading, whole) for heading in rest},
        mistakes=tuple(mistakes),
        doubts=tuple(_repeated(table)),
    )


def _standing_in(name: str, cells: list[Value | None]) -> Iterator[Value]:
    """Give the values of a column, and some right one for each that is wrong."""
    known = COHORT.get(name, FREE)
    right = next((cell for cell in cells if cell is not None), None)
    if right is None:
        right = stand_in_of(known) if known.above is None and known.lowest is None else 1.0
    for cell in cells:
        yield cell if cell is not None else right if right is not None else "none"


def _repeated(table: CsvTable) -> Iterator[str]:
    """Say which rows are alike in every column, where a column tells all others apart."""
    places: dict[tuple[str, ...], list[int]] = {}
    for number, row in zip(table.numbers, table.rows, strict=True):
        places.setdefault(row, []).append(number)
    if any(len(set(column)) == len(places) > 1 for column in zip(*table.rows, strict=True)):
        for numbers in places.values():
            if len(numbers) > 1:
                alike = listed([str(number) for number in numbers])
                yield f"{table.name}: rows {alike} are alike in every column; one patient twice?"


def any_patients(rows: int = 12) -> dict[str, tuple[Value, ...]]:
    """Values of every known variable, to check the rest of a file by whose table can't be read.

    Examples
    --------
    >>> any_patients()["region"][:4], any_patients()["female"][:2]
    (('cervical', 'thoracic', 'lumbar', 'sacrum'), (0.0, 1.0))
    """
    return {
        name: tuple(values[row % len(values)] for row in range(rows))
        for name, known in COHORT.items()
        for numbers in [(0.0, 1.0) if known.is_yes_or_no else (1.0, known.highest or LARGE)]
        for values in [known.labels or numbers]
    }
