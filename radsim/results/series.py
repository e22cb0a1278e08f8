"""Where the figures of a published series fall among simulated series of its size."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.model import Experiment
from radsim.results.fields import Field

QUANTILES = (0.5, 0.025, 0.975)
SAME = 5e-4  # shares this near are equal: figures are published to 0.1 %
MEANINGS = {
    "observed": "figure that the published series reported",
    "median": "median of the figure over simulated series",
    "lower": "2.5 % quantile of the figure over simulated series",
    "upper": "97.5 % quantile of the figure over simulated series",
    "at_or_below": "share of series whose figure is at most the observed",
    "at_or_above": "share of series whose figure is at least that",
}


def series_fields(experiment: Experiment, simulated: np.ndarray) -> Iterator[Field]:
    """Set the observed figures beside the simulated ones, by ``figure``.

    Parameters
    ----------
    simulated
        Each figure in each simulated series, shape (figure, series).
    """
    assert experiment.predictive is not None
    observed = np.array([figure.value for figure in experiment.predictive.observed])
    columns = (
        observed,
        *np.quantile(simulated, QUANTILES, axis=1),
        np.mean(simulated <= observed[:, None] + SAME, axis=1),
        np.mean(simulated >= observed[:, None] - SAME, axis=1),
    )
    for (of, meaning), values in zip(MEANINGS.items(), columns, strict=True):
        yield Field(
            of=of, role="predictive", name=f"predictive_{of}", dims=("figure",), values=values,
            meaning=meaning,
        )  # fmt: skip
