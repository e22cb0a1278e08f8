"""Files that are complete or not there at all: written aside first, then put in place."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from radsim.vocabulary.mistakes import Mistake


class FolderError(Mistake):
    """A folder that can't take a result."""


@contextmanager
def making(folder: Path) -> Iterator[None]:
    """Say in a line why a folder can't be made, or be written to.

    Raises
    ------
    FolderError
        If it is a file, or what is done with it fails.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"--out: {folder} is a file, not a folder")
    try:
        yield
    except OSError as error:
        raise FolderError(f"--out: can't write to {folder}: {error.strerror}") from None


@contextmanager
def put_in_place(
    folder: Path, aside: Path, last: str, clear: Callable[[], None] = lambda: None
) -> Iterator[Path]:
    """Give an empty folder ``aside`` to write to; all that is in it then goes to its place.

    It is on the same disk, and is removed in the end. The ``last`` file is put in place when all
    others are: a folder that holds it is finished. What an earlier run left in the folder is
    cleared when everything is written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     with put_in_place(folder, folder / "aside", last="b.csv") as work:
    ...         _ = (work / "a.csv").write_text("1")
    ...     sorted(path.name for path in folder.iterdir())
    ['a.csv']
    """
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        clear()
        files = (path for path in aside.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda p: (p == aside / last, p)):
            place = folder / path.relative_to(aside)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_file(path: Path, text: str) -> None:
    """Write one file, complete or not at all."""
    aside = path.with_name(f".{path.name}.part")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, path)
