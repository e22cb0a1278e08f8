"""Moments of rows, as a run keeps and finishes them."""

import numpy as np

from radsim.sums.aggregations import MEANS
from radsim.sums.moments import Moments


def moments_of(rows: np.ndarray) -> Moments:
    """Moments of each row over the patients, its last axis."""
    return MEANS.finish([MEANS.keep(rows, 0)])["moments"][""]
