"""The doses of ``volume_doses``, worked out patient by patient in compiled loops.

The same steps as the plain ones, to rounding: positions at nodes of volume, dose along the
profile, fractions added up, and PTV_Eval put together from its two parts. Nothing is kept between
steps but one patient's nodes, and other threads run meanwhile. Numba compiles at the first call,
which takes some seconds, and keeps what it compiled on disk.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

single = np.float32
step = numba.njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

Nodes = tuple[np.ndarray, np.ndarray, np.ndarray]  # planned, delivered and squared, (patient, node)


def compiled(function: Callable[..., None]) -> Any:
    """Compile a function that numpy calls; ``step`` is for what only such functions call."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # no folder that may be written to: compile once in each process
        return numba.njit(nogil=True, error_model="numpy")(function)


class Curve(NamedTuple):
    """Dose profiles in single precision, every array of shape (patient,).

    ``low`` and ``high`` are the heights of the plateaus over the valley [Gy], each with its
    steepness; the other parts are those of :class:`~radsim.dose.course.profile.Profile`.
    """

    reference: np.ndarray
    falloff: np.ndarray
    valley: np.ndarray
    low: np.ndarray
    low_steepness: np.ndarray
    high: np.ndarray
    high_steepness: np.ndarray
    edge: np.ndarray


class Course(NamedTuple):
    """What the fractions do to a planned dose.

    ``shift`` is the factor on attenuation, shape (fraction, patient), with no fraction for planned
    doses alone; ``output`` is the dose of one fraction over that of the plan, shape (patient,).
    """

    shift: np.ndarray
    output: np.ndarray


class Part(NamedTuple):
    """One part of the target, arrays of shape (patient,); ``row`` is its place in ``depths``."""

    surface: np.ndarray
    extent: np.ndarray
    shape: np.ndarray
    row: np.ndarray
    depths: np.ndarray


class Cylinder(NamedTuple):
    """A neural structure, arrays of shape (patient,), lengths in mm."""

    surface: np.ndarray
    diameter: np.ndarray
    in_field: np.ndarray
    rolloff: np.ndarray
    reach: np.ndarray
    row: np.ndarray
    depths: np.ndarray


@compiled
def organ_doses(
    organ: Cylinder, curve: Curve, course: Course, volume: np.ndarray, boosted: bool, filled: Nodes
) -> None:
    """Fill the doses of a neural structure."""
    position, factor, x = _room(volume), _room(volume), _room(volume)
    for patient in range(len(organ.surface)):
        _positions(
            organ.depths,
            organ.row[patient],
            organ.surface[patient],
            -organ.diameter[patient],
            position,
        )
        in_field = organ.in_field[patient]
        for node in range(len(volume)):
            faced = min(volume[node] / in_field, single(1))
            factor[node] = single(1) - organ.rolloff[patient] * faced
            if volume[node] > in_field:
                factor[node] *= math.exp((in_field - volume[node]) * organ.reach[patient])
        _doses(patient, position, factor, curve, course, boosted, x, _rows(filled, patient))


@compiled
def target_doses(
    gtv: Part,
    ring: Part,
    share: np.ndarray,
    spread: np.ndarray,
    scores: np.ndarray,
    cold: np.ndarray,
    curve: Curve,
    course: Course,
    boosted: bool,
    with_ptv: bool,
    gtv_filled: Nodes,
    ptv_filled: Nodes,
) -> None:
    """Fill the doses of the GTV and, if wanted, of PTV_Eval."""
    position, factor, x = _room(cold), _room(cold), _room(cold)
    outer = _room(cold)
    planned, delivered, squared = _room(cold), _room(cold), _room(cold)
    places, outer_places = np.empty(len(cold)), np.empty(len(cold))
    for patient in range(len(share)):
        for node in range(len(cold)):
            factor[node] = single(1) + spread[patient] * scores[node]
        _positions(
            gtv.depths, gtv.row[patient], gtv.surface[patient], gtv.extent[patient], position
        )
        inner = _rows(gtv_filled, patient)
        _doses(patient, position, factor, curve, course, boosted, x, inner)
        if not with_ptv:
            continue
        whole = _rows(ptv_filled, patient)
        _positions(
            ring.depths, ring.row[patient], ring.surface[patient], ring.extent[patient], outer
        )
        if boosted:  # each part has its own profile: merge doses
            base = (planned, delivered, squared)
            _doses(patient, outer, factor, curve, course, False, x, base)
            for kind in range(3 if len(course.shift) else 1):
                _below(inner[kind], base[kind], cold, share[patient], places)
                _below(base[kind], inner[kind], cold, 1.0 - share[patient], outer_places)
                _merge(inner[kind], places, base[kind], outer_places, cold, whole[kind])
        else:  # one profile for both: merge positions
            _nearer(position, ring, patient, cold, share[patient], places)
            _nearer(outer, gtv, patient, cold, 1.0 - share[patient], outer_places)
            _merge(position, places, outer, outer_places, cold, x)
            position[:] = x
            _doses(patient, position, factor, curve, course, False, x, whole)


