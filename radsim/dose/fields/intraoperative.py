r"""Dose around a low-energy source in the vertebra: inverse square with attenuation.

.. math:: D(r) = P \Bigl(\frac{r_0}{r}\Bigr)^2 e^{-\mu (r - r_0)}

where r is the distance from the source and r0 that of the prescription, depth plus applicator
radius [mm]. No tissue is nearer than the applicator's radius.
"""

from functools import lru_cache

import numpy as np

from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.geometry import Geometry
from radsim.dose.dose import Course, Dose
from radsim.dose.metrics import Wanted
from radsim.dose.plans.intraoperative import Intraoperative
from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HOT_SPOT, HotSpot

FARTHEST = 5.0  # offset of the source from the lesion's center, in radii, that the table reaches
ROWS = 1001
BISECTIONS = 50
BISECTIONS_OF_ORGAN = 30  # below a micrometer
QUADRATURE = 16


def source_dose(
    distance: np.ndarray,
    prescription: float,
    prescription_distance: np.ndarray,
    attenuation: np.ndarray,
) -> np.ndarray:
    """Dose [Gy] at a distance from the source [mm].

    Examples
    --------
    >>> float(source_dose(np.array(13.0), 8.0, np.array(13.0), np.array(0.1)))
    8.0
    """
    return (
        prescription
        * (prescription_distance / distance) ** 2
        * np.exp(attenuation * (prescription_distance - distance))
    )


