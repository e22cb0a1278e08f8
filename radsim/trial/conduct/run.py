"""Run many trials of a plan, block by block, and keep what each trial showed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from radsim.randomness.streams import Streams, UniformSource
from radsim.trial.conduct.analyses import (
    AGAINST_MARGIN,
    DEFAULT,
    EVERY_ANALYSIS,
    Outcome,
    Settings,
    analyse,
    analyse_binary,
    check_analyses,
)
from radsim.trial.conduct.draw import (
    PROPORTION,
    Arms,
    Enrolled,
    draw_enrolment,
    draw_fate,
    draw_numbers,
    groups_of,
)
from radsim.trial.conduct.hypotheses import OWN, Family, Observed, examine, observed_times
from radsim.trial.conduct.kept import Part, found_or_made, on_threads
from radsim.trial.conduct.observe import Trials, observe
from radsim.trial.conduct.others import draw_others
from radsim.trial.conduct.uncertainty import UncertainArms, draw_arms, proportions_of
from radsim.trial.proportions.exact_tests import EXACT_TESTS, LARGEST
from radsim.trial.protocol.arms import PatientPool
from radsim.trial.protocol.comparison import EVERYBODY, INSIDE, Comparison
from radsim.trial.protocol.design import Protocol, TrialDesign
from radsim.trial.protocol.subgroup import MixedArms
from radsim.trial.survival.subjects import ABSENT, EVENT
from radsim.vocabulary.arguments import count
from radsim.vocabulary.mistakes import require

COUNTED, TESTED = ("counts", "harms"), ("outcomes", "hypotheses")  # fields of what was shown
ALL_TOLD = Comparison()
BLOCK = 256  # trials that are drawn and analysed together; changes no result


@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """A design, its arms, and how it is analysed.

    Attributes
    ----------
    arms
        Control and experimental arms, stated or uncertain, or a pool of simulated patients.
    comparison
        What is looked at where a trial compares several things: an arm, and in whom.
    co_primary
        Whether everybody and the subgroup are compared side by side.
    binary
        Whether the endpoint is the arms' ``proportion`` rather than a time.
    alpha
        Two-sided.
    family
        Hypotheses that the trial tests beside its analyses, if any.

    Raises
    ------
    ValueError
        If an analysis is unknown or does not fit the design, if nobody would be watched, or if
        something in the design would have no effect on such arms; the message names the key.
    """

    design: TrialDesign
    arms: Arms | UncertainArms
    analyses: tuple[str, ...] = DEFAULT
    settings: Settings = field(default_factory=Settings)
    binary: bool = False
    alpha: float = 0.05
    comparison: Comparison = ALL_TOLD
    co_primary: bool = False
    family: Family | None = None

    def __post_init__(self) -> None:
        require(0.0 < self.alpha < 1.0, f"alpha must lie between 0 and 1, got {self.alpha}")
        require(
            not isinstance(self.arms, tuple) or len(self.arms) >= 2,
            "arms must be two or more, control first",
        )
        require(
            len(self.design.allocation) == self.number_of_arms,
            f"design.allocation: must have a number for each of {self.number_of_arms} arms, got "
            f"{list(self.design.allocation)}",
        )
        require(
            0 < self.comparison.arm < self.number_of_arms,
            f"comparison: there is no experimental arm {self.comparison.arm}",
        )
        require(
            self.has_subgroup or not (self.co_primary or self.comparison.population != EVERYBODY),
            "there is no subgroup to compare the arms in",
        )
        require(
            self.family is None or (self.number_of_arms == 2 and not self.has_subgroup),
            "several hypotheses are tested in two arms without a subgroup",
        )
        _check_factors(self)
        check_analyses(self.analyses, binary=self.binary)
        for name in self.analyses:
            if self.binary and name in EXACT_TESTS:
                most = largest_exact_trial(self.design)
                require(
                    self.design.patients <= most,
                    f"{name} lists outcomes, for up to {most} patients in this design, "
                    f"got {self.design.patients}",
                )
        if not self.binary and not (self.design.strata or self.design.minimization):
            needs = [name for name in self.analyses if EVERY_ANALYSIS[name].needs_strata]
            require(
                not needs,
                f"analyses: {' and '.join(needs)}: needs strata in the design, or minimization",
            )
        against = [name for name in self.analyses if name in AGAINST_MARGIN.values()]
        require(
            not against or bool(self.settings.worst),
            f"{' and '.join(against)}: needs settings with the worst acceptable effect, not 0",
        )
        if not self.binary:
            _check_end(self.design)
        idle = [f"design.{key}: has no effect here: {why}" for key, why in _idle(self)]
        require(not idle, "\n".join(idle))

    @property
    def pools(self) -> int:
        """Pools of simulated patients that trials take turns at; 1 where arms are stated."""
        return self.arms.pools if isinstance(self.arms, PatientPool) else 1

    @property
    def number_of_arms(self) -> int:
        """Control and experimental arms."""
        if isinstance(self.arms, PatientPool):
            return len(self.arms.death)
        return 2 if isinstance(self.arms, UncertainArms) else len(groups_of(self.arms)[0])

    @property
    def has_subgroup(self) -> bool:
        """Whether some patients are in a subgroup."""
        if isinstance(self.arms, PatientPool):
            return self.arms.inside is not None
        return isinstance(self.arms, MixedArms)

    @property
    def share_inside(self) -> float:
        """Share of the patients who are in the subgroup; 0 without one."""
        arms = self.stated_arms
        if isinstance(arms, PatientPool):
            return 0.0 if arms.inside is None else float(arms.inside.mean())
        return float(arms.share) if isinstance(arms, MixedArms) else 0.0

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """What the trial compares, each at a level that keeps the trial's own."""
        arms = tuple(Comparison(arm) for arm in range(1, self.number_of_arms))
        return (*arms, Comparison(1, INSIDE)) if self.co_primary else arms

    @property
    def stated_arms(self) -> Arms:
        """The arms without their uncertainty."""
        return self.arms.arms if isinstance(self.arms, UncertainArms) else self.arms

    def with_patients(self, patients: int) -> "TrialPlan":
        """Return the same plan with another number of patients."""
        return replace(self, design=replace(self.design, patients=patients))


