"""The dose that each patient gets from an arm's plan: planned, and delivered with errors."""

import xarray as xr

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import draw_geometry
from radsim.dose.fields.conformal import conformal_dose
from radsim.dose.fields.intraoperative import intraoperative_dose
from radsim.dose.fields.library_doses import library_doses
from radsim.dose.fields.uniform_field import uniform_field_dose
from radsim.dose.metrics import FAMILIES
from radsim.dose.plans.intraoperative import Intraoperative
from radsim.dose.plans.library import PlanLibrary
from radsim.dose.plans.plan import Plan
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import ORGANS, TARGETS
from radsim.vocabulary.words import nearest


def required_variables(plan: Plan) -> frozenset[str]:
    """Cohort variables that the dose step of an arm reads.

    Examples
    --------
    >>> from radsim.dose.plans.external_beam import ExternalBeam
    >>> plan = ExternalBeam(prescription=8.0, fractions=1, field="uniform")
    >>> sorted(required_variables(plan))
    ['bilsky', 'cord_present', 'gtv_volume', 'ptv_volume', 'region']
    """
    names = {"region", "bilsky", "gtv_volume", "ptv_volume", "cord_present"}
    prior = None if isinstance(plan, Intraoperative) else plan.prior
    if prior is not None and isinstance(prior.interval, str):
        names.add(prior.interval)
    return frozenset(names)


def available(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Structures an arm gives doses for, each with the metrics that can be asked of it.

    Examples
    --------
    >>> from radsim.dose.plans.external_beam import ExternalBeam
    >>> plan = ExternalBeam(prescription=8.0, fractions=1, field="uniform")
    >>> available(plan)["spinal_cord"][0]
    'D0.03cc'
    """
    organs = {organ: ("D0.03cc", *FAMILIES) for organ in ORGANS}
    if isinstance(plan, PlanLibrary):
        return {s: organs.get(s, FAMILIES) for s in plan.structures}
    if isinstance(plan, Intraoperative):
        return {"gtv": FAMILIES, **organs}
    return {**dict.fromkeys(TARGETS, FAMILIES), **organs}


def draw_dose(
    plan: Plan,
    model: DoseModel,
    patients: xr.Dataset,
    streams: UniformSource,
    structures: frozenset[str],
) -> xr.Dataset:
    """Plan and deliver an arm's treatment for each patient.

    Parameters
    ----------
    patients
        Cohort with the variables of :func:`required_variables`; ``patient`` counts up by 1.
    structures
        Structures whose whole DVH is wanted, of ``gtv``, ``ptv``, ``cord_prv``, ``spinal_cord``,
        ``thecal_sac``. D0.03cc of the neural ones is always there.

    Returns
    -------
    For each structure s: ``s_planned``, ``s_delivered`` [Gy] and ``s_delivered_squared``, the sum
    over fractions of the squared fraction dose [Gy2], all (patient, node), at nodes of volume,
    hottest first (coordinates ``volume`` and ``weight``). For every neural structure, asked for
    or not, ``s_d003cc_planned``, ``s_d003cc_delivered`` and ``s_d003cc_delivered_squared``
    (patient,). An arm without delivery errors has only what is planned. NaN where a patient has
    no cord. Then, (patient,): ``prescription`` [Gy],
    ``gtv_distance`` from the ruling neural surface (cord PRV, else thecal sac) to the nearest GTV
    [mm], ``plans_tried``, ``plan_eligible`` (every mandatory limit met), ``limits_met`` (those of
    the neural structures), and for an arm with an earlier course ``prior_interval`` [months],
    ``prior_recovery`` by the arm's rule, and ``meets_<rule>`` for each rule over two courses.

    Raises
    ------
    ValueError
        If a structure is asked for that the arm does not give.
    KeyError
        If ``bilsky`` has a label that is no grade.
    """
    known = available(plan)
    for structure in sorted(structures):
        if structure not in known:
            raise ValueError(f"the arm gives no dose to {structure!r}; {nearest(structure, known)}")
    indices = patient_range(patients)
    geometry = draw_geometry(model, patients, indices, streams)
    if isinstance(plan, PlanLibrary):
        variables = library_doses(plan, model, patients, geometry, indices, streams, structures)
    elif isinstance(plan, Intraoperative):
        variables = intraoperative_dose(plan, model, geometry, indices, streams, structures)
    else:
        give = uniform_field_dose if plan.field == "uniform" else conformal_dose
        variables = give(plan, model, patients, geometry, indices, streams, structures)
    variables["gtv_distance"] = geometry.gtv_surface
    volume, weight = volume_nodes(model.nodes)
    return xr.Dataset(
        {
            name: (("patient", "node") if values.ndim == 2 else ("patient",), values)
            for name, values in variables.items()
        },
        coords={
            "patient": patients["patient"].values,
            "volume": ("node", volume),
            "weight": ("node", weight),
        },
        attrs={"fractions": plan.fractions, "delivery": int(plan.delivery)},
    )


def patient_range(patients: xr.Dataset) -> range:
    """Return the run of patient numbers that a cohort holds.

    Raises
    ------
    ValueError
        If they do not count up by 1.
    """
    numbers = patients["patient"].values
    if numbers.size == 0:
        return range(0)
    start = int(numbers[0])
    indices = range(start, start + numbers.size)
    if int(numbers[-1]) != indices[-1]:
        raise ValueError(f"patient must count up by 1, got {start} to {numbers[-1]}")
    return indices
