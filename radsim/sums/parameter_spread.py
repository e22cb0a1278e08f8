"""What uncertain parameters do to an estimate, without the noise of the patients inside each draw.

Each draw of the parameters is simulated on a finite cohort, so the spread of the draws' estimates
is a little wider than the parameters make it. The patients are the same in all draws, so much of
that noise moves every draw alike and adds nothing; the rest is taken out. Two halves of a cohort
share no patient: over the draws, the covariance of the two halves' estimates holds the spread that
the parameters make, and no noise.

That covariance is right on average, not in every run. Because the patients are the same, the noise
of draws with similar parameters is similar too, so that a thousand draws hold only a few
independent pieces of noise, and those of the two halves can agree by luck. Where noise is more
than `MOST_NOISE` of what the draws show, the parameters' share is therefore not told: the spread is
given as an upper bound, noise included.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import betainc, ndtri

from radsim.sums.intervals import Z95
from radsim.vocabulary.mistakes import require

INTERVAL = (0.025, 0.975)
FLAT = 1e-14  # of the largest estimate squared: a variance below this is rounding
# of the variance over the draws. Where the noise of counts moves with one parameter like a Brownian
# motion, which has hardly more than two degrees of freedom, and parameters do nothing, the halves
# still agree this well in under 2 % of runs (simulated in tests/test_nested.py)
MOST_NOISE = 0.1
TOLD, AT_MOST, NOT_MOVED = 0, 1, 2  # what is known of the spread that parameters make
STATES = {
    TOLD: "",
    AT_MOST: "at most: not distinguishable from the inner noise; more patients needed",
    NOT_MOVED: "no drawn key moves it",
}


@dataclass(frozen=True)
class ParameterSpread:
    """Spread of an estimate over draws of the parameters; each field has the estimate's shape.

    Where the state is `AT_MOST`, the noise hides the parameters: ``sd`` and the interval are upper
    bounds, noise included. Where it is `NOT_MOVED`, the parameters do nothing, and they are missing
    (NaN).
    """

    mean: np.ndarray  # over the draws
    standard_error: np.ndarray  # of that mean, from the draws
    sd: np.ndarray  # that the parameters make, the inner noise taken out
    lower: np.ndarray  # 95 % interval over the draws, drawn in by as much
    upper: np.ndarray
    lower_error: np.ndarray  # standard errors of its ends, from the number of draws
    upper_error: np.ndarray
    noise_share: np.ndarray  # of the variance of the draws
    state: np.ndarray

    def moved_by(self, step: np.ndarray, lowest: float) -> "ParameterSpread":
        """Give the same spread about another center, between the lowest there can be and 1."""
        moved = {
            n: np.clip(getattr(self, n) + step, lowest, 1.0) for n in ("mean", "lower", "upper")
        }
        return replace(self, **moved)


def parameter_variance(first_half: np.ndarray, second_half: np.ndarray) -> np.ndarray:
    r"""Variance that the parameters make: unbiased, so at times below 0.

    .. math:: \hat\sigma^2 = \mathrm{cov}_k(\bar x_k^{A}, \bar x_k^{B})

    with :math:`\bar x_k^A, \bar x_k^B` the estimates of draw k from each half of its patients.
    """
    product = (first_half - first_half.mean(axis=0)) * (second_half - second_half.mean(axis=0))
    return product.sum(axis=0) / (len(first_half) - 1)


def hypercube_error(draws: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    r"""Standard error of the mean of a Latin hypercube of draws, on the first axis.

    A mean over n draws with one in each slice of every dimension holds nothing of what is a sum of
    functions of one dimension each but what these do within a slice:

    .. math:: SE^2 = \frac{1}{n^2} \sum_k \Bigl(\frac{r_k}{1 - h_k}\Bigr)^2
              + \frac{1}{4 n^2} \sum_{j, k} (g_{j (k+1)} - g_{j (k)})^2

    with r the residuals and h the leverages of a least-squares fit of such a sum, and :math:`g_j`
    its function of dimension j, in order of it. That function is a sum of u, z and z², with z the
    normal score of u; of z alone where the draws are few; and where they are fewer still, the error
    is that of independent draws. Of a Sobol sequence, which is even in pairs of dimensions as well,
    it is an upper bound.

    Examples
    --------
    >>> u = (np.arange(100.0)[:, np.newaxis] + 0.5) / 100.0
    >>> independent = 0.2887 / np.sqrt(100)
    >>> bool(hypercube_error(u[:, 0], u) < 0.1 * independent)
    True

    References
    ----------
    Stein (1987), Technometrics 29, 143-151; Owen (1992), J. R. Stat. Soc. B 54, 541-551.
    """
    count, dimensions = uniforms.shape
    score = ndtri(uniforms)
    terms = [score, score**2, uniforms] if 3 * (3 * dimensions + 1) <= count else [score]
    values = draws.reshape(count, -1)
    if 3 * (len(terms) * dimensions + 1) > count:
        return np.sqrt(draws.var(axis=0, ddof=1) / count)
    columns = np.concatenate([np.ones((count, 1)), *terms], axis=1)
    left, right = np.linalg.qr(columns)
    fitted = np.linalg.pinv(right) @ (left.T @ values)
    residuals = (values - columns @ fitted) / (1.0 - (left**2).sum(axis=1, keepdims=True))
    squares = (residuals**2).sum(axis=0)
    for dimension, order in enumerate(np.argsort(uniforms, axis=0).T):
        own = slice(1 + dimension, None, dimensions)
        squares += (np.diff(columns[order, own] @ fitted[own], axis=0) ** 2).sum(axis=0) / 4.0
    return (np.sqrt(squares) / count).reshape(draws.shape[1:])


def quantile_errors(values: np.ndarray) -> np.ndarray:
    r"""Standard errors of the ends of `INTERVAL` among draws on the first axis (Maritz-Jarrett).

    .. math:: m_k = \sum_i w_i x_{(i)}^k, \quad w_i = I_{i/n}(a, b) - I_{(i-1)/n}(a, b)

    with I the regularized incomplete beta function, a = (n + 1) p and b = (n + 1)(1 - p), the
    error is :math:`\sqrt{m_2 - m_1^2}`. Draws of a Latin hypercube have less.

    References
    ----------
    Maritz and Jarrett (1978), J. Am. Stat. Assoc. 73, 194-196, with the ranks of Harrell and Davis
    (1982), Biometrika 69, 635-640.

    Examples
    --------
    >>> quantile_errors(np.linspace(0.0, 1.0, 501)).round(4).tolist()
    [0.007, 0.007]
    """
    count = len(values)
    ranked = np.sort(values - values.mean(axis=0), axis=0)
    steps = np.arange(count + 1) / count
    errors = []
    for share in INTERVAL:
        rank = (count + 1) * share
        weights = np.diff(betainc(rank, count + 1 - rank, steps))
        first, second = (np.tensordot(weights, ranked**power, axes=1) for power in (1, 2))
        errors.append(np.sqrt(np.maximum(second - first**2, 0.0)))
    return np.stack(errors)


def parameter_spread(
    draws: np.ndarray,
    first_half: np.ndarray,
    second_half: np.ndarray,
    error: np.ndarray | float = 0.0,
    *,
    uniforms: np.ndarray | None = None,
    scale: np.ndarray | None = None,
    reached: np.ndarray | bool = False,
) -> ParameterSpread:
    r"""Spread that parameters make, from estimates by draw, whole and of each half of the patients.

    .. math:: x_k' = \bar x + (x_k - \bar x)\, \hat\sigma / s

    with :math:`\hat\sigma^2` of `parameter_variance` and s the standard deviation of the whole
    estimates :math:`x_k`. The interval holds the quantiles of the :math:`x_k'`. Where the noise
    hides the parameters it holds those of the :math:`x_k`, and 1.96 ``error`` more to either side.

    Parameters
    ----------
    error
        Monte Carlo standard error of one estimate.
    uniforms
        That the draws were made of, shape (draw, dimension), where they are not independent.
    scale
        Size of the numbers that the estimates were computed from, for the rounding in them; their
        own largest unless given.
    reached
        Where a parameter acts although no draw may show it, such as on events that are counted.

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
    >>> nothing = parameter_spread(np.ones(5), np.ones(5), np.ones(5))
    >>> nothing.lower.item(), STATES[nothing.state.item()]
    (nan, 'no drawn key moves it')

    References
    ----------
    Sun, Apley and Staum (2011), Oper. Res. 59, 998-1007, on the bias of nested variances.
    """
    count = len(draws)
    require(count >= 2, f"needs two draws or more, got {count}")
    mean = draws.mean(axis=0)
    centered = draws - mean
    variance = (centered**2).sum(axis=0) / (count - 1)
    largest = np.abs(draws).max(axis=0) if scale is None else scale
    moved = variance > FLAT * largest**2
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.minimum(parameter_variance(first_half, second_half) / variance, 1.0)
    told = moved & (kept >= 1.0 - MOST_NOISE)  # a single patient has no halves: kept is NaN
    hidden = ~told & (moved | reached)
    state = np.where(told, TOLD, np.where(hidden, AT_MOST, NOT_MOVED))
    spread = centered * np.sqrt(np.where(told, kept, 1.0))
    # Hazen's positions: with a Latin hypercube each draw stands for the middle of its own slice
    drawn_in = np.quantile(mean + spread, INTERVAL, axis=0, method="hazen")

    ends = quantile_errors(spread)

    def chosen(exact: np.ndarray, bound: np.ndarray) -> np.ndarray:
        return np.where(told, exact, np.where(hidden, bound, np.nan))

    return ParameterSpread(
        mean,
        np.sqrt(variance / count) if uniforms is None else hypercube_error(draws, uniforms),
        chosen(np.sqrt(np.where(told, kept, 1.0) * variance), np.sqrt(variance + error**2)),
        chosen(drawn_in[0], drawn_in[0] - Z95 * error),
        chosen(drawn_in[1], drawn_in[1] + Z95 * error),
        np.where(told | hidden, ends[0], np.nan),
        np.where(told | hidden, ends[1], np.nan),
        np.where(moved, np.clip(1.0 - kept, 0.0, 1.0), np.nan),
        state.astype(np.int8),
    )
