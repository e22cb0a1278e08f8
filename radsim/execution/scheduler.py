"""What every scheduler takes, gives and raises."""

from collections.abc import Sequence

from radsim.execution.pieces import Piece
from radsim.vocabulary.mistakes import Mistake

LOCAL = ("threads", "processes", "single")
WINDOW = 16  # tasks a worker that are handed over at once, so that no graph holds a whole run
Task = Sequence[Piece]


class SchedulerError(Mistake):
    """The scheduler that was asked for can't be used."""
