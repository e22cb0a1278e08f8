"""Metrics of a structure's dose: which there are, and how each is read off its nodes."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from radsim.dose.plans.kind import PlanKind
from radsim.radiobiology.dvh import generalized_eud, volume_nodes
from radsim.vocabulary.words import nearest

Structure = Literal["prescribed", "gtv", "ptv", "spinal_cord", "cord_prv", "thecal_sac"]
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
        ``D98``, ``D90``, ``D50``, ``D2``, ``D0.03cc``, ``mean``, ``gEUD(-10)``; or
        ``prescription``, the number that was prescribed to the PTV, whatever the plan reached;
        or ``DVH``, the dose everywhere in the structure.
    course
        ``planned`` or ``delivered`` (with set-up and output errors).
    """

    structure: Structure = "prescribed"
    metric: str = "D90"
    course: Course = "planned"

    @property
    def is_dvh(self) -> bool:
        """Say whether the whole dose-volume histogram is meant."""
        return self.metric == "DVH"

    def structure_in(self, plan: PlanKind) -> str:
        """Name the structure that is meant in an arm."""
        if self.structure != "prescribed":
            return self.structure
        return plan.highest_level

    def missing_in(self, plan: PlanKind) -> str:
        """Say what a plan lacks of this, or nothing."""
        if self.metric == "prescription":
            return ""
        structure, given = self.structure_in(plan), plan.gives
        if structure not in given:
            return f"no dose to {structure}; {nearest(structure, given)}"
        if self.is_dvh or self.metric in given[structure] or _is_of_a_family(self.metric):
            return ""
        return f"no {self.metric!r} of the {structure}; known: {', '.join(given[structure])}"

    def __str__(self) -> str:
        structure = (
            "volume of the highest level" if self.structure == "prescribed" else self.structure
        )
        return f"{self.course} {self.metric} of the {structure.replace('_', ' ')}"


def _is_of_a_family(metric: str) -> bool:
    """Say whether this is Dx with x between 0 and 100 %, or gEUD(a) with a that is not 0."""
    share = re.fullmatch(r"D(\d+(?:\.\d+)?)%?", metric)
    if share:
        return 0 < float(share.group(1)) < 100
    exponent = re.fullmatch(r"gEUD\((-?\d+(?:\.\d+)?)\)", metric)
    return exponent is not None and float(exponent.group(1)) != 0


def metric_of(values: np.ndarray, nodes: int, metric: str, power: float) -> np.ndarray:
    """Metric of node values that are a dose to some power, in that power, shape (patient,).

    Parameters
    ----------
    values
        At the nodes of `radsim.radiobiology.dvh.volume_nodes`, hottest first, (patient, node).
    metric
        ``Dx``, ``gEUD(a)`` or ``mean``.
    power
        1 of doses [Gy], 2 of squared doses [Gy2].

    Raises
    ------
    ValueError
        If there is no such metric.

    Examples
    --------
    >>> metric_of(np.full((1, 8), 20.0), 8, "D98", 1.0).round(9).tolist()
    [20.0]
    """
    volume, weight = volume_nodes(nodes)
    quantile = re.fullmatch(r"D(\d+(?:\.\d+)?)%?", metric)
    if quantile and 0 < float(quantile.group(1)) < 100:
        share = float(quantile.group(1)) / 100.0
        # a squared dose is interpolated as its root, so that it stays the square of a dose
        return _interpolated(values, volume, share, 1.0 / power) ** power
    mean = re.fullmatch(r"gEUD\((-?\d+(?:\.\d+)?)\)", metric)
    a = float(mean.group(1)) if mean else 1.0
    if metric != "mean" and (mean is None or a == 0):
        raise ValueError(f"wanted D98, D0.03cc, mean or gEUD(-10), got {metric!r}")
    return generalized_eud(values, weight, a / power)


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
