"""What a trial of several hypotheses shows: each by itself, in its procedure, and falsely."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod

import numpy as np

from radsim.trial.conduct.analyses import EVERY_ANALYSIS
from radsim.trial.conduct.draw import Arms, groups_of
from radsim.trial.conduct.hypotheses import OF_PAIRS, OWN, Family, Hypothesis
from radsim.trial.conduct.run import Shown, TrialPlan, run_trials
from radsim.trial.conduct.uncertainty import LawfulArm, proportions_of
from radsim.trial.protocol.arms import PatientPool
from radsim.trial.protocol.design import Stratum, TrialDesign
from radsim.trial.protocol.laws import Law, WeibullLaw, same_law
from radsim.trial.protocol.procedure import ALL, ANY
from radsim.trial.questions.assumed import Assumed
from radsim.trial.questions.characteristics import (
    OF_PROPORTIONS,
    Power,
    Share,
    error_of_effect,
    share_of,
)
from radsim.trial.questions.margin import at_margin
from radsim.trial.questions.nulls import under_null
from radsim.vocabulary.endpoints import DEATH
from radsim.vocabulary.words import listed

NEVER = WeibullLaw(1.0, 0.0)
NEAR = 1e-3  # of an effect, within which it lies on the boundary of a null
MOST_TRUTHS = 12  # that are simulated; of more, those where one or all but one is true
SUBDISTRIBUTION = "fine_gray"  # the ratio of these hazards is 1 where one of its kin has its null
NULL_EFFECTS = {  # by analyses whose null is not that of the effect they read, or that are its kin
    **dict.fromkeys(
        ("gray", "gray_cluster_robust", "gray_first_event", "incidence_differences"),
        SUBDISTRIBUTION,
    ),
    **dict.fromkeys(
        ("fine_gray_cluster_robust", "fine_gray_stratified", "fine_gray_first_event"),
        SUBDISTRIBUTION,
    ),
    "incidence_difference_first_event": "incidence_difference",
}
DESIGN = "alternative"  # what the arms are assumed to do
FALSE_CLAIM = "any whose null is true"
ALIKE = "no difference in anything"


@dataclass(frozen=True)
class Truth:
    """A plan, and which of its hypotheses are false claims there: those whose null is true."""

    name: str
    plan: TrialPlan
    nulls: tuple[str, ...]


@dataclass(frozen=True)
class HypothesisPower:
    """One hypothesis over all trials, at half of the two-sided level.

    Attributes
    ----------
    null
        Whether its null is true.
    alone, within
        Share of trials that show it by itself, and in the procedure.
    effect, effect_sd
        Mean over the trials in which it is estimable (for ratios of logarithms, turned back), and
        its standard deviation (of logarithms); None where none is.
    effect_error
        Monte Carlo standard error of the mean effect, of the logarithm for ratios.
    """

    name: str
    null: bool
    alone: Share
    within: Share
    not_tested: Share
    effect: float | None
    effect_sd: float | None
    effect_error: float


@dataclass(frozen=True)
class FamilyPower:
    """The hypotheses of a trial where something is true.

    Attributes
    ----------
    any_shown, all_shown
        Share of trials that show at least one hypothesis, and every one.
    false_claim
        Share that show one whose null is true; None where there is none.
    """

    truth: str
    nulls: tuple[str, ...]
    hypotheses: tuple[HypothesisPower, ...]
    any_shown: Share
    all_shown: Share
    false_claim: Share | None


def family_powers(
    plan: TrialPlan, shown: Shown, trials: int, *, seed: int, workers: int = 1
) -> list[FamilyPower]:
    """Simulate the hypotheses of a plan under its design, and under each set of nulls.

    A set of nulls is made by putting the endpoint of each hypothesis in it, in the experimental
    arm, where its effect is just none or just the margin; the others stay as they are assumed.

    Parameters
    ----------
    shown
        What the trials of the plan showed under its design.
    """
    (hypothesis, *_), rows = _family(plan).hypotheses.values(), []
    for truth in truths(plan):
        under = shown
        if truth.name != DESIGN:
            only = (
                truth.plan if plan.binary else replace(truth.plan, analyses=(hypothesis.analysis,))
            )
            under = run_trials(only, trials, seed=seed, workers=workers)
        rows.append(family_power(truth, under))
    return rows


def family_power(truth: Truth, shown: Shown) -> FamilyPower:
    """Summarize the hypotheses over all trials."""
    family, alpha, pools = _family(truth.plan), truth.plan.alpha, shown.pools
    decided = family.shown(shown.hypotheses, alpha)
    rows = []
    for place, (name, hypothesis) in enumerate(family.hypotheses.items()):
        outcome = shown.hypotheses[name]
        effects = outcome.effect[outcome.estimable]
        mean = float(effects.mean()) if len(effects) else None
        if mean is not None and _is_ratio(hypothesis):
            mean = float(np.exp(mean))
        rows.append(
            HypothesisPower(
                name,
                name in truth.nulls,
                share_of(outcome.tested & (outcome.p_value <= alpha), pools),
                share_of(decided[:, place], pools),
                share_of(~outcome.tested, pools),
                mean,
                float(effects.std()) if len(effects) else None,
                error_of_effect(outcome, pools),
            )
        )
    false = [place for place, name in enumerate(family.names) if name in truth.nulls]
    return FamilyPower(
        truth.name,
        truth.nulls,
        tuple(rows),
        share_of(_any(decided), pools),
        share_of(~_any(~decided), pools),
        share_of(_any(decided[:, false]), pools) if false else None,
    )


def power_within(plan: TrialPlan, shown: Shown, whose: str) -> Power:
    """Power of a hypothesis in the procedure, or to show ``all`` or ``any`` of them."""
    family = _family(plan)
    decided = family.shown(shown.hypotheses, plan.alpha)
    tested = np.stack([outcome.tested for outcome in shown.hypotheses.values()], axis=-1)
    if whose == ALL:
        shows, made = ~_any(~decided), ~_any(~tested)
    elif whose == ANY:
        shows, made = _any(decided), _any(tested)
    else:
        place = family.names.index(whose)
        shows, made = decided[:, place], tested[:, place]
    share = share_of(shows, shown.pools)
    none = share_of(np.ones(len(shows), bool))
    missing = share_of(~made, shown.pools)
    return Power(whose, "", share, share, 0.0, 0.0, 0.0, 0.0, 0.0, none, missing)


def _any(each: np.ndarray) -> np.ndarray:
    """Trials in which any hypothesis is, shape (trial,)."""
    return np.asarray(each.any(axis=1))


def estimates_of(hypothesis: Hypothesis) -> str:
    """What the effect of a hypothesis is, in words."""
    name = hypothesis.analysis
    if name in OF_PAIRS:
        return OF_PAIRS[name].estimates
    return EVERY_ANALYSIS[name].estimates if name in EVERY_ANALYSIS else OF_PROPORTIONS


def truths(plan: TrialPlan) -> list[Truth]:
    """The design itself, and every set of nulls that can be true together.

    Each is a choice, for each endpoint, of what is assumed or of the boundary of one of its
    hypotheses. Where these are many, they are those in which one endpoint, all but one or all lie
    on it; where pairs of patients or several months are compared, also that in which both arms are
    the control arm.
    """
    choices: dict[str, list[str]] = {}
    for name, hypothesis in _family(plan).hypotheses.items():
        if not _of_everything(hypothesis):
            choices.setdefault(hypothesis.endpoint, []).append(name)
    found = [_truth(DESIGN, plan, ())]
    for chosen in _sets(choices):
        null = with_nulls(plan, chosen)
        found.append(_truth(f"null of {listed(chosen)}", null, chosen))
    if any(map(_of_everything, _family(plan).hypotheses.values())):
        found.append(_truth(ALIKE, _alike(plan), ()))
    return found


def _sets(choices: Mapping[str, list[str]]) -> Iterator[tuple[str, ...]]:
    every = [[None, *names] for names in choices.values()]
    if prod(map(len, every)) <= MOST_TRUTHS:
        sets = [tuple(filter(None, chosen)) for chosen in product(*every)]
    else:
        whole = tuple(names[0] for names in choices.values())
        sets = [(name,) for names in choices.values() for name in names]
        sets += [tuple(n for n in whole if n != left) for left in whole] + [whole]
    yield from sorted(filter(None, sets), key=len)


def _family(plan: TrialPlan) -> Family:
    assert plan.family is not None
    return plan.family


def _is_ratio(hypothesis: Hypothesis) -> bool:
    name = hypothesis.analysis
    if name in OF_PAIRS:
        return OF_PAIRS[name].is_ratio
    return name in EVERY_ANALYSIS and EVERY_ANALYSIS[name].is_ratio


def _truth(name: str, plan: TrialPlan, chosen: Collection[str]) -> Truth:
    hypotheses = _family(plan).hypotheses
    nulls = [n for n in hypotheses if n in chosen or _is_null(plan, hypotheses[n])]
    return Truth(name, plan, tuple(nulls))


def _is_null(plan: TrialPlan, hypothesis: Hypothesis) -> bool:
    """Whether the experimental arm is no better in what is claimed, or worse by the margin."""
    family = _family(plan)
    if _of_everything(hypothesis):
        endpoints = {*hypothesis.wins, DEATH} if hypothesis.wins else {hypothesis.endpoint, DEATH}
        return all(_is_no_better(plan, endpoint) for endpoint in endpoints)
    single = plan_of_one(plan, hypothesis)
    if single.binary:
        control, experimental = (float(share) for share in proportions_of(single.stated_arms))
        effect: float | None = experimental - control
    else:
        effect = Assumed(single).effect(_effect_of(hypothesis))
    if effect is None:
        return False
    analysis = EVERY_ANALYSIS.get(hypothesis.analysis)
    more_is_worse = analysis is None or analysis.more_is_worse
    side = 1.0 if more_is_worse == (hypothesis.endpoint in family.goods) else -1.0
    return side * effect <= side * float(hypothesis.settings.worst or 0.0) + NEAR


def _of_everything(hypothesis: Hypothesis) -> bool:
    """Whether changing one endpoint makes its null not true: it is of several, or several times."""
    return hypothesis.analysis in OF_PAIRS or len(hypothesis.months) > 1


def _effect_of(hypothesis: Hypothesis) -> str:
    """Analysis whose effect is none, or the margin, where the null of a hypothesis is true."""
    name = hypothesis.analysis
    return NULL_EFFECTS.get(name) or EVERY_ANALYSIS[name].of or name


def with_nulls(plan: TrialPlan, chosen: Collection[str]) -> TrialPlan:
    """Put the endpoints of some hypotheses where their nulls are just true, death first."""
    hypotheses = _family(plan).hypotheses
    for name in sorted(chosen, key=lambda name: hypotheses[name].endpoint != DEATH):
        hypothesis = hypotheses[name]
        plan = _with_endpoint(plan, hypothesis.endpoint, _boundary(plan_of_one(plan, hypothesis)))
    return plan


def _boundary(alone: TrialPlan) -> Arms:
    """Arms of one endpoint whose effect is none, or just the margin."""
    (name,) = alone.analyses
    arms, analysis = alone.stated_arms, EVERY_ANALYSIS.get(name)
    of_hazard = analysis is None or analysis.only_hazard
    if not alone.settings.worst and (of_hazard or _same_death(arms)):
        if isinstance(arms, PatientPool):
            return replace(arms, failure=np.stack([arms.failure[0]] * 2))
        first, second = groups_of(arms)[0]
        if alone.binary:
            return first, first
        return _of_laws((first.failure, first.death), (first.failure, second.death))
    return at_margin(alone, NULL_EFFECTS.get(name, name)).stated_arms


def plan_of_one(plan: TrialPlan, hypothesis: Hypothesis) -> TrialPlan:
    """The plan with the endpoint of one hypothesis as its own."""
    name, arms, design, binary = hypothesis.endpoint, plan.stated_arms, plan.design, plan.binary
    if name == DEATH:
        design = replace(design, visits=None)  # it is known when it happens
    if isinstance(arms, PatientPool):
        arms = arms if name == OWN else _pool_of(arms, name)
    elif name != OWN:
        other = _family(plan).others.get(name)
        binary = other is not None and other.binary
        if binary:
            whole = {key: getattr(design, key) for key in ("patients", "allocation", "block")}
            design = TrialDesign(**whole)
        else:
            design = replace(
                design,
                lesions=(1.0,),
                frailty=0.0,
                strata=_even(design),
                minimization=design.minimization and design.minimization.without_hazards,
            )
        if other is None:
            arms = _of_laws(*((arm.death, NEVER) for arm in groups_of(arms)[0]))
        elif binary:
            arms = other.control, other.experimental  # type: ignore[assignment]
        else:
            laws = zip((other.control, other.experimental), groups_of(arms)[0], strict=True)
            arms = _of_laws(*((each.failure, arm.death) for each, arm in laws))
    return replace(
        plan,
        family=None,
        design=design,
        arms=arms,
        binary=binary,
        analyses=(hypothesis.analysis,),
        settings=hypothesis.settings,
    )


def _of_laws(*laws: tuple[Law, Law]) -> Arms:
    """Arms by their laws of failure and of death."""
    control, experimental = (LawfulArm(failure, death) for failure, death in laws)
    return control, experimental  # type: ignore[return-value]


def _even(design: TrialDesign) -> tuple[Stratum, ...]:
    return tuple(replace(stratum, hazard_ratio=1.0) for stratum in design.strata)


def _pool_of(pool: PatientPool, name: str) -> PatientPool:
    """Simulated patients with another endpoint as the trial's own, of those whom it concerns."""
    if name == DEATH:
        return _only(pool, pool.death, np.full(pool.death.shape, np.inf))
    times = {**pool.harms, **pool.responses}[name]
    if name not in pool.among:
        return _only(pool, times, pool.death)
    concerned = np.flatnonzero(pool.among[name])
    return _only(pool.only(concerned), times[:, concerned], pool.death[:, concerned])


