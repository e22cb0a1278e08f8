"""An arm's plan: prescription, boost, limits, earlier radiotherapy, and how it is delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field

from radsim.dose.plans.limits import (
    HIGHEST_DOSE,
    ORGANS,
    STRUCTURES,
    AnyLimit,
    CumulativeLimit,
    Limit,
    Structure,
)
from radsim.presets import load_preset
from radsim.radiobiology.recovery import RecoveryRule
from radsim.randomness.distributions.composed import Continuous, require, require_all
from radsim.vocabulary.words import Count, Real, nearest

MOST_FRACTIONS = 100  # more than any course has

REPORTED_RULES = ("cumulative-bed3-75-106", "hytec-reirradiation")  # for any arm with a prior


def _gray(name: str, dose: float) -> tuple[bool, str]:
    if dose > 0:
        return (
            dose <= HIGHEST_DOSE,
            f"{name} must be at most {HIGHEST_DOSE} Gy, got {dose}; in cGy?",
        )
    return False, f"{name} must be above 0 Gy, got {dose}"


def _fractions(name: str, fractions: int) -> tuple[bool, str]:
    if fractions >= 1:
        return fractions <= MOST_FRACTIONS, f"{name} must be at most {MOST_FRACTIONS}"
    return False, f"{name} must be 1 or more, got {fractions}"


def _lowest(value: Real | Continuous) -> float:
    return (
        float(value) if isinstance(value, (int, float)) else float(value.ppf(np.array([1e-9]))[0])
    )


@dataclass(frozen=True, kw_only=True)
class Prior:
    """An earlier course of radiotherapy at the same level.

    Attributes
    ----------
    dose, fractions
        What the cord and the thecal sac themselves got [Gy].
    interval
        Time from it to the new course [months]: a number, a distribution, or the name of a
        cohort variable.

    Examples
    --------
    >>> Prior(dose=30.0, fractions=10, interval=12.0).dose
    30.0
    """

    dose: Real
    fractions: Count
    interval: Real | Continuous | str

    def __post_init__(self) -> None:
        lowest = 0.0 if isinstance(self.interval, str) else _lowest(self.interval)
        require_all(
            _gray("prior.dose", self.dose),
            _fractions("prior.fractions", self.fractions),
            (lowest >= 0, f"prior.interval must not be negative, got {lowest:.3g}"),
        )


@dataclass(frozen=True, kw_only=True)
class ExternalBeam:
    """External-beam radiotherapy in equal fractions.

    Attributes
    ----------
    regimen
        Name of the preset that the settings came from, if one did.
    prescription
        Dose that is to cover 90 % of PTV_Eval [Gy].
    fractions
        Number of equal fractions.
    boost
        Planned D50 of the GTV [Gy], a number or a distribution; without it there is one dose
        level.
    limits
        What the plan has to keep to, see :class:`~radsim.dose.plans.limits.Limit` and
        :class:`~radsim.dose.plans.limits.CumulativeLimit`.
    prior, recovery
        An earlier course, and the rule by which the cord has recovered from it.
    isotoxic
        Lower the prescription of each patient as far as coverage within the limits asks for;
        ``prescription`` is then the highest that is given.
    minimum_coverage
        Lowest accepted planned D90 of PTV_Eval, as a share of the prescription.
    maximum_dose
        Highest accepted planned D2 of PTV_Eval, as a share of the prescription.
    field
        ``conformal``: spares the neural structures. ``uniform``: a conventional field with the
        cord in it, planned to no limits.
    delivery
        Whether set-up and output errors are simulated; without them delivered is planned.

    Examples
    --------
    >>> sac = Limit(structure="thecal_sac", metric="D0.03cc", at_most=18.0)
    >>> ExternalBeam(prescription=24.0, fractions=1, limits=(sac,)).boost is None
    True
    """

    kind: Literal["external_beam"] = "external_beam"
    regimen: str | None = None
    prescription: Real
    fractions: Count
    boost: Real | Continuous | None = None
    limits: tuple[AnyLimit, ...] = ()
    prior: Prior | None = None
    recovery: RecoveryRule = "25-50"
    isotoxic: bool = False
    minimum_coverage: Real = 0.7
    maximum_dose: Real | None = None
    field: Literal["conformal", "uniform"] = "conformal"
    delivery: bool = True

    def __post_init__(self) -> None:
        lowest = self.prescription if self.boost is None else _lowest(self.boost)
        require_all(
            _gray("prescription", self.prescription),
            _fractions("fractions", self.fractions),
            (
                0 <= self.minimum_coverage <= 1,
                f"minimum_coverage must lie between 0 and 1, got {self.minimum_coverage}",
            ),
            (
                self.maximum_dose is None or self.maximum_dose > 1,
                f"maximum_dose must be above 1, got {self.maximum_dose}",
            ),
            (
                lowest >= self.prescription,
                f"boost must not be below the prescription of {self.prescription} Gy, "
                f"got {lowest:.4g}",
            ),
            (
                lowest <= HIGHEST_DOSE or self.boost is None,
                f"boost must be at most {HIGHEST_DOSE} Gy, got {lowest:.4g}; in cGy?",
            ),
        )
        if self.boost is not None:
            require(not self.isotoxic, "isotoxic planning takes one dose level, so no boost")
        if self.field == "uniform":
            require(self.boost is None, "a uniform field has no boost")
            require(not self.isotoxic, "a uniform field is not planned to limits: no isotoxic")
            planned = [limit for limit in self.limits if not _is_flag(limit)]
            require(not planned, "a uniform field is planned to no limits")
        else:
            for level in ("cord", "below_cord"):
                require(
                    any(_rules(limit, level) for limit in self.limits),
                    "limits must hold a mandatory D0.03cc of a neural structure at every level, "
                    f"and there is none {level.replace('_', ' ')} level; thecal_sac is one "
                    '(or set field = "uniform")',
                )
        if self.prior is None:
            for limit in self.limits:
                require(
                    not isinstance(limit, CumulativeLimit),
                    f"limit {getattr(limit, 'name', '')!r} adds up two courses, so the arm needs "
                    "prior = { dose, fractions, interval }",
                )


def _is_flag(limit: AnyLimit) -> bool:
    return limit.optimal if isinstance(limit, Limit) else limit.role == "flag"


def _rules(limit: AnyLimit, level: str) -> bool:
    """Say whether the limit bounds the dose of a neural structure at this level."""
    if _is_flag(limit) or limit.structure not in ORGANS:
        return False
    if isinstance(limit, CumulativeLimit) and limit.level not in ("any", level):
        return False
    return level == "cord" or limit.structure == "thecal_sac"


@dataclass(frozen=True, kw_only=True)
class Intraoperative:
    """Intraoperative radiotherapy with a low-energy source in the vertebra, in one fraction.

    Attributes
    ----------
    prescription
        Dose at ``depth`` from the applicator's surface [Gy].
    depth
        Distance from the applicator's surface [mm].
    attenuation
        Attenuation beyond the inverse square [1/mm].
    applicator_radius
        Radius of the applicator [mm].
    source_offset
        Distance of the source from the center of the GTV, as a share of its radius.
    canal_clearance
        Least distance from the source to the wall of the canal [mm].

    Examples
    --------
    >>> plan = Intraoperative(
    ...     prescription=8.0,
    ...     depth=13.0,
    ...     attenuation=0.08,
    ...     applicator_radius=2.5,
    ...     source_offset=0.4,
    ...     canal_clearance=10.0,
    ... )
    >>> plan.fractions
    1
    """

    kind: Literal["intraoperative"] = "intraoperative"
    regimen: str | None = None
    prescription: Real
    depth: Real
    attenuation: Real | Continuous
    applicator_radius: Real | Continuous
    source_offset: Real | Continuous
    canal_clearance: Real | Continuous
    delivery: bool = True

    @property
    def fractions(self) -> int:
        """One: nothing is fractionated."""
        return 1

    def __post_init__(self) -> None:
        require_all(_gray("prescription", self.prescription))
        require(0 < self.depth <= 50, f"depth must lie between 0 and 50 mm, got {self.depth}")
        for name in ("attenuation", "source_offset", "canal_clearance"):
            lowest = _lowest(getattr(self, name))
            require(lowest >= 0, f"{name} must not be negative, got {lowest:.3g}")
        lowest = _lowest(self.applicator_radius)
        require(lowest > 0, f"applicator_radius must be above 0, got {lowest:.3g}")


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
class PlanLibrary:
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

    kind: Literal["library"] = "library"
    plans: tuple[dict[Structure, LibraryDose], ...]
    prescription: Real
    fractions: Count
    boost: Real | None = None
    smoothing: Real = 0.25
    limits: tuple[AnyLimit, ...] = ()
    prior: Prior | None = None
    recovery: RecoveryRule = "25-50"
    delivery: bool = True

    def __post_init__(self) -> None:
        require_all(
            (len(self.plans) > 0, "plans must hold at least one plan"),
            _gray("prescription", self.prescription),
            _fractions("fractions", self.fractions),
            (
                self.boost is None or self.boost >= self.prescription,
                f"boost must not be below the prescription of {self.prescription} Gy, "
                f"got {self.boost}",
            ),
            (
                0 <= self.smoothing <= 1,
                f"smoothing must lie between 0 and 1, got {self.smoothing}",
            ),
        )
        sizes = {len(entry.dose) for plan in self.plans for entry in plan.values()}
        require(len(sizes) == 1, f"plans must have one number of nodes, got {sorted(sizes)}")
        for plan in self.plans:
            for structure, dose in plan.items():
                if structure in ORGANS:
                    require(dose.d003cc is not None, f"plans: {structure} needs d003cc")
        for limit in self.limits:
            if not _is_flag(limit):
                structure = limit.structure
                require(
                    structure in self.structures,
                    f"limits: no plan has a {structure}; known: {', '.join(self.structures)}",
                )
            require(
                self.prior is not None or not isinstance(limit, CumulativeLimit),
                "a limit over two courses needs prior = { dose, fractions, interval }",
            )

    @property
    def structures(self) -> tuple[Structure, ...]:
        """Structures that every plan has; those of the cord, if every plan with a cord does."""
        with_cord = [plan for plan in self.plans if has_cord(plan)]
        return tuple(
            structure
            for structure in get_args(Structure)
            if (pool := with_cord if structure in CORD else self.plans)
            and all(structure in plan for plan in pool)
        )


CORD = ("spinal_cord", "cord_prv")


def has_cord(plan: Mapping[Structure, LibraryDose]) -> bool:
    """Say whether a plan of a library is at a level with a spinal cord."""
    return any(structure in plan for structure in CORD)


Plan = Annotated[ExternalBeam | Intraoperative | PlanLibrary, Field(discriminator="kind")]


def expand_plan(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what an arm names by preset, so that it is explicit and runs again as it is.

    ``regimen`` fills in every key that the arm does not set. ``limits`` may be a table:
    ``{ preset = "..." }``, ``{ cord_prv = 14.0 }`` for D0.03cc at most that dose, or both, where
    the second replaces the preset's mandatory limit of that structure. An arm with an earlier
    course gets the known rules for two courses as flags. Anything malformed is left for
    validation to report.

    Raises
    ------
    ValueError
        If there is no such preset, or the table of limits names an unknown structure.

    Examples
    --------
    >>> expand_plan({"prescription": 24.0, "limits": {"thecal_sac": 18.0}})["limits"]
    [{'kind': 'dose', 'structure': 'thecal_sac', 'metric': 'D0.03cc', 'at_most': 18.0}]
    """
    expanded = dict(settings)
    regimen = expanded.get("regimen")
    if regimen is not None:
        require(isinstance(regimen, str), f"regimen: must be text in quotes, got {regimen!r}")
        try:
            preset = load_preset("regimen", regimen)
        except ValueError as error:
            raise ValueError(f"regimen: {error}") from None
        expanded = {**preset.settings(), **expanded}
    expanded.setdefault("kind", "external_beam")
    if expanded["kind"] == "intraoperative":
        return {**load_preset("dose", "low-energy-source").settings(), **expanded}
    if isinstance(expanded.get("limits"), Mapping):
        expanded["limits"] = _expand_limits(expanded["limits"])
    if isinstance(expanded.get("limits"), list | tuple):
        expanded["limits"] = [
            {"kind": "dose", **entry} if isinstance(entry, Mapping) else entry
            for entry in expanded["limits"]
        ]
    if expanded.get("prior") is not None and isinstance(expanded.get("limits", []), list | tuple):
        expanded["limits"] = _with_flags(list(expanded.get("limits", [])))
    return expanded


