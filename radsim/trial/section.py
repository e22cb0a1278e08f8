"""The [trial] section of an experiment file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from itertools import product
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from radsim.randomness.distributions.composed import Distribution
from radsim.trial.comparisons import check_comparisons
from radsim.trial.conduct.analyses import (
    AGAINST_MARGIN,
    DEFAULT,
    Settings,
    check_analyses,
)
from radsim.trial.conduct.draw import Arms
from radsim.trial.conduct.hypotheses import OWN, Family, Hypothesis
from radsim.trial.conduct.run import TrialPlan, largest_exact_trial
from radsim.trial.conduct.uncertainty import UncertainArms
from radsim.trial.formulas.group_sequential import Boundaries, boundaries
from radsim.trial.idle import check_idle
from radsim.trial.interim.looks import check_looks
from radsim.trial.interim.resize import Resize
from radsim.trial.margins import check_margin, worst_effect
from radsim.trial.proportions.binary_tests import NORMAL_TESTS
from radsim.trial.proportions.exact_tests import BINARY_TESTS, EXACT_TESTS
from radsim.trial.protocol.arms import (
    COMPANIONS,
    DEATH_WAYS,
    FAILURE_WAYS,
    ROLES,
    PatientPool,
    StatedArm,
)
from radsim.trial.protocol.design import Protocol, TrialDesign
from radsim.trial.protocol.procedure import PRIMARY, Procedure
from radsim.trial.protocol.subgroup import MixedArms, Subgroup
from radsim.trial.questions.margin import at_margin
from radsim.trial.questions.testing import plan_of_one, with_nulls
from radsim.trial.secondary import Secondary, check_name
from radsim.trial.swept import check_sweep, idle_keys, laid_over, points_of, still_uncertain
from radsim.trial.varied import Curve
from radsim.vocabulary.endpoints import DEATH, LOCAL_FAILURE
from radsim.vocabulary.mistakes import below, mistakes_of, require
from radsim.vocabulary.numbers import Count, Real, Truth
from radsim.vocabulary.words import nearest

NAME = re.compile(r"[A-Za-z0-9_-]+")  # of a scenario, which names files
MOST_TRIALS = 1_000_000
LATE = (0.0, 1.0)  # rho and gamma of a weighted log-rank test that looks at late events
EXTREMES = (1e-6, 1.0 - 1e-6)  # quantiles of an uncertain parameter that must still be possible


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Interim looks at shares of the planned events.

    Attributes
    ----------
    kind, futility, below
        See `radsim.trial.formulas.group_sequential.boundaries`.
    """

    information: tuple[Real, ...]
    kind: str = "obrien-fleming"
    futility: str | None = None
    below: Real | None = None

    def __post_init__(self) -> None:
        self.limits()

    def limits(self, *, alpha: float = 0.05, power: float = 0.8) -> Boundaries:
        """Make the boundaries of a two-sided level and a power.

        Raises
        ------
        ValueError
            If the looks are impossible; the message names them.
        """
        if self.futility is not None:
            require(
                power > alpha,
                f"futility needs a power above alpha, got a power of {power:g}",
            )
        return boundaries(
            self.information,
            kind=self.kind,
            alpha=alpha / 2.0,
            futility=self.futility,
            power=power,
            below=self.below,
        )


