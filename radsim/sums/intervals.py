"""Intervals of means and shares."""

import numpy as np

Z95 = 1.959963984540054  # 97.5 % point of the standard normal
BISECTIONS = 55  # halve a bracket down to the spacing of doubles


def normal_interval(
    mean: np.ndarray, error: np.ndarray, lowest: float, highest: float, reach: float = Z95
) -> tuple[np.ndarray, np.ndarray]:
    """95 % Monte Carlo interval of a mean, kept inside what is possible."""
    return (
        np.clip(mean - reach * error, lowest, highest),
        np.clip(mean + reach * error, lowest, highest),
    )


def wilson_interval(share: np.ndarray, count: int | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95 % Monte Carlo interval of a share that was counted, honest at no event at all.

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
        spread = Z95 * np.sqrt(share * (1.0 - share) / count + Z95**2 / (4.0 * count**2))
        center = share + Z95**2 / (2.0 * count)
        scale = 1.0 + Z95**2 / count
        lower = np.where(share == 0.0, 0.0, (center - spread) / scale)
        upper = np.where(share == 1.0, 1.0, (center + spread) / scale)
    return np.clip(lower, 0.0, 1.0), np.clip(upper, 0.0, 1.0)


def paired_interval(
    discordant: np.ndarray, difference: np.ndarray, count: int | np.ndarray
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
            is_beyond = delta - difference > Z95 * spread
            inside, outside = (
                np.where(is_beyond, inside, delta),
                np.where(is_beyond, delta, outside),
            )
        return np.where(np.isfinite(difference * n), inside, np.nan)

    with np.errstate(divide="ignore", invalid="ignore"):  # of nobody there is none
        return -upper_of(-difference), upper_of(difference)
