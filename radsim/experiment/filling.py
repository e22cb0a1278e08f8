"""From the short experiment file that a person writes to one in which every number stands."""

import csv
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from radsim.dose.plans.library_folder import READING, expand_library
from radsim.dose.plans.plan import expand_plan
from radsim.presets import Preset, load_preset, preset_names, read_preset
from radsim.radiobiology.cell_kill import LAWS_BY_NAME
from radsim.randomness.distributions.composed import read_column, require
from radsim.vocabulary.words import COHORT, LABELS, nearest

COHORT_KEYS = ("preset", "table", "correlations")
DOSE_PRESET = DOSE_KIND = "distance"  # unless the file names another preset
ARM_KEYS = ("survival", "pain_response")  # what an arm states besides its plan
PRESET_FILE = ".toml"  # what tells a file of one's own from a preset's name
FRACTURE_KIND = "proportional_hazards"  # of the presets of vcf, and of no other endpoint
CORD_PRESETS = ("sbrt-cord-default", "sbrt-cord-low", "sbrt-cord-case-control")


class Problems(list[str]):
    """Mistakes found on the way, one line each; ``keys`` are where they were found."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def attempt(self, key: str, step: Callable[..., Any], *arguments: Any, default: Any) -> Any:
        """Run one step; if it finds a mistake, note it under its key and go on."""
        try:
            return step(*arguments)
        except ValueError as error:
            self.append(f"{key}: {error}")
            self.keys.append(key)
            return default


def expand_experiment(raw: dict[str, Any], folder: Path) -> tuple[dict[str, Any], Problems]:
    """Fill in presets, files and short forms.

    Parameters
    ----------
    raw
        The tables of an experiment file.
    folder
        Where the files that it names are looked for.

    Returns
    -------
    tuple
        The same experiment with nothing left to look up, and the mistakes found on the way.
        What can't be understood is left as it is, for the validation to report.
    """
    problems = Problems()
    full = dict(raw)
    if "cohort" in raw:
        full["cohort"] = _section(raw, "cohort", problems, lambda c: _cohort(c, folder, problems))
    full["dose"] = _section(raw, "dose", problems, _dose)
    for name, step in (
        ("tcp", partial(_model, "tcp", folder=folder)),
        ("survival", partial(_preset, "survival")),
    ):
        if name in raw:
            full[name] = _section(raw, name, problems, step)
    if isinstance(raw.get("tcp_alternatives"), (list, tuple)):
        full["tcp_alternatives"] = [
            _alternative("tcp", f"tcp_alternatives[{i}]", entry, folder, problems, full.get("tcp"))
            for i, entry in enumerate(raw["tcp_alternatives"])
        ]
    if isinstance(raw.get("ntcp"), dict):
        full["ntcp"] = _ntcp(raw["ntcp"], folder, problems)
    if isinstance(raw.get("arms"), dict):
        full["arms"] = {
            name: _arm(f"arms.{name}", arm, folder, problems) for name, arm in raw["arms"].items()
        }
    return full, problems


def shorten_experiment(full: dict[str, Any]) -> dict[str, Any]:
    """Write an expanded experiment the way a file has it (the inverse in form, not in length)."""
    short = dict(full)
    cohort = dict(full["cohort"])
    for name, variable in cohort.pop("variables", {}).items():
        distribution = variable.pop("distribution")
        cohort[name] = {**distribution, **{k: v for k, v in variable.items() if v}}
    short["cohort"] = cohort
    short["arms"] = {
        name: {**arm["plan"], **{key: arm[key] for key in ARM_KEYS if arm.get(key)}}
        for name, arm in full["arms"].items()
    }
    return short


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


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over settings, table by table; a table with another kind replaces the old one."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        same_kind = isinstance(value, dict) and value.get("kind") in (None, _kind(old))
        if isinstance(old, dict) and same_kind:
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _kind(table: Any) -> Any:
    return table.get("kind") if isinstance(table, dict) else None


def _section(
    raw: dict[str, Any], name: str, problems: Problems, step: Callable[[dict[str, Any]], Any]
) -> Any:
    section = raw.get(name, {})
    if not isinstance(section, dict):
        return section
    return problems.attempt(name, step, section, default=section)


def _preset(
    family: str, section: dict[str, Any], kind: str = "", endpoint: str = ""
) -> dict[str, Any]:
    """Lay a section over its preset, which has to be of a kind or of a complication's endpoint."""
    if "preset" not in section:
        return section
    name = _text(section["preset"])
    names = preset_names(family)
    if kind:
        names = [other for other in names if load_preset(family, other).kind == kind]
    if endpoint:
        fractures = {n for n in names if load_preset(family, n).kind == FRACTURE_KIND}
        names = [n for n in names if (n in fractures) == (endpoint == "vcf")]
    require(name in names, f"no such preset {name!r}; there are: {', '.join(names)}")
    return merge(load_preset(family, name).settings(), section)


