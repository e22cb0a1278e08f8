"""Quantiles of a volume made of two parts, from the quantiles of each."""

import numpy as np

FINE = 2.0**40  # volumes are rounded to 1 / FINE, so that adding a row's number loses no digits
STEPS = 2.0**24  # values are rounded to 1 / STEPS for the same reason
HIGHEST_VALUE = 2.0**40  # in these steps; 65 536 Gy or Gy2


def merged_quantiles(
    part: np.ndarray, rest: np.ndarray, share: np.ndarray, cold: np.ndarray
) -> np.ndarray:
    """Values at the nodes' cold shares of the whole, shape (patient, node).

    The whole's cold share is the mixture of its parts', each linear between its own nodes.

    Values are those at the nodes of each part, not negative and falling along the row, shape
    (patient, node); ``share`` is the part's of the whole, shape (patient,), and ``cold`` the cold
    share of each node in its own part, falling.

    Examples
    --------
    >>> value = np.array([[3.0, 2.0, 1.0]], dtype=np.float32)
    >>> cold = np.array([0.75, 0.5, 0.25])
    >>> merged_quantiles(value, value, np.array([0.4]), cold).tolist()
    [[3.0, 2.0, 1.0]]
    """
    weight = share[:, None]
    value = np.concatenate([part, rest], axis=1)
    place = np.concatenate(
        [
            weight * cold + (1.0 - weight) * share_below(part, rest, cold),
            (1.0 - weight) * cold + weight * share_below(rest, part, cold),
        ],
        axis=1,
    )
    value.sort(axis=1)
    return values_at(place, value, cold)  # places rise with values, so each is sorted alone


def rearranged(value: np.ndarray, cold: np.ndarray) -> np.ndarray:
    """Quantiles of values that neither rise nor fall along the row, at the same cold shares.

    The values, shape (patient, place), are linear between the places whose shares are ``cold``,
    which rise or fall, and constant beyond the ends; the result rises with them.

    Examples
    --------
    >>> value = np.array([[1.0, 3.0, 1.0]], dtype=np.float32)
    >>> rearranged(value, np.array([0.0, 0.5, 1.0])).tolist()
    [[1.0, 2.0, 3.0]]
    """
    if cold[0] > cold[-1]:
        return rearranged(value[:, ::-1], cold[::-1])[:, ::-1]
    level = np.sort(value, axis=1).astype(float)
    left, right = value[:, None, :-1], value[:, None, 1:]
    low, high = np.minimum(left, right), np.maximum(left, right)
    part = (level[:, :, None] - low) / np.maximum(high - low, 1e-12)
    part = np.clip(part, 0.0, 1.0, out=part)
    part *= np.diff(cold)
    place = part.sum(axis=2)
    place += cold[0] * (value[:, :1] <= level)
    place += (1.0 - cold[-1]) * (value[:, -1:] < level)
    return values_at(place, level, cold)


def share_below(level: np.ndarray, value: np.ndarray, cold: np.ndarray) -> np.ndarray:
    """Cold share of each level in its own row of node values, shape (patient, level).

    Rows are laid end to end, each moved by its number; because values are rounded first, that
    loses no digits.
    """
    start = (np.arange(len(value)) * HIGHEST_VALUE)[:, None]
    known, wanted = (np.rint(values.astype(float) * STEPS) for values in (value[:, ::-1], level))
    under = wanted < known[:, :1]  # where the lowest values tie, not the share of the last of them
    wanted = np.clip(wanted, known[:, :1], known[:, -1:])
    known += start
    wanted += start
    rising = np.broadcast_to(cold[::-1], value.shape)
    found = np.interp(wanted.reshape(-1), known.reshape(-1), rising.reshape(-1))
    return np.where(under, cold[-1], found.reshape(wanted.shape))


def values_at(place: np.ndarray, value: np.ndarray, cold: np.ndarray) -> np.ndarray:
    """Values where the cold share ``place`` takes the wanted shares, linear in between.

    ``value`` rises along the row, shape (patient, point), and so does ``place`` but for its
    order, which is put right in place; ``cold`` falls. The rows are laid end to end for one
    interpolation, each moved by its number; because places are rounded first, no row's result
    depends on which number it has.
    """
    place.sort(axis=1)
    exact = place.astype(float)
    exact *= FINE
    np.rint(exact, out=exact)
    wanted = np.clip(np.rint(cold * FINE), exact[:, :1], exact[:, -1:])
    start = (np.arange(len(place)) * (2.0 * FINE))[:, None]
    exact += start
    wanted += start
    found = np.interp(wanted.reshape(-1), exact.reshape(-1), value.reshape(-1))
    return found.reshape(wanted.shape).astype(np.float32)
