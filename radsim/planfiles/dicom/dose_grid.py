"""The dose grid: doses at the centers of voxels, read anywhere between them."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

DIRECTION_TOLERANCE = 1e-3  # of unit length and right angles; files print cosines with few digits
EDGE_TOLERANCE = 1e-6  # [voxels] a point on the outermost center is inside in spite of rounding
PLAUSIBLE_DOSE = 200.0  # [Gy] above any course; a larger figure is in another unit


@dataclass(frozen=True, kw_only=True, eq=False)
class DoseGrid:
    """Dose on a grid that may be turned in any way against the patient's axes.

    Attributes
    ----------
    dose
        Course dose at voxel centers, shape (frames, rows, columns) [Gy].
    origin
        Center of the first voxel, shape (3,) [mm].
    along_columns, along_rows
        Unit vectors in which the column index and the row index grow, shape (3,).
    row_spacing, column_spacing
        Distance between neighboring rows and columns [mm].
    offsets
        Place of each frame along the normal, cross(along_columns, along_rows), from the origin,
        shape (frames,), ascending or descending, not always evenly spaced [mm].
    """

    dose: np.ndarray
    origin: np.ndarray
    along_columns: np.ndarray
    along_rows: np.ndarray
    row_spacing: float
    column_spacing: float
    offsets: np.ndarray

    def __post_init__(self) -> None:
        if self.dose.ndim != 3 or min(self.dose.shape) < 2:
            raise ValueError(
                f"a dose grid needs two or more frames, rows and columns, got {self.dose.shape}"
            )
        if self.offsets.shape != self.dose.shape[:1]:
            raise ValueError(
                f"{self.dose.shape[0]} dose frames, but {self.offsets.size} frame offsets"
            )
        steps = np.diff(self.offsets)
        if not (np.all(steps > 0.0) or np.all(steps < 0.0)):
            raise ValueError("frame offsets must rise or fall throughout")
        directions = np.stack([self.along_columns, self.along_rows])
        if not np.allclose(directions @ directions.T, np.eye(2), atol=DIRECTION_TOLERANCE):
            raise ValueError("the directions of a dose grid must be perpendicular unit vectors")
        if not (self.row_spacing > 0.0 and self.column_spacing > 0.0):
            raise ValueError(
                f"pixel spacing must be above 0, got {self.row_spacing}, {self.column_spacing}"
            )
        lowest, highest = float(self.dose.min()), float(self.dose.max())
        if lowest < 0.0:
            raise ValueError(f"dose must not be negative, got {lowest:.3g} Gy")
        if highest == 0.0:
            raise ValueError("the dose grid holds no dose")
        if highest > PLAUSIBLE_DOSE:
            raise ValueError(f"dose of {highest:.6g} Gy: is the file in cGy?")

    def at(self, points: np.ndarray) -> np.ndarray:
        """Dose at points of shape (n, 3) [mm], trilinear; NaN beyond the outermost centers.

        Examples
        --------
        >>> grid = DoseGrid(
        ...     dose=np.array([[[0.0, 2.0], [0.0, 2.0]], [[4.0, 6.0], [4.0, 6.0]]]),
        ...     origin=np.zeros(3), along_columns=np.array([1.0, 0, 0]),
        ...     along_rows=np.array([0, 1.0, 0]), row_spacing=2.0, column_spacing=2.0,
        ...     offsets=np.array([0.0, 3.0]))
        >>> grid.at(np.array([[1.0, 0.0, 1.5], [-0.1, 0.0, 0.0]])).tolist()
        [3.0, nan]
        """
        index, within = self._index(points)
        dose = ndimage.map_coordinates(self.dose, index, order=1, mode="nearest")
        return np.where(within, dose, np.nan)

    def at_nearest(self, points: np.ndarray) -> np.ndarray:
        """Dose at points of shape (n, 3) [mm], or at the grid's face nearest to those outside."""
        return ndimage.map_coordinates(self.dose, self._index(points)[0], order=1, mode="nearest")

    def _index(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Place of points in frames, rows and columns, and whether each is inside."""
        normal = np.cross(self.along_columns, self.along_rows)
        from_origin = points - self.origin
        ascending = self.offsets[-1] > self.offsets[0]
        frames = np.arange(self.offsets.size, dtype=float)
        offset = from_origin @ normal
        index = np.stack(
            [
                np.interp(offset, self.offsets, frames)
                if ascending
                else np.interp(offset, self.offsets[::-1], frames[::-1]),
                from_origin @ self.along_rows / self.row_spacing,
                from_origin @ self.along_columns / self.column_spacing,
            ]
        )
        last = np.array(self.dose.shape)[1:, None] - 1.0
        within = np.all(
            (index[1:] >= -EDGE_TOLERANCE) & (index[1:] <= last + EDGE_TOLERANCE), axis=0
        )
        edge = EDGE_TOLERANCE * abs(self.offsets[-1] - self.offsets[0])
        within &= (offset >= self.offsets.min() - edge) & (offset <= self.offsets.max() + edge)
        return index, within


@dataclass(frozen=True, eq=False)
class DoseSum:
    """Doses on several grids, which are added wherever all of them are known."""

    grids: tuple[DoseGrid, ...]

    def at(self, points: np.ndarray) -> np.ndarray:
        """Dose at points of shape (n, 3) [mm]; NaN where one of the grids ends."""
        return np.sum([grid.at(points) for grid in self.grids], axis=0)

    def at_nearest(self, points: np.ndarray) -> np.ndarray:
        """Dose at points of shape (n, 3) [mm], or at the grids' faces nearest to those outside."""
        return np.sum([grid.at_nearest(points) for grid in self.grids], axis=0)
