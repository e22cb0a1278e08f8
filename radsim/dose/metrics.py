"""Metrics of a structure's dose: which there are, and how each is read off its nodes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from radsim.dose.plans.kind import PlanKind
from radsim.radiobiology.dvh import dose_at_volume, generalized_eud, share_at_dose, volume_nodes
from radsim.vocabulary.dose_metrics import KINDS, Metric, parse_metric
from radsim.vocabulary.structures import TARGETS, HotSpot
from radsim.vocabulary.words import nearest

Course = Literal["planned", "delivered"]


@dataclass(frozen=True, kw_only=True)
class DoseMetric:
    """Which dose a model takes: a metric of a structure, planned or delivered.

    Attributes
    ----------
    structure
        ``prescribed`` is the volume that the arm's highest dose level is prescribed to: the GTV
        in an arm with a boost, otherwise the PTV (PTV_Eval).
    metric
        ``D98``, ``D90``, ``D50``, ``D2``, ``D0.03cc``, ``D2.5cc``, ``mean``, ``gEUD(-10)``; ``max``
        or ``D0`` and ``D100``, the doses at the hottest and the coldest node; ``V20Gy`` and
        ``V20Gy_cc``, the share and the volume [cm3] at or above a physical dose; or
        ``prescription``, the number that was prescribed to the PTV, whatever the plan reached;
        or ``DVH``, the dose everywhere in the structure.
    course
        ``planned`` or ``delivered`` (with set-up and output errors).
    """

    structure: str = "prescribed"
    metric: str = "D90"
    course: Course = "planned"

    def __post_init__(self) -> None:
        parse_metric(self.metric)

    @property
    def parsed(self) -> Metric | None:
        """What the metric is; None of the prescription and of the whole DVH."""
        return parse_metric(self.metric)

    @property
    def is_dvh(self) -> bool:
        """Say whether the whole dose-volume histogram is meant."""
        return self.metric == "DVH"

    @property
    def hottest(self) -> float | None:
        """Volume of the hot spot whose dose it is [cm3]; None of any other metric."""
        metric = self.parsed
        return metric.number if metric is not None and metric.kind == "dose_at_volume" else None

    @property
    def units(self) -> str:
        """Of what is read: Gy, a share of the volume (1) or cm3."""
        return "Gy" if self.parsed is None else self.parsed.units

    def structure_in(self, plan: PlanKind) -> str:
        """Name the structure that is meant in an arm."""
        return plan.highest_level if self.structure == "prescribed" else self.structure

    def missing_in(self, plan: PlanKind, organs: Collection[str] = ()) -> str:
        """Say what a plan lacks of this, or nothing; ``organs`` are those that are sampled."""
        if self.metric == "prescription":
            return ""
        structure, given = self.structure_in(plan), plan.gives(organs)
        if structure not in given:
            return f"no dose to {structure}; {nearest(structure, given)}"
        metric = self.parsed
        if metric is None:
            return ""
        if metric.kind in given[structure]:
            return plan.lacks(structure, metric)
        known = ", ".join(KINDS[kind] for kind in given[structure])
        return f"no {self.metric!r} of the {structure}; known: {known}"

    def __str__(self) -> str:
        prescribed = self.structure == "prescribed"
        structure = "volume of the highest level" if prescribed else self.structure
        return f"{self.course} {self.metric} of the {structure.replace('_', ' ')}"


@dataclass(frozen=True)
class Wanted:
    """What will be read of a dose: structures at every node, and hot spots.

    Where a plan knows none of a target, they are read between its nodes.
    """

    whole: frozenset[str] = frozenset()
    hot_spots: frozenset[HotSpot] = frozenset()


def wanted_of(plan: PlanKind, metrics: Iterable[DoseMetric]) -> Wanted:
    """What has to be drawn of a plan's dose to read these metrics of it."""
    whole, hot_spots = set(), set()
    for metric in metrics:
        structure = metric.structure_in(plan)
        if metric.hottest is not None:
            hot_spots.add(HotSpot(structure, metric.hottest))
        if metric.is_dvh or (metric.parsed and (metric.hottest is None or structure in TARGETS)):
            whole.add(structure)
    return Wanted(frozenset(whole), frozenset(hot_spots))


def metric_of(
    values: np.ndarray,
    nodes: int,
    metric: Metric,
    power: float = 1.0,
    volume: np.ndarray | None = None,
) -> np.ndarray:
    """Metric of node values that are a dose to some power, in that power, shape (patient,).

    The values are at the nodes of `radsim.radiobiology.dvh.volume_nodes`, hottest first; the power
    is 1 of doses [Gy], 2 of squared doses [Gy2]. What is of cm3 needs the structure's volume [cm3],
    and is unknown (NaN) where that is, or where the structure is too small for it.

    Raises
    ------
    ValueError
        If a part of the volume above a dose is asked of squared doses.

    Examples
    --------
    >>> even = np.full((1, 8), 20.0)
    >>> metric_of(even, 8, parse_metric("D98")).round(9).tolist()
    [20.0]
    >>> ten = np.array([10.0])
    >>> [metric_of(even, 8, parse_metric(m), volume=ten).tolist() for m in ("D12cc", "V9Gy_cc")]
    [[nan], [10.0]]
    """
    share, weight = volume_nodes(nodes)
    # a squared dose is interpolated as its root, so that it stays the square of a dose
    match metric.kind:
        case "dose_at_share" if not metric.is_quantile:  # the maximum or the minimum
            return values[:, 0 if metric.number == 0.0 else -1]
        case "dose_at_share":
            return _interpolated(values, share, metric.number, 1.0 / power) ** power
        case "eud":
            return generalized_eud(values, weight, metric.number / power)
        case "dose_at_volume":
            part = metric.number / volume  # type: ignore[operator]
            hot = dose_at_volume(values ** (1.0 / power), share, np.minimum(part, 1.0)) ** power
            return np.where(part <= 1.0, hot, np.nan)
    if power != 1.0:
        raise ValueError(f"squared doses have no {metric}")
    above = share_at_dose(values, share, metric.number)
    return above if metric.kind == "share_above" else above * volume


def _interpolated(values: np.ndarray, volume: np.ndarray, share: float, power: float) -> np.ndarray:
    """Node values to a power, at one volume share: cubic through the four nearest nodes.

    Kept between its two neighbors, so that it stays monotone across a bend.
    """
    right = int(np.clip(np.searchsorted(volume, share), 1, len(volume) - 1))
    first = int(np.clip(right - 2, 0, len(volume) - 4))
    near = {node: values[:, node].astype(float) ** power for node in range(first, first + 4)}
    between = np.zeros(len(values))
    for node, value in near.items():
        others = volume[[other for other in near if other != node]]
        between += value * np.prod((share - others) / (volume[node] - others))
    return np.clip(between, near[right], near[right - 1])
