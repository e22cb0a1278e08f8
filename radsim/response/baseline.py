"""The baseline with which hazard ratios give a cohort the survival that is stated of it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from radsim.patients.cohort import Cohort
from radsim.patients.eligibility import EligibilityRule, draw_eligible
from radsim.randomness.streams import Streams
from radsim.response.survival import USUAL_TIMES, ProportionalHazards, WeibullSurvival
from radsim.vocabulary.mistakes import require

SAMPLE = 2**15  # patients; fixed, so that the number of patients of a run changes nothing
SEED = 2015  # of the sample's own streams
SAME = 1e-6  # of its shape and scale: the same baseline
FURTHEST = 60.0  # in logs, from a hazard of 1 to where the solution is looked for


def solve_baseline(
    law: ProportionalHazards, cohort: Cohort, rules: Mapping[str, EligibilityRule]
) -> ProportionalHazards:
    r"""Set the baseline so that a cohort has the survival that is stated of it.

    At each of the two times :math:`\mathrm{mean}_i \exp(-H_0(t) HR_i) = S(t)` is solved for
    :math:`H_0(t)`, with the hazard ratios of a fixed sample of the cohort, or of all rows of a
    table that is taken as it is. The Weibull law through both is the baseline.

    Raises
    ------
    ValueError
        If no survival is stated, no baseline gives it, or another one than is given.
    """
    if law.baseline is not None and law.stated is None:
        require(law.met_at == USUAL_TIMES, "met_at: is of what is stated, and baseline is given")
        return law
    require(
        law.stated is not None,
        "stated: is missing; give what the cohort survives: a preset of survival, or shape and "
        "scale of a Weibull law",
    )
    assert law.stated is not None
    table = cohort.table
    many = len(table) if table is not None and table.rows == "as-is" else SAMPLE
    patients, _ = draw_eligible(cohort, rules, range(many), Streams(SEED))
    ratios, counts = np.unique(law.ratio(patients), return_counts=True)
    hazards = [_hazard(float(law.stated.alive(t)), ratios, counts / many) for t in law.met_at]
    early, late = law.met_at
    shape = float(np.log(hazards[1] / hazards[0]) / np.log(late / early))
    scale = float(early / hazards[0] ** (1.0 / shape))
    solved = WeibullSurvival(shape=shape, scale=scale)
    if law.baseline is not None:
        given = (law.baseline.shape, law.baseline.scale)
        require(
            bool(np.allclose(given, (shape, scale), rtol=SAME)),
            f"baseline: gives the cohort another survival than is stated, whose baseline has "
            f"shape = {shape:.4g} and scale = {scale:.4g}; leave one of the two out",
        )
        return law
    return replace(law, baseline=solved)


def _hazard(alive: float, ratios: np.ndarray, shares: np.ndarray) -> float:
    """Cumulative baseline hazard at which a share of the patients is alive."""

    def excess(log_hazard: float) -> float:
        return float((np.exp(-np.exp(log_hazard) * ratios) * shares).sum() - alive)

    require(
        0 < alive < 1 and excess(FURTHEST) < 0 < excess(-FURTHEST),
        f"stated: {alive:g} alive can't be met by any baseline; take other times (met_at)",
    )
    return float(np.exp(brentq(excess, -FURTHEST, FURTHEST, xtol=1e-12)))
