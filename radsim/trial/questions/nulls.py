"""Trials in which a named null hypothesis is true, for the type-I error."""

from dataclasses import replace

import numpy as np

from radsim.trial.conduct.analyses import AGAINST_MARGIN
from radsim.trial.conduct.draw import Arms, groups_of
from radsim.trial.conduct.run import TrialPlan
from radsim.trial.protocol.arms import COMPANIONS, FAILURE_WAYS, PatientPool, StatedArm
from radsim.trial.protocol.laws import same_law
from radsim.trial.protocol.subgroup import MixedArms
from radsim.trial.questions.margin import at_margin
from radsim.vocabulary.arguments import member
from radsim.vocabulary.mistakes import require

AT_MARGIN = "at_margin"
NULLS = {
    "no_difference": "both arms are the control arm",
    AT_MARGIN: "the experimental arm is worse by just the margin; death is each arm's own",
    "equal_hazards": "the event has the control arm's hazard in both arms; death is each arm's own",
}
FAILURE = (  # keys of an arm that state its event
    *FAILURE_WAYS,
    *(key for key, ways in COMPANIONS.items() if set(ways) <= set(FAILURE_WAYS)),
    "proportion",
)


def under_null(plan: TrialPlan, null: str) -> TrialPlan:
    """Return a plan whose arms obey a null.

    Under ``no_difference`` every test's null is true. Under ``equal_hazards`` that of the
    cause-specific tests is, while the cumulative incidences differ where death does: then
    Gray's test and the comparisons of incidence reject, and rightly.

    Raises
    ------
    ValueError
        If the null is unknown, or there is no margin.

    Examples
    --------
    >>> from radsim.trial import StatedArm, TrialDesign
    >>> first = StatedArm(control=0.8, median_survival=12)
    >>> arms = first, StatedArm(control=0.9, median_survival=24)
    >>> plan = TrialPlan(design=TrialDesign(patients=40, minimum_follow_up=12.0), arms=arms)
    >>> null = under_null(plan, "equal_hazards").arms[1]
    >>> null.control, null.median_survival
    (0.8, 24)
    """
    member("null", null, NULLS)
    if null == AT_MARGIN:
        against = [name for name in plan.analyses if name in AGAINST_MARGIN.values()]
        require(len(against) == 1, f"{AT_MARGIN} needs one analysis against a margin")
        return at_margin(plan, against[0])
    return replace(plan, arms=_equal(plan.stated_arms, death_too=null == "no_difference"))


def differs_in_death(plan: TrialPlan) -> bool:
    """Say whether the arms' patients die differently, so that the two nulls differ."""
    arms = plan.stated_arms
    if isinstance(arms, PatientPool):
        return not bool((arms.death == arms.death[0]).all())
    return any(
        not same_law(group[0].death, arm.death) for group in groups_of(arms) for arm in group[1:]
    )


def _equal(arms: Arms, *, death_too: bool) -> Arms:
    if isinstance(arms, PatientPool):

        def same(times: np.ndarray) -> np.ndarray:
            return np.stack([times[0]] * len(times))

        death = same(arms.death) if death_too else arms.death
        harms, responses = (
            {name: same(times) for name, times in group.items()}
            for group in (arms.harms, arms.responses)
        )
        failure = same(arms.failure)
        return replace(arms, failure=failure, death=death, harms=harms, responses=responses)
    if isinstance(arms, MixedArms):
        inside, outside = (_alike(group, death_too) for group in (arms.inside, arms.outside))
        return replace(arms, inside=inside, outside=outside)
    return _alike(arms, death_too)


def _alike(arms: tuple[StatedArm, ...], death_too: bool) -> tuple[StatedArm, ...]:
    control = arms[0]
    if death_too:
        return (control,) * len(arms)
    event = {name: getattr(control, name) for name in FAILURE}
    return control, *(replace(arm, **event) for arm in arms[1:])
