"""Virtual trials of a file: each scenario with its plan, and the simulated patients it needs."""

from dataclasses import replace

import numpy as np

from radsim.experiment.designs.tables import DRAWS
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.trial_file import VirtualTrial, trials_of
from radsim.experiment.variants import VariantMaker
from radsim.simulation.memo import Memo
from radsim.simulation.outcomes import Outcomes, outcomes_of
from radsim.simulation.sources import source_of
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.conduct.uncertainty import UncertainArms
from radsim.trial.protocol.arms import PatientPool, StatedArm, side_by_side
from radsim.trial.questions.scenario import TrialResult, run_scenario
from radsim.trial.section import NAME, TrialSection
from radsim.vocabulary.endpoints import DEATH
from radsim.vocabulary.mistakes import require

AMONG = "among/"  # before the name of an event: whom it concerns
POOL_BLOCK = 8192  # patients that are simulated at once; changes no result
MOST_PARTS = 20  # parts of a pool, between which the error of its size is seen
SMALLEST_PART = 500  # patients a part, so that few trials draw the same ones
MOST_POOLS = 64  # draws of an experiment's uncertain parameters
ELIGIBLE = "meets_eligibility"  # what screening says of the first candidates
SMALLEST_POOL = 2000  # patients a draw, so that chance in the pool adds little


def run_trial(source: Experiment | VirtualTrial, *, workers: int = 1) -> dict[str, TrialResult]:
    """Simulate every scenario of a file's [trial] section; ``trial`` where it names none.

    Where a trial compares several things there is a result for each.
    """
    results: dict[str, TrialResult] = {}
    for name, section in trials_of(source).items():
        compared = run_comparisons_of(section, source, workers)
        results |= {_name(name, result): result for result in compared}
    return results


def _name(scenario: str, result: TrialResult) -> str:
    """Name of a comparison: the scenario's, and what is compared where that is one of several."""
    comparison = result.plan.comparison
    if len(result.plan.comparisons) == 1 or (result.plan.co_primary and result.is_first):
        return scenario
    if result.plan.co_primary:
        return f"{scenario}-{comparison.population}"
    arm = result.section.arms[comparison.arm]
    name = arm if isinstance(arm, str) else arm.label
    return f"{scenario}-{name if NAME.fullmatch(name) else comparison.arm}"


def run_scenario_of(
    section: TrialSection, source: Experiment | VirtualTrial, workers: int = 1
) -> TrialResult:
    """Simulate one scenario of a file and give its first, or only, comparison."""
    return run_comparisons_of(section, source, workers)[0]


def run_comparisons_of(
    section: TrialSection, source: Experiment | VirtualTrial, workers: int = 1
) -> tuple[TrialResult, ...]:
    """Simulate one scenario of a file: its plan, its patients, and everything it is asked.

    Arms are as the file states them, or from the experiment's patients; the trial or the
    experiment declares how uncertain they are.
    """
    plan = plan_of(section, source)
    uncertain: UncertainArms | PatientPool | None = None
    if isinstance(plan.arms, PatientPool):
        if isinstance(source, Experiment) and DRAWS in source.study.design.parts:
            uncertain = draw_uncertain_pools(source, section)
    elif section.uncertainty and isinstance(plan.arms, tuple):
        control, experimental = plan.arms
        uncertain = UncertainArms((control, experimental), section.uncertainty)
    return run_scenario(section, plan, uncertain, seed=source.seed, workers=workers)


def plan_of(section: TrialSection, source: Experiment | VirtualTrial) -> TrialPlan:
    """Make the plan of a section, with arms as stated or from the experiment's patients."""
    if isinstance(section.control, StatedArm):
        return section.plan(section.stated_arms)
    assert isinstance(source, Experiment)
    return section.plan(draw_pool(source, section))


