"""From a name to a model to fit, and from a fit to words and to a preset file."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import tomli_w
from pydantic import TypeAdapter, ValidationError

from radsim.fit import Fit
from radsim.mistakes import Mistake, mistakes_of
from radsim.ntcp import NTCPModel
from radsim.outcome_table import OutcomeTable
from radsim.presets import Preset, load_preset, preset_names
from radsim.schema import members, nearest
from radsim.tcp import TCPModel

UNIONS: dict[str, Any] = {"tcp": TCPModel, "ntcp": NTCPModel}
UNFITTED = ("proportional_hazards",)  # its data are times, which a table of events does not hold
ONSET = {"kind": "lognormal", "median": 6.0, "sigma": 0.4}  # any: a fit does not use it


def kinds(family: str) -> dict[str, type]:
    """Kinds of model of a family, by name."""
    found = {}
    for one in members(UNIONS[family]):
        kind = one.__dataclass_fields__["kind"].default  # type: ignore[attr-defined]
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
    family, _, short = name.rpartition("/")
    families = [family] if family in UNIONS else list(UNIONS)
    for one in families:
        if short in preset_names(one) and load_preset(one, short).kind not in UNFITTED:
            own = {"fitted_under": ""} if "cell_kill" in settings else {}
            return one, _build(one, {**load_preset(one, short).settings(), **own, **settings})
    for one in families:
        if short in kinds(one):
            return one, _build(one, {"kind": short, **_start(one, short, settings, table)})
    known = [n for f in families for n in (*kinds(f), *preset_names(f))]
    raise Mistake(f"no model {name!r} to fit; {nearest(short, known)}")


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
    if family == "ntcp":
        whole = table.volume is not None
        metric = {"structure": "spinal_cord", "metric": "DVH" if whole else "mean"}
        values |= {"onset": ONSET, "dose": metric}
        if kind == "logistic_eqd2":
            values["fitted_on"] = ""
    else:
        values["dose"] = {"structure": "gtv", "metric": "D90" if table.volume is None else "DVH"}
    known = kinds(family)[kind].__dataclass_fields__  # type: ignore[attr-defined]
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
    one: Any = kinds(family)[settings["kind"]]
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


def fit_text(found: Fit, family: str) -> str:
    """Say what was fitted, in a few lines."""
    table, model = found.table, found.model
    what = "control" if family == "tcp" else "complication"
    count = (
        f"{table.rows} published probabilities"
        if table.probability is not None
        else f"{total(table.patients):g} patients, {total(table.events):g} events"
    )
    lines = [
        f"{family}/{model.kind} fitted to {table.name}: {count} (an event is {what})",
        f"  {model.equation}",
    ]
    for name, estimate in found.estimates.items():
        low, high = estimate.profile
        text = f"  {name} = {estimate.value:.5g} (95 % profile {low:.4g} to {high:.4g}"
        if estimate.bootstrap:
            text += f"; bootstrap {estimate.bootstrap[0]:.4g} to {estimate.bootstrap[1]:.4g}"
        lines.append(text + ")")
    names = list(found.estimates)
    pairs = [
        f"{names[i]}, {names[j]}: {found.correlation[i, j]:.2f}"
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    if pairs:
        lines.append("  correlation of " + "; ".join(pairs))
    lines.append("  " + ", ".join(f"{n} {v:.4g}" for n, v in found.goodness.items()))
    open_ended = [n for n, e in found.estimates.items() if not np.all(np.isfinite(e.profile))]
    if open_ended:
        lines.append(f"  the table does not bound {', '.join(open_ended)} on one side")
    return "\n".join(lines)


def total(values: np.ndarray | None) -> float:
    """Sum of a column, 0 where there is none."""
    return 0.0 if values is None else float(values.sum())


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
        entry: dict[str, Any] = {"value": value, "units": _units(key), "meaning": _meaning(key)}
        estimate = found.estimates.get(key)
        if estimate is not None:
            entry |= {"flag": "derived", "source": "data"}
            interval = estimate.bootstrap or estimate.profile
            if np.all(np.isfinite(interval)):
                entry["uncertainty"] = [float(end) for end in interval]
        elif key in ("odds_ratios", "hazard_ratios"):
            entry |= {"flag": "derived", "source": "data"}
            entry["uncertainty"] = {
                n.split(".", 1)[1]: [float(end) for end in e.profile]
                for n, e in found.estimates.items()
                if "." in n
            }
        else:
            entry |= {"flag": "assumption", "note": "Held in the fit, or not part of it."}
        parameters[key] = entry
    names = list(found.estimates)
    dose = table.dose[table.dose > 0]
    preset = {
        "title": f"{model.kind} fitted to {table.name}",
        "kind": model.kind,
        "flag": "derived",
        "range": f"{table.rows} rows, doses of {dose.min():g} to {dose.max():g} Gy",
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


def _units(name: str) -> str:
    if name in ("d50", "td50", "alpha_beta", "valid_eqd2", "valid_eqd2_alpha_beta"):
        return "Gy"
    return {"alpha": "1/Gy", "slope": "1/Gy", "volume": "cm3", "onset": "months"}.get(name, "1")


def _meaning(name: str) -> str:
    return name.replace("_", " ")
