"""Doses of the first patients of a run, so that figures can show them."""

from collections.abc import Sequence

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import Wanted
from radsim.dose.plans.plan import Plan
from radsim.experiment.model import Experiment, cohort_of
from radsim.experiment.reported_doses import COURSES, structures_of
from radsim.patients.eligibility import draw_eligible
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.simulation.doses import column_in, facts_of, metric_rows
from radsim.simulation.memo import Made, Memo
from radsim.simulation.outcomes import Outcomes, people_of
from radsim.sums.aggregations import State

SAMPLE = 1024  # patients
SINGLE = 6  # patients whose whole DVH is kept
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DISTANCE = "gtv_distance"


def keep_sample(
    variant: Experiment, block: range, outcomes: Outcomes, source: UniformSource, memo: Memo
) -> Made[State]:
    """Keep the doses of the first patients of the first block, under every arm.

    They are ``dvh_planned`` and ``dvh_delivered``, quantiles between patients of the dose at volume
    nodes, shape (arm, structure, quantile, node) [Gy]; ``dvh_single``, the planned dose of single
    patients, (arm, structure, single, node) [Gy]; metrics [Gy] and ``gtv_distance`` [mm], (arm,
    patient). Missing where an arm, or a patient, has no such structure; patients without a
    structure are left out of its quantiles.
    """
    patients = range(min(SAMPLE, block.stop))
    arms, structures = [], structures_of(variant)
    for name, arm in variant.arms.items():
        drawn = memo.make(draw_eligible, *cohort_of(variant, name), patients, source)
        people = memo.make(people_of, drawn, variant.dose)
        arms.append(memo.make(_dvhs, arm.plan, variant.dose, people, source, structures))
    rows = metric_rows(outcomes, memo)
    rows[DISTANCE] = memo.make(column_in, DISTANCE, facts_of(outcomes, memo))
    return memo.make(_sample, tuple(arms), tuple(rows), tuple(rows.values()), len(patients))


def _dvhs(
    plan: Plan,
    model: DoseModel,
    patients: Patients,
    source: UniformSource,
    structures: tuple[str, ...],
) -> State:
    """Dose at volume nodes of every structure that a plan gives a dose to."""
    given = frozenset(plan.gives(model.organs)) & frozenset(structures)
    dose = draw_dose(plan, model, patients, source, Wanted(given))
    shape = (len(structures), len(QUANTILES), dose.nodes)
    bands: dict[str, np.ndarray] = {kind: np.full(shape, np.nan) for kind in COURSES}
    single = np.full((len(structures), SINGLE, dose.nodes), np.nan)
    for place, structure in enumerate(structures):
        course = dose.courses.get(structure)
        for kind, values in ({} if course is None else course.arrays).items():
            present = values[~np.isnan(values).any(axis=1)].astype(float)
            if kind in bands and len(present):
                bands[kind][place] = np.quantile(present, QUANTILES, axis=0)
            if kind == "planned":
                single[place, : len(present[:SINGLE])] = present[:SINGLE]
    return {f"dvh_{kind}": band for kind, band in bands.items()} | {"dvh_single": single}


def _sample(
    arms: Sequence[State], names: Sequence[str], rows: Sequence[np.ndarray], patients: int
) -> State:
    arrays = {name: np.stack([arm[name] for arm in arms]) for name in arms[0]}
    arrays |= {name: values[:, :patients] for name, values in zip(names, rows, strict=True)}
    return {name: values.astype(np.float32) for name, values in arrays.items()}
