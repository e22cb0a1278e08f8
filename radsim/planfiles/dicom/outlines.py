"""Polygons of one plane against each other: which repeat, nest or cross, and their common chords.

Two outlines of one structure that cross are two drawings of one body, whose overlap the even-odd
rule would cut out; nested ones are a body with its hole.
"""

from collections.abc import Sequence

import numpy as np

SAME = 0.1  # [mm] outlines nowhere farther apart repeat each other, but for rounding
ROWS = 200  # scan lines over the flatter of two polygons
TOUCHES = 1e-3  # share of the smaller polygon; an overlap up to it is none, but for rounding
POKES_OUT = 0.02  # share of a hole that may lie outside its body, drawn a little over the edge
HOLE = 0.8  # share of the larger polygon; what covers more and crosses it is drawn twice, no hole
THIN = 0.3  # [mm] mean width of a ring that is none: one outline, drawn twice with other points
MOST_CROSSINGS = 20_000_000  # of a plane's edges and scan lines; a guard against broken files
MOST_PAIRS = 4_000_000  # of points and edges compared at once


def without_repeats(polygons: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Polygons of shape (n, 2) [mm] without those that repeat an earlier one.

    Where a polygon begins, which way it runs, whether it is closed by its first point, how it is
    rounded and where its points lie on the outline makes no difference. One that runs round its
    outline twice runs round it once.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> len(without_repeats([square, np.roll(square, 1, axis=0)[::-1], square + 1.0]))
    2
    """
    kept: list[np.ndarray] = []
    for polygon in map(_once, polygons):
        if not any(_repeats(polygon, other) for other in kept):
            kept.append(polygon)
    return kept


def crossing_groups(polygons: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Group of each polygon; polygons that cross or all but coincide are in one group.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> crossing_groups([square, square / 2.0 + 1.0, square + 3.0])  # with a hole, and crossed
    (0, 1, 0)
    """
    groups = list(range(len(polygons)))
    for i, polygon in enumerate(polygons):
        for j in range(i):
            if groups[i] != groups[j] and _cross(polygon, polygons[j]):
                groups = [groups[j] if group == groups[i] else group for group in groups]
    return tuple(groups)


def chords(
    polygons: Sequence[np.ndarray],
    groups: Sequence[int],
    bottom: float,
    height: float,
    rows: int,
    shift: float = 0.5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left and right ends and y of the chords of polygons on scan lines [mm].

    Parameters
    ----------
    groups
        Of each polygon: those of one group are united, groups are combined by the even-odd rule;
        empty where each polygon is a group of its own.
    bottom, height, rows
        Lower end of the rows, height of each [mm] and their number.
    shift
        Place of a scan line within its row, 0 to 1.
    """
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    # a row crosses an edge from its lower end up to, but not at, its upper end, so that two edges
    # that meet on a row count once, and every row crosses an even number of edges
    row_of = np.ceil((np.stack([start[:, 1], end[:, 1]]) - bottom) / height - shift)
    row_of = np.clip(row_of, 0, rows).astype(int)
    first, crossings = row_of.min(axis=0), np.ptp(row_of, axis=0)
    if crossings.sum() > MOST_CROSSINGS:
        raise ValueError("contours are too large or too intricate to be a structure")
    edge = np.repeat(np.arange(len(start)), crossings)
    row = first[edge] + counts_up(crossings)
    y = bottom + (row + shift) * height
    slope = (end[edge, 0] - start[edge, 0]) / (end[edge, 1] - start[edge, 1])
    x = start[edge, 0] + (y - start[edge, 1]) * slope
    if len(set(groups)) < len(groups):
        owner = np.repeat(np.arange(len(polygons)), [len(polygon) for polygon in polygons])[edge]
        x, row, y = _united(x, row, y, owner, np.asarray(groups)[owner])
    order = np.lexsort((x, row))
    return x[order][0::2], x[order][1::2], y[order][0::2]


def counts_up(counts: np.ndarray) -> np.ndarray:
    """0, 1, ... up to each count in turn.

    Examples
    --------
    >>> counts_up(np.array([2, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _united(
    x: np.ndarray, row: np.ndarray, y: np.ndarray, owner: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crossings that bound the union of each group on each row."""
    order = np.lexsort((x, owner, row))
    enters = np.ones(x.size, dtype=int)
    enters[order[1::2]] = -1  # a polygon is entered and left in turn
    order = np.lexsort((-enters, x, group, row))
    depth = np.cumsum(enters[order])
    bounds = order[depth == (enters[order] > 0)]
    return x[bounds], row[bounds], y[bounds]


def _once(polygon: np.ndarray) -> np.ndarray:
    """Polygon, or its first half if the second one runs round the same outline."""
    half = (len(polygon) + 1) // 2
    twice = len(polygon) > 5 and _repeats(polygon[:half], polygon[half:])
    return _once(polygon[:half]) if twice else polygon


def _repeats(polygon: np.ndarray, other: np.ndarray) -> bool:
    if np.array_equal(polygon, other):
        return True
    ends = [end(p, axis=0) for p in (polygon, other) for end in (np.min, np.max)]
    if np.abs(ends[0] - ends[2]).max() > SAME or np.abs(ends[1] - ends[3]).max() > SAME:
        return False
    return _lies_along(polygon, other) and _lies_along(other, polygon)


def _lies_along(points: np.ndarray, polygon: np.ndarray) -> bool:
    """Whether all points lie on a polygon's outline, but for rounding."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    length = np.maximum((edge**2).sum(axis=1), 1e-300)
    for some in np.array_split(points, max(1, points.size * len(polygon) // MOST_PAIRS)):
        apart = some[:, None, :] - polygon[None, :, :]
        along = np.clip((apart * edge).sum(axis=2) / length, 0.0, 1.0)
        nearest = ((apart - along[:, :, None] * edge) ** 2).sum(axis=2).min(axis=1, initial=np.inf)
        if nearest.max(initial=0.0) > SAME**2:
            return False
    return True


def _length(polygon: np.ndarray) -> float:
    """Length of an outline [mm]."""
    return float(np.hypot(*(np.roll(polygon, -1, axis=0) - polygon).T).sum())


def _cross(polygon: np.ndarray, other: np.ndarray) -> bool:
    """Whether two polygons overlap without one being a hole in the other, or are all but one."""
    inner_low = np.maximum(polygon.min(axis=0), other.min(axis=0))
    inner_high = np.minimum(polygon.max(axis=0), other.max(axis=0))
    if np.any(inner_low >= inner_high):
        return False
    flatter = min(polygon, other, key=lambda p: float(np.ptp(p[:, 1])))
    bottom, height = flatter[:, 1].min(), float(np.ptp(flatter[:, 1])) / ROWS

    def area(*polygons: np.ndarray) -> float:
        left, right, _ = chords(polygons, (), bottom, height, ROWS)
        return float((right - left).sum()) * height

    def whole(polygon: np.ndarray) -> float:
        span = float(np.ptp(polygon[:, 1])) / ROWS
        left, right, _ = chords([polygon], (), polygon[:, 1].min(), span, ROWS)
        return float((right - left).sum()) * span

    small, large = sorted((whole(polygon), whole(other)))
    overlap = (area(polygon) + area(other) - area(polygon, other)) / 2.0
    outside = small - overlap
    if overlap <= TOUCHES * small:
        return False
    if outside <= TOUCHES * small:
        return large - small < THIN * min(map(_length, (polygon, other)))
    return outside > POKES_OUT * small or overlap > HOLE * large
