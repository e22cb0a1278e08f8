"""Win ratio and net benefit: every patient of one arm against every one of the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from radsim.trial.survival.subjects import ARMS
from radsim.trial.survival.verdict import Verdict, normal_test, two_sided_z
from radsim.vocabulary.mistakes import require

PAIRS = 2**20  # that are compared at once; changes no result


@dataclass(frozen=True)
class Compared:
    """One thing that patients are compared by, arrays of the shape (..., patient).

    Attributes
    ----------
    time
        Of the event, or of the end of observation [months].
    seen
        Whether it is of the event.
    good
        Whether it is better to have the event, and sooner, such as relief of pain.
    """

    time: np.ndarray
    seen: np.ndarray
    good: bool = False


@dataclass(frozen=True)
class Wins:
    """Pairs of a patient of arm 1 and one of arm 0; every array has the shape of the trials.

    Attributes
    ----------
    won, lost, tied
        Shares of the pairs in which the patient of arm 1 fares better, worse, or neither.
    won_by, lost_by
        The same by what decided, shape (..., compared).
    test
        Finkelstein and Schoenfeld's: the sum of the scores of arm 1 with its variance over
        permutations; z is above 0 if arm 1 fares better.
    log_ratio_error, benefit_error
        Standard errors of the logarithm of the win ratio and of the net benefit (Bebu and Lachin);
        that of the ratio infinite where nobody wins or nobody loses.
    """

    won: np.ndarray
    lost: np.ndarray
    tied: np.ndarray
    won_by: np.ndarray
    lost_by: np.ndarray
    test: Verdict
    log_ratio_error: np.ndarray
    benefit_error: np.ndarray

    @property
    def estimable(self) -> np.ndarray:
        """Whether there are wins and losses, so that they have a ratio."""
        return (self.won > 0.0) & (self.lost > 0.0)

    @property
    def log_ratio(self) -> np.ndarray:
        """Logarithm of wins over losses; 0 where there are none of either."""
        some = self.estimable
        return np.log(np.where(some, self.won, 1.0) / np.where(some, self.lost, 1.0))

    @property
    def net_benefit(self) -> np.ndarray:
        """Share of pairs won minus share lost."""
        return self.won - self.lost

    def ratio_interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Return the interval of the win ratio; from 0 to infinity where it is not estimable."""
        reach = two_sided_z(level) * self.log_ratio_error
        return np.exp(self.log_ratio - reach), np.exp(self.log_ratio + reach)

    def benefit_interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Return the interval of the net benefit."""
        reach = two_sided_z(level) * self.benefit_error
        return self.net_benefit - reach, self.net_benefit + reach


def compare_patients(compared: Sequence[Compared], arm: ArrayLike) -> Wins:
    """Compare all pairs by the first thing, those it leaves tied by the second, and so on.

    Who is seen to have an event, while the other is still watched without it, loses the pair
    (wins it, if the event is good). Whatever lies beyond the shorter of the two observations
    decides nothing.

    Parameters
    ----------
    compared
        The most important first.
    arm
        0 or 1; -1 for who is not analysed. Shape (..., patient).

    Examples
    --------
    >>> death = Compared(np.array([5.0, 9.0, 9.0, 9.0]), np.array([True, False, False, False]))
    >>> failure = Compared(np.array([5.0, 3.0, 6.0, 9.0]), np.array([False, True, True, False]))
    >>> wins = compare_patients([death, failure], [0, 0, 1, 1])
    >>> float(wins.won), float(wins.lost), wins.won_by.tolist()
    (1.0, 0.0, [0.5, 0.5])

    References
    ----------
    Pocock, Ariti, Collier and Wang (2012), Eur. Heart J. 33, 176-182. Buyse (2010), Stat. Med. 29,
    3245-3257. Finkelstein and Schoenfeld (1999), Stat. Med. 18, 1341-1354. Bebu and Lachin (2016),
    Biostatistics 17, 178-187.
    """
    require(len(compared) > 0, "compared: name at least one thing that patients are compared by")
    arm = np.asarray(arm)
    shape, size = arm.shape[:-1], arm.shape[-1]
    for each in compared:
        require(
            each.time.shape == each.seen.shape == arm.shape,
            f"compared: must have the shape of arm, {arm.shape}, got {each.time.shape}",
        )
    arms = arm.reshape(-1, size)
    times = [each.time.reshape(-1, size) for each in compared]
    seen = [each.seen.reshape(-1, size) for each in compared]
    goods = [each.good for each in compared]
    step = max(PAIRS // size**2, 1)
    parts = [
        _some(arms[i : i + step], [t[i : i + step] for t in times],
              [s[i : i + step] for s in seen], goods)
        for i in range(0, len(arms), step)
    ]  # fmt: skip
    score, variance, *rest = (np.concatenate(part) for part in zip(*parts, strict=True))
    won_by, lost_by, ratio_error, benefit_error = rest
    verdict = normal_test(score, variance)
    test = Verdict(*(a.reshape(shape) for a in (verdict.z, verdict.p_value, verdict.estimable)))
    won, lost = won_by.sum(axis=-1), lost_by.sum(axis=-1)
    by = (*shape, len(compared))
    return Wins(
        won.reshape(shape), lost.reshape(shape), (1.0 - won - lost).reshape(shape),
        won_by.reshape(by), lost_by.reshape(by), test, ratio_error.reshape(shape),
        benefit_error.reshape(shape),
    )  # fmt: skip


def _some(
    arm: np.ndarray, times: list[np.ndarray], seen: list[np.ndarray], goods: list[bool]
) -> tuple[np.ndarray, ...]:
    """Score, its variance, wins and losses by what decided, and the errors, of some trials."""
    trials, size = arm.shape
    result = np.zeros((trials, size, size), np.int8)  # 1 where the row fares better
    groups = [arm == a for a in ARMS]
    n0, n1 = (np.count_nonzero(group, axis=-1).astype(float) for group in groups)
    pairs = np.maximum(n0 * n1, 1.0)
    across = groups[1].astype(np.float32)[:, :, np.newaxis] * groups[0][:, np.newaxis, :]
    left = np.ones(result.shape, bool)
    won_by, lost_by = np.zeros((2, trials, len(times)))
    for place, (time, event, good) in enumerate(zip(times, seen, goods, strict=True)):
        first = time[:, :, np.newaxis] < time[:, np.newaxis, :]
        first |= (time[:, :, np.newaxis] == time[:, np.newaxis, :]) & ~event[:, np.newaxis, :]
        first &= event[:, :, np.newaxis]  # the row is seen with it, the column still without
        first &= left
        after = first.transpose(0, 2, 1)
        better, worse = (first, after) if good else (after, first)
        result += better.astype(np.int8)
        result -= worse.astype(np.int8)
        left &= ~(first | after)
        won_by[:, place] = np.einsum("tij,tij->t", across, better, dtype=float) / pairs
        lost_by[:, place] = np.einsum("tij,tij->t", across, worse, dtype=float) / pairs
    there = groups[0] | groups[1]
    inside = result * there[:, np.newaxis, :]
    scores = inside.sum(axis=-1, dtype=float) * there
    n = n0 + n1
    score = (scores * groups[1]).sum(axis=-1)
    variance = n0 * n1 / np.maximum(n * (n - 1.0), 1.0) * (scores**2).sum(axis=-1)
    return (score, variance, won_by, lost_by, *_errors(result, groups, n0, n1))


def _errors(
    result: np.ndarray, groups: list[np.ndarray], n0: np.ndarray, n1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the log win ratio and the net benefit, from each patient's shares of pairs."""
    wins, losses = result > 0, result < 0
    parts = []
    for mine, others, axis, n in ((1, 0, -1, n1), (0, 1, -2, n0)):
        other = groups[others][:, np.newaxis, :] if axis == -1 else groups[others][:, :, np.newaxis]
        members = groups[mine]
        count = np.maximum((n0 + n1) - n, 1.0)[:, np.newaxis]
        each = [(r & other).sum(axis=axis, dtype=float) / count for r in (wins, losses)]
        mean = [(e * members).sum(axis=-1) / np.maximum(n, 1.0) for e in each]
        parts.append((each, mean, members, n))
    won, lost = parts[0][1]
    some = (won > 0.0) & (lost > 0.0)
    ratio = np.where(some, 0.0, np.inf)
    benefit = np.zeros(len(n0))
    for each, mean, members, n in parts:
        free = np.maximum(n - 1.0, 1.0) * np.maximum(n, 1.0)
        gap = [(e - m[:, np.newaxis]) * members for e, m in zip(each, mean, strict=True)]
        benefit += ((gap[0] - gap[1]) ** 2).sum(axis=-1) / free
        scaled = [
            g / np.where(some, share, 1.0)[:, np.newaxis]
            for g, share in zip(gap, (won, lost), strict=True)
        ]
        ratio += ((scaled[0] - scaled[1]) ** 2).sum(axis=-1) / free
    return np.sqrt(ratio), np.sqrt(benefit)
