"""What made a result: versions and published sources."""

import platform
from importlib.metadata import PackageNotFoundError, version

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
