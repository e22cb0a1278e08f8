"""Tables for a terminal."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table

WIDTH, WIDE = 110, 150
PLAIN: dict[str, Any] = {"title_justify": "left", "box": box.SIMPLE_HEAD}  # no frame
NARROW = PLAIN | {"pad_edge": False}


def table_text(
    columns: Iterable[str],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    *,
    width: int = WIDE,
    whole: Collection[str] = (),
    **look: Any,
) -> str:
    """Write a table for a terminal; cells are broken into lines, but in ``whole`` columns."""
    heads = (Column(name, overflow="fold", no_wrap=name in whole) for name in columns)
    return _render(Table(*heads, title=title, **look), rows, width)


def numbers_text(
    columns: Iterable[str], rows: Iterable[Sequence[str]], title: str, width: int, no_wrap: bool
) -> str:
    """Write a table of names and, to the right, numbers."""
    heads = (Column(name, justify="right", no_wrap=no_wrap) for name in columns)
    return _render(Table("", *heads, title=title, **NARROW), rows, width)


def _render(table: Table, rows: Iterable[Sequence[str]], width: int) -> str:
    for row in rows:
        table.add_row(*row)
    console = Console(
        width=width,
        color_system=None,
        force_terminal=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
