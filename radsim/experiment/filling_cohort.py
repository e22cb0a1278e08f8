"""Presets and tables of a cohort filled in."""

import warnings
from pathlib import Path
from typing import Any

from radsim.experiment.problems import Problems, as_text
from radsim.patients.tables import read_column, read_table
from radsim.presets import Preset, load_preset
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest

COHORT_KEYS = ("preset", "table", "correlations")


def read_in_files(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Put the numbers of the files that a cohort names in the place of their names."""
    cohort = dict(settings["cohort"])
    for name, value in cohort.items():
        if name == "table":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it was said when the file was first read
                cohort[name] = _table(value, folder)
        elif isinstance(value, dict) and "file" in value:
            described = {k: value[k] for k in ("units", "meaning", "source") if k in value}
            rest = {k: v for k, v in value.items() if k not in described}
            cohort[name] = {**as_distribution(rest, folder), **described}
    return {**settings, "cohort": cohort}


def as_distribution(value: Any, folder: Path | None = None) -> Any:
    """Turn a bare number into a fixed value, and an empirical file into its numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"kind": "fixed", "value": value}
    if isinstance(value, dict) and "file" in value and folder is not None:
        rest = dict(value)
        path = folder / str(rest.pop("file"))
        require("column" in rest, "file needs a column")
        rest["values"] = read_column(path, str(rest.pop("column")))
        if "weight_column" in rest:
            rest["weights"] = read_column(path, str(rest.pop("weight_column")))
        return {"kind": "empirical", **rest}
    return value


def fill_cohort(section: dict[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
    """Fill in the presets and tables of a cohort."""
    variables: dict[str, Any] = {}
    correlations: Any = []
    preset = None
    if "preset" in section:
        name = section["preset"]
        preset = problems.attempt("cohort.preset", _cohort_preset, name, default=None)
    if preset is not None:
        for name, parameter in preset.parameters.items():
            source = preset.sources.get(parameter.source)
            variables[name] = {
                "distribution": parameter.value,
                "units": parameter.units,
                "meaning": parameter.meaning,
                "source": parameter.flag if source is None else f"{parameter.flag}: {source}",
            }
        correlations = [
            {"between": pair["between"], "rho": pair["rho"]} for pair in preset.correlations
        ]
    for name, value in section.items():
        if name not in COHORT_KEYS:
            key = f"cohort.{name}"
            variables[name] = problems.attempt(
                key, _variable, name, value, variables.get(name), folder, default=None
            )
            if variables[name] is None:
                del variables[name]
    full: dict[str, Any] = {"preset": section.get("preset", ""), "variables": variables}
    if "table" in section:
        full["table"] = problems.attempt(
            "cohort.table", _table, section["table"], folder, default=section["table"]
        )
        for name in full["table"].get("columns", ()) if isinstance(full["table"], dict) else ():
            if name not in section:
                variables.pop(name, None)
    drawn = set(variables)
    full["correlations"] = section.get(
        "correlations", [pair for pair in correlations if drawn.issuperset(pair["between"])]
    )
    return full


def _cohort_preset(name: Any) -> Preset:
    return load_preset("cohort", as_text(name))


def _variable(name: str, value: Any, old: Any, folder: Path) -> dict[str, Any]:
    table = {"kind": "categorical", "shares": {value: 1}} if isinstance(value, str) else value
    settings = dict(table) if isinstance(table, dict) else {}
    described = {
        key: settings.pop(key) for key in ("units", "meaning", "source") if key in settings
    }
    if old is not None or name in COHORT:
        known = COHORT.get(name)
        described.setdefault("units", old["units"] if old else known.units if known else "")
        described.setdefault("meaning", old["meaning"] if old else known.meaning if known else "")
    else:
        require(
            bool(described.get("units") and described.get("meaning")),
            f"not a known variable ({nearest(name, sorted(COHORT))}); "
            "a new one needs units and meaning",
        )
    distribution = as_distribution(settings if isinstance(table, dict) else table, folder)
    return {"distribution": distribution, "source": "experiment file", **described}


def _table(section: Any, folder: Path) -> Any:
    table = {"file": section} if isinstance(section, str) else section
    if not isinstance(table, dict) or "file" not in table:
        return table
    rest = dict(table)
    path = folder / str(rest.pop("file"))
    wanted = rest.pop("declare", [])
    require(isinstance(wanted, (list, tuple)), "declare must be a list of column names")
    columns = read_table(path)
    for name in wanted:
        require(name in columns, f"{path} has no column {name!r}; {nearest(name, columns)}")
    kept = {n: values for n, values in columns.items() if n in COHORT or n in wanted}
    left_out = [n for n in columns if n not in kept]
    if left_out:
        warnings.warn(f"cohort.table: columns left out: {', '.join(left_out)}", stacklevel=2)
    require(len(kept) > 0, f"{path}: no column has a known name; {nearest('', sorted(COHORT))}")
    return {**rest, "columns": kept}
