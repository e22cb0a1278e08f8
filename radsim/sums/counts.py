"""From probabilities to events in time, with death competing.

Given a patient's covariates, death is independent of every endpoint. Local failure, fracture
and myelopathy do not compete with each other, and all end at death.
"""

from collections.abc import Sequence

import numpy as np

from radsim.response.risk import Risk


def net_probabilities(risk: Risk, months: Sequence[float]) -> np.ndarray:
    """Probability of the event by each time if nobody died, shape (months, patient)."""
    return np.stack([risk.probability(time) for time in months])


def free_probabilities(risk: Risk, months: Sequence[float]) -> np.ndarray:
    """Probability to be free of the event at each time if nobody died, shape (months, patient)."""
    return np.stack([risk.free(time) for time in months])


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
