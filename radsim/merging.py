"""Quantiles of a volume made of two parts, from the quantiles of each."""

import numpy as np

WHOLE = 2**31  # a volume of 1, so that volumes add up exactly in integers
LOW_BITS = np.uint64(32)
LOW_MASK = np.uint64(2**32 - 1)


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
        Values at the nodes of each part in single precision, not negative, shape
        (patient, node).
    share
        The part's share of the whole, shape (patient,).
    weight
        Volume weights of the nodes, shape (node,).
    shares
        Cold shares that are wanted, rising, shape (share,).

    Examples
    --------
    >>> value = np.array([[1.0, 2.0]], dtype=np.float32)
    >>> weight = np.array([0.5, 0.5])
    >>> merged_quantiles(value, value + 2, np.array([0.5]), weight, np.array([0.125, 0.5])).tolist()
    [[1.0, 2.5]]
    """
    patients, nodes = part.shape
    # bits of a float that is not negative sort as it does; below them goes the node's volume
    packed = np.empty((patients, 2 * nodes), dtype=np.uint64)
    packed[:, :nodes] = np.ascontiguousarray(part).view(np.uint32)
    packed[:, nodes:] = np.ascontiguousarray(rest).view(np.uint32)
    packed <<= LOW_BITS
    volume = np.rint(share[:, None] * (weight * WHOLE)).astype(np.uint64)
    packed[:, :nodes] |= volume
    packed[:, nodes:] |= np.rint(weight * WHOLE).astype(np.uint64) - volume
    packed.sort(axis=1)

    value = (packed >> LOW_BITS).astype(np.uint32).view(np.float32).astype(float)
    volume = packed & LOW_MASK
    place = np.cumsum(volume, axis=1)  # a node stands for the middle of its volume
    place *= np.uint64(2)
    place -= volume
    position = place.astype(float)
    wanted = np.clip(np.rint(shares * (2 * WHOLE)), position[:, :1], position[:, -1:])
    row = (np.arange(patients) * (4.0 * WHOLE))[:, None]  # whole numbers below 2**53 add exactly
    position += row
    wanted += row
    found = np.interp(wanted.reshape(-1), position.reshape(-1), value.reshape(-1))
    return found.reshape(patients, len(shares)).astype(np.float32)
