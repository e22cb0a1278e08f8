"""Contours to sample points: planar polygons become slabs, and slabs weighted points.

A contour plane is a slab that reaches half way to its neighbors, and half a slice beyond the last
plane. All polygons of a plane are filled at once by the even-odd rule, so that holes, keyholes
and islands come out right. Sample points lie on scan lines: a chord between two crossings is cut
into equal pieces, each with its own length as weight. So the area is exact along x, and the rows,
shifted from one sub-plane to the next, leave an error far below that of counting voxels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PLANE_TOLERANCE = 0.1  # [mm] contours this close in z lie in one plane
GAP = 1.5  # slices; farther neighbors have a gap between them
FARTHEST = 1e4  # [mm] no patient is larger
LARGEST = 5e8  # [mm3] nor heavier
FINEST, COARSEST = 0.2, 2.0  # [mm] limits of the distance between samples
WANTED = 100_000  # samples of a structure, as far as they stay within 1 mm
ALLOWED = 1_000_000  # samples, as far as they stay within the coarsest distance
MOST_CROSSINGS = 20_000_000  # of a plane's edges and scan lines; a guard against broken files
SURVEY_ROWS = 64  # scan lines of a plane when only its area is wanted
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0  # multiples of it, modulo 1, spread evenly over (0, 1)


@dataclass(frozen=True, eq=False)
class Plane:
    """All polygons of one structure in one plane: z [mm] and arrays of x, y of shape (n, 2)."""

    z: float
    polygons: list[np.ndarray]


def planes_from_contours(contours: Sequence[np.ndarray]) -> list[Plane]:
    """Sort contours of shape (n, 3) [mm] into planes of ascending z.

    A contour that repeats another one point for point is dropped: by the even-odd rule the two
    would cancel.
    """
    found: list[Plane] = []
    for contour in sorted(contours, key=lambda contour: float(contour[:, 2].mean())):
        z = float(contour[:, 2].mean())
        if not np.all(np.abs(contour) < FARTHEST):
            raise ValueError(f"contour points must lie within {FARTHEST / 1000:.0f} m")
        if np.ptp(contour[:, 2]) > PLANE_TOLERANCE:
            raise ValueError("contours must lie in axial planes")
        if not found or z - found[-1].z > PLANE_TOLERANCE:
            found.append(Plane(z, []))
        polygon = contour[:, :2]
        if not any(np.array_equal(polygon, other) for other in found[-1].polygons):
            found[-1].polygons.append(polygon)
    return found


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
    polygons: Sequence[np.ndarray], rows: int, shift: float, step: float
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
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    bottom = start[:, 1].min()
    height = (start[:, 1].max() - bottom) / rows
    if height <= 0.0:
        return np.empty((0, 2)), np.empty(0)
    # a row crosses an edge from its lower end up to, but not at, its upper end, so that two edges
    # that meet on a row count once, and every row crosses an even number of edges
    row_of = np.ceil((np.stack([start[:, 1], end[:, 1]]) - bottom) / height - shift)
    row_of = np.clip(row_of, 0, rows).astype(int)
    first, crossings = row_of.min(axis=0), np.ptp(row_of, axis=0)
    if crossings.sum() > MOST_CROSSINGS:
        raise ValueError("contours are too large or too intricate to be a structure")
    edge = np.repeat(np.arange(len(start)), crossings)
    row = first[edge] + _counts_up(crossings)
    y = bottom + (row + shift) * height
    slope = (end[edge, 0] - start[edge, 0]) / (end[edge, 1] - start[edge, 1])
    x = start[edge, 0] + (y - start[edge, 1]) * slope
    order = np.lexsort((x, row))
    left, right, y = x[order][0::2], x[order][1::2], y[order][0::2]
    length = right - left
    pieces = np.ceil(length / step).astype(int)  # none where a keyhole's two sides coincide
    chord = np.repeat(np.arange(len(length)), pieces)
    place = (_counts_up(pieces) + 0.5) / pieces[chord]
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
    areas = [fill(plane.polygons, SURVEY_ROWS, 0.5, FARTHEST)[1].sum() for plane in planes]
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
            flat, area = fill(plane.polygons, rows, shift, step)
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


def _counts_up(counts: np.ndarray) -> np.ndarray:
    """0, 1, ... up to each count in turn: [2, 3] gives [0, 1, 0, 1, 2]."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
