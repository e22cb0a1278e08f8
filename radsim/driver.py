"""Run an experiment: every block of patients once, in any order, summed in one."""

from collections.abc import Callable, Iterator

import xarray as xr

from radsim.blocks import blocks_of, tasks_of
from radsim.config import Experiment
from radsim.dose_sample import sample_doses, sample_metrics
from radsim.execution import default_workers, run_tasks
from radsim.journal import Journal
from radsim.result import make_result
from radsim.summary import BlockSums

Progress = Callable[[int], None]  # told how many patients have been added


def run(
    experiment: Experiment,
    *,
    workers: int | None = None,
    chunk_size: int | None = None,
    scheduler: str = "threads",
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run an experiment.

    Parameters
    ----------
    workers
        Threads or processes; the number of cores unless given.
    chunk_size
        Patients a task, rounded up to whole blocks; one block unless given.
    scheduler
        ``threads``, ``processes``, ``single``, or the address of a running Dask scheduler.
    journal
        Where finished blocks are recorded, and where those of an earlier run are taken from.
    progress
        Called with the number of patients of each finished block.

    Returns
    -------
    xr.Dataset
        See `radsim.result.make_result`. Workers, chunks and scheduler change nothing in it.

    Examples
    --------
    >>> from radsim import load_experiment
    >>> experiment = load_experiment("experiments/compare_strategies.toml")
    >>> small = experiment.model_copy(update={"patients": 50})
    >>> result = run(small, scheduler="single")
    >>> bool(result["local_control_net"].sel(arm="single_24").isnull().any())
    False
    """
    blocks = blocks_of(experiment.patients)
    report = progress or (lambda patients: None)
    finished = _in_order(
        blocks, _all_blocks(experiment, blocks, workers, chunk_size, scheduler, journal, report)
    )
    total = next(finished)
    for sums in finished:
        total = total.combine(sums)
    result = make_result(experiment, total)
    return result.merge(sample_doses(experiment)).merge(sample_metrics(experiment))


def _all_blocks(
    experiment: Experiment,
    blocks: list[range],
    workers: int | None,
    chunk_size: int | None,
    scheduler: str,
    journal: Journal | None,
    report: Progress,
) -> Iterator[tuple[range, BlockSums]]:
    """Give every block once: those in the journal, then the others as they finish."""
    wanted = {block.start: block for block in blocks}
    for first_patient, sums in journal.blocks() if journal else ():
        block = wanted.get(first_patient)
        if block is not None and len(block) == _patients(sums):
            del wanted[first_patient]
            report(len(block))
            yield block, sums
    tasks = tasks_of(list(wanted.values()), chunk_size or 1)
    for task, results in run_tasks(experiment, tasks, scheduler, workers or default_workers()):
        for block, sums in zip(task, results, strict=True):
            if journal is not None:
                journal.append(block.start, sums)
            report(len(block))
            yield block, sums


def _in_order(
    blocks: list[range], finished: Iterator[tuple[range, BlockSums]]
) -> Iterator[BlockSums]:
    """Give the sums in the order of the blocks, holding back those that come early."""
    early: dict[int, BlockSums] = {}
    for block in blocks:
        while block.start not in early:
            done, sums = next(finished)
            early[done.start] = sums
        yield early.pop(block.start)


def _patients(sums: BlockSums) -> int:
    return next(iter(sums.moments.values())).count
