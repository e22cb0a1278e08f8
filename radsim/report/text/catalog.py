"""The catalog of models and presets: pages, tables and plots, all from the presets themselves."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from radsim.ntcp import NTCPModel, load_ntcp
from radsim.ntcp.technique import TechniqueLevel
from radsim.ntcp.vertebra import VertebralFracture
from radsim.presets import Preset, load_preset, preset_names
from radsim.radiobiology.cell_kill import CellKill
from radsim.report.figures.style import new_figure
from radsim.response.survival import Survival
from radsim.tcp import TCPModel, load_tcp
from radsim.vocabulary.kinds import kind_of, members

HEIGHT, WIDTH = 12, 60  # of a plot in text, in characters
OF_EVERY_LAW = ("equation", "changes_high_doses", "kind", "preset")
FAMILIES = {
    "tcp": "Tumor control",
    "ntcp": "Complications",
    "modifier": "Hazard modifiers",
    "cell_kill": "Laws of cell kill",
    "survival": "Survival",
    "fracture_series": "Series that models of fracture are solved for",
}
PAGE_HEAD = """# Models and presets

Made by `python -m radsim.report.text.catalog docs/models.md` from the presets and the
models; a test holds it to them. `radsim models NAME` shows a preset with its plot.
Flags: *verified* read in the source, *recalled* known but not at hand, *derived*
computed from published figures,
*assumption* not published, with a spread."""


def model_of(preset: Preset) -> Any | None:
    """Build the model of a preset of control or complication; other families have none."""
    load = {"tcp": load_tcp, "ntcp": load_ntcp}.get(preset.family)
    return load(preset.name) if load else None


def curve_of(preset: Preset) -> tuple[np.ndarray, np.ndarray, str, str] | None:
    """Dose, probability and the names of both axes of a preset's curve."""
    model = model_of(preset)
    if model is None or isinstance(model, TechniqueLevel):
        return None
    if isinstance(model, VertebralFracture):
        dose = np.linspace(0.0, 30.0, 241)
        axes = ("highest planned dose a fraction [Gy]", "net risk at 1 year")
        return dose, model.curve_over_fraction_dose(dose), *axes
    units = model.dose.units
    dose = np.linspace(0.0, 1.0 if units == "1" else 100.0, 401)
    name, up = "EQD2", "control"
    if preset.family == "ntcp":
        name = model.effect_name
        up = "complication"
    ratio = f", alpha/beta {model.alpha_beta:g}" if model.alpha_beta else ""
    if units != "Gy":
        name = f"{model.dose.metric} of {name}"
    return dose, model.curve_over_effect(dose), f"{name} [{units}{ratio}]", up


def text_plot(preset: Preset) -> str:
    """Draw a preset's curve in characters; empty for a family without curves."""
    curve = curve_of(preset)
    if curve is None:
        return ""
    dose, p, across, up = curve
    top = max(float(p.max()), 1e-9)
    rows = [[" "] * WIDTH for _ in range(HEIGHT)]
    columns = np.linspace(dose[0], dose[-1], WIDTH)
    for column, value in enumerate(np.interp(columns, dose, p)):
        rows[HEIGHT - 1 - round(float(value) / top * (HEIGHT - 1))][column] = "*"
    lines = [f"{up} [%]"]
    for i, row in enumerate(rows):
        label = f"{100 * top * (HEIGHT - 1 - i) / (HEIGHT - 1):8.3g}" if i % 11 == 0 else " " * 8
        lines.append(f"{label} |{''.join(row).rstrip()}")
    lines.append(" " * 9 + "+" + "-" * WIDTH)
    gap = " " * (WIDTH - 8 - len(across))
    lines.append(f"{' ' * 10}{dose[0]:<4g}{across}{gap}{dose[-1]:>4g}")
    return "\n".join(lines)


def plot_curve(preset: Preset, path: Path) -> bool:
    """Draw a preset's curve to a file, with the range that it was fitted on and its anchors."""
    curve, model = curve_of(preset), model_of(preset)
    if curve is None or model is None:
        return False
    dose, p, across, up = curve
    figure = new_figure(4.6, 3.4)
    axis = figure.subplots()
    if valid := getattr(model, "range_of_curve", None):
        axis.axvspan(*valid, color="0.9", zorder=0, label="fitted on")
    axis.plot(dose, 100.0 * p, color="black")
    if preset.anchors:
        ab = model.alpha_beta
        eqd2 = [
            a.dose * (1.0 + a.dose / a.fractions / ab) / (1.0 + 2.0 / ab) for a in preset.anchors
        ]
        observed = [100.0 * anchor.probability for anchor in preset.anchors]
        axis.plot(eqd2, observed, "o", color="#D55E00", label="anchors")
    axis.set_xlabel(across)
    axis.set_ylabel(f"{up} [%]")
    axis.set_title(preset.name, fontsize=10)
    axis.grid(alpha=0.3)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=150)
    return True


