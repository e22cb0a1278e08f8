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
    from importlib.metadata import version

    packages = {package: version(package) for package in MATTERING}
    return {"radsim": __version__, "python": platform.python_version(), **packages}
