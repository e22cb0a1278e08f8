r"""Quantiles of an organ whose dose is a product: depth says one factor, length the other.

The volume at or above a level d is an integral over depth. Where the dose in the middle of the
target is A, so much of the length reaches the level:

.. math:: \min\Bigl(\frac{\ell}{\rho} \Bigl(1 - \frac{d}{A}\Bigr), f\Bigr)_+
          + \min\Bigl(\frac{1}{R} \ln\frac{(1 - \rho f / \ell) A}{d}, 1 - f\Bigr)_+

with :math:`\ell` the length beside the target over that of the organ, f its smaller one of 1, and
the roll-off :math:`\rho` and reach R of `radsim.dose.anatomy.outer_organ`. Both are linear in
volume between nodes of depth. Because depth and length are independent, a generalized mean is that
of depth times that of length. A squared dose has the square of either factor, its root the same.
"""

import math
from typing import NamedTuple

import numpy as np

from radsim.dose.nodes.kernels import compiled, step

HALVINGS = 32  # of a bracket, to some nanogray
REFINED = 20  # steps of a search; the first few of them of regula falsi
QUICK = 4
NARROW = 1e-4  # relative error of dose or of volume that ends it
LEAST_ROLLOFF = 1e-9  # stands in for none
LEAST_DOSE = 1e-300


class Depth(NamedTuple):
    """Doses of one patient at nodes of depth, in the middle of the target, hottest first.

    ``log`` are their logarithms, ``inverse`` one over them, ``share`` the shares of the volume
    before the nodes.
    """

    log: np.ndarray
    inverse: np.ndarray
    share: np.ndarray


class Length(NamedTuple):
    """What is said of one patient's organ in length, see the first lines."""

    faced: float
    rolloff: float
    reach: float


@step
def _clipped(left: float, right: float, most: float) -> float:
    """Mean between two places of a line from left to right, kept between 0 and most."""
    if left >= most and right >= most:
        return most
    if left <= 0.0 and right <= 0.0:
        return 0.0
    low, high = min(left, right), max(left, right)
    if low >= 0.0 and high <= most:
        return 0.5 * (low + high)
    from_low, to_high = max(low, 0.0), min(high, most)
    ramp = 0.5 * (to_high - from_low) * (to_high + from_low)
    return (ramp + most * max(high - most, 0.0)) / (high - low)


@step
def _share_above(level: float, depth: Depth, length: Length) -> float:
    """Share of the volume at or above a level, given as a logarithm."""
    dose, inside = math.exp(level), min(length.faced, 1.0)
    slope, per_reach = length.faced / max(length.rolloff, LEAST_ROLLOFF), 1.0 / length.reach
    end = math.log(1.0 - length.rolloff * inside / length.faced) - level
    total = before = before_beyond = 0.0
    for node in range(len(depth.log)):
        beside = slope * (1.0 - dose * depth.inverse[node])
        beyond = (end + depth.log[node]) * per_reach
        if node > 0:
            part = _clipped(before, beside, inside)
            if inside < 1.0:
                part += _clipped(before_beyond, beyond, 1.0 - inside)
            total += part * (depth.share[node] - depth.share[node - 1])
        if beside <= 0.0 and beyond <= 0.0:  # colder from here on
            break
        before, before_beyond = beside, beyond
    return total


@step
def _mean_in_depth(value: np.ndarray, weight: np.ndarray, exponent: float) -> float:
    """Generalized mean of the doses at nodes of depth, which fall; the walls have no weight."""
    ruling = max(value[1] if exponent > 0.0 else value[len(value) - 2], LEAST_DOSE)
    total = 0.0
    for node in range(1, len(value) - 1):
        total += weight[node] * (max(value[node], LEAST_DOSE) / ruling) ** exponent
    return ruling * total ** (1.0 / exponent)


@step
def _mean_along(share: np.ndarray, weight: np.ndarray, length: Length, exponent: float) -> float:
    """Generalized mean along the length of dose as a share of that in the middle of the target.

    Beside the target and beyond it apart, each at nodes of its own.
    """
    inside = min(length.faced, 1.0)
    lost, fall = length.rolloff * inside / length.faced, length.reach * (1.0 - inside)
    ruling = 1.0 if exponent > 0.0 else max((1.0 - lost) * math.exp(-fall), LEAST_DOSE)
    total = 0.0
    for node in range(1, len(share) - 1):
        beside = (1.0 - lost * share[node]) / ruling
        beyond = (1.0 - lost) * math.exp(-fall * share[node]) / ruling
        total += weight[node] * inside * max(beside, LEAST_DOSE) ** exponent
        total += weight[node] * (1.0 - inside) * max(beyond, LEAST_DOSE) ** exponent
    return ruling * total ** (1.0 / exponent)


@step
def _fill_depth(value: np.ndarray, depth: Depth) -> None:
    for node in range(len(value)):
        depth.log[node] = math.log(max(value[node], LEAST_DOSE))
        depth.inverse[node] = 1.0 / max(value[node], LEAST_DOSE)


@step
def _level_of(
    volume: float,
    top: float,
    top_share: float,
    bottom: float,
    bottom_share: float,
    depth: Depth,
    length: Length,
) -> float:
    """Level with this share of the volume at or above it, between two levels, as logarithms."""
    over, under = volume - top_share, bottom_share - volume
    found = bottom
    for tried in range(REFINED):
        if under <= 0.0 or top - bottom < NARROW:
            break
        part = over / (over + under) if tried < QUICK else 0.5
        found = top + part * (bottom - top)
        excess = _share_above(found, depth, length) - volume
        if abs(excess) < NARROW * volume:
            break
        if excess > 0.0:  # the end that stays counts half
            bottom, under, over = found, excess, 0.5 * over
        else:
            top, over, under = found, -excess, 0.5 * under
    return found


