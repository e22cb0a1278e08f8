"""Digests of what is written, so that damage is named instead of shown."""

import json
from collections.abc import Iterator
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from radsim.vocabulary.files import Unreadable, contents, text_of

DIGEST = "digest"  # attribute of a result
TABLES = (".csv", ".md", ".toml", ".txt")  # files that are listed with their checksums


def digest_of(result: xr.Dataset) -> str:
    """Digest of all variables, coordinates and attributes, the same before and after the disk.

    Examples
    --------
    >>> result = xr.Dataset({"control": ("arm", [0.5, 0.6])})
    >>> digest_of(result) == digest_of(result.copy())
    True
    >>> digest_of(result) == digest_of(result + 1e-16)
    False
    """
    digest = blake2b(_attributes(result.attrs), digest_size=16)
    for name in sorted(map(str, result.variables)):
        variable = result.variables[name]
        values = np.asarray(variable.values)
        heading = f"{name} {variable.dims} {values.shape} "
        digest.update(heading.encode() + _attributes(variable.attrs))
        if values.dtype.kind in "biufc":
            values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
            digest.update(values.dtype.str.encode() + values.tobytes())
        else:
            digest.update(json.dumps([str(value) for value in values.flat]).encode())
    return digest.hexdigest()


def _attributes(attrs: dict[str, Any]) -> bytes:
    def plain(value: Any) -> Any:
        listed = np.asarray(value).ravel().tolist()
        return listed if len(listed) > 1 else listed[0] if listed else None

    kept = {str(name): plain(value) for name, value in attrs.items() if name != DIGEST}
    return json.dumps(kept, sort_keys=True).encode()


def write_checksums(folder: Path, name: str) -> None:
    """List the tables and texts of a folder with their checksums, as `sha256sum` has it."""
    listed = sorted(path for path in folder.iterdir() if path.suffix in TABLES)
    lines = [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in listed]
    (folder / name).write_text("".join(lines), encoding="utf-8")


def changed_files(listing: Path) -> Iterator[Path]:
    """Give each listed file that is there and no longer as it was; none where there is no list."""
    if not listing.is_file():
        return
    for line in text_of(listing).splitlines():
        checksum, _, name = line.partition("  ")
        path = listing.with_name(Path(name).name)
        try:
            stored = contents(path) if path.exists() else None
        except Unreadable:
            yield path
            continue
        if stored is not None and sha256(stored).hexdigest() != checksum:
            yield path
