"""The dose that a plan gave a run of patients, asked for by structure and metric."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from radsim.dose.metrics import DoseMetric, metric_of
from radsim.radiobiology import lq
from radsim.radiobiology.dvh import volume_nodes
from radsim.vocabulary.structures import TARGETS, HotSpot
from radsim.vocabulary.words import nearest

if TYPE_CHECKING:
    from radsim.dose.plans.plan import Plan


@dataclass(frozen=True, eq=False)
class Course:
    """Dose of one volume, summed over the fractions of a course.

    Attributes
    ----------
    planned
        As planned [Gy], shape (patient, node) at nodes of volume, hottest first, or (patient,) of
        a hot spot. NaN where a patient does not have the structure.
    delivered, squared
        With set-up and output errors [Gy], and the sum over fractions of the squared fraction
        dose [Gy2]; None in a plan without delivery errors.
    planned_squared
        The same as planned [Gy2]; None where all fractions are equal.
    """

    planned: np.ndarray
    delivered: np.ndarray | None = None
    squared: np.ndarray | None = None
    planned_squared: np.ndarray | None = None

    def with_output(self, output: np.ndarray, fractions: int) -> "Course":
        """Return the same course delivered with an output error, and else as planned."""
        delivered = self.planned * output
        return Course(self.planned, delivered, delivered * delivered / fractions)

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """What is there, by name."""
        return {name: values for name, values in vars(self).items() if values is not None}

    def nan_without(self, present: np.ndarray) -> "Course":
        """Return the same course, missing in patients without the structure."""
        rows = present if self.planned.ndim == 1 else present[:, None]
        return Course(*(np.where(rows, values, np.nan) for values in self.arrays.values()))


class Reading(NamedTuple):
    """What a model reads of a course.

    Attributes
    ----------
    total, squared
        Sums over fractions of dose and squared dose [Gy, Gy2], shape (patient,), or
        (patient, node) of a DVH.
    weight
        Share of the volume of each node, shape (node,); None for a metric.
    """

    total: np.ndarray
    squared: np.ndarray
    weight: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class EarlierCourse:
    """An earlier course in each patient.

    Attributes
    ----------
    dose_of
        From the name of a structure to the dose it got [Gy], a number or shape (patient,).
    fractions
        Equal fractions in which it was given.
    interval
        Time since it [months], shape (patient,).
    recovered
        Share of its effect that has recovered, shape (patient,).
    by_rule
        Whether that is by the arm's rule, which a limit may replace by its own.
    """

    dose_of: Callable[[str], float | np.ndarray]
    fractions: int
    interval: np.ndarray
    recovered: np.ndarray
    by_rule: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class Dose:
    """The dose of one plan in a run of patients.

    Attributes
    ----------
    plan
        What was given.
    nodes
        Nodes of volume at which the dose of whole structures is kept.
    volumes
        Of each structure, as far as they are known [cm3], shape (patient,).
    courses
        Dose of each structure that was asked for.
    hot_spots
        Dose of the hottest part of an organ: 0.03 cm3 of each that the plan gives doses for, and
        whatever else was asked for; of targets where a plan knows more than their nodes.
    facts
        Numbers of each patient, shape (patient,): ``prescription`` [Gy], ``plans_tried``,
        ``gtv_distance`` from the ruling neural surface (cord PRV, else thecal sac) to the GTV
        [mm]; after an earlier course ``prior_interval`` [months] and ``prior_recovery``.
    flags
        Yes or no of each patient, shape (patient,): ``plan_eligible`` (every mandatory limit is
        met), ``limits_met`` (those of the organs are), ``meets_<rule>`` for each rule over two
        courses.
    earlier
        Earlier courses in each patient.
    prescribed
        Prescription of each patient [Gy], shape (patient,), and fractions of each course of a
        sequence; empty of a single one.
    highest_fraction_dose
        Highest planned level a fraction [Gy], shape (patient,); None where it is that of the
        prescription.
    """

    plan: "Plan"
    nodes: int
    volumes: Mapping[str, np.ndarray] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)
    hot_spots: Mapping[HotSpot, Course] = field(default_factory=dict)
    facts: Mapping[str, np.ndarray]
    flags: Mapping[str, np.ndarray] = field(default_factory=dict)
    earlier: tuple[EarlierCourse, ...] = ()
    prescribed: tuple[tuple[np.ndarray, int], ...] = ()
    highest_fraction_dose: np.ndarray | None = None
    _sums: dict[DoseMetric, Reading] = field(default_factory=dict, init=False, repr=False)

    @property
    def prescription(self) -> np.ndarray:
        """Planned prescription of each patient [Gy], shape (patient,)."""
        return self.facts["prescription"]

    @property
    def fractions(self) -> int:
        """Number of fractions."""
        return int(self.plan.fractions)

    @property
    def fraction_dose(self) -> np.ndarray:
        """Highest planned level a fraction [Gy], the boost's where there is one, (patient,).

        Of several courses it is that of the highest one.
        """
        if self.highest_fraction_dose is not None:
            return self.highest_fraction_dose
        return self.prescription / self.fractions

    @property
    def _prescribed(self) -> tuple[tuple[np.ndarray, int], ...]:
        return self.prescribed or ((self.prescription, self.fractions),)

    @property
    def weight(self) -> np.ndarray:
        """Share of the volume that each node stands for, shape (node,)."""
        return volume_nodes(self.nodes)[1]

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        courses = (*self.courses.values(), *self.hot_spots.values())
        arrays = [values for course in courses for values in course.arrays.values()]
        return sum(a.nbytes for a in (*arrays, *self.facts.values(), *self.flags.values()))

    def read(self, wanted: DoseMetric) -> Reading:
        """Read a metric, or the whole DVH of a structure."""
        if not wanted.is_dvh:
            return self.sums(wanted)
        course = self._course(wanted.structure_in(self.plan))
        return self._reading(*_doses(course, wanted), self.weight)

    def sums(self, wanted: DoseMetric) -> Reading:
        r"""Sums over fractions of dose [Gy] and squared dose [Gy2] behind a metric.

        Dx is the lowest dose in the hottest x % of the volume, interpolated between nodes; D0 (or
        ``max``) and D100 are the doses at the hottest and the coldest node; D0.03cc of an organ is
        exact, as is any other DXcc, which of a target is between nodes; VxGy and VxGy_cc, which
        are no doses, stand in the place of the total [1, cm3]; gEUD(a) is
        :math:`(\sum_j w_j D_j^a)^{1/a}` and ``mean`` is gEUD(1).
        The squared dose of a generalized mean is the one that equal fractions would have,
        :math:`(\sum_j w_j Q_j^{a/2})^{2/a}` with Q the squared doses at the nodes. Worked out
        once for a metric.

        Raises
        ------
        ValueError
            If it is not read off the nodes.
        KeyError
            If the structure's dose was not asked for when it was drawn.
        """
        if wanted not in self._sums:
            self._sums[wanted] = self._work_out(wanted)
        return self._sums[wanted]

    def tells(self, metric: DoseMetric) -> bool:
        """Say whether a metric was told, see `told`."""
        return metric in self._sums

    def _work_out(self, wanted: DoseMetric) -> Reading:
        metric = wanted.parsed
        if metric is None:  # the prescription
            squares = [lq.equal_fractions(*course)[1] for course in self._prescribed]
            return Reading(self.prescription, reduce(np.add, squares))
        structure = wanted.structure_in(self.plan)
        if metric.kind == "dose_at_volume":
            spot = HotSpot(structure, metric.number)
            if spot in self.hot_spots:
                return self._reading(*_doses(self.hot_spots[spot], wanted))
            if structure not in TARGETS:
                raise KeyError(f"no {wanted.metric} of {structure} in this dose")
        total, squared = _doses(self._course(structure), wanted)
        volume = self._volume(structure) if metric.needs_volume else None
        total = metric_of(total, self.nodes, metric, volume=volume)
        if not metric.is_dose:
            return Reading(total, np.full(total.shape, np.nan))  # a share has no effect of its own
        if squared is not None:
            squared = metric_of(squared, self.nodes, metric, 2.0, volume)
        return self._reading(total, squared)

    def volume_of(self, wanted: DoseMetric) -> np.ndarray:
        """Volume of the structure that a metric is of [cm3], shape (patient,)."""
        return self._volume(wanted.structure_in(self.plan))

    def _volume(self, structure: str) -> np.ndarray:
        if structure not in self.volumes:
            raise KeyError(
                f"no volume of {structure} in this dose; {nearest(structure, self.volumes)}"
            )
        return self.volumes[structure]

    def _course(self, structure: str) -> Course:
        if structure not in self.courses:
            raise KeyError(f"no {structure} in this dose; {nearest(structure, self.courses)}")
        return self.courses[structure]

    def _reading(
        self, total: np.ndarray, squared: np.ndarray | None, weight: np.ndarray | None = None
    ) -> Reading:
        """In double precision, with the squared dose of equal fractions unless one is given."""
        total = total.astype(float)
        squared = total * total / self.fractions if squared is None else squared.astype(float)
        return Reading(total, squared, weight)

    def told(self, wanted: Iterable[DoseMetric]) -> "Dose":
        """Work out what will be read, and forget the doses at nodes that none of it needs."""
        wanted = tuple(wanted)
        whole = {metric.structure_in(self.plan) for metric in wanted if metric.is_dvh}
        courses = {name: course for name, course in self.courses.items() if name in whole}
        told = replace(self, courses=courses)
        told._sums.update({metric: self.sums(metric) for metric in wanted if not metric.is_dvh})
        return told

    def residual_prior_bed(
        self, structure: str, alpha_beta: float | np.ndarray
    ) -> float | np.ndarray:
        """BED of a structure's earlier courses that has not recovered [Gy], shape (patient,).

        0 without such a course.
        """
        residual: float | np.ndarray = 0.0
        for course in self.earlier:
            given = lq.equal_fractions(course.dose_of(structure), course.fractions)
            residual = residual + (1.0 - course.recovered) * lq.bed(
                dose=given[0], dose_squared=given[1], alpha_beta=alpha_beta
            )
        return residual


def _doses(course: Course, wanted: DoseMetric) -> tuple[np.ndarray, np.ndarray | None]:
    """Dose, and squared dose where fractions differ."""
    if wanted.course == "planned" or course.delivered is None:
        return course.planned, course.planned_squared
    return course.delivered, course.squared
