"""What the tables of sensitivity have: Sobol indices, and one parameter at a time."""

from collections.abc import Iterator

import numpy as np

from radsim.report.tables.points import Line, Points
from radsim.results.fields import ESTIMATE
from radsim.results.names import ModelNames
from radsim.results.sensitivity import ENDS, INDICES

INDEX_COLUMNS = (
    "factor", "arm", "reference", "endpoint", "model", "estimator", "months",
    "first_order", "first_order_lower", "first_order_upper",
    "total", "total_lower", "total_upper",
)  # fmt: skip
TORNADO_COLUMNS = (
    "key", "arm", "reference", "endpoint", "model", "estimator", "months",
    "estimate", "at_lower", "at_upper", "swing",
)  # fmt: skip


def index_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Sobol indices of each factor."""
    roles = [f"{index}{end}" for index in INDICES for end in ENDS]
    for spread in points.spreads(names):
        numbers = np.stack([spread.numbers(role) for role in roles], axis=-1)
        for f, factor in enumerate(points.result["factor"].values):
            for m, month in enumerate(points.months):
                yield Line([str(factor), *spread.labels, month], numbers[:, f, m])


def tornado_lines(points: Points, names: ModelNames) -> Iterator[Line]:
    """Each estimate with one parameter at its 2.5 % and 97.5 % point."""
    for spread in points.spreads(names):
        own, ends = spread.numbers(ESTIMATE), spread.numbers("tornado")
        for k, key in enumerate(points.result["key"].values):
            low, high = ends[:, k, 0], ends[:, k, 1]
            numbers = np.stack([own, low, high, np.abs(high - low)], axis=-1)
            for m, month in enumerate(points.months):
                yield Line([str(key), *spread.labels, month], numbers[:, m])
