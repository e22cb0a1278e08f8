"""Counts of events in steps of time, and of patients in bins."""

import math

import numpy as np

CURVE_STEP = 0.5  # months between the points of a curve over time
DOSE_STEP = 0.25  # Gy between the edges of a histogram of doses
EXCESS_EDGES = np.geomspace(1e-3, 1e3, 241)  # of what exceeds a range, each 6 % above the last
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
    """Count the events in each interval of time, open on the left and closed on the right.

    So a running sum is the number of events up to and including each edge.
    """
    intervals = np.searchsorted(edges, times, side="left")
    return np.bincount(intervals, weights, minlength=len(edges) + 1)[1 : len(edges)]


def histogram(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Count values in bins along the last axis; missing ones are left out."""
    rows = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    bins = len(DOSE_EDGES) - 1
    counted = []
    for row in rows:
        there = ~np.isnan(row)
        places = np.clip((row[there] / DOSE_STEP).astype(np.int64), 0, bins - 1)
        counted.append(np.bincount(places, None if weights is None else weights[there], bins))
    return np.array(counted).reshape(*values.shape[:-1], bins)


def excess_counts(excesses: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Count excesses above 0 between `EXCESS_EDGES` along the last axis; the ends are open."""
    counted = []
    for row in excesses:
        there = row > 0
        places = np.searchsorted(EXCESS_EDGES[1:-1], row[there], side="right")
        of_them = None if weights is None else weights[there]
        counted.append(np.bincount(places, of_them, len(EXCESS_EDGES) - 1))
    return np.array(counted)


def median_excess(counts: np.ndarray) -> np.ndarray:
    """Median of counted excesses, bins on the last axis; missing (NaN) of nobody.

    It lies in the right bin, and there as the log of the excess was even in it.

    Examples
    --------
    >>> excesses = np.array([[0.0, 1.9, 2.0, 2.1], [0.0, 0.0, 0.0, 0.0]])
    >>> median_excess(excess_counts(excesses)).round(1).tolist()
    [2.0, nan]
    """
    running = np.nan_to_num(counts).cumsum(axis=-1)
    half = running[..., -1:] / 2.0
    place = (running < half).sum(axis=-1, keepdims=True)
    before = np.take_along_axis(np.insert(running, 0, 0.0, axis=-1), place, axis=-1)
    with np.errstate(invalid="ignore"):  # of nobody
        within = (half - before) / (np.take_along_axis(running, place, axis=-1) - before)
    log_edges = np.log(EXCESS_EDGES)
    return np.exp(log_edges[place] + within * np.diff(log_edges)[place])[..., 0]
