"""The [trial] section of an experiment file."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from radsim.distributions import Distribution, require
from radsim.schema import Count, Real, nearest
from radsim.trial.analyses import DEFAULT, Settings, check_analyses
from radsim.trial.arms import StatedArm
from radsim.trial.design import TrialDesign
from radsim.trial.exact_tests import BINARY_TESTS
from radsim.trial.group_sequential import boundaries
from radsim.trial.uncertainty import UncertainArms

ENDPOINTS = ("local_failure", "vcf", "myelopathy")
MOST_TRIALS = 1_000_000
EXTREMES = (1e-6, 1.0 - 1e-6)  # quantiles of an uncertain parameter that must still be possible


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Interim looks at shares of the planned events.

    Attributes
    ----------
    kind, futility
        See `radsim.trial.group_sequential.boundaries`.
    """

    information: tuple[Real, ...]
    kind: str = "obrien-fleming"
    futility: str | None = None

    def __post_init__(self) -> None:
        boundaries(self.information, kind=self.kind, futility=self.futility)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Over what the power is drawn: each list by itself, all else as in the design."""

    patients: tuple[Count, ...] = ()
    minimum_follow_up: tuple[Real, ...] = ()
    median_survival: tuple[Real, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrialSection:
    """A virtual trial of two arms.

    Attributes
    ----------
    control, experimental
        Name of an arm of the experiment, or what the arm is stated to do.
    trials
        How many are simulated.
    patients
        Randomized in all.
    endpoint
        The event of interest, where the arms come from the experiment.
    binary
        Whether the endpoint is the arms' ``proportion``.
    primary
        Analysis that the size and the looks are for.
    find_size
        Whether to look for the number of patients that reaches ``power``.
    most_patients
        Largest number that is tried.
    simulated_patients
        Patients of the experiment from whom the trials draw theirs.
    uncertainty
        Distributions of ``control.NAME``, ``experimental.NAME`` or ``both.NAME``, for assurance.
    scenarios
        Other trials, each a table of changes to this section, by name.
    """

    control: str | StatedArm
    experimental: str | StatedArm
    design: dict[str, Any] = field(default_factory=dict)
    trials: Count = 10_000
    patients: Count
    endpoint: str = "local_failure"
    binary: bool = False
    analyses: tuple[str, ...] = ()
    primary: str = ""
    alpha: Real = 0.05
    power: Real = 0.8
    find_size: bool = True
    most_patients: Count = 5000
    simulated_patients: Count = 20_000
    landmark: Real = 24.0
    horizon: Real = 24.0
    variance: str = "aalen"
    transform: str = "plain"
    looks: Looks | None = None
    curve: Curve | None = None
    uncertainty: dict[str, Distribution] = field(default_factory=dict)
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_analyses(self.named_analyses, binary=self.binary)
        primary = self.primary_analysis
        require(
            primary in self.named_analyses,
            f"primary must be one of the analyses, got {primary!r}; "
            f"{nearest(primary, self.named_analyses)}",
        )
        require(0.0 < self.alpha < 1.0, f"alpha must lie between 0 and 1, got {self.alpha}")
        require(0.0 < self.power < 1.0, f"power must lie between 0 and 1, got {self.power}")
        require(
            1 <= self.trials <= MOST_TRIALS,
            f"trials must lie between 1 and {MOST_TRIALS}, got {self.trials}",
        )
        for name in ("landmark", "horizon", "simulated_patients"):
            value = getattr(self, name)
            require(value > 0, f"{name} must be above 0, got {value}")
        require(
            self.endpoint in ENDPOINTS,
            f"no endpoint {self.endpoint!r}; {nearest(self.endpoint, ENDPOINTS)}",
        )
        by_name = [isinstance(arm, str) for arm in (self.control, self.experimental)]
        require(by_name[0] == by_name[1], "name both arms of the experiment, or state both")
        require(
            not (by_name[0] and self.uncertainty),
            "uncertainty: needs arms that are stated; give the experiment's own [uncertainty]",
        )
        require(not (by_name[0] and self.binary), "binary: needs arms that state a proportion")
        if not by_name[0]:
            self._check_stated()
        require(self.looks is None or not self.binary, "looks: need a time to an event")
        _ = self.trial_design

    def _check_stated(self) -> None:
        assert isinstance(self.control, StatedArm)
        assert isinstance(self.experimental, StatedArm)
        uncertain = UncertainArms((self.control, self.experimental), self.uncertainty)
        for u in EXTREMES:  # what can be drawn must be possible
            at = {key: float(law.ppf(np.array([u]))[0]) for key, law in self.uncertainty.items()}
            for key, value in at.items():
                try:
                    uncertain.drawn({key: value})
                except ValueError as error:
                    raise ValueError(f"uncertainty: {key}: may be {value:.4g}; {error}") from None
        for name in ("control", "experimental"):
            arm = getattr(self, name)
            if self.binary:
                require(
                    arm.proportion is not None, f"{name}.proportion: is missing for a binary trial"
                )
            else:
                require(
                    arm.has_times,
                    f"{name}: give failure_hazard or control, or binary = true and a proportion",
                )

    @property
    def trial_design(self) -> TrialDesign:
        """The design, checked."""
        try:
            return DESIGN.validate_python({**self.design, "patients": self.patients})
        except ValidationError as error:
            raise ValueError(_first_line("design", error)) from None

    @property
    def named_analyses(self) -> tuple[str, ...]:
        """The analyses, or the usual ones where none are named."""
        if self.analyses:
            return self.analyses
        if self.binary:
            return BINARY_TESTS
        extra = ("logrank_cluster_robust",) if len(self.design.get("lesions", ())) > 1 else ()
        strata = ("logrank_stratified",) if self.design.get("strata") else ()
        return (*DEFAULT, *extra, *strata)

    @property
    def primary_analysis(self) -> str:
        """The analysis that the size is for."""
        return self.primary or self.named_analyses[0]

    @property
    def settings(self) -> Settings:
        """What the analyses need to be told."""
        return Settings(
            landmark=self.landmark,
            horizon=self.horizon,
            variance=self.variance,
            transform=self.transform,
        )

    def variants(self) -> dict[str, "TrialSection"]:
        """Every trial to simulate by name: each scenario, or the section itself.

        Raises
        ------
        ValueError
            If a scenario is not a trial; the message names the key.
        """
        plain = replace(self, scenarios={})
        if not self.scenarios:
            return {"trial": plain}
        base = SECTION.dump_python(plain, exclude_none=True)
        found = {}
        for name, changes in self.scenarios.items():
            try:
                found[name] = SECTION.validate_python(_changed(base, changes))
            except ValidationError as error:
                raise ValueError(_first_line(f"scenarios.{name}", error)) from None
        return found


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over a table; one way to state a quantity replaces the others."""
    merged = dict(base)
    for key, value in changes.items():
        for group in ALTERNATIVES:
            if key in group and not isinstance(value, (dict, str)):
                merged = {k: v for k, v in merged.items() if k not in group}
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict) and "kind" not in value
        merged[key] = _changed(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _first_line(key: str, error: ValidationError) -> str:
    detail = error.errors()[0]
    place = ".".join(str(step) for step in (key, *detail["loc"]))
    said = detail["msg"].removeprefix("Value error, ").replace("\n", "; ")
    return f"{place}: {said}"


ALTERNATIVES = (
    ("failure_hazard", "control", "control_months"),
    ("death_hazard", "median_survival", "survival"),
    ("minimum_follow_up", "calendar_cut", "event_target"),
)
DESIGN = TypeAdapter(TrialDesign)
SECTION = TypeAdapter(TrialSection)
