"""Recalibrate the fracture model, so that a case mix has a risk that was seen in it."""

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from radsim.ntcp.vertebra import VertebralFracture
from radsim.patients.cohort import Cohort, draw_cohort
from radsim.randomness.streams import Streams
from radsim.vocabulary.mistakes import require

SAMPLE = 2**17  # patients; fixed, so that the number of patients of a run changes nothing
SEED = 2013  # of the sample's own streams
HIGHEST = 0.999  # reference risk up to which a solution is looked for


def recalibrate(model: VertebralFracture, cohort: Cohort) -> VertebralFracture:
    r"""Set the reference risk so that a cohort has the risk that the model asks for.

    It solves :math:`\mathrm{mean}_i\,[1 - (1 - p_0)^{HR_i}] = p` for :math:`p_0`, with the hazard
    ratios of a fixed sample of the cohort.

    Raises
    ------
    ValueError
        If no reference risk gives the probability asked for.
    """
    wanted = model.recalibrate
    if wanted is None:
        return model
    require(
        cohort.table is None or cohort.table.rows == "resample",
        "recalibrate needs a cohort that can be sampled, not a table taken as it is",
    )
    patients = draw_cohort(cohort, range(SAMPLE), Streams(SEED))
    ratios = model.hazard_ratio(patients, np.full(SAMPLE, wanted.fraction_dose))
    values, counts = np.unique(ratios, return_counts=True)

    def excess(reference_risk: float) -> float:
        risks = -np.expm1(np.log1p(-reference_risk) * values)
        return float((risks * counts).sum() / SAMPLE - wanted.probability)

    require(
        excess(HIGHEST) > 0,
        f"recalibrate: no reference risk below {HIGHEST} gives {wanted.probability}",
    )
    return replace(model, reference_risk=float(brentq(excess, 0.0, HIGHEST)), recalibrate=None)