def _model(
    family: str, section: dict[str, Any], folder: Path, endpoint: str = ""
) -> dict[str, Any]:
    """Fill in a model's preset, and those of its law of cell kill and of its modifiers."""
    name = section.get("preset")
    if isinstance(name, str) and name.endswith(PRESET_FILE):
        own = {key: value for key, value in section.items() if key != "preset"}
        full = merge(read_preset(family, folder / name).settings(), own)
    else:
        full = _preset(family, section, endpoint=endpoint)
    if "cell_kill" in full:
        full = {**full, "cell_kill": _law(full["cell_kill"])}
    if isinstance(full.get("modifiers"), (list, tuple)):
        full = {**full, "modifiers": [_modifier(one) for one in full["modifiers"]]}
    return full


def _law(law: Any) -> Any:
    if isinstance(law, str):
        if law in LAWS_BY_NAME:
            return {"kind": law}
        law = {"preset": law}
    return _preset("cell_kill", law) if isinstance(law, dict) else law


def _modifier(modifier: Any) -> Any:
    table = {"preset": modifier} if isinstance(modifier, str) else modifier
    if not isinstance(table, dict) or "preset" not in table:
        return table
    ratios = load_preset("modifier", _text(table["preset"])).parameters["hazard_ratio"]
    intervals = {"interval": ratios.uncertainty} if ratios.flag != "assumption" else {}
    return {**{k: v for k, v in intervals.items() if v}, **_preset("modifier", table)}


def _text(name: Any) -> str:
    require(isinstance(name, str), f"preset must be a name in quotes, got {name!r}")
    return str(name)


def _dose(section: dict[str, Any]) -> dict[str, Any]:
    return _preset("dose", {"preset": DOSE_PRESET, **section}, DOSE_KIND)


def _ntcp(section: dict[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
    full = {}
    for endpoint, model in section.items():
        if endpoint == "myelopathy_alternatives" and isinstance(model, (list, tuple)):
            full[endpoint] = [
                _alternative("ntcp", f"ntcp.{endpoint}[{i}]", entry, folder, problems)
                for i, entry in enumerate(model)
            ]
        elif isinstance(model, dict):
            key = f"ntcp.{endpoint}"
            full[endpoint] = problems.attempt(
                key, _model, "ntcp", model, folder, endpoint, default=model
            )
        else:
            full[endpoint] = model
    if "myelopathy" in full and "myelopathy_alternatives" not in full:
        own = full["myelopathy"].get("preset") if isinstance(full["myelopathy"], dict) else None
        full["myelopathy_alternatives"] = [
            _preset("ntcp", {"preset": name}) for name in CORD_PRESETS if name != own
        ]
    return full


def _alternative(
    family: str, key: str, entry: Any, folder: Path, problems: Problems, own: Any = None
) -> Any:
    """Fill in an alternative; one that names neither preset nor kind is the file's own, changed."""
    table = {"preset": entry} if isinstance(entry, str) else entry
    if not isinstance(table, dict):
        return table
    if own is not None and "preset" not in table and "kind" not in table:
        table = merge(own, table)
    endpoint = "myelopathy" if family == "ntcp" else ""
    return problems.attempt(key, _model, family, table, folder, endpoint, default=table)


def _arm(key: str, arm: Any, folder: Path, problems: Problems) -> Any:
    if not isinstance(arm, dict):
        return {"plan": arm}
    settings = {name: value for name, value in arm.items() if name not in ARM_KEYS}
    if settings.get("kind") == "library":
        unread = {name: value for name, value in settings.items() if name not in READING}
        settings = problems.attempt(key, expand_library, settings, folder, default=unread)
    unexpanded = {
        "kind": "external_beam",
        **{k: v for k, v in settings.items() if k not in ("limits", "regimen")},
    }
    full: dict[str, Any] = {
        "plan": problems.attempt(key, expand_plan, settings, default=unexpanded)
    }
    if "survival" in arm:
        full["survival"] = (
            problems.attempt(
                f"{key}.survival", _preset, "survival", arm["survival"], default=arm["survival"]
            )
            if isinstance(arm["survival"], dict)
            else arm["survival"]
        )
    if "pain_response" in arm:
        full["pain_response"] = arm["pain_response"]
    return full


def _cohort(section: dict[str, Any], folder: Path, problems: Problems) -> dict[str, Any]:
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
    return load_preset("cohort", _text(name))


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


def read_table(path: Path) -> dict[str, tuple[float | str, ...]]:
    """Read a CSV of patients, one row each; a column is numbers, or text where any cell is none.

    Raises
    ------
    ValueError
        If the file can't be read, or a row lacks a cell.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            rows = list(reader)
            names = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"can't read {path}: {error}") from error
    require(len(rows) > 0, f"{path} has no rows")
    for line, row in enumerate(rows, start=2):
        for name in names:
            require(bool((row.get(name) or "").strip()), f"{path}, line {line}: {name} is missing")
    return {name: _column(name, [row[name].strip() for row in rows]) for name in names}


def _column(name: str, cells: list[str]) -> tuple[float | str, ...]:
    if name in LABELS:  # a Bilsky grade of 0 is a label, not a number
        return tuple(cells)
    try:
        return tuple(float(cell) for cell in cells)
    except ValueError:
        return tuple(cells)
