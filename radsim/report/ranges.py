"""How many patients lie outside what a model was fitted on and how far, in words."""

import numpy as np
import xarray as xr

from radsim.experiment.model_ranges import ModelRange
from radsim.results.kept import EXCESSES
from radsim.results.reading import with_role

WORTH_A_WARNING = 0.01  # share of patients outside a model's range from which it is said


def excess_text(result: xr.Dataset, check: str, stated: ModelRange, arm: str) -> str:
    """Say which share of an arm lies outside a range and by how much, at the worst of a sweep.

    That is the median of their excess and the largest. Nothing of less than `WORTH_A_WARNING`; a
    result of an older version does not tell how far.
    """
    shares = with_role(result, "share")[check].sel(arm=arm)
    if bool(shares.isnull().all()) or float(shares.max()) < WORTH_A_WARNING:
        return ""
    place = shares.argmax([str(dim) for dim in shares.dims]) if shares.dims else {}
    said = f"{float(shares.isel(place)):.1%} {stated.side}"
    told = [with_role(result, role).get(check) for role in EXCESSES]
    numbers = [float(v.sel(arm=arm).isel(place)) for v in told if v is not None]
    if not numbers or np.isnan(numbers).any():
        return said
    median, largest = numbers
    return f"{said} by {median:.2g} (at most {largest:.2g}) {stated.units}"
