"""Virtual trials as labeled arrays: what was simulated of each, by scenario and analysis."""

from collections.abc import Mapping
from itertools import chain

import numpy as np
import xarray as xr

from radsim.trial.protocol.arms import ROLES
from radsim.trial.questions.characteristics import Power, Share
from radsim.trial.questions.scenario import TrialResult

ALTERNATIVE, ASSURANCE = "alternative", "assurance"
SHARES = {
    "rejected": "share of trials that reject",
    "favorable": "share that reject in favor of the experimental arm",
    "not_estimable": "share of trials in which the effect is not estimable",
    "not_tested": "share of trials whose data do not allow the test",
}
EFFECTS = {
    "effect": "mean effect",
    "effect_sd": "standard deviation of the effect between trials",
    "effect_lower": "lower end of the central 95 % of the effect over trials",
    "effect_upper": "upper end of the central 95 % of the effect over trials",
    "effect_error": "Monte Carlo standard error of the mean effect",
}
ENDS = {"": "", "_error": ", its Monte Carlo standard error", "_lower": ", lower end of its 95 % "
        "interval", "_upper": ", upper end of its 95 % interval"}  # fmt: skip
OF_ARMS = (*ROLES, "total")
DURATION = "duration"
SIZES = {
    "patients": "",
    "lower": ", the least that can't be told from it",
    "upper": ", the most that can't be told from it",
}


def trial_dataset(results: Mapping[str, TrialResult]) -> xr.Dataset:
    """Give the results of virtual trials as labeled arrays.

    Shares stand by ``scenario``, ``truth`` (``alternative``, each null, ``assurance``) and
    ``analysis``, with their Monte Carlo errors and intervals; ``expected`` counts by ``scenario``,
    ``quantity`` and ``of`` (each arm, and both together), with ``expected_error`` of both together;
    ``duration`` [months] and sizes by ``scenario``. What was not asked or can't be told is missing
    (NaN). Of several comparisons each is a scenario.

    Examples
    --------
    >>> import radsim
    >>> trial = radsim.load_trial("experiments/spine_dose_trial.toml", trials=50)
    >>> result = radsim.trial_dataset(radsim.run_trial(trial))
    >>> sorted(map(str, result.sizes))
    ['analysis', 'of', 'quantity', 'scenario', 'truth']
    """
    powers = {name: _powers_of(result) for name, result in results.items()}
    by_truth = [by_analysis for truths in powers.values() for by_analysis in truths.values()]
    expected = [e.name for result in results.values() for e in result.expected]
    coords = {
        "scenario": list(results),
        "truth": list(dict.fromkeys(chain.from_iterable(powers.values()))),
        "analysis": list(dict.fromkeys(chain.from_iterable(by_truth))),
        "quantity": [name for name in dict.fromkeys(expected) if name != DURATION],
        "of": list(OF_ARMS),
    }
    dataset = xr.Dataset(coords=coords)

    def put(name: str, value: float | None, units: str, said: str, **where: str) -> None:
        if name not in dataset:
            shape = [len(coords[dim]) for dim in where]
            dataset[name] = (tuple(where), np.full(shape, np.nan), _said(units, said))
        if value is not None:
            dataset[name].loc[where] = value

    for scenario, result in results.items():
        for truth, by_analysis in powers[scenario].items():
            for analysis, power in by_analysis.items():
                place = {"scenario": scenario, "truth": truth, "analysis": analysis}
                for name, value, said in _told(power):
                    put(name, value, _units(name), said, **place)
        for each in result.expected:
            if each.name == DURATION:
                put(DURATION, each.total, "months", "mean duration", scenario=scenario)
                error, said = each.mc_standard_error, "Monte Carlo standard error of it"
                put(f"{DURATION}_error", error, "months", said, scenario=scenario)
                continue
            place = {"scenario": scenario, "quantity": each.name}
            for of in OF_ARMS:
                put("expected", getattr(each, of), "1", "mean number over trials", **place, of=of)
            said = "Monte Carlo standard error of the mean of both arms together"
            put("expected_error", each.mc_standard_error, "1", said, **place)
        design, size = result.plan.design.patients, result.size
        put("patients", design, "1", "patients of the design", scenario=scenario)
        for end, said in SIZES.items():
            value = getattr(size, end) if size is not None and size.reached else None
            name = "size" if end == "patients" else f"size_{end}"
            put(name, value, "1", f"patients that reach the power{said}", scenario=scenario)
    return dataset


def _said(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}


def _powers_of(result: TrialResult) -> dict[str, dict[str, Power]]:
    """Powers by truth and analysis."""
    powers = {ALTERNATIVE: result.powers, **result.type_one}
    if result.assurance is not None:
        powers[ASSURANCE] = [result.assurance]
    return {truth: {p.analysis: p for p in listed} for truth, listed in powers.items()}


def _told(power: Power) -> list[tuple[str, float | None, str]]:
    """Numbers of one analysis: name, value and meaning."""
    told: list[tuple[str, float | None, str]] = []
    for name, said in SHARES.items():
        share: Share | None = getattr(power, name)
        unknown = share is None or (name in ("rejected", "favorable") and not power.is_tested)
        values = [None] * 4 if share is None or unknown else [
            share.value, share.mc_standard_error, share.lower, share.upper,
        ]  # fmt: skip
        told += [
            (f"{name}{end}", value, f"{said}{words}")
            for (end, words), value in zip(ENDS.items(), values, strict=True)
        ]
    known = power.is_estimable
    told += [(name, getattr(power, name) if known else None, s) for name, s in EFFECTS.items()]
    return told


def _units(name: str) -> str:
    return "1" if name not in EFFECTS else "of the analysis"
