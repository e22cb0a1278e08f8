"""Dose-volume histograms: metrics of doses kept at fixed fractions of a structure's volume.

A DVH is the dose at K nodes, hottest first, on the last axis; leading axes are patients. A node's
`volume` is the fraction of the structure that receives at least its dose, between 0 and 1 and
ascending; its `weight` is the share of the volume it stands for. With the nodes of `volume_nodes`
the mean of any smooth function of dose is a weighted sum, exact to better than 1e-3 at K = 64. A
binned DVH is the same thing with other nodes.

Conventions
-----------
- Dx% is the lowest dose in the hottest x % of the volume, D0.03cc that in the hottest 0.03 cm3.
- Between nodes, dose is linear in volume. Outside the outermost nodes it is held constant. Systems
  that read the nearest bin instead of interpolating differ by up to one bin.
"""

from functools import lru_cache

import numpy as np

from radsim.radiobiology.lq import Quantity

NEXT_TO_ZERO = 1e-12  # exponent whose power mean is the geometric one to as many digits
LARGE = 400.0  # log of a power up to which doses need no scaling
SAFE = 1e-200  # a mean of powers below it, or above its inverse, has lost digits
SMALL = 1e-2  # exponent below which a mean of powers is 1 plus too little
TOLERATED_RISE = 1e-3  # share of the volume; more than the rounding of a printed DVH
TOLERATED_SUM = 1e-6  # by which shares of a volume may miss 1; more than their rounding


