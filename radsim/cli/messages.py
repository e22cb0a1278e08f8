"""What a command tells its user beside its output, on stderr."""

from functools import cache
from typing import TYPE_CHECKING

from radsim.vocabulary.texts import escaped

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """The terminal behind stderr; text goes there as it is, in lines as long as they are."""
    from rich.console import Console  # costs as much as the rest of a command's help

    return Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def tell(message: str) -> None:
    """Say something in a line of its own; what would change the terminal is written out."""
    console().print(escaped(message))


def warn(message: object) -> None:
    """Say what a user should know of a result or a file."""
    tell(f"warning: {message}")
