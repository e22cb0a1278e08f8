"""Which choices move a difference between two arms most: other models, and what is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.stats import f

from radsim.experiment.model import Experiment
from radsim.results.fields import name_of
from radsim.results.reading import select_estimate
from radsim.sums.intervals import Z95
from radsim.vocabulary.endpoints import Estimate

CLEAR = 0.001  # chance that a key which does nothing is told


@dataclass(frozen=True)
class Choice:
    """How far one choice moves a difference.

    Attributes
    ----------
    name
        The key of the file, or the name of a group of keys that are drawn together.
    lowest, highest
        The difference at both ends, in shares of patients.
    lowest_at, highest_at
        The values of the key there; empty where it is drawn.
    """

    name: str
    lowest: float
    lowest_at: str
    highest: float
    highest_at: str

    @property
    def is_drawn(self) -> bool:
        """Say whether it is the spread that its draws make, the others being as they fall."""
        return not self.lowest_at

    @property
    def range(self) -> float:
        """From the lowest to the highest difference."""
        return self.highest - self.lowest


def choices_of(
    result: xr.Dataset, experiment: Experiment, estimate: Estimate, arm: str
) -> list[Choice]:
    """Rank what moves an arm's difference from the reference at the last time.

    Of a key of ``[uncertainty.models]`` the ends are its own values and the file's, one at a time.
    Of what is drawn they are the center plus and minus 1.96 standard deviations of what a linear
    regression on it explains over the draws (see `explained`). A key that is both is told by its
    values.
    """
    here, reference = result.isel(months=-1), experiment.reference
    own = float(select_estimate(here, name_of(estimate.difference)).sel(arm=arm))
    choices = list(_of_models(here, experiment, estimate, arm, own))
    told = {choice.name for choice in choices}
    if name_of(estimate, "draws") in here:
        draws = select_estimate(here, name_of(estimate, "draws"))
        values = (draws.sel(arm=arm) - draws.sel(arm=reference)).values
        for factor in experiment.study.factors:
            if told.isdisjoint(factor.keys):
                drawn = [_columns(here[f"drawn {key}"].values) for key in factor.keys]
                reach = Z95 * np.sqrt(explained(values, np.hstack(drawn)))
                choices.append(Choice(factor.name, own - reach, "", own + reach, ""))
    moving = (choice for choice in choices if choice.range > 0.0)
    return sorted(moving, key=lambda choice: -choice.range)


def explained(values: np.ndarray, drawn: np.ndarray) -> float:
    """Variance of some values that a linear regression on drawn keys, (draw, key), explains.

    With n draws of p keys it is v - r, with v the variance of the values and r the sum of squares
    that is left over n - p - 1, so that 0 is expected of keys that do nothing; and 0 where an F
    test does not tell them from such keys at the level `CLEAR`.

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 101)
    >>> round(float(explained(3.0 * x, x[:, np.newaxis]) / (3.0 * x).var(ddof=1)), 6)
    1.0
    """
    draws, keys = drawn.shape
    total = float(((values - values.mean()) ** 2).sum())
    if draws - keys - 1 < 1 or not total > 0.0:
        return 0.0
    centered = drawn - drawn.mean(axis=0)
    scale = np.where((spread := centered.std(axis=0)) > 0.0, spread, 1.0)
    design = np.column_stack([np.ones(draws), centered / scale])
    fitted, *_ = np.linalg.lstsq(design, values, rcond=None)
    left = float(((values - design @ fitted) ** 2).sum())
    variance, residual = total / (draws - 1), left / (draws - keys - 1)
    ratio = (total - left) / keys / residual if residual > 0.0 else np.inf
    return float(variance - residual) if f.sf(ratio, keys, draws - keys - 1) < CLEAR else 0.0


def _columns(drawn: np.ndarray) -> np.ndarray:
    """What a regression reads of a drawn key: the number, or for each word but one if it is it."""
    if np.issubdtype(drawn.dtype, np.number):
        return drawn[:, np.newaxis]
    return np.stack([drawn == word for word in np.unique(drawn)[1:]], axis=1).astype(float)


def _of_models(
    here: xr.Dataset, experiment: Experiment, estimate: Estimate, arm: str, own: float
) -> Iterator[Choice]:
    """What each key of the other models does, its values one at a time."""
    name = name_of(estimate.difference, "alternatives")
    if name not in here:
        return
    others = select_estimate(here, name).sel(arm=arm).values
    labels = experiment.study.alternatives
    for key in dict.fromkeys(key for key, _ in labels):
        ends = [(own, "the file's own")]
        ends += [
            (float(other), label)
            for (of, label), other in zip(labels, others, strict=True)
            if of == key and not np.isnan(other)
        ]
        (lowest, at), (highest, highest_at) = min(ends), max(ends)
        yield Choice(key, lowest, at, highest, highest_at)
