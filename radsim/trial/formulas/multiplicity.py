"""Adjusted p values of several hypotheses, so that a chance of any false rejection is kept.

A hypothesis is rejected at a level where its adjusted p value is at most that level. p values have
the shape (..., hypothesis), so that many trials are decided at once.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from radsim.vocabulary.arguments import number_array
from radsim.vocabulary.mistakes import require

ADDED_UP = 1e-9  # by which weights may miss their sum


def p_values(p: ArrayLike) -> np.ndarray:
    """Return p values as an array; a ValueError says that they are none, or not from 0 to 1."""
    values = np.asarray(number_array("p", p), float)
    inside = (values >= 0.0) & (values <= 1.0)
    require(values.ndim > 0 and values.shape[-1] > 0, "p must hold a value for each hypothesis")
    require(bool(inside.all()), "p must lie between 0 and 1 (1 where a test can't be made)")
    return values


def fixed_sequence(p: ArrayLike) -> np.ndarray:
    r"""Adjust for a hierarchy: a hypothesis counts only after all before it.

    .. math:: \tilde p_i = \max_{j \le i} p_j

    Examples
    --------
    >>> fixed_sequence([0.01, 0.2, 0.03]).tolist()
    [0.01, 0.2, 0.2]
    """
    return np.maximum.accumulate(p_values(p), axis=-1)


def holm(p: ArrayLike, weights: Sequence[float] | None = None) -> np.ndarray:
    """Adjust by Holm's procedure, whatever the dependence; with weights by his weighted one.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.06, 0.06]

    References
    ----------
    Holm (1979), Scand. J. Stat. 6, 65-70.
    """
    p = p_values(p)
    share = np.full(p.shape[-1], 1.0) if weights is None else np.asarray(weights, float)
    require(
        share.shape == p.shape[-1:] and bool((share > 0.0).all()),
        f"weights must be above 0, one for each of {p.shape[-1]} hypotheses, got {share.tolist()}",
    )
    share = share / share.sum()
    left = np.maximum(1.0 - share, np.finfo(float).tiny)[:, np.newaxis]
    return graphical(p, share, (1.0 - np.eye(len(share))) * share / left)


def hochberg(p: ArrayLike) -> np.ndarray:
    r"""Adjust by Hochberg's procedure, for statistics that are not negatively dependent.

    .. math:: \tilde p_{(i)} = \min_{j \ge i} (m - j + 1) p_{(j)}

    Examples
    --------
    >>> hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]

    References
    ----------
    Hochberg (1988), Biometrika 75, 800-802.
    """
    p = p_values(p)
    order = np.argsort(p, axis=-1)
    times = np.arange(p.shape[-1], 0, -1)
    grown = times * np.take_along_axis(p, order, axis=-1)
    smallest = np.minimum.accumulate(grown[..., ::-1], axis=-1)[..., ::-1]
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(smallest, 1.0), axis=-1)
    return adjusted


def graphical(p: ArrayLike, weights: ArrayLike, transfer: ArrayLike) -> np.ndarray:
    """Adjust by the graph of Bretz and others: a rejected hypothesis hands its share on.

    Of those left the one with the smallest p value over its weight is next; its weight goes to
    the others in the shares that its row of ``transfer`` says, and paths through it are closed.

    Parameters
    ----------
    weights
        Share of the level that each hypothesis starts with, adding up to at most 1.
    transfer
        What share of its weight a hypothesis (row) hands to another (column), on the diagonal 0.

    Examples
    --------
    >>> back_and_forth = [[0.0, 1.0], [1.0, 0.0]]  # Holm's procedure of two hypotheses
    >>> graphical([0.04, 0.01], [0.5, 0.5], back_and_forth).tolist()
    [0.04, 0.02]

    References
    ----------
    Bretz, Maurer, Brannath and Posch (2009), Stat. Med. 28, 586-604.
    """
    p = p_values(p)
    shapes = np.shape(weights), np.shape(transfer)
    require(
        shapes == (p.shape[-1:], 2 * p.shape[-1:]),
        f"weights and transfer must have a number and a row for each of {p.shape[-1]} hypotheses, "
        f"got shapes {shapes[0]} and {shapes[1]}",
    )
    many = p.reshape(-1, p.shape[-1])
    trials, size = many.shape
    row = np.arange(trials)
    weight = np.tile(np.asarray(weights, float), (trials, 1))
    passed = np.tile(np.asarray(transfer, float), (trials, 1, 1))
    check_graph(weight[0] if trials else np.asarray(weights, float), np.asarray(transfer, float))
    left = np.ones(many.shape, bool)
    adjusted, so_far = np.ones(many.shape), np.zeros(trials)
    for _ in range(size):
        ratio = np.where(left & (weight > 0.0), many / np.where(weight > 0.0, weight, 1.0), np.inf)
        ratio = np.where(left & np.isinf(ratio), np.finfo(float).max, ratio)  # may not be weighed
        chosen = np.argmin(ratio, axis=-1)
        so_far = np.maximum(so_far, np.minimum(ratio[row, chosen], 1.0))
        adjusted[row, chosen] = so_far
        out, into = passed[row, chosen], passed[row, :, chosen]
        weight = weight + weight[row, chosen][:, np.newaxis] * out
        through = into[:, :, np.newaxis] * out[:, np.newaxis, :]
        kept = 1.0 - (into * out)[:, :, np.newaxis]
        passed = np.where(kept > ADDED_UP, (passed + through) / np.maximum(kept, ADDED_UP), 0.0)
        passed[:, np.arange(size), np.arange(size)] = 0.0
        passed[row, chosen] = passed[row, :, chosen] = 0.0
        weight[row, chosen] = 0.0
        left[row, chosen] = False
    return adjusted.reshape(p.shape)


def check_graph(weights: np.ndarray, transfer: np.ndarray) -> None:
    """Raise ValueError for weights or transfers that hand on more than there is."""
    require(
        bool((weights >= 0.0).all()) and float(weights.sum()) <= 1.0 + ADDED_UP,
        f"weights must be 0 or more and add up to 1 at most, got {weights.tolist()}",
    )
    fits = (transfer >= 0.0).all() and (transfer.sum(axis=1) <= 1.0 + ADDED_UP).all()
    require(
        bool(fits) and not transfer.diagonal().any(),
        "transfer must be shares that add up to 1 at most in each row, and 0 from a hypothesis to "
        f"itself, got {transfer.tolist()}",
    )


def gatekeeping(p: ArrayLike, families: Sequence[Sequence[int]]) -> np.ndarray:
    """Adjust in families by Holm's procedure, each after all of the one before it are rejected.

    Examples
    --------
    >>> gatekeeping([0.01, 0.02, 0.001], [[0], [1, 2]]).tolist()
    [0.01, 0.02, 0.01]

    References
    ----------
    Westfall and Krishen (2001), J. Stat. Plan. Inference 99, 25-40.
    """
    p = p_values(p)
    named = sorted(member for members in families for member in members)
    require(
        named == list(range(p.shape[-1])) and all(len(members) > 0 for members in families),
        f"families must name each of the hypotheses 0 to {p.shape[-1] - 1} once, got "
        f"{[list(members) for members in families]}",
    )
    adjusted, before = np.ones(p.shape), np.zeros(p.shape[:-1])
    for members in families:
        within = holm(p[..., list(members)])
        adjusted[..., list(members)] = np.maximum(within, before[..., np.newaxis])
        before = adjusted[..., list(members)].max(axis=-1)
    return adjusted
