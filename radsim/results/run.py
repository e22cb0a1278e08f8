"""Run an experiment: every piece of it once, in any order, summed in one."""

from collections.abc import Callable, Iterator

import xarray as xr

from radsim.execution.journal import Journal
from radsim.execution.pieces import CUTTING, Cutting, Piece, Work, pieces_of
from radsim.execution.precision import patients_next, patients_projected
from radsim.execution.schedulers import default_workers, scheduler_of
from radsim.execution.totals import Progress, Totals, all_pieces, in_order
from radsim.experiment.model import MOST_PATIENTS, Experiment, ExperimentError
from radsim.experiment.variants import check_variants, stages_of
from radsim.results.result import make_result
from radsim.sums.run_sums import PieceSums

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
    cutting: Cutting = CUTTING,
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
        Told the patients of each finished piece, times its variants.
    growth
        Told of how many patients a precision seems to need, and of how many as come next, before
        more are taken; it may raise to end the run.
    cutting
        Sizes of the pieces, which decide the last digits; tests make them small.

    Returns
    -------
    xr.Dataset
        See `radsim.results.result.make_result`. Workers, chunks and scheduler change nothing in it.

    Raises
    ------
    ExperimentError
        If a variant of a design has mistakes, or a precision needs more patients than there can be.

    Examples
    --------
    >>> from radsim import load_experiment
    >>> experiment = load_experiment("experiments/sib_phase2.toml")
    >>> small = experiment.model_copy(update={"patients": 50})
    >>> result = run(small, scheduler="single")
    >>> bool(result["local_control_net"].sel(arm="sib").isnull().any())
    False
    """
    if experiment.has_design and (journal is None or journal.is_empty):
        check_variants(experiment)
    place, report = scheduler_of(scheduler, workers or default_workers()), progress or _nothing

    def finished(work: Work, pieces: list[Piece]) -> Iterator[tuple[Piece, PieceSums]]:
        every = all_pieces(work, pieces, place, chunk_size or 1, journal, report)
        return in_order(pieces, every)

    everyone, first_ones = stages_of(experiment)
    done, wanted = 0, experiment.patients
    work = Work(everyone, cutting)
    totals = Totals(work)
    if experiment.precision is not None:
        unit = cutting.whole(experiment)
        wanted = -(-wanted // unit) * unit  # whole blocks, so that more can be added
    while done < wanted:
        for piece, sums in finished(work, pieces_of(everyone, done, wanted, cutting)):
            totals.add(piece, sums)
        done = wanted
        if experiment.precision is not None:
            needed = patients_projected(everyone, totals.sums(), unit)
            if needed > MOST_PATIENTS:
                raise ExperimentError(
                    [f"precision: would need about {needed:,} patients, at most {MOST_PATIENTS:,}"]
                )
            wanted = patients_next(needed, done, unit)
            if growth is not None and wanted > done:
                growth(_of_size(experiment, needed), _of_size(experiment, wanted))
    experiment = _of_size(experiment, done)
    if first_ones is None:
        return make_result(experiment, totals.sums())
    cutting = cutting.of_draws
    work = Work(first_ones, cutting)
    drawn = Totals(work)
    for piece, sums in finished(work, pieces_of(first_ones, 0, first_ones.patients, cutting, 1)):
        drawn.add(piece, sums)
    return make_result(experiment, totals.sums(), drawn.sums())


def _nothing(patients: int) -> None:
    """Tell nobody."""


def _of_size(experiment: Experiment, patients: int) -> Experiment:
    return experiment.model_copy(update={"patients": patients})


def work_of(experiment: Experiment) -> int:
    """Patients that a run simulates, each variant's counted; what progress is told of."""
    return sum(
        stage.patients * (len(stage.study.design) if stage.has_design else 1)
        for stage in stages_of(experiment)
        if stage is not None
    )
