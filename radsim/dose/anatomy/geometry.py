"""Where tumor, target and neural structures of each patient lie on one axis.

The axis x [mm] runs outward from the surface of the structure whose limit rules the plan: the
cord PRV where there is a cord, else the thecal sac. Inside is negative.
"""

from dataclasses import dataclass

import numpy as np

from radsim.dose.anatomy.depth import organ_depth, target_depth, target_depth_share
from radsim.dose.anatomy.dose_model import DoseModel, draw_parameter
from radsim.dose.anatomy.organ import SampledOrgan, Spread, ends_of, length_of
from radsim.dose.anatomy.outer_organ import OuterOrgan
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.vocabulary.structures import HOT_SPOT, HotSpot
from radsim.vocabulary.words import nearest

GRADES = ("0", "1a", "1b", "1c", "2", "3")  # Bilsky
LATERAL_MARGIN, AXIAL_MARGIN = 2.0, 5.0  # [mm] from GTV to the least PTV, the phase 2 trial's
BRACKETING_STEPS = 5  # below a micrometer
NEURAL_SIZES = ("cord_radius", "prv_margin", "cord_sac_gap", "sac_radius", "contour_margin")
REGIONS_WITHOUT_GRADE = ("sacrum",)


@dataclass(frozen=True)
class Organ:
    """A neural structure: a cylinder along the target's length and somewhat beyond.

    ``surface`` and ``hot_spot`` are positions on the axis [mm] of its wall and of its hottest
    0.03 cm3, ``radius`` [mm], ``hot_share`` that volume's share of the part that faces the target,
    ``present`` says who has it.
    """

    surface: np.ndarray
    radius: np.ndarray
    hot_share: np.ndarray
    hot_spot: np.ndarray
    present: np.ndarray


@dataclass(frozen=True)
class Geometry:
    """Positions and sizes for each patient, every array of shape (patient,) [mm]."""

    has_cord: np.ndarray
    organs: dict[str, Organ]
    reference: np.ndarray  # position where the ruling structure's D0.03cc is
    wall: np.ndarray
    gtv_surface: np.ndarray
    gtv_extent: np.ndarray
    gtv_shape: np.ndarray
    ring_extent: np.ndarray
    ring_shape: np.ndarray
    gtv_share: np.ndarray  # of PTV_Eval's volume
    length: np.ndarray
    in_field: np.ndarray  # share of a neural structure's length that faces the target
    wrap: np.ndarray  # [radian]
    beyond: np.ndarray
    rolloff: np.ndarray
    tail: np.ndarray
    outer: dict[str, OuterOrgan]  # beyond the target
    volumes: dict[str, np.ndarray]  # of every structure [cm3]

    @property
    def far(self) -> np.ndarray:
        """Position of PTV_Eval's far surface [mm], be it of the GTV or of the rest."""
        return np.maximum(self.wall + self.ring_extent, self.gtv_surface + self.gtv_extent)


