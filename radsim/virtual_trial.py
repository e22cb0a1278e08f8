"""Simulate the virtual trials of a file: plan each scenario, gather what it can show."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from radsim.config import Experiment, ExperimentError
from radsim.trial.arms import PatientPool, StatedArm
from radsim.trial.benefit import Benefit, benefits_of
from radsim.trial.characteristics import (
    Expectation,
    Power,
    Share,
    expectations,
    no_event_shares,
    power_of,
)
from radsim.trial.curves import ExpectedCurves, expected_curves
from radsim.trial.flow import Flow, flow_of, median_trial
from radsim.trial.formula_size import FormulaSize, formulas_of
from radsim.trial.group_sequential import boundaries
from radsim.trial.looks import Sequential, run_sequential
from radsim.trial.nulls import differs_in_death, under_null
from radsim.trial.power_curve import SEARCH_TRIALS, CurvePoint, power_curve
from radsim.trial.run import Shown, TrialPlan, run_trials
from radsim.trial.section import TrialSection
from radsim.trial.size import SampleSize, sample_size
from radsim.trial.uncertainty import UncertainArms
from radsim.trial_file import VirtualTrial
from radsim.trial_pool import draw_pool, draw_uncertain_pools

CURVE_TRIALS = 1024  # trials from which expected curves are averaged


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
    hazard_ratio: float
    formulas: list[FormulaSize]
    formula_powers: dict[str, float]
    size: SampleSize | None
    assurance: Power | None
    benefits: list[Benefit]
    curve: list[CurvePoint]
    looks: Sequential | None
    incidence: ExpectedCurves | None
    flow: tuple[Flow, Flow] | None

    @property
    def primary(self) -> Power:
        """The primary analysis."""
        return next(p for p in self.powers if p.analysis == self.section.primary_analysis)


def run_virtual_trial(
    source: Experiment | VirtualTrial, *, workers: int = 1
) -> dict[str, TrialResult]:
    """Simulate every scenario of a file's [trial] section.

    Returns
    -------
    dict
        A result for each scenario, by name; ``trial`` where the section has none.
    """
    section = source.trial
    if section is None:
        raise ExperimentError(["trial: is missing; there is no trial to simulate"])
    return {
        name: run_scenario(variant, source, workers=workers)
        for name, variant in section.variants().items()
    }


def run_scenario(
    section: TrialSection, source: Experiment | VirtualTrial, *, workers: int = 1
) -> TrialResult:
    """Simulate one trial and everything that is asked of it."""
    seed = source.seed
    plan = plan_of(section, source)
    shown = run_trials(plan, section.trials, seed=seed, workers=workers)
    nulls = ["no_difference", *(["equal_hazards"] if differs_in_death(plan) else [])]
    type_one = {}
    for null in nulls:
        under = run_trials(under_null(plan, null), section.trials, seed=seed, workers=workers)
        type_one[null] = [power_of(n, o, plan.alpha) for n, o in under.outcomes.items()]
    curves = None
    if not plan.binary:
        months = np.linspace(0.0, max(section.horizon, section.landmark), 25)
        some = min(section.trials, CURVE_TRIALS)
        curves = expected_curves(plan, months, trials=some, seed=seed)
    ratio, formulas, formula_powers = formulas_of(section, plan, shown, curves)
    size = None
    if section.find_size:
        start = formulas[0].patients if formulas else 64
        size = sample_size(
            plan,
            analysis=section.primary_analysis,
            power=section.power,
            trials=min(section.trials, SEARCH_TRIALS),
            seed=seed,
            workers=workers,
            start=int(min(start, section.most_patients)),
            most=section.most_patients,
        )
    return TrialResult(
        section=section,
        plan=plan,
        shown=shown,
        powers=[power_of(n, o, plan.alpha) for n, o in shown.outcomes.items()],
        type_one=type_one,
        expected=expectations(shown),
        no_events=no_event_shares(shown),
        hazard_ratio=ratio,
        formulas=formulas,
        formula_powers=formula_powers,
        size=size,
        assurance=_assurance(section, plan, source, workers),
        benefits=benefits_of(shown),
        curve=power_curve(section, plan, seed=seed, workers=workers),
        looks=_looks(section, plan, shown, seed),
        incidence=curves,
        flow=None
        if plan.binary
        else flow_of(plan, median_trial(shown, section.primary_analysis), seed=seed),
    )


def plan_of(section: TrialSection, source: Experiment | VirtualTrial) -> TrialPlan:
    """Make the plan of a section, with arms as stated or from the experiment's patients."""
    arms: Any
    if isinstance(section.control, StatedArm) and isinstance(section.experimental, StatedArm):
        arms = (section.control, section.experimental)
    else:
        assert isinstance(source, Experiment)
        arms = draw_pool(source, section)
    return TrialPlan(
        design=section.trial_design,
        arms=arms,
        analyses=section.named_analyses,
        settings=section.settings,
        binary=section.binary,
        alpha=section.alpha,
    )


def _uncertain_arms(
    section: TrialSection, plan: TrialPlan, source: Experiment | VirtualTrial
) -> UncertainArms | PatientPool | None:
    """Arms with their uncertainty, as the trial or the experiment declares it."""
    if isinstance(plan.arms, PatientPool):
        if isinstance(source, Experiment) and source.uncertainty:
            return draw_uncertain_pools(source, section)
        return None
    if not section.uncertainty or isinstance(plan.arms, UncertainArms):
        return None
    return UncertainArms(plan.arms, section.uncertainty)


def _assurance(
    section: TrialSection, plan: TrialPlan, source: Experiment | VirtualTrial, workers: int
) -> Power | None:
    arms = _uncertain_arms(section, plan, source)
    if arms is None:
        return None
    seed = source.seed
    name = section.primary_analysis
    uncertain = replace(plan, arms=arms, analyses=(name,))
    shown = run_trials(uncertain, section.trials, seed=seed, workers=workers)
    return power_of(name, shown.outcomes[name], plan.alpha)


def _looks(section: TrialSection, plan: TrialPlan, shown: Shown, seed: int) -> Sequential | None:
    if section.looks is None:
        return None
    looks = section.looks
    limits = boundaries(
        looks.information,
        kind=looks.kind,
        alpha=section.alpha / 2.0,
        futility=looks.futility,
        power=section.power,
    )
    events = plan.design.event_target or round(float(shown.counts["events"].sum(axis=1).mean()))
    if events < 1:
        return None
    return run_sequential(
        plan,
        limits,
        analysis=section.primary_analysis,
        planned_events=int(events),
        trials=section.trials,
        seed=seed,
    )
