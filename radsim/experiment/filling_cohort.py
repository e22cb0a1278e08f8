"""Presets and tables of a cohort filled in."""

import warnings
from pathlib import Path
from typing import Any

from radsim.experiment.filling_presets import as_text
from radsim.experiment.problems import Problems
from radsim.patients.tables import read_column, read_table
from radsim.presets.cohorts import cohort_settings
from radsim.vocabulary.cohort_variables import COHORT, DESCRIPTIONS
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.words import Variable, nearest

COHORT_KEYS = ("preset", "table", "correlations")


def read_in_files(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Put the numbers of the files that cohorts name in the place of their names."""
    arms = {
        name: {**arm, "cohort": _read_in(arm["cohort"], folder)} if "cohort" in arm else arm
        for name, arm in settings["arms"].items()
    }
    return {**settings, "cohort": _read_in(settings["cohort"], folder), "arms": arms}


def _read_in(stated: dict[str, Any], folder: Path) -> dict[str, Any]:
    cohort = dict(stated)
    for name, value in cohort.items():
        if name == "table":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it was said when the file was first read
                cohort[name] = _table(value, folder)
        elif isinstance(value, dict) and "file" in value:
            described, distribution = _parted(value)
            cohort[name] = {**as_distribution(distribution, folder), **described}
    return cohort


def _parted(variable: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what describes a variable from its distribution."""
    described = {key: variable[key] for key in DESCRIPTIONS if key in variable}
    return described, {key: value for key, value in variable.items() if key not in described}


def as_distribution(value: Any, folder: Path | None = None) -> Any:
    """Turn a bare number into a fixed value, and an empirical file into its numbers."""
    if is_number(value):
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


def fill_cohort(
    section: dict[str, Any], folder: Path, problems: Problems, key: str = "cohort"
) -> dict[str, Any]:
    """Fill in the presets and tables of a cohort, which the file states at a key."""
    named: dict[str, Any] = {"variables": {}, "correlations": []}
    if "preset" in section:
        name = section["preset"]
        named = problems.attempt(f"{key}.preset", _from_preset, name, default=named)
    variables = named["variables"]
    for name, value in section.items():
        if name not in COHORT_KEYS:
            old = variables.get(name)
            variables[name] = problems.attempt(f"{key}.{name}", _variable, name, value, old, folder)
            if variables[name] is None:
                del variables[name]
    full: dict[str, Any] = {"preset": section.get("preset", ""), "variables": variables}
    if "table" in section:
        table = section["table"]
        full["table"] = problems.attempt(f"{key}.table", _table, table, folder, default=table)
        for name in full["table"].get("columns", ()) if isinstance(full["table"], dict) else ():
            if name not in section:
                variables.pop(name, None)
    drawn = [p for p in named["correlations"] if variables.keys() >= set(p["between"])]
    full["correlations"] = section.get("correlations", drawn)
    return full


def _from_preset(name: Any) -> dict[str, Any]:
    return cohort_settings(as_text(name))


def _variable(name: str, value: Any, old: Any, folder: Path) -> dict[str, Any]:
    table = {"kind": "categorical", "shares": {value: 1}} if isinstance(value, str) else value
    described, settings = _parted(table) if isinstance(table, dict) else ({}, table)
    if old is not None or name in COHORT:
        usual = COHORT.get(name, Variable("", ""))
        former = old or {"units": usual.units, "meaning": usual.meaning}
        described = {"units": former["units"], "meaning": former["meaning"], **described}
    else:
        require(
            bool(described.get("units") and described.get("meaning")),
            f"not a known variable ({nearest(name, sorted(COHORT))}); "
            "a new one needs units and meaning",
        )
    distribution = as_distribution(settings, folder)
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
