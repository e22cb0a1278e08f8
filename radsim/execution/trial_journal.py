"""Finished blocks of trials on disk: a killed one goes on, and a finished one is drawn again."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np

from radsim.execution.journal import Records, folder_lock
from radsim.vocabulary.versions import versions


class TrialJournal:
    """Arrays of blocks by a number each, as they were finished; see `Records` for the file.

    Records of another trial, or of another version, which may reckon otherwise, are removed.
    """

    def __init__(self, path: Path, trial: str) -> None:
        header = {"trial": sha256(trial.encode()).hexdigest(), "versions": versions()}
        if Records.read_header(path) not in (None, header):
            path.unlink()
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
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        self.records.append_payload(key, buffer.getvalue())


@contextmanager
def trial_journal(folder: Path, trial: str) -> Iterator[TrialJournal]:
    """Hold a folder for one simulation of a trial, which is told apart by its text.

    What is kept stays, so that figures can be drawn again without simulating.

    Raises
    ------
    FolderInUse
        If another one holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with folder_lock(folder / "trial.lock"):
        yield TrialJournal(folder / "trial.journal", trial)
