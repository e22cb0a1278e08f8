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

    Parameters
    ----------
    ratios
        For each unit of a numeric cohort variable, by its name.
    references
        Value of the variable at which the ratio is 1; 0 unless given.
    patients
        With these variables, which must be numbers; `radsim.patients.patients.NOBODY` stands for
        patients in whom every ratio is 1.

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


def shifted_logistic(
    d50: lq.Quantity, gamma50: lq.Quantity, odds_ratio: lq.Quantity
) -> tuple[lq.Quantity, lq.Quantity]:
    r"""D50 and slope of a logistic curve that a risk factor shifts.

    .. math:: D_{50}' = D_{50} \Bigl(1 - \frac{\ln OR}{4\gamma_{50}}\Bigr), \qquad
              \gamma_{50}' = \gamma_{50} - \frac{\ln OR}{4}

    It is the same curve as the one whose log odds are raised by ln OR.

    Examples
    --------
    >>> [round(float(x), 8) for x in shifted_logistic(34.4, 1.19, odds_ratio=0.62)]
    [37.85471251, 1.30950895]

    References
    ----------
    Appelt et al. (2014), Acta Oncol. 53, 605-612.
    """
    shift = np.log(odds_ratio)
    return d50 * (1.0 - shift / (4.0 * gamma50)), gamma50 - shift / 4.0