def draw_geometry(model: DoseModel, patients: Patients, streams: UniformSource) -> Geometry:
    """Draw the geometry of these patients; it is the same for every arm."""

    def draw(name: str) -> np.ndarray:
        value, stream = getattr(model, name), f"dose/geometry/{name}"
        return draw_parameter(value, stream, patients.numbers, streams)

    has_cord = patients["cord_present"].astype(bool)
    cord_radius, margin, cord_gap = draw("cord_radius"), draw("prv_margin"), draw("cord_sac_gap")
    sac = np.where(has_cord, cord_gap - margin, 0.0)
    wall = sac + draw("sac_wall_gap")
    gtv_volume = patients["gtv_volume"].astype(float)
    gtv_extent = sphere_diameter(gtv_volume)
    # a PTV is at least the GTV with its margins, whatever two drawn volumes say
    swollen = (1.0 + 2.0 * LATERAL_MARGIN / gtv_extent) ** 2 * (
        1.0 + 2.0 * AXIAL_MARGIN / gtv_extent
    )
    ptv_volume = np.maximum(patients["ptv_volume"].astype(float), gtv_volume * swollen)
    length = sphere_diameter(ptv_volume)
    beyond = draw("contour_margin")

    def organ(name: str, surface: np.ndarray, radius: np.ndarray) -> Organ:
        hot_share = np.minimum(HOT_SPOT * 1000.0 / (np.pi * radius**2 * length), 1.0)
        hot_spot = surface - 2.0 * radius * organ_depth(hot_share)
        return Organ(surface, radius, hot_share, hot_spot, patients.with_structure(name))

    organs = {
        "cord_prv": organ("cord_prv", np.zeros(len(patients)), cord_radius + margin),
        "spinal_cord": organ("spinal_cord", -margin, cord_radius),
        "thecal_sac": organ(
            "thecal_sac", sac, np.where(has_cord, cord_radius + cord_gap, draw("sac_radius"))
        ),
    }
    rolloff, tail = draw("rolloff"), draw("tail")
    outer = {
        name: draw_organ(name, organ, patients, streams, (length, rolloff, tail), model.plateau)
        for name, organ in model.organs.items()
    }
    volumes = {"gtv": gtv_volume, "ptv": ptv_volume}
    volumes |= {
        name: np.pi * organ.radius**2 * (length + beyond) / 1000.0 for name, organ in organs.items()
    }
    return Geometry(
        has_cord=has_cord,
        organs=organs,
        reference=np.where(has_cord, organs["cord_prv"].hot_spot, organs["thecal_sac"].hot_spot),
        wall=wall,
        gtv_surface=gtv_surface(
            bilsky_grade(patients), has_cord, -margin, sac, wall, draw("clearance")
        ),
        gtv_extent=gtv_extent,
        gtv_shape=draw("gtv_shape"),
        ring_extent=length,
        ring_shape=draw("ring_shape"),
        gtv_share=gtv_volume / ptv_volume,
        length=length,
        in_field=length / (length + beyond),
        wrap=np.deg2rad(draw("wrap")),
        beyond=beyond,
        rolloff=rolloff,
        tail=tail,
        outer=outer,
        volumes=volumes | {name: organ.volume for name, organ in outer.items()},
    )


def draw_organ(
    name: str,
    organ: SampledOrgan,
    patients: Patients,
    streams: UniformSource,
    along: tuple[np.ndarray, np.ndarray, np.ndarray],
    plateau: Spread,
) -> OuterOrgan:
    """Draw an organ beyond the target; it is the same for every arm.

    The ``plateau`` is that of a target of one level. ``along`` the spine there are the target's
    length, the roll-off of dose over it, and the length of the tail beyond [mm].
    """

    def draw(parameter: str) -> np.ndarray:
        stream = f"dose/geometry/organs/{name}/{parameter}"
        return draw_parameter(getattr(organ, parameter), stream, patients.numbers, streams)

    length, rolloff, tail = along
    extent, volume = draw("extent"), draw("volume")
    whole = length_of(volume, extent)
    return OuterOrgan(
        distance=draw("distance"),
        extent=extent,
        volume=volume,
        shape=draw("shape"),
        faced=draw("overlap") * length / whole,
        rolloff=rolloff,
        reach=whole / (2.0 * tail),
        plateau=draw_parameter(
            plateau, f"dose/geometry/organs/{name}/plateau", patients.numbers, streams
        ),
        falloff=draw("falloff"),
        valley=draw("valley"),
        present=patients.with_structure(organ.structure(name)),
    )


def smallest_volumes(model: DoseModel, ptv_volume: float) -> dict[str, float]:
    """Volumes that structures have in everyone, from the lowest of PTV_Eval [cm3].

    Of the neural structures, and of the organs beyond the target.
    """
    lowest = {name: ends_of(getattr(model, name))[0] for name in NEURAL_SIZES}
    cord = lowest["cord_radius"]
    radii = {
        "spinal_cord": cord,
        "cord_prv": cord + lowest["prv_margin"],
        "thecal_sac": min(cord + lowest["cord_sac_gap"], lowest["sac_radius"]),
    }
    length = float(sphere_diameter(np.array(ptv_volume))) + lowest["contour_margin"]
    volumes = {name: np.pi * radius**2 * length / 1000.0 for name, radius in radii.items()}
    return volumes | {name: ends_of(organ.volume)[0] for name, organ in model.organs.items()}


def sphere_diameter(volume: np.ndarray) -> np.ndarray:
    """Diameter [mm] of a sphere of this volume [cm3].

    Examples
    --------
    >>> round(float(sphere_diameter(np.array(9.5))), 1)
    26.3
    """
    return np.cbrt(6000.0 / np.pi * volume)