def model_lines(preset: Preset) -> list[str]:
    """Say what a preset's model computes, what it takes and what it does with fractionation."""
    if preset.family == "cell_kill":
        return _law_lines(preset)
    if preset.family == "survival":
        survival: Any = next(m for m in members(Survival) if kind_of(m) == preset.kind)
        return [f"equation: {survival.equation}", "takes: months since treatment; no dose"]
    model = model_of(preset)
    if model is None:
        return []
    lines = [f"equation: {model.equation}", f"takes: {model.takes}"]
    if isinstance(model, (VertebralFracture, TechniqueLevel)):
        return [*lines, *([f"solved for: {preset.series}"] if preset.series else [])]
    effect = getattr(model, "effect", "bed")
    fractionation = "none; physical dose, so two courses can't be added"
    number = getattr(model, "reference_fractions", None)
    if effect == "physical" and number is not None:
        fractionation = f"physical dose in {number:g} fractions; any other number is refused"
    elif effect == "equivalent":
        fractionation = (
            f"the dose in {number:g} fractions with the same BED at alpha/beta "
            f"{model.alpha_beta:g} Gy, {model.cell_kill.kind.upper()}"
        )
    elif effect != "physical":
        law = model.cell_kill.kind.upper()
        fractionation = f"{effect.upper()} at alpha/beta {model.alpha_beta:g} Gy, {law}"
    lines += [f"fractionation: {fractionation}", f"reads: {model.dose}"]
    return [*lines, *_calibration_lines(preset)]


def _calibration_lines(preset: Preset) -> list[str]:
    """Say what a preset was calibrated through, and by how much it misses its anchors."""
    known = preset.calibration
    if known is None:
        return []
    missed = ", ".join(f"{a.regimen} {a.missed:+.1f}" for a in known.anchors)
    return [
        f"calibrated: to {known.curve} through plans of the dose preset {known.dose} in "
        f"{known.patients:,} patients of {known.cohort}, seed {known.seed}",
        f"anchored, not predicted: {missed} points off the curve",
    ]


def _law_lines(preset: Preset) -> list[str]:
    law: Any = next(law for law in members(CellKill) if kind_of(law) == preset.kind)
    return [
        f"equation: {law.equation}",
        "takes: fraction doses d_i [Gy], equal or not, by their sum, the sum of their squares and "
        "their number n",
        "gives: BED [Gy] at the alpha/beta (ab) of the model that uses it, and EQD2 by its own law",
        f'used by: cell_kill = "{preset.name}" in [tcp] or [ntcp.*]; presets that were fitted '
        "under another law refuse it, or in [tcp] are fitted to their anchors again with "
        "refit = true",
    ]


def models_page() -> str:
    """Write the page of models and presets (Markdown), from the presets and the classes."""
    parts = [PAGE_HEAD]
    for family, union in (("tcp", TCPModel), ("ntcp", NTCPModel)):
        models: list[Any] = list(members(union))
        rows = [[f"`{kind_of(m)}`", f"`{m.equation}`", m.takes, _codes(m.shape)] for m in models]
        columns = ("`kind`", "equation", "takes", "parameters of the curve")
        parts.append(f"## {FAMILIES[family]}: kinds\n\n{_table(columns, rows)}")
    laws: list[Any] = list(members(CellKill))
    rows = [
        [f"`{kind_of(law)}`", f"`{law.equation}`",
         _codes(name for name in law.__dataclass_fields__ if name not in OF_EVERY_LAW)]
        for law in laws
    ]  # fmt: skip
    parts.append(
        f"## {FAMILIES['cell_kill']}: kinds\n\n{_table(('`kind`', 'equation', 'parameters'), rows)}"
    )
    for family, title in FAMILIES.items():
        parts.append(f"## {title}: presets")
        parts += [_preset_section(load_preset(family, name)) for name in preset_names(family)]
    return "\n\n".join(parts) + "\n"


def _preset_section(preset: Preset) -> str:
    bound = f"{preset.bound.capitalize()} bound. " if preset.bound else ""
    about = [f"{preset.title}. {bound}Flag: {preset.flag}. Fitted on: {preset.range}."]
    about += [f"Caution: {preset.caution}."] if preset.caution else []
    about += [preset.note, ""] if preset.note else [""]
    for line in model_lines(preset):
        label, _, rest = line.partition(": ")
        about.append(f"- {label}: `{rest}`" if label == "equation" else f"- {line}")
    rows = [
        [f"`{name}`", plain(p.value), p.units, spread_of(p), p.flag, p.source]
        for name, p in preset.parameters.items()
    ]
    columns = ("parameter", "value", "units", "95 % or spread", "flag", "source")
    parts = [
        f"### `{preset.name}`",
        "\n".join(about),
        _table(columns, rows),
        *joint_lines(preset),
        "\n".join(f"- {key}: {s} [{s.flag}]" for key, s in preset.sources.items()),
    ]
    return "\n\n".join(parts)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table in Markdown."""
    heads = list(columns)
    every = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in every)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def joint_lines(preset: Preset) -> list[str]:
    """Say which parameters of a preset are uncertain together."""
    return [
        f"drawn together: {' and '.join(pair['between'])}, correlation {pair['rho']}"
        for pair in preset.correlations
    ]


def spread_of(parameter: Any) -> str:
    """Write the uncertainty of a preset's parameter, where it has one."""
    return "" if parameter.uncertainty is None else plain(parameter.uncertainty)


def plain(value: Any) -> str:
    """Write a value of a preset in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return " to ".join(plain(item) for item in value)
    return str(value)


if __name__ == "__main__":
    import sys

    Path(sys.argv[1]).write_text(models_page(), encoding="utf-8")
