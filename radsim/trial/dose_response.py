"""Power of a dose-response trial: a logistic curve of dose in each of two arms."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from radsim.distributions import require
from radsim.rng import Streams
from radsim.trial.characteristics import Share, share_of

ITERATIONS = 30
LARGEST = 30.0  # of a logit; separated data drive it further without changing the likelihood
CHI_SQUARE_DF = 1


def dose_response_power(
    doses: Sequence[float],
    patients: int,
    control: tuple[float, float],
    experimental: tuple[float, float],
    *,
    trials: int,
    seed: int,
    alpha: float = 0.05,
) -> Share:
    r"""Power of the likelihood-ratio test of an arm effect added to a logistic dose-response.

    Data come from :math:`\mathrm{logit}\, p = b_0 + b_1 D` with each arm's own curve; the models
    that are compared are :math:`b_0 + b_1 D` and :math:`b_0 + b_1 D + b_2\,\text{arm}`.

    Parameters
    ----------
    doses
        Dose levels [Gy].
    patients
        Patients at each dose in each arm.
    control, experimental
        b0 and b1 [1/Gy] of each arm.

    Examples
    --------
    >>> power = dose_response_power(
    ...     [30, 60, 90], 10, (-7.2, 0.115), (-7.2 / 1.25, 0.115), trials=200, seed=1
    ... )
    >>> 0.0 < power.value < 1.0
    True
    """
    require(len(doses) > 1, "needs at least two doses")
    require(patients >= 1, f"patients must be 1 or more, got {patients}")
    require(trials >= 1, f"trials must be 1 or more, got {trials}")
    streams = Streams(seed)
    dose = np.tile(np.asarray(doses, float), 2)
    arm = np.repeat([0.0, 1.0], len(doses))
    curves = np.where(arm[:, np.newaxis] == 1.0, experimental, control)
    chance = special.expit(curves[:, 0] + curves[:, 1] * dose)
    responders = np.empty((trials, len(dose)))
    for cell, p in enumerate(chance):
        u = streams.uniforms(f"trial/dose_response/{cell}", range(trials * patients))
        responders[:, cell] = (u.reshape(trials, patients) < p).sum(axis=1)
    scaled = (dose - dose.mean()) / max(float(dose.std()), 1e-12)
    small = _log_likelihood(np.stack([np.ones_like(dose), scaled], axis=1), responders, patients)
    large = _log_likelihood(
        np.stack([np.ones_like(dose), scaled, arm - 0.5], axis=1), responders, patients
    )
    limit = special.chdtri(CHI_SQUARE_DF, alpha)
    return share_of(2.0 * (large - small) >= limit)


def _log_likelihood(design: np.ndarray, responders: np.ndarray, n: int) -> np.ndarray:
    """Highest log likelihood of a logistic regression, for every trial at once."""
    count, width = len(responders), design.shape[1]
    beta = np.zeros((count, width))
    for _ in range(ITERATIONS):
        logit = np.clip(np.einsum("tk,ck->tc", beta, design), -LARGEST, LARGEST)
        p = special.expit(logit)
        score = np.einsum("tc,ck->tk", responders - n * p, design)
        information = np.einsum("tc,ck,cl->tkl", n * p * (1.0 - p), design, design)
        information += 1e-9 * np.eye(width)
        step = np.linalg.solve(information, score[..., np.newaxis])[..., 0]
        beta = beta + np.clip(step, -5.0, 5.0)
    logit = np.clip(np.einsum("tk,ck->tc", beta, design), -LARGEST, LARGEST)
    return np.asarray((responders * logit - n * np.logaddexp(0.0, logit)).sum(axis=1))
