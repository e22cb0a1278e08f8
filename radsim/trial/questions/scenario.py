"""One virtual trial and everything that is asked of it."""

from dataclasses import dataclass, replace

import numpy as np

from radsim.trial.conduct.run import Shown, TrialPlan, run_trials
from radsim.trial.conduct.uncertainty import UncertainArms
from radsim.trial.protocol.arms import ROLES, PatientPool
from radsim.trial.protocol.procedure import ALL, ANY
from radsim.trial.questions.benefit import Benefit, benefits_of
from radsim.trial.questions.characteristics import (
    Expectation,
    Power,
    Share,
    expectations,
    no_event_shares,
    power_of,
    share_of,
)
from radsim.trial.questions.curves import ExpectedCurves, expected_curves
from radsim.trial.questions.direction import better_arm
from radsim.trial.questions.flow import Flow, flow_of, median_trial
from radsim.trial.questions.formula_size import Formulas, formulas_of
from radsim.trial.questions.looks import Sequential, run_sequential
from radsim.trial.questions.nulls import AT_MARGIN, differs_in_death, under_null
from radsim.trial.questions.pairs import Decided, decided_pairs
from radsim.trial.questions.power_curve import CurvePoint, power_curve
from radsim.trial.questions.resize import Resized, run_resized
from radsim.trial.questions.size import SampleSize, sample_size
from radsim.trial.questions.testing import FamilyPower, family_powers
from radsim.trial.section import TrialSection

SEARCH_TRIALS = 4000  # trials at each size and point of a curve that is tried, at most
CURVE_POINTS = 121  # months at which they are read
CURVE_TRIALS = 1024  # trials from which expected curves and shares of pairs are averaged


@dataclass(frozen=True)
class TrialResult:
    """Everything about one scenario."""

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
    families: list[FamilyPower]
    decided: list[Decided]

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
        if isinstance(self.plan.arms, PatientPool):
            return self.plan.arms.labels
        control, experimental = (getattr(self.section, role).label or role for role in ROLES)
        return control, experimental


def run_scenario(
    section: TrialSection,
    plan: TrialPlan,
    uncertain: UncertainArms | PatientPool | None = None,
    *,
    seed: int,
    workers: int = 1,
) -> TrialResult:
    """Simulate one trial and everything that is asked of it.

    Parameters
    ----------
    section
        What is asked.
    plan
        The trial, with its arms.
    uncertain
        The arms with their uncertainty, of which the assurance is the average power.
    """
    shown = run_trials(plan, section.trials, seed=seed, workers=workers)
    families = []
    if plan.family is not None:
        families = family_powers(plan, shown, section.trials, seed=seed, workers=workers)
    whole, plan = plan, replace(plan, family=None)
    nulls = ["no_difference", *(["equal_hazards"] if differs_in_death(plan) else [])]
    if section.margin is not None:
        nulls.append(AT_MARGIN)
    type_one = {}
    for null in nulls:
        under = run_trials(under_null(plan, null), section.trials, seed=seed, workers=workers)
        type_one[null] = _powers(section, under)
    curves = None
    if not plan.binary:
        months = _months(section)
        some = min(section.trials, CURVE_TRIALS)
        curves = expected_curves(plan, months, trials=some, seed=seed)
    seen = round(float(shown.counts["events"].sum(axis=1).mean()))
    planned = int(plan.design.event_target or seen)
    formulas = formulas_of(section, plan, shown, curves)
    median = None if plan.binary else median_trial(shown, section.primary_analysis)
    size, few = None, min(section.trials, SEARCH_TRIALS)
    if section.find_size:
        asked = next((row.patients for row in formulas.sizes if row.patients), None)
        whose = section.procedure.power_of
        size = sample_size(
            whole if whose else plan,
            within=whose,
            analysis=section.primary_analysis,
            power=section.power,
            trials=few,
            seed=seed,
            workers=workers,
            start=None if asked is None else min(asked, section.most_patients),
            most=section.most_patients,
            higher_is_better=section.higher_is_better,
        )
    curve = []
    if section.curve is not None:
        curve = power_curve(
            plan,
            section.curve,
            section.primary_analysis,
            trials=few,
            seed=seed,
            workers=workers,
            higher_is_better=section.higher_is_better,
        )
    tested = under_null(plan, null_of(section))
    return TrialResult(
        section=section,
        plan=plan,
        shown=shown,
        powers=_powers(section, shown),
        type_one=type_one,
        expected=expectations(shown),
        no_events=no_event_shares(shown),
        misses_target=_misses_target(plan, shown),
        formulas=formulas,
        size=size,
        assurance=_assurance(section, plan, uncertain, seed, workers),
        benefits=benefits_of(shown),
        curve=curve,
        looks=_looks(section, plan, planned, seed),
        looks_under_null=_looks(section, tested, planned, seed),
        resized=_resized(section, plan, seed),
        resized_under_null=_resized(section, tested, seed),
        incidence=curves,
        median_trial=median,
        flow=None if median is None else flow_of(plan, median, seed=seed),
        families=families,
        decided=decided_pairs(whole, min(section.trials, CURVE_TRIALS), seed=seed, workers=workers),
    )


def null_of(section: TrialSection) -> str:
    """Name the null that the primary analysis tests."""
    return "no_difference" if section.margin is None else AT_MARGIN


def _assurance(
    section: TrialSection,
    plan: TrialPlan,
    arms: UncertainArms | PatientPool | None,
    seed: int,
    workers: int,
) -> Power | None:
    if arms is None:
        return None
    name = section.primary_analysis
    uncertain = replace(plan, arms=arms, analyses=(name,))
    shown = run_trials(uncertain, section.trials, seed=seed, workers=workers)
    return _powers(section, shown)[0]


def _powers(section: TrialSection, shown: Shown) -> list[Power]:
    return [
        power_of(name, shown, section.alpha, higher_is_better=section.higher_is_better)
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
    return share_of(shown.counts["events"].sum(axis=1) < plan.design.event_target, shown.pools)
