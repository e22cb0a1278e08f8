"""Write the columns that a table of patients may have into docs/patient-tables.md."""

from pathlib import Path

from radsim.patients.columns import COLUMNS, LEVEL, units_of
from radsim.patients.following import BY_NAME
from radsim.vocabulary.cohort_variables import KnownVariable

PAGE = Path(__file__).parent / "patient-tables.md"
BEGIN, END = "<!-- columns: written by write_columns.py -->", "<!-- end of columns -->"
HEAD = (
    "| column | what it is | values | may be blank unless | read by |\n"
    "| --- | --- | --- | --- | --- |"
)


def page() -> str:
    """Give the page with the table as the vocabulary has it now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    rows = [row(name, known) for name, known in COLUMNS.items()]
    return f"{before}{BEGIN}\n\n{HEAD}\n" + "\n".join(rows) + f"\n\n{END}{after}"


def row(name: str, known: KnownVariable) -> str:
    """Describe one column.

    Examples
    --------
    >>> row("bilsky", COLUMNS["bilsky"])[:60]
    '| `bilsky` | epidural extension, Bilsky grade | `0`, `1a`, `'
    """
    star = " *" if name in BY_NAME else ""
    where = str(known.where) if known.where else ""
    return (
        f"| `{name}`{star} | {known.meaning} | {values(name, known)} | {where} | {known.reader} |"
    )


def values(name: str, known: KnownVariable) -> str:
    """Say what may stand in a column, with its units and other spellings."""
    if name == LEVEL:
        return "`T9`, `Th 9`, `L1`, `T9-T10`"
    if known.labels:
        listed = ", ".join(f"`{label}`" for label in known.labels)
        open_to_others = ", or others" if known.others == "yes" else ""
        also = ", ".join(f"`{spelling}`" for spelling in known.spellings)
        return listed + open_to_others + (f"; also {also}" if also else "")
    units = ", ".join(unit for unit in units_of(known) if unit != known.units)
    also = f"; also in {units}" if units and not known.is_yes_or_no else ""
    return (known.wanted or "numbers or labels") + also


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
