"""Arms that share their patients: differences, ratios, numbers needed, and which is best."""

from collections.abc import Sequence

import numpy as np

from radsim.sums.intervals import normal_interval, paired_interval, paired_ratio_interval
from radsim.sums.moments import Moments, counted_as, counted_error, is_few


def paired_comparison(
    arm: Moments, reference: Moments, difference: Moments, *, counted: bool = False
) -> dict[str, np.ndarray]:
    """Compare an arm with the reference, from the moments of both and of their difference.

    ``difference`` is arm minus reference, with its standard error and 95 % Monte Carlo interval.
    ``ratio`` is arm over reference, NaN where the reference is 0. Its interval is that of the log
    ratio, NaN where either is 0; the covariance of the two means that pairing gives follows from
    the three standard errors, so it needs no further pass over the patients. Of ``counted`` events
    both have the score interval of paired shares, which is not empty where there are no events.
    ``number_needed`` is 1 / abs(difference), NaN where the interval of the difference holds 0.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., section 6.3 (ratio of paired means).
    """
    three = (arm, reference, difference)
    delta, reach = difference.mean, difference.reach
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(reference.mean > 0, arm.mean / reference.mean, np.nan)
        relative = _relative(three, [moments.standard_error**2 for moments in three])
        if counted:
            error, unlike = counted_error(difference), difference.discordant / difference.count
            lower, upper = paired_interval(unlike, delta, counted_as(difference), reach)
            as_many = difference.count
            if difference.error is not None:
                plain = _relative(three, [moments.variance / moments.count for moments in three])
                few = is_few(arm) | is_few(reference) | is_few(difference)
                as_many = np.where(few, 1.0, plain / relative) * difference.count
            least, most = paired_ratio_interval(arm.mean, reference.mean, unlike, as_many, reach)
        else:
            error = difference.standard_error
            lower, upper = normal_interval(delta, error, -1.0, 1.0, reach)
            spread = np.exp(reach * np.sqrt(np.maximum(relative, 0.0)))
            both = (arm.mean > 0) & (reference.mean > 0)
            least, most = (np.where(both, end, np.nan) for end in (ratio / spread, ratio * spread))
        clear = (lower > 0) | (upper < 0)
        near = np.minimum(np.abs(lower), np.abs(upper))
        far = np.maximum(np.abs(lower), np.abs(upper))
        return {
            "difference": delta,
            "difference_mc_standard_error": error,
            "difference_lower": lower,
            "difference_upper": upper,
            "ratio": ratio,
            "ratio_lower": least,
            "ratio_upper": most,
            "number_needed": np.where(clear, 1.0 / np.abs(delta), np.nan),
            "number_needed_lower": np.where(clear, 1.0 / far, np.nan),
            "number_needed_upper": np.where(clear, 1.0 / near, np.nan),
        }


def _relative(three: Sequence[Moments], squares: Sequence[np.ndarray]) -> np.ndarray:
    """Squared error of the log ratio, by those of an arm, the reference and their difference."""
    arm, reference, _ = (moments.mean for moments in three)
    own, base, of_difference = squares
    covariance = (own + base - of_difference) / 2.0
    return own / arm**2 + base / reference**2 - 2.0 * covariance / (arm * reference)


def best_shares(values: np.ndarray) -> np.ndarray:
    """Share of being best of each arm, arms on the first axis; more is better, ties share equally.

    Examples
    --------
    >>> best_shares(np.array([[0.9, 0.5], [0.9, 0.4]])).tolist()
    [[0.5, 1.0], [0.5, 0.0]]
    """
    best = values == values.max(axis=0)
    return best / best.sum(axis=0)
