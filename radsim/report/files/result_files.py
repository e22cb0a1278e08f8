"""Results to disk and back, so that nothing half written can be taken for a result."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import xarray as xr

from radsim.execution.journal import writing
from radsim.report.files.checksums import DIGEST, digest_of, write_checksums
from radsim.report.files.staging import put_in_place
from radsim.report.tables.ledger import DESIGN, LEDGER, Table, tables_of
from radsim.results.older import with_roles
from radsim.results.result import experiment_of
from radsim.vocabulary.mistakes import Mistake

RESULT = "result.nc"
CHECKSUMS = "checksums.txt"  # of the tables beside it
WORK = ".radsim"  # in a result's folder: the journal, the lock, and files that are being written
TABLE_FILES = (*(table.name for table in LEDGER), DESIGN)  # that a finished run may leave
SPARSE = 2**30  # [bytes] that a smaller file may ask for; radsim stores arrays as they are
Draw = Callable[[xr.Dataset, Path], object]  # draws a result's figures into a folder


class ResultError(Mistake):
    """There is no finished result where one was looked for."""


def save_result(
    result: xr.Dataset,
    folder: Path | str,
    draw: Draw | None = None,
    ledger: Sequence[Table] = LEDGER,
) -> None:
    """Write everything that a finished result folder holds.

    The files are first written aside and then put in place, ``result.nc`` last: a folder that
    holds it is finished. A figure that ``draw`` can't draw, if there are to be any, doesn't keep
    the numbers back.

    Raises
    ------
    RuntimeError
        If the figures can't be drawn; the numbers are in the folder all the same.
    """
    folder = Path(folder)

    def clear() -> None:
        (folder / RESULT).unlink(missing_ok=True)
        for name in (*TABLE_FILES, CHECKSUMS):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "figures", ignore_errors=True)

    problem: Exception | None = None
    aside = folder / WORK / "staging"
    with writing(aside), put_in_place(folder, aside, RESULT, clear) as work:
        for name, text in tables_of(result, ledger):
            with (work / name).open("w", encoding="utf-8", newline="") as file:
                file.writelines(text)
        toml = experiment_of(result).to_toml()
        (work / "experiment.toml").write_text(toml, encoding="utf-8")
        write_checksums(work, CHECKSUMS)
        stored = result.assign_attrs({DIGEST: digest_of(result)})
        stored.to_netcdf(work / RESULT, engine="netcdf4")
        if draw is not None:
            (work / "figures").mkdir()
            try:
                draw(result, work / "figures")
            except OSError:
                raise
            except Exception as error:
                problem = error
    if problem is not None:
        raise RuntimeError(
            f"the numbers are in {folder}, but a figure can't be drawn: {problem}"
        ) from problem


def is_finished(folder: Path) -> bool:
    """Say whether a folder holds a finished result."""
    return (folder / RESULT).is_file()


def open_result(folder: str | Path) -> xr.Dataset:
    """Open the result of a finished run.

    Raises
    ------
    ResultError
        If there is none, or it can't be read or was damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ResultError(f"{folder} is not a folder")
    if not is_finished(folder):
        stopped = "; the command that was stopped there goes on" if (folder / WORK).is_dir() else ""
        raise ResultError(f"{folder} holds no finished result ({RESULT}) or trial{stopped}")
    path = folder / RESULT
    try:
        with xr.open_dataset(path, engine="netcdf4") as result:
            return with_roles(_as_stored(result, path))
    except Exception as error:  # whatever the readers meet in a broken file
        raise ResultError(f"can't read {path}: {error or type(error).__name__}") from None


def _as_stored(result: xr.Dataset, path: Path) -> xr.Dataset:
    """Load a result and hold it to its digest, which those of earlier versions do not have."""
    most = max(path.stat().st_size, SPARSE)
    if result.nbytes > most:
        raise ResultError(f"it asks for {result.nbytes:,} bytes, of at most {most:,}")
    stored = result.load()
    digest = stored.attrs.pop(DIGEST, None)
    if digest not in (None, digest_of(stored)):
        raise ResultError("it is damaged, or was changed: its digest is not that of its contents")
    return stored
