"""What the commands print: comparisons, warnings, presets."""

from typing import Any

import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table

from radsim.experiment.model import Experiment
from radsim.experiment.pedigree import (
    control_label,
    model_labels,
    other_laws,
    outside_fractionation,
)
from radsim.presets import Preset, load_preset, preset_families, preset_names
from radsim.report.tables.points import is_design
from radsim.report.tables.rows import check_rows, comparison_rows, predictive_rows, summary_rows
from radsim.report.text.catalog import joint_lines, model_lines, plain, text_plot
from radsim.report.text.design import design_text
from radsim.report.text.kinds import find_kinds
from radsim.results.fields import experiment_of
from radsim.simulation.steps import control_models
from radsim.vocabulary.mistakes import Mistake
from radsim.vocabulary.words import ESTIMATES

WORTH_A_WARNING = 0.01  # share of patients outside a model's range from which it is said
WIDTH = 110


def comparison_text(result: xr.Dataset) -> str:
    """Print the estimates at the last time and the differences from the reference, by arm."""
    if is_design(result):
        return design_text(result)
    experiment = experiment_of(result)
    last = experiment.months[-1]
    arms = list(experiment.arms)
    estimates: dict[str, dict[str, str]] = {}
    for arm, endpoint, model, estimator, month, value, _, lower, upper, _ in summary_rows(result):
        if month == last or endpoint == "pain_response":
            when = "" if month == last else f" at {month:g} months"
            row = estimates.setdefault(
                _row_name(experiment, (arm,), endpoint, estimator, model) + when, {}
            )
            row[arm] = _interval(value, lower, upper)
    differences: dict[str, dict[str, str]] = {}
    for compared in comparison_rows(result):
        arm, _, endpoint, model, estimator, month, delta, _, lower, upper, *_ = compared
        if month == last:
            pair = (arm, experiment.reference)
            name = _row_name(experiment, pair, endpoint, estimator, model)
            differences.setdefault(name, {})[arm] = _interval(delta, lower, upper)
    title = f"{experiment.name}: {experiment.patients:,} patients, at {last:g} months"
    text = _by_arm(f"{title} [%]", estimates, arms)
    others = [arm for arm in arms if arm != experiment.reference]
    if others:
        title = f"Difference from {experiment.reference} [percentage points]"
        text += "\n\n" + _by_arm(title, differences, others)
    lines = ["In brackets: 95 % Monte Carlo intervals. They hold no uncertainty of the models."]
    prior = [name for name, arm in experiment.arms.items() if arm.has_prior]
    if prior and len(prior) < len(arms):
        lines.append(
            f"{', '.join(prior)}: patients with a prior course; set beside the other arms this is "
            "a comparison of different cohorts."
        )
    labels = model_labels(experiment)
    lines.append(
        "Models: "
        + ", ".join(
            labels[key] if isinstance(labels[key], str) else labels[key][0]
            for key in ("local_control", "vcf", "myelopathy", "survival")
            if labels.get(key)
        )
        + "; sources and ranges: radsim models NAME"
    )
    return text + "\n" + "\n".join(lines)


def _row_name(
    experiment: Experiment, arms: tuple[str, ...], endpoint: str, estimator: str, model: str
) -> str:
    name = f"{endpoint}, {estimator}".replace("_", " ").replace("vcf", "VCF")
    if endpoint == "myelopathy" and len(experiment.myelopathy_models) > 1:
        return f"{name} ({model})"
    if endpoint in ("local_control", "local_failure"):
        pair = [experiment.arms[arm] for arm in arms]
        owner = next((one for one in pair if one.has_prior), pair[0])
        if model != control_label(experiment, owner, 0):
            variants = control_models(experiment)
            for variant, shown in enumerate(variants):
                if variant and model == control_label(experiment, owner, variant):
                    return f"{name}, {shown.replace('_', ' ')}"
    return name


def _by_arm(title: str, rows: dict[str, dict[str, str]], arms: list[str]) -> str:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for arm in arms:
        table.add_column(arm, justify="right", no_wrap=True)
    for name, values in rows.items():
        table.add_row(name, *(values.get(arm, "") for arm in arms))
    return _render(table, width=60 + 26 * len(arms))


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


