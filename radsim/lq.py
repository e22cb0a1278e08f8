"""Linear-quadratic dose equivalents: the public name of `radsim.radiobiology.lq`."""

from radsim.radiobiology.lq import (
    Quantity,
    bed,
    eqd2,
    equal_fractions,
    equal_fractions_behind,
    equivalent_dose,
    equivalent_dose_of_size,
    isoeffective_dose,
    sum_fractions,
    withers_dose,
)

__all__ = [
    "Quantity",
    "bed",
    "eqd2",
    "equal_fractions",
    "equal_fractions_behind",
    "equivalent_dose",
    "equivalent_dose_of_size",
    "isoeffective_dose",
    "sum_fractions",
    "withers_dose",
]
