"""Presets and tables of a cohort filled in."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from radsim.experiment.filling_presets import as_text
from radsim.experiment.problems import Problems
from radsim.patients.tables import any_patients, read_patients
from radsim.presets.cohorts import cohort_settings
from radsim.vocabulary.cohort_variables import COHORT, DESCRIPTIONS
from radsim.vocabulary.csv_tables import read_table
from radsim.vocabulary.mistakes import require, short
from radsim.vocabulary.numbers import is_number
from radsim.vocabulary.words import Variable, listed, nearest

COHORT_KEYS = ("preset", "table", "correlations")
ASKED: dict[str, Callable[[], Any]] = {"columns": dict, "labels": dict, "declare": list}
WAYS = ("resample", "as-is")  # to take the rows of a table
TABLE_KEYS = ("file", "rows", *ASKED)


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
                cohort[name] = _table(value, folder, "cohort.table", Problems())
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
        table = read_table(path)
        rest["values"] = table.numbers_in(str(rest.pop("column")))
        if "weight_column" in rest:
            rest["weights"] = table.numbers_in(str(rest.pop("weight_column")))
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
        table = _table(section["table"], folder, f"{key}.table", problems)
        full["table"] = table
        there = table if isinstance(table, dict) else {}
        for name in (*there.get("columns", ()), *there.get("lacking", ())):
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


def _table(section: Any, folder: Path, key: str, problems: Problems) -> Any:
    """Read the file of a table; another one stands for what can't be read."""
    table = {"file": section} if isinstance(section, str) else section
    if not isinstance(table, dict) or not _names_file(table):
        return table
    for name in table.keys() - {*TABLE_KEYS}:
        problems.note(f"{key}.{name}", f"unknown key; {nearest(name, TABLE_KEYS)}")
    rows = {"rows": table["rows"]} if table.get("rows") in WAYS else {}
    if "rows" in table and not rows:
        wanted = f"must be one of {listed([*map(repr, WAYS)], 'or')}, got {short(table['rows'])}"
        problems.note(f"{key}.rows", wanted)
    settings = {name: problems.attempt(f"{key}.{name}", _asked, table, name) for name in ASKED}
    file = problems.attempt(f"{key}.file", _file_of, table)
    if file is None or None in settings.values():
        return {"columns": any_patients()}
    read = problems.attempt(key, partial(read_patients, folder / file, **settings))
    if read is None:
        return {"columns": any_patients()}
    for below, line in read.mistakes:
        problems.note(f"{key}{below}", line)
    if not read.columns:
        names = f"{file}: no column has a known name, of {', '.join(read.left_out)}"
        problems.refuse(key, f"{names}; columns = {{ ... }} says what they are")
        return {"columns": any_patients()}
    for doubt in read.doubts:
        warnings.warn(f"{key}: {doubt}", stacklevel=2)
    if read.left_out:
        meant = {heading: f'"{name}"' for heading, name in read.left_out.items() if name}
        asked = ", ".join(f'"{heading}" = {name}' for heading, name in meant.items())
        cure = f"; if they are meant: columns = {{ {asked} }}" if meant else ""
        warnings.warn(f"{key}: columns left out: {', '.join(read.left_out)}{cure}", stacklevel=2)
    return {**rows, "columns": read.columns, "lacking": read.lacking}


def _names_file(table: dict[str, Any]) -> bool:
    """Say whether a table is to be read from a file, and does not hold its values itself."""
    columns = table.get("columns", {})
    names = isinstance(columns, dict) and all(isinstance(v, str) for v in columns.values())
    return names or not {"file", "labels", "declare"}.isdisjoint(table)


def _file_of(table: dict[str, Any]) -> str:
    require("file" in table, "is missing")
    require(isinstance(table["file"], str), f"must be the name of a CSV, got {table['file']!r}")
    return table["file"]


def _asked(table: dict[str, Any], name: str) -> Any:
    """How the columns of a table are to be read, as one of its keys has it."""
    asked = table.get(name, ASKED[name]())
    if name == "declare":
        fits = isinstance(asked, (list, tuple)) and all(isinstance(n, str) for n in asked)
        require(fits, f"must be a list of column names, got {asked!r}")
    elif name == "columns":
        fits = isinstance(asked, dict) and all(isinstance(v, str) for v in asked.values())
        require(fits, f"must be a table with the variable of each column, got {asked!r}")
    else:
        fits = isinstance(asked, dict) and all(map(_translates, asked.values()))
        require(fits, f"must be a table of what cells mean for each column, got {asked!r}")
    return asked


def _translates(words: Any) -> bool:
    values = words.values() if isinstance(words, dict) else [None]
    return all(isinstance(value, str) or is_number(value) for value in values)
