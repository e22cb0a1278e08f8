"""Pieces on a Dask scheduler at an address."""

from collections.abc import Iterator, Sequence
from typing import Any

from radsim.execution.pieces import run_pieces
from radsim.execution.scheduler import WINDOW, SchedulerError, Task
from radsim.experiment.model import Experiment
from radsim.sums.moments import BlockSums

CONNECT_TIMEOUT = 10.0  # seconds to wait for a scheduler


def run_there(
    experiment: Experiment, tasks: Sequence[Task], address: str
) -> Iterator[tuple[Task, list[BlockSums]]]:
    """Run tasks on the Dask scheduler at an address; each is given as it finishes."""
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
