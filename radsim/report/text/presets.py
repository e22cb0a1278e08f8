"""Presets and kinds of models in words."""

from typing import Any

from rich.table import Table

from radsim.presets import Preset, load_preset, preset_families, preset_names
from radsim.report.text.catalog import joint_lines, model_lines, plain, text_plot
from radsim.report.text.console import render
from radsim.report.text.kinds import find_kinds
from radsim.vocabulary.mistakes import Mistake


def presets_text() -> str:
    """List the presets in a table."""
    table = Table(title="Presets")
    for column in ("family", "name", "flag", "what", "fitted on"):
        table.add_column(column, overflow="fold", no_wrap=column in ("family", "name"))
    for family in preset_families():
        for name in preset_names(family):
            preset = load_preset(family, name)
            table.add_row(family, name, preset.flag, preset.title, preset.range)
    return render(table)


def kinds_text() -> str:
    """List the kinds of model in a table, whether or not a preset has them."""
    table = Table(title="Kinds of model")
    for column in ("family", "kind", "presets", "what"):
        table.add_column(column, overflow="fold", no_wrap=column in ("family", "kind"))
    for one in find_kinds():
        table.add_row(one["family"], one["kind"], str(len(one["presets"])), one["what"])
    return render(table)


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
    lines.append(render(table, width=150))
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
    return "\n".join([*lines, render(table, width=150)])