def _check_factors(plan: TrialPlan) -> None:
    """Raise ValueError for factors of minimization that these patients do not have."""
    minimization = plan.design.minimization
    if minimization is None:
        return
    for name, factor in minimization.factors.items():
        key = f"design.minimization.factors.{name}"
        if isinstance(plan.arms, PatientPool):
            require(
                not factor.shares,
                f"{key}.shares: has no effect here: simulated patients have their own",
            )
            require(name in plan.arms.factors, f"{key}: the simulated patients have no such factor")
        else:
            require(len(factor.shares) > 0, f"{key}: give the shares of its levels")


def _check_end(design: Protocol) -> None:
    ends = (design.minimum_follow_up, design.calendar_cut, design.event_target)
    require(
        any(end is not None for end in ends),
        "design: give minimum_follow_up, calendar_cut or event_target; without an end of "
        "follow-up there are no times",
    )
    require(
        design.cut > 0.0,
        f"design: nobody is watched, for the analysis is at month {design.cut:g}",
    )


def _idle(plan: TrialPlan) -> Iterator[tuple[str, str]]:
    """Give what a design asks for and these arms or this endpoint can't show, and why."""
    design = plan.design
    by_hazard = {
        "lesions": len(design.lesions) > 1,
        "frailty": design.frailty > 0.0,
        "minimization.factors.hazard_ratios" if design.minimization else "strata.hazard_ratio": (
            design.is_uneven
        ),
    }
    by_time = {
        "drop_out_hazard": design.drop_out_hazard > 0.0,
        "visits": design.visits is not None,
        "event_target": design.event_target is not None,
        "longest_follow_up": design.longest_follow_up is not None,
    }
    if isinstance(plan.arms, PatientPool):
        why = "simulated patients have one lesion each, and a hazard of their own"
        yield from ((key, why) for key, asked in by_hazard.items() if asked)
    elif plan.binary:
        why = "a binary endpoint has no times"
        yield from ((key, why) for key, asked in {**by_hazard, **by_time}.items() if asked)


