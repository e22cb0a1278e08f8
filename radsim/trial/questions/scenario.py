"""One virtual trial and everything that is asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from radsim.trial.conduct.analyses import AGAINST_MARGIN
from radsim.trial.conduct.run import Shown, TrialPlan, run_comparisons
from radsim.trial.conduct.uncertainty import UncertainArms
from radsim.trial.interim.looks import Sequential, run_sequential
from radsim.trial.interim.resize import Resized, run_resized
from radsim.trial.protocol.arms import ROLES, PatientPool
from radsim.trial.protocol.procedure import ALL, ANY
from radsim.trial.questions.assumed import alone
from radsim.trial.questions.benefit import Benefit, benefits_of
from radsim.trial.questions.characteristics import (
    Expectation,
    Power,
    Share,
    expectations,
    no_event_shares,
    power_of,
    screening,
    share_of,
)
from radsim.trial.questions.curves import ExpectedCurves, expected_curves
from radsim.trial.questions.direction import better_arm
from radsim.trial.questions.dunnett import Joint, Level, joint_of, level_of
from radsim.trial.questions.flow import Flow, flow_of, median_trial
from radsim.trial.questions.interaction import Part, parts_of
from radsim.trial.questions.nulls import AT_MARGIN, differs_in_death, under_null
from radsim.trial.questions.pairs import Decided, decided_pairs
from radsim.trial.questions.testing import FamilyPower, family_powers
from radsim.trial.section import TrialSection
from radsim.trial.sizes.formula_size import Formulas, formulas_of
from radsim.trial.sizes.power_curve import CurvePoint, power_curve
from radsim.trial.sizes.prevalence import PrevalenceSize, sizes_by_prevalence
from radsim.trial.sizes.size import SampleSize, sample_size
from radsim.trial.varied import Curve

SEARCH_TRIALS = 4000  # trials at each size and point of a curve that is tried, at most
ROUNDING = 1e-9  # of a turn of the allocation
CURVE_POINTS = 121  # months at which they are read
CURVE_TRIALS = 1024  # trials from which expected curves and shares of pairs are averaged


@dataclass(frozen=True, repr=False)
class TrialResult:
    """Everything about one comparison of a scenario.

    Attributes
    ----------
    joint
        Each analysis over all comparisons, where there are several.
    parts
        The primary analysis by truth in each population, where there is a subgroup.
    prevalence
        Sizes over the share of patients in the subgroup.
    """

    section: TrialSection
    plan: TrialPlan
    shown: Shown
    powers: list[Power]
    type_one: dict[str, list[Power]]
    expected: list[Expectation]
    no_events: dict[str, Share]
    misses_target: Share | None
    formulas: Formulas
    size: SampleSize | None
    assurance: Power | None
    benefits: list[Benefit]
    curve: list[CurvePoint]
    looks: Sequential | None
    looks_under_null: Sequential | None
    resized: Resized | None
    resized_under_null: Resized | None
    incidence: ExpectedCurves | None
    median_trial: int | None
    flow: tuple[Flow, Flow] | None
    families: list[FamilyPower] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    joint: tuple[Joint, ...] = ()
    parts: Mapping[str, list[Part]] = field(default_factory=dict)
    prevalence: list[PrevalenceSize] = field(default_factory=list)

    def __repr__(self) -> str:
        """Say the power asked for, not what every trial showed."""
        return (
            f"TrialResult({self.section.primary_analysis}: power {self.asked.value:.3f} "
            f"(± {self.asked.mc_standard_error:.3f}) with {self.plan.design.patients} patients)"
        )

    @property
    def is_first(self) -> bool:
        """Whether it is the first of the trial's comparisons, with which the trial is told."""
        return self.plan.comparison == self.plan.comparisons[0]

    @property
    def primary(self) -> Power:
        """The primary analysis."""
        return next(p for p in self.powers if p.analysis == self.section.primary_analysis)

    @property
    def compared(self) -> Power:
        """The analysis whose effect the trial is about, against no difference."""
        return next(p for p in self.powers if p.analysis == self.section.compared_analysis)

    @property
    def asked(self) -> Share:
        """The power that the sample size is for, at the design's own size."""
        whose = self.section.procedure.power_of
        name = self.section.primary_analysis
        together = next((joint for joint in self.joint if joint.analysis == name), None)
        if together is not None:
            return together.any if self.section.succeeds_in == ANY else together.all
        if not whose:
            return self.primary.rejected
        family = self.families[0]
        alone = {row.name: row.within for row in family.hypotheses}
        return {**alone, ALL: family.all_shown, ANY: family.any_shown}[whose]

    @property
    def better(self) -> str:
        """The arm that the trials are in favor of; empty if nobody said what is good."""
        return better_arm(self.compared.rejected, self.compared.favorable)

    @property
    def arm_names(self) -> tuple[str, str]:
        """What the arms are called: by the experiment, by their own label, or by their role."""
        number = self.plan.comparison.arm
        if isinstance(self.plan.arms, PatientPool):
            return self.plan.arms.labels[0], self.plan.arms.labels[number]
        arms = self.section.arms
        control, experimental = (
            (arm if isinstance(arm, str) else arm.label) or role
            for arm, role in zip((arms[0], arms[number]), ROLES, strict=True)
        )
        if number > 1 and experimental == ROLES[1]:
            experimental = f"{experimental} {number}"
        return control, experimental