def bilsky_grade(patients: Patients) -> np.ndarray:
    """Position in ``GRADES`` for each patient; 0 in the sacrum, where the grade has no meaning.

    Raises
    ------
    KeyError
        If ``bilsky`` has a label that is no grade.
    """
    labels = patients.labels["bilsky"]
    for label in labels:
        if label not in GRADES:
            raise KeyError(f"bilsky has a label {label!r}; {nearest(label, GRADES)}")
    grade = np.array([GRADES.index(label) for label in labels])[patients["bilsky"]]
    for region in REGIONS_WITHOUT_GRADE:
        if region in patients.labels["region"]:
            grade = np.where(patients.has("region", region), 0, grade)
    return grade


def gtv_surface(
    grade: np.ndarray,
    has_cord: np.ndarray,
    cord: np.ndarray,
    sac: np.ndarray,
    wall: np.ndarray,
    clearance: np.ndarray,
) -> np.ndarray:
    """Position of the GTV's nearest point [mm], by the definition of the Bilsky grades.

    Grade 0 stays in bone; 1a touches the thecal sac; 1b deforms it, so is halfway to the cord; 1c
    and above reach the cord. Below the cord all epidural grades touch the sac.
    """
    surface = np.where(grade == 0, wall + clearance, sac)
    surface = np.where((grade == GRADES.index("1b")) & has_cord, 0.5 * (sac + cord), surface)
    return np.where((grade >= GRADES.index("1c")) & has_cord, cord, surface)


def ptv_position(geometry: Geometry, share: float) -> np.ndarray:
    """Position on the axis [mm] with this share of PTV_Eval nearer, shape (patient,).

    PTV_Eval is a mixture of the GTV and the rest, so its quantile lies between theirs, and is
    found there by Newton steps that never leave the bracket.
    """
    cold = np.full(geometry.wall.shape, share)
    gtv = geometry.gtv_surface + geometry.gtv_extent * target_depth(cold, geometry.gtv_shape)
    ring = geometry.wall + geometry.ring_extent * target_depth(cold, geometry.ring_shape)
    low, high = np.minimum(gtv, ring), np.maximum(gtv, ring)
    x = 0.5 * (low + high)
    weight = geometry.gtv_share
    for _ in range(BRACKETING_STEPS):
        t_gtv = np.clip((x - geometry.gtv_surface) / geometry.gtv_extent, 0.0, 1.0)
        t_ring = np.clip((x - geometry.wall) / geometry.ring_extent, 0.0, 1.0)
        error = (
            weight * target_depth_share(t_gtv, geometry.gtv_shape)
            + (1.0 - weight) * target_depth_share(t_ring, geometry.ring_shape)
            - cold
        )
        high, low = np.where(error > 0, x, high), np.where(error > 0, low, x)
        slope = (
            weight * _density(t_gtv, geometry.gtv_shape) / geometry.gtv_extent
            + (1.0 - weight) * _density(t_ring, geometry.ring_shape) / geometry.ring_extent
        )
        step = x - error / np.maximum(slope, 1e-9)
        x = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
    return x


def _density(t: np.ndarray, shape: np.ndarray) -> np.ndarray:
    return shape * (shape + 1.0) * t ** (shape - 1.0) * (1.0 - t)


def hot_part(geometry: Geometry, spot: HotSpot) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the coldest of a neural structure's hottest part lies [mm].

    With the share of dose along the length, and who has as much of it. The hottest part is in the
    field; what is larger than that reaches into the tail beyond.
    """
    organ = geometry.organs[spot.structure]
    if spot.volume == HOT_SPOT:
        factor = 1.0 - geometry.rolloff * organ.hot_share
        return organ.hot_spot, factor, np.ones(factor.shape, dtype=bool)
    area, whole = np.pi * organ.radius**2, geometry.length + geometry.beyond
    share = spot.volume * 1000.0 / (area * geometry.length)  # of what lies in the field
    inside = np.minimum(share, 1.0)
    beyond = np.maximum(spot.volume * 1000.0 / area - geometry.length, 0.0)
    factor = (1.0 - geometry.rolloff * inside) * np.exp(-beyond / (2.0 * geometry.tail))
    position = organ.surface - 2.0 * organ.radius * organ_depth(inside)
    return position, factor, spot.volume * 1000.0 <= area * whole
