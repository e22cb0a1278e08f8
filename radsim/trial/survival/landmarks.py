"""Differences of cumulative incidences at several landmarks, tested all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from radsim.trial.survival.incidence import incidence_at, sum_by_patient
from radsim.trial.survival.subjects import ARMS, RiskTable
from radsim.trial.survival.verdict import Verdict
from radsim.vocabulary.arguments import not_negative
from radsim.vocabulary.mistakes import require

ALIKE = 1e-9  # share of the largest variance below which a landmark says what another said


@dataclass(frozen=True)
class Differences:
    """Differences at some landmarks; arrays have the trials' shape before their own axes.

    Attributes
    ----------
    values
        Arm 1 minus arm 0, shape (..., landmark).
    covariance
        Shape (..., landmark, landmark).
    degrees
        Landmarks that say something of their own.
    chi_square
        Of all landmarks together.
    test
        Hotelling's, of the chi square with as many patients as there are; z is the normal quantile
        of its p value with the sign of the mean difference.
    """

    values: np.ndarray
    covariance: np.ndarray
    degrees: np.ndarray
    chi_square: np.ndarray
    test: Verdict


def incidence_differences(
    table: RiskTable, months: Sequence[float], *, cause: int = 1
) -> Differences:
    r"""Compare two cumulative incidences at several landmarks at once, death competing.

    .. math:: \chi^2 = \Delta^\top \Sigma^{-1} \Delta, \qquad
              \Delta_k = F_1(t_k) - F_0(t_k), \qquad
              \frac{n - k}{k (n - 1)} \chi^2 \sim F_{k,\,n - k}

    for k landmarks and n patients, with the covariance of the infinitesimal jackknife, which sums
    over the lesions of a patient where the table knows patients.

    Parameters
    ----------
    months
        The landmarks [months], each once.

    Returns
    -------
    Differences
        The test is not estimable where an arm is not observed up to a landmark, or does not vary.

    Raises
    ------
    ValueError
        If there is no landmark, one is named twice or negative, or the cause is unknown.

    References
    ----------
    Klein, Logan, Harhoff and Andersen (2007), Stat Med 26, 4505-4519; Hotelling (1931), Ann Math
    Stat 2, 360-378, for the small-sample distribution, without which it rejects a little too often.

    Examples
    --------
    >>> from radsim.trial import risk_table
    >>> times = [3.0, 5.0, 9.0, 24.0, 24.0, 24.0, 4.0, 24.0, 24.0, 24.0]
    >>> table = risk_table(times, [1, 1, 1, 0, 0, 0, 1, 0, 0, 0], [1] * 6 + [0] * 4)
    >>> both = incidence_differences(table, [6.0, 12.0])
    >>> both.values.round(4).tolist(), int(both.degrees)
    ([0.0833, 0.25], 2)
    """
    marks = [not_negative("months", t) for t in months]
    require(0 < len(marks) == len(set(marks)), f"months must name each landmark once, got {months}")
    parts = [[incidence_at(table, t, arm, cause) for t in marks] for arm in ARMS]
    reached = np.all([part[2] for row in parts for part in row], axis=0)
    control, experimental = (np.stack([part[0] for part in row], axis=-1) for row in parts)
    values = experimental - control
    members = table.members() * 1.0
    changes = np.stack([one[1] - zero[1] for zero, one in zip(*parts, strict=True)], axis=-2)
    if table.patient is not None:
        changes = np.stack(
            [sum_by_patient(table, changes[..., k, :]) for k in range(len(marks))], axis=-2
        )
        members = sum_by_patient(table, members)
    patients = np.count_nonzero(members, axis=-1)
    covariance = changes @ np.swapaxes(changes, -1, -2)
    roots, vectors = np.linalg.eigh(covariance)
    says = roots > ALIKE * np.maximum(roots[..., -1:], np.finfo(float).tiny)
    along = (np.swapaxes(vectors, -1, -2) @ values[..., np.newaxis])[..., 0]
    chi_square = np.where(says, along**2 / np.where(says, roots, 1.0), 0.0).sum(axis=-1)
    degrees = says.sum(axis=-1)
    k, left = np.maximum(degrees, 1), patients - degrees
    tested = reached & (degrees > 0) & (left > 0)
    ratio = chi_square * left / (k * np.maximum(patients - 1.0, 1.0))
    p = np.where(tested, special.fdtrc(k, np.maximum(left, 1), np.maximum(ratio, 0.0)), 1.0)
    quantile = -special.ndtri(np.maximum(p / 2.0, np.finfo(float).tiny))
    z = np.where(tested, np.sign(values.mean(axis=-1)) * quantile, 0.0)
    return Differences(values, covariance, degrees, chi_square, Verdict(z, p, tested))