def largest_exact_trial(design: Protocol) -> int:
    """Largest number of patients for which exact tests can list every outcome of both arms."""
    share = max(design.allocation) / sum(design.allocation)
    room = LARGEST - (design.blocks or LARGEST // 5)  # arms are not quite what the allocation says
    return int(room / share)


@dataclass(frozen=True)
class Shown:
    """What some trials showed, arrays with the trial first.

    Attributes
    ----------
    outcomes
        By analysis.
    counts
        By what is counted, shape (trial, arm): ``randomized``, ``evaluable``, ``events`` (of
        lesions, where patients have several, and then ``patients_with_event`` too), ``deaths``
        (of patients before any event) and ``lost``.
    duration
        Calendar time of the analysis, shape (trial,) [months].
    pools
        Pools of simulated patients that the trials took turns at, for the Monte Carlo error.
    harms
        Evaluable patients in whom each harm was seen, shape (trial, arm).
    hypotheses
        Outcomes of the hypotheses by name, in favor of the experimental arm.
    """

    outcomes: dict[str, Outcome]
    counts: dict[str, np.ndarray]
    duration: np.ndarray
    pools: int = 1
    harms: dict[str, np.ndarray] = field(default_factory=dict)
    hypotheses: dict[str, Outcome] = field(default_factory=dict)


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
    return run_comparisons(
        plan, (plan.comparison,), trials, seed=seed, workers=workers, block=block
    )[0]


def run_comparisons(
    plan: TrialPlan,
    comparisons: Sequence[Comparison],
    trials: int,
    *,
    seed: int,
    workers: int = 1,
    block: int = BLOCK,
) -> tuple[Shown, ...]:
    """Simulate trials and analyse several comparisons of each.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign, TrialPlan
    >>> design = TrialDesign(patients=60, allocation=(1, 1, 1), minimum_follow_up=24.0)
    >>> arms = StatedArm(control=0.6), StatedArm(control=0.8), StatedArm(control=0.9)
    >>> plan = TrialPlan(design=design, arms=arms, analyses=("logrank",))
    >>> [int(shown.counts["randomized"][0].sum()) for shown in
    ...  run_comparisons(plan, plan.comparisons, 20, seed=1)]
    [40, 40]
    """
    trials, block = count("trials", trials, least=1), count("block", block, least=1)
    streams = Streams(seed)
    parts = found_or_made(
        (plan, tuple(comparisons), seed),
        blocks_of(trials, block),
        lambda some: _run_block(plan, comparisons, some, streams),
        workers,
        _to_arrays,
        _of_arrays,
    )
    return tuple(
        replace(combine(list(each)), pools=plan.pools) for each in zip(*parts, strict=True)
    )


def in_blocks(
    work: Callable[[range], Part], trials: int, workers: int = 1, block: int = BLOCK
) -> list[Part]:
    """Do some work for each block of trials, in order, on so many threads."""
    return list(on_threads(work, blocks_of(trials, block), workers))


def blocks_of(trials: int, block: int = BLOCK) -> list[range]:
    """Numbers of the trials of each block."""
    return [range(first, min(first + block, trials)) for first in range(0, trials, block)]


def _to_arrays(compared: tuple[Shown, ...]) -> dict[str, np.ndarray]:
    """Arrays of a block, by the number of the comparison, what they are and their names."""
    return {
        f"{number}/{path}": array
        for number, shown in enumerate(compared)
        for path, array in _arrays_of(shown).items()
    }


def _of_arrays(arrays: Mapping[str, np.ndarray]) -> tuple[Shown, ...]:
    compared: dict[str, dict[str, np.ndarray]] = {}
    for path, array in arrays.items():
        number, _, rest = path.partition("/")
        compared.setdefault(number, {})[rest] = array
    return tuple(_shown_of(compared[number]) for number in sorted(compared, key=int))


def _arrays_of(shown: Shown) -> dict[str, np.ndarray]:
    """Arrays of a comparison, by what they are and their names."""
    arrays = {"duration": shown.duration}
    for kind in COUNTED:
        arrays |= {f"{kind}/{name}": counts for name, counts in getattr(shown, kind).items()}
    for kind in TESTED:
        for name, outcome in getattr(shown, kind).items():
            arrays |= {f"{kind}/{name}/{part}": array for part, array in vars(outcome).items()}
    return arrays


def _shown_of(arrays: Mapping[str, np.ndarray]) -> Shown:
    told: dict[str, Any] = {kind: {} for kind in (*COUNTED, *TESTED)}
    for path, array in arrays.items():
        kind, _, rest = path.partition("/")
        if kind in COUNTED:
            told[kind][rest] = array
        elif kind in TESTED:
            name, _, part = rest.rpartition("/")
            told[kind].setdefault(name, {})[part] = array
    for kind in TESTED:
        told[kind] = {name: Outcome(**parts) for name, parts in told[kind].items()}
    return Shown(duration=arrays["duration"], **told)


def combine(parts: list[Shown]) -> Shown:
    """Put blocks of trials together again."""
    return Shown(
        _outcomes([part.outcomes for part in parts]),
        _joined([part.counts for part in parts]),
        np.concatenate([part.duration for part in parts]),
        harms=_joined([part.harms for part in parts]),
        hypotheses=_outcomes([part.hypotheses for part in parts]),
    )


def _outcomes(parts: list[dict[str, Outcome]]) -> dict[str, Outcome]:
    return {n: Outcome(**_joined([vars(part[n]) for part in parts])) for n in parts[0]}


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def show(trials: Trials, outcomes: dict[str, Outcome]) -> Shown:
    """Count what happened in some trials."""
    patients, failed = trials.enrolled, trials.failed
    arm = trials.entered_arm
    counts = {
        "randomized": _per_arm(arm, np.ones(arm.shape, bool)),
        "evaluable": _per_arm(arm, patients.evaluable),
        "events": _per_arm(trials.arm, trials.cause == EVENT),
        **({} if trials.patient is None else {"patients_with_event": _per_arm(arm, failed)}),
        "deaths": _per_arm(arm, trials.died),
        "lost": _per_arm(arm, trials.lost & patients.evaluable),
    }
    harms = {n: _per_arm(arm, seen & patients.evaluable) for n, seen in trials.harms.items()}
    return Shown(outcomes, counts, trials.cut, harms=harms)


def _run_block(
    plan: TrialPlan, comparisons: Sequence[Comparison], trials: range, streams: UniformSource
) -> tuple[Shown, ...]:
    observed = observe_block(plan, trials, streams)
    shown = tuple(_show(plan, observed, comparison) for comparison in comparisons)
    if plan.family is None:
        return shown
    (only,) = shown  # a plan with several hypotheses has one comparison
    hypotheses = examine(plan.family, observed, only.outcomes, plan.settings)
    return (replace(only, hypotheses=hypotheses),)


def observe_block(plan: TrialPlan, trials: range, streams: UniformSource) -> Observed:
    """Draw some trials and see what they show of every endpoint."""
    arms, design = draw_arms(plan.arms, trials, streams), plan.design
    enrolled = draw_enrolment(design, arms, trials, streams)
    others = {} if plan.family is None else plan.family.others
    drawn = draw_others(others, enrolled.arm, trials, streams, binary=plan.binary)
    if not plan.binary:
        fate = draw_fate(design, arms, enrolled, trials, streams)
        return observed_times(design, observe(design, enrolled, fate), fate, drawn)
    u = draw_numbers(streams, PROPORTION, trials, design.patients)
    entered = np.where(enrolled.evaluable, enrolled.arm, ABSENT)
    had = {OWN: u < _chance(arms, enrolled), **drawn.had}
    return Observed(design, enrolled, entered, None, None, {}, had)


def _chance(arms: Arms, enrolled: Enrolled) -> np.ndarray:
    """Probability of the binary endpoint for each patient, shape (trial, patient)."""
    chance = np.zeros(enrolled.arm.shape)
    for group, by_arm in enumerate(groups_of(arms)):
        for arm, proportion in enumerate(proportions_of(by_arm)):
            mine = enrolled.arm == arm
            if enrolled.inside is not None:
                mine &= enrolled.inside == bool(group)
            chance = np.where(mine, proportion, chance)
    return chance


def _show(plan: TrialPlan, observed: Observed, comparison: Comparison) -> Shown:
    if observed.trials is None:
        return _show_binary(plan, observed, comparison)
    part = observed.trials.compared(comparison)
    return show(part, analyse(part, plan.analyses, plan.settings))


def _show_binary(plan: TrialPlan, observed: Observed, comparison: Comparison) -> Shown:
    enrolled = observed.enrolled
    mine = (enrolled.arm == 0) | (enrolled.arm == comparison.arm)
    if comparison.population != EVERYBODY:
        mine &= enrolled.inside == (comparison.population == INSIDE)
    arm = np.where(mine, enrolled.arm > 0, ABSENT)
    n = _per_arm(arm, enrolled.evaluable)
    x = _per_arm(arm, observed.had[OWN] & enrolled.evaluable)
    counts = {
        "randomized": _per_arm(arm, np.ones(arm.shape, bool)),
        "evaluable": n,
        "events": x,
        "deaths": np.zeros_like(x),
        "lost": np.zeros_like(x),
    }
    outcomes = analyse_binary(
        x[:, 1], n[:, 1], x[:, 0], n[:, 0], plan.analyses, plan.settings.worst
    )
    return Shown(outcomes, counts, np.full(len(x), plan.design.cut))


def _per_arm(arm: np.ndarray, what: np.ndarray) -> np.ndarray:
    return np.stack([np.count_nonzero(what & (arm == a), axis=-1) for a in (0, 1)], axis=-1)
