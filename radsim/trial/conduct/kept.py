"""Blocks of trials that are kept while trials are simulated, so that who was stopped goes on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import Any, Protocol, TypeVar

import numpy as np

Part = TypeVar("Part")  # what is kept of a block
Arrays = Mapping[str, np.ndarray]


class Store(Protocol):
    """Where blocks are kept, by a number that says what was simulated."""

    def find(self, key: int) -> Arrays | None:
        """Give the arrays of a block, None of one that is not there."""

    def keep(self, key: int, arrays: Arrays) -> None:
        """Keep the arrays of a block for good."""


_STORE: ContextVar[Store | None] = ContextVar("store", default=None)


@contextmanager
def keeping(store: Store) -> Iterator[None]:
    """Keep every block that is simulated within, and take those that are there already."""
    token = _STORE.set(store)
    try:
        yield
    finally:
        _STORE.reset(token)


def found_or_made(
    what: Any,
    blocks: Sequence[range],
    work: Callable[[range], Part],
    workers: int,
    to_arrays: Callable[[Part], Arrays],
    of_arrays: Callable[[Arrays], Part],
) -> list[Part]:
    """Do some work for each block on so many threads, in order, or find what was done before.

    ``what`` is simulated is told apart by everything in it; nothing is kept outside `keeping`.
    """
    store = _STORE.get()
    if store is None:
        return list(on_threads(work, blocks, workers))
    start = digest_of(what)
    keys = {block: _number(start + repr(block).encode()) for block in blocks}
    there = {block: store.find(key) for block, key in keys.items()}
    made = on_threads(work, [block for block in blocks if there[block] is None], workers)
    parts = []
    for block in blocks:
        arrays = there[block]
        if arrays is not None:
            parts.append(of_arrays(arrays))
            continue
        part = next(made)
        store.keep(keys[block], to_arrays(part))
        parts.append(part)
    return parts


def on_threads(
    work: Callable[[range], Part], blocks: Sequence[range], workers: int
) -> Iterator[Part]:
    """Do some work for each block, in order, on so many threads."""
    if workers <= 1:
        yield from map(work, blocks)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, blocks)


def digest_of(value: Any) -> bytes:
    """Digest of a value: of the fields of a dataclass, the entries of a list, the bytes of arrays.

    Examples
    --------
    >>> digest_of((1, np.array([0.5]))) == digest_of((1, np.array([0.5])))
    True
    >>> digest_of((1, np.array([0.5]))) == digest_of((1, np.array([0.5 + 1e-16])))
    False
    """
    digest = blake2b(digest_size=16)
    for piece in _pieces(value):
        digest.update(len(piece).to_bytes(8, "little"))
        digest.update(piece)
    return digest.digest()


def _number(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


def _pieces(value: Any) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value):
        yield f"{type(value).__name__}:{len(fields(value))}".encode()
        for field in fields(value):
            yield from _pieces(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield f"mapping:{len(value)}".encode()
        for key, entry in value.items():
            yield repr(key).encode()
            yield from _pieces(entry)
    elif isinstance(value, (list, tuple)):
        yield f"list:{len(value)}".encode()
        for entry in value:
            yield from _pieces(entry)
    else:
        yield repr(value).encode()