def predictive_text(result: xr.Dataset) -> str:
    """Print where the figures of a published series fall among simulated series of its size."""
    rows = predictive_rows(result)
    if not rows:
        return ""
    arm, _, _, _, patients, segments, series, *_, source = rows[0]
    title = (
        f"{source}, among {series:,} simulated series of {patients} patients with {segments} "
        f"segments, as {arm} [%]"
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    heads = ("observed", "median", "95 % of series", "at or below", "at or above")
    for head in heads:
        table.add_column(head, justify="right")
    for _, endpoint, estimator, months, *_, observed, median, low, high, below, above, _ in rows:
        name = endpoint.replace("_", " ").replace("vcf", "VCF")
        table.add_row(
            f"{name} at {months:g} months ({estimator})",
            f"{100 * observed:.1f}",
            f"{100 * median:.1f}",
            f"{100 * low:.1f} to {100 * high:.1f}",
            f"{100 * below:.1f}",
            f"{100 * above:.1f}",
        )
    return _render(table, width=130) + (
        "\nNobody is lost to follow-up and the models' parameters are taken as known, so a real "
        "series scatters more."
    )


def presets_text() -> str:
    """List the presets in a table."""
    table = Table(title="Presets")
    for column in ("family", "name", "flag", "what", "fitted on"):
        table.add_column(column, overflow="fold", no_wrap=column in ("family", "name"))
    for family in preset_families():
        for name in preset_names(family):
            preset = load_preset(family, name)
            table.add_row(family, name, preset.flag, preset.title, preset.range)
    return _render(table)


def kinds_text() -> str:
    """List the kinds of model in a table, whether or not a preset has them."""
    table = Table(title="Kinds of model")
    for column in ("family", "kind", "presets", "what"):
        table.add_column(column, overflow="fold", no_wrap=column in ("family", "kind"))
    for one in find_kinds():
        table.add_row(one["family"], one["kind"], str(len(one["presets"])), one["what"])
    return _render(table)


def model_text(name: str) -> str:
    """Show every preset and every kind of a name in full.

    Raises
    ------
    Mistake
        If there is neither.
    """
    kinds = find_kinds(name)
    presets = find_presets(name) if not kinds or _has_preset(name) else []
    return "\n\n".join([*map(_in_full, presets), *map(_kind_in_full, kinds)])


def _has_preset(name: str) -> bool:
    return any(name in (n, f"{f}/{n}") for f in preset_families() for n in preset_names(f))


def presets_json(name: str | None) -> list[dict[str, Any]]:
    """Give presets as plain data, all of them or those of a name; or the kinds of that name."""
    if name and not _has_preset(name) and (kinds := find_kinds(name)):
        return kinds
    found = (
        find_presets(name)
        if name
        else [load_preset(family, n) for family in preset_families() for n in preset_names(family)]
    )
    return [preset.model_dump(mode="json") for preset in found]


def find_presets(name: str) -> list[Preset]:
    """Find presets by name, or by ``family/name``.

    Raises
    ------
    Mistake
        If there is none; the message lists those there are.
    """
    every = [(f, n) for f in preset_families() for n in preset_names(f)]
    found = [(f, n) for f, n in every if name in (n, f"{f}/{n}")]
    if not found:
        known = ", ".join(f"{f}/{n}" for f, n in every)
        kinds = ", ".join(f"{one['family']}/{one['kind']}" for one in find_kinds())
        raise Mistake(f"no preset {name!r}; there are: {known}; and no kind: {kinds}")
    return [load_preset(family, n) for family, n in found]


def _in_full(preset: Preset) -> str:
    lines = [
        f"{preset.family}/{preset.name}: {preset.title}",
        f"flag: {preset.flag}",
        f"fitted on: {preset.range}",
        *model_lines(preset),
    ]
    if preset.note:
        lines.append(f"note: {preset.note}")
    table = Table()
    for column in ("parameter", "value", "units", "95 % or spread", "flag", "source", "meaning"):
        table.add_column(column, overflow="fold")
    for key, p in preset.parameters.items():
        uncertainty = "" if p.uncertainty is None else plain(p.uncertainty)
        meaning = f"{p.meaning}. {p.note}" if p.note else p.meaning
        table.add_row(key, plain(p.value), p.units, uncertainty, p.flag, p.source, meaning)
    lines.append(_render(table, width=150))
    lines.extend([*joint_lines(preset), "sources:"])
    for key, source in preset.sources.items():
        note = f" {source.note}" if source.note else ""
        lines.append(f"  {key}: {source} [{source.flag}]{note}")
    plot = text_plot(preset)
    return "\n".join([*lines, plot] if plot else lines)


def _kind_in_full(one: dict[str, Any]) -> str:
    lines = [f"{one['family']}/{one['kind']}: {one['what']}"]
    lines += [f"{key}: {one[key]}" for key in ("equation", "takes") if one[key]]
    lines.append(f"presets: {', '.join(one['presets']) or 'none; give its settings in a file'}")
    table = Table()
    for column in ("setting", "default", "meaning"):
        table.add_column(column, overflow="fold", no_wrap=column == "setting")
    for setting in one["settings"]:
        table.add_row(setting["name"], setting["default"], setting["meaning"])
    return "\n".join([*lines, _render(table, width=150)])


def _interval(value: float, lower: float, upper: float) -> str:
    return f"{100 * value:.2f} ({100 * lower:.2f} to {100 * upper:.2f})"


def _render(table: Table, width: int = WIDTH) -> str:
    console = Console(
        width=width, color_system=None, force_terminal=False, highlight=False, markup=False
    )
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
