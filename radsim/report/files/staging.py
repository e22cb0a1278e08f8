"""Files that are complete or not there at all: written aside first, then put in place."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def put_in_place(
    folder: Path, aside: Path, last: str, clear: Callable[[], None] = lambda: None
) -> Iterator[Path]:
    """Give an empty folder to write to; all that is in it then goes to its place.

    Parameters
    ----------
    folder
        Where files belong.
    aside
        The empty folder, on the same disk; it is removed in the end.
    last
        The file that is put in place when all others are: a folder that holds it is finished.
    clear
        Removes what an earlier run left in the folder; called when everything is written.

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
