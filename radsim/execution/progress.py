"""How far a run is: a bar on a terminal, rare plain lines elsewhere."""

import time
from collections.abc import Iterator
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


class Shown:
    """What shows progress: called with each number of patients added.

    Attributes
    ----------
    total
        Patients that the run is to have; may grow on the way.
    """

    def __init__(self, total: int) -> None:
        self.total = total

    def __call__(self, added: int) -> None:
        raise NotImplementedError


class _Bar(Shown):
    """A bar on a terminal."""

    def __init__(self, total: int, bar: Progress) -> None:
        super().__init__(total)
        self.bar = bar
        self.task = bar.add_task("patients", total=total)

    def __call__(self, added: int) -> None:
        self.bar.update(self.task, advance=added, total=self.total)


class _Lines(Shown):
    """A plain line now and then."""

    def __init__(self, total: int, console: Console) -> None:
        super().__init__(total)
        self.console = console
        self.done, self.started = 0, time.monotonic()
        self.said = self.started

    def __call__(self, added: int) -> None:
        self.done += added
        now = time.monotonic()
        if now - self.said >= PLAIN_INTERVAL:
            self.said = now
            rate = self.done / (now - self.started)
            left = (self.total - self.done) / rate
            self.console.print(
                f"{self.done:,} of {self.total:,} patients, {rate:,.0f} patients/s, "
                f"{left:,.0f} s left",
                soft_wrap=True,
            )


@contextmanager
def show_progress(console: Console, patients: int) -> Iterator[Shown]:
    """Show progress while patients are added; yields what to call with each number added."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} patients"),
            BarColumn(),
            _Rate(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            yield _Bar(patients, bar)
        return
    yield _Lines(patients, console)
