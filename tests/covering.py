"""How often intervals hold a known truth over repeated seeds, and how often they must."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

CHANCE = 1e-3  # that a right interval fails


def covers(lower: Sequence[float], upper: Sequence[float], truth: float, least: float) -> None:
    """Assert that intervals hold a truth as often as ones that cover this share of the time do.

    Of intervals that cover it in ``least`` of all runs or more, fewer than one set in 1,000 fails.
    """
    held = int(((np.asarray(lower) <= truth) & (truth <= np.asarray(upper))).sum())
    fewest = int(stats.binom.ppf(CHANCE, len(lower), least))
    assert held >= fewest, f"{held} of {len(lower)} intervals hold {truth:.4g}, wanted {fewest}"
