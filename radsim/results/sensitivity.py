"""Sensitivity of each estimate of a design: Sobol indices, and one parameter at a time."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.sensitivity import TORNADO_SHARES
from radsim.experiment.designs.tables import SALTELLI, TORNADO
from radsim.results.fields import Field
from radsim.results.rows import Variants
from radsim.results.uncertainty import ENDS
from radsim.sums.sobol_indices import sobol_indices
from radsim.vocabulary.endpoints import Estimate

INDICES = {"first_order": "first", "total": "total"}  # as results and as the analysis name them


def sensitivity_fields(variants: Variants, estimate: Estimate) -> Iterator[Field]:
    """Sensitivity of an estimate, or of its difference from the reference."""
    if variants.has(SALTELLI):
        rows = variants.contrast(estimate, variants.rows(estimate, SALTELLI)[0])
        factors = len(variants.study.screened)
        points = [sobol_indices(point.reshape(len(point), -1), factors) for point in rows]
        for index, field in INDICES.items():
            for end in ENDS:
                values = np.stack([getattr(point, field + end) for point in points])
                meaning = f"{index.replace('_', '-')} Sobol index{end.replace('_', ', ')}"
                values = values.reshape(*values.shape[:2], *rows.shape[2:])
                yield variants.spread_field(estimate, f"{index}{end}", values, meaning, "factor")
    if variants.has(TORNADO):
        ends = variants.study.tornado
        keys = dict.fromkeys(key for key, _ in ends)
        at = np.array([[ends.index((key, share)) for share in TORNADO_SHARES] for key in keys])
        values = variants.contrast(estimate, variants.rows(estimate, TORNADO)[0])[:, at]
        meaning = "with one parameter at its 2.5 % and 97.5 % point"
        yield variants.spread_field(estimate, "tornado", values, meaning, "key", "end")
