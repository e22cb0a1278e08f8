"""The size of a trial over the share of patients in the subgroup."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from radsim.trial.conduct.run import TrialPlan
from radsim.trial.protocol.arms import PatientPool, side_by_side
from radsim.trial.protocol.subgroup import MixedArms
from radsim.trial.sizes.size import SampleSize, sample_size
from radsim.vocabulary.mistakes import require

ALL, ONLY = "all", "only"


@dataclass(frozen=True)
class PrevalenceSize:
    """Size of a trial that enrolls everybody, or the subgroup only.

    Attributes
    ----------
    prevalence
        Share of the eligible patients in the subgroup.
    enrolled
        ``all`` or ``only``.
    screened
        Patients to be screened for that size.
    """

    prevalence: float
    enrolled: str
    size: SampleSize
    screened: float


def sizes_by_prevalence(
    plan: TrialPlan,
    prevalences: Sequence[float],
    *,
    analysis: str,
    power: float,
    trials: int,
    seed: int,
    workers: int = 1,
    most: int,
    higher_is_better: bool | None = None,
    success: str = "any",
) -> list[PrevalenceSize]:
    """Look for the size at each prevalence, of a trial of everybody and of the subgroup only."""
    sizes = []
    for prevalence in prevalences:
        for enrolled, changed in (
            (ALL, with_prevalence(plan, prevalence)),
            (ONLY, enriched(plan, prevalence)),
        ):
            size = sample_size(
                changed,
                analysis=analysis,
                power=power,
                trials=trials,
                seed=seed,
                workers=workers,
                most=most,
                higher_is_better=higher_is_better,
                success=success,
            )
            screened = size.patients / float(changed.design.eligible)
            sizes.append(PrevalenceSize(prevalence, enrolled, size, screened))
    return sizes


def with_prevalence(plan: TrialPlan, prevalence: float) -> TrialPlan:
    """Return a plan in which another share of the patients is in the subgroup."""
    if isinstance(plan.arms, PatientPool):
        parts = [_resampled(pool, prevalence) for pool in plan.arms.apart()]
        return replace(plan, arms=side_by_side(parts))
    assert isinstance(plan.arms, MixedArms)
    return replace(plan, arms=replace(plan.arms, share=prevalence))


def enriched(plan: TrialPlan, prevalence: float) -> TrialPlan:
    """Return a plan that enrolls the subgroup only; the others are screening failures."""
    design = replace(plan.design, eligible=float(plan.design.eligible) * prevalence)
    if isinstance(plan.arms, PatientPool):
        parts = [replace(_resampled(pool, 1.0), inside=None) for pool in plan.arms.apart()]
        return replace(plan, arms=side_by_side(parts), design=design, co_primary=False)
    assert isinstance(plan.arms, MixedArms)
    return replace(plan, arms=plan.arms.inside, design=design, co_primary=False)


def _resampled(pool: PatientPool, share: float) -> PatientPool:
    """A pool of as many patients, so many of them from the subgroup, each as often as possible."""
    assert pool.inside is not None
    number = len(pool.inside)
    wanted = round(share * number)
    rows = []
    for inside, count in ((True, wanted), (False, number - wanted)):
        there = np.flatnonzero(pool.inside == inside)
        who = "is" if inside else "is not"
        require(
            count == 0 or len(there) > 0,
            f"subgroup: nobody of {number} simulated patients {who} in it",
        )
        rows.append(np.resize(there, count))
    return pool.only(np.concatenate(rows))
