"""Arms whose doses are plans of a library."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isnan, nan
from typing import Any, ClassVar, Literal

import numpy as np

from radsim.dose.plans.kind import EVERY_METRIC, Drawer, Fractionated, Given
from radsim.dose.plans.limits import AnyLimit, check_limits
from radsim.dose.plans.prior import Prior, check_fractions, gray
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.radiobiology.dvh import dose_at_volume, volume_nodes
from radsim.radiobiology.recovery import RecoveryRule
from radsim.vocabulary.dose_metrics import Metric
from radsim.vocabulary.mistakes import require, require_all
from radsim.vocabulary.numbers import Count, Real, Truth
from radsim.vocabulary.structures import (
    HOT_SPOT,
    KNOWN,
    NEURAL,
    check_structure,
    structure_named,
)
from radsim.vocabulary.words import listed

CORD = "spinal_cord"  # stands for all that ends with it


@dataclass(frozen=True, kw_only=True)
class LibraryDose:
    """Dose of one structure in one of a user's plans.

    Attributes
    ----------
    dose
        Course dose at the volume nodes of `radsim.radiobiology.dvh.volume_nodes`, hottest first
        [Gy].
    d003cc
        Lowest dose in the hottest 0.03 cm3 [Gy]; without it, it is unknown.
    volume
        Of the structure [cm3], so that VxGy_cc is known, and other hot spots between the nodes.
        Without it only those that are listed are known, as of a structure that has no dose in part.
    hot_spots
        Further volumes [cm3], each with the lowest dose in the hottest part of that size [Gy].
    """

    dose: tuple[Real, ...]
    d003cc: Real | None = None
    volume: Real | None = None
    hot_spots: tuple[tuple[Real, Real], ...] = ()

    def __post_init__(self) -> None:
        require(len(self.dose) >= 4, f"dose must hold at least 4 nodes, got {len(self.dose)}")
        require(
            all(a >= b >= 0 for a, b in pairwise(self.dose)), "dose must fall and not be negative"
        )
        require(
            self.volume is None or self.volume > 0, f"volume must be above 0, got {self.volume}"
        )
        spots = sorted(self._listed.items())
        require(
            all(0 < size <= (self.volume or size) and dose >= 0 for size, dose in spots)
            and all(a >= b for (_, a), (_, b) in pairwise(spots)),
            "hot_spots must be volumes above 0 and within the structure, with doses that fall as "
            f"they grow and are not negative, got {spots}",
        )

    @property
    def _listed(self) -> dict[float, float]:
        """Dose of the hot spots that are stated [Gy], by their volume [cm3]."""
        return dict(self.hot_spots) | ({} if self.d003cc is None else {HOT_SPOT: self.d003cc})

    def hottest(self, volume: float) -> float:
        """Lowest dose in the hottest part of a size [cm3], NaN where it is unknown [Gy].

        It is as stated, or interpolated between the nodes and what is stated, never extrapolated.

        Examples
        --------
        >>> flat = LibraryDose(dose=(12.0, 12.0, 12.0, 12.0), volume=9.0, d003cc=13.0)
        >>> [flat.hottest(volume) for volume in (0.03, 2.5, 9.5)]
        [13.0, 12.0, nan]
        """
        listed = self._listed
        if volume in listed or self.volume is None or volume > self.volume:
            return listed.get(volume, nan)
        share = np.append(volume_nodes(len(self.dose))[0], [v / self.volume for v in listed])
        dose = np.append(self.dose, list(listed.values()))
        order = np.lexsort((-dose, share))
        if volume < share[order][0] * self.volume:
            return nan
        return float(dose_at_volume(dose[order], share[order], volume / self.volume))


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
        Mandatory limits; a drawn plan that breaks one is drawn again, where any plan keeps them.
    prior, priors, recovery
        An earlier course, or several, and the rule by which the cord has recovered from it.
    delivery
        Whether set-up and output errors are simulated.
    """

    only_in_files: ClassVar[dict[str, Any]] = {
        "folder": {"type": "string", "description": "of the plans"},
        "names": {"type": "object", "additionalProperties": {"type": "string"}},
        "confirmed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "plans that are meant, whatever was asked about their doses",
        },
    }
    broken: ClassVar[dict[str, str]] = {
        "limits_met": "get a plan of the library that breaks a limit of an organ",
        "plan_eligible": "drew no plan that keeps every limit, and get the first one drawn",
    }
    samples_anatomy: ClassVar[bool] = False

    kind: Literal["library"] = "library"
    plans: tuple[dict[str, LibraryDose], ...]
    prescription: Real
    fractions: Count
    boost: Real | None = None
    smoothing: Real = 0.25
    limits: tuple[AnyLimit, ...] = ()
    prior: Prior | None = None
    priors: tuple[Prior, ...] = ()
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
        self.check_earlier()
        check_limits(self.limits)
        sizes = {len(entry.dose) for plan in self.plans for entry in plan.values()}
        require(len(sizes) == 1, f"plans must have one number of nodes, got {sorted(sizes)}")
        for plan in self.plans:
            for structure, dose in plan.items():
                check_structure(structure)
                lacking = structure in NEURAL and dose.d003cc is None
                require(not lacking, f"plans: {structure} needs d003cc")
        for region in {place: None for s in self.of_some for place in structure_named(s).regions}:
            there = [s for s in self.of_some if region in structure_named(s).regions]
            suits = any(all(structure in plan for structure in there) for plan in self.plans)
            require(suits, f"plans: none has {listed(there)}, as {region} patients do")
        for limit in self.limits:
            require(
                limit.only_reported or limit.structure in self.structures,
                f"limits: no plan has a {limit.structure}; known: {', '.join(self.structures)}",
            )
            spot = None if limit.only_reported else limit.spot
            unknown = (
                ""
                if spot is None
                else self.lacks(spot.structure, Metric("dose_at_volume", spot.volume))
            )
            require(not unknown, f"limits: {unknown}")
            require(
                bool(self.earlier) or not isinstance(limit, CumulativeLimit),
                "a limit over two courses needs prior = { dose, fractions, interval }",
            )

    @property
    def structures(self) -> tuple[str, ...]:
        """Structures that every patient who has them gets a dose of.

        That is what every plan has; what belongs to the cord, if every plan with a cord has it; and
        an organ of certain regions if any plan has it, for who has that organ gets such a plan.
        """
        with_cord = [plan for plan in self.plans if has_cord(plan)]
        stated = dict.fromkeys(name for plan in self.plans for name in plan)

        def is_given(structure: str) -> bool:
            known = structure_named(structure)
            pool = with_cord if known.exists else self.plans
            return bool(known.regions) or all(structure in plan for plan in pool)

        return tuple(filter(is_given, sorted(stated, key=_place)))

    @property
    def of_some(self) -> tuple[str, ...]:
        """Organs of certain regions that some of the plans lack."""
        return tuple(
            structure
            for structure in self.structures
            if structure_named(structure).regions
            and not all(structure in plan for plan in self.plans)
        )

    @property
    def who_has(self) -> dict[str, np.ndarray]:
        """Whether each plan has the cord, and each organ that only some have, shape (plan,)."""
        rows = {CORD: [has_cord(plan) for plan in self.plans]}
        rows |= {organ: [organ in plan for plan in self.plans] for organ in self.of_some}
        return {name: np.array(row) for name, row in rows.items()}

    def without(self, region: str, with_cord: bool) -> str:
        has = [organ for organ in self.of_some if region in structure_named(organ).regions]
        parts = [CORD, *has] if with_cord else has
        return "" if suitable(self.who_has, parts).any() else no_plan_with(parts)

    def lacks(self, structure: str, metric: Metric) -> str:
        if not metric.needs_volume:
            return ""
        doses = [plan[structure] for plan in self.plans if structure in plan]
        if metric.kind == "dose_at_volume":
            unknown = sum(isnan(dose.hottest(metric.number)) for dose in doses)
            reason = "it is smaller, or in part without a dose"
        else:
            unknown = sum(dose.volume is None for dose in doses)
            reason = "its volume is not stated, or it is in part without a dose"
        if not unknown:
            return ""
        return (
            f"{metric} of the {structure_named(structure).label} is unknown in "
            f"{unknown} of {len(doses)} plans: {reason}"
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


def suitable(rows: Mapping[str, np.ndarray], parts: Collection[str]) -> np.ndarray:
    """Plans for a patient who has some of the cord and the organs, shape (plan,).

    They have these and, if there are such, none of the others.
    """
    pool = np.ones(len(rows[CORD]), dtype=bool)
    for name, with_it in rows.items():
        if name in parts or (pool & ~with_it).any():
            pool &= with_it if name in parts else ~with_it
    return pool


def no_plan_with(parts: Collection[str]) -> str:
    """Say that nothing suits patients who have these parts."""
    words = listed([structure_named(name).label for name in parts])
    return f"some patients have a {words}, but no plan of the library does"


def has_cord(plan: Mapping[str, LibraryDose]) -> bool:
    """Say whether a plan of a library is at a level with a spinal cord."""
    return any(structure_named(structure).exists for structure in plan)


def _place(structure: str) -> tuple[int, str]:
    """Place of a structure among others: the known ones in their order, then by name."""
    known = list(KNOWN)
    return known.index(structure) if structure in known else len(known), structure