@dataclass(frozen=True, kw_only=True)
class TrialSection:
    """A virtual trial.

    Attributes
    ----------
    control, experimental
        Name of an arm of the experiment, or what the arm is stated to do; of several experimental
        arms each, all of which are compared with control.
    success
        Where the trial compares several things: whether its power is that to reject in ``any`` of
        the comparisons or in ``all``.
    subgroup
        Patients in whom the arms do something else.
    trials
        How many are simulated.
    patients
        Randomized in all.
    endpoint
        The event of interest, where the arms come from the experiment.
    binary
        Whether the endpoint is the arms' ``proportion``.
    event
        What the event is called in figures and text.
    higher_is_better
        Whether more of a binary endpoint is good for patients; not said unless given.
    planned_hazard_ratio
        A hazard ratio for the formulas beside the true one, such as a published plan's.
    primary
        Analysis that the size and the looks are for.
    margin
        The trial is to show that the experimental arm is not worse by so much or more, in the
        effect of the primary analysis: a ratio above 1, or a difference of incidences, controls,
        proportions or months above 0. One-sided at half of ``alpha``.
    landmarks
        Where ``incidence_differences`` compares incidences [months].
    weights
        Rho and gamma of ``logrank_weighted``, (0, 1) where they are not given: late events.
    find_size
        Whether to look for the number of patients that reaches ``power``.
    most_patients
        Largest number that is tried.
    simulated_patients
        Patients of the experiment from whom the trials draw theirs.
    resize
        How the size is reckoned anew on the way, see `radsim.trial.interim.resize.Resize`.
    uncertainty
        Distributions of ``control.NAME``, ``experimental.NAME`` or ``both.NAME``, for assurance.
    secondary
        Key secondary hypotheses by name; `radsim.trial.secondary.Secondary`.
    testing
        In which order and at which share of the level the hypotheses are tested, the primary one
        among them; as a fixed sequence in the order of the file unless given.
    sweep
        Dotted keys of this section over lists of values; every combination is a trial.
    scenarios
        Other trials, each a table of changes to this section, by name.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    control: str | StatedArm
    experimental: str | StatedArm | tuple[str | StatedArm, ...]
    success: Literal["any", "all"] | None = None
    subgroup: Subgroup | None = None
    design: Protocol = field(default_factory=Protocol)
    trials: Count = 10_000
    patients: Count
    endpoint: str = LOCAL_FAILURE.event
    binary: Truth = False
    event: str = ""
    higher_is_better: Truth | None = None
    planned_hazard_ratio: Real | None = None
    analyses: tuple[str, ...] | None = None
    primary: str = ""
    margin: Real | None = None
    alpha: Real = 0.05
    power: Real = 0.8
    find_size: Truth = True
    most_patients: Count = 5000
    simulated_patients: Count = 20_000
    landmark: Real = 24.0
    horizon: Real = 24.0
    landmarks: tuple[Real, ...] = ()
    weights: tuple[Real, Real] | None = None
    variance: str = "aalen"
    transform: str = "plain"
    looks: Looks | None = None
    resize: Resize | None = None
    curve: Curve | None = None
    uncertainty: dict[str, Distribution] = field(default_factory=dict)
    secondary: dict[str, Secondary] = field(default_factory=dict)
    testing: Procedure | None = None
    sweep: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_analyses(self._superiority, binary=self.binary)
        against = [name for name in self._superiority if name in AGAINST_MARGIN.values()]
        require(
            not against,
            f"analyses: {' and '.join(against)}: name the analysis as primary, and give a margin",
        )
        primary = self.compared_analysis
        require(
            primary in self.named_analyses,
            f"primary must be one of the analyses, got {primary!r}; "
            f"{nearest(primary, self.named_analyses)}",
        )
        self._check_margin()
        require(
            bool(self.landmarks) or "incidence_differences" not in self.named_analyses,
            "landmarks: say at which months incidence_differences compares",
        )
        require(0.0 < self.alpha < 1.0, f"alpha must lie between 0 and 1, got {self.alpha}")
        require(0.0 < self.power < 1.0, f"power must lie between 0 and 1, got {self.power}")
        require(
            1 <= self.trials <= MOST_TRIALS,
            f"trials must lie between 1 and {MOST_TRIALS}, got {self.trials}",
        )
        require(
            self.simulated_patients > 0,
            f"simulated_patients must be above 0, got {self.simulated_patients}",
        )
        require(
            self.most_patients >= self.trial_design.unit,
            f"most_patients must be at least {self.trial_design.unit}, the smallest trial of this "
            f"design, got {self.most_patients}",
        )
        ratio = self.planned_hazard_ratio
        require(
            ratio is None or (ratio > 0.0 and ratio != 1.0 and not self.binary),
            f"planned_hazard_ratio must be above 0, not 1, and for times, got {ratio}",
        )
        require(
            self.binary or self.higher_is_better is None,
            "higher_is_better: is for a binary endpoint; an event in time is a harm",
        )
        check_sweep(self.sweep)
        for name in self.scenarios:
            require(
                NAME.fullmatch(name) is not None,
                f"scenarios: names are made of letters, digits, _ and -, got {name!r}",
            )
        self._check_arms()
        check_comparisons(self, is_equal=self._is_equal)
        self._check_secondary()
        self._check_plans()
        check_idle(self)

    def _check_margin(self) -> None:
        if self.margin is not None:
            require(
                self.planned_hazard_ratio is None,
                "planned_hazard_ratio: has no effect here: formulas are of the margin",
            )
            check_margin(
                float(self.margin),
                self.compared_analysis,
                binary=self.binary,
                higher_is_better=self.higher_is_better,
                horizon=float(self.horizon),
            )

    @property
    def worst(self) -> float | None:
        """Effect of the primary analysis (log for ratios) that is just not acceptable."""
        if self.margin is None:
            return None
        good = self.higher_is_better
        return worst_effect(float(self.margin), self.compared_analysis, good=good)

    def _check_arms(self) -> None:
        names = [arm for arm in self.arms if isinstance(arm, str)]
        require(
            len(names) in (0, len(self.arms)), "name both arms of the experiment, or state both"
        )
        twice = next((name for name in names[1:] if names[1:].count(name) > 1), None)
        require(twice is None, f"experimental: names {twice!r} twice")
        if not names:
            self._check_stated()
            return
        require(
            not self.uncertainty,
            "uncertainty: needs arms that are stated; give the experiment's own [uncertainty]",
        )
        require(not self.binary, "binary: needs arms that state a proportion")

    @property
    def _is_equal(self) -> bool:
        return self.design.allocation == Protocol().allocation

    @property
    def arms(self) -> tuple[str | StatedArm, ...]:
        """Control and experimental arms."""
        more = self.experimental if isinstance(self.experimental, tuple) else (self.experimental,)
        return self.control, *more

    @property
    def succeeds_in(self) -> str:
        """Whether any comparison must reject, or all."""
        return self.success or "any"

    @property
    def stated_arms(self) -> Arms:
        """The arms as they are stated, in the subgroup and in others.

        Raises
        ------
        ValueError
            If an arm of the subgroup is none; the message names the key.
        """
        arms, group = tuple(arm for arm in self.arms if isinstance(arm, StatedArm)), self.subgroup
        if group is None:
            return arms
        told = {}
        stated = SECTION.dump_python(self, exclude_none=True)
        for role in ROLES:
            base = stated[role]
            changes = dict(getattr(group, role))
            told[role] = {**_without_others(base, changes, ARM_WAYS), **changes}
        try:
            inside = PAIR.validate_python(told)
        except ValidationError as error:
            lines = mistakes_of(error, told, PAIR.json_schema())
            raise ValueError("\n".join(f"subgroup.{line}" for line in lines)) from None
        two = (inside.control, inside.experimental)
        for role, arm in zip(ROLES, two, strict=True):
            _check_endpoint(f"subgroup.{role}", arm, binary=self.binary)
        return two if group.only else MixedArms(two, arms, float(group.share or 0.0))

    def _stand_in(self) -> PatientPool:
        """A patient who stands for those who are yet to be simulated."""
        nobody = np.zeros((len(self.arms), 1))
        minimization, group = self.design.minimization, self.subgroup
        factors = {} if minimization is None else minimization.factors
        return PatientPool(
            nobody,
            nobody,
            {},
            inside=None if group is None or group.only else np.ones(1, bool),
            factors={name: np.zeros(1, int) for name in factors},
        )

    def _check_secondary(self) -> None:
        """Make every secondary hypothesis, and find its place in the testing procedure."""
        require(
            bool(self.secondary) or self.testing is None,
            "testing: has no effect here: there is no secondary hypothesis to test",
        )
        if not self.secondary:
            return
        for name in ("looks", "resize"):
            require(
                getattr(self, name) is None,
                f"{name}: is for one hypothesis; leave out secondary and testing",
            )
        require(
            not self.binary or self.higher_is_better is not None,
            "higher_is_better: is missing; hypotheses are tested in favor of the experimental arm",
        )
        for name, secondary in self.secondary.items():
            require(
                NAME.fullmatch(name) is not None,
                f"secondary: names are made of letters, digits, _ and -, got {name!r}",
            )
            check_name(name, secondary)
            try:
                if secondary.is_stated:
                    self._check_stated_secondary(secondary)
                self.hypothesis_of(name)
            except ValueError as error:
                raise ValueError(_in_secondary(name, error)) from None
        try:
            self.procedure.check((PRIMARY, *self.secondary))
        except ValueError as error:
            raise ValueError(f"testing.{error}") from None

    def _check_stated_secondary(self, secondary: Secondary) -> None:
        require(
            isinstance(self.control, StatedArm),
            "control: the arms are the experiment's, and state nothing here",
        )
        require(
            not self.binary or secondary.other.binary,
            "control: a trial of a proportion has no times; give a proportion",
        )
        require(
            not secondary.other.binary or secondary.higher_is_better is not None,
            "higher_is_better: is missing; say whether more of it is good",
        )

    @property
    def procedure(self) -> Procedure:
        """How the hypotheses are tested."""
        return self.testing or Procedure()

    def hypothesis_of(self, name: str) -> Hypothesis:
        """Make a hypothesis: the primary one, or a secondary by its name.

        Raises
        ------
        ValueError
            If it is impossible.
        """
        if name == PRIMARY:
            return Hypothesis(analysis=self.primary_analysis, settings=self.settings)
        return self.secondary[name].hypothesis(
            name,
            place=self._place,
            is_binary=self._is_proportion,
            primary=self.compared_analysis,
            settings=self.settings,
            good=self.higher_is_better if self.binary else False,
        )

    @property
    def secondary_endpoints(self) -> tuple[str, ...]:
        """Endpoints, beside the trial's own and death, that arms of an experiment are asked for."""
        every = [self.hypothesis_of(name) for name in self.secondary]
        named = [name for each in every for name in (each.endpoint, *each.wins)]
        return tuple(dict.fromkeys(name for name in named if name not in (OWN, DEATH)))

    def margin_of(self, name: str) -> float | None:
        """Margin of a hypothesis, if it has one."""
        margin = self.margin if name == PRIMARY else self.secondary[name].margin
        return None if margin is None else float(margin)

    def _place(self, name: str) -> str:
        """What the trial knows an endpoint by."""
        if name in (PRIMARY, self.endpoint):
            return OWN
        if isinstance(self.control, str):
            return name  # the experiment says whether it has it
        stated = [key for key, secondary in self.secondary.items() if secondary.is_stated]
        dying = not self.binary and self.control.stated_death and self.experimental.stated_death  # type: ignore[union-attr]
        known = [PRIMARY, *([DEATH] if dying else []), *stated]
        require(name in known, f"no endpoint {name!r} that both arms have; {nearest(name, known)}")
        return name

    def _is_proportion(self, endpoint: str) -> bool:
        if endpoint == OWN:
            return bool(self.binary)
        secondary = self.secondary.get(endpoint)
        return secondary is not None and secondary.is_stated and secondary.other.binary

    def _family(self, arms: Arms) -> Family | None:
        """The hypotheses of the trial, if it has any beside its primary one."""
        if not self.secondary:
            return None
        stated = {n: secondary for n, secondary in self.secondary.items() if secondary.is_stated}
        goods = [name for name, secondary in stated.items() if secondary.higher_is_better]
        if isinstance(arms, PatientPool):
            goods = list(arms.responses)
        if self.binary and self.higher_is_better:
            goods.append(OWN)
        return Family(
            hypotheses={name: self.hypothesis_of(name) for name in (PRIMARY, *self.secondary)},
            procedure=self.procedure,
            others={name: secondary.other for name, secondary in stated.items()},
            goods=tuple(goods),
        )

    def _check_plans(self) -> None:
        """Make every plan that will be simulated, but for the simulated patients themselves."""
        stated = isinstance(self.control, StatedArm)
        plan = self.plan(self.stated_arms if stated else self._stand_in())
        if self.margin is not None and stated:
            at_margin(plan, self.primary_analysis)
        for name, secondary in self.secondary.items():
            try:
                self._check_hypothesis(plan, name)
                if secondary.margin is not None and stated:
                    with_nulls(plan, (name,))
            except ValueError as error:
                raise ValueError(_in_secondary(name, error)) from None
        if self.curve is not None:
            for _ in self.curve.plans(replace(plan, analyses=(self.primary_analysis,))):
                pass
        if self.looks is not None:
            require(not self.binary, "looks: need a time to an event")
            try:
                limits = self.looks.limits(alpha=self.alpha, power=self.power)
                check_looks(limits, self.primary_analysis)
            except ValueError as error:
                raise ValueError(f"looks: {error}") from None

        if self.resize is not None:
            require(self.looks is None, "resize: is simulated without looks; leave looks out")
            try:
                self.resize.check(plan)
            except ValueError as error:
                raise ValueError(f"resize.{error}") from None

    def _check_hypothesis(self, plan: TrialPlan, name: str) -> None:
        """Raise ValueError for a hypothesis that is there twice, or does not fit the design."""
        assert plan.family is not None
        hypotheses = plan.family.hypotheses
        mine = hypotheses[name]
        for other, hypothesis in hypotheses.items():
            same = other != name and hypothesis == mine
            require(not same, f"analysis: this is the hypothesis {other} again")
        if mine.wins:
            return
        try:
            if isinstance(plan.arms, PatientPool):
                replace(plan, family=None, analyses=(mine.analysis,), settings=mine.settings)
            else:
                plan_of_one(plan, mine)
        except ValueError as error:
            raise ValueError(str(error).replace("analyses:", "analysis:")) from None

    def plan(self, arms: Arms) -> TrialPlan:
        """Make the plan of the trial, with arms as they are stated or simulated."""
        design, group = self.trial_design, self.subgroup
        eligible = float(design.eligible)
        if isinstance(arms, PatientPool):
            eligible *= arms.eligible
        elif group is not None and group.only:
            eligible *= float(group.share or 1.0)
        return TrialPlan(
            design=replace(design, eligible=eligible),
            arms=arms,
            co_primary=group is not None and group.co_primary,
            analyses=self.named_analyses,
            settings=self.settings,
            binary=self.binary,
            alpha=self.alpha,
            family=self._family(arms),
        )

    def _check_stated(self) -> None:
        require(
            self.endpoint == LOCAL_FAILURE.event,
            f"endpoint: has no effect here: the arms state their event, got {self.endpoint!r}",
        )
        arms = tuple(arm for arm in self.arms if isinstance(arm, StatedArm))
        labels = [arm.label.strip() for arm in arms if arm.label.strip()]
        twice = next((label for label in labels if labels.count(label) > 1), "")
        require(not twice, f"experimental.label: the other arm is called {twice!r} too")
        for number, arm in enumerate(arms):
            place = f"[{number - 1}]" if number and len(arms) > 2 else ""
            _check_endpoint(f"{ROLES[min(number, 1)]}{place}", arm, binary=self.binary)
        if len(arms) == 2:
            self._check_uncertainty((arms[0], arms[1]))

    def _check_uncertainty(self, arms: tuple[StatedArm, StatedArm]) -> None:
        """Raise ValueError for a parameter that may be impossible, or would change nothing."""
        try:
            uncertain = UncertainArms(arms, self.uncertainty)
        except ValueError as error:
            raise ValueError(f"uncertainty.{error}") from None
        middle = {key: _quantile(law, 0.5) for key, law in self.uncertainty.items()}
        for key, law in self.uncertainty.items():
            for value in (_quantile(law, u) for u in (0.5, *EXTREMES)):
                try:
                    drawn = uncertain.drawn({**middle, key: value})
                    for name, arm in zip(ROLES, drawn, strict=True):
                        _check_endpoint(name, arm, binary=self.binary)
                except ValueError as error:
                    raise ValueError(f"uncertainty: {key}: may be {value:.4g}; {error}") from None

    @property
    def trial_design(self) -> TrialDesign:
        """The design with its size."""
        stated = vars(self.design)
        if len(self.arms) > 2 and self._is_equal:
            stated = {**stated, "allocation": (1,) * len(self.arms)}
        return TrialDesign(patients=self.patients, **stated)

    @property
    def named_analyses(self) -> tuple[str, ...]:
        """The analyses, or the usual ones where none are named, and the test of the margin."""
        against = () if self.margin is None else (AGAINST_MARGIN.get(self.compared_analysis, ""),)
        return (*self._superiority, *filter(None, against))

    @property
    def _superiority(self) -> tuple[str, ...]:
        if self.analyses is not None:
            return self.analyses
        if self.binary:
            few = self.patients <= largest_exact_trial(self.trial_design)
            tests = BINARY_TESTS if few else NORMAL_TESTS  # exact ones list every outcome
            wanted = (self.primary,) if self.primary in EXACT_TESTS and not few else ()
            return (*tests, *wanted)
        extra = ("logrank_cluster_robust",) if len(self.design.lesions) > 1 else ()
        stratified = self.design.strata or self.design.minimization
        strata = ("logrank_stratified",) if stratified else ()
        return (*DEFAULT, *extra, *strata)

    @property
    def compared_analysis(self) -> str:
        """The analysis whose effect the trial is about."""
        return self.primary or self._superiority[0]

    @property
    def primary_analysis(self) -> str:
        """The analysis that the size is for: of the effect, or against its margin."""
        name = self.compared_analysis
        return name if self.margin is None else AGAINST_MARGIN[name]

    @property
    def settings(self) -> Settings:
        """What the analyses need to be told."""
        return Settings(
            landmark=self.landmark,
            horizon=self.horizon,
            landmarks=self.landmarks,
            weights=LATE if self.weights is None else self.weights,
            variance=self.variance,
            transform=self.transform,
            worst=self.worst,
        )

    def variants(self) -> dict[str, "TrialSection"]:
        """Every trial to simulate by name: each scenario, or the section itself.

        Raises
        ------
        ValueError
            If a scenario is not a trial; the message names the key.
        """
        plain = replace(self, scenarios={}, sweep={})
        if not self.scenarios and not self.sweep:
            return {"trial": plain}
        base = SECTION.dump_python(plain, exclude_none=True)
        found, mistakes = {}, []
        points = list(points_of(self.sweep))
        for (name, changes), (point, swept) in product(
            (self.scenarios or {"": {}}).items(), points
        ):
            where = f"scenarios.{name}" if name else f"sweep ({point})"
            if "scenarios" in changes or "sweep" in changes:
                mistakes.append(f"{where}: a scenario can't hold scenarios or a sweep")
                continue
            if self.uncertainty and changes.get("uncertainty", True) == {}:
                mistakes.append(
                    f"{where}.uncertainty: is empty and changes nothing; state the keys of "
                    "the arms that are certain here"
                )
                continue
            merged = _changed(base, changes)
            for key, value in swept.items():
                merged = _changed(merged, laid_over(merged, key, value))
            if idle := next(idle_keys(merged, swept, changes, name), ""):
                mistakes.append(f"{idle}: has no effect beside what is swept")
                continue
            if merged.get("endpoint") != self.endpoint:  # its event is not that of the section
                merged["event"] = changes.get("event", "")
            try:
                found["_".join(filter(None, (name, point)))] = SECTION.validate_python(merged)
            except ValidationError as error:
                lines = mistakes_of(error, merged, SECTION.json_schema())
                mistakes += below(where, "\n".join(lines))
        require(not mistakes, "\n".join(dict.fromkeys(mistakes)))
        return found


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The two arms of a subgroup, so that mistakes in them are told by their keys."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    control: StatedArm
    experimental: StatedArm


