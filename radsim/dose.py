"""The dose that each patient gets from an arm's plan: planned, and delivered with errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import ndtri

from radsim.delivery import Delivery, draw_delivery, no_errors
from radsim.depth import gauss_legendre, organ_depths, target_depths
from radsim.dose_model import DoseModel, draw_parameter
from radsim.geometry import Geometry, draw_geometry
from radsim.intraoperative import intraoperative_dose
from radsim.limits import ORGANS, STRUCTURES, TARGETS, CumulativeLimit, Limit
from radsim.merging import merged_quantiles
from radsim.plan import ExternalBeam, Intraoperative, Plan
from radsim.planning import Plans, make_plans
from radsim.profile import Profile
from radsim.recovery import recovered_share
from radsim.rng import UniformSource
from radsim.schema import nearest

ROWS = 1024  # patients whose doses are worked out at a time, so that arrays stay in the cache
FAMILIES = ("Dx for x from 0 to 100 %", "gEUD(a)", "mean")
Arrays = dict[str, np.ndarray]
Doses = tuple[np.ndarray, np.ndarray, np.ndarray]  # planned, delivered, delivered squared


def required_variables(plan: Plan) -> frozenset[str]:
    """Cohort variables that the dose step of an arm reads.

    Examples
    --------
    >>> plan = ExternalBeam(prescription=8.0, fractions=1, field="uniform")
    >>> sorted(required_variables(plan))
    ['bilsky', 'cord_present', 'gtv_volume', 'ptv_volume', 'region']
    """
    names = {"region", "bilsky", "gtv_volume", "ptv_volume", "cord_present"}
    if isinstance(plan, ExternalBeam) and plan.prior and isinstance(plan.prior.interval, str):
        names.add(plan.prior.interval)
    return frozenset(names)


def available(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Structures an arm gives doses for, each with the metrics that can be asked of it.

    Examples
    --------
    >>> plan = ExternalBeam(prescription=8.0, fractions=1, field="uniform")
    >>> available(plan)["spinal_cord"][0]
    'D0.03cc'
    """
    organs = {organ: ("D0.03cc", *FAMILIES) for organ in ORGANS}
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
        Structures whose dose is wanted, of ``gtv``, ``ptv``, ``cord_prv``, ``spinal_cord``,
        ``thecal_sac``.

    Returns
    -------
    For each structure s: ``s_planned``, ``s_delivered`` [Gy] and ``s_delivered_squared``, the sum
    over fractions of the squared fraction dose [Gy2], all (patient, node), at Gauss-Legendre
    nodes of volume, hottest first (coordinates ``volume`` and ``weight``). For neural structures
    also ``s_d003cc_planned``, ``s_d003cc_delivered`` and ``s_d003cc_delivered_squared``
    (patient,). NaN where a patient has no cord. Then, (patient,): ``prescription`` [Gy],
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
    if isinstance(plan, Intraoperative):
        variables = intraoperative_dose(plan, model, geometry, indices, streams, structures)
    elif plan.field == "uniform":
        variables = _uniform_field(plan, model, patients, geometry, indices, streams, structures)
    else:
        variables = _conformal(plan, model, patients, geometry, indices, streams, structures)
    variables["gtv_distance"] = geometry.gtv_surface
    volume, weight = gauss_legendre(model.nodes)
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
        attrs={"fractions": plan.fractions},
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
        ``planned`` or ``delivered``.

    Raises
    ------
    ValueError
        If there is no such metric or course.
    KeyError
        If the structure's dose was not asked for when it was drawn.
    """
    if course not in ("planned", "delivered"):
        raise ValueError(f"course must be planned or delivered, got {course!r}")
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
        right = int(np.clip(np.searchsorted(volume, share), 1, len(volume) - 1))
        step = (share - volume[right - 1]) / (volume[right] - volume[right - 1])
        low, high = values[:, right - 1].astype(float), values[:, right].astype(float)
        return low + step * (high - low)
    mean = re.fullmatch(r"gEUD\((-?\d+(?:\.\d+)?)\)", metric)
    a = float(mean.group(1)) if mean else 1.0
    if metric != "mean" and (mean is None or a == 0):
        raise ValueError(f"wanted D98, D0.03cc, mean or gEUD(-10), got {metric!r}")
    # times the largest value, so that a high power neither overflows nor vanishes
    scale = values.max(axis=1, keepdims=True).astype(float)
    terms = weight * (values / scale) ** (a / power)
    return scale[:, 0] * terms.sum(axis=1) ** (power / a)


def _conformal(
    plan: ExternalBeam,
    model: DoseModel,
    patients: xr.Dataset,
    geometry: Geometry,
    indices: range,
    streams: UniformSource,
    structures: frozenset[str],
) -> Arrays:
    rules = _Courses(plan, patients, geometry, indices, streams)
    limits = {organ: _organ_limit(plan, organ, rules, geometry) for organ in ORGANS}
    plans = make_plans(plan, model, geometry, limits, indices, streams)
    delivery = (
        draw_delivery(model, plan.fractions, geometry.wrap, indices, streams)
        if plan.delivery
        else no_errors(plan.fractions, len(indices))
    )
    spread = draw_parameter(model.in_target_spread, "dose/plan/in_target_spread", indices, streams)
    variables: Arrays = {
        "prescription": plans.prescription,
        "plans_tried": plans.tried,
    }
    hot = _hot_spots(plan, geometry, plans.profile, delivery)
    met = np.ones(len(indices), dtype=bool)
    for organ in ORGANS:
        planned = hot[organ][0]
        met &= ~(planned > limits[organ] + 0.002)
        if organ in structures:
            for kind, values in zip(KINDS, hot[organ], strict=True):
                variables[f"{organ}_d003cc_{kind}"] = values
    flags, kept = rules.flags(plan, hot)
    variables["limits_met"] = met & kept
    variables["plan_eligible"] = plans.eligible & met & kept
    variables.update(flags)
    variables.update(_node_doses(plan, model, geometry, plans, delivery, spread, structures))
    return variables


KINDS = ("planned", "delivered", "delivered_squared")


class _Courses:
    """What an earlier course means for the limits of this one."""

    def __init__(
        self,
        plan: ExternalBeam,
        patients: xr.Dataset,
        geometry: Geometry,
        indices: range,
        streams: UniformSource,
    ) -> None:
        self.rules = [limit for limit in plan.limits if isinstance(limit, CumulativeLimit)]
        self.has_cord = geometry.has_cord
        self.plan = plan
        if plan.prior is None:
            return
        interval = plan.prior.interval
        self.interval = (
            patients[interval].values.astype(float)
            if isinstance(interval, str)
            else draw_parameter(interval, "dose/prior/interval", indices, streams)
        )

    def highest(self, rule: CumulativeLimit) -> np.ndarray:
        prior = self.plan.prior
        assert prior is not None
        effect = rule.effect_of(prior.dose, prior.fractions)
        recovered = rule.share_recovered(self.plan.recovery, self.interval)
        return rule.highest_dose(self.plan.fractions, effect, recovered)

    def flags(self, plan: ExternalBeam, hot: Mapping[str, Doses]) -> tuple[Arrays, np.ndarray]:
        """Flags of each rule, and whether every rule the arm plans to is met."""
        kept = np.ones(self.has_cord.shape, dtype=bool)
        if plan.prior is None:
            return {}, kept
        flags: Arrays = {}
        for rule in self.rules:
            effect = rule.effect_of(plan.prior.dose, plan.prior.fractions)
            recovered = rule.share_recovered(plan.recovery, self.interval)
            met = ~rule.applies(self.has_cord) | rule.is_met(
                hot[rule.structure][0], plan.fractions, effect, recovered, self.interval
            )
            name = f"meets_{re.sub('[^0-9a-zA-Z]+', '_', rule.name)}"
            flags[name] = flags.get(name, True) & met
            if rule.role == "limit":
                kept = kept & met
        flags["prior_interval"] = self.interval
        flags["prior_recovery"] = recovered_share(plan.recovery, self.interval)
        return flags, kept


def _organ_limit(
    plan: ExternalBeam, organ: str, courses: _Courses, geometry: Geometry
) -> np.ndarray:
    """Highest planned D0.03cc of a neural structure [Gy], shape (patient,)."""
    highest = np.full(geometry.has_cord.shape, np.inf)
    for limit in plan.limits:
        if isinstance(limit, Limit):
            if limit.structure == organ and not limit.optimal and limit.at_most is not None:
                highest = np.minimum(highest, limit.at_most)
        elif limit.structure == organ and limit.role == "limit":
            room = np.where(limit.applies(geometry.has_cord), courses.highest(limit), np.inf)
            highest = np.minimum(highest, room)
    return highest if organ == "thecal_sac" else np.where(geometry.has_cord, highest, np.inf)


def _hot_spots(
    plan: ExternalBeam, geometry: Geometry, profile: Profile, delivery: Delivery
) -> dict[str, Doses]:
    """D0.03cc of each neural structure: planned, delivered, delivered squared."""
    found = {}
    for name, organ in geometry.organs.items():
        x = profile.attenuation(organ.hot_spot)
        factor = 1.0 - geometry.rolloff * organ.hot_share
        planned = profile.dose(x) * factor
        total, squared = np.zeros_like(planned), np.zeros_like(planned)
        for shift in delivery.organ_shift:
            dose = profile.dose(x * np.exp(-shift / profile.falloff))
            total += dose
            squared += dose * dose
        share = factor * delivery.output / plan.fractions
        present = geometry.has_cord | (name == "thecal_sac")
        found[name] = (
            np.where(present, planned, np.nan),
            np.where(present, total * share, np.nan),
            np.where(present, squared * share * share, np.nan),
        )
    return found


@dataclass(frozen=True)
class _Rows:
    """Profiles and shifts of some patients, in single precision, as columns."""

    profile: Profile
    boosted: bool
    fractions: int
    output: np.ndarray

    def doses(
        self, x: np.ndarray, factor: np.ndarray, shifts: np.ndarray, base: bool = False
    ) -> Doses:
        """Planned, delivered and squared delivered dose at attenuations X, (patient, node)."""
        curve = self.profile.dose if self.boosted and not base else self.profile.base_dose
        planned = curve(x) * factor
        total, squared = np.zeros_like(planned), np.zeros_like(planned)
        for shift in shifts:
            dose = curve(x * shift[:, None])
            total += dose
            squared += dose * dose
        share = factor * (self.output / np.float32(self.fractions))
        return planned, total * share, squared * (share * share)


def _node_doses(
    plan: ExternalBeam,
    model: DoseModel,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery,
    spread: np.ndarray,
    structures: frozenset[str],
) -> Arrays:
    everyone = len(plans.tried)
    volume, weight = gauss_legendre(model.nodes)
    names = [f"{s}_{kind}" for s in STRUCTURES if s in structures for kind in KINDS]
    out = {name: np.empty((everyone, model.nodes), dtype=np.float32) for name in names}
    for first in range(0, everyone, ROWS):
        rows = slice(first, min(first + ROWS, everyone))
        for structure, doses in _some_node_doses(
            plan, geometry, plans, delivery, spread, structures, rows, volume, weight
        ).items():
            for kind, values in zip(KINDS, doses, strict=True):
                out[f"{structure}_{kind}"][rows] = values
    for organ in ("cord_prv", "spinal_cord"):
        if organ in structures:
            for kind in KINDS:
                out[f"{organ}_{kind}"][~geometry.has_cord] = np.nan
    return out


def _single(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)


def _some_node_doses(
    plan: ExternalBeam,
    geometry: Geometry,
    plans: Plans,
    delivery: Delivery,
    spread: np.ndarray,
    structures: frozenset[str],
    rows: slice,
    volume: np.ndarray,
    weight: np.ndarray,
) -> dict[str, Doses]:
    profile = plans.profile.rows(rows)
    columns = profile.columns(np.float32)
    boosted = plan.boost is not None
    some = _Rows(columns, boosted, plan.fractions, _single(delivery.output[rows])[:, None])
    found: dict[str, Doses] = {}
    cold = tuple(1.0 - volume)

    def attenuation(position: np.ndarray) -> np.ndarray:
        return np.exp((columns.reference - position) / columns.falloff)

    if structures & {"gtv", "ptv"}:
        shifts = _single(np.exp(-delivery.target_shift[:, rows] / profile.falloff))
        factor = 1.0 + _single(spread[rows])[:, None] * _single(ndtri(np.array(cold)))
        depth = target_depths(cold, geometry.gtv_shape[rows])
        gtv = (
            _single(geometry.gtv_surface[rows])[:, None]
            + _single(geometry.gtv_extent[rows])[:, None] * depth
        )
    if "gtv" in structures or ("ptv" in structures and boosted):
        found["gtv"] = some.doses(attenuation(gtv), factor, shifts)
    if "ptv" in structures:
        depth = target_depths(cold, geometry.ring_shape[rows])
        ring = (
            _single(geometry.wall[rows])[:, None]
            + _single(geometry.ring_extent[rows])[:, None] * depth
        )
        share = geometry.gtv_share[rows]
        shares = np.array(cold)[::-1]
        if boosted:
            base = some.doses(attenuation(ring), factor, shifts, base=True)
            planned, delivered, squared = (
                merged_quantiles(a, b, share, weight, shares)[:, ::-1]
                for a, b in zip(found["gtv"], base, strict=True)
            )
            found["ptv"] = planned, delivered, squared
        else:
            nearest_point = np.minimum(gtv[:, -1:], ring[:, -1:])
            merged = merged_quantiles(
                gtv - nearest_point, ring - nearest_point, share, weight, shares
            )[:, ::-1]
            found["ptv"] = some.doses(attenuation(_single(merged) + nearest_point), factor, shifts)
    if structures & set(ORGANS):
        shifts = _single(np.exp(-delivery.organ_shift[:, rows] / profile.falloff))
        in_field = _single(geometry.in_field[rows])[:, None]
        depth = organ_depths(tuple(volume), geometry.in_field[rows])
        past = np.maximum(_single(volume) - in_field, 0)
        reach = _single((geometry.length + geometry.beyond)[rows] / (2.0 * geometry.tail[rows]))
        factor = (
            1.0
            - _single(geometry.rolloff[rows])[:, None] * np.minimum(_single(volume) / in_field, 1)
        ) * np.exp(-past * reach[:, None])
        for name in ORGANS:
            if name in structures:
                organ = geometry.organs[name]
                position = (
                    _single(organ.surface[rows])[:, None]
                    - _single(2.0 * organ.radius[rows])[:, None] * depth
                )
                found[name] = some.doses(attenuation(position), factor, shifts)
    return {name: doses for name, doses in found.items() if name in structures}


def _uniform_field(
    plan: ExternalBeam,
    model: DoseModel,
    patients: xr.Dataset,
    geometry: Geometry,
    indices: range,
    streams: UniformSource,
    structures: frozenset[str],
) -> Arrays:
    """A conventional field: the prescription everywhere, within a narrow spread."""
    everyone = len(indices)
    spread = draw_parameter(model.uniform_spread, "dose/plan/uniform_spread", indices, streams)
    output = np.ones(everyone)
    if plan.delivery:
        output += draw_parameter(model.output_error, "dose/delivery/output", indices, streams)
    volume, _ = gauss_legendre(model.nodes)
    courses = _Courses(plan, patients, geometry, indices, streams)
    variables: Arrays = {
        "prescription": np.full(everyone, float(plan.prescription)),
        "plans_tried": np.ones(everyone, dtype=int),
        "plan_eligible": np.ones(everyone, dtype=bool),
        "limits_met": np.ones(everyone, dtype=bool),
    }
    hot: dict[str, Doses] = {}
    planned = plan.prescription * (1.0 + spread[:, None] * ndtri(1.0 - volume))
    for structure in STRUCTURES:
        present = geometry.has_cord | (structure not in ("cord_prv", "spinal_cord"))
        if structure in ORGANS:
            organ = geometry.organs[structure]
            hottest = ndtri(1.0 - np.minimum(organ.hot_share * geometry.in_field, 0.5))
            hot[structure] = _given(
                plan.prescription * (1.0 + spread * hottest), output, plan.fractions, present
            )
        if structure in structures:
            doses = _given(planned, output[:, None], plan.fractions, present[:, None])
            for kind, values in zip(KINDS, doses, strict=True):
                variables[f"{structure}_{kind}"] = _single(values)
            if structure in ORGANS:
                for kind, values in zip(KINDS, hot[structure], strict=True):
                    variables[f"{structure}_d003cc_{kind}"] = values
    flags, _ = courses.flags(plan, hot)
    return {**variables, **flags}


def _given(planned: np.ndarray, output: np.ndarray, fractions: int, present: np.ndarray) -> Doses:
    """Planned, delivered and squared delivered dose when only the output errs."""
    delivered = planned * output
    return (
        np.where(present, planned, np.nan),
        np.where(present, delivered, np.nan),
        np.where(present, delivered * delivered / fractions, np.nan),
    )
