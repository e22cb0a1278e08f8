"""Courses in sequence: a boost after a base, or a second prescription soon after the first."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.kind import EVERY_METRIC, Drawer, Fractionated, Given
from radsim.dose.plans.limits import AnyLimit
from radsim.dose.plans.prior import Prior
from radsim.radiobiology.recovery import RecoveryRule
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.structures import STRUCTURES, Target

LONGEST_GAP = 120.0  # [months]; what is longer is an earlier course of another treatment


@dataclass(frozen=True, kw_only=True)
class Sequence(Fractionated):
    """Courses of external beam, one after the other, whose doses add up.

    Each is planned and delivered by itself: to its own limits, on a set-up of its own. Limits over
    several courses see the ones before it as earlier courses. The doses of all add up at the same
    share of each structure's volume, which is exact where dose falls in one direction, as in the
    distance-dose model, and the worst case where it does not.

    Attributes
    ----------
    courses
        In the order in which they are given.
    gaps
        Time from each course to the next [months]; none unless given. An earlier course of the
        sequence recovers over it by ``recovery``, as limits over several courses see it; in the
        models all of the dose counts.
    prior, priors, recovery
        Courses before the sequence, and the rule by which the cord has recovered from them. Their
        intervals are those to the first course; limits of a later one see the gaps too.
    """

    kind: Literal["sequence"] = "sequence"
    courses: tuple[ExternalBeam, ...]
    gaps: tuple[Real, ...] = ()
    prior: Prior | None = None
    priors: tuple[Prior, ...] = ()
    recovery: RecoveryRule = "25-50"

    def __post_init__(self) -> None:
        require(len(self.courses) > 1, "courses must hold two or more; one is an arm of its own")
        self.check_earlier()
        for place, course in enumerate(self.courses):
            require(
                not course.earlier,
                f"courses[{place}] has a prior course; state it for the arm, with all courses",
            )
        require(
            len(self.gaps) in (0, len(self.courses) - 1),
            f"gaps must be {len(self.courses) - 1}, one between each course and the next, "
            f"got {len(self.gaps)}",
        )
        for gap in self.gaps:
            require(
                0 <= gap <= LONGEST_GAP,
                f"gaps must lie between 0 and {LONGEST_GAP:g} months, got {gap:g}",
            )

    def months_before(self, number: int) -> float:
        """Time from the first course to another one [months]."""
        return float(sum(self.gaps[:number]))

    @property
    def prescription(self) -> float:  # type: ignore[override]
        return float(sum(course.prescription for course in self.courses))

    @property
    def fractions(self) -> int:  # type: ignore[override]
        return sum(course.fractions for course in self.courses)

    @property
    def fraction_doses(self) -> tuple[float, ...]:
        return tuple(course.prescription / course.fractions for course in self.courses)

    @property
    def highest_fraction_doses(self) -> tuple[float, float]:
        low, high = zip(*(course.highest_fraction_doses for course in self.courses), strict=True)
        return max(low), max(high)

    @property
    def limits(self) -> tuple[AnyLimit, ...]:  # type: ignore[override]
        return tuple(limit for course in self.courses for limit in course.limits)

    @property
    def lonely_limit(self) -> str:
        return "" if self.earlier else self.courses[0].lonely_limit

    @property
    def highest_level(self) -> Target:
        """GTV if any course has a boost, otherwise PTV_Eval."""
        return "ptv" if all(course.boost is None for course in self.courses) else "gtv"

    @property
    def is_conventional(self) -> bool:
        return all(course.is_conventional for course in self.courses)

    def gives(self, organs: Collection[str] = ()) -> Given:
        return dict.fromkeys((*STRUCTURES, *organs), EVERY_METRIC)

    @property
    def words(self) -> str:
        each = ", then ".join(course.words for course in self.courses)
        return each + "".join(f", after {c.dose:g} Gy in {c.fractions}" for c in self.earlier)

    @property
    def drawer(self) -> Drawer:
        from radsim.dose.fields.sequence import sequence_dose

        return sequence_dose
