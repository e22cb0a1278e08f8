"""What a reader of a result must be warned of."""

import xarray as xr

from radsim.experiment.endpoints import estimates_of
from radsim.experiment.model_ranges import model_ranges
from radsim.experiment.pedigree import (
    apart_from_table,
    cautions,
    exponents,
    other_laws,
    outside_fractionation,
)
from radsim.experiment.variants import with_other_models
from radsim.report.ranges import excess_text
from radsim.report.view import value_text
from radsim.response.model import RANGE_TOLERANCE
from radsim.results.reading import with_role
from radsim.results.result import experiment_of


def warnings_of(result: xr.Dataset) -> list[str]:
    """Say where models were used outside their range, and whose plan broke a limit."""
    experiment = experiment_of(result)
    variants = list(with_other_models(experiment))
    ranges = model_ranges(experiment)
    lines = cautions(*variants)
    lines += [
        line
        for told in (apart_from_table, exponents, other_laws, outside_fractionation)
        for line in dict.fromkeys(line for variant in variants for line in told(variant))
    ]
    outside: dict[str, list[str]] = {}
    for arm in map(str, result["arm"].values):
        broken = experiment.arms[arm].plan.broken
        for check, shares in with_role(result, "share").items():
            here = shares.sel(arm=arm)
            worst = here.min() if check in broken else here.max()
            if bool(worst.isnull()):
                continue
            share, where = float(worst), _where(here, check in broken)
            stated = ranges.get(check)
            if stated and (far := excess_text(result, check, stated, arm)):
                outside.setdefault(arm, []).append(f"{stated.said} {far}{where}")
            elif check in broken and share < 1.0:
                lines.append(
                    f"{experiment.called(arm)}: {1.0 - share:.2%} of the patients "
                    f"{broken[check]}{where}; they stay in every estimate"
                )
    for arm, parts in outside.items():
        lines.append(
            f"{experiment.called(arm)}: patients more than {RANGE_TOLERANCE:.0%} outside what a "
            f"model was fitted on, with the median excess: {'; '.join(parts)}"
        )
    return lines


def _where(shares: xr.DataArray, lowest: bool) -> str:
    """Say at which point of a sweep a share is the worst; nothing where it is the same at all."""
    dims = [str(dim) for dim in shares.dims]
    varies = [dim for dim in dims if bool((shares.max(dim) > shares.min(dim)).any())]
    if not varies:
        return ""
    place = shares.argmin(dims) if lowest else shares.argmax(dims)
    there = {dim: shares.isel(place)[dim].item() for dim in varies}
    return f" at worst ({', '.join(f'{dim} {value_text(v)}' for dim, v in there.items())})"


def precision_text(result: xr.Dataset) -> list[str]:
    """Say how many patients a precision took, where one was asked for."""
    experiment = experiment_of(result)
    wanted = experiment.precision
    if wanted is None:
        return []
    errors = {
        name: float(result[f"{name}_mc_standard_error"].max())
        for name in wanted.estimates or map(str, estimates_of(experiment))
        if f"{name}_mc_standard_error" in result
    }
    name = max(errors, key=lambda key: errors[key])
    return [
        f"\nStandard error of at most {wanted.standard_error:g} took "
        f"{int(result.attrs['patients']):,} patients; the largest is {errors[name]:.2g} ({name})."
    ]
