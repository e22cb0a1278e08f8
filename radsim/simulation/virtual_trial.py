"""Virtual trials of a file: each scenario with the plan and the patients that it needs."""

from radsim.experiment.designs.parts import DRAWS
from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial, trials_of
from radsim.simulation.pool import draw_pool, draw_uncertain_pools
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.conduct.uncertainty import UncertainArms
from radsim.trial.protocol.arms import PatientPool, StatedArm
from radsim.trial.questions.scenario import TrialResult, run_scenario
from radsim.trial.section import TrialSection


def run_virtual_trial(
    source: Experiment | VirtualTrial, *, workers: int = 1
) -> dict[str, TrialResult]:
    """Simulate every scenario of a file's [trial] section.

    Returns
    -------
    dict
        A result for each scenario, by name; ``trial`` where the section has none.
    """
    return {
        name: run_scenario_of(section, source, workers)
        for name, section in trials_of(source).items()
    }


def run_scenario_of(
    section: TrialSection, source: Experiment | VirtualTrial, workers: int = 1
) -> TrialResult:
    """Simulate one scenario of a file: its plan, its patients, and everything it is asked."""
    plan = plan_of(section, source)
    uncertain = uncertain_arms(section, plan, source)
    return run_scenario(section, plan, uncertain, seed=source.seed, workers=workers)


def plan_of(section: TrialSection, source: Experiment | VirtualTrial) -> TrialPlan:
    """Make the plan of a section, with arms as stated or from the experiment's patients."""
    if isinstance(section.control, StatedArm) and isinstance(section.experimental, StatedArm):
        return section.plan((section.control, section.experimental))
    assert isinstance(source, Experiment)
    return section.plan(draw_pool(source, section))


def uncertain_arms(
    section: TrialSection, plan: TrialPlan, source: Experiment | VirtualTrial
) -> UncertainArms | PatientPool | None:
    """Arms with their uncertainty, as the trial or the experiment declares it."""
    if isinstance(plan.arms, PatientPool):
        if isinstance(source, Experiment) and DRAWS in source.study.design.parts:
            return draw_uncertain_pools(source, section)
        return None
    if not section.uncertainty or isinstance(plan.arms, UncertainArms):
        return None
    return UncertainArms(plan.arms, section.uncertainty)
