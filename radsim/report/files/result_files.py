"""Results to disk and back, so that nothing half written can be taken for a result."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import xarray as xr

from radsim.execution.journal import writing
from radsim.report.tables.csv_text import to_csv
from radsim.report.tables.points import design_table, design_tables, is_design
from radsim.report.tables.rows import (
    BEST_COLUMNS,
    CHECK_COLUMNS,
    COMPARISON_COLUMNS,
    PREDICTIVE_COLUMNS,
    SUMMARY_COLUMNS,
    best_rows,
    check_rows,
    comparison_rows,
    predictive_rows,
    summary_rows,
)
from radsim.results.result import experiment_of
from radsim.vocabulary.mistakes import Mistake

RESULT = "result.nc"
PREDICTIVE = "predictive.csv"  # only of an experiment with [predictive]
WORK = ".radsim"  # in a result's folder: the journal, the lock, and files that are being written
TABLES = {
    "summary.csv": (SUMMARY_COLUMNS, summary_rows),
    "comparison.csv": (COMPARISON_COLUMNS, comparison_rows),
    "best.csv": (BEST_COLUMNS, best_rows),
    "checks.csv": (CHECK_COLUMNS, check_rows),
}
Draw = Callable[[xr.Dataset, Path], object]  # draws a result's figures into a folder


class ResultError(Mistake):
    """There is no finished result where one was looked for."""


def save_result(result: xr.Dataset, folder: Path, draw: Draw | None = None) -> None:
    """Write everything that a finished result folder holds.

    The files are first written aside and then put in place, ``result.nc`` last: a folder that
    holds it is finished. A figure that can't be drawn doesn't keep the numbers back.

    Parameters
    ----------
    draw
        Draws the figures, if there are to be any.

    Raises
    ------
    RuntimeError
        If the figures can't be drawn; the numbers are in the folder all the same.
    """
    staging = folder / WORK / "staging"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    problem: Exception | None = None
    with writing(staging):
        _write_numbers(result, staging)
        if draw is not None:
            (staging / "figures").mkdir()
            try:
                draw(result, staging / "figures")
            except OSError:
                raise
            except Exception as error:
                problem = error
    for name in (RESULT, PREDICTIVE):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "figures", ignore_errors=True)
    for path in sorted(staging.iterdir(), key=lambda p: p.name == RESULT):
        os.replace(path, folder / path.name)
    shutil.rmtree(staging)
    if problem is not None:
        raise RuntimeError(
            f"the numbers are in {folder}, but a figure can't be drawn: {problem}"
        ) from problem


def _write_numbers(result: xr.Dataset, staging: Path) -> None:
    for name, text in _tables(result):
        with (staging / name).open("w", encoding="utf-8", newline="") as file:
            file.writelines(text)
    (staging / "experiment.toml").write_text(experiment_of(result).to_toml(), encoding="utf-8")
    result.to_netcdf(staging / RESULT, engine="netcdf4")


def _tables(result: xr.Dataset) -> Iterator[tuple[str, Iterable[str]]]:
    """Give each table's name, and its text in pieces."""
    if is_design(result):
        for name, (header, text) in design_tables(result).items():
            yield name, itertools.chain([to_csv(header, [])], text)
        yield "design.csv", design_table(experiment_of(result))
        return
    for name, (columns, rows) in TABLES.items():
        yield name, [to_csv(columns, rows(result))]
    if experiment_of(result).predictive is not None:
        yield PREDICTIVE, [to_csv(PREDICTIVE_COLUMNS, predictive_rows(result))]


def is_finished(folder: Path) -> bool:
    """Say whether a folder holds a finished result."""
    return (folder / RESULT).is_file()


def open_result(folder: str | Path) -> xr.Dataset:
    """Open the result of a finished run.

    Raises
    ------
    ResultError
        If there is none, or it can't be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ResultError(f"{folder} is not a folder")
    if not is_finished(folder):
        raise ResultError(f"{folder} holds no finished result ({RESULT})")
    try:
        with xr.open_dataset(folder / RESULT, engine="netcdf4") as result:
            return result.load()
    except (OSError, ValueError) as error:
        raise ResultError(f"can't read {folder / RESULT}: {error}") from None
