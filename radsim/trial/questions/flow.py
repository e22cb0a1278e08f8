"""Where the patients of one trial went, as a CONSORT diagram counts them."""

from dataclasses import dataclass

import numpy as np

from radsim.randomness.streams import Streams
from radsim.trial.conduct.observe import Trials, draw_trials
from radsim.trial.conduct.run import Shown, TrialPlan
from radsim.trial.conduct.uncertainty import draw_arms
from radsim.vocabulary.arguments import count, member
from radsim.vocabulary.mistakes import require


@dataclass(frozen=True)
class Flow:
    """Patients of one arm.

    Attributes
    ----------
    with_event
        With the event in at least one lesion.
    died
        Before any event.
    lost
        Dropped out before any event or death.
    free
        Free of the event at the end of follow-up.
    """

    randomized: int
    not_evaluable: int
    with_event: int
    died: int
    lost: int
    free: int


def median_trial(shown: Shown, analysis: str) -> int | None:
    """Find the trial whose statistic is the median one; the first of equals, None without any.

    Raises
    ------
    ValueError
        If the analysis was not run.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan, run_trials
    >>> design = TrialDesign(patients=40, minimum_follow_up=24.0)
    >>> plan = TrialPlan(design=design, arms=(StatedArm(control=0.5), StatedArm(control=0.8)))
    >>> shown = run_trials(plan, 5, seed=1)
    >>> median_trial(shown, "logrank") == np.argsort(shown.outcomes["logrank"].z)[2]
    np.True_
    """
    member("analysis", analysis, shown.outcomes)
    z = shown.outcomes[analysis].statistic  # trials without a test stand behind all others
    tested = int(np.count_nonzero(shown.outcomes[analysis].tested))
    return int(np.argsort(z, kind="stable")[(tested - 1) // 2]) if tested else None


def flow_of(plan: TrialPlan, trial: int, *, seed: int) -> tuple[Flow, Flow]:
    """Count the patients of one trial with a time to an event, control arm first.

    Raises
    ------
    ValueError
        If the endpoint is binary, or the trial's number is not a whole one from 0.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan
    >>> design = TrialDesign(patients=40, minimum_follow_up=24.0)
    >>> plan = TrialPlan(design=design, arms=(StatedArm(control=0.5), StatedArm(control=0.8)))
    >>> control, _ = flow_of(plan, 0, seed=1)
    >>> control.randomized, control.with_event + control.free  # nobody dies or is lost
    (20, 20)
    """
    require(not plan.binary, "a flow needs a time to an event")
    trial = count("trial", trial)
    some, streams = range(trial, trial + 1), Streams(seed)
    drawn = draw_trials(plan.design, draw_arms(plan.arms, some, streams), some, streams)
    seen = drawn.compared(plan.comparison)
    return _flow(seen, 0), _flow(seen, 1)


def _flow(trials: Trials, arm: int) -> Flow:
    mine = trials.entered_arm[0] == arm
    evaluable = mine & trials.enrolled.evaluable[0]
    failed = trials.failed[0] & evaluable
    died = trials.died[0] & evaluable
    lost = trials.lost[0] & evaluable & ~failed & ~died
    free = evaluable & ~failed & ~died & ~lost
    counts = (mine, mine & ~evaluable, failed, died, lost, free)
    return Flow(*(int(np.count_nonzero(c)) for c in counts))
