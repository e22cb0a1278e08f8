"""Finished blocks on disk, as they finish, so that a run that was killed can go on."""

import fcntl
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from radsim.sums.run_sums import PieceSums
from radsim.vocabulary.mistakes import Mistake

RECORD = struct.Struct("<4sQQI")  # mark, first patient, length of the payload, its checksum
MARK = b"rsb2"
OLDER = b"rsb1"  # in front of the records of earlier versions, which kept other sums
READING = (ValueError, KeyError, OSError, MemoryError, zipfile.BadZipFile, zlib.error)  # that fails
LARGE = 2**18  # bytes of a record that is stored as it is
HEADING = 2**8  # bytes in front of an array in a record, at most


class FolderInUse(Mistake):
    """Another run is writing to the same folder."""


class Records:
    """An append-only file: one header, then records with a number and a checksum each.

    Only one process writes it. A record that was cut off, by a kill or a full disk, ends the file;
    what comes before it counts.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path = path
        if not path.exists():
            self.append_payload(0, json.dumps(header, sort_keys=True).encode())
        whole = sum(RECORD.size + len(payload) for _, payload in _records(path))
        if whole < path.stat().st_size:  # what follows was torn
            os.truncate(path, whole)

    @staticmethod
    def read_header(path: Path) -> dict[str, Any] | None:
        """Return what the records are of; None where there are none that can be read."""
        return _header(path, MARK)

    def payloads(self) -> Iterator[tuple[int, bytes]]:
        """Read the records by their numbers, without the header."""
        records = _records(self.path)
        next(records)
        yield from records

    def append_payload(self, number: int, payload: bytes) -> None:
        """Add a record; it is on disk when this returns."""
        head = RECORD.pack(MARK, number, len(payload), zlib.crc32(payload))
        with writing(self.path), self.path.open("ab") as file:
            file.write(head + payload)
            file.flush()
            os.fsync(file.fileno())


class Journal(Records):
    """Records of finished blocks, each with the position of its first patient."""

    @staticmethod
    def older_version(path: Path) -> str:
        """Say who wrote a journal whose sums are no longer read, and how it differs, or nothing.

        States of one version are told apart by the layout of their records.
        """
        header = _header(path, OLDER)
        if header is None:
            return ""
        older, layout = OLDER.decode(), MARK.decode()
        version = header.get("versions", {}).get("radsim", "unknown")
        return f"radsim {version} in layout {older} (now {layout})"

    def blocks(self) -> Iterator[tuple[int, PieceSums]]:
        """Read the finished blocks, by the position of their first patient."""
        for first_patient, payload in self.payloads():
            try:
                sums = _decode(payload)
            except READING as error:
                raise Mistake(f"{self.path} can't be read: {error}; remove it") from None
            yield first_patient, sums

    @property
    def is_empty(self) -> bool:
        """Say whether no block has been recorded."""
        return next(self.blocks(), None) is None

    def append(self, first_patient: int, sums: PieceSums) -> None:
        """Record a finished block; it is on disk when this returns."""
        self.append_payload(first_patient, _encode(sums))


def _header(path: Path, mark: bytes) -> dict[str, Any] | None:
    first = next(_records(path, mark), None) if path.is_file() else None
    try:
        header = None if first is None else json.loads(first[1])
    except (ValueError, RecursionError):
        return None
    return header if isinstance(header, dict) else None


def _records(path: Path, wanted: bytes = MARK) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        while len(head := file.read(RECORD.size)) == RECORD.size:
            mark, first_patient, length, checksum = RECORD.unpack(head)
            if mark != wanted or length > os.fstat(file.fileno()).st_size:
                return
            payload = file.read(length)
            if len(payload) < length or zlib.crc32(payload) != checksum:
                return
            yield first_patient, payload


def _encode(sums: PieceSums) -> bytes:
    arrays: dict[str, Any] = {"size": np.array([sums.patients, sums.variants])}
    for (aggregation, name), state in sums.states.items():
        arrays |= {f"{aggregation}/{name}/{part}": array for part, array in state.items()}
    buffer = io.BytesIO()
    # the sums of many variants are all digits, which take long to compress and hardly shrink
    large = sum(array.nbytes for array in arrays.values()) > LARGE
    (np.savez if large else np.savez_compressed)(buffer, **arrays)
    return buffer.getvalue()


def _decode(payload: bytes) -> PieceSums:
    states: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    with zipfile.ZipFile(io.BytesIO(payload)) as parts:
        sizes = [part.file_size for part in parts.infolist()]
    size = sum(sizes)
    if size > max(len(payload), LARGE + HEADING * len(sizes)):  # only small ones are compressed
        raise ValueError(f"a record of {len(payload):,} bytes would unpack to {size:,}")
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        patients, variants = (int(size) for size in arrays["size"])
        for key in arrays.files[1:]:  # the size comes first
            aggregation, _, rest = key.partition("/")
            name, _, part = rest.rpartition("/")
            states.setdefault((aggregation, name), {})[part] = arrays[key]
    return PieceSums(patients, variants, states)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say which file could not be written, and that what is finished is not lost.

    Raises
    ------
    OSError
        Where writing fails, such as on a full disk.
    """
    try:
        yield
    except OSError as error:
        raise OSError(
            f"can't write {path}: {error.strerror or error}; finished blocks are kept, and the "
            "same command goes on from them"
        ) from error


@contextmanager
def folder_lock(path: Path) -> Iterator[None]:
    """Hold a folder for one run; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    FolderInUse
        If another run holds it.
    """
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderInUse(f"another run is writing to {path.parent.parent}") from None
        yield
