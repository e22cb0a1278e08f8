"""``radsim trial``: the virtual trial of a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from radsim.cli.arguments import Confirm, ExperimentFile
from radsim.cli.messages import print_purpose, say
from radsim.vocabulary.mistakes import Mistake


def trial(
    file: ExperimentFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="where the tables go")],
    trials: Annotated[int | None, typer.Option(min=1, help="instead of the file's number")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="instead of the file's seed")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="threads")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace another trial in DIR")
    ] = False,
    confirm: Confirm = None,
    figures: Annotated[bool, typer.Option(help="draw figures")] = True,
) -> None:
    """Simulate the virtual trial of a file; the same command goes on where a stopped one was."""
    from radsim.experiment.trial_file import load_trial, with_changes
    from radsim.report.files.trial_files import check_folder

    source = with_changes(load_trial(file, confirm or ()), trials=trials, seed=seed)
    check_folder(out, overwrite)
    print_purpose(question=source.question)
    simulate_trial(source, out, workers, figures)


def simulate_trial(source: Any, out: Path, workers: int | None, figures: bool) -> None:
    """Simulate a trial, write its tables and figures, and print its summary."""
    from radsim.report.files.trial_files import kept_trial, save_trial
    from radsim.report.text.trial import summary_text
    from radsim.simulation.virtual_trial import run_trial

    with kept_trial(out, source):
        try:
            results = run_trial(source, workers=workers or 1)
        except Mistake:
            raise
        except ValueError as error:  # what only the simulated patients show to be impossible
            raise Mistake(f"trial: {error}") from None
    save_trial(results, source, out, figures=figures)
    say(summary_text(results))
    say(f"\ntrial in {out}")
