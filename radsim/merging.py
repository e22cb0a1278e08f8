"""Quantiles of a volume made of two parts, from the quantiles of each."""

import numpy as np


def merged_quantiles(
    part: np.ndarray,
    rest: np.ndarray,
    share: np.ndarray,
    weight: np.ndarray,
    shares: np.ndarray,
) -> np.ndarray:
    """Values at fixed cold shares of the whole, shape (patient, share).

    Parameters
    ----------
    part, rest
        Values at the nodes of each part, not negative, shape (patient, node).
    share
        The part's share of the whole, shape (patient,).
    weight
        Volume weights of the nodes, shape (node,).
    shares
        Cold shares that are wanted, rising along the row, shape (share,).

    Examples
    --------
    >>> value = np.array([[1.0, 2.0]], dtype=np.float32)
    >>> weight = np.array([0.5, 0.5])
    >>> merged_quantiles(value, value + 2, np.array([0.5]), weight, np.array([0.125, 0.5])).tolist()
    [[1.0, 2.5]]
    """
    patients, nodes = part.shape
    # value and weight packed in one integer each, so that sorting values carries the weights
    packed = np.empty((patients, 2 * nodes, 2), dtype=np.float32)
    packed[:, :nodes, 1] = part
    packed[:, nodes:, 1] = rest
    packed[:, :nodes, 0] = share[:, None] * weight
    packed[:, nodes:, 0] = (1.0 - share)[:, None] * weight
    order = packed.view(np.uint64)[:, :, 0]
    order.sort(axis=1)
    value = packed[:, :, 1].astype(float)
    volume = packed[:, :, 0].astype(float)
    place = np.cumsum(volume, axis=1) - 0.5 * volume
    row = np.arange(patients)[:, None]
    wanted = np.clip(shares, place[:, :1], place[:, -1:]) + row
    found = np.interp(wanted.reshape(-1), (place + row).reshape(-1), value.reshape(-1))
    return found.reshape(patients, len(shares))
