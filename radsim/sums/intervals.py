"""Intervals of means and shares."""

import numpy as np

Z95 = 1.959963984540054  # 97.5 % point of the standard normal
BISECTIONS = 55  # halve a bracket down to the spacing of doubles
FARTHEST = 50.0  # log of a ratio that no count of patients tells from an infinite one


def normal_interval(
    mean: np.ndarray, error: np.ndarray, lowest: float, highest: float, reach: float = Z95
) -> tuple[np.ndarray, np.ndarray]:
    """95 % Monte Carlo interval of a mean, kept inside what is possible."""
    return (
        np.clip(mean - reach * error, lowest, highest),
        np.clip(mean + reach * error, lowest, highest),
    )


def wilson_interval(
    share: np.ndarray, count: int | np.ndarray, reach: float = Z95
) -> tuple[np.ndarray, np.ndarray]:
    """95 % Monte Carlo interval of a share that was counted, honest at no event at all.

    It reaches as many standard errors to either side as Student's t asks for, where there is no
    more than an estimate of them.

    Examples
    --------
    >>> lower, upper = wilson_interval(np.array(0.0), 1000)
    >>> float(lower), round(float(upper), 5)
    (0.0, 0.00383)

    References
    ----------
    Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # of nobody there is none
        spread = reach * np.sqrt(share * (1.0 - share) / count + reach**2 / (4.0 * count**2))
        center = share + reach**2 / (2.0 * count)
        scale = 1.0 + reach**2 / count
        lower = np.where(share == 0.0, 0.0, (center - spread) / scale)
        upper = np.where(share == 1.0, 1.0, (center + spread) / scale)
    return np.clip(lower, 0.0, 1.0), np.clip(upper, 0.0, 1.0)


def paired_interval(
    discordant: np.ndarray, difference: np.ndarray, count: int | np.ndarray, reach: float = Z95
) -> tuple[np.ndarray, np.ndarray]:
    r"""95 % score interval of the difference of two shares that were counted in the same patients.

    Its ends :math:`\Delta` solve

    .. math:: \frac{b - c - n \Delta}{\sqrt{n\,(2 \tilde q + \Delta (1 - \Delta))}} = \pm 1.96

    with b and c the patients with an event under the one and under the other alone, and
    :math:`\tilde q` the largest likelihood's share of the latter given :math:`\Delta`. It is not
    empty where no patient is discordant.

    Parameters
    ----------
    discordant, difference
        Share of patients :math:`(b + c) / n`, and :math:`(b - c) / n`.

    Examples
    --------
    >>> lower, upper = paired_interval(np.zeros(1), np.zeros(1), 60)  # 0 of 60 and 0 of 60
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([-0.0602], [0.0602])

    References
    ----------
    Tango (1998), Stat. Med. 17, 891-908.
    """
    n = np.broadcast_to(np.asarray(count, dtype=float), difference.shape)
    discordant = np.maximum(discordant, np.abs(difference))  # but for rounding it is as large

    def upper_of(difference: np.ndarray) -> np.ndarray:
        """Halve the way from the difference to 1, up to where the score is -1.96."""
        inside, outside = difference, np.ones(difference.shape)
        for _ in range(BISECTIONS):
            delta = (inside + outside) / 2.0
            b = 2.0 * delta - discordant - difference * delta
            c = -(discordant - difference) / 2.0 * delta * (1.0 - delta)
            q = (np.sqrt(np.maximum(b**2 - 8.0 * c, 0.0)) - b) / 4.0
            spread = np.sqrt(np.maximum(2.0 * q + delta * (1.0 - delta), 0.0) / n)
            is_beyond = delta - difference > reach * spread
            inside, outside = (
                np.where(is_beyond, inside, delta),
                np.where(is_beyond, delta, outside),
            )
        return np.where(np.isfinite(difference), inside, np.nan)

    with np.errstate(divide="ignore", invalid="ignore"):  # of nobody there is none
        return -upper_of(-difference), upper_of(difference)


def paired_ratio_interval(
    share: np.ndarray,
    base: np.ndarray,
    discordant: np.ndarray,
    count: int | np.ndarray,
    reach: float = Z95,
) -> tuple[np.ndarray, np.ndarray]:
    r"""95 % score interval of the ratio of two shares that were counted in the same patients.

    Its ends :math:`R` solve

    .. math:: \frac{\sqrt{n}\,(p_1 - R\,p_0)}{\sqrt{(1 + R)\,\tilde c + (R - 1)\,s}} = \pm 1.96

    with s the share of patients who have an event under either, and :math:`\tilde c` the largest
    likelihood's share, given R, of those who have it under the other alone. The lower end is 0
    where the first share is 0, and the upper one infinite where the other is.

    Parameters
    ----------
    share, base
        The two shares of patients, :math:`p_1` and :math:`p_0`.
    discordant
        Share of patients with an event under one of the two alone.

    Examples
    --------
    >>> four, none = np.array([0.04]), np.zeros(1)
    >>> lower, upper = paired_ratio_interval(four, none, four, 100)  # 4 of 100 and 0 of 100
    >>> lower.round(3).tolist(), upper.tolist()
    ([1.041], [inf])

    References
    ----------
    Nam and Blackwelder (2002), Stat. Med. 21, 689-699; Tang, Tang and Chan (2003), Stat. Med. 22,
    1217-1233.
    """
    n = np.broadcast_to(np.asarray(count, dtype=float), share.shape)
    discordant = np.clip(discordant, np.abs(share - base), share + base)  # but for rounding it is

    def log_end(sign: float) -> np.ndarray:
        """Halve the way from the ratio to 0 or to infinity, up to where the score is 1.96."""
        either = (share + base + discordant) / 2.0
        only_other = np.maximum(discordant - (share - base), 0.0) / 2.0
        start = np.log(share / base)
        inside = np.where(np.isfinite(start), start, -sign * FARTHEST)
        outside = np.full(share.shape, sign * FARTHEST)
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2.0
            ratio = np.exp(middle)
            b = base * ratio**2 - share - 2.0 * only_other
            c = only_other * (1.0 - ratio) * either
            q = (np.sqrt(np.maximum(b**2 - 4.0 * (1.0 + ratio) * c, 0.0)) - b) / (
                2.0 * (1.0 + ratio)
            )
            spread = np.sqrt(np.maximum((1.0 + ratio) * q + (ratio - 1.0) * either, 0.0) / n)
            is_beyond = sign * (base * ratio - share) > reach * spread
            inside, outside = (
                np.where(is_beyond, inside, middle),
                np.where(is_beyond, middle, outside),
            )
        return inside

    with np.errstate(divide="ignore", invalid="ignore"):  # of nobody there is none
        lower = np.where(share > 0.0, np.exp(log_end(-1.0)), 0.0)
        upper = np.where(base > 0.0, np.exp(log_end(1.0)), np.inf)
        known = np.isfinite(share * base)
        return np.where(known, lower, np.nan), np.where(known, upper, np.nan)
