"""Blocks of patients on Dask: threads, processes, one thread, or a running scheduler."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import dask
from dask.callbacks import Callback

from radsim.execution.pieces import Piece, run_pieces
from radsim.experiment.model import Experiment
from radsim.sums.moments import BlockSums
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.words import nearest

LOCAL = ("threads", "processes", "single")
WINDOW = 16  # tasks a worker that are handed over at once, so that no graph holds a whole run
CONNECT_TIMEOUT = 10.0  # seconds to wait for a scheduler
Task = Sequence[Piece]


class SchedulerError(Mistake):
    """The scheduler that was asked for can't be used."""


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
        yield from _run_here(experiment, tasks, scheduler, workers)
    else:
        yield from _run_there(experiment, tasks, scheduler)


def _run_here(
    experiment: Experiment, tasks: Sequence[Task], scheduler: str, workers: int
) -> Iterator[tuple[Task, list[BlockSums]]]:
    if scheduler == "single":
        for task in tasks:
            yield task, run_pieces(experiment, task)
        return
    size = WINDOW * workers
    with _pool(scheduler, workers) as settings:
        for first in range(0, len(tasks), size):
            yield from _compute(experiment, tasks[first : first + size], settings)


def _compute(
    experiment: Experiment, tasks: Sequence[Task], settings: dict[str, Any]
) -> Iterator[tuple[Task, list[BlockSums]]]:
    """Compute a window of tasks; a thread drives Dask so that results can be handed over here."""
    work = dask.delayed(run_pieces, pure=False, traverse=False)
    names = {f"pieces-{uuid4().hex}": task for task in tasks}  # callbacks see every run's keys
    calls = [work(experiment, task, dask_key_name=name) for name, task in names.items()]
    finished: SimpleQueue[Any] = SimpleQueue()

    def hand_over(key: str, result: Any, *_: Any) -> None:
        if key in names:
            finished.put((names[key], result))

    def drive() -> None:
        try:
            with Callback(posttask=hand_over):
                dask.compute(*calls, optimize_graph=False, **settings)
            finished.put(None)
        except BaseException as error:
            finished.put(error)

    threading.Thread(target=drive, daemon=True).start()
    while (item := finished.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


@contextmanager
def _pool(scheduler: str, workers: int) -> Iterator[dict[str, Any]]:
    """Keep one pool for a whole run: new threads would each get memory of their own."""
    pool: Executor
    if scheduler == "threads":
        pool = ThreadPoolExecutor(workers)
    else:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_die_with, initargs=(os.getpid(),))
    try:
        yield {"scheduler": scheduler, "num_workers": workers, "pool": pool}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _die_with(parent: int) -> None:
    """End a worker process when the process that it works for is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _run_there(
    experiment: Experiment, tasks: Sequence[Task], address: str
) -> Iterator[tuple[Task, list[BlockSums]]]:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise SchedulerError(
            'scheduler: an address needs the extra "radsim[cluster]" (distributed)'
        ) from None
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SchedulerError(f"scheduler: can't reach {address}: {error}") from None
    with client:
        shared = client.scatter(experiment, broadcast=True, hash=False)
        workers = max(1, sum(client.nthreads().values()))
        waiting = iter(tasks)
        running: dict[Any, Task] = {}
        completed = as_completed(loop=client.loop)

        def submit_next() -> None:
            task = next(waiting, None)
            if task is not None:
                future = client.submit(run_pieces, shared, task, pure=False)
                running[future] = task
                completed.add(future)

        for _ in range(WINDOW * workers):
            submit_next()
        for future in completed:
            yield running.pop(future), future.result()
            submit_next()
