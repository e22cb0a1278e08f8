"""How far a run is: a bar on a terminal, rare plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

PLAIN_INTERVAL = 30.0  # seconds between plain lines


class _Rate(ProgressColumn):
    """Patients a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} patients/s" if speed else "")


@dataclass
class Counter:
    """Called with each number of patients added; ``total`` may grow on the way."""

    total: int
    tell: Callable[[int, int], object]  # of patients added, and of the total

    def __call__(self, added: int) -> None:
        self.tell(added, self.total)


@contextmanager
def show_progress(console: Console, patients: int) -> Iterator[Counter]:
    """Show progress while patients are added; yields what to call with each number added."""
    if not console.is_terminal:
        yield Counter(patients, _plain_lines(console))
        return
    columns = (
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} patients"),
        BarColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("patients", total=patients)
        yield Counter(patients, lambda added, total: bar.update(task, advance=added, total=total))


def _plain_lines(console: Console) -> Callable[[int, int], None]:
    """Print a plain line now and then."""
    done, started = 0, time.monotonic()
    said = started

    def tell(added: int, total: int) -> None:
        nonlocal done, said
        done += added
        now = time.monotonic()
        if now - said >= PLAIN_INTERVAL:
            said, rate = now, done / (now - started)
            console.print(
                f"{done:,} of {total:,} patients, {rate:,.0f} patients/s, "
                f"{(total - done) / rate:,.0f} s left",
                soft_wrap=True,
            )

    return tell
