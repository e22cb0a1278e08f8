"""Intervals of means and shares."""

import numpy as np

Z95 = 1.959963984540054  # 97.5 % point of the standard normal


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