def _with_flags(limits: list[Any]) -> list[Any]:
    """Report the known rules for two courses, whether or not the arm plans to them."""
    named = {limit.get("name") for limit in limits if isinstance(limit, Mapping)}
    for preset in REPORTED_RULES:
        for entry in load_preset("limits", preset).settings().values():
            if entry["name"] not in named:
                limits.append({**entry, "role": "flag"})
    return limits


def _expand_limits(table: Mapping[str, Any]) -> list[Any]:
    entries: list[Any] = []
    name = table.get("preset")
    if name is not None:
        try:
            entries = [dict(entry) for entry in load_preset("limits", name).settings().values()]
        except (ValueError, TypeError) as error:
            raise ValueError(f"limits.preset: {error}") from None
    for structure, value in table.items():
        if structure == "preset":
            continue
        if structure not in STRUCTURES:
            raise ValueError(f"limits.{structure}: {nearest(structure, ('preset', *STRUCTURES))}")
        if structure not in ORGANS:
            raise ValueError(
                f"limits.{structure}: the short form is D0.03cc of an organ; write "
                "{ structure, metric, at_least } for a target"
            )
        entries = [entry for entry in entries if not _is_replaced(entry, structure)]
        entries.append({"structure": structure, "metric": "D0.03cc", "at_most": value})
    return entries


def _is_replaced(entry: Mapping[str, Any], structure: str) -> bool:
    return (
        entry.get("kind", "dose") == "dose"
        and entry.get("structure") == structure
        and entry.get("metric") == "D0.03cc"
        and not entry.get("optimal", False)
    )
