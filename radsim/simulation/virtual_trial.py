"""Virtual trials of a file: each scenario with its plan, and the simulated patients it needs."""

from dataclasses import replace

import numpy as np

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial, trials_of
from radsim.experiment.variants import VariantMaker
from radsim.simulation.memo import Memo
from radsim.simulation.outcomes import outcomes_of
from radsim.simulation.sources import source_of
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.conduct.uncertainty import UncertainArms
from radsim.trial.protocol.arms import PatientPool, StatedArm
from radsim.trial.questions.scenario import TrialResult, run_scenario
from radsim.trial.section import TrialSection
from radsim.vocabulary.endpoints import DEATH

AMONG = "among/"  # before the name of an event: whom it concerns
POOL_BLOCK = 8192  # patients that are simulated at once; changes no result
MOST_PARTS = 20  # parts of a pool, between which the error of its size is seen
SMALLEST_PART = 500  # patients a part, so that few trials draw the same ones
MOST_POOLS = 64  # draws of an experiment's uncertain parameters
SMALLEST_POOL = 2000  # patients a draw, so that chance in the pool adds little


def run_virtual_trial(
    source: Experiment | VirtualTrial, *, workers: int = 1
) -> dict[str, TrialResult]:
    """Simulate every scenario of a file's [trial] section; ``trial`` where it names none."""
    sections = trials_of(source).items()
    return {name: run_scenario_of(section, source, workers) for name, section in sections}


def run_scenario_of(
    section: TrialSection, source: Experiment | VirtualTrial, workers: int = 1
) -> TrialResult:
    """Simulate one scenario of a file: its plan, its patients, and everything it is asked.

    Arms are as the file states them, or from the experiment's patients; the trial or the
    experiment declares how uncertain they are.
    """
    plan = plan_of(section, source)
    uncertain: UncertainArms | PatientPool | None = None
    if isinstance(plan.arms, PatientPool):
        if isinstance(source, Experiment) and DRAWS in source.study.design.parts:
            uncertain = draw_uncertain_pools(source, section)
    elif section.uncertainty and not isinstance(plan.arms, UncertainArms):
        uncertain = UncertainArms(plan.arms, section.uncertainty)
    return run_scenario(section, plan, uncertain, seed=source.seed, workers=workers)


def plan_of(section: TrialSection, source: Experiment | VirtualTrial) -> TrialPlan:
    """Make the plan of a section, with arms as stated or from the experiment's patients."""
    if isinstance(section.control, StatedArm) and isinstance(section.experimental, StatedArm):
        return section.plan((section.control, section.experimental))
    assert isinstance(source, Experiment)
    return section.plan(draw_pool(source, section))


def draw_pool(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate the patients that the trials draw theirs from, under both arms.

    The pool stands in parts, from which the trials draw in turn: how much the trials of one part
    differ from those of another says what error the number of simulated patients leaves.
    """
    parts = min(MOST_PARTS, max(section.simulated_patients // SMALLEST_PART, 1))
    whole = section.simulated_patients // parts * parts
    return replace(simulate_pool(experiment, section, range(whole)), pools=parts)


def draw_uncertain_pools(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate a pool of patients for each draw of the experiment's uncertain parameters.

    Each pool has patients of its own, so that the pools are independent but for a design of the
    draws that spreads them, such as a Latin hypercube, which makes the error between them safe.
    """
    wanted = min(len(experiment.study.design.parts[DRAWS]), MOST_POOLS)
    fewer = {**experiment.uncertainty, "draws": wanted}
    experiment = experiment.model_copy(
        update={"uncertainty": fewer, "written": {**experiment.written, "uncertainty": fewer}}
    )
    maker, draws = VariantMaker(experiment), experiment.study.design.parts[DRAWS]
    size = max(section.simulated_patients // wanted, SMALLEST_POOL)
    pools = [
        simulate_pool(maker.make(draws.row(i)), section, range(i * size, (i + 1) * size))
        for i in range(wanted)
    ]
    return replace(
        pools[0],
        failure=np.concatenate([pool.failure for pool in pools], axis=1),
        death=np.concatenate([pool.death for pool in pools], axis=1),
        harms=_side_by_side([pool.harms for pool in pools]),
        responses=_side_by_side([pool.responses for pool in pools]),
        among=_side_by_side([pool.among for pool in pools]),
        pools=wanted,
    )


def simulate_pool(experiment: Experiment, section: TrialSection, numbers: range) -> PatientPool:
    """Simulate these patients of an experiment under both arms of a trial.

    Harms are what else is bad for patients: complications, and loss of control where the trial is
    of a complication. Responses are what is good for them and a secondary hypothesis is of.
    """
    others = [m.endpoint for m in endpoints_of(experiment) if m.endpoint.event != section.endpoint]
    harms = {endpoint.event: endpoint.words for endpoint in others if not endpoint.good}
    read = section.secondary_endpoints
    responses = [e.event for e in others if e.good and e.event in read]
    names = str(section.control), str(section.experimental)
    arms = [list(experiment.arms).index(name) for name in names]
    blocks = [
        _times(experiment, arms, numbers[first : first + POOL_BLOCK])
        for first in range(0, len(numbers), POOL_BLOCK)
    ]
    times = {
        event: np.concatenate([block[event] for block in blocks], axis=1)
        for event in (section.endpoint, DEATH, *harms, *responses)
    }
    among = {
        e.event: np.concatenate([block[f"{AMONG}{e.event}"] for block in blocks])
        for e in others
        if e.among and e.event in read
    }
    control, experimental = (experiment.arms[name].label or name for name in names)
    return PatientPool(
        times[section.endpoint],
        times[DEATH],
        {harm: times[harm] for harm in harms},
        words=harms,
        labels=(control, experimental),
        responses={event: times[event] for event in responses},
        among=among,
    )


def _side_by_side(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def _times(experiment: Experiment, arms: list[int], block: range) -> dict[str, np.ndarray]:
    """Times of each event and of death, infinite for never, shapes (arm, patient) [months].

    Of an event that concerns a part of the patients also whom, shape (patient,).
    """
    outcomes = outcomes_of(experiment, block, source_of(experiment), Memo(room=0))
    times = {DEATH: np.full((len(arms), len(block)), np.inf)}
    if outcomes.deaths:
        times[DEATH] = outcomes.deaths.value[arms]
    for event in outcomes.events:  # under the experiment's own model
        came = event.times[0].value[arms]
        name = event.modelled.endpoint.event
        times[name] = np.where(np.isnan(came), np.inf, came)
        if event.among is not None:
            times[f"{AMONG}{name}"] = np.asarray(event.among.value[arms[0]], bool)
    return times