def _check_endpoint(name: str, arm: StatedArm, *, binary: bool) -> None:
    """Raise ValueError for an arm that states too little or too much for its endpoint."""
    if not binary:
        require(
            arm.has_times,
            f"{name}: give failure_hazard, control or failure_pieces, or binary = true and a "
            "proportion",
        )
        require(
            arm.proportion is None, f"{name}.proportion: has no effect here: binary is not true"
        )
        return
    require(arm.proportion is not None, f"{name}.proportion: is missing for a binary trial")
    idle = [key for key in FAILURE_WAYS if getattr(arm, key) is not None]
    for key in (*idle, *filter(None, [arm.stated_death])):
        require(False, f"{name}.{key}: has no effect here: a binary endpoint has no times")


def _in_secondary(name: str, error: ValueError) -> str:
    """Say a mistake behind the key where it is: ``secondary.NAME.KEY: what is wrong``."""
    key, _, rest = str(error).partition(" ")
    plain = key in (field.name for field in fields(Secondary))
    return f"secondary.{name}.{key}: {rest}" if plain else f"secondary.{name}.{error}"


def _quantile(law: Distribution, u: float) -> float:
    return float(law.ppf(np.array([u]))[0])


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay changes over a section; what they state of an arm is no longer uncertain."""
    merged = _merged(base, changes)
    if "uncertainty" in base:
        stated = changes.get("uncertainty", {})
        if isinstance(stated, dict):
            kept = still_uncertain(base["uncertainty"], changes)
            merged["uncertainty"] = {**kept, **stated}
    return merged


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay a scenario over a section: tables key by key, all else whole."""
    merged = {**base, **changes}
    for table in TABLES:
        old, new = base.get(table), changes.get(table)
        if isinstance(old, dict) and isinstance(new, dict):
            merged[table] = {**_without_others(old, new, WAYS.get(table, ())), **new}
    for name, new in changes.get("secondary", {}).items():
        old = base.get("secondary", {}).get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            merged["secondary"][name] = _merged(old, new)
    old, new = (side.get("design") for side in (base, changes))
    if isinstance(old, dict) and isinstance(new, dict):
        visits = [side.get("visits") for side in (old, new)]
        if all(isinstance(table, dict) for table in visits):
            merged["design"]["visits"] = {**visits[0], **visits[1]}  # type: ignore[dict-item]
    return merged


