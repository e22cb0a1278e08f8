"""Virtual trials as labeled arrays: what was simulated of each, by scenario and analysis."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

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


def trial_dataset(results: Mapping[str, TrialResult]) -> xr.Dataset:
    """Give the results of virtual trials as labeled arrays.

    Shares stand by ``scenario``, ``truth`` (``alternative``, each null, ``assurance``) and
    ``analysis``, with their Monte Carlo errors and intervals; ``expected`` by ``scenario``,
    ``quantity`` and ``of`` (each arm, and both together); sizes by ``scenario``. What was not asked
    or can't be told is missing (NaN). Of several comparisons each is a scenario.

    Examples
    --------
    >>> import radsim
    >>> trial = radsim.load_trial("experiments/spine_dose_trial.toml", trials=50)
    >>> result = radsim.trial_dataset(radsim.run_trial(trial))
    >>> sorted(map(str, result.sizes))
    ['analysis', 'of', 'quantity', 'scenario', 'truth']
    """
    powers = {name: _powers_of(result) for name, result in results.items()}
    truths = list(dict.fromkeys(chain.from_iterable(powers.values())))
    analyses = list(dict.fromkeys(name for p in powers.values() for t in p.values() for name in t))
    quantities = list(dict.fromkeys(e.name for r in results.values() for e in r.expected))
    arrays: dict[str, Any] = {}

    def put(name: str, dims: tuple[str, ...], place: tuple[int, ...], value: Any, **said: str):  # type: ignore[no-untyped-def]
        sizes = {"scenario": len(results), "truth": len(truths), "analysis": len(analyses),
                 "quantity": len(quantities), "of": len(OF_ARMS)}  # fmt: skip
        shape = [sizes[dim] for dim in dims]
        array = arrays.setdefault(name, (dims, np.full(shape, np.nan), said))[1]
        array[place] = np.nan if value is None else value

    for i, (scenario, result) in enumerate(results.items()):
        for truth, by_analysis in powers[scenario].items():
            for analysis, power in by_analysis.items():
                place = (i, truths.index(truth), analyses.index(analysis))
                for name, value, said in _told(power):
                    dims = ("scenario", "truth", "analysis")
                    put(name, dims, place, value, units=_units(name, power), long_name=said)
        for expectation in result.expected:
            for j, of in enumerate(OF_ARMS):
                place = (i, quantities.index(expectation.name), j)
                said = "mean number over trials; of the duration, months"
                dims = ("scenario", "quantity", "of")
                put("expected", dims, place, getattr(expectation, of), units="1", long_name=said)
        design = result.plan.design.patients
        put("patients", ("scenario",), (i,), design, units="1", long_name="patients of the design")
        for end in ("patients", "lower", "upper"):
            size = result.size
            value = getattr(size, end) if size is not None and size.reached else None
            said = f"patients that reach the power, {end}" if end != "patients" else (
                "patients that reach the power"
            )  # fmt: skip
            name = "size" if end == "patients" else f"size_{end}"
            put(name, ("scenario",), (i,), value, units="1", long_name=said)
    return xr.Dataset(
        arrays,
        coords={
            "scenario": list(results),
            "truth": truths,
            "analysis": analyses,
            "quantity": quantities,
            "of": list(OF_ARMS),
        },
    )


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


def _units(name: str, power: Power) -> str:
    return "1" if name not in EFFECTS else "of the analysis"
