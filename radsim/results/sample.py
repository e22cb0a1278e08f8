"""Doses of the first patients of a run, kept in its result so that figures can show them."""

from collections.abc import Iterator, Mapping

import numpy as np

from radsim.results.fields import Field
from radsim.simulation.patients import VOCABULARY

DVH = {  # dimension between structure and node, and meaning
    "dvh_planned": ("quantile", "planned dose at volume nodes, quantiles between patients"),
    "dvh_delivered": ("quantile", "delivered dose at volume nodes, quantiles"),
    "dvh_single": ("single", "planned dose at volume nodes of single patients"),
}


def sample_fields(sample: Mapping[str, np.ndarray]) -> Iterator[Field]:
    """Dose-volume histograms, dims (arm, structure, quantile or single, node), and dose metrics.

    Parameters
    ----------
    sample
        As `radsim.simulation.sample.keep_sample` keeps it, variants first.
    """
    for name, values in sample.items():
        if name in DVH:
            across, meaning = DVH[name]
            yield Field(
                of=name, role="dvh", name=name, dims=("arm", "structure", across, "node"),
                values=values[0], units="Gy", meaning=meaning,
            )  # fmt: skip
        else:
            said = VOCABULARY[name]
            yield Field(
                of=name, role="sample", name=f"sample_{name}", dims=("arm", "sample"),
                values=values[0], units=said.units, meaning=said.meaning,
            )  # fmt: skip
