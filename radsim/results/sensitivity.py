"""Sensitivity of each estimate of a design: Sobol indices, and one parameter at a time."""

import numpy as np

from radsim.experiment.designs.parts import SALTELLI, TORNADO
from radsim.experiment.designs.sensitivity import TORNADO_SHARES
from radsim.results.rows import DesignRows, Found
from radsim.sums.sobol_indices import sobol_indices
from radsim.vocabulary.endpoints import MEANINGS, estimate_dims

INDICES = {"first_order": "first", "total": "total"}  # as results and as the analysis name them


def sensitivity_fields(design: DesignRows, name: str, reference: int | None) -> Found:
    """Sensitivity of an estimate, or of its difference from the reference."""
    shown = name if reference is None else f"{name}_difference"
    what = MEANINGS[name] + ("" if reference is None else ", difference from the reference")
    if design.has(SALTELLI):
        yield from _index_fields(
            design, _means(design, name, SALTELLI, reference), name, shown, what
        )
    if design.has(TORNADO):
        rows = _means(design, name, TORNADO, reference)
        ends = design.study.tornado
        keys = list(dict.fromkeys(key for key, _ in ends))
        at = np.array([[ends.index((key, share)) for share in TORNADO_SHARES] for key in keys])
        yield (
            f"{shown}_tornado", (*design.axes, "key", "end", *estimate_dims(name)),
            design.spread_out(rows[:, at]), "1",
            f"with one parameter at its 2.5 % and 97.5 % point: {what}",
        )  # fmt: skip


def _means(design: DesignRows, name: str, part: str, reference: int | None) -> np.ndarray:
    rows = design.rows(name, part).whole
    return rows if reference is None else rows - rows[:, :, [reference]]


def _index_fields(design: DesignRows, rows: np.ndarray, name: str, shown: str, what: str) -> Found:
    factors = len(design.study.screened)
    found = [sobol_indices(point.reshape(len(point), -1), factors) for point in rows]
    for index, field in INDICES.items():
        for end in ("", "_lower", "_upper"):
            values = np.stack([getattr(one, field + end) for one in found])
            yield (
                f"{shown}_{index}{end}", (*design.axes, "factor", *estimate_dims(name)),
                design.spread_out(values.reshape(*values.shape[:2], *rows.shape[2:])), "1",
                f"{index.replace('_', '-')} Sobol index{end.replace('_', ', ')}: {what}",
            )  # fmt: skip
