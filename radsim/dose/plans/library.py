"""Arms whose doses are plans of a library."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

from radsim.dose.plans.kind import EVERY_METRIC, Drawer, Fractionated, Given
from radsim.dose.plans.limits import AnyLimit
from radsim.dose.plans.prior import Prior, check_fractions, gray
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.radiobiology.recovery import RecoveryRule
from radsim.vocabulary.mistakes import require, require_all
from radsim.vocabulary.numbers import Count, Real, Truth
from radsim.vocabulary.structures import KNOWN, TARGETS, structure_named


@dataclass(frozen=True, kw_only=True)
class LibraryDose:
    """Dose of one structure in one of a user's plans.

    Attributes
    ----------
    dose
        Course dose at the volume nodes of `radsim.radiobiology.dvh.volume_nodes`, hottest first
        [Gy].
    d003cc
        Lowest dose in the hottest 0.03 cm3 of a neural structure [Gy].
    """

    dose: tuple[Real, ...]
    d003cc: Real | None = None

    def __post_init__(self) -> None:
        require(len(self.dose) >= 4, f"dose must hold at least 4 nodes, got {len(self.dose)}")
        require(
            all(a >= b >= 0 for a, b in pairwise(self.dose)), "dose must fall and not be negative"
        )


@dataclass(frozen=True, kw_only=True)
class PlanLibrary(Fractionated):
    """A user's own plans, sampled by smoothed bootstrap.

    Attributes
    ----------
    plans
        Doses by structure, one table a plan; a folder of plans is read into them.
    prescription, fractions
        Of every plan [Gy].
    boost
        Planned D50 of the GTV in plans with a boost [Gy]; it says that the GTV is the volume of
        the highest dose level.
    smoothing
        Standard deviation of the step from one plan towards a second one; 0 takes the plans as
        they are.
    limits
        Mandatory limits; a drawn plan that breaks one is drawn again.
    prior, recovery
        An earlier course, and the rule by which the cord has recovered from it.
    delivery
        Whether set-up and output errors are simulated.
    """

    only_in_files: ClassVar[dict[str, Any]] = {
        "folder": {"type": "string", "description": "of the plans"},
        "names": {"type": "object", "additionalProperties": {"type": "string"}},
    }

    kind: Literal["library"] = "library"
    plans: tuple[dict[str, LibraryDose], ...]
    prescription: Real
    fractions: Count
    boost: Real | None = None
    smoothing: Real = 0.25
    limits: tuple[AnyLimit, ...] = ()
    prior: Prior | None = None
    recovery: RecoveryRule = "25-50"
    delivery: Truth = True

    def __post_init__(self) -> None:
        require_all(
            (len(self.plans) > 0, "plans must hold at least one plan"),
            gray("prescription", self.prescription),
            check_fractions("fractions", self.fractions),
            (
                self.boost is None or self.boost >= self.prescription,
                f"boost must not be below the prescription of {self.prescription} Gy, "
                f"got {self.boost}",
            ),
            (0 <= self.smoothing <= 1, f"smoothing must lie between 0 and 1, got {self.smoothing}"),
        )
        sizes = {len(entry.dose) for plan in self.plans for entry in plan.values()}
        require(len(sizes) == 1, f"plans must have one number of nodes, got {sorted(sizes)}")
        for plan in self.plans:
            for structure, dose in plan.items():
                lacking = structure not in TARGETS and dose.d003cc is None
                require(not lacking, f"plans: {structure} needs d003cc")
        for limit in self.limits:
            require(
                limit.only_reported or limit.structure in self.structures,
                f"limits: no plan has a {limit.structure}; known: {', '.join(self.structures)}",
            )
            require(
                self.prior is not None or not isinstance(limit, CumulativeLimit),
                "a limit over two courses needs prior = { dose, fractions, interval }",
            )

    @property
    def structures(self) -> tuple[str, ...]:
        """Structures that every plan has; those of the cord, if every plan with a cord does."""
        with_cord = [plan for plan in self.plans if has_cord(plan)]
        stated = dict.fromkeys(name for plan in self.plans for name in plan)
        return tuple(
            structure
            for structure in sorted(stated, key=_place)
            if (pool := with_cord if structure_named(structure).exists else self.plans)
            and all(structure in plan for plan in pool)
        )

    def gives(self, organs: Collection[str] = ()) -> Given:
        return dict.fromkeys(self.structures, EVERY_METRIC)

    @property
    def origin(self) -> str:  # type: ignore[override]
        return f", {len(self.plans)} plans of a library"

    @property
    def drawer(self) -> Drawer:
        from radsim.dose.fields.library_doses import library_doses

        return library_doses


def has_cord(plan: Mapping[str, LibraryDose]) -> bool:
    """Say whether a plan of a library is at a level with a spinal cord."""
    return any(structure_named(structure).exists for structure in plan)


def _place(structure: str) -> tuple[int, str]:
    """Place of a structure among others: the known ones in their order, then by name."""
    known = list(KNOWN)
    return known.index(structure) if structure in known else len(known), structure
