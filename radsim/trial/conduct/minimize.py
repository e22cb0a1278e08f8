"""Put patients, one after the other, where minimization makes the arms most alike."""

import numpy as np


def minimized(levels: np.ndarray, arms: int, probability: float, luck: np.ndarray) -> np.ndarray:
    """Arm of each patient of some trials, shape (trial, patient).

    Parameters
    ----------
    levels
        Level of each patient in each factor, shape (factor, trial, patient).
    probability
        With which the arm is taken that leaves the arms most alike.
    luck
        Uniforms of the choice and of what decides between equals, shape (2, trial, patient).

    Examples
    --------
    >>> levels = np.array([[[0, 0, 1, 1]]])
    >>> arm = minimized(levels, 2, 1.0, np.full((2, 1, 4), 0.3))
    >>> [int(arm[0, :2].sum()), int(arm[0, 2:].sum())]  # one of each arm at either level
    [1, 1]
    """
    factors, trials, patients = levels.shape
    counts = np.zeros((factors, trials, int(levels.max()) + 1, arms), np.int32)
    each_factor, each_trial = np.arange(factors)[:, np.newaxis], np.arange(trials)
    arm = np.empty((trials, patients), np.int8)
    for patient in range(patients):
        mine = levels[:, :, patient]
        here = counts[each_factor, each_trial, mine]  # (factor, trial, arm)
        sums = np.stack([_range_with(here, other) for other in range(arms)], axis=-1)
        alike = sums <= sums.min(axis=-1, keepdims=True)
        best = _pick(alike, luck[1, :, patient])
        chosen = best
        if probability < 1.0:
            u = luck[0, :, patient]
            step = np.floor((u - probability) / (1.0 - probability) * (arms - 1)).astype(int)
            other = (best + 1 + np.clip(step, 0, arms - 2)) % arms
            chosen = np.where(u < probability, best, other)
            tied = alike.all(axis=-1)  # nothing to choose between
            chosen = np.where(tied, best, chosen)
        arm[:, patient] = chosen
        counts[each_factor, each_trial, mine, chosen] += 1
    return arm


def _range_with(counts: np.ndarray, arm: int) -> np.ndarray:
    """Sum over the factors of the range between arms, were the patient put into one of them."""
    there = counts.copy()
    there[..., arm] += 1
    return (there.max(axis=-1) - there.min(axis=-1)).sum(axis=0)


def _pick(choices: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Pick one of the arms that may be chosen, each with the same probability."""
    place = np.floor(u * choices.sum(axis=-1)).astype(int)
    return np.argmax(np.cumsum(choices, axis=-1) > place[:, np.newaxis], axis=-1)
