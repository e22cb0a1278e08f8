"""Blocks of patients on Dask: threads, processes, one thread, or a running scheduler."""

import os

from radsim.execution.cluster import Cluster
from radsim.execution.local import OneByOne, Pool
from radsim.execution.scheduler import LOCAL, Scheduler, SchedulerError
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


def scheduler_of(name: str, workers: int) -> Scheduler:
    """Give the scheduler of a name or an address.

    Raises
    ------
    SchedulerError
        If it is neither; when it is run, if it can't be reached.
    """
    check_scheduler(name)
    if name == "single":
        return OneByOne()
    return Pool(name, workers) if name in LOCAL else Cluster(name)
