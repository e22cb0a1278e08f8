"""Power of a dose-response trial: a logistic curve of dose in each of two arms."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from radsim.randomness.streams import Streams
from radsim.trial.questions.characteristics import Share, share_of
from radsim.vocabulary.arguments import LARGEST_COUNT, count, number_array, open_probability
from radsim.vocabulary.mistakes import require

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
    trials, seed
        How many trials are simulated, and what fixes their random numbers.
    alpha
        Two-sided.

    Returns
    -------
    Share
        Power with its Monte Carlo error and interval.

    Raises
    ------
    ValueError
        If there are not two different doses, a dose or a coefficient is not finite, or a count
        or alpha is impossible.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, chapter 4.

    Examples
    --------
    >>> power = dose_response_power(
    ...     [30, 60, 90], 10, (-7.2, 0.115), (-7.2 / 1.25, 0.115), trials=200, seed=1
    ... )
    >>> 0.0 < power.value < 1.0
    True
    """
    levels = np.asarray(number_array("doses", doses), float)
    different = levels.ndim == 1 and len(np.unique(levels)) > 1 and np.isfinite(levels).all()
    require(bool(different), f"doses must list two or more different doses, got {doses}")
    patients, trials = count("patients", patients, least=1), count("trials", trials, least=1)
    require(
        patients * trials <= LARGEST_COUNT,
        f"patients times trials must be at most {LARGEST_COUNT}, got {patients} times {trials}",
    )
    streams = Streams(count("seed", seed))
    dose = np.tile(levels, 2)
    arm = np.repeat([0.0, 1.0], len(levels))
    curves = np.where(
        arm[:, np.newaxis] == 1.0,
        _coefficients("experimental", experimental),
        _coefficients("control", control),
    )
    chance = special.expit(curves[:, 0] + curves[:, 1] * dose)
    responders = np.empty((trials, len(dose)))
    for cell, p in enumerate(chance):
        u = streams.uniforms(f"trial/dose_response/{cell}", range(trials * patients))
        responders[:, cell] = (u.reshape(trials, patients) < p).sum(axis=1)
    scaled = (dose - dose.mean()) / dose.std()
    small = _log_likelihood(np.stack([np.ones_like(dose), scaled], axis=1), responders, patients)
    large = _log_likelihood(
        np.stack([np.ones_like(dose), scaled, arm - 0.5], axis=1), responders, patients
    )
    limit = special.chdtri(CHI_SQUARE_DF, open_probability("alpha", alpha))
    return share_of(2.0 * (large - small) >= limit)


def _coefficients(name: str, pair: tuple[float, float]) -> np.ndarray:
    held = number_array(name, pair)
    good = held.shape == (2,) and bool(np.isfinite(held).all())
    require(good, f"{name} must hold two finite numbers, b0 and b1, got {pair}")
    return held


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
