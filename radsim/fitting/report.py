"""From a name to a model to fit, and from a fit to words and to a preset file."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from pydantic import TypeAdapter, ValidationError

from radsim.fitting.fit import Fit
from radsim.fitting.outcome_table import OutcomeTable
from radsim.ntcp import NTCPModel
from radsim.presets import Preset, load_preset, preset_names, read_preset
from radsim.presets.sources import PRESET_FILE
from radsim.tcp import TCPModel
from radsim.vocabulary.kinds import kind_of, members
from radsim.vocabulary.mistakes import Mistake, mistakes_of
from radsim.vocabulary.words import nearest

UNIONS: dict[str, Any] = {"tcp": TCPModel, "ntcp": NTCPModel}
UNFITTED = ("proportional_hazards",)  # its data are times, which a table of events does not hold
TIMES = "can't be fitted: its data are times to fracture, which a table of events does not hold"
OF_THE_TABLE = (  # what a fit knows without a doubt
    *("valid_eqd2", "valid_eqd2_alpha_beta", "fitted_under", "most_fractions"),
)
UNITS = {
    "alpha_beta": "Gy", "valid_eqd2_alpha_beta": "Gy", "threshold": "Gy", "alpha": "1/Gy",
    "clonogen_density": "1/cm3", "volume": "cm3", "onset": "months", "evaluated_at": "months",
    "birth_rate": "1/day", "death_rate": "1/day",
}  # fmt: skip
ONSET = {"kind": "lognormal", "median": 6.0, "sigma": 0.4}  # any: a fit does not use it


def kinds(family: str) -> dict[str, type]:
    """Kinds of model of a family, by name."""
    found = {}
    for one in members(UNIONS[family]):
        kind = kind_of(one)
        if kind not in UNFITTED:
            found[kind] = one
    return found


def model_to_fit(name: str, settings: Mapping[str, Any], table: OutcomeTable) -> tuple[str, Any]:
    """Find a model by preset or kind, with starting values that suit the table's doses.

    Parameters
    ----------
    name
        A preset or a kind, ``tcp/NAME`` or ``ntcp/NAME`` where both families have it; otherwise
        control is meant.
    settings
        Settings of the model, such as ``alpha_beta``.

    Returns
    -------
    tuple
        The family and the model.

    Raises
    ------
    Mistake
        If there is no such model, or a setting is missing, unknown or wrong.
    """
    if name.endswith(PRESET_FILE):
        return _own_preset(Path(name), settings)
    family, _, short = name.rpartition("/")
    families = [family] if family in UNIONS else list(UNIONS)
    for one in families:
        if short in preset_names(one):
            return one, _from_preset(load_preset(one, short), settings)
    for one in families:
        if short in UNFITTED and one == "ntcp":
            raise Mistake(f"{short} {TIMES}")
        if short in kinds(one):
            return one, _build(one, {"kind": short, **_start(one, short, settings, table)})
    known = [n for f in families for n in (*kinds(f), *preset_names(f))]
    raise Mistake(f"no model {name!r} to fit; {nearest(short, known)}")


def _own_preset(path: Path, settings: Mapping[str, Any]) -> tuple[str, Any]:
    """Start from a preset file, whose family is that of its kind and parameters."""
    refused = []
    for family in UNIONS:
        try:
            return family, _from_preset(read_preset(family, path), settings)
        except ValueError as error:
            refused.append(str(error))
    raise Mistake(refused[0])


def _from_preset(preset: Preset, settings: Mapping[str, Any]) -> Any:
    if preset.kind in UNFITTED:
        raise Mistake(f"{preset.name} {TIMES}")
    own = {"fitted_under": ""} if "cell_kill" in settings else {}
    return _build(preset.family, {**preset.settings(), **own, **settings})


def _start(
    family: str, kind: str, settings: Mapping[str, Any], table: OutcomeTable
) -> dict[str, Any]:
    """Starting values of a kind, by the doses of the table."""
    typical = _typical_dose(family, settings, table)
    values: dict[str, Any] = {
        "d50": typical, "td50": typical, "k": 4.0, "gamma50": 1.0, "gamma": 1.0, "m": 0.3,
        "n": 0.3, "s": 1.0, "intercept": -3.0, "slope": 3.0 / typical, "alpha": 0.15,
        "clonogen_density": float(np.exp(np.clip(0.15 * typical, 1.0, 30.0))), "volume": 1.0,
        "baseline_hazard": 0.05, "reserve": 0.5, "reserve_sd": 0.2,
    }  # fmt: skip
    one: Any = kinds(family)[kind]
    whole = table.volume is not None
    if getattr(one, "reads_dvh", False) and not whole:
        raise Mistake(f"{kind} takes the whole DVH, so {table.name} needs a column dvh")
    if family == "ntcp":
        metric = {"structure": "spinal_cord", "metric": "DVH" if whole else "mean"}
        values |= {"onset": ONSET, "dose": metric}
        if kind == "logistic_eqd2":
            values["fitted_on"] = ""
    else:
        values["dose"] = {"structure": "gtv", "metric": "DVH" if whole else "D90"}
    known = one.__dataclass_fields__
    return {**{n: v for n, v in values.items() if n in known}, **settings}


def _typical_dose(family: str, settings: Mapping[str, Any], table: OutcomeTable) -> float:
    dose = np.median(table.dose[table.dose > 0]) if np.any(table.dose > 0) else 1.0
    ratio = settings.get("alpha_beta")
    if isinstance(ratio, (int, float)) and ratio > 0 and table.fractions is not None:
        each = dose / float(np.median(table.fractions))
        effect = settings.get("effect", "eqd2")
        dose = dose * (1.0 + each / ratio) / (1.0 if effect == "bed" else 1.0 + 2.0 / ratio)
    return float(dose)


def _build(family: str, settings: dict[str, Any]) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(UNIONS[family])
    one: Any = kinds(family).get(settings["kind"])
    if one is None:
        raise Mistake(f"{family} has no kind {settings['kind']!r} to fit")
    known = [field.name for field in fields(one)]
    for key in settings:
        if key not in known:
            raise Mistake(f"{settings['kind']} has no setting {key!r}; {nearest(key, known)}")
    try:
        return adapter.validate_python(settings)
    except ValidationError as error:
        schema = adapter.json_schema()
        lines = mistakes_of(error, settings, schema)
        raise Mistake("\n".join(lines)) from None


def is_preset_file(path: Path) -> bool:
    """Say whether a file holds a preset of a model, which a new fit may replace."""
    try:
        return read_preset("tcp", path).kind != ""
    except ValueError:
        return False


def fit_text(found: Fit, family: str) -> str:
    """Say what was fitted, in a few lines."""
    table, model = found.table, found.model
    what = "control" if family == "tcp" else "complication"
    count = (
        f"{table.rows} published probabilities"
        if table.probability is not None
        else f"{total(table, table.patients):g} patients, {total(table, table.events):g} events"
    )
    lines = [
        f"{family}/{model.kind} fitted to {table.name}: {count} (an event is {what})",
        f"  {model.equation}",
    ]
    for name, estimate in found.estimates.items():
        intervals = []
        if estimate.profile is not None:
            low, high = (
                "open" if is_open else f"{end:.4g}"
                for end, is_open in zip(estimate.profile, estimate.open, strict=True)
            )
            intervals.append(f"95 % profile {low} to {high}")
        if estimate.bootstrap is not None:
            low, high = (f"{end:.4g}" for end in estimate.bootstrap)
            intervals.append(f"95 % bootstrap {low} to {high}")
        shown = f" ({'; '.join(intervals)})" if intervals else ""
        lines.append(f"  {name} = {estimate.value:.5g}{shown}")
    names = list(found.estimates)
    pairs = [
        f"{names[i]}, {names[j]}: {found.correlation[i, j]:.2f}"
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    if pairs:
        lines.append("  correlation of " + "; ".join(pairs))
    lines.append("  " + ", ".join(f"{n} {v:.4g}" for n, v in found.goodness.items()))
    open_ended = [
        f"{name} {'on either side' if all(e.open) else 'above' if e.open[1] else 'below'}"
        for name, e in found.estimates.items()
        if any(e.open)
    ]
    if open_ended:
        lines.append(f"  the table does not bound {', '.join(open_ended)}")
    return "\n".join(lines)


def total(table: OutcomeTable, values: np.ndarray | None) -> float:
    """Weighted sum of a column, 0 where there is none."""
    return 0.0 if values is None else float((table.weight * values).sum())


def fit_preset(found: Fit, name: str, family: str, notes: Sequence[str] = ()) -> str:
    """Write a fit as a preset file (TOML), which an experiment may name by its path."""
    model, table = found.model, found.table
    settings = TypeAdapter(UNIONS[family]).dump_python(model, mode="json", exclude_none=True)
    shown = {k: v for k, v in settings.items() if v not in ("", [], {}, False)}
    shown = {k: v for k, v in shown.items() if k not in ("kind", "preset", "label")}
    if family == "ntcp" and shown.get("onset") == ONSET:
        notes = (*notes, "The time of onset is not fitted; it is an assumption.")
    parameters: dict[str, Any] = {}
    for key, value in shown.items():
        meaning = key.replace("_", " ")
        entry: dict[str, Any] = {"value": value, "units": _units(key, model), "meaning": meaning}
        estimate = found.estimates.get(key)
        own = {n: e for n, e in found.estimates.items() if n.startswith(f"{key}.")}
        intervals = {n.partition(".")[2]: e.interval for n, e in own.items()}
        bounded = {n: list(ends) for n, ends in intervals.items() if ends is not None}
        if estimate is not None or own or key in OF_THE_TABLE:
            entry |= {"flag": "derived", "source": "data"}
        else:
            entry |= {"flag": "assumption", "note": "Held in the fit, or not part of it."}
        if estimate is not None and estimate.interval is not None:
            entry["uncertainty"] = list(estimate.interval)
        if bounded:
            entry["uncertainty"] = bounded
        parameters[key] = entry
    names = list(found.estimates)
    preset = {
        "title": f"{model.kind} fitted to {table.name}",
        "kind": model.kind,
        "flag": "derived",
        "range": _range(found),
        "note": " ".join(
            [", ".join(f"{n} {v:.4g}" for n, v in found.goodness.items()) + ".", *notes]
        ),
        "correlations": [
            {"between": [names[i], names[j]], "rho": float(found.correlation[i, j])}
            for i in range(len(names))
            for j in range(i + 1, len(names))
        ],
        "sources": {
            "data": {
                "authors": "own data",
                "journal": table.name,
                "note": "Fitted by maximum likelihood. No DOI: a user's data set.",
            }
        },
        "parameters": parameters,
    }
    Preset.model_validate({"family": family, "name": name, **preset})
    return tomli_w.dumps({k: v for k, v in preset.items() if v != []})


def _range(found: Fit) -> str:
    table, model = found.table, found.model
    dose = table.dose[table.dose > 0]
    low, high = model.valid_eqd2
    text = f"{table.rows} rows, physical doses of {dose.min():g} to {dose.max():g} Gy"
    if table.fractions is not None:
        fewest, most = table.fractions.min(), table.fractions.max()
        text += f" in {fewest:g} to {most:g} fractions" if most > fewest else f" in {most:g}"
    effect = getattr(model, "effect", "eqd2")
    if effect == "physical":
        return text
    return text + (
        f"; {effect.upper()} of {low:.4g} to {high:.4g} Gy (alpha/beta {model.alpha_beta:g}, "
        f"{model.cell_kill.kind})"
    )


def _units(name: str, model: Any) -> str:
    """Units of a parameter, doses with what they are doses of."""
    effect = getattr(model, "effect", "eqd2")
    kind = "" if effect == "physical" else f" ({effect.upper()}, alpha/beta {model.alpha_beta:g})"
    if name == "d50" and model.kind == "logistic_dose":
        return f"Gy in {model.reference_fractions:g} fractions"
    if name in ("d50", "td50", "valid_eqd2"):
        return f"Gy{kind}"
    if name == "slope":
        return f"1/Gy{kind}"
    return UNITS.get(name, "1")