def run_scenario(
    section: TrialSection,
    plan: TrialPlan,
    uncertain: UncertainArms | PatientPool | None = None,
    *,
    seed: int,
    workers: int = 1,
) -> tuple[TrialResult, ...]:
    """Simulate one trial and everything that is asked of it, for each of its comparisons.

    Parameters
    ----------
    section
        What is asked.
    plan
        The trial, with its arms.
    uncertain
        The arms with their uncertainty, of which the assurance is the average power.
    """

    def run(other: TrialPlan) -> tuple[Shown, ...]:
        return run_comparisons(other, plan.comparisons, section.trials, seed=seed, workers=workers)

    shown = run(plan)
    families = []
    if plan.family is not None:
        families = family_powers(plan, shown[0], section.trials, seed=seed, workers=workers)
    whole, plan = plan, replace(plan, family=None)
    nulls = ["no_difference", *(["equal_hazards"] if differs_in_death(plan) else [])]
    if section.margin is not None:
        nulls.append(AT_MARGIN)
    alike = {null: run(under_null(plan, null)) for null in nulls}
    levels = {name: level_of(alike[null_of(name)], name, plan.alpha) for name in plan.analyses}
    pairs = [alone(replace(plan, comparison=each)) for each in plan.comparisons]
    months = None if plan.binary else _months(section)
    some = min(section.trials, CURVE_TRIALS)
    curves = [
        None if months is None else expected_curves(pair, months, trials=some, seed=seed)
        for pair in pairs
    ]
    formulas = [
        _formulas(section, plan, *each, levels[section.primary_analysis].each)
        for each in zip(pairs, shown, curves, strict=True)
    ]
    few = min(section.trials, SEARCH_TRIALS)
    asked = _Asked(section, whole, seed, workers, few)
    start = next((row.patients for row in formulas[0].sizes if row.patients), None)
    size = asked.size(start) if section.find_size else None
    curve = [] if section.curve is None else asked.curve(section.curve)
    events = round(float(shown[0].counts["events"].sum(axis=1).mean()))
    planned = int(plan.design.event_target or events)
    joint = tuple(
        joint_of(name, levels[name], shown, alike[null_of(name)])
        for name in plan.analyses
        if len(shown) > 1
    )
    sure = None
    if uncertain is not None:
        sure = run(replace(plan, arms=uncertain, analyses=(section.primary_analysis,)))
    tested = under_null(plan, null_of(section.primary_analysis))
    parts = {} if not plan.has_subgroup else asked.parts(nulls)
    results = []
    for number, comparison in enumerate(plan.comparisons):
        mine = shown[number]
        median = None if plan.binary else median_trial(mine, section.primary_analysis)
        view = replace(plan, comparison=comparison)
        results.append(
            TrialResult(
                section=section,
                plan=view,
                shown=mine,
                powers=_powers(section, mine, levels),
                type_one={
                    null: _powers(section, each[number], levels) for null, each in alike.items()
                },
                expected=[*screening(plan.design), *expectations(mine)],
                no_events=no_event_shares(mine),
                misses_target=_misses_target(view, mine),
                formulas=formulas[number],
                size=size,
                assurance=None if sure is None else _powers(section, sure[number], levels)[0],
                benefits=benefits_of(mine),
                curve=curve,
                looks=_looks(section, plan, planned, seed),
                looks_under_null=_looks(section, tested, planned, seed),
                resized=_resized(section, plan, seed),
                resized_under_null=_resized(section, tested, seed),
                incidence=curves[number],
                median_trial=median,
                flow=None if median is None else flow_of(view, median, seed=seed),
                families=families,
                decided=decided_pairs(whole, some, seed=seed, workers=workers),
                joint=joint,
                parts={} if number else parts,
                prevalence=[] if number or not parts else asked.prevalence(),
            )
        )
    return tuple(results)


