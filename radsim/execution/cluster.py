"""Pieces on a Dask scheduler at an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from radsim.execution.pieces import Work
from radsim.execution.scheduler import WINDOW, Finished, SchedulerError, Task

CONNECT_TIMEOUT = 10.0  # seconds to wait for a scheduler


@dataclass(frozen=True)
class Cluster:
    """A running Dask scheduler."""

    address: str
    timeout: float = CONNECT_TIMEOUT

    def __call__(self, work: Work, tasks: Sequence[Task]) -> Finished:
        """Run tasks, each given as it finishes."""
        try:
            from distributed import Client, as_completed
        except ImportError:
            raise SchedulerError(
                'scheduler: an address needs the extra "radsim[cluster]" (distributed)'
            ) from None
        try:
            client = Client(self.address, timeout=self.timeout, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise SchedulerError(f"scheduler: can't reach {self.address}: {error}") from None
        with client:
            shared = client.scatter(work, broadcast=True, hash=False)
            workers = max(1, sum(client.nthreads().values()))
            waiting = iter(tasks)
            running: dict[Any, Task] = {}
            completed = as_completed(loop=client.loop)

            def submit_next() -> None:
                task = next(waiting, None)
                if task is not None:
                    future = client.submit(Work.__call__, shared, task, pure=False)
                    running[future] = task
                    completed.add(future)

            for _ in range(WINDOW * workers):
                submit_next()
            for future in completed:
                yield running.pop(future), future.result()
                submit_next()
