"""The folder of a run, taken only if nothing in it would be lost."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from radsim.execution.journal import Journal, folder_lock
from radsim.execution.pieces import CUTTING, Cutting
from radsim.experiment.model import Experiment, rows_taken
from radsim.report.files.result_files import RESULT, TABLE_FILES, WORK, is_finished, open_result
from radsim.report.files.staging import FolderError, making
from radsim.results.result import experiment_of
from radsim.vocabulary.versions import versions

JOURNAL = "journal"
WRITTEN = "written"  # section of the keys as the file has them
MOST_CHANGES = 8  # changed keys that are worth listing


@contextmanager
def claim_folder(
    folder: Path, experiment: Experiment, overwrite: bool, cutting: Cutting = CUTTING
) -> Iterator[Journal]:
    """Take a folder for a run, and give the journal of its blocks.

    A folder that holds blocks of the same experiment goes on from there, whether they were left
    by a run that was stopped or by a finished one with fewer patients. Anything else that is in
    the way is refused, unless it may be overwritten; even then an earlier result stays until
    the new one is complete.

    Raises
    ------
    FolderError
        If the folder can't be written, is finished, or belongs to another experiment.
    FolderInUse
        If another run holds it.
    """
    is_new = not folder.exists()
    work = _make_work(folder)
    try:
        with folder_lock(work / "lock"):
            yield _claim(folder, work, experiment, overwrite, cutting)
    except BaseException:
        if is_new and not is_finished(folder) and _is_empty(work / JOURNAL):
            shutil.rmtree(folder, ignore_errors=True)  # as it was before
        raise


def is_result_of(folder: Path, experiment: Experiment) -> bool:
    """Say whether a folder holds the finished result of just this experiment."""
    earlier = _finished_in(folder)
    if earlier is None:
        return False
    return earlier.patients == experiment.patients and _identity(earlier) == _identity(experiment)


def _finished_in(folder: Path) -> Experiment | None:
    """The experiment whose finished result a folder holds."""
    return experiment_of(open_result(folder)) if is_finished(folder) else None


def _is_empty(path: Path) -> bool:
    return Journal.read_header(path) is None or Journal(path, {}).is_empty


def _claim(
    folder: Path, work: Path, experiment: Experiment, overwrite: bool, cutting: Cutting
) -> Journal:
    header = {
        "experiment": _identity(experiment),
        "block": cutting.block,
        **({"rows": rows} if (rows := rows_taken(experiment)) else {}),
        "versions": versions(),
    }
    path = work / JOURNAL
    if (older := Journal.older_version(path)) and not overwrite:
        _check_finished(folder, experiment)
        raise FolderError(
            f"{folder} holds blocks of a run of {older}, whose sums this version can't go "
            "on from; use another folder, or --overwrite"
        )
    if _is_empty(path):
        path.unlink(missing_ok=True)
    earlier = Journal.read_header(path)
    if overwrite:
        finished = _finished_in(folder)
        again = finished is not None and _identity(finished) == header["experiment"]
        if earlier != header or again:
            path.unlink(missing_ok=True)
        return Journal(path, header)
    _check_finished(folder, experiment)
    _check_other_files(folder)
    if earlier is not None and earlier != header:
        raise FolderError(
            f"{folder} holds blocks of a run that differs: "
            f"{_changes(earlier, header)}; use another folder, or --overwrite"
        )
    return Journal(path, header)


def _make_work(folder: Path) -> Path:
    work = folder / WORK
    for name in (RESULT, *TABLE_FILES, "experiment.toml", f"{WORK}/{JOURNAL}", f"{WORK}/lock"):
        path = folder / name
        if path.exists() and not path.is_file():
            raise FolderError(f"--out: {path} is not a plain file; remove it")
    with making(folder):
        work.mkdir(parents=True, exist_ok=True)
        probe = work / "probe"
        probe.write_bytes(b"radsim")
        probe.unlink()
    return work


def _check_finished(folder: Path, experiment: Experiment) -> None:
    earlier = _finished_in(folder)
    if earlier is None:
        return
    if _identity(earlier) != _identity(experiment):
        changed = _changes(_identity(earlier), _identity(experiment))
        raise FolderError(
            f"{folder} holds the finished result of another experiment: {changed}; "
            "use another folder, or --overwrite"
        )
    wanted, reached = experiment.precision, earlier.precision
    is_more_exact = wanted and reached and wanted.standard_error < reached.standard_error
    if not is_more_exact and experiment.patients <= earlier.patients:
        raise FolderError(
            f"{folder} is finished, with {earlier.patients} patients; ask for more --patients "
            "to extend it, use another folder, or --overwrite"
        )


def _check_other_files(folder: Path) -> None:
    if is_finished(folder) or (folder / WORK / JOURNAL).exists():
        return
    ours = (*TABLE_FILES, "experiment.toml", "figures")
    strange = [name for name in ours if (folder / name).exists()]
    if strange:
        raise FolderError(
            f"{folder} holds {', '.join(strange)} but no {RESULT}; use another folder, "
            "or --overwrite"
        )


def _identity(experiment: Experiment) -> dict[str, Any]:
    """Everything that decides a block of patients; how many patients there are does not."""
    size = {"patients", "precision"}
    return experiment.model_dump(mode="json", exclude={*size, "written"}, exclude_none=True) | {
        "written": {key: value for key, value in experiment.written.items() if key not in size}
    }


def _changes(earlier: dict[str, Any], now: dict[str, Any]) -> str:
    old, new = dict(_leaves(earlier)), dict(_leaves(now))
    changed = []
    for key in {**old, **new}:
        section, _, below = key.partition(".")
        plain = below if section == WRITTEN else key
        before, after = old.get(key, "not set"), new.get(key, "not set")
        # a key as the file has it may be there without its presets spelled out, too
        if before != after and (plain == key or old.get(plain) == new.get(plain)):
            changed.append(f"{plain} was {before!r}, now {after!r}")
    more = f", and {len(changed) - MOST_CHANGES} more" if len(changed) > MOST_CHANGES else ""
    return ", ".join(changed[:MOST_CHANGES]) + more


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, below in enumerate(value):
            yield from _leaves(below, f"{path}[{index}]")
    else:
        yield path, value