@step
def _room(like: np.ndarray) -> np.ndarray:
    return np.empty(len(like), dtype=np.float32)


@step
def _rows(filled: Nodes, patient: int) -> Nodes:
    """One patient's rows; those of delivered doses have no patient if only planned are wanted."""
    if len(filled[1]) == 0:
        return filled[0][patient], filled[0][patient], filled[0][patient]
    return filled[0][patient], filled[1][patient], filled[2][patient]


@step
def _positions(
    depths: np.ndarray, row: float, surface: float, extent: float, position: np.ndarray
) -> None:
    """Positions on the axis [mm] of relative depths, linear between rows of a table."""
    below = min(max(int(row), 0), len(depths) - 2)
    weight = single(row - below)
    for node in range(len(position)):
        low = depths[below, node]
        position[node] = surface + extent * (low + weight * (depths[below + 1, node] - low))


@step
def _dose(patient: int, curve: Curve, boosted: bool, x: float) -> float:
    """Dose [Gy] at attenuation X."""
    base = curve.low[patient] / (single(1) + curve.low_steepness[patient] * x)
    if not boosted:
        return base + curve.valley[patient]
    boost = curve.high[patient] / (single(1) + curve.high_steepness[patient] * x)
    mixed = (boost - base) / (single(1) + curve.edge[patient] * x)
    return mixed + base + curve.valley[patient]


@step
def _doses(
    patient: int,
    position: np.ndarray,
    factor: np.ndarray,
    curve: Curve,
    course: Course,
    boosted: bool,
    x: np.ndarray,
    filled: Nodes,
) -> None:
    """One patient's doses at positions on the axis, times a factor, as planned and delivered."""
    planned, delivered, squared = filled
    for node in range(len(position)):
        x[node] = math.exp((curve.reference[patient] - position[node]) / curve.falloff[patient])
    for node in range(len(position)):
        planned[node] = _dose(patient, curve, boosted, x[node]) * factor[node]
    if len(course.shift) == 0:
        return
    for node in range(len(position)):
        delivered[node] = single(0)
        squared[node] = single(0)
    for fraction in range(len(course.shift)):
        shift = course.shift[fraction, patient]
        for node in range(len(position)):
            dose = _dose(patient, curve, boosted, x[node] * shift)
            delivered[node] += dose
            squared[node] += dose * dose
    for node in range(len(position)):
        share = factor[node] * course.output[patient]
        delivered[node] *= share
        squared[node] *= share * share


@step
def _below(
    level: np.ndarray, value: np.ndarray, cold: np.ndarray, weight: float, place: np.ndarray
) -> None:
    """Cold share in the whole of each level, for ``weight`` its own part's share of the whole.

    ``value`` are the doses of the other part. Everything falls along the nodes.
    """
    last = len(value) - 1
    other = last  # the lowest node whose value is not below the level
    for node in range(last, -1, -1):
        while other >= 0 and value[other] <= level[node]:
            other -= 1
        if other == last:
            share = cold[last]
        elif other < 0:
            share = cold[0]
        else:
            height = (level[node] - value[other + 1]) / (value[other] - value[other + 1])
            share = cold[other + 1] + height * (cold[other] - cold[other + 1])
        place[node] = weight * cold[node] + (1.0 - weight) * share


@step
def _nearer(
    position: np.ndarray,
    other: Part,
    patient: int,
    cold: np.ndarray,
    weight: float,
    place: np.ndarray,
) -> None:
    """Share of the whole that is nearer than each position, the other part's by its Beta CDF."""
    shape = other.shape[patient]
    for node in range(len(position)):
        t = (position[node] - other.surface[patient]) / other.extent[patient]
        share = single(0)
        if t >= single(1):
            share = single(1)
        elif t > single(0):
            share = t**shape * (single(1) + shape - shape * t)
        place[node] = weight * cold[node] + (1.0 - weight) * share


@step
def _merge(
    value: np.ndarray,
    place: np.ndarray,
    other: np.ndarray,
    other_place: np.ndarray,
    cold: np.ndarray,
    filled: np.ndarray,
) -> None:
    """Values of the whole at its cold shares, linear between all the points of its two parts."""
    last = len(cold) - 1
    i = j = wanted = last
    low = min(value[last], other[last])
    low_place = -1.0
    while wanted >= 0 and (i >= 0 or j >= 0):
        if j < 0 or (i >= 0 and value[i] <= other[j]):
            high, high_place = value[i], place[i]
            i -= 1
        else:
            high, high_place = other[j], other_place[j]
            j -= 1
        if low_place < 0.0:
            low_place = high_place
        while wanted >= 0 and cold[wanted] <= high_place:
            weight = 0.0
            if cold[wanted] > low_place:
                weight = (cold[wanted] - low_place) / (high_place - low_place)
            filled[wanted] = low + weight * (high - low)
            wanted -= 1
        low, low_place = high, max(high_place, low_place)
    while wanted >= 0:
        filled[wanted] = low
        wanted -= 1
