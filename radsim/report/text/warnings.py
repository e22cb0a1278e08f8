"""What a reader of a result must be warned of."""

import xarray as xr

from radsim.experiment.pedigree import other_laws, outside_fractionation
from radsim.report.tables.points import is_design
from radsim.report.tables.rows import check_rows
from radsim.results.result import experiment_of
from radsim.vocabulary.endpoints import ESTIMATES

WORTH_A_WARNING = 0.01  # share of patients outside a model's range from which it is said


def warnings_of(result: xr.Dataset) -> list[str]:
    """Say where models were used outside their range, and whose plan broke a limit."""
    experiment = experiment_of(result)
    lines = [*other_laws(experiment), *outside_fractionation(experiment)]
    outside: dict[str, list[str]] = {}
    for arm, check, share, where in _worst_checks(result):
        good = check in ("limits_met", "plan_eligible")
        bad = 1.0 - share if good else share
        if check.endswith("_range") and bad >= WORTH_A_WARNING:
            model, _, side = check.removesuffix("_range").replace("_", " ").rpartition(" ")
            outside.setdefault(arm, []).append(f"{model} {bad:.1%} {side}{where}")
        elif good and bad > 0:
            what = "keep a plan that breaks a limit" if check == "limits_met" else "have no plan"
            lines.append(
                f"{arm}: {bad:.2%} of the patients {what}{where}; they stay in every estimate"
            )
    for arm, parts in outside.items():
        lines.append(f"{arm}: patients outside what a model was fitted on: {'; '.join(parts)}")
    return lines


def _worst_checks(result: xr.Dataset) -> list[tuple[str, str, float, str]]:
    """Share of patients by arm and check; of a sweep the worst of all points, and where that is."""
    if not is_design(result):
        return [(arm, check, share, "") for arm, check, share, *_ in check_rows(result)]
    found = []
    for arm in result["arm"].values:
        for name in map(str, result.data_vars):
            check = name.removesuffix("_share")
            if name.endswith("_share") and not name.endswith("_noise_share"):
                shares = result[name].sel(arm=arm)
                good = check in ("limits_met", "plan_eligible")
                worst = shares.min() if good else shares.max()
                if bool(worst.notnull()):
                    found.append((str(arm), check, float(worst), _where(shares, good)))
    return found


def _where(shares: xr.DataArray, lowest: bool) -> str:
    """Say at which point of a sweep a share is the worst; nothing where it is the same at all."""
    dims = [str(dim) for dim in shares.dims]
    varies = [dim for dim in dims if bool((shares.max(dim) > shares.min(dim)).any())]
    if not varies:
        return ""
    place = shares.argmin(dims) if lowest else shares.argmax(dims)
    there = {dim: shares.isel(place)[dim].item() for dim in varies}
    said = [f"{d} {v:g}" if isinstance(v, float) else f"{d} {v}" for d, v in there.items()]
    return f" at worst ({', '.join(said)})"


def precision_text(result: xr.Dataset) -> list[str]:
    """Say how many patients a precision took, where one was asked for."""
    wanted = experiment_of(result).precision
    if wanted is None:
        return []
    names = wanted.estimates or tuple(n for n in ESTIMATES if n in result)
    errors = {
        name: float(result[f"{name}_mc_standard_error"].max())
        for name in names
        if f"{name}_mc_standard_error" in result
    }
    name = max(errors, key=lambda key: errors[key])
    return [
        f"\nStandard error of at most {wanted.standard_error:g} took "
        f"{int(result.attrs['patients']):,} patients; the largest is {errors[name]:.2g} ({name})."
    ]
