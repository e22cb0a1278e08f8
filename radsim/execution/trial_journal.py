"""Finished blocks of trials on disk, so that trials that were killed can go on."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from radsim.execution.journal import Records, folder_lock
from radsim.vocabulary.versions import versions


class TrialJournal:
    """Arrays of blocks by a number each, as they were finished; see `Records` for the file."""

    def __init__(self, path: Path) -> None:
        header = {"trials": 1, "versions": versions()}
        if Records.read_header(path) not in (None, header):
            path.unlink()  # another version reckons otherwise
        self.records = Records(path, header)
        self.found = dict(self.records.payloads())

    def find(self, key: int) -> Mapping[str, np.ndarray] | None:
        """Give the arrays of a block, None of one that is not there."""
        payload = self.found.get(key)
        if payload is None:
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def keep(self, key: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Record a finished block; it is on disk when this returns."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        self.records.append_payload(key, buffer.getvalue())


@contextmanager
def trial_journal(folder: Path) -> Iterator[TrialJournal]:
    """Hold a folder for one simulation of trials, whose journal is gone when all is written.

    Raises
    ------
    FolderInUse
        If another one holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, lock = folder / "trial.journal", folder / "trial.lock"
    with folder_lock(lock):
        yield TrialJournal(path)
        path.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)
