"""Metrics of a structure's dose: which there are, and how each is read off its nodes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from radsim.dose.plans.intraoperative import Intraoperative
from radsim.dose.plans.plan import Plan
from radsim.radiobiology.dvh import generalized_eud
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

    def structure_in(self, plan: Plan) -> str:
        """Name the structure that is meant in an arm."""
        if self.structure != "prescribed":
            return self.structure
        boosted = isinstance(plan, Intraoperative) or plan.boost is not None
        return "gtv" if boosted else "ptv"

    def missing_in(self, plan: Plan, known: Mapping[str, Sequence[str]]) -> str:
        """Say what a plan lacks of this, or nothing; ``known`` are its structures and metrics."""
        if self.metric == "prescription":
            return ""
        structure = self.structure_in(plan)
        if structure not in known:
            return f"no dose to {structure}; {nearest(structure, known)}"
        if self.is_dvh or self.metric in known[structure] or _is_of_a_family(self.metric):
            return ""
        return f"no {self.metric!r} of the {structure}; known: {', '.join(known[structure])}"

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


FAMILIES = ("Dx for x from 0 to 100 %", "gEUD(a)", "mean")


def dose_sums(
    dose: xr.Dataset, structure: str, metric: str, course: str = "planned"
) -> tuple[np.ndarray, np.ndarray]:
    r"""Sums over fractions of dose [Gy] and squared dose [Gy2] behind a metric, each (patient,).

    Dx is the lowest dose in the hottest x % of the volume, linear between nodes; D0.03cc of a
    neural structure is exact; gEUD(a) is :math:`(\sum_j w_j D_j^a)^{1/a}` and ``mean`` is gEUD(1).
    The squared dose of a generalized mean is the one that equal fractions would have,
    :math:`(\sum_j w_j Q_j^{a/2})^{2/a}` with Q the squared doses at the nodes.

    Parameters
    ----------
    course
        ``planned`` or ``delivered``; the same in an arm without delivery errors.

    Raises
    ------
    ValueError
        If there is no such metric or course.
    KeyError
        If the structure's dose was not asked for when it was drawn.
    """
    if course not in ("planned", "delivered"):
        raise ValueError(f"course must be planned or delivered, got {course!r}")
    if not dose.attrs["delivery"]:
        course = "planned"
    if metric == "D0.03cc":
        total = _variable(dose, f"{structure}_d003cc_{course}").astype(float)
        if course == "delivered":
            return total, _variable(dose, f"{structure}_d003cc_delivered_squared").astype(float)
        return total, total * total / dose.attrs["fractions"]
    total = _metric(dose, _variable(dose, f"{structure}_{course}"), metric, 1.0)
    if course == "planned":
        return total, total * total / dose.attrs["fractions"]
    squared = _variable(dose, f"{structure}_delivered_squared")
    return total, _metric(dose, squared, metric, 2.0)


def _variable(dose: xr.Dataset, name: str) -> np.ndarray:
    if name not in dose:
        raise KeyError(f"no {name} in this dose; {nearest(name, map(str, dose.data_vars))}")
    return dose[name].values


def _metric(dose: xr.Dataset, values: np.ndarray, metric: str, power: float) -> np.ndarray:
    """Metric of node values that are a dose to some power, in that power."""
    volume, weight = dose["volume"].values, dose["weight"].values
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
    found = np.zeros(len(values))
    for node, value in near.items():
        others = volume[[other for other in near if other != node]]
        found += value * np.prod((share - others) / (volume[node] - others))
    return np.clip(found, near[right], near[right - 1])
