"""Shares of patients for whom an arm is best."""

import numpy as np


def best_shares(values: np.ndarray) -> np.ndarray:
    """Share of being best of each arm for each patient; ties are shared equally.

    Parameters
    ----------
    values
        Higher is better, arms on the first axis.

    Returns
    -------
    np.ndarray
        Sums to 1 over the arms, same shape.

    Examples
    --------
    >>> best_shares(np.array([[0.9, 0.5], [0.9, 0.4]])).tolist()
    [[0.5, 1.0], [0.5, 0.0]]
    """
    best = values == values.max(axis=0)
    return best / best.sum(axis=0)
