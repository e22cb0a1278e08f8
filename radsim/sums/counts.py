"""From probabilities to events in time, with death competing.

Given a patient's covariates, death is independent of every endpoint. Local failure, fracture
and myelopathy do not compete with each other, and all end at death.
"""

import math

import numpy as np

CURVE_STEP = 0.5  # months between the points of a curve over time
DOSE_STEP = 0.25  # Gy between the edges of a histogram of doses
DOSE_EDGES = np.arange(0.0, 200.0 + DOSE_STEP / 2, DOSE_STEP)  # Gy; the last bin is open


def curve_months(last: float) -> np.ndarray:
    """Times of the curves of cumulative incidence up to a last one [months].

    Examples
    --------
    >>> curve_months(1.5).tolist()
    [0.0, 0.5, 1.0, 1.5]
    """
    return CURVE_STEP * np.arange(max(1, round(last / CURVE_STEP)) + 1)


def event_counts(
    times: np.ndarray, edges: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Count the events in each interval of time, shape (len(edges) - 1,).

    Intervals are open on the left and closed on the right, so a running sum over them is the
    number of events up to and including each edge.
    """
    intervals = np.searchsorted(edges, times, side="left")
    return np.bincount(intervals, weights, minlength=len(edges) + 1)[1 : len(edges)]


def histogram(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Count values in bins along the last axis; missing ones are left out."""
    rows = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    counted = []
    for row in rows:
        there = ~np.isnan(row)
        bins = np.clip((row[there] / DOSE_STEP).astype(np.int64), 0, len(DOSE_EDGES) - 2)
        each = None if weights is None else weights[there]
        counted.append(np.bincount(bins, each, minlength=len(DOSE_EDGES) - 1))
    return np.array(counted).reshape(*values.shape[:-1], len(DOSE_EDGES) - 1)