@compiled
def product_nodes(
    value: np.ndarray,
    share: np.ndarray,
    faced: np.ndarray,
    rolloff: np.ndarray,
    reach: np.ndarray,
    levels: np.ndarray,
    volume: np.ndarray,
    filled: np.ndarray,
) -> None:
    """Fill the doses at shares of volume, which rise, shape (patient, node).

    ``value`` are the doses at nodes of depth, in the middle of the target. ``levels`` are doses
    from the hottest to the coldest, shape (patient, level), between which a search begins.
    """
    depth = Depth(np.empty(len(share)), np.empty(len(share)), share)
    for patient in range(len(value)):
        _fill_depth(value[patient], depth)
        length = Length(faced[patient], rolloff[patient], reach[patient])
        place = 0
        low, low_share = math.log(max(levels[patient, 0], LEAST_DOSE)), 0.0
        high, high_share, found = low, 0.0, low
        for node in range(len(volume)):
            while low_share < volume[node] and place < levels.shape[1] - 1:
                place += 1
                high, high_share = low, low_share
                low = math.log(max(levels[patient, place], LEAST_DOSE))
                low_share = max(high_share, _share_above(low, depth, length))
            level = _level_of(volume[node], high, high_share, low, low_share, depth, length)
            found = min(found, level)
            filled[patient, node] = math.exp(found)


@compiled
def product_quantile(
    value: np.ndarray,
    share: np.ndarray,
    faced: np.ndarray,
    rolloff: np.ndarray,
    reach: np.ndarray,
    hottest: np.ndarray,
    filled: np.ndarray,
) -> None:
    """Fill the dose of the hottest share of each patient's volume; NaN of a share above 1.

    A share of 0 is the maximum.
    """
    depth = Depth(np.empty(len(share)), np.empty(len(share)), share)
    for patient in range(len(value)):
        if not hottest[patient] <= 1.0:
            filled[patient] = np.nan
            continue
        length = Length(faced[patient], rolloff[patient], reach[patient])
        _fill_depth(value[patient], depth)
        low, high = 0.0, value[patient, 0]
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            level = math.log(max(middle, LEAST_DOSE))
            if _share_above(level, depth, length) > hottest[patient]:
                low = middle
            else:
                high = middle
        filled[patient] = high


@compiled
def product_mean(
    value: np.ndarray,
    share: np.ndarray,
    weight: np.ndarray,
    faced: np.ndarray,
    rolloff: np.ndarray,
    reach: np.ndarray,
    exponent: float,
    filled: np.ndarray,
) -> None:
    """Fill the generalized mean of each patient's volume: that of a product is the product."""
    for patient in range(len(value)):
        length = Length(faced[patient], rolloff[patient], reach[patient])
        along = _mean_along(share, weight, length, exponent)
        filled[patient] = _mean_in_depth(value[patient], weight, exponent) * along


@compiled
def surface_doses(
    level: np.ndarray,
    hottest: np.ndarray,
    exponent: float,
    growth: np.ndarray,
    share: np.ndarray,
    weight: np.ndarray,
    faced: np.ndarray,
    rolloff: np.ndarray,
    reach: np.ndarray,
    plateau: np.ndarray,
    valley: np.ndarray,
    highest: np.ndarray,
    lowest: np.ndarray,
    surface: np.ndarray,
    excess: np.ndarray,
) -> None:
    """Fill the highest dose at the target's far surface that keeps an organ's limit.

    The ``hottest`` share of the organ may have ``level`` [Gy], a share of 0 is its maximum; or its
    generalized mean may, unless the exponent is 0. ``growth`` is exp(y / falloff) at its nodes of
    depth. Where even the lowest surface dose breaks the limit, that one is taken, and ``excess`` is
    the share of volume on the wrong side, or the relative excess of maximum or mean.
    """
    value = np.empty(len(share))
    depth = Depth(np.empty(len(share)), np.empty(len(share)), share)
    for patient in range(len(level)):
        surface[patient], excess[patient] = highest[patient], 0.0
        if not level[patient] < np.inf:
            continue
        length = Length(faced[patient], rolloff[patient], reach[patient])
        along = _mean_along(share, weight, length, exponent) if exponent != 0.0 else 1.0
        log = math.log(max(level[patient], LEAST_DOSE))
        height = plateau[patient] - valley[patient]
        low, high = lowest[patient], highest[patient]
        for tried_before in range(HALVINGS + 2):  # both ends first
            tried = 0.5 * (low + high)
            if tried_before < 2:
                tried = high if tried_before == 0 else low
            rise = (plateau[patient] - tried) / (tried - valley[patient])
            for node in range(len(value)):
                value[node] = valley[patient] + height / (1.0 + rise * growth[patient, node])
            if exponent != 0.0:
                mean = _mean_in_depth(value, weight, exponent) * along
                over = mean / level[patient] - 1.0
            elif hottest[patient] > 0.0:
                _fill_depth(value, depth)
                over = _share_above(log, depth, length) - hottest[patient]
            else:
                over = value[0] / level[patient] - 1.0
            if tried_before == 0 and over <= 0.0:
                break
            if tried_before == 1 and over > 0.0:
                surface[patient], excess[patient] = low, over
                break
            if tried_before > 0:
                if over > 0.0:
                    high = tried
                else:
                    low = surface[patient] = tried
