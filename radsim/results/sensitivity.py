"""Sensitivity of each estimate of a design: Sobol indices, and one parameter at a time."""

from collections.abc import Iterator

import numpy as np

from radsim.experiment.designs.parts import SALTELLI, TORNADO
from radsim.experiment.designs.sensitivity import TORNADO_SHARES
from radsim.results.fields import Field
from radsim.results.rows import Variants
from radsim.results.uncertainty import Shown
from radsim.sums.sobol_indices import sobol_indices

INDICES = {"first_order": "first", "total": "total"}  # as results and as the analysis name them
ENDS = ("", "_lower", "_upper")


def sensitivity_fields(variants: Variants, shown: Shown) -> Iterator[Field]:
    """Sensitivity of an estimate, or of its difference from the reference."""
    if variants.has(SALTELLI):
        yield from _index_fields(variants, _means(variants, shown, SALTELLI), shown)
    if variants.has(TORNADO):
        rows = _means(variants, shown, TORNADO)
        ends = variants.study.tornado
        keys = list(dict.fromkeys(key for key, _ in ends))
        at = np.array([[ends.index((key, share)) for share in TORNADO_SHARES] for key in keys])
        meaning = f"with one parameter at its 2.5 % and 97.5 % point: {shown.meaning}"
        yield variants.field(
            shown.estimate, shown.role("tornado"), rows[:, at], meaning, between=("key", "end")
        )


def _means(variants: Variants, shown: Shown, part: str) -> np.ndarray:
    return shown.minus_reference(variants.rows(shown.estimate, part).whole)


def _index_fields(variants: Variants, rows: np.ndarray, shown: Shown) -> Iterator[Field]:
    factors = len(variants.study.screened)
    points = [sobol_indices(point.reshape(len(point), -1), factors) for point in rows]
    for index, field in INDICES.items():
        for end in ENDS:
            values = np.stack([getattr(point, field + end) for point in points])
            yield variants.field(
                shown.estimate, shown.role(f"{index}{end}"),
                values.reshape(*values.shape[:2], *rows.shape[2:]),
                f"{index.replace('_', '-')} Sobol index{end.replace('_', ', ')}: {shown.meaning}",
                between=("factor",),
            )  # fmt: skip
