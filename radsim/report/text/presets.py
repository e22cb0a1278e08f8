"""Presets and kinds of models in words."""

from typing import Any

from radsim.presets import Preset, load_preset, preset_families, preset_names
from radsim.report.text.catalog import joint_lines, model_lines, plain, spread_of, text_plot
from radsim.report.text.console import WIDTH, table_text
from radsim.report.text.kinds import find_kinds
from radsim.vocabulary.mistakes import Mistake


def presets_text() -> str:
    """List the presets in a table."""
    presets = [load_preset(*address) for address in _addresses()]
    rows = ([p.family, p.name, p.flag, p.title, p.range] for p in presets)
    columns, whole = ("family", "name", "flag", "what", "fitted on"), ("family", "name")
    return table_text(columns, rows, "Presets", width=WIDTH, whole=whole)


def kinds_text() -> str:
    """List the kinds of model in a table, whether or not a preset has them."""
    rows = ([k["family"], k["kind"], str(len(k["presets"])), k["what"]] for k in find_kinds())
    columns, whole = ("family", "kind", "presets", "what"), ("family", "kind")
    return table_text(columns, rows, "Kinds of model", width=WIDTH, whole=whole)


def model_text(name: str) -> str:
    """Show every preset and every kind of a name in full.

    Raises
    ------
    Mistake
        If there is neither.
    """
    kinds = find_kinds(name)
    presets = find_presets(name) if not kinds or _addresses(name) else []
    return "\n\n".join([*map(_in_full, presets), *map(_kind_in_full, kinds)])


def presets_json(name: str | None) -> list[dict[str, Any]]:
    """Give presets as plain data, all of them or those of a name; or the kinds of that name."""
    if name and not _addresses(name) and (kinds := find_kinds(name)):
        return kinds
    return [preset.model_dump(mode="json") for preset in find_presets(name or None)]


def find_presets(name: str | None) -> list[Preset]:
    """Find presets by name or by ``family/name``, all of them unless a name is given.

    Raises
    ------
    Mistake
        If there is none; the message lists those there are.
    """
    addresses = _addresses(name)
    if not addresses:
        presets = ", ".join(map("/".join, _addresses()))
        kinds = ", ".join(f"{kind['family']}/{kind['kind']}" for kind in find_kinds())
        raise Mistake(f"no preset {name!r}; there are: {presets}; and no kind: {kinds}")
    return [load_preset(*address) for address in addresses]


def _addresses(name: str | None = None) -> list[tuple[str, str]]:
    """Family and name of the presets of a name, all of them unless one is given."""
    every = [(family, n) for family in preset_families() for n in preset_names(family)]
    return [a for a in every if name is None or name in (a[1], "/".join(a))]


def _in_full(preset: Preset) -> str:
    rows = (
        [key, plain(p.value), p.units, spread_of(p), p.flag, p.source,
         f"{p.meaning}. {p.note}" if p.note else p.meaning]
        for key, p in preset.parameters.items()
    )  # fmt: skip
    columns = ("parameter", "value", "units", "95 % or spread", "flag", "source", "meaning")
    lines = [
        f"{preset.family}/{preset.name}: {preset.title}",
        f"flag: {preset.flag}",
        f"fitted on: {preset.range}",
        *model_lines(preset),
        *([f"bound: {preset.bound}"] if preset.bound else []),
        *([f"caution: {preset.caution}"] if preset.caution else []),
        *([f"note: {preset.note}"] if preset.note else []),
        table_text(columns, rows),
        *joint_lines(preset),
        "sources:",
    ]
    for key, source in preset.sources.items():
        lines.append(f"  {key}: {source} [{source.flag}] {source.note}".rstrip())
    plot = text_plot(preset)
    return "\n".join([*lines, plot] if plot else lines)


def _kind_in_full(kind: dict[str, Any]) -> str:
    rows = ([each["name"], each["default"], each["meaning"]] for each in kind["settings"])
    lines = [
        f"{kind['family']}/{kind['kind']}: {kind['what']}",
        *(f"{key}: {kind[key]}" for key in ("equation", "takes") if kind[key]),
        f"presets: {', '.join(kind['presets']) or 'none; give its settings in a file'}",
        table_text(("setting", "default", "meaning"), rows, whole=("setting",)),
    ]
    return "\n".join(lines)