def _without_others(
    old: dict[str, Any], new: dict[str, Any], quantities: Iterable[dict[str, tuple[str, ...]]]
) -> dict[str, Any]:
    """Leave out the other ways to state a quantity that is stated anew; what they share stays."""
    dropped: set[str] = set()
    for ways in quantities:
        stated = [way for way in ways if way in new]
        if stated:
            every = {key for way, companions in ways.items() for key in (way, *companions)}
            kept = {key for way in stated for key in (way, *ways[way])}
            dropped |= every - kept
    return {key: value for key, value in old.items() if key not in dropped}


ARM_WAYS = tuple(  # to state the event, and death, each with the keys that go with it
    {way: tuple(key for key, ways in COMPANIONS.items() if way in ways) for way in group}
    for group in ((*FAILURE_WAYS, "proportion"), DEATH_WAYS)
)
WAYS: dict[str, tuple[dict[str, tuple[str, ...]], ...]] = {
    "control": ARM_WAYS,
    "experimental": ARM_WAYS,
    "design": ({"minimum_follow_up": (), "calendar_cut": (), "event_target": ("latest",)},),
}
TABLES = (*WAYS, "looks", "resize", "curve", "uncertainty", "secondary", "subgroup")
SECTION = TypeAdapter(TrialSection)
PAIR = TypeAdapter(_Pair)
