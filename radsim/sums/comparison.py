"""Arms that share their patients: differences, ratios, numbers needed, and which is best."""

import numpy as np

from radsim.sums.intervals import normal_interval, paired_interval
from radsim.sums.moments import Moments


def paired_comparison(
    arm: Moments, reference: Moments, difference: Moments, *, counted: bool = False
) -> dict[str, np.ndarray]:
    """Compare an arm with the reference, from the moments of both and of their difference.

    ``difference`` is arm minus reference, with its standard error and 95 % Monte Carlo interval,
    which of ``counted`` events is the score interval of paired shares.
    ``ratio`` is arm over reference, NaN where the reference is 0. Its interval is that of the log
    ratio, NaN where either is 0; the covariance of the two means that pairing gives follows from
    the three standard errors, so it needs no further pass over the patients. ``number_needed`` is
    1 / abs(difference), NaN where the interval of the difference holds 0.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., section 6.3 (ratio of paired means).
    """
    delta, error = difference.mean, difference.standard_error
    lower, upper = normal_interval(delta, error, -1.0, 1.0, difference.reach)
    if counted:
        with np.errstate(invalid="ignore"):  # of nobody there is none
            unlike = difference.discordant / difference.count
        lower, upper = paired_interval(unlike, delta, difference.counted)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(reference.mean > 0, arm.mean / reference.mean, np.nan)
        own, base = arm.standard_error**2, reference.standard_error**2
        covariance = (own + base - error**2) / 2.0
        relative = (
            own / arm.mean**2
            + base / reference.mean**2
            - 2.0 * covariance / (arm.mean * reference.mean)
        )
        spread = np.exp(difference.reach * np.sqrt(np.maximum(relative, 0.0)))
        both = (arm.mean > 0) & (reference.mean > 0)
        clear = (lower > 0) | (upper < 0)
        near = np.minimum(np.abs(lower), np.abs(upper))
        far = np.maximum(np.abs(lower), np.abs(upper))
        return {
            "difference": delta,
            "difference_mc_standard_error": error,
            "difference_lower": lower,
            "difference_upper": upper,
            "ratio": ratio,
            "ratio_lower": np.where(both, ratio / spread, np.nan),
            "ratio_upper": np.where(both, ratio * spread, np.nan),
            "number_needed": np.where(clear, 1.0 / np.abs(delta), np.nan),
            "number_needed_lower": np.where(clear, 1.0 / far, np.nan),
            "number_needed_upper": np.where(clear, 1.0 / near, np.nan),
        }


def best_shares(values: np.ndarray) -> np.ndarray:
    """Share of being best of each arm, arms on the first axis; more is better, ties share equally.

    Examples
    --------
    >>> best_shares(np.array([[0.9, 0.5], [0.9, 0.4]])).tolist()
    [[0.5, 1.0], [0.5, 0.0]]
    """
    best = values == values.max(axis=0)
    return best / best.sum(axis=0)
