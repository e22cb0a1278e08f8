"""How far a run is: a bar on a terminal, rare plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

PLAIN_INTERVAL = 30.0  # seconds between plain lines


class _Rate(ProgressColumn):
    """Patients a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} patients/s" if speed else "")


@contextmanager
def show_progress(console: Console, patients: int) -> Iterator[Callable[[int], None]]:
    """Show progress while patients are added; yields what to call with each number added."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} patients"),
            BarColumn(),
            _Rate(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("patients", total=patients)
            yield lambda added: bar.advance(task, added)
        return
    done, started = 0, time.monotonic()
    said = started

    def add(added: int) -> None:
        nonlocal done, said
        done += added
        now = time.monotonic()
        if now - said >= PLAIN_INTERVAL:
            said = now
            rate = done / (now - started)
            left = (patients - done) / rate
            console.print(
                f"{done:,} of {patients:,} patients, {rate:,.0f} patients/s, {left:,.0f} s left",
                soft_wrap=True,
            )

    yield add
