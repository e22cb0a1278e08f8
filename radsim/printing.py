"""What the commands print: comparisons, warnings, presets."""

from typing import Any

import xarray as xr
from rich.console import Console
from rich.table import Table

from radsim.mistakes import Mistake
from radsim.presets import Preset, load_preset, preset_families, preset_names
from radsim.result import experiment_of
from radsim.tables import check_rows, comparison_rows, summary_rows

WORTH_A_WARNING = 0.01  # share of patients outside a model's range from which it is said
WIDTH = 110


def comparison_text(result: xr.Dataset) -> str:
    """Print the estimates at the last time, by arm, and the differences from the reference."""
    experiment = experiment_of(result)
    last = experiment.months[-1]
    differences = {
        (arm, endpoint, model, estimator): (delta, lower, upper)
        for arm, _, endpoint, model, estimator, month, delta, _, lower, upper, *_ in (
            comparison_rows(result)
        )
        if month == last
    }
    table = Table(title=f"{experiment.name}: {experiment.patients:,} patients, {last:g} months")
    for column in ("arm", "endpoint", "estimator", "model"):
        table.add_column(column, overflow="fold")
    table.add_column("% (95 % MC)", justify="right", no_wrap=True)
    table.add_column("difference from reference, points", justify="right", no_wrap=True)
    for arm, endpoint, model, estimator, month, value, _, lower, upper, _ in summary_rows(result):
        if month != last:
            continue
        delta = differences.get((arm, endpoint, model, estimator))
        table.add_row(
            arm,
            endpoint,
            estimator,
            model,
            _interval(value, lower, upper),
            "reference" if arm == experiment.reference else _interval(*delta) if delta else "",
        )
    text = _render(table)
    prior = [name for name, arm in experiment.arms.items() if arm.has_prior]
    if prior and len(prior) < len(experiment.arms):
        text += (
            f"\n{', '.join(prior)}: patients with a prior course; compared with the others this "
            "is a comparison of different cohorts."
        )
    return text + "\nIntervals are Monte Carlo error only, not uncertainty of the models."


def warnings_of(result: xr.Dataset) -> list[str]:
    """Say where models were used outside their range, and whose plan broke a limit."""
    lines = []
    for arm, check, share, *_ in check_rows(result):
        good = check in ("limits_met", "plan_eligible")
        bad = 1.0 - share if good else share
        if check.endswith("_range"):
            where = check.removesuffix("_range").replace("_", " ")
            model, _, side = where.rpartition(" ")
            if bad >= WORTH_A_WARNING:
                lines.append(
                    f"{arm}: {bad:.1%} of the patients lie {side} the range that the {model} "
                    "model was fitted on"
                )
        elif good and bad > 0:
            what = "keep a plan that breaks a limit" if check == "limits_met" else "have no plan"
            lines.append(f"{arm}: {bad:.2%} of the patients {what}; they stay in every estimate")
    return lines


def presets_text() -> str:
    """List the presets in a table."""
    table = Table(title="Presets")
    for column in ("family", "name", "flag", "what", "fitted on"):
        table.add_column(column, overflow="fold")
    for family in preset_families():
        for name in preset_names(family):
            preset = load_preset(family, name)
            table.add_row(family, name, preset.flag, preset.title, preset.range)
    return _render(table)


def preset_text(name: str) -> str:
    """Show every preset of a name in full."""
    return "\n\n".join(_in_full(preset) for preset in find_presets(name))


def presets_json(name: str | None) -> list[dict[str, Any]]:
    """Give presets as plain data, all of them or those of a name."""
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
        raise Mistake(f"no preset {name!r}; there are: {known}")
    return [load_preset(family, n) for family, n in found]


def _in_full(preset: Preset) -> str:
    lines = [
        f"{preset.family}/{preset.name}: {preset.title}",
        f"flag: {preset.flag}",
        f"fitted on: {preset.range}",
    ]
    if preset.note:
        lines.append(f"note: {preset.note}")
    table = Table()
    for column in ("parameter", "value", "units", "95 % or spread", "flag", "source", "meaning"):
        table.add_column(column, overflow="fold")
    for key, p in preset.parameters.items():
        uncertainty = "" if p.uncertainty is None else _plain(p.uncertainty)
        meaning = f"{p.meaning}. {p.note}" if p.note else p.meaning
        table.add_row(key, _plain(p.value), p.units, uncertainty, p.flag, p.source, meaning)
    lines.append(_render(table, width=150))
    lines.append("sources:")
    for key, source in preset.sources.items():
        note = f" {source.note}" if source.note else ""
        lines.append(f"  {key}: {source} [{source.flag}]{note}")
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return " to ".join(_plain(item) for item in value)
    return str(value)


def _interval(value: float, lower: float, upper: float) -> str:
    return f"{100 * value:.2f} ({100 * lower:.2f} to {100 * upper:.2f})"


def _render(table: Table, width: int = WIDTH) -> str:
    console = Console(width=width, color_system=None, force_terminal=False, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
