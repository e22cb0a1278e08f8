"""Groups of patients that a result is told for, beside everyone: ``[report] by``."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, product
from typing import Any

from radsim.dose.metrics import DoseMetric
from radsim.patients.cohort import Cohort
from radsim.vocabulary.cohort_variables import COHORT, YES_OR_NO
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real

COURSES = ("planned", "delivered")
MOST_GROUPS = 64  # of one grouping; more are hardly groups any more


@dataclass(frozen=True, kw_only=True)
class Split:
    """One thing by which patients are parted.

    Attributes
    ----------
    name
        A cohort variable, or a metric of the reference arm's plan: ``gtv D98 planned``.
    edges
        Where a number is parted, rising; a group begins at its lower edge. None for labels.
    """

    name: str
    edges: tuple[Real, ...] = ()

    def __post_init__(self) -> None:
        require(
            all(a < b for a, b in pairwise(self.edges)),
            f"{self.name}: limits must rise, got {list(self.edges)}",
        )
        if self.metric is not None:
            require(bool(self.edges), f"{self.name}: is a number; give the limits of its groups")

    @cached_property
    def metric(self) -> DoseMetric | None:
        """The metric that is meant, if it is none of the cohort's variables."""
        words = self.name.split()
        if len(words) != 3:
            return None
        structure, metric, course = words
        require(course in COURSES, f"{self.name}: must end in planned or delivered")
        return DoseMetric(structure=structure, metric=metric, course=course)  # type: ignore[arg-type]

    def labels(self, cohort: Cohort) -> tuple[str, ...]:
        """What the groups are called, in the order of their codes."""
        if self.edges:
            ends, units = [f"{edge:g}" for edge in self.edges], self._units
            inner = [f"{a} to {b}{units}" for a, b in pairwise(ends)]
            return (f"below {ends[0]}{units}", *inner, f"{ends[-1]}{units} and above")
        if self.name in YES_OR_NO:
            return ("no", "yes")
        return cohort.labels(self.name)

    @property
    def _units(self) -> str:
        if self.metric is not None:
            return "" if self.metric.units == "1" else f" {self.metric.units}"
        known = COHORT.get(self.name)
        return f" {known.units}" if known and known.units != "1" else ""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Groups by one thing, or by several crossed."""

    splits: tuple[Split, ...]

    def __post_init__(self) -> None:
        require(len(self.splits) > 0, "must name at least one variable")
        names = [split.name for split in self.splits]
        require(len(set(names)) == len(names), f"{' x '.join(names)}: names one thing twice")

    @property
    def name(self) -> str:
        """What it is by."""
        return " x ".join(split.name for split in self.splits)

    def labels(self, cohort: Cohort) -> tuple[str, ...]:
        """What the groups are called, in the order of their codes."""
        if len(self.splits) == 1:
            return self.splits[0].labels(cohort)
        named = ([f"{s.name} {label}" for label in s.labels(cohort)] for s in self.splits)
        return tuple(", ".join(labels) for labels in product(*named))


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a result tells beside its estimates of everyone.

    Attributes
    ----------
    by
        Groupings; every estimate, difference and best arm is told for each of their groups too.
    """

    by: tuple[Grouping, ...] = ()

    @property
    def metrics(self) -> tuple[DoseMetric, ...]:
        """Metrics of a plan that groups are by."""
        return tuple(s.metric for grouping in self.by for s in grouping.splits if s.metric)


def fill_report(section: dict[str, Any]) -> dict[str, Any]:
    """Spell groupings out: a name, a table of a name and its limits, or a list of these, crossed.

    Examples
    --------
    >>> fill_report({"by": ["bilsky", {"gtv_volume": [5, 15]}]})["by"][1]
    {'splits': [{'name': 'gtv_volume', 'edges': [5, 15]}]}
    """
    listed = section.get("by")
    if not isinstance(listed, (list, tuple)):
        return section
    return {**section, "by": [_grouping(entry) for entry in listed]}


def _grouping(entry: Any) -> Any:
    if isinstance(entry, dict) and "splits" in entry:
        return entry
    parts = entry if isinstance(entry, (list, tuple)) else [entry]
    return {"splits": [split for part in parts for split in _splits(part)]}


def _splits(part: Any) -> list[Any]:
    if isinstance(part, str):
        return [{"name": part}]
    if isinstance(part, dict) and "name" not in part:
        return [{"name": name, "edges": edges} for name, edges in part.items()]
    return [part]
