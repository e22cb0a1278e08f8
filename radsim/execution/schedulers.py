"""Blocks of patients on Dask: threads, processes, one thread, or a running scheduler."""

import os
from collections.abc import Iterator, Sequence

from radsim.execution.cluster import run_there
from radsim.execution.local import run_here
from radsim.execution.scheduler import LOCAL, SchedulerError, Task
from radsim.experiment.model import Experiment
from radsim.sums.moments import BlockSums
from radsim.vocabulary.words import nearest


def check_scheduler(scheduler: str) -> None:
    """Check that a scheduler is one of the local ones or looks like an address.

    Raises
    ------
    SchedulerError
        If it is neither.
    """
    host, _, port = scheduler.rpartition(":")
    if scheduler not in LOCAL and not (host and port.isdigit()):
        raise SchedulerError(
            f"scheduler: {scheduler!r} is neither {', '.join(LOCAL)} "
            f"nor an address such as tcp://host:8786; {nearest(scheduler, LOCAL)}"
        )


def default_workers() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_tasks(
    experiment: Experiment, tasks: Sequence[Task], scheduler: str, workers: int
) -> Iterator[tuple[Task, list[BlockSums]]]:
    """Run tasks and hand each one's sums over as soon as it is finished, in any order.

    Raises
    ------
    SchedulerError
        If the scheduler can't be reached.
    """
    check_scheduler(scheduler)
    if scheduler in LOCAL:
        yield from run_here(experiment, tasks, scheduler, workers)
    else:
        yield from run_there(experiment, tasks, scheduler)
