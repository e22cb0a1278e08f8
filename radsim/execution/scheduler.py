"""What every scheduler takes, gives and raises."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from radsim.execution.pieces import Piece, Work
from radsim.sums.piece_sums import PieceSums
from radsim.vocabulary.mistakes import Mistake

LOCAL = ("threads", "processes", "single")
WINDOW = 16  # tasks a worker that are handed over at once, so that no graph holds a whole run
Task = Sequence[Piece]
Finished = Iterator[tuple[Task, list[PieceSums]]]  # tasks with the sums of each of their pieces


class Scheduler(Protocol):
    """Where tasks run: each is given with its sums as soon as it is finished, in any order."""

    def __call__(self, work: Work, tasks: Sequence[Task]) -> Finished:
        """Run the tasks."""


class SchedulerError(Mistake):
    """The scheduler that was asked for can't be used."""
