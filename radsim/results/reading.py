"""Which variables of a result are what: told by their attributes, never by their names.

Every variable says of what it is (``of``: an estimate, a check, an event, a variable) and which
number of that it is (``role``: ``estimate``, ``lower``, ``difference``, ``best``, ``share``,
``curve``, ``histogram``, ...).
"""

import xarray as xr

from radsim.vocabulary.endpoints import Estimate
from radsim.vocabulary.words import nearest

ROLE, OF, MODEL = "role", "of", "model"  # attributes, and the role of a dimension of models


def with_role(result: xr.Dataset, role: str) -> dict[str, xr.DataArray]:
    """Variables of a role, by what they are of, in the order of the result."""
    return {  # coordinates have roles of their own; a variable is taken out only if it is asked for
        str(values.attrs.get(OF, name)): result[name]
        for name, values in result.variables.items()
        if values.attrs.get(ROLE) == role and name not in result.coords
    }


def has_role(result: xr.Dataset, *roles: str) -> bool:
    """Say whether a result has a variable of any of these roles."""
    return any(
        values.attrs.get(ROLE) in roles and name not in result.coords
        for name, values in result.variables.items()
    )


def select_estimate(result: xr.Dataset, name: str | Estimate) -> xr.DataArray:
    """Give one estimate of a result under the file's own model.

    Raises
    ------
    ValueError
        If the result has no such estimate.
    """
    name = str(name)
    if name not in result:
        raise ValueError(f"no {name!r} in this result; {nearest(name, map(str, result.data_vars))}")
    values = result[name]
    models = [dim for dim in values.dims if values[dim].attrs.get(ROLE) == MODEL]
    return values.isel({dim: 0 for dim in models})
