"""What a reader of a result must be warned of."""

from collections.abc import Iterator

import xarray as xr

from radsim.experiment.endpoints import endpoints_of, estimates_of, range_name
from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import cautions, other_laws, outside_fractionation
from radsim.experiment.variants import with_other_models
from radsim.report.view import value_text
from radsim.results.reading import with_role
from radsim.results.result import experiment_of
from radsim.simulation.checks import SIDES

WORTH_A_WARNING = 0.01  # share of patients outside a model's range from which it is said
BROKEN = {"limits_met": "keep a plan that breaks a limit", "plan_eligible": "have no plan"}


def warnings_of(result: xr.Dataset) -> list[str]:
    """Say where models were used outside their range, and whose plan broke a limit."""
    experiment = experiment_of(result)
    variants = list(with_other_models(experiment))
    ranges = {check: said for variant in reversed(variants) for check, said in _ranges(variant)}
    lines = [
        line
        for told in (cautions, other_laws, outside_fractionation)
        for line in dict.fromkeys(line for variant in variants for line in told(variant))
    ]
    outside: dict[str, list[str]] = {}
    for arm in map(str, result["arm"].values):
        for check, shares in with_role(result, "share").items():
            here = shares.sel(arm=arm)
            worst = here.min() if check in BROKEN else here.max()
            if bool(worst.isnull()):
                continue
            share, where = float(worst), _where(here, check in BROKEN)
            if check in ranges and share >= WORTH_A_WARNING:
                model, side = ranges[check]
                outside.setdefault(arm, []).append(f"{model} {share:.1%} {side}{where}")
            elif check in BROKEN and share < 1.0:
                lines.append(
                    f"{experiment.called(arm)}: {1.0 - share:.2%} of the patients "
                    f"{BROKEN[check]}{where}; they stay in every estimate"
                )
    for arm, parts in outside.items():
        said = "; ".join(parts)
        lines.append(
            f"{experiment.called(arm)}: patients outside what a model was fitted on: {said}"
        )
    return lines


def _ranges(experiment: Experiment) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give each check of a range: its name, the model whose range it is, and the side of it."""
    for modelled in endpoints_of(experiment):
        endpoint = modelled.endpoint
        for place, reported in enumerate(modelled.models):
            name = range_name(modelled, place)
            said = endpoint.freedom_words or endpoint.short
            if name != endpoint.reported:  # one of several models
                said += f" ({reported.name})"
            for side, word in zip(SIDES, ("below", "above"), strict=True):
                yield f"{name}_{side}", (said, word)


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
