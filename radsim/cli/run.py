"""``radsim run``: an experiment, from its file to its folder of results."""

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from radsim.cli.arguments import Confirm, ExperimentFile
from radsim.cli.messages import console, print_purpose, say, tell, warn
from radsim.cli.trial import simulate_trial, trial

if TYPE_CHECKING:
    from radsim.experiment.model import Experiment

M_ARENA_MAX = -8  # the number of this setting in malloc.h


def run(
    file: ExperimentFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="where the result goes")],
    patients: Annotated[int | None, typer.Option(help="instead of the file's number")] = None,
    seed: Annotated[int | None, typer.Option(help="instead of the file's seed")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="threads or processes")] = None,
    chunk_size: Annotated[int | None, typer.Option(min=1, help="patients a task")] = None,
    scheduler: Annotated[
        str, typer.Option(help="threads, processes, single, or the address of a Dask scheduler")
    ] = "threads",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace another result in DIR")
    ] = False,
    precision: Annotated[
        float | None,
        typer.Option(help="go on until the largest Monte Carlo standard error is this small"),
    ] = None,
    confirm: Confirm = None,
    yes: Annotated[bool, typer.Option("--yes", help="run a design however long it takes")] = False,
    figures: Annotated[
        bool, typer.Option(help="draw figures; radsim plot DIR draws them later")
    ] = True,
) -> None:
    """Run an experiment; the same command goes on where a stopped run left off."""
    _share_one_heap()
    from radsim.execution.cost import check_cost, check_growth
    from radsim.execution.precision import with_precision
    from radsim.execution.progress import show_progress
    from radsim.execution.schedulers import check_scheduler
    from radsim.experiment.trial_file import states_trial_only
    from radsim.report.figures.gallery import draw_figures
    from radsim.report.files.folder import claim_folder, is_result_of
    from radsim.report.files.result_files import save_result
    from radsim.report.files.trial_files import holds_trial, remove_trial
    from radsim.report.text.answer import answer_text
    from radsim.report.text.comparison import comparison_text
    from radsim.report.text.series import predictive_text
    from radsim.report.text.subgroups import subgroups_text
    from radsim.report.text.warnings import precision_text, warnings_of
    from radsim.results.run import run as run_experiment
    from radsim.results.run import work_of

    if states_trial_only(file):
        _refuse_idle(patients, precision, chunk_size, scheduler)
        trial(
            file,
            out,
            seed=seed,
            workers=workers,
            overwrite=overwrite,
            confirm=confirm,
            figures=figures,
        )
        return
    experiment = _override(_load(file, patients, confirm or ()), patients=patients, seed=seed)
    if precision is not None:
        experiment = with_precision(experiment, precision, patients)
    check_scheduler(scheduler)
    lacks_trial = experiment.trial is not None and not overwrite and not holds_trial(out)
    if lacks_trial and is_result_of(out, experiment):
        tell(f"{out} holds the result already; what is missing is the trial")
        simulate_trial(experiment, out, workers, figures)
        return
    if experiment.has_design and not yes:
        tell(str(check_cost(experiment)))
    with claim_folder(out, experiment, overwrite) as journal:
        with show_progress(console(), work_of(experiment)) as progress:

            def growth(needed: "Experiment", planned: "Experiment") -> None:
                if not yes:
                    check_growth(needed)
                progress.total = work_of(planned)

            result = run_experiment(
                experiment,
                workers=workers,
                chunk_size=chunk_size,
                scheduler=scheduler,
                journal=journal,
                progress=progress,
                growth=growth,
            )
        remove_trial(out)  # an earlier result's
        save_result(result, out, draw_figures if figures else None)
    for line in warnings_of(result):
        warn(line)
    print_purpose(question=experiment.question)
    say(comparison_text(result))
    if groups := subgroups_text(result):
        say(f"\n{groups}")
    for line in precision_text(result):
        say(line)
    if answer := answer_text(result):
        say(f"\n{answer}")
    if series := predictive_text(result):
        say(f"\n{series}")
    say(f"\nresult in {out}")
    if experiment.trial is not None:
        if experiment.has_design:
            tell("the trial is simulated for the file's own values; vary it by [trial] scenarios")
        simulate_trial(experiment, out, workers, figures)


def _share_one_heap() -> None:
    """Let the threads of this command share one heap.

    The GNU C library gives each thread a heap of its own, so that what one thread has freed is no
    use to another: arrays of two threads then take a third more. Other libraries have no such
    setting. It holds for a whole process, which is why runs from Python leave it alone.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def _refuse_idle(
    patients: int | None, precision: float | None, chunk_size: int | None, scheduler: str
) -> None:
    """Refuse options that would change nothing of a trial alone."""
    from radsim.experiment.model import ExperimentError

    idle = {
        "--patients: a [trial] states its own, trial.patients": patients is not None,
        "--precision: a [trial] states how many are simulated, trial.trials": precision is not None,
        "--chunk-size: a [trial] alone has no chunks of patients": chunk_size is not None,
        "--scheduler: trials run on threads": scheduler != "threads",
    }
    if mistakes := [line for line, is_given in idle.items() if is_given]:
        raise ExperimentError(mistakes)


def _load(file: Path, patients: int | None, confirm: Sequence[str]) -> "Experiment":
    """Read an experiment; a number of patients given here mends a wrong one in the file."""
    from radsim.experiment.model import ExperimentError
    from radsim.experiment.reading import load_experiment

    try:
        return load_experiment(file, confirm)
    except ExperimentError as error:
        if patients is None or not all(
            line.partition(":")[0] == "patients" for line in error.mistakes
        ):
            raise
        return load_experiment(file, confirm, patients=patients)


def _override(experiment: "Experiment", **changes: int | None) -> "Experiment":
    from pydantic import ValidationError

    from radsim.experiment.agreement import patients_problem
    from radsim.experiment.model import Experiment, ExperimentError
    from radsim.vocabulary.mistakes import mistakes_of

    given = {name: value for name, value in changes.items() if value is not None}
    try:
        fields = {name: getattr(experiment, name) for name in Experiment.model_fields}
        changed = Experiment.model_validate({**fields, **given})
        if problem := patients_problem(changed):
            raise ExperimentError([f"--{problem}"])
        return changed
    except ValidationError as error:
        raise ExperimentError([f"--{line}" for line in mistakes_of(error, given, {})]) from None