@dataclass(frozen=True)
class _Asked:
    """What is asked of a plan beside its own size."""

    section: TrialSection
    plan: TrialPlan
    seed: int
    workers: int
    trials: int

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "workers": self.workers,
            "higher_is_better": self.section.higher_is_better,
        }

    def size(self, start: int | None) -> SampleSize:
        """Patients that reach the power."""
        most, whose = self.section.most_patients, self.section.procedure.power_of
        return sample_size(
            self.plan if whose else replace(self.plan, family=None),
            within=whose,
            analysis=self.section.primary_analysis,
            power=self.section.power,
            trials=self.trials,
            start=None if start is None else min(start, most),
            most=most,
            success=self.section.succeeds_in,
            **self._options,
        )

    def curve(self, curve: Curve) -> list[CurvePoint]:
        """Power at each point of a curve."""
        return power_curve(
            replace(self.plan, family=None),
            curve,
            self.section.primary_analysis,
            trials=self.trials,
            success=self.section.succeeds_in,
            **self._options,
        )

    def parts(self, nulls: Sequence[str]) -> dict[str, list[Part]]:
        """The primary analysis in each population, under the alternative and under each null."""
        plans = {"alternative": self.plan, **{n: under_null(self.plan, n) for n in nulls}}
        trials, name = self.section.trials, self.section.primary_analysis
        return {
            truth: parts_of(plan, name, trials=trials, **self._options)
            for truth, plan in plans.items()
        }

    def prevalence(self) -> list[PrevalenceSize]:
        """Sizes over the share of patients in the subgroup."""
        group = self.section.subgroup
        return sizes_by_prevalence(
            self.plan,
            () if group is None else group.prevalences,
            analysis=self.section.primary_analysis,
            power=self.section.power,
            trials=self.trials,
            most=self.section.most_patients,
            success=self.section.succeeds_in,
            **self._options,
        )


def _formulas(
    section: TrialSection,
    plan: TrialPlan,
    pair: TrialPlan,
    shown: Shown,
    curves: ExpectedCurves | None,
    level: float,
) -> Formulas:
    """Formulas for one comparison at its level, with the patients of the whole trial."""
    if len(plan.comparisons) == 1:
        return formulas_of(section, plan, shown, curves)
    formulas = formulas_of(replace(section, alpha=level), pair, shown, curves)
    factor, turn = plan.design.patients / pair.design.patients, sum(plan.design.allocation)
    sizes = tuple(
        row
        if row.patients is None or row.evaluable is None
        else replace(
            row,
            takes=f"{row.takes}, each comparison at {level:.4g}",
            evaluable=row.evaluable * factor,
            patients=int(np.ceil(row.patients * factor / turn - ROUNDING)) * turn,
        )
        for row in formulas.sizes
    )
    return replace(formulas, sizes=sizes)


def null_of(analysis: str) -> str:
    """Name the null that an analysis tests."""
    return AT_MARGIN if analysis in AGAINST_MARGIN.values() else "no_difference"


def _powers(section: TrialSection, shown: Shown, levels: Mapping[str, Level]) -> list[Power]:
    return [
        power_of(name, shown, levels[name].each, higher_is_better=section.higher_is_better)
        for name in shown.outcomes
    ]


def _looks(section: TrialSection, plan: TrialPlan, events: int, seed: int) -> Sequential | None:
    if section.looks is None or events < 1:
        return None
    return run_sequential(
        plan,
        section.looks.limits(alpha=section.alpha, power=section.power),
        analysis=section.primary_analysis,
        planned_events=events,
        trials=section.trials,
        seed=seed,
    )


def _resized(section: TrialSection, plan: TrialPlan, seed: int) -> Resized | None:
    if section.resize is None:
        return None
    return run_resized(
        plan,
        section.resize,
        analysis=section.primary_analysis,
        power=section.power,
        higher_is_better=section.higher_is_better,
        trials=section.trials,
        seed=seed,
    )


def _months(section: TrialSection) -> np.ndarray:
    """Months of the expected curves, as far as anybody is watched; the landmark is among them."""
    asked = float(max(section.horizon, section.landmark))
    last = min(asked, section.trial_design.last_follow_up)
    months = np.union1d(np.linspace(0.0, last, CURVE_POINTS), float(section.landmark))
    return months[months <= last]


def _misses_target(plan: TrialPlan, shown: Shown) -> Share | None:
    """Share of trials that end before the events that they wait for."""
    if plan.design.event_target is None:
        return None
    short = shown.counts["events"].sum(axis=1) < plan.design.event_target
    if alone(plan) is not plan:  # it waits for the events of others too
        short = shown.duration >= float(plan.design.latest or np.inf)
    return share_of(short, shown.pools)
