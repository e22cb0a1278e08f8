"""Run many trials of a plan, block by block, and keep what each trial showed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from radsim.distributions import require
from radsim.rng import Streams, UniformSource
from radsim.trial.analyses import (
    DEFAULT,
    Outcome,
    Settings,
    analyse,
    analyse_binary,
    check_analyses,
)
from radsim.trial.design import TrialDesign
from radsim.trial.draw import Arms, draw_enrolment, draw_fate, draw_numbers
from radsim.trial.exact_tests import EXACT_TESTS, LARGEST
from radsim.trial.observe import Trials, observe
from radsim.trial.subjects import DEATH, EVENT
from radsim.trial.uncertainty import UncertainArms, draw_arms, proportions_of

BLOCK = 256  # trials that are drawn and analysed together; changes no result


@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """A design, its arms, and how it is analysed.

    Attributes
    ----------
    arms
        Control and experimental arm, stated or uncertain, or a pool of simulated patients.
    binary
        Whether the endpoint is the arms' ``proportion`` rather than a time.
    alpha
        Two-sided.
    """

    design: TrialDesign
    arms: Arms | UncertainArms
    analyses: tuple[str, ...] = DEFAULT
    settings: Settings = field(default_factory=Settings)
    binary: bool = False
    alpha: float = 0.05

    def __post_init__(self) -> None:
        require(0.0 < self.alpha < 1.0, f"alpha must lie between 0 and 1, got {self.alpha}")
        check_analyses(self.analyses, binary=self.binary)
        exact = [name for name in self.analyses if name in EXACT_TESTS]
        if self.binary and exact:
            most = largest_exact_trial(self.design)
            require(
                self.design.patients <= most,
                f"{exact[0]} lists outcomes, for up to {most} patients in this design, "
                f"got {self.design.patients}",
            )
        needs = "logrank_stratified" in self.analyses and not self.design.strata
        require(not needs, "logrank_stratified needs strata in the design")

    def with_patients(self, patients: int) -> "TrialPlan":
        """Return the same plan with another number of patients."""
        return replace(self, design=replace(self.design, patients=patients))


def largest_exact_trial(design: TrialDesign) -> int:
    """Largest number of patients for which exact tests can list every outcome of both arms."""
    share = max(design.allocation) / sum(design.allocation)
    room = LARGEST - (design.block or LARGEST // 5)  # arms are not quite what the allocation says
    return int(room / share)


@dataclass(frozen=True)
class Shown:
    """What some trials showed, arrays with the trial first.

    Attributes
    ----------
    outcomes
        By analysis.
    counts
        By what is counted, shape (trial, arm): ``randomized``, ``evaluable``, ``events``,
        ``deaths`` (first), ``lost``, and the harms that were seen as ``harm/NAME``.
    duration
        Calendar time of the analysis, shape (trial,) [months].
    """

    outcomes: dict[str, Outcome]
    counts: dict[str, np.ndarray]
    duration: np.ndarray


def run_trials(
    plan: TrialPlan, trials: int, *, seed: int, workers: int = 1, block: int = BLOCK
) -> Shown:
    """Simulate trials and analyse each.

    Blocks and workers change nothing: trial ``i`` is looked up by its number.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan, run_trials
    >>> design = TrialDesign(patients=60, minimum_follow_up=24.0)
    >>> arms = StatedArm(control=0.6), StatedArm(control=0.9)
    >>> shown = run_trials(TrialPlan(design=design, arms=arms), 20, seed=1)
    >>> shown.outcomes["logrank"].p_value.shape
    (20,)
    """
    require(trials >= 1, f"trials must be 1 or more, got {trials}")
    streams = Streams(seed)
    return combine(in_blocks(lambda some: _run_block(plan, some, streams), trials, workers, block))


def in_blocks(
    work: Callable[[range], Shown], trials: int, workers: int = 1, block: int = BLOCK
) -> list[Shown]:
    """Do some work for each block of trials, in order, on so many threads."""
    blocks = [range(first, min(first + block, trials)) for first in range(0, trials, block)]
    if workers <= 1:
        return [work(some) for some in blocks]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, blocks))


def combine(parts: list[Shown]) -> Shown:
    """Put blocks of trials together again."""

    def joined(get: Callable[[Shown], np.ndarray]) -> np.ndarray:
        return np.concatenate([get(part) for part in parts])

    def outcome(name: str) -> Outcome:
        return Outcome(
            *(
                np.concatenate([getattr(part.outcomes[name], attribute) for part in parts])
                for attribute in ("z", "p_value", "effect", "estimable")
            )
        )

    first = parts[0]
    return Shown(
        {name: outcome(name) for name in first.outcomes},
        {name: np.concatenate([part.counts[name] for part in parts]) for name in first.counts},
        joined(lambda part: part.duration),
    )


def show(trials: Trials, outcomes: dict[str, Outcome]) -> Shown:
    """Count what happened in some trials."""
    patients = trials.enrolled
    counts = {
        "randomized": _per_arm(patients.arm, np.ones(patients.arm.shape, bool)),
        "evaluable": _per_arm(patients.arm, patients.evaluable),
        "events": _per_arm(trials.arm, trials.cause == EVENT),
        "deaths": _per_arm(trials.arm, trials.cause == DEATH),
        "lost": _per_arm(patients.arm, trials.lost & patients.evaluable),
        **{
            f"harm/{name}": _per_arm(patients.arm, seen & patients.evaluable)
            for name, seen in trials.harms.items()
        },
    }
    return Shown(outcomes, counts, trials.cut)


def _run_block(plan: TrialPlan, trials: range, streams: UniformSource) -> Shown:
    arms = draw_arms(plan.arms, trials, streams)
    if plan.binary:
        return _run_binary(plan, arms, trials, streams)
    enrolled = draw_enrolment(plan.design, trials, streams)
    fate = draw_fate(plan.design, arms, enrolled, trials, streams)
    seen = observe(plan.design, enrolled, fate)
    return show(seen, analyse(seen, plan.analyses, plan.settings))


def _run_binary(plan: TrialPlan, arms: Arms, trials: range, streams: UniformSource) -> Shown:
    enrolled = draw_enrolment(plan.design, trials, streams)
    u = draw_numbers(streams, "proportion", trials, plan.design.patients)
    control, experimental = proportions_of(arms)
    chance = np.where(enrolled.arm == 1, experimental, control)
    answered = (u < chance) & enrolled.evaluable
    n = _per_arm(enrolled.arm, enrolled.evaluable)
    x = _per_arm(enrolled.arm, answered)
    counts = {
        "randomized": _per_arm(enrolled.arm, np.ones(enrolled.arm.shape, bool)),
        "evaluable": n,
        "events": x,
        "deaths": np.zeros_like(x),
        "lost": np.zeros_like(x),
    }
    outcomes = analyse_binary(x[:, 1], n[:, 1], x[:, 0], n[:, 0], plan.analyses)
    return Shown(outcomes, counts, np.full(len(trials), plan.design.cut))


def _per_arm(arm: np.ndarray, what: np.ndarray) -> np.ndarray:
    return np.stack([np.count_nonzero(what & (arm == a), axis=-1) for a in (0, 1)], axis=-1)
