"""Patients taken as they are, as a sample: the interval that a bootstrap of their rows gives."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from scipy import special

from radsim.randomness.streams import Streams
from radsim.results.fields import ESTIMATE, Numbers
from radsim.sums.as_they_are import Rows
from radsim.sums.intervals import paired_interval, paired_ratio_interval, wilson_interval
from radsim.sums.moments import FEW

RESAMPLES = 2000  # its quantiles are good to about 3 % of the interval's width
FIXED = 0  # seed of the resampling: the interval is that of the rows alone, whatever the luck
SAMPLE = ("sample_lower", "sample_upper")  # roles, behind that of what the interval is of
MEANING = "end of the 95 % interval over other patients like these, by a bootstrap of rows, of: "


@lru_cache(maxsize=2)
def resamples(rows: int) -> np.ndarray:
    """How often each row of a table comes in each resample, shape (resample, row).

    Examples
    --------
    >>> resamples(60).shape, sorted(set(resamples(60).sum(axis=1).tolist()))
    ((2000, 60), [60.0])
    """
    streams, everyone = Streams(FIXED), range(rows)
    drawn = (streams.uniforms(f"resample/{i}", everyone) * rows for i in range(RESAMPLES))
    return np.stack([np.bincount(d.astype(np.int64), minlength=rows) for d in drawn]).astype(float)


def sample_ends(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    r"""95 % interval from the values of resamples, shape (2, ...); missing values are left out.

    Quantiles of the resamples, at probabilities that give a mean of few rows its coverage:

    .. math:: \alpha / 2 = \Phi\bigl(-\sqrt{n / (n - 1)}\; t_{0.975,\, n - 1}\bigr)

    Parameters
    ----------
    values
        Shape (resample, ...).
    rows
        How many rows there are, n; broadcasts to the values of a resample.

    Examples
    --------
    >>> sample_ends(np.linspace(0.0, 1.0, 1001), np.array(60)).round(3).tolist()
    [0.022, 0.978]

    References
    ----------
    Efron (1979), Ann. Stat. 7, 1-26; Hesterberg (2015), Am. Stat. 69, 371-386, on few rows.
    """
    ordered, there = np.sort(values, axis=0), np.isfinite(values).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # a single row says nothing of others
        reach = np.sqrt(rows / (rows - 1.0)) * special.stdtrit(rows - 1.0, 0.975)
    tail = special.ndtr(-reach)
    ends = []
    for share in (tail, 1.0 - tail):
        place = np.nan_to_num(share * np.maximum(there - 1, 0))
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(there - 1, 0))
        low, high = (np.take_along_axis(ordered, i[np.newaxis], axis=0)[0] for i in (below, above))
        ends.append(
            np.where(np.isfinite(reach) & (there > 0), low + (place - below) * (high - low), np.nan)
        )
    return np.stack(ends)


def sample_numbers(
    role: str, rows: Rows, reference: int, meaning: str, *, counted: bool = False
) -> Iterator[Numbers]:
    """Intervals over other patients like these of a mean, its difference and its ratio.

    All arms have the same resamples. Of a share that was counted in few, and of differences and
    ratios of such, the interval is at least the score interval of so many patients. Means alone
    unless the role is that of an estimate.
    """
    weights = resamples(rows.value.shape[-1])
    members, number = _beside(rows.members, rows.value), (rows.members > 0).sum(axis=-1)
    number = _beside(number[..., np.newaxis], rows.value)[..., 0] + np.zeros(rows.value.shape[:-1])
    patients = members.sum(axis=-1)

    def over_resamples(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean, and how far that of each resample is from it; exactly none where rows are alike."""
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = sums.sum(axis=-1) / patients
            apart = sums - mean[..., np.newaxis] * members
            shift = np.einsum("bn,...n->b...", weights, apart)
            return mean, shift / np.einsum("bn,...n->b...", weights, members)

    mean, shift = over_resamples(rows.value)
    ends = np.clip(mean + sample_ends(shift, number), 0.0, 1.0)
    few = counted & (np.minimum(mean, 1.0 - mean) * number < FEW)
    yield from _named(role, meaning, *_at_least(ends, few, wilson_interval(mean, number)))
    if role != ESTIMATE:
        return
    change, other = over_resamples(rows.change)
    with np.errstate(divide="ignore", invalid="ignore"):
        unlike = np.abs(rows.change).sum(axis=-1) / patients
        theirs = mean + shift
        base = theirs - (change + other)
        ratio = np.where(base > 0, theirs / base, np.nan)
    ends = np.clip(change + sample_ends(other, number), -1.0, 1.0)
    few_unlike = counted & (unlike * number < FEW)
    differences = _at_least(ends, few_unlike, paired_interval(unlike, change, number))
    few = few | few[:, [reference]] | few_unlike
    score = paired_ratio_interval(mean, mean - change, unlike, number)
    ratios = _at_least(sample_ends(ratio, number), few, score)
    for of, ends in (("difference", differences), ("ratio", ratios)):
        for end in ends:
            end[:, reference] = np.nan  # an arm is not compared with itself
        yield from _named(of, meaning, *ends)


def _at_least(ends: np.ndarray, few: np.ndarray, score: tuple[np.ndarray, ...]) -> np.ndarray:
    """Ends of an interval, where patients are few no nearer than those of a score interval."""
    lower, upper = np.fmin(ends[0], score[0]), np.fmax(ends[1], score[1])
    return np.where(few, [lower, upper], ends)


def _named(role: str, meaning: str, *ends: np.ndarray) -> Iterator[Numbers]:
    for name, side, values in zip(SAMPLE, ("lower", "upper"), ends, strict=True):
        yield (
            name if role == ESTIMATE else f"{role}_{name}",
            values,
            "1",
            f"{side} {MEANING}{meaning}",
        )


def _beside(members: np.ndarray, values: np.ndarray) -> np.ndarray:
    shape = (*members.shape[:-1], *(1,) * (values.ndim - members.ndim), members.shape[-1])
    return np.broadcast_to(members.reshape(shape), values.shape)
