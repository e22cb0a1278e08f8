"""From a name to a model to fit, and from a fit to words and to a preset file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from pydantic import TypeAdapter

from radsim.fitting.fit import Fit
from radsim.fitting.outcome_table import OutcomeTable
from radsim.ntcp import NTCPModel
from radsim.presets import PRESET_FILE, Preset, load_preset, preset_names, read_preset
from radsim.presets.models import unknown_settings
from radsim.tcp import TCPModel
from radsim.vocabulary.dose_metrics import parse_metric
from radsim.vocabulary.kinds import kind_of, members
from radsim.vocabulary.mistakes import Mistake, validated
from radsim.vocabulary.units import quantity_of
from radsim.vocabulary.words import nearest

UNIONS: dict[str, Any] = {"tcp": TCPModel, "ntcp": NTCPModel}
UNFITTED = {  # and why
    "proportional_hazards": "its data are times to fracture, which a table of events does not hold",
    "technique": "it reads no dose",
    "levels": "its risks are the shares of events below and above the threshold",
}
# what a fit knows without a doubt
OF_THE_TABLE = ("valid_eqd2", "valid_eqd2_alpha_beta", "fitted_under", "most_fractions")
TYPICAL_SHARE = 0.5  # of a volume above a dose, to begin a fit at
ONSET = {"kind": "lognormal", "median": 6.0, "sigma": 0.4}  # any: a fit does not use it


def kinds(family: str) -> dict[str, type]:
    """Kinds of model of a family, by name."""
    every = {kind_of(model): model for model in members(UNIONS[family])}
    return {kind: model for kind, model in every.items() if kind not in UNFITTED}


def model_to_fit(name: str, settings: Mapping[str, Any], table: OutcomeTable) -> tuple[str, Any]:
    """Find a model and its family by preset or kind, with values that suit the table's doses.

    The name is ``tcp/NAME`` or ``ntcp/NAME`` where both families have it; otherwise control is
    meant. Settings are of the model, such as ``alpha_beta``. A Mistake says if there is no such
    model, or a setting is missing, unknown or wrong.
    """
    if Path(name).suffix == PRESET_FILE:
        return _preset_file(Path(name), settings)
    named, _, short = name.rpartition("/")
    families = [named] if named in UNIONS else list(UNIONS)
    for family in families:
        if short in preset_names(family):
            return family, _from_preset(load_preset(family, short), settings)
    for family in families:
        if short in UNFITTED and family == "ntcp":
            raise Mistake(f"{short} can't be fitted: {UNFITTED[short]}")
        if short in kinds(family):
            start = _start(family, short, settings, table)
            return family, _build(family, {"kind": short, **start})
    names = [n for f in families for n in (*kinds(f), *preset_names(f))]
    raise Mistake(f"no model {name!r} to fit; {nearest(short, names)}")


def _preset_file(path: Path, settings: Mapping[str, Any]) -> tuple[str, Any]:
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
        raise Mistake(f"{preset.name} can't be fitted: {UNFITTED[preset.kind]}")
    unlike = {"fitted_under": ""} if "cell_kill" in settings else {}
    return _build(preset.family, {**preset.settings(), **unlike, **settings})


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
    model: Any = kinds(family)[kind]
    whole = table.volume is not None
    if getattr(model, "reads_dvh", False) and not whole:
        raise Mistake(f"{kind} takes the whole DVH, so {table.name} needs a column dvh")
    if family == "ntcp":
        metric = {"structure": "spinal_cord", "metric": "DVH" if whole else "mean"}
        values |= {"onset": ONSET, "dose": metric}
        if kind == "logistic_eqd2":
            values["fitted_on"] = ""
    else:
        values["dose"] = {"structure": "gtv", "metric": "DVH" if whole else "D90"}
    return {**{n: v for n, v in values.items() if n in model.__dataclass_fields__}, **settings}


def _typical_dose(family: str, settings: Mapping[str, Any], table: OutcomeTable) -> float:
    dose = np.median(table.dose[table.dose > 0]) if np.any(table.dose > 0) else 1.0
    stated = settings.get("dose")
    name = stated.get("metric") if isinstance(stated, Mapping) else None
    read = parse_metric(name) if isinstance(name, str) else None
    if read is not None and not read.is_dose:
        return float(dose) if table.volume is None else TYPICAL_SHARE
    ratio = settings.get("alpha_beta")
    if isinstance(ratio, (int, float)) and ratio > 0 and table.fractions is not None:
        each = dose / float(np.median(table.fractions))
        effect = settings.get("effect", "eqd2")
        dose = dose * (1.0 + each / ratio) / (1.0 if effect == "bed" else 1.0 + 2.0 / ratio)
    return float(dose)


def _build(family: str, settings: dict[str, Any]) -> Any:
    model = kinds(family).get(settings["kind"])
    if model is None:
        raise Mistake(f"{family} has no kind {settings['kind']!r} to fit")
    for line in unknown_settings(model, settings):
        raise Mistake(line)
    return validated(UNIONS[family], settings)


def is_preset_file(path: Path) -> bool:
    """Say whether a file holds a preset of a model, which a new fit may replace."""
    try:
        return read_preset("tcp", path).kind != ""
    except ValueError:
        return False


def fit_text(fitted: Fit, family: str) -> str:
    """Say what was fitted, in a few lines."""
    table, model = fitted.table, fitted.model
    what = "control" if family == "tcp" else "complication"
    count = f"{table.rows} published probabilities"
    if table.events is not None and table.patients is not None:
        patients, events = ((table.weight * n).sum() for n in (table.patients, table.events))
        count = f"{patients:g} patients, {events:g} events"
    lines = [
        f"{family}/{model.kind} fitted to {table.name}: {count} (an event is {what})",
        f"  {model.equation}",
    ]
    for name, estimate in fitted.estimates.items():
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
        spread = f" ({'; '.join(intervals)})" if intervals else ""
        lines.append(f"  {name} = {estimate.value:.5g}{spread}")
    if pairs := [f"{a}, {b}: {rho:.2f}" for a, b, rho in fitted.correlations]:
        lines.append("  correlation of " + "; ".join(pairs))
    lines.append(f"  {_goodness(fitted)}")
    if fitted.doubts:
        lines.append(f"  don't trust the bootstrap, but the profile: {'; '.join(fitted.doubts)}")
    if unbounded := _unbounded(fitted):
        lines.append(f"  {unbounded}")
    return "\n".join(lines)


def _unbounded(fitted: Fit) -> str:
    """Say which parameters the table does not bound; nothing where it bounds all."""
    open_ended = [
        f"{name} {'on either side' if all(e.open) else 'above' if e.open[1] else 'below'}"
        for name, e in fitted.estimates.items()
        if any(e.open)
    ]
    return f"the table does not bound {', '.join(open_ended)}" if open_ended else ""


def _goodness(fitted: Fit) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in fitted.goodness.items())


def fit_preset(fitted: Fit, name: str, family: str, notes: Sequence[str] = ()) -> str:
    """Write a fit as a preset file (TOML), which an experiment may name by its path."""
    model, table = fitted.model, fitted.table
    settings = TypeAdapter(UNIONS[family]).dump_python(model, mode="json", exclude_none=True)
    stated = {key: value for key, value in settings.items() if value not in ("", [], {}, False)}
    if unbounded := _unbounded(fitted):
        notes = (*notes, f"{unbounded[0].upper()}{unbounded[1:]}: no interval is stated.")
    if family == "ntcp" and stated.get("onset") == ONSET:
        notes = (*notes, "The time of onset is not fitted; it is an assumption.")
    preset = {
        "title": f"{model.kind} fitted to {table.name}",
        "kind": model.kind,
        "flag": "derived",
        "range": _range(fitted),
        "note": " ".join([f"{_goodness(fitted)}.", *notes]),
        "correlations": [{"between": [a, b], "rho": rho} for a, b, rho in fitted.correlations],
        "sources": {
            "data": {
                "authors": "own data",
                "journal": table.name,
                "note": "Fitted by maximum likelihood. No DOI: a user's data set.",
            }
        },
        "parameters": {
            key: _parameter(key, value, fitted)
            for key, value in stated.items()
            if key not in ("kind", "preset", "label")
        },
    }
    Preset.model_validate({"family": family, "name": name, **preset})
    return tomli_w.dumps({k: v for k, v in preset.items() if v != []})


def _parameter(key: str, value: Any, fitted: Fit) -> dict[str, Any]:
    """Write one setting of a fitted model as a preset has it."""
    meaning = key.replace("_", " ")
    entry = {"value": value, "units": _units(key, fitted.model), "meaning": meaning}
    parts = {tuple(name.partition(".")[::2]): e for name, e in fitted.estimates.items()}
    intervals = {part: e.interval for (whole, part), e in parts.items() if whole == key}
    if intervals or key in OF_THE_TABLE:
        entry |= {"flag": "derived", "source": "data"}
    else:
        entry |= {"flag": "assumption", "note": "Held in the fit, or not part of it."}
    bounded = {part: list(ends) for part, ends in intervals.items() if ends is not None}
    if bounded:
        entry["uncertainty"] = bounded.get("", bounded)  # without parts, that of the number itself
    return entry


def _range(fitted: Fit) -> str:
    table, model = fitted.table, fitted.model
    dose = table.dose[table.dose > 0]
    low, high = model.valid_eqd2
    units = model.dose.units
    text = f"{table.rows} rows, "
    if table.volume is None and units != "Gy":
        text += f"{model.dose.metric} of {low:.4g} to {high:.4g} [{units}]"
    else:
        text += f"physical doses of {dose.min():g} to {dose.max():g} Gy"
    if table.fractions is not None:
        fewest, most = table.fractions.min(), table.fractions.max()
        text += f" in {fewest:g} to {most:g} fractions" if most > fewest else f" in {most:g}"
    effect = getattr(model, "effect", "eqd2")
    if effect == "physical":
        return text
    read = "" if units == "Gy" else f"{model.dose.metric} of "
    unit = "Gy" if units == "Gy" else f"[{units}]"
    name = "EQD2" if effect == "bed" and units == "Gy" else model.effect_name
    return text + (
        f"; {read}{name} of {low:.4g} to {high:.4g} {unit} (alpha/beta "
        f"{model.alpha_beta:g}, {model.cell_kill.kind})"
    )


def _units(name: str, model: Any) -> str:
    """Units of a parameter, doses with what they are doses of."""
    effect = getattr(model, "effect", "eqd2")
    kind = (
        "" if effect == "physical" else f" ({model.effect_name}, alpha/beta {model.alpha_beta:g})"
    )
    if name == "d50" and model.kind == "logistic_dose":
        return f"Gy in {model.reference_fractions:g} fractions"
    units = model.dose.units
    if name == "valid_eqd2" and effect == "bed" and units == "Gy":
        return f"Gy (EQD2, alpha/beta {model.alpha_beta:g})"
    if name in ("d50", "td50", "valid_eqd2"):
        return f"{units}{kind}"
    if name == "slope":
        return f"1/{units}{kind}" if units != "1" else f"1{kind}"
    return units if name == "threshold" else quantity_of([name]).units or "1"
