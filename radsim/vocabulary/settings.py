"""What a key of an experiment file is measured in, and what an axis along it is called."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.endpoints import LOCAL_FAILURE, SHIPPED
from radsim.vocabulary.words import Variable

UNITS = {  # by the end of a key; the longest end that is listed counts
    "Gy": (
        "alpha_beta", "d0", "d50", "td50", "threshold", "transition", "valid_eqd2",
        "valid_eqd2_alpha_beta", "boost", "prescription", "prior.dose", "fraction_dose_threshold",
        "reference_fraction_dose", "center",
        "highest_fraction_dose", "at_most", "at_least", "new_at_most",
    ),
    "1/Gy": ("alpha", "beta", "slope"),
    "mm": (
        "applicator_radius", "canal_clearance", "clearance", "closeness_center", "closeness_scale",
        "contour_margin", "cord_radius", "cord_sac_gap", "depth", "distance", "extent", "falloff",
        "prv_margin",
        "random_shift", "sac_radius", "sac_wall_gap", "systematic_shift", "tail",
    ),
    "1/mm": ("attenuation",),
    "degree": ("wrap",),
    "months": (
        "prior.interval", "interval_at_least", "evaluated_at", "onset.months", "onset.median",
        "onset.reference", "onset_conventional.months", "survival.scale", "pain_response.months",
        "duration.median",
    ),
    "days": ("doubling_time", "kick_off", "overall_time"),
    "1/day": ("birth_rate", "death_rate"),
    "min": ("half_time", "slow_half_time", "beam_time", "cell_kill.interval"),
    "cm3": ("volume",),
    "1/cm3": ("clonogen_density",),
    "fractions": ("fewest_fractions", "most_fractions", "reference_fractions"),
    "1": (
        "a", "above", "baseline_hazard", "below", "beyond", "coverage_goal", "exponent", "floor",
        "fractions",
        "gamma", "gamma50", "gtv_shape", "in_target_spread", "intercept", "k", "m", "maximum_dose",
        "minimum_coverage", "missed_goal_accepted", "n", "new_share_at_most", "nodes", "recovered",
        "onset.sigma", "output_error", "overlap", "plans", "plateau", "probability",
        "reference_risk", "reirradiation_control", "reirradiation_hazard_ratio", "reserve",
        "reserve_sd", "ring_shape",
        "rolloff", "s", "shape",
        "cell_kill.slope", "conformal", "conventional", "conventional_single", "share",
        "slow_over_fast", "source_offset", "spill",
        "uniform_spread", "utilization", "utilization_closeness", "valley",
    ),
}  # fmt: skip
OF_CURVE = ("d50", "td50", "slope", "threshold", "valid_eqd2")  # in units of what a model reads
UNITS_OF = {end: units for units, ends in UNITS.items() for end in ends}
PRIOR = re.compile(r"priors\[\d+\]")  # one of several, as the only one
RATIO = re.compile("hazard_ratio|odds_ratio")  # begins the names of what has no units
DRAWN = re.compile("drawn (.*)")  # a variable of a result with the drawn values of a key
PLACES = ("value", "mean", "median", "mode", "sd", "lower", "upper", "scale")  # as what they place
SHAPES = ("sigma", "cv", "shape", "a", "b", "probability")  # of a distribution, without units
CONTEXTS = {
    "tcp": LOCAL_FAILURE.freedom_words, **{shipped.event: shipped.short for shipped in SHIPPED},
    "survival": "survival", "dose": "dose model", "cohort": "cohort",
}  # fmt: skip
NAMES = {
    "alpha_beta": "alpha/beta", "boost": "GTV boost", "d50": "D50", "td50": "TD50",
    "beyond": "weight of tumor beyond the GTV",
    "prior.interval": "interval since prior course", "prior.dose": "dose of prior course",
    "prior.fractions": "fractions of prior course", "recovery": "recovery rule",
}  # fmt: skip


def describe_key(
    key: str,
    cohort: Mapping[str, Any] | None = None,
    read: Mapping[str, str] | None = None,
) -> Variable:
    """Units of a dotted key, and a name for an axis; units are empty where it has none.

    Variables of the table ``cohort`` of the experiment state their own units. The curve of a model
    that reads no dose is in the units that ``read`` has for its section.

    Examples
    --------
    >>> describe_key("arms.sib_five.boost")
    Variable(units='Gy', meaning='GTV boost, sib five')
    >>> describe_key("tcp.alpha_beta"), describe_key("ntcp.vcf.preset").units
    (Variable(units='Gy', meaning='alpha/beta, local control'), '')
    >>> describe_key("cohort.gtv_volume.median").units, describe_key("dose.falloff.cv").units
    ('cm3', '1')
    >>> describe_key("arms.again.priors[1].dose")
    Variable(units='Gy', meaning='dose, again, priors[1]')
    """
    parts = key.split(".")
    of_arm = parts[0] == "arms" and parts[2:3] == ["cohort"] and len(parts) > 3
    if parts[0] == "cohort" or of_arm:
        name, *below = parts[3:] if of_arm else parts[1:]
        variable = {} if of_arm else (cohort or {}).get(name)
        usual = COHORT[name].units if name in COHORT else ""
        stated = variable.get("units", usual) if isinstance(variable, Mapping) else usual
        units = _of_distribution(below, stated)
    else:
        told = ["prior" if PRIOR.fullmatch(part) else part for part in parts]
        units = _listed(told) or _of_distribution(told[-1:], _listed(told[:-1]))
        section, _, last = key.rpartition(".")
        if last in OF_CURVE and read and section in read:
            units = units.replace("Gy", read[section]).replace("1/1", "1")
    context, *below = parts[1:] if parts[0] in ("arms", "ntcp") and len(parts) > 2 else parts
    where = CONTEXTS.get(context, context).replace("_", " ")
    if below and "[" in below[0]:  # one of the models beside a section's
        where += f", {below.pop(0)}"
    words = ".".join(below) or key
    name = NAMES.get(words, words.replace(".", " ")).replace("_", " ")
    return Variable(units, f"{name.replace('gtv', 'GTV').replace('ptv', 'PTV')}, {where}")


def label_keys(
    dataset: xr.Dataset,
    axes: Mapping[str, Sequence[str]],
    cohort: Mapping[str, Any],
    read: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Give the coordinates along swept keys, and drawn values of keys, their units and names.

    A dimension of the sweep is named by the first of the keys that it sets.
    """
    drawn = (DRAWN.fullmatch(str(name)) for name in dataset.data_vars)
    described = {match[0]: match[1] for match in drawn if match}
    for dimension, keys in axes.items():
        if dimension != "variant":
            described[dimension] = keys[0]
            described.update({key: key for key in keys if key in dataset.coords})
    for name, key in described.items():
        said = describe_key(key, cohort, read)
        meaning = said.meaning if name in dataset.coords else f"drawn values of {key}"
        dataset[name].attrs["long_name"] = meaning
        if said.units and np.issubdtype(dataset[name].dtype, np.number):
            dataset[name].attrs["units"] = said.units
    return dataset


def _listed(parts: Sequence[str]) -> str:
    if parts and RATIO.match(parts[-1]):
        return "1"
    ends = (".".join(parts[first:]) for first in range(len(parts)))
    return next((UNITS_OF[end] for end in ends if end in UNITS_OF), "")


def _of_distribution(parts: Sequence[str], units: str) -> str:
    """Units of a key inside a distribution of something with these units."""
    if not parts or (len(parts) == 1 and parts[0] in PLACES):
        return units
    return "1" if parts[0] in (*SHAPES, "shares") and units else ""
