"""What readers call an arm."""

from typing import Any

import xarray as xr

from radsim.results.result import experiment_of


def reader_name(name: str, arm: Any = None) -> str:
    """Name an arm by its own label, or by its name in the file.

    Examples
    --------
    >>> reader_name("sib_five")
    'sib five'
    """
    return (arm.label if arm is not None else "") or name.replace("_", " ")


def reader_names(result: xr.Dataset) -> dict[str, str]:
    """Name every arm of a result."""
    return {name: reader_name(name, arm) for name, arm in experiment_of(result).arms.items()}