def _only(pool: PatientPool, failure: np.ndarray, death: np.ndarray) -> PatientPool:
    """The patients with other times, and nothing else that happens to them."""
    return replace(pool, failure=failure, death=death, harms={}, responses={}, among={})


def _with_endpoint(plan: TrialPlan, name: str, alone: Arms) -> TrialPlan:
    """Give an endpoint of the plan the arms that it has alone."""
    arms, family = plan.stated_arms, _family(plan)
    if isinstance(arms, PatientPool):
        assert isinstance(alone, PatientPool)
        if name == OWN:
            return replace(plan, arms=replace(arms, failure=alone.failure))
        if name == DEATH:
            return replace(plan, arms=replace(arms, death=alone.failure))
        is_harm = name in arms.harms
        times = (arms.harms if is_harm else arms.responses)[name].copy()
        times[:, arms.among.get(name, np.ones(times.shape[1], bool))] = alone.failure
        if is_harm:
            return replace(plan, arms=replace(arms, harms={**arms.harms, name: times}))
        return replace(plan, arms=replace(arms, responses={**arms.responses, name: times}))
    assert not isinstance(alone, PatientPool)
    if name == OWN:
        return replace(plan, arms=alone)
    if name == DEATH:
        laws = zip(groups_of(arms)[0], groups_of(alone)[0], strict=True)
        return replace(plan, arms=_of_laws(*((arm.failure, d.failure) for arm, d in laws)))
    control, experimental = groups_of(alone)[0]
    other = replace(family.others[name], control=control, experimental=experimental)
    return replace(plan, family=replace(family, others={**family.others, name: other}))


def _alike(plan: TrialPlan) -> TrialPlan:
    """Both arms are the control arm, in everything."""
    family = _family(plan)
    others = {
        name: replace(other, experimental=other.control) for name, other in family.others.items()
    }
    return replace(under_null(plan, "no_difference"), family=replace(family, others=others))


def _same_death(arms: Arms) -> bool:
    if isinstance(arms, PatientPool):
        return np.array_equal(arms.death[0], arms.death[1])
    control, experimental = groups_of(arms)[0]
    return same_law(control.death, experimental.death)


def _is_no_better(plan: TrialPlan, name: str) -> bool:
    """Whether an endpoint comes no later in the experimental arm; of a good one, no sooner."""
    arms = plan.stated_arms
    if name == DEATH and (plan.binary or _same_death(arms)):
        return True
    other = None if isinstance(arms, PatientPool) else _family(plan).others.get(name)
    binary = other.binary if other else plan.binary and name == OWN
    analysis = "pearson" if binary else "cox"
    return _is_null(plan, Hypothesis(endpoint=name, analysis=analysis))
