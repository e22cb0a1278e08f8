"""Where a share of a structure's volume lies: Beta-distributed depth and its quantiles."""

from functools import cache, lru_cache

import numpy as np
from scipy.special import betaincinv, ndtri

SHAPES = np.linspace(1.0, 3.0, 401)  # first shape of Beta(a, 2), step 0.005
SHARES = np.linspace(0.0, 1.0, 1025)  # in-field shares of an organ's volume
NEWTON_STEPS = 3
TABLES = 16  # of the node counts and judged shares that are in use at a time


def target_depth_share(depth: np.ndarray, shape: np.ndarray) -> np.ndarray:
    r"""Share of a target's volume nearer than a relative depth, the CDF of Beta(a, 2).

    .. math:: F(t) = t^a (1 + a - a t)

    Examples
    --------
    >>> float(target_depth_share(0.5, 2.0))
    0.5
    """
    t = np.clip(depth, 0, 1)
    share = t**shape
    t *= -shape
    t += 1 + shape
    share *= t
    return share


def target_depth(share: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Relative depth with this share of the volume nearer, the inverse of the CDF.

    A fixed number of Newton steps, from the side where they can't overshoot twice.

    Examples
    --------
    >>> round(float(target_depth(np.array(0.5), np.array(2.0))), 12)
    0.5
    """
    share = np.clip(share, 0.0, 1.0)
    t = np.clip(
        np.where(
            share < 0.5,
            (share / (shape + 1.0)) ** (1.0 / shape) * (1.0 + 0.35 * share),
            1.0 - np.sqrt(2.0 * (1.0 - share) / (shape * (shape + 1.0))),
        ),
        1e-12,
        1.0 - 1e-9,
    )
    for _ in range(NEWTON_STEPS):
        power = t ** (shape - 1.0)
        error = power * t * (1.0 + shape - shape * t) - share
        t = np.clip(t - error / (shape * (shape + 1.0) * power * (1.0 - t)), 1e-12, 1.0 - 1e-9)
    return t


@lru_cache(maxsize=TABLES)
def normal_scores(shares: tuple[float, ...]) -> np.ndarray:
    """Normal scores of volume shares in single precision, shape (share,). Not to be written to."""
    scores = ndtri(np.array(shares)).astype(np.float32)
    scores.flags.writeable = False
    return scores


@lru_cache(maxsize=TABLES)
def target_table(shares: tuple[float, ...]) -> np.ndarray:
    """Relative depths of fixed volume shares, a row for each of ``SHAPES``."""
    return betaincinv(SHAPES[:, None], 2.0, np.array(shares)).astype(np.float32)


def target_depths(shares: tuple[float, ...], shape: np.ndarray) -> np.ndarray:
    """Relative depths of fixed volume shares for each patient, shape (patient, share).

    Looked up in a table over the shape, linear between rows.
    """
    return _between_rows(target_table(shares), target_row(shape))


def target_row(shape: np.ndarray) -> np.ndarray:
    """Place of each shape among the rows of ``target_table``."""
    return (shape - SHAPES[0]) / (SHAPES[1] - SHAPES[0])


@lru_cache(maxsize=TABLES)
def organ_table(volumes: tuple[float, ...]) -> np.ndarray:
    """Relative depths at fixed volume shares, a row for each of ``SHARES`` in the field."""
    share = np.minimum(np.array(volumes) / np.maximum(SHARES[:, None], 1e-9), 1.0)
    return betaincinv(1.5, 1.5, share).astype(np.float32)


def organ_depths(volumes: tuple[float, ...], in_field: np.ndarray) -> np.ndarray:
    """Relative depths into a round organ at fixed volume shares, shape (patient, share).

    The depth along a diameter of a disk is Beta(1.5, 1.5); only the share ``in_field`` of the
    organ's length faces the target, and what is beyond has the depth of the far side.
    """
    return _between_rows(organ_table(volumes), organ_row(in_field))


def organ_row(in_field: np.ndarray) -> np.ndarray:
    """Place of each in-field share among the rows of ``organ_table``."""
    return in_field / (SHARES[1] - SHARES[0])


@cache
def _disk_table() -> tuple[np.ndarray, np.ndarray]:
    root = np.linspace(0.0, 1.0, 2049)  # cube root of the share, in which the depth is smooth
    return root, betaincinv(1.5, 1.5, root**3)


def organ_depth(share: np.ndarray) -> np.ndarray:
    """Relative depth into a disk with this share of its area nearer.

    Examples
    --------
    >>> round(float(organ_depth(np.array(0.5))), 6)
    0.5
    """
    root, depth = _disk_table()
    return np.interp(np.cbrt(share), root, depth)


def _between_rows(table: np.ndarray, position: np.ndarray) -> np.ndarray:
    row = np.clip(position.astype(np.intp), 0, len(table) - 2)
    weight = (position - row).astype(np.float32)[:, None]
    low = table[row]
    return low + weight * (table[row + 1] - low)
