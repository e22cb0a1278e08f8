"""From probabilities to events in time, with death competing.

Given a patient's covariates, death is independent of every endpoint. Local failure, fracture
and myelopathy do not compete with each other, and all end at death.
"""

from collections.abc import Sequence

import numpy as np

CURVE_STEP = 0.5  # months between the points of a curve over time
DOSE_STEP = 0.25  # Gy between the edges of a histogram of doses
DOSE_EDGES = np.arange(0.0, 200.0 + DOSE_STEP / 2, DOSE_STEP)  # Gy; the last bin is open


def happened(event: np.ndarray, death: np.ndarray, months: Sequence[float]) -> np.ndarray:
    """Say whether the event came by each time, and before death.

    Parameters
    ----------
    event, death
        Times, infinite for never, shape (patient,) [months].

    Returns
    -------
    np.ndarray
        Ones and zeros, shape (months, patient).

    Examples
    --------
    >>> happened(np.array([2.0, 5.0]), np.array([9.0, 4.0]), months=[3.0, 6.0])
    array([[1., 0.],
           [1., 0.]])
    """
    times = np.where(event < death, event, np.inf)
    return np.stack([(times <= time).astype(float) for time in months])


def event_counts(event: np.ndarray, death: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Count the events before death in each interval of time, shape (len(edges) - 1,).

    Intervals are open on the left and closed on the right, so a running sum over them is the
    number of events up to and including each edge.
    """
    times = np.where(event < death, event, np.inf)
    intervals = np.searchsorted(edges, times, side="left")
    return np.bincount(intervals, minlength=len(edges) + 1)[1 : len(edges)]


def histogram(values: np.ndarray) -> np.ndarray:
    """Count values in bins along the last axis; missing ones are left out."""
    rows = values.reshape(-1, values.shape[-1])
    counted = []
    for row in rows:
        known = row[~np.isnan(row)]
        bins = np.clip((known / DOSE_STEP).astype(np.int64), 0, len(DOSE_EDGES) - 2)
        counted.append(np.bincount(bins, minlength=len(DOSE_EDGES) - 1))
    return np.array(counted, dtype=np.int64).reshape(*values.shape[:-1], len(DOSE_EDGES) - 1)
