"""Contours to sample points: planar polygons become slabs, and slabs weighted points.

A contour plane is a slab that reaches half way to its neighbors, and half a slice beyond the last
plane. All polygons of a plane are filled at once by the even-odd rule, so that holes, keyholes
and islands come out right; those that cross are united first (`radsim.planfiles.dicom.outlines`).
Sample points lie on scan lines: a chord between two crossings is cut into equal pieces, each with
its own length as weight. So the area is exact along x, and the rows, shifted from one sub-plane to
the next, leave an error far below that of counting voxels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radsim.planfiles.dicom.outlines import chords, counts_up, crossing_groups, without_repeats

PLANE_TOLERANCE = 0.1  # [mm] contours this close in z lie in one plane
GAP = 1.5  # slices; farther neighbors have a gap between them
FARTHEST = 1e4  # [mm] no patient is larger
LARGEST = 5e8  # [mm3] nor heavier
FINEST, COARSEST = 0.2, 2.0  # [mm] limits of the distance between samples
WANTED = 100_000  # samples of a structure, as far as they stay within 1 mm
ALLOWED = 1_000_000  # samples, as far as they stay within the coarsest distance
SURVEY_ROWS = 64  # scan lines of a plane when only its area is wanted
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0  # multiples of it, modulo 1, spread evenly over (0, 1)


@dataclass(frozen=True, eq=False)
class Plane:
    """All polygons of one structure in one plane.

    Attributes
    ----------
    z
        [mm]
    polygons
        Arrays of x, y of shape (n, 2) [mm].
    groups
        Of each polygon; those of one group are united, groups are combined by the even-odd rule.
        Left out, each polygon is a group of its own.
    """

    z: float
    polygons: list[np.ndarray]
    groups: tuple[int, ...] = ()

    @property
    def crosses(self) -> bool:
        """Whether some polygons are united."""
        return len(set(self.groups)) < len(self.groups)


def planes_from_contours(contours: Sequence[np.ndarray], unite: bool = True) -> list[Plane]:
    """Sort contours of shape (n, 3) [mm] into planes of ascending z.

    A contour that repeats another one is dropped: by the even-odd rule the two would cancel. Those
    that cross are united, unless they are meant to be combined by that rule alone.
    """
    planes: list[Plane] = []
    for contour in sorted(contours, key=lambda contour: float(contour[:, 2].mean())):
        z = float(contour[:, 2].mean())
        if not np.all(np.abs(contour) < FARTHEST):
            raise ValueError(f"contour points must lie within {FARTHEST / 1000:.0f} m")
        if np.ptp(contour[:, 2]) > PLANE_TOLERANCE:
            raise ValueError("contours must lie in axial planes")
        if not planes or z - planes[-1].z > PLANE_TOLERANCE:
            planes.append(Plane(z, []))
        planes[-1].polygons.append(contour[:, :2])
    return [_resolved(plane, unite) for plane in planes]


def _resolved(plane: Plane, unite: bool) -> Plane:
    polygons = without_repeats(plane.polygons)
    return Plane(plane.z, polygons, crossing_groups(polygons) if unite else ())


def own_spacing(planes: Sequence[Plane]) -> float | None:
    """Median distance between a structure's planes [mm]; None for a single plane."""
    distances = np.diff([plane.z for plane in planes])
    return float(np.median(distances)) if distances.size else None


def slabs(z: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of the slabs of planes at ascending z [mm].

    Examples
    --------
    >>> slabs(np.array([0.0, 3.0, 9.0]), spacing=3.0)  # the plane at 6 is missing
    (array([-1.5,  1.5,  7.5]), array([ 1.5,  4.5, 10.5]))
    """
    distances = np.diff(z)
    half = np.where(distances <= GAP * spacing, distances, spacing) / 2.0
    return z - np.concatenate([[spacing / 2], half]), z + np.concatenate([half, [spacing / 2]])


def fill(
    polygons: Sequence[np.ndarray],
    rows: int,
    shift: float,
    step: float,
    groups: Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted points inside polygons, by the even-odd rule.

    Parameters
    ----------
    polygons
        Closed polygons, arrays of x, y, shape (n, 2) [mm].
    rows
        Number of scan lines over the whole height.
    shift
        Place of a scan line within its row, 0 to 1.
    step
        Greatest distance between points on a scan line [mm].
    groups
        Of each polygon, if some are to be united; see `Plane`.

    Returns
    -------
    points, area
        x, y of shape (n, 2) [mm] and the area that each point stands for, shape (n,) [mm2].

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> hole = square / 2.0 + 1.0
    >>> points, area = fill([square, hole], rows=100, shift=0.5, step=0.1)
    >>> round(float(area.sum()), 9)
    12.0
    """
    ends = [float(end(polygon[:, 1])) for end in (np.min, np.max) for polygon in polygons]
    bottom, height = min(ends), (max(ends) - min(ends)) / rows
    if height <= 0.0:
        return np.empty((0, 2)), np.empty(0)
    left, right, y = chords(polygons, groups, bottom, height, rows, shift)
    length = right - left
    pieces = np.ceil(length / step).astype(int)  # none where a keyhole's two sides coincide
    chord = np.repeat(np.arange(len(length)), pieces)
    place = (counts_up(pieces) + 0.5) / pieces[chord]
    points = np.column_stack([left[chord] + place * length[chord], y[chord]])
    return points, height * length[chord] / pieces[chord]


def sample(planes: Sequence[Plane], spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Points inside a structure and the volume that each stands for.

    Parameters
    ----------
    planes
        Ascending in z.
    spacing
        Distance between planes [mm]; see `slabs`.

    Returns
    -------
    points, volume
        Shapes (n, 3) [mm] and (n,) [mm3]; empty where the contours enclose nothing.
    """
    lower, upper = slabs(np.array([plane.z for plane in planes]), spacing)
    areas = [
        fill(plane.polygons, SURVEY_ROWS, 0.5, FARTHEST, plane.groups)[1].sum() for plane in planes
    ]
    whole = float(np.dot(areas, upper - lower))
    if not whole < LARGEST:
        raise ValueError(f"contours enclose {whole / 1e6:.0f} liters")
    step = sample_distance(whole)
    points, volumes = [np.empty((0, 3))], [np.empty(0)]
    for plane, low, high in zip(planes, lower, upper, strict=True):
        rows = max(2, int(np.ceil(np.ptp(np.concatenate(plane.polygons)[:, 1]) / step)))
        layers = max(2, int(np.ceil((high - low) / step)))
        for layer in range(layers):
            shift = (0.5 + (layer + len(points)) * GOLDEN) % 1.0
            flat, area = fill(plane.polygons, rows, shift, step, plane.groups)
            z = low + (layer + 0.5) * (high - low) / layers
            points.append(np.column_stack([flat, np.full(len(flat), z)]))
            volumes.append(area * (high - low) / layers)
    return np.concatenate(points), np.concatenate(volumes)


def sample_distance(volume: float) -> float:
    """Distance between samples [mm] for a structure of this volume [mm3].

    D0.03cc has to be found among them: even at the coarsest, 0.03 cm3 holds about four samples,
    and in a structure below 1000 cm3 thirty or more.
    """
    fine = np.clip(np.cbrt(volume / WANTED), FINEST, 1.0)
    return float(np.clip(np.cbrt(volume / ALLOWED), fine, COARSEST))
