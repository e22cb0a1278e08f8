"""Win ratio and net benefit: every patient of one arm against every one of the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from radsim.trial.survival.verdict import Verdict, normal_test, two_sided_z
from radsim.vocabulary.mistakes import require


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
        """Return the interval of the net benefit; from -1 to 1 where pairs do not differ."""
        reach = np.where(self.benefit_error > 0.0, two_sided_z(level) * self.benefit_error, 2.0)
        lower, upper = self.net_benefit - reach, self.net_benefit + reach
        return np.maximum(lower, -1.0), np.minimum(upper, 1.0)


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
    keys = [_keys(each.time.reshape(-1, size), each.seen.reshape(-1, size)) for each in compared]
    goods = [each.good for each in compared]
    parts = [
        _one_trial(arms[i], [(first[i], after[i]) for first, after in keys], goods)
        for i in range(len(arms))
    ]
    score, variance, *rest = (np.array(part) for part in zip(*parts, strict=True))
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


def _keys(time: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers by which a patient i has the event first of a pair: first[i] < after[j].

    At a time, events come before ends of observation.
    """
    order = np.argsort(time, axis=-1, kind="stable")
    ordered = np.take_along_axis(time, order, axis=-1)
    rank = np.zeros(time.shape, np.int32)
    np.put_along_axis(
        rank, order[..., 1:], np.cumsum(np.diff(ordered, axis=-1) > 0.0, axis=-1), axis=-1
    )
    after = 2 * rank + ~seen
    return np.where(seen, after, 2 * time.shape[-1] + 1).astype(np.int32), after.astype(np.int32)


def _one_trial(
    arm: np.ndarray, keys: list[tuple[np.ndarray, np.ndarray]], goods: list[bool]
) -> tuple[float, float, np.ndarray, np.ndarray, float, float]:
    """Score, its variance, wins and losses by what decided, and the errors, of one trial."""
    order = np.argsort(arm, kind="stable")[np.count_nonzero(arm < 0) :]  # arm 0, then arm 1
    n0, n = int(np.count_nonzero(arm == 0)), len(order)
    n1 = n - n0
    pairs = max(n0 * n1, 1)
    result = np.zeros((n, n), np.int8)  # 1 where the row fares better
    left = np.ones((n, n), bool)
    won_by, lost_by = np.zeros((2, len(keys)))
    for place, ((first, after), good) in enumerate(zip(keys, goods, strict=True)):
        mine, others = first[order], after[order]
        sooner = left & (mine[:, np.newaxis] < others)
        later = left & (mine < others[:, np.newaxis])
        better, worse = (sooner, later) if good else (later, sooner)
        result += better
        result -= worse
        left ^= sooner | later
        won_by[place] = np.count_nonzero(better[n0:, :n0]) / pairs
        lost_by[place] = np.count_nonzero(worse[n0:, :n0]) / pairs
    scores = result.sum(axis=1, dtype=float)
    variance = n0 * n1 / max(n * (n - 1), 1) * float((scores**2).sum())
    across = result[n0:, :n0]
    return (float(scores[n0:].sum()), variance, won_by, lost_by, *_errors(across))


def _errors(across: np.ndarray) -> tuple[float, float]:
    """Errors of the log win ratio and the net benefit, from each patient's shares of pairs.

    Parameters
    ----------
    across
        1, 0 or -1 where a patient of arm 1 (row) fares better than one of arm 0, alike or worse.
    """
    if across.size == 0:
        return np.inf, np.inf
    wins, losses = across > 0, across < 0
    won, lost = float(wins.mean()), float(losses.mean())
    ratio = benefit = 0.0
    for axis in (0, 1):
        mine_won, mine_lost = wins.mean(axis=axis), losses.mean(axis=axis)
        n = len(mine_won)
        benefit += float(((mine_won - mine_lost - (won - lost)) ** 2).sum()) / (n * max(n - 1, 1))
        if won > 0.0 and lost > 0.0:
            gap = mine_won / won - mine_lost / lost
            ratio += float((gap**2).sum()) / (n * max(n - 1, 1))
    return (float(np.sqrt(ratio)) if won > 0.0 and lost > 0.0 else np.inf), float(np.sqrt(benefit))
