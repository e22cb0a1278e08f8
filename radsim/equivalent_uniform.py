"""Generalized equivalent uniform dose of weighted dose bins."""

import numpy as np

from radsim.lq import Quantity, _require

TINY = 1e-200  # a mean of powers below it has lost digits, and is formed in logs instead


def generalized_eud(dose: np.ndarray, weight: np.ndarray, a: Quantity) -> np.ndarray:
    r"""Generalized mean of the doses in a volume [Gy].

    .. math:: gEUD = \Bigl(\sum_j v_j D_j^a\Bigr)^{1/a}

    Parameters
    ----------
    dose
        Dose of each part of the volume, which is the last axis: shape (patient, part), or
        (part,) for bins that all patients share [Gy].
    weight
        Share of the volume of each part, shape (part,) or (patient, part); they add up to 1.
    a
        Exponent, not 0; 1/n of the Lyman-Kutcher-Burman model. Large ones tend to the maximum,
        large negative ones to the minimum, which is 0 as soon as any part gets no dose.

    Examples
    --------
    >>> equal = np.full(5, 0.2)
    >>> round(float(generalized_eud(np.array([55.0, 58.0, 60.0, 62.0, 65.0]), equal, 5.0)), 4)
    60.3829

    References
    ----------
    Niemierko (1999), Med. Phys. 26, 1100.
    """
    dose, weight = np.asarray(dose, dtype=float), np.asarray(weight, dtype=float)
    _require(np.all(np.asarray(a) != 0), "a must not be 0")
    if np.ndim(a):
        return np.stack([generalized_eud(dose, weight, float(one)) for one in np.ravel(a)]).reshape(
            *np.shape(a), *np.broadcast_shapes(dose.shape, weight.shape)[:-1]
        )
    largest, smallest = float(dose.max(initial=0.0)), float(dose.min(initial=np.inf))
    if largest == 0.0 or (smallest == 0.0 and a < 0):
        return _in_logs(dose, weight, a)
    # as a share of the largest dose, so that a high power does not overflow
    with np.errstate(under="ignore", over="ignore"):
        mean = _weighted(np.power(dose / largest, a), weight)
    lost = (mean < TINY) | (mean > 1.0 / TINY)
    if np.any(lost):
        return _in_logs(dose, weight, a)
    return largest * mean ** (1.0 / a)


def _weighted(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum of weighted parts, without a copy of the size of both."""
    return np.einsum("...j,...j->...", values, weight)


def _in_logs(dose: np.ndarray, weight: np.ndarray, a: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        logs = a * np.log(dose) + np.log(weight)
    logs = np.where(np.broadcast_to(weight, logs.shape) > 0, logs, -np.inf)
    top = logs.max(axis=-1, keepdims=True)
    finite = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(logs - finite).sum(axis=-1)
    with np.errstate(divide="ignore", over="ignore"):
        mean = np.where(np.isfinite(top[..., 0]), np.log(total) + finite[..., 0], top[..., 0])
        return np.exp(mean / a)
