"""Write the results of virtual trials to a folder, complete or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from radsim.execution.trial_journal import trial_journal
from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial, load_trial
from radsim.report.figures.trial import draw_trial_figures
from radsim.report.files.checksums import write_checksums
from radsim.report.files.result_files import WORK
from radsim.report.files.staging import FolderError, making, put_in_place
from radsim.report.tables.csv_text import to_csv
from radsim.report.tables.trial import TABLES, table_rows
from radsim.report.text.page import to_markdown, to_text
from radsim.report.text.protocol import protocol_page
from radsim.report.text.trial import assumptions_text
from radsim.simulation.virtual_trial import run_trial
from radsim.trial.conduct.kept import keeping
from radsim.trial.questions.scenario import TrialResult

TEXT = "trial_assumptions.txt"
PROTOCOL = "trial_protocol"  # the same page as Markdown and as plain text
SOURCE = "trial_source.toml"  # the file that makes the same trial again
CHECKSUMS = "trial_checksums.txt"  # of the tables beside it


def check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder in which another trial would be lost.

    Raises
    ------
    FolderError
        If it holds a trial, or is a file.
    """
    with making(folder):
        if not overwrite and holds_trial(folder):
            raise FolderError(f"{folder} holds a trial already; use another folder, or --overwrite")


def holds_trial(folder: Path) -> bool:
    """Say whether a folder holds a complete trial; its text is put there last."""
    return (folder / TEXT).is_file()


def remove_trial(folder: Path) -> None:
    """Remove what an earlier trial left in a folder, the text that makes it complete first."""
    (folder / TEXT).unlink(missing_ok=True)
    for path in (*folder.glob("trial_*"), *folder.glob("figures/trial_*")):
        path.unlink(missing_ok=True)


@contextmanager
def kept_trial(folder: Path, source: Experiment | VirtualTrial) -> Iterator[None]:
    """Keep the blocks of a trial in its folder while it is simulated, and take those there are.

    Raises
    ------
    FolderError
        If the folder can't be written.
    FolderInUse
        If another simulation of a trial holds it.
    """
    with ExitStack() as held:
        with making(folder):  # what fails later says itself which file it is
            journal = held.enter_context(trial_journal(folder / WORK, source.to_toml()))
        with keeping(journal):
            yield


def draw_trial_again(folder: Path) -> list[Path]:
    """Draw the figures of a finished trial, from what its folder kept of the simulation."""
    source = load_trial(folder / SOURCE)
    figures = folder / "figures"
    with kept_trial(folder, source):
        results = run_trial(source)
        figures.mkdir(exist_ok=True)
        return list(draw_trial_figures(results, figures))


def save_trial(
    results: dict[str, TrialResult],
    source: Experiment | VirtualTrial,
    folder: Path | str,
    *,
    figures: bool = True,
) -> None:
    """Write tables, figures, the protocol page and, last of all, the text."""
    folder = Path(folder)
    with making(folder):
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".trial-", dir=folder))
    with put_in_place(folder, aside, TEXT, lambda: remove_trial(folder)) as work:
        drawn = {}
        if figures:
            (work / "figures").mkdir()
            drawn = draw_trial_figures(results, work / "figures")
        for name, (columns, rows) in TABLES.items():
            (work / name).write_text(to_csv(columns, table_rows(results, rows)), encoding="utf-8")
        beside = {path.relative_to(work).as_posix(): shows for path, shows in drawn.items()}
        title, parts = protocol_page(results, source, beside)
        (work / f"{PROTOCOL}.md").write_text(to_markdown(title, parts), encoding="utf-8")
        (work / f"{PROTOCOL}.txt").write_text(to_text(title, parts), encoding="utf-8")
        (work / SOURCE).write_text(source.to_toml(), encoding="utf-8")
        (work / TEXT).write_text(assumptions_text(results, source), encoding="utf-8")
        write_checksums(work, CHECKSUMS)
