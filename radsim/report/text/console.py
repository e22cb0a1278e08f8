"""Tables for a terminal."""

from rich.console import Console
from rich.table import Table

WIDTH = 110


def render(table: Table, width: int = WIDTH) -> str:
    """Write a table for a terminal of this width."""
    console = Console(
        width=width, color_system=None, force_terminal=False, highlight=False, markup=False
    )
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
