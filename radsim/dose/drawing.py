"""The dose that each patient gets from an arm's plan: planned, and delivered with errors."""

import re

import numpy as np
import xarray as xr

from radsim.dose.anatomy.dose_model import DoseModel
from radsim.dose.anatomy.geometry import draw_geometry
from radsim.dose.fields.conformal import conformal_dose
from radsim.dose.fields.intraoperative import intraoperative_dose
from radsim.dose.fields.library_doses import library_doses
from radsim.dose.fields.uniform_field import uniform_field_dose
from radsim.dose.plans.limits import ORGANS, TARGETS
from radsim.dose.plans.plan import Intraoperative, Plan, PlanLibrary
from radsim.radiobiology.dvh import generalized_eud, volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.words import nearest

FAMILIES = ("Dx for x from 0 to 100 %", "gEUD(a)", "mean")


def required_variables(plan: Plan) -> frozenset[str]:
    """Cohort variables that the dose step of an arm reads.

    Examples
    --------
    >>> from radsim.dose.plans.plan import ExternalBeam
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
    >>> from radsim.dose.plans.plan import ExternalBeam
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


def dose_sums(
    dose: xr.Dataset, structure: str, metric: str, course: str = "planned"
) -> tuple[np.ndarray, np.ndarray]:
    r"""Sums over fractions of dose [Gy] and squared dose [Gy2] behind a metric, each (patient,).

    Dx is the lowest dose in the hottest x % of the volume, linear between nodes; D0.03cc of a
    neural structure is exact; gEUD(a) is :math:`(\sum_j w_j D_j^a)^{1/a}` and ``mean`` is gEUD(1).
    The squared dose of a generalized mean is the one that equal fractions would have,
    :math:`(\sum_j w_j Q_j^{a/2})^{2/a}` with Q the squared doses at the nodes.

    Parameters
    ----------
    course
        ``planned`` or ``delivered``; the same in an arm without delivery errors.

    Raises
    ------
    ValueError
        If there is no such metric or course.
    KeyError
        If the structure's dose was not asked for when it was drawn.
    """
    if course not in ("planned", "delivered"):
        raise ValueError(f"course must be planned or delivered, got {course!r}")
    if not dose.attrs["delivery"]:
        course = "planned"
    if metric == "D0.03cc":
        total = _variable(dose, f"{structure}_d003cc_{course}").astype(float)
        if course == "delivered":
            return total, _variable(dose, f"{structure}_d003cc_delivered_squared").astype(float)
        return total, total * total / dose.attrs["fractions"]
    total = _metric(dose, _variable(dose, f"{structure}_{course}"), metric, 1.0)
    if course == "planned":
        return total, total * total / dose.attrs["fractions"]
    squared = _variable(dose, f"{structure}_delivered_squared")
    return total, _metric(dose, squared, metric, 2.0)


def _variable(dose: xr.Dataset, name: str) -> np.ndarray:
    if name not in dose:
        raise KeyError(f"no {name} in this dose; {nearest(name, map(str, dose.data_vars))}")
    return dose[name].values


def _metric(dose: xr.Dataset, values: np.ndarray, metric: str, power: float) -> np.ndarray:
    """Metric of node values that are a dose to some power, in that power."""
    volume, weight = dose["volume"].values, dose["weight"].values
    quantile = re.fullmatch(r"D(\d+(?:\.\d+)?)%?", metric)
    if quantile and 0 < float(quantile.group(1)) < 100:
        share = float(quantile.group(1)) / 100.0
        # a squared dose is interpolated as its root, so that it stays the square of a dose
        return _interpolated(values, volume, share, 1.0 / power) ** power
    mean = re.fullmatch(r"gEUD\((-?\d+(?:\.\d+)?)\)", metric)
    a = float(mean.group(1)) if mean else 1.0
    if metric != "mean" and (mean is None or a == 0):
        raise ValueError(f"wanted D98, D0.03cc, mean or gEUD(-10), got {metric!r}")
    return generalized_eud(values, weight, a / power)


def _interpolated(values: np.ndarray, volume: np.ndarray, share: float, power: float) -> np.ndarray:
    """Node values to a power, at one volume share: cubic through the four nearest nodes.

    Kept between its two neighbors, so that it stays monotone across a bend.
    """
    right = int(np.clip(np.searchsorted(volume, share), 1, len(volume) - 1))
    first = int(np.clip(right - 2, 0, len(volume) - 4))
    near = {node: values[:, node].astype(float) ** power for node in range(first, first + 4)}
    found = np.zeros(len(values))
    for node, value in near.items():
        others = volume[[other for other in near if other != node]]
        found += value * np.prod((share - others) / (volume[node] - others))
    return np.clip(found, near[right], near[right - 1])
