"""A page of paragraphs, lists, tables and figures, as Markdown or as plain text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import fill
from typing import Any

from radsim.report.tables.csv_text import cell_of
from radsim.report.text.console import PLAIN, table_text

COLUMN = 3.5  # width of a column of print [inches]
WIDTH = 88  # of plain text, in characters
MOST_NAMES, FIRST_NAMES = 8, 3  # that a sentence lists, and of more than so many
MARKS = re.compile(r"[\\`*<>|~$]|(?<!\w)_|_(?!\w)|\](?=[(:\[])|&(?=#?\w+;)|!(?=\[)")
HEADING = re.compile(r"^(?=[#+=-])")  # or a list, at the beginning of a text
NUMBER = re.compile(r"^(\d+)(?=[.)]\s)")  # of a list


@dataclass(frozen=True)
class Table:
    """A table of names and numbers, which are written as a CSV has them."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    number: int = 0

    @property
    def called(self) -> str:
        """What text calls it."""
        return f"table {self.number}"


@dataclass(frozen=True)
class Picture:
    """A figure in a file beside the page."""

    caption: str
    path: str
    number: int = 0

    @property
    def called(self) -> str:
        """What text calls it."""
        return f"figure {self.number}"


Block = str | tuple[str, ...] | Table | Picture  # a tuple of texts is a list


@dataclass(frozen=True)
class Part:
    """A part of a page under a title."""

    title: str
    blocks: tuple[Block, ...]


def numbered(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Number the tables that have rows, in their order; the others are left out."""
    some = ((name, table) for name, table in tables.items() if table.rows)
    return {name: replace(table, number=i) for i, (name, table) in enumerate(some, 1)}


def briefly(names: Sequence[str]) -> list[str]:
    """Give names to be listed in a sentence, of many only the first.

    Examples
    --------
    >>> briefly(["a", "b"]), briefly(["a"] * 20)
    (['a', 'b'], ['a', 'a', 'a', '17 others'])
    """
    if len(names) <= MOST_NAMES:
        return list(names)
    return [*names[:FIRST_NAMES], f"{len(names) - FIRST_NAMES} others"]


def to_markdown(title: str, parts: Iterable[Part]) -> str:
    """Write a page as Markdown, figures at the width of a column as Pandoc takes it."""
    blocks = [f"# {plain_in_markdown(title)}"]
    for part in parts:
        blocks += [f"## {plain_in_markdown(part.title)}", *map(_markdown_block, part.blocks)]
    return "\n\n".join(blocks) + "\n"


def to_text(title: str, parts: Iterable[Part]) -> str:
    """Write a page as plain text."""
    blocks = [_underlined(title, "=")]
    for part in parts:
        blocks += [_underlined(part.title, "-"), *map(_text_block, part.blocks)]
    return "\n\n".join(blocks) + "\n"


def plain_in_markdown(text: str) -> str:
    r"""Escape what Markdown would take for a mark of its own.

    Examples
    --------
    >>> print(plain_in_markdown("incidence_difference at *24* months | [months](x)"))
    incidence_difference at \*24\* months \| [months\](x)
    """
    return MARKS.sub(lambda mark: f"\\{mark[0]}", text)


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    r"""Write a table in Markdown; cells are escaped.

    Examples
    --------
    >>> print(markdown_table(("a", "b"), [("x|y", 0.5)]))
    | a | b |
    | --- | --- |
    | x\|y | 0.5 |
    """
    every = [columns, *rows]
    lines = [" | ".join(plain_in_markdown(written(cell)) for cell in row) for row in every]
    lines.insert(1, " | ".join(["---"] * len(columns)))
    return "\n".join(f"| {line} |" for line in lines)


def written(cell: Any) -> str:
    """Write a cell as a CSV does, but for the apostrophe before what looks like a formula."""
    return cell if isinstance(cell, str) else str(cell_of(cell))


def _markdown_block(block: Block) -> str:
    match block:
        case str():
            return _first_escaped(block)
        case tuple():
            return "\n".join(f"- {_first_escaped(item)}" for item in block)
        case Table():
            caption = plain_in_markdown(_caption(block))
            return f"{caption}\n\n{markdown_table(block.columns, block.rows)}"
        case Picture():
            caption = plain_in_markdown(_caption(block))
            return f"![{caption}]({block.path}){{width={COLUMN}in}}"


def _text_block(block: Block) -> str:
    match block:
        case str():
            return fill(block, WIDTH)
        case tuple():
            lines = (fill(i, WIDTH, initial_indent="- ", subsequent_indent="  ") for i in block)
            return "\n".join(lines)
        case Table():
            rows = [[written(cell) for cell in row] for row in block.rows]
            table = table_text(block.columns, rows, width=WIDTH, **PLAIN)
            filled = [line.rstrip() for line in table.splitlines() if line.strip()]
            return "\n".join([fill(_caption(block), WIDTH), *filled])
        case Picture():
            return fill(f"{_caption(block)} ({block.path})", WIDTH)


def _first_escaped(text: str) -> str:
    """Escape what would begin a heading or a list, too."""
    return NUMBER.sub(r"\1\\", HEADING.sub(r"\\", plain_in_markdown(text)))


def _caption(block: Table | Picture) -> str:
    called = f"{block.called[0].upper()}{block.called[1:]}"
    return f"{called}. {block.caption[0].upper()}{block.caption[1:]}."


def _underlined(title: str, mark: str) -> str:
    return f"{title}\n{mark * len(title)}"
