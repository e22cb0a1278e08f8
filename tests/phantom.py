"""A 3-D phantom of a vertebra: the slow reference that the one-dimensional model is held to.

Coordinates [mm]: the cord runs along z at the origin, the tumor lies on the positive x axis.
"""

from dataclasses import dataclass

import numpy as np

SPACING = 0.5  # [mm]
PRV_RADIUS, CORD_RADIUS = 6.0, 4.0


def ball(center_x: float, radius: float, spacing: float = SPACING) -> np.ndarray:
    """Centers of the voxels of a ball on the x axis, shape (voxel, 3)."""
    axis = np.arange(-radius, radius + spacing, spacing)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = (grid**2).sum(axis=1) <= radius**2
    return grid[inside] + [center_x, 0.0, 0.0]


def vertebra(spacing: float = 1.0) -> np.ndarray:
    """Voxels of a body and an arch around a canal, the canal left out, shape (voxel, 3)."""
    x, y = np.meshgrid(np.arange(-40, 60, spacing), np.arange(-40, 40, spacing), indexing="ij")
    canal = (x / 9.0) ** 2 + (y / 11.0) ** 2 <= 1.0
    body = ((x - 25.0) / 17.0) ** 2 + (y / 23.0) ** 2 <= 1.0
    arch = ((x + 3.0) / 17.0) ** 2 + (y / 18.0) ** 2 <= 1.0
    inside = (body | arch) & ~canal
    return np.stack([x[inside], y[inside], np.zeros(inside.sum())], axis=1)


def distance(voxels: np.ndarray, radius: float = PRV_RADIUS) -> np.ndarray:
    """Distance from the surface of a cylinder along z [mm]; inside is negative."""
    return np.hypot(voxels[:, 0], voxels[:, 1]) - radius


@dataclass(frozen=True)
class Field:
    """A dose that rises with distance from the cord PRV on the arc that faces the target."""

    plateau: float
    reference_dose: float
    valley: float
    falloff: float
    wrap: float  # [radian]

    def dose(self, voxels: np.ndarray) -> np.ndarray:
        """Dose [Gy] at each voxel: the profile on the arc, the valley behind it."""
        k = (self.plateau - self.reference_dose) / (self.reference_dose - self.valley)
        profile = self.valley + (self.plateau - self.valley) / (
            1.0 + k * np.exp(-distance(voxels) / self.falloff)
        )
        angle = np.abs(np.arctan2(voxels[:, 1], voxels[:, 0]))
        return np.where(angle <= self.wrap + 1e-9, profile, np.minimum(profile, self.valley))


def cylinder(radius: float, spacing: float = 0.2) -> np.ndarray:
    """Voxels of a slice of a cylinder along z, its rim included, shape (voxel, 3)."""
    axis = np.arange(-radius, radius + spacing, spacing)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    angle = np.linspace(-np.pi, np.pi, 720, endpoint=False)
    x = np.concatenate([x.reshape(-1), radius * np.cos(angle)])
    y = np.concatenate([y.reshape(-1), radius * np.sin(angle)])
    inside = x**2 + y**2 <= radius**2 * (1 + 1e-9)
    return np.stack([x[inside], y[inside], np.zeros(inside.sum())], axis=1)
