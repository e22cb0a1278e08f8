"""What uncertain parameters do to an estimate, without the noise of the patients inside each draw.

Each draw of the parameters is simulated on a finite cohort, so the spread of the draws' estimates
is a little wider than the parameters make it. The patients are the same in all draws, so much of
that noise moves every draw alike and adds nothing; the rest is taken out. Two halves of a cohort
share no patient: over the draws, the covariance of the two halves' estimates holds the spread that
the parameters make, and no noise.
"""

from dataclasses import dataclass

import numpy as np

from radsim.distributions import require

INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class ParameterSpread:
    """Spread of an estimate over draws of the parameters; each field has the estimate's shape.

    Attributes
    ----------
    mean
        Over the draws.
    standard_error
        Of that mean, from the number of draws.
    sd
        Standard deviation that the parameters make, the inner noise taken out.
    lower, upper
        95 % interval over the draws, drawn in by as much.
    noise_share
        Share of the variance of the draws that was inner noise.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    sd: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    noise_share: np.ndarray


def parameter_spread(
    draws: np.ndarray, first_half: np.ndarray, second_half: np.ndarray
) -> ParameterSpread:
    r"""Spread that parameters make, from estimates by draw.

    .. math:: \hat\sigma^2 = \mathrm{cov}_k(\bar x_k^{A}, \bar x_k^{B}), \qquad
              x_k' = \bar x + (x_k - \bar x)\, \hat\sigma / s

    with :math:`\bar x_k^A, \bar x_k^B` the estimates of draw k from each half of its patients and
    s the standard deviation of the whole estimates. The interval holds the quantiles of the
    :math:`x_k'`.

    Parameters
    ----------
    draws
        Estimate of each draw, shape (draw, ...).
    first_half, second_half
        The same from each half of the patients, same shape.

    Raises
    ------
    ValueError
        If there are fewer than two draws.

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 1001)
    >>> spread = parameter_spread(x, x, x)
    >>> [round(float(v), 3) for v in (spread.mean, spread.lower, spread.upper, spread.noise_share)]
    [0.5, 0.025, 0.975, 0.0]

    References
    ----------
    Sun, Apley and Staum (2011), Oper. Res. 59, 998-1007, on the bias of nested variances.
    """
    count = len(draws)
    require(count >= 2, f"needs two draws or more, got {count}")
    mean = draws.mean(axis=0)
    centered = draws - mean
    variance = (centered**2).sum(axis=0) / (count - 1)
    product = (first_half - first_half.mean(axis=0)) * (second_half - second_half.mean(axis=0))
    made = product.sum(axis=0) / (count - 1)
    known = np.isfinite(made)  # a single patient has no halves
    made = np.clip(np.where(known, made, variance), 0.0, variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(variance > 0, made / variance, 1.0)
    shrunk = mean + centered * np.sqrt(kept)
    lower, upper = np.quantile(shrunk, INTERVAL, axis=0)
    return ParameterSpread(
        mean, np.sqrt(variance / count), np.sqrt(made), lower, upper,
        np.where(known, 1.0 - kept, np.nan),
    )  # fmt: skip