@lru_cache(maxsize=16)
def volume_nodes(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Nodes and weights on (0, 1): volume shares, hottest first. Not to be written to.

    Gauss-Legendre in s with :math:`v = s^2 (3 - 2 s)`, which is denser at both ends. Dose has
    an infinite slope in v at the ends of a structure but not in s, so 64 nodes are a hundred
    to a thousand times more accurate than Gauss-Legendre in v.

    Examples
    --------
    >>> volume, weight = volume_nodes(4)
    >>> round(float(weight.sum()), 12), round(float((weight * volume).sum()), 12)
    (1.0, 0.5)
    """
    if isinstance(nodes, bool) or not isinstance(nodes, (int, np.integer)) or nodes < 1:
        raise ValueError(f"nodes must be a whole number above 0, got {nodes!r}")
    position, weight = np.polynomial.legendre.leggauss(int(nodes))
    s, w = (1.0 + position) / 2.0, weight / weight.sum()
    volume, weight = s * s * (3.0 - 2.0 * s), 6.0 * w * s * (1.0 - s)
    volume.flags.writeable = weight.flags.writeable = False
    return volume, weight


def dose_at_volume(dose: np.ndarray, volume: np.ndarray, fraction: Quantity) -> np.ndarray:
    """Dx: the lowest dose in the hottest fraction of the volume [Gy].

    Doses are those at nodes, hottest first, shape (..., node); ``volume`` is the ascending share
    that receives at least each dose. The fraction is a number, or an array that broadcasts with
    the patients; NaN gives NaN.

    Examples
    --------
    >>> float(dose_at_volume(np.array([40.0, 30.0, 20.0]), np.array([0.0, 0.5, 1.0]), 0.25))
    35.0
    """
    dose, volume = np.asarray(dose), np.asarray(volume, dtype=float)
    fraction = np.asarray(fraction, dtype=float)
    if np.any((fraction < 0.0) | (fraction > 1.0)):
        raise ValueError("a fraction of the volume must lie between 0 and 1 (2 % is 0.02)")
    if volume.size == 1:
        return dose[..., 0] + 0.0 * fraction
    # of two nodes at the same volume (a flat stretch of the DVH) the hotter one counts
    after = np.clip(np.searchsorted(volume, fraction, side="left"), 1, volume.size - 1)
    span = volume[after] - volume[after - 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(
            span > 0.0, (fraction - volume[after - 1]) / span, fraction > volume[after]
        )
    share = np.clip(share, 0.0, 1.0)
    if fraction.ndim == 0:
        hotter, colder = dose[..., int(after) - 1], dose[..., int(after)]
    else:
        shape = np.broadcast_shapes(dose.shape[:-1], fraction.shape)
        rows = np.broadcast_to(dose, (*shape, dose.shape[-1]))
        column = np.broadcast_to(after, shape)[..., None]
        hotter = np.take_along_axis(rows, column - 1, axis=-1)[..., 0]
        colder = np.take_along_axis(rows, column, axis=-1)[..., 0]
    return hotter + share * (colder - hotter)


def share_at_dose(dose: np.ndarray, volume: np.ndarray, level: float) -> np.ndarray:
    """Vx: the share of the volume that receives at least a dose, shape (...).

    Doses are those at nodes, hottest first, shape (..., node); ``volume`` is the ascending share
    that receives at least each dose, shape (node,) or that of the doses. Linear between nodes; none
    above the hottest node, all at or below the coldest.

    Examples
    --------
    >>> nodes, volume = np.array([40.0, 30.0, 20.0]), np.array([0.0, 0.5, 1.0])
    >>> [float(share_at_dose(nodes, volume, level)) for level in (45.0, 35.0, 10.0)]
    [0.0, 0.25, 1.0]
    """
    dose = np.asarray(dose, dtype=float)
    volume = np.broadcast_to(np.asarray(volume, dtype=float), dose.shape)
    nodes = dose.shape[-1]
    above = (dose >= level).sum(axis=-1)  # nodes at or above the level
    last = np.clip(above, 1, max(nodes - 1, 1))[..., None]
    hot, cold, low, high = (
        np.take_along_axis(values, np.minimum(node, nodes - 1), axis=-1)[..., 0]
        for values in (dose, volume)
        for node in (last - 1, last)
    )
    fall = np.maximum(hot - cold, 1e-200)  # none of it where doses are alike
    share = low + (high - low) * np.clip((hot - level) / fall, 0.0, 1.0)
    share = np.where(above == 0, 0.0, np.where(above == nodes, 1.0, share))
    return np.where(np.isnan(dose[..., 0]), np.nan, share)


def share_of_parts(dose: np.ndarray, weight: np.ndarray, level: float) -> np.ndarray:
    """Vx of parts in any order, shape (...): the share of the volume at or above a dose.

    The parts are the last axis of doses, and of ``weight``, their shares of the volume. Each stands
    at the middle of the volume that it holds, and between them it is linear, as `share_at_dose`.

    Examples
    --------
    >>> doses, weight = np.array([20.0, 40.0, 30.0]), np.array([0.25, 0.25, 0.5])
    >>> [float(share_of_parts(doses, weight, level)) for level in (45.0, 30.0, 10.0)]
    [0.0, 0.5, 1.0]
    """
    dose = np.asarray(dose, dtype=float)
    weight = np.broadcast_to(np.asarray(weight, dtype=float), dose.shape)
    order = np.argsort(-dose, axis=-1, kind="stable")
    hottest_first, held = (np.take_along_axis(v, order, axis=-1) for v in (dose, weight))
    return share_at_dose(hottest_first, np.cumsum(held, axis=-1) - 0.5 * held, level)


def mean_dose(dose: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean dose [Gy] of doses (..., K) with weights (K,) that add up to 1.

    Examples
    --------
    >>> float(mean_dose(np.array([40.0, 20.0]), np.array([0.25, 0.75])))
    25.0
    """
    check_shares(weight)
    return (np.asarray(dose) * weight).sum(axis=-1)


def generalized_eud(dose: np.ndarray, weight: np.ndarray, a: Quantity) -> np.ndarray:
    r"""Generalized equivalent uniform dose [Gy].

    .. math:: gEUD = \Bigl(\sum_j w_j D_j^a\Bigr)^{1/a}

    It is the mean for a = 1, tends to the geometric mean for a to 0 and to the maximum and minimum
    for a to plus and minus infinity; these limits are returned. With a at or below 0, a voxel
    without dose makes it 0.

    Doses are not negative, in any order, and weights add up to 1. The exponent, 1/n of the LKB
    model, is a number or an array that broadcasts with the patients; a large one does not overflow.

    Examples
    --------
    >>> dose, weight = np.array([30.0, 10.0]), np.array([0.5, 0.5])
    >>> [round(float(generalized_eud(dose, weight, a)), 3) for a in (-np.inf, 0, 1, 2, 1e6)]
    [10.0, 17.321, 20.0, 22.361, 30.0]

    References
    ----------
    Niemierko (1999), Med. Phys. 26, 1100 (abstract).
    """
    dose, a = np.asarray(dose, dtype=float), np.asarray(a, dtype=float)
    if np.any(dose < 0.0):
        raise ValueError(f"dose must not be negative, got {dose.min()}")
    check_shares(weight)
    # relative to the dose that rules the sum, so that no power overflows
    extreme = np.where(a > 0.0, dose.max(axis=-1), dose.min(axis=-1))
    finite = np.where(np.isfinite(a), a, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reference = np.log(extreme)
        log_ratio = np.log(dose) - reference[..., None]
        eud = np.exp(reference + _log_power_mean(log_ratio, weight, finite))
    eud = np.where(np.isinf(a), extreme, eud)
    return np.where(extreme == 0.0, 0.0, eud)


def _log_power_mean(log_ratio: np.ndarray, weight: np.ndarray, a: np.ndarray) -> np.ndarray:
    power, small = a[..., None], np.abs(a) < 1.0
    if not small.any():
        return np.log((weight * np.exp(power * log_ratio)).sum(axis=-1)) / a
    # near a = 0 the sum is 1 plus very little: keep the little
    excess = (weight * np.expm1(power * log_ratio)).sum(axis=-1)
    log_sum = np.where(small, np.log1p(excess), np.log(1.0 + excess))
    geometric = (weight * log_ratio).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(a) < NEXT_TO_ZERO, geometric, log_sum / a)


def reduced_dose(dose: np.ndarray, weight: np.ndarray, a: Quantity) -> np.ndarray:
    r"""Generalized equivalent uniform dose of DVHs [Gy].

    .. math:: gEUD = \Bigl(\sum_j v_j D_j^a\Bigr)^{1/a}

    The same number as `generalized_eud`, which it falls back on where a
    power would overflow or vanish, several times as fast, and also for dose bins that all patients
    share.

    The parts of the volume are the last axis of dose and weight, each of shape (patient, part), or
    (part,) of bins or shares that all patients have in common; weights add up to 1.

    Examples
    --------
    >>> equal = np.full(5, 0.2)
    >>> round(float(reduced_dose(np.array([55.0, 58.0, 60.0, 62.0, 65.0]), equal, 5.0)), 4)
    60.3829
    """
    dose, weight = np.asarray(dose, dtype=float), np.asarray(weight, dtype=float)
    check_shares(weight)
    largest = float(dose.max(initial=0.0))
    if np.ndim(a) == 0 and SMALL <= a < np.inf and 0 < largest < np.inf:
        unit = 1.0 if abs(a * np.log(largest)) < LARGE else largest
        with np.errstate(under="ignore"):
            powers = np.power(dose if unit == 1.0 else dose / unit, a)
            mean = np.einsum("...j,...j->...", powers, weight)
            if mean.min(initial=1.0) > SAFE:
                return unit * mean ** (1.0 / a)
    # a part without any volume must not rule the sum
    held = np.where(weight > 0.0, dose, 0.0).max(axis=-1, keepdims=True)
    return generalized_eud(np.where(weight > 0.0, dose, held), weight, a)


def check_doses(dose: Quantity, weight: np.ndarray | None = None) -> None:
    """Refuse doses that are negative or not numbers, and shares of a volume that are not shares.

    The parts of a DVH are the last axis of dose [Gy]; ``weight`` are their shares of the volume.

    Raises
    ------
    ValueError
        It says what was wanted and what came.
    """
    dose = np.asarray(dose, dtype=float)
    if dose.size and not dose.min() >= 0.0:  # NaN is not
        wrong = dose[~(dose >= 0.0)].flat[0]
        raise ValueError(f"dose must be a number that is not negative, got {wrong:g}")
    if weight is not None:
        check_shares(weight)


def check_shares(weight: np.ndarray) -> None:
    """Refuse shares of a volume that are negative or do not add up to 1, such as cm3.

    Examples
    --------
    >>> check_shares(np.array([[0.5, 0.5], [0.2, 0.8]]))
    """
    weight = np.asarray(weight, dtype=float)
    if not (weight.ndim and weight.min(initial=0.0) >= 0.0):
        raise ValueError("the volumes of a DVH must be shares that are not negative")
    missing = np.abs(np.vecdot(weight, np.ones(weight.shape[-1])) - 1.0)
    if not missing.max(initial=0.0) <= TOLERATED_SUM:
        total = weight.sum(axis=-1).flat[int(np.argmax(missing))]
        raise ValueError(f"the volumes of a DVH must add up to 1, got {total:g}: is that in cm3?")


def cumulative_from_differential(volume_in_bin: np.ndarray) -> np.ndarray:
    """Volume that receives at least each bin edge's dose, from the volume in each dose bin.

    Bins ascend in dose on the last axis; n bins give n + 1 edges. A differential DVH printed as
    dV/dD must be multiplied by its bin width first.

    Examples
    --------
    >>> cumulative_from_differential(np.array([1.0, 3.0, 2.0])).tolist()
    [6.0, 5.0, 2.0, 0.0]
    """
    volume_in_bin = np.asarray(volume_in_bin, dtype=float)
    above = np.flip(np.cumsum(np.flip(volume_in_bin, axis=-1), axis=-1), axis=-1)
    return np.concatenate([above, np.zeros((*above.shape[:-1], 1))], axis=-1)


def nodes_from_cumulative(
    dose: np.ndarray, cumulative: np.ndarray, volume: np.ndarray
) -> np.ndarray:
    """Dose at the nodes [Gy], from one structure's cumulative DVH; see `curve_from_cumulative`.

    Where the curve ends above 0, its last dose is held.

    Parameters
    ----------
    volume
        Volume fractions of the nodes, shape (K,).

    Examples
    --------
    >>> nodes_from_cumulative([0.0, 20.0, 40.0], [8.0, 8.0, 0.0], [0.25, 0.5, 0.75]).tolist()
    [35.0, 30.0, 25.0]
    """
    share, hottest_first = curve_from_cumulative(dose, cumulative)
    return dose_at_volume(hottest_first, share, volume)


def curve_from_cumulative(
    dose: np.ndarray, cumulative: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ascending shares of the volume and the lowest dose [Gy] in each, from a cumulative DVH.

    Rises within the rounding of a printed table (0.1 % of the volume) are flattened; between its
    rows dose is straight over volume.

    Parameters
    ----------
    dose
        Ascending, shape (n,) [Gy].
    cumulative
        Volume that receives at least each dose, in any unit, shape (n,); the first is the whole.

    Examples
    --------
    >>> share, dose = curve_from_cumulative([0.0, 20.0, 40.0, 50.0], [8.0, 8.0, 0.0, 0.0])
    >>> share.tolist(), dose.tolist()
    ([0.0, 1.0, 1.0], [40.0, 20.0, 0.0])
    """
    dose, cumulative = np.asarray(dose, dtype=float), np.asarray(cumulative, dtype=float)
    if dose.ndim != 1 or dose.shape != cumulative.shape or dose.size < 2:
        raise ValueError(f"a DVH needs two or more rows, got {dose.shape} and {cumulative.shape}")
    if not (np.isfinite(dose).all() and np.isfinite(cumulative).all()):
        raise ValueError("a DVH must hold finite numbers only")
    if np.any(np.diff(dose) < 0.0) or dose[0] < 0.0:
        raise ValueError("the doses of a DVH must ascend from 0 or more")
    if not cumulative[0] > 0.0:
        raise ValueError(f"the volume of a DVH must begin above 0, got {cumulative[0]}")
    falling = np.minimum.accumulate(cumulative)
    if np.any(cumulative - falling > TOLERATED_RISE * cumulative[0]):
        raise ValueError("a cumulative DVH must not rise; is it a differential one?")
    share = np.clip(falling / cumulative[0], 0.0, 1.0)
    rows = np.count_nonzero(share > 0.0) + 1  # rows past the first empty one would not be hotter
    return share[:rows][::-1], dose[:rows][::-1]


def nodes_from_samples(
    samples: np.ndarray, volume: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """Dose at the nodes [Gy], from doses sampled in one structure; see `curve_from_samples`.

    Parameters
    ----------
    volume
        Volume fractions of the nodes, shape (K,), or one number.

    Examples
    --------
    >>> nodes_from_samples([10.0, 30.0], [0.25, 0.5, 0.75]).tolist()
    [30.0, 20.0, 10.0]
    """
    share, hottest_first = curve_from_samples(samples, weight)
    return dose_at_volume(hottest_first, share, volume)


def curve_from_samples(
    samples: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Ascending shares of the volume and the lowest dose [Gy] in each, from sampled doses.

    Each sample stands at the middle of the volume it holds once they are sorted.

    Parameters
    ----------
    samples
        Doses in any order, shape (n,) [Gy].
    weight
        Volume that each sample holds, in any unit, shape (n,); equal shares if left out.

    Examples
    --------
    >>> share, dose = curve_from_samples([10.0, 30.0])
    >>> share.tolist(), dose.tolist()
    ([0.25, 0.75], [30.0, 10.0])
    """
    samples = np.asarray(samples, dtype=float)
    weight = np.ones(samples.shape) if weight is None else np.asarray(weight, dtype=float)
    if samples.ndim != 1 or samples.size == 0 or samples.shape != weight.shape:
        raise ValueError(
            f"samples and weights must be two lists of the same length above 0, "
            f"got shapes {samples.shape} and {weight.shape}"
        )
    if not np.isfinite(samples).all() or not np.all(weight > 0.0):
        raise ValueError("sampled doses must be finite and their weights above 0")
    hottest_first = np.argsort(-samples, kind="stable")
    held = weight[hottest_first]
    upto = np.cumsum(held)
    return (upto - held / 2.0) / upto[-1], samples[hottest_first]
