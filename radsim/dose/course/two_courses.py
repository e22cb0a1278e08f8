"""What an earlier course of radiotherapy leaves room for, and which rules the new one keeps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from radsim.dose.anatomy.dose_model import draw_parameter
from radsim.dose.plans.external_beam import ExternalBeam
from radsim.dose.plans.library import PlanLibrary
from radsim.dose.plans.limits import Limit
from radsim.dose.plans.prior import Prior
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.radiobiology.recovery import recovered_share
from radsim.randomness.streams import UniformSource

Fractionated = ExternalBeam | PlanLibrary  # what may follow an earlier course


@dataclass(frozen=True)
class EarlierCourse:
    """An earlier course and the time since it [months], shape (patient,)."""

    prior: Prior
    interval: np.ndarray


def draw_earlier_course(
    plan: Fractionated, patients: xr.Dataset, indices: range, streams: UniformSource
) -> EarlierCourse | None:
    """Draw, or look up, the interval since the arm's earlier course, if it has one."""
    if plan.prior is None:
        return None
    interval = plan.prior.interval
    if isinstance(interval, str):
        return EarlierCourse(plan.prior, patients[interval].values.astype(float))
    return EarlierCourse(
        plan.prior, draw_parameter(interval, "dose/prior/interval", indices, streams)
    )


def organ_limit(
    plan: Fractionated,
    organ: str,
    has_cord: np.ndarray,
    earlier: EarlierCourse | None,
) -> np.ndarray:
    """Highest planned D0.03cc of a neural structure [Gy], shape (patient,); infinite for none."""
    highest = np.full(has_cord.shape, np.inf)
    for limit in plan.limits:
        if limit.structure != organ:
            continue
        if isinstance(limit, Limit):
            if not limit.optimal and limit.at_most is not None:
                highest = np.minimum(highest, limit.at_most)
        elif limit.role == "limit" and earlier is not None:
            room = limit.highest_dose(plan.fractions, *_prior_effect(limit, plan, earlier))
            highest = np.where(limit.applies(has_cord), np.minimum(highest, room), highest)
    return highest if organ == "thecal_sac" else np.where(has_cord, highest, np.inf)


def rules_kept(
    plan: Fractionated,
    has_cord: np.ndarray,
    earlier: EarlierCourse | None,
    planned: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Flag of each rule over two courses, and whether all that the arm plans to are kept.

    ``planned`` holds the D0.03cc of each neural structure [Gy]. A rule that does not apply to a
    patient counts as kept; one about a structure that the plans lack is not reported.
    """
    kept = np.ones(has_cord.shape, dtype=bool)
    flags: dict[str, np.ndarray] = {}
    if earlier is None:
        return flags, kept
    rules = [rule for rule in plan.limits if isinstance(rule, CumulativeLimit)]
    unknown = {rule.name for rule in rules if rule.structure not in planned}
    for rule in rules:
        if rule.name not in unknown:
            met = ~rule.applies(has_cord) | rule.is_met(
                planned[rule.structure],
                plan.fractions,
                *_prior_effect(rule, plan, earlier),
                earlier.interval,
            )
            name = flag_name(rule.name)
            flags[name] = flags.get(name, np.ones_like(kept)) & met
            if rule.role == "limit":
                kept = kept & met
    flags["prior_interval"] = earlier.interval
    flags["prior_recovery"] = recovered_share(plan.recovery, earlier.interval)
    return flags, kept


def flag_name(rule: str) -> str:
    """Name of the output variable that says whether a rule is kept.

    Examples
    --------
    >>> flag_name("hytec-reirradiation")
    'meets_hytec_reirradiation'
    """
    return f"meets_{re.sub('[^0-9a-zA-Z]+', '_', rule)}"


def _prior_effect(
    rule: CumulativeLimit, plan: Fractionated, earlier: EarlierCourse
) -> tuple[np.ndarray, np.ndarray]:
    """Effect of the earlier course [Gy], and the share of it that has recovered."""
    effect = rule.effect_of(earlier.prior.dose, earlier.prior.fractions)
    return effect, rule.share_recovered(plan.recovery, earlier.interval)
