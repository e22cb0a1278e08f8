"""What a command tells its user beside its output, and what a file is for."""

from functools import cache
from textwrap import fill
from typing import TYPE_CHECKING

from radsim.vocabulary.texts import escaped

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = 98  # of a paragraph


@cache
def console() -> "Console":
    """The terminal behind stderr; text goes there as it is, in lines as long as they are."""
    from rich.console import Console  # costs as much as the rest of a command's help

    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def say(text: object) -> None:
    """Print what a command was asked for; what would change the terminal is written out."""
    print(escaped(str(text)))


def tell(message: str) -> None:
    """Say something in a line of its own; what would change the terminal is written out."""
    console().print(escaped(message))


def warn(message: object) -> None:
    """Say what a user should know of a result or a file."""
    tell(f"warning: {message}")


def print_purpose(**texts: str) -> None:
    r"""Print what a file asks or expects, a paragraph each, where it says so.

    Examples
    --------
    >>> print_purpose(question="What does a boost\nbuy?", expected="")
    question: What does a boost buy?
    <BLANKLINE>
    """
    for what, text in texts.items():
        if text.strip():
            print(fill(f"{what}: {' '.join(text.split())}", COLUMNS, subsequent_indent="  ") + "\n")
