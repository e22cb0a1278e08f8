"""Quantiles of a volume made of two parts, from the quantiles of each."""

import sys

import numpy as np

WHOLE = 2**31  # stands for a volume of 1; positions stay below 2**53 for 2**20 patients at a time
HIGH = 1 if sys.byteorder == "little" else 0  # the half of 64 bits that decides their order


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
    halves = packed.view(np.uint32).reshape(patients, 2 * nodes, 2)
    halves[:, :nodes, HIGH] = np.ascontiguousarray(part).view(np.uint32)
    halves[:, nodes:, HIGH] = np.ascontiguousarray(rest).view(np.uint32)
    volume = np.rint(share[:, None] * (weight * WHOLE)).astype(np.uint32)
    halves[:, :nodes, 1 - HIGH] = volume
    halves[:, nodes:, 1 - HIGH] = np.rint(weight * WHOLE).astype(np.uint32) - volume
    packed.sort(axis=1)

    value = halves.view(np.float32)[:, :, HIGH].astype(float)
    sorted_volume = halves[:, :, 1 - HIGH].astype(np.int64)
    place = np.cumsum(sorted_volume, axis=1)  # a node stands for the middle of its volume
    place *= 2
    place -= sorted_volume
    wanted = np.rint(shares * (2 * WHOLE)).astype(np.int64)
    wanted = np.clip(wanted, place[:, :1], place[:, -1:])
    row = (np.arange(patients) * (4 * WHOLE))[:, None]
    place += row
    wanted += row
    found = np.interp(wanted.reshape(-1), place.reshape(-1), value.reshape(-1))
    return found.reshape(patients, len(shares)).astype(np.float32)
