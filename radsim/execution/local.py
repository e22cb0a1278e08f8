"""Pieces on this machine: threads, processes, or one after another."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import dask
from dask.callbacks import Callback

from radsim.execution.pieces import WINDOW, Finished, Task, Work


@dataclass(frozen=True)
class OneByOne:
    """One task after another, in this thread."""

    def __call__(self, work: Work, tasks: Sequence[Task]) -> Finished:
        """Run tasks in their order."""
        for task in tasks:
            yield task, work(task)


@dataclass(frozen=True)
class Pool:
    """Threads or processes."""

    scheduler: str
    workers: int

    def __call__(self, work: Work, tasks: Sequence[Task]) -> Finished:
        """Run tasks, each given as it finishes."""
        size = WINDOW * self.workers
        with _pool(self.scheduler, self.workers) as settings:
            for first in range(0, len(tasks), size):
                yield from _compute(work, tasks[first : first + size], settings)


def _compute(work: Work, tasks: Sequence[Task], settings: dict[str, Any]) -> Finished:
    """Compute a window of tasks; a thread drives Dask so that results can be handed over here."""
    delayed = dask.delayed(work, pure=False, traverse=False)
    names = {f"pieces-{uuid4().hex}": task for task in tasks}  # callbacks see every run's keys
    calls = [delayed(task, dask_key_name=name) for name, task in names.items()]
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
