"""Run an experiment: every piece of it once, in any order, summed in one."""

from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr

from radsim.execution.pieces import Piece, block_size, packs_of, pieces_of, replicate, tasks_of
from radsim.experiment.model import MOST_PATIENTS, Experiment, ExperimentError
from radsim.results.result import make_design_result
from radsim.simulation.sample import sample_doses, sample_metrics
from radsim.execution.schedulers import default_workers, run_tasks
from radsim.execution.journal import Journal
from radsim.execution.precision import patients_next, patients_projected
from radsim.simulation.series import with_predictive
from radsim.results.fields import make_result
from radsim.randomness.sources import REPLICATES, WHOLE
from radsim.sums.moments import BlockSums, Moments, replicated
from radsim.experiment.variants import check_variants

Progress = Callable[[int], None]  # told how many patients have been added
Growth = Callable[[Experiment, Experiment], None]  # told what a precision needs, and what is next


def run(
    experiment: Experiment,
    *,
    workers: int | None = None,
    chunk_size: int | None = None,
    scheduler: str = "threads",
    journal: Journal | None = None,
    progress: Progress | None = None,
    growth: Growth | None = None,
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
        Where finished pieces are recorded, and where those of an earlier run are taken from.
    progress
        Called with the number of patients of each finished piece, times its variants.
    growth
        Called before a run to a precision takes more patients, with the experiment of as many as
        it seems to need and that of as many as come next; it may raise to end the run.

    Returns
    -------
    xr.Dataset
        See `radsim.results.fields.make_result`, and `radsim.results.result.make_design_result` for a
        design. Workers, chunks and scheduler change nothing in it.

    Raises
    ------
    ExperimentError
        If a variant of a design has mistakes, or a precision needs more patients than there can be.

    Examples
    --------
    >>> from radsim import load_experiment
    >>> experiment = load_experiment("experiments/compare_strategies.toml")
    >>> small = experiment.model_copy(update={"patients": 50})
    >>> result = run(small, scheduler="single")
    >>> bool(result["local_control_net"].sel(arm="single_24").isnull().any())
    False
    """
    if experiment.has_design and (journal is None or journal.is_empty):
        check_variants(experiment)
    report = progress or (lambda patients: None)
    totals = _Totals(experiment)
    done, wanted = 0, experiment.patients
    if experiment.precision is not None:
        unit = WHOLE if experiment.uniforms != "plain" else block_size(experiment)
        wanted = -(-wanted // unit) * unit  # whole blocks, so that more can be added
    while done < wanted:
        pieces = pieces_of(experiment, done, wanted)
        finished = _all_pieces(experiment, pieces, workers, chunk_size, scheduler, journal, report)
        for piece, sums in _in_order(pieces, finished):
            totals.add(piece, sums)
        done = wanted
        if experiment.precision is not None:
            needed = patients_projected(experiment.precision, totals.sums(), done, unit)
            if needed > MOST_PATIENTS:
                raise ExperimentError(
                    [f"precision: would need about {needed:,} patients, at most {MOST_PATIENTS:,}"]
                )
            wanted = patients_next(needed, done, unit)
            if growth is not None and wanted > done:
                growth(_of_size(experiment, needed), _of_size(experiment, wanted))
    experiment = _of_size(experiment, done)
    if experiment.has_design:
        return make_design_result(experiment, totals.sums())
    result = make_result(experiment, totals.sums())
    result = result.merge(sample_doses(experiment)).merge(sample_metrics(experiment))
    return result if experiment.predictive is None else with_predictive(result, experiment)


def _of_size(experiment: Experiment, patients: int) -> Experiment:
    return experiment.model_copy(update={"patients": patients})


def work_of(experiment: Experiment) -> int:
    """Patients that a run simulates, each variant's counted; what progress is told of."""
    variants = len(experiment.study.design) if experiment.has_design else 1
    return experiment.patients * variants


class _Totals:
    """The sums so far, by pack of variants and by replicate, joined in the order of the pieces."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.joined: dict[tuple[int, int], BlockSums] = {}

    def add(self, piece: Piece, sums: BlockSums) -> None:
        key = piece.pack, replicate(self.experiment, piece)
        earlier = self.joined.get(key)
        self.joined[key] = sums if earlier is None else earlier.combine(sums)

    def sums(self) -> BlockSums:
        """Join replicates, and put the variants of a design in its order."""
        size = 1 if self.experiment.uniforms == "plain" else REPLICATES
        packs = sorted({pack for pack, _ in self.joined})
        whole = []
        for pack in packs:
            each = [self.joined[pack, index] for index in range(size)]
            whole.append(each[0] if size == 1 else replicated(each))
        if not self.experiment.has_design:
            return whole[0]
        order = np.argsort(np.concatenate(packs_of(self.experiment.study.design)))
        return _side_by_side(whole, order)


def _side_by_side(packs: list[BlockSums], order: np.ndarray) -> BlockSums:
    """Join packs along their first axis, the variants; what one does not have is missing."""
    sizes = [len(next(iter(pack.moments.values())).mean) for pack in packs]
    names = dict.fromkeys(name for pack in packs for name in pack.moments)
    moments = {}
    for name in names:
        known = next(pack.moments[name] for pack in packs if name in pack.moments)
        parts = [
            pack.moments[name] if name in pack.moments else known.missing(size)
            for pack, size in zip(packs, sizes, strict=True)
        ]
        moments[name] = Moments.one_after_another(parts).rearranged(lambda v: v[order])
    counts = {
        name: np.concatenate([pack.counts[name] for pack in packs])[order]
        for name in packs[0].counts
    }
    return BlockSums(moments, counts)


def _all_pieces(
    experiment: Experiment,
    pieces: list[Piece],
    workers: int | None,
    chunk_size: int | None,
    scheduler: str,
    journal: Journal | None,
    report: Progress,
) -> Iterator[tuple[Piece, BlockSums]]:
    """Give every piece once: those in the journal, then the others as they finish."""
    wanted = {piece.number: piece for piece in pieces}
    for number, sums in journal.blocks() if journal else ():
        piece = wanted.get(number)
        if piece is not None and len(piece.patients) == _patients(sums):
            del wanted[number]
            report(_size(piece))
            yield piece, sums
    tasks = tasks_of(list(wanted.values()), chunk_size or 1)
    for task, results in run_tasks(experiment, tasks, scheduler, workers or default_workers()):
        for piece, sums in zip(task, results, strict=True):
            if journal is not None:
                journal.append(piece.number, sums)
            report(_size(piece))
            yield piece, sums


def _in_order(
    pieces: list[Piece], finished: Iterator[tuple[Piece, BlockSums]]
) -> Iterator[tuple[Piece, BlockSums]]:
    """Give the sums in the order of the pieces, holding back those that come early."""
    early: dict[int, BlockSums] = {}
    for piece in pieces:
        while piece.number not in early:
            done, sums = next(finished)
            early[done.number] = sums
        yield piece, early.pop(piece.number)


def _patients(sums: BlockSums) -> int:
    return next(iter(sums.moments.values())).count


def _size(piece: Piece) -> int:
    return len(piece.patients) * max(1, len(piece.variants))