def draw_pool(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate the patients that the trials draw theirs from, under both arms.

    The pool stands in parts, from which the trials draw in turn: how much the trials of one part
    differ from those of another says what error the number of simulated patients leaves.
    """
    parts = min(MOST_PARTS, max(section.simulated_patients // SMALLEST_PART, 1))
    whole = section.simulated_patients // parts * parts
    pool = replace(simulate_pool(experiment, section, range(whole)), pools=parts)
    return _enrolled(pool, section)


def _enrolled(pool: PatientPool, section: TrialSection) -> PatientPool:
    """Keep the subgroup where nobody else is enrolled; the others are screening failures."""
    group = section.subgroup
    if group is None or pool.inside is None:
        return pool
    number, share = len(pool.inside), float(pool.inside.mean())
    require(share > 0.0, f"subgroup.where: nobody of {number} simulated patients is in it")
    if not group.only:
        require(
            share < 1.0,
            f"subgroup.where: all of {number} simulated patients are in it; there are no others",
        )
        return pool
    parts = [part.only(np.flatnonzero(np.asarray(part.inside))) for part in pool.apart()]
    size = min(part.death.shape[1] for part in parts)
    require(size > 0, "subgroup.where: too few simulated patients are in it for the trials")
    kept = side_by_side([part.only(np.arange(size)) for part in parts])
    return replace(kept, inside=None, eligible=pool.eligible * share)


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
    return _enrolled(side_by_side(pools), section)


def simulate_pool(experiment: Experiment, section: TrialSection, numbers: range) -> PatientPool:
    """Simulate these patients of an experiment under every arm of a trial.

    Harms are what else is bad for patients: complications, and loss of control where the trial is
    of a complication. Responses are what is good for them and a secondary hypothesis is of.
    """
    others = [m.endpoint for m in endpoints_of(experiment) if m.endpoint.event != section.endpoint]
    harms = {endpoint.event: endpoint.words for endpoint in others if not endpoint.good}
    read = section.secondary_endpoints
    responses = [e.event for e in others if e.good and e.event in read]
    among = [e.event for e in others if e.among and e.event in read]
    names = [str(arm) for arm in section.arms]
    arms = [list(experiment.arms).index(name) for name in names]
    minimization, group = section.design.minimization, section.subgroup
    factors = tuple(minimization.factors) if minimization else ()
    blocks = []
    for first in range(0, len(numbers), POOL_BLOCK):
        block = numbers[first : first + POOL_BLOCK]
        outcomes = outcomes_of(experiment, block, source_of(experiment), Memo(room=0))
        treated = outcomes.treated[arms[0]]
        people, screening = treated.patients.value, treated.screening.value
        times = _times(outcomes, arms, len(block))
        blocks.append(
            PatientPool(
                times[section.endpoint],
                times[DEATH],
                {harm: times[harm] for harm in harms},
                words=harms,
                labels=tuple(experiment.arms[name].label or name for name in names),
                eligible=float(screening.get(ELIGIBLE, np.ones(1)).mean()) * len(block),
                inside=None if group is None else people.have(group.where),
                factors={name: people[name].astype(int) for name in factors},
                responses={event: times[event] for event in responses},
                among={event: times[f"{AMONG}{event}"] for event in among},
            )
        )
    eligible = sum(pool.eligible for pool in blocks) / len(numbers)
    return replace(side_by_side(blocks, one=True), eligible=eligible)


def _times(outcomes: Outcomes, arms: list[int], patients: int) -> dict[str, np.ndarray]:
    """Times of each event and of death, infinite for never, shapes (arm, patient) [months].

    Of an event that concerns a part of the patients also whom, shape (patient,).
    """
    times = {DEATH: np.full((len(arms), patients), np.inf)}
    if outcomes.deaths:
        times[DEATH] = outcomes.deaths.value[arms]
    for event in outcomes.events:  # under the experiment's own model
        came = event.times[0].value[arms]
        name = event.modelled.endpoint.event
        times[name] = np.where(np.isnan(came), np.inf, came)
        if event.among is not None:
            times[f"{AMONG}{name}"] = np.asarray(event.among.value[arms[0]], bool)
    return times
