"""What made a result: versions and published sources."""

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
    import platform
    from importlib.metadata import PackageNotFoundError, version

    made_with = {"radsim": __version__, "python": platform.python_version()}
    for package in MATTERING:
        try:
            made_with[package] = version(package)
        except PackageNotFoundError:
            continue
    return made_with
