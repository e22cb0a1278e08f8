"""What made a result: versions and published sources."""

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from radsim.presets import load_preset

__version__ = "0.1.0"

MATTERING = (
    "numpy",
    "scipy",
    "xarray",
    "dask",
    "pydantic",
    "numba",
)  # packages that could move a digit


def versions() -> dict[str, str]:
    """List the versions that a result was made with."""
    found = {"radsim": __version__, "python": platform.python_version()}
    for package in MATTERING:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def sources_of(presets: Iterable[str]) -> list[str]:
    """List the sources of presets given as ``family/name``, each once.

    Examples
    --------
    >>> sources_of(["tcp/hytec-spine-2021"])[0].split(":")[0]
    'tcp/hytec-spine-2021'
    """
    lines: dict[str, Any] = {}
    for key in presets:
        family, _, name = key.partition("/")
        for source in load_preset(family, name).sources.values():
            lines[f"{key}: {source} [{source.flag}]"] = None
    return list(lines)
