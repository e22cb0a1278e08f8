"""What a key of an experiment file is measured in, and what an axis along it is called."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.endpoints import LOCAL_FAILURE, SHIPPED
from radsim.vocabulary.units import UNKNOWN, Quantity, of_distribution, quantity_of
from radsim.vocabulary.words import Variable

if TYPE_CHECKING:
    import xarray as xr


OF_CURVE = ("d50", "td50", "slope", "threshold", "valid_eqd2")  # in units of what a model reads
NUMBERED = re.compile(r"\[\d+\]")  # a place in a list
PRIOR = re.compile(r"priors\[\d+\]")  # one of several, as the only one
DRAWN = re.compile("drawn (.*)")  # a variable of a result with the drawn values of a key
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
    parts, units = key.split("."), quantity_at(key, cohort, read).units
    context, *below = parts[1:] if parts[0] in ("arms", "ntcp") and len(parts) > 2 else parts
    where = CONTEXTS.get(context, context).replace("_", " ")
    if below and "[" in below[0]:  # one of the models beside a section's
        where += f", {below.pop(0)}"
    words = ".".join(below) or key
    name = NAMES.get(words, words.replace(".", " ")).replace("_", " ")
    return Variable(units, f"{name.replace('gtv', 'GTV').replace('ptv', 'PTV')}, {where}")


def quantity_at(
    key: str, cohort: Mapping[str, Any] | None = None, read: Mapping[str, str] | None = None
) -> Quantity:
    """Give what a dotted key of an experiment is measured in, as `describe_key` takes it.

    Examples
    --------
    >>> quantity_at("tcp.d50").highest, quantity_at("tcp.d50", read={"tcp": "cm3"})
    (500.0, Quantity(units='cm3', lowest=-inf, highest=inf, mistaken={}))
    """
    parts = key.split(".")
    of_arm = parts[0] == "arms" and parts[2:3] == ["cohort"] and len(parts) > 3
    if parts[0] == "cohort" or of_arm:
        name, *below = parts[3:] if of_arm else parts[1:]
        if name == "table" and below:  # a column of it
            name, *below = below
        variable = {} if of_arm else (cohort or {}).get(name)
        usual = COHORT[name].units if name in COHORT else ""
        stated = variable.get("units", usual) if isinstance(variable, Mapping) else usual
        whole = quantity_of([name])
        return of_distribution(below, whole if whole.units == stated else Quantity(units=stated))
    told = ["prior" if PRIOR.fullmatch(part) else NUMBERED.sub("", part) for part in parts]
    whole = quantity_of(told)
    for end in range(len(told) - 1, 0, -1):
        if whole == UNKNOWN:  # a part of a distribution
            whole = of_distribution(told[end:], quantity_of(told[:end]))
    section, _, last = key.rpartition(".")
    if NUMBERED.sub("", last) in OF_CURVE and read and read.get(section, "Gy") != "Gy":
        units = whole.units.replace("Gy", read[section]).replace("1/1", "1")
        return Quantity(units=units)
    return whole


def label_keys(
    dataset: "xr.Dataset",
    axes: Mapping[str, Sequence[str]],
    cohort: Mapping[str, Any],
    read: Mapping[str, str] | None = None,
) -> "xr.Dataset":
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