def share_within(distance: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Share of a unit ball within a distance of a point that lies ``offset`` from its center.

    The volume common to two balls, in closed form.

    Examples
    --------
    >>> float(share_within(np.array(0.5), np.array(0.0)))
    0.125
    """
    r, d = np.asarray(distance, dtype=float), np.maximum(np.asarray(offset, dtype=float), 1e-9)
    overlap = (1.0 + r - d) ** 2 * (d * d + 2.0 * d * (1.0 + r) - 3.0 * (1.0 - r) ** 2)
    partial = np.maximum(overlap, 0.0) / (16.0 * d)
    inside = np.minimum(r, 1.0) ** 3
    return np.select([r + 1.0 <= d, np.abs(1.0 - r) >= d], [0.0, inside], partial)


@lru_cache(maxsize=8)
def _distance_table(shares: tuple[float, ...]) -> np.ndarray:
    """Distances that hold these shares of a unit ball, a row for each offset up to FARTHEST."""
    offset = np.linspace(0.0, FARTHEST, ROWS)[:, None]
    wanted = np.broadcast_to(np.array(shares), (ROWS, len(shares)))
    low = np.broadcast_to(np.maximum(offset - 1.0, 0.0), wanted.shape)
    high = np.broadcast_to(offset + 1.0, wanted.shape)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        enough = share_within(middle, offset) >= wanted
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high


def distances(shares: tuple[float, ...], offset: np.ndarray) -> np.ndarray:
    """Distances from the source holding these shares of the lesion, in its radii.

    ``offset`` is the source's distance from the center, in radii, shape (patient,); the result
    has shape (patient, share).
    """
    table = _distance_table(shares)
    inside = np.minimum(offset, FARTHEST)
    position = inside * ((ROWS - 1) / FARTHEST)
    row = np.minimum(position.astype(np.intp), ROWS - 2)
    weight = (position - row)[:, None]
    return table[row] * (1.0 - weight) + table[row + 1] * weight + (offset - inside)[:, None]


def intraoperative_dose(
    plan: Intraoperative,
    model: DoseModel,
    patients: Patients,
    geometry: Geometry,
    streams: UniformSource,
    wanted: Wanted,
) -> Dose:
    """Dose of a source placed in each lesion.

    The source lies off the lesion's center in a random direction, but keeps its distance from
    the canal. Delivered differs from planned by the output error only: the source sits in the
    bone that it treats.
    """
    numbers, everyone = patients.numbers, len(patients)

    def draw(name: str) -> np.ndarray:
        return draw_parameter(getattr(plan, name), f"dose/source/{name}", numbers, streams)

    radius = 0.5 * geometry.gtv_extent
    cosine = 2.0 * streams.uniforms("dose/source/direction", numbers) - 1.0
    away = radius * draw("source_offset")
    center = geometry.gtv_surface + radius
    source = np.maximum(center + away * cosine, geometry.wall + draw("canal_clearance"))
    lateral = away * np.sqrt(1.0 - cosine * cosine)
    offset = np.sqrt((source - center) ** 2 + lateral**2) / radius
    applicator = draw("applicator_radius")
    prescribed_at, attenuation = plan.depth + applicator, draw("attenuation")
    output = np.ones(everyone)
    if plan.delivery:
        output = output + draw_parameter(
            model.output_error, "dose/delivery/output", numbers, streams
        )

    def course(distance: np.ndarray, present: np.ndarray) -> Course:
        column = (slice(None), None) if distance.ndim == 2 else slice(None)
        near = np.maximum(distance, applicator[column])
        planned = source_dose(near, plan.prescription, prescribed_at[column], attenuation[column])
        course = Course(np.where(present[column], planned, np.nan))
        if plan.delivery:
            course = course.with_output(output[column], plan.fractions)
        kind = np.float32 if distance.ndim == 2 else np.float64
        return Course(*(values.astype(kind) for values in course.arrays.values()))

    volume, _ = volume_nodes(model.nodes)
    yes = np.ones(everyone, dtype=bool)
    courses, hot_spots = {}, {}
    if "gtv" in wanted.whole:
        courses["gtv"] = course(distances(tuple(volume), offset) * radius[:, None], yes)
    contoured = geometry.length + geometry.beyond
    further = [spot for spot in wanted.hot_spots if spot not in map(HotSpot, geometry.organs)]
    for spot in sorted(spot for spot in further if spot.structure in geometry.organs):
        organ = geometry.organs[spot.structure]
        part = np.full((1, 1), spot.volume * 1000.0)
        near = organ_distance(part, source - organ.surface, organ.radius, contoured)
        known = spot.volume * 1000.0 <= np.pi * organ.radius**2 * contoured
        hot_spots[spot] = course(near[:, 0], organ.present & known)
    for name, organ in geometry.organs.items():
        gap = source - organ.surface
        near = organ_distance(np.full((1, 1), HOT_SPOT * 1000.0), gap, organ.radius, contoured)
        hot_spots[HotSpot(name)] = course(near[:, 0], organ.present)
        if name in wanted.whole:
            part = (np.pi * organ.radius**2 * contoured)[:, None] * volume
            courses[name] = course(
                organ_distance(part, gap, organ.radius, contoured), organ.present
            )
    return Dose(
        plan=plan,
        nodes=model.nodes,
        courses=courses,
        hot_spots=hot_spots,
        facts={
            "prescription": np.full(everyone, float(plan.prescription)),
            "plans_tried": np.ones(everyone, dtype=int),
            "source_distance": source - geometry.reference,
        },
        flags={"plan_eligible": yes, "limits_met": yes},
    )


def organ_distance(
    volume: np.ndarray, gap: np.ndarray, radius: np.ndarray, length: np.ndarray
) -> np.ndarray:
    r"""Distance from the source [mm] within which this volume of a round organ lies.

    The organ is a cylinder with the source beside its middle, so the volume within r is

    .. math:: V(r) = 4 \int \rho\, \phi(\rho)
              \min\bigl(\sqrt{r^2 - \rho^2}, \tfrac{L}{2}\bigr)\, d\rho, \qquad
              \cos\phi = \frac{\rho^2 + c^2 - R^2}{2 \rho c}, \quad c = gap + R,

    with rho the distance in the transverse plane. It is inverted by bisection.

    Volumes [mm3] have the shape (patient, share) or one that broadcasts to it; the gap from the
    source to the organ's surface, and the organ's size [mm], have the shape (patient,).
    """
    gap, radius, half = (
        np.maximum(values, 1e-3)[:, None] for values in np.broadcast_arrays(gap, radius, length / 2)
    )
    center = gap + radius
    nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE)
    # rho from the near to the far side as the cosine of an angle, which takes out both ends' roots
    angle = 0.5 * np.pi * (nodes + 1.0)
    share, weight = 0.5 * (1.0 - np.cos(angle)), 0.25 * np.pi * weights * np.sin(angle)
    low = np.broadcast_to(gap, np.broadcast_shapes(gap.shape, volume.shape))
    high = np.broadcast_to(np.hypot(gap + 2.0 * radius, half), low.shape)
    for _ in range(BISECTIONS_OF_ORGAN):
        middle = 0.5 * (low + high)
        reach = np.minimum(middle - gap, 2.0 * radius)
        within = np.zeros(low.shape)
        for s, w in zip(share, weight, strict=True):
            rho = gap + reach * s
            cosine = (rho * rho + center * center - radius * radius) / (2.0 * rho * center)
            along = np.sqrt(np.maximum(middle * middle - rho * rho, 0.0))
            arc = np.arccos(np.clip(cosine, -1.0, 1.0))
            within += w * rho * arc * np.minimum(along, half)
        enough = 4.0 * within * reach >= volume
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return high
