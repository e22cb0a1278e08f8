"""Covariates of control or a complication: what the odds or the hazard are multiplied by."""

from collections.abc import Mapping

import numpy as np

from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.words import nearest


def check_ratios(ratios: Mapping[str, float], references: Mapping[str, float], name: str) -> None:
    """Refuse a ratio that is not above 0, and a reference of what has no ratio."""
    for variable, ratio in ratios.items():
        require(0 < ratio < np.inf, f"{name}.{variable} must be above 0 and finite, got {ratio}")
    for variable, reference in references.items():
        require(
            variable in ratios,
            f"references.{variable}: no such ratio; {nearest(variable, ratios)}",
        )
        require(
            bool(np.isfinite(reference)),
            f"references.{variable} must be a finite number, got {reference}",
        )


def log_ratio(
    ratios: Mapping[str, float], references: Mapping[str, float], patients: Patients
) -> lq.Quantity:
    r"""Log of the product of ratios, :math:`\sum_k (z_k - z_{k,ref}) \ln r_k`.

    with a ratio for each unit of a numeric variable, and the value at which it is 1, 0 unless
    given. `radsim.patients.patients.NOBODY` stands for patients in whom every ratio is 1.

    Raises
    ------
    ValueError
        If the patients lack a variable, or it holds labels.

    Examples
    --------
    >>> patients = Patients.of({"chemo": [0.0, 1.0]})
    >>> np.exp(log_ratio({"chemo": 2.0}, {}, patients)).tolist()
    [1.0, 2.0]
    """
    total: lq.Quantity = 0.0
    if patients is NOBODY:
        return total
    for variable, ratio in ratios.items():
        value = patients.numbers_of(variable) - references.get(variable, 0.0)
        total = total + value * np.log(ratio)
    return total
