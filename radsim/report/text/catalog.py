"""The catalog of models and presets: pages, tables and plots, all from the presets themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from radsim.ntcp import NTCPModel, load_ntcp
from radsim.ntcp.vertebra import VertebralFracture
from radsim.presets import Preset, load_preset, preset_names
from radsim.radiobiology.cell_kill import CellKill
from radsim.report.figures.style import new_figure
from radsim.response.survival import WeibullSurvival
from radsim.tcp import TCPModel, load_tcp
from radsim.vocabulary.kinds import kind_of, members

PLOTTED = ("tcp", "ntcp")
HEIGHT, WIDTH = 12, 60  # of a plot in text, in characters
OF_EVERY_LAW = ("equation", "changes_high_doses", "kind", "preset")
FAMILIES = {
    "tcp": "Tumor control",
    "ntcp": "Complications",
    "modifier": "Hazard modifiers",
    "cell_kill": "Laws of cell kill",
    "survival": "Survival",
}


def model_of(preset: Preset) -> Any | None:
    """Build the model of a preset of control or complication; other families have none."""
    if preset.family == "tcp":
        return load_tcp(preset.name)
    return load_ntcp(preset.name) if preset.family == "ntcp" else None


def curve_of(preset: Preset) -> tuple[np.ndarray, np.ndarray, str, str] | None:
    """Dose, probability and the names of both axes of a preset's curve."""
    model = model_of(preset)
    if model is None:
        return None
    if isinstance(model, VertebralFracture):
        dose = np.linspace(0.0, 30.0, 241)
        return (
            dose,
            model.curve_over_fraction_dose(dose),
            "prescription a fraction [Gy]",
            "net risk at 1 year",
        )
    dose = np.linspace(0.0, 100.0, 401)
    if preset.family == "tcp":
        axis = f"EQD2 [Gy, alpha/beta {model.alpha_beta:g}]"
        return dose, model.curve_over_effect(dose), axis, "control"
    name = {"eqd2": "EQD2", "bed": "BED", "physical": "dose"}[model.effect]
    ratio = f", alpha/beta {model.alpha_beta:g}" if model.alpha_beta else ""
    return dose, model.curve_over_effect(dose), f"{name} [Gy{ratio}]", "complication"


def text_plot(preset: Preset) -> str:
    """Draw a preset's curve in characters; empty for a family without curves."""
    found = curve_of(preset)
    if found is None:
        return ""
    dose, p, across, up = found
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
    found = curve_of(preset)
    if found is None:
        return False
    dose, p, across, up = found
    figure: Figure = new_figure(4.6, 3.4)
    axis = figure.subplots()
    model = model_of(preset)
    valid = getattr(model, "valid_eqd2", None)
    if valid:
        axis.axvspan(*valid, color="0.9", zorder=0, label="fitted on")
    axis.plot(dose, 100.0 * p, color="black")
    if preset.anchors and model is not None:
        eqd2 = [
            a.dose
            * (1.0 + a.dose / a.fractions / model.alpha_beta)
            / (1.0 + 2.0 / model.alpha_beta)
            for a in preset.anchors
        ]
        shown = [100.0 * a.probability for a in preset.anchors]
        axis.plot(eqd2, shown, "o", color="#D55E00", label="anchors")
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
        return [f"equation: {WeibullSurvival.equation}", "takes: months since treatment; no dose"]
    model = model_of(preset)
    if model is None:
        return []
    lines = [f"equation: {model.equation}", f"takes: {model.takes}"]
    if isinstance(model, VertebralFracture):
        return lines
    effect = getattr(model, "effect", "bed")
    if effect == "physical":
        lines.append("fractionation: none; physical dose, so two courses can't be added")
    else:
        lines.append(
            f"fractionation: {effect.upper()} at alpha/beta {model.alpha_beta:g} Gy, "
            f"{model.cell_kill.kind.upper()}"
        )
    lines.append(f"reads: {model.dose}")
    return lines


def _law_lines(preset: Preset) -> list[str]:
    law = next(one for one in members(CellKill) if kind_of(one) == preset.kind)
    return [
        f"equation: {law.equation}",  # type: ignore[attr-defined]
        "takes: fraction doses d_i [Gy], equal or not, by their sum, the sum of their squares and "
        "their number n",
        "gives: BED [Gy] at the alpha/beta (ab) of the model that uses it, and EQD2 by its own law",
        f'used by: cell_kill = "{preset.name}" in [tcp] or [ntcp.*]; presets that were fitted '
        "under another law refuse it, or in [tcp] are fitted to their anchors again with "
        "refit = true",
    ]


def models_page() -> str:
    """Write the page of models and presets (Markdown), from the presets and the classes."""
    return "\n".join(_page()).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield "# Models and presets"
    yield ""
    yield "Made by `python -m radsim.report.text.catalog docs/models.md` from the presets and the"
    yield "models; a test holds it to them. `radsim models NAME` shows a preset with its plot."
    yield "Flags: *verified* read in the source, *recalled* known but not at hand, *derived*"
    yield "computed from published figures,"
    yield "*assumption* not published, with a spread."
    yield ""
    for family, union in (("tcp", TCPModel), ("ntcp", NTCPModel)):
        yield f"## {FAMILIES[family]}: kinds"
        yield ""
        yield "| `kind` | equation | takes | parameters of the curve |"
        yield "| --- | --- | --- | --- |"
        for one in members(union):
            shape = ", ".join(f"`{name}`" for name in one.shape)  # type: ignore[attr-defined]
            equation = one.equation  # type: ignore[attr-defined]
            yield f"| `{kind_of(one)}` | `{equation}` | {one.takes} | {shape} |"  # type: ignore[attr-defined]
        yield ""
    yield f"## {FAMILIES['cell_kill']}: kinds"
    yield ""
    yield "| `kind` | equation | parameters |"
    yield "| --- | --- | --- |"
    for one in members(CellKill):
        names = [name for name in one.__dataclass_fields__ if name not in OF_EVERY_LAW]  # type: ignore[attr-defined]
        shape = ", ".join(f"`{name}`" for name in names)
        yield f"| `{kind_of(one)}` | `{one.equation}` | {shape} |"  # type: ignore[attr-defined]
    yield ""
    for family, title in FAMILIES.items():
        yield f"## {title}: presets"
        yield ""
        for name in preset_names(family):
            yield from _preset_section(load_preset(family, name))


def _preset_section(preset: Preset) -> Iterator[str]:
    yield f"### `{preset.name}`"
    yield ""
    yield f"{preset.title}. Flag: {preset.flag}. Fitted on: {preset.range}."
    if preset.note:
        yield preset.note
    yield ""
    for line in model_lines(preset):
        label, _, rest = line.partition(": ")
        yield f"- {label}: `{rest}`" if label == "equation" else f"- {line}"
    yield ""
    yield "| parameter | value | units | 95 % or spread | flag | source |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, p in preset.parameters.items():
        spread = "" if p.uncertainty is None else plain(p.uncertainty)
        yield f"| `{name}` | {plain(p.value)} | {p.units} | {spread} | {p.flag} | {p.source} |"
    yield ""
    for line in joint_lines(preset):
        yield line
        yield ""
    for key, source in preset.sources.items():
        yield f"- {key}: {source} [{source.flag}]"
    yield ""


def joint_lines(preset: Preset) -> list[str]:
    """Say which parameters of a preset are uncertain together."""
    return [
        f"drawn together: {' and '.join(pair['between'])}, correlation {pair['rho']}"
        for pair in preset.correlations
    ]


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
