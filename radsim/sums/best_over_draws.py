"""How often each arm is the best over draws of parameters, for any number of patients.

All draws have the same patients, so what these patients happen to favor moves every draw alike: an
arm that is best in 84 % of the draws of very many patients is best in 20 % or in 100 % of those of
30. On average over patients the share is drawn towards one half. The spread of the draws is
therefore narrowed by as much as patients widen the spread of their mean; the interval holds what
another cohort of as many would say.
"""

from dataclasses import dataclass

import numpy as np

from radsim.sums.comparison import best_shares
from radsim.sums.intervals import Z95, wilson_interval
from radsim.sums.parameter_spread import MOST_NOISE, parameter_variance

MOST_LUCK = 0.5  # of the variance that parameters make: with more luck no share is unbiased
CORRECTED, TOWARDS_HALF = 0, 1  # what is known of the share
STATES = {
    CORRECTED: "",
    TOWARDS_HALF: "drawn towards one half: the patients decide as much as the parameters; "
    "more patients needed",
}


@dataclass(frozen=True)
class BestOverDraws:
    """Share of draws in which each arm is the best, with 95 % intervals; arms on the first axis."""

    share: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    as_drawn: np.ndarray  # the share of the draws themselves
    state: np.ndarray


def best_over_draws(
    values: np.ndarray,
    first_half: np.ndarray,
    second_half: np.ndarray,
    error: np.ndarray,
    reach: float = Z95,
) -> BestOverDraws:
    r"""How often each arm is the best, from estimates of which more is better, (arm, draw, ...).

    With m the margin of an arm over the best of the others, it is the share of draws in which

    .. math:: \bar m + (m_k - \bar m)\, \sqrt{\hat\sigma^2 - \min(SE^2, \hat\sigma^2 / 2)} / s

    is above 0: :math:`\hat\sigma^2` is the variance that parameters make, from the halves of the
    patients (`radsim.sums.parameter_spread`), s the standard deviation of the margins, and SE the
    Monte Carlo error of their mean. If margins are normal the share is then right on average over
    patients. The interval is Wilson's of as many draws, and beside it that of a mean 1.96 SE lower
    and higher. Where noise hides the parameters it reaches from the draws as they are to those of
    parameters that do nothing.

    Parameters
    ----------
    first_half, second_half
        The same from each half of the patients.
    error
        Monte Carlo standard error of each arm's difference from one of them, shape (arm, ...).

    Examples
    --------
    >>> margin = np.linspace(-1.0, 3.0, 401)
    >>> values, exact = np.stack([margin, 0.0 * margin]), np.zeros(2)
    >>> best = best_over_draws(values, values, values, exact)
    >>> best.share.round(2).tolist(), best.lower.round(2).tolist(), best.upper.round(2).tolist()
    ([0.75, 0.25], [0.7, 0.21], [0.79, 0.3])
    """
    shares = best_shares(values)
    draws, as_drawn = values.shape[1], shares.mean(axis=1)
    margins, first, second = map(_margins, (values, first_half, second_half))
    mean = margins.mean(axis=1)
    apart = margins - mean[:, np.newaxis]
    variance = (apart**2).sum(axis=1) / max(draws - 1, 1)
    luck = np.hypot(error, _of_rival(values.mean(axis=1), error))
    with np.errstate(divide="ignore", invalid="ignore"):
        halves = (np.moveaxis(half, 1, 0) for half in (first, second))
        kept = np.minimum(parameter_variance(*halves) / variance, 1.0)
        lucky = luck**2 / variance
    told = kept >= 1.0 - MOST_NOISE  # a single patient has no halves: kept is NaN
    kept = np.where(told, kept, 1.0)

    def share_at(part: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Share of margins above 0, of which this part of the variance is kept; ties are shared."""
        moved = (mean + shift)[:, np.newaxis] + apart * np.sqrt(part)[:, np.newaxis]
        return np.where(moved == 0.0, shares, moved > 0.0).mean(axis=1)

    center = kept - np.where(told, np.minimum(np.nan_to_num(lucky), MOST_LUCK * kept), 0.0)
    share = share_at(center, np.zeros_like(mean))
    total = share.sum(axis=0)  # of more than two arms not quite one
    share = np.where(total > 0.0, share / np.where(total > 0.0, total, 1.0), as_drawn)
    low, high = (share_at(kept, sign * reach * luck) for sign in (-1.0, 1.0))
    flat = np.zeros_like(kept)
    low = np.where(told, low, np.minimum(low, share_at(flat, -reach * luck)))
    high = np.where(told, high, np.maximum(high, share_at(flat, reach * luck)))
    of_draws = wilson_interval(share, draws)
    below, above = np.maximum(share - low, 0.0), np.maximum(high - share, 0.0)
    hidden = (variance > 0.0) & (~told | (lucky > MOST_LUCK * kept))
    return BestOverDraws(
        share,
        np.maximum(share - np.hypot(share - of_draws[0], below), 0.0),
        np.minimum(share + np.hypot(of_draws[1] - share, above), 1.0),
        as_drawn,
        np.where(hidden, TOWARDS_HALF, CORRECTED).astype(np.int8),
    )


def _margins(values: np.ndarray) -> np.ndarray:
    """By how much each arm is better than the best of the others."""
    others = [np.delete(values, arm, axis=0).max(axis=0) for arm in range(len(values))]
    return values - np.stack(others)


def _of_rival(means: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Error of the best of the other arms."""
    rivals = []
    for arm in range(len(means)):
        others = np.delete(means, arm, axis=0).argmax(axis=0)[np.newaxis]
        rivals.append(np.take_along_axis(np.delete(error, arm, axis=0), others, axis=0)[0])
    return np.stack(rivals)
