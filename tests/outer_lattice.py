"""An organ beyond a target as a lattice of points: slow, and with no closed form of its depth."""

import numpy as np

ACROSS, ALONG = 4000, 300


def cross_section(kind, points=ACROSS):
    """Relative depths of points of equal volume: a slab, a round tube, an ellipsoid."""
    x = (np.arange(points) + 0.5) / points
    half = 1.0 - (2.0 * x - 1.0) ** 2  # square of the half chord
    weight = {"slab": np.ones(points), "tube": np.sqrt(half), "ellipsoid": half}[kind]
    return x, weight / weight.sum()


def lattice_doses(kind, organ, along, edge, shifts=(0.0,)):
    """Doses of every point [Gy], hottest first, with the share of volume up to each.

    ``organ`` holds distance, extent, volume [mm, cm3]; ``along`` the length of the target beside
    it, the roll-off over it and the tail beyond [mm]; ``edge`` gives a dose at a distance [mm].
    """
    depth, across = cross_section(kind)
    length = 1000.0 * organ["volume"] / (np.pi / 4.0 * organ["extent"] ** 2)
    target, rolloff, tail = along
    z = (np.arange(ALONG) + 0.5) / ALONG * length / 2.0  # from the middle; both halves are alike
    rolled = 1.0 - rolloff * np.minimum(z / (target / 2.0), 1.0)
    factor = rolled * np.exp(-np.maximum(z - target / 2.0, 0.0) / tail)
    y = organ["distance"] + organ["extent"] * depth
    dose = np.mean([edge(y + shift) for shift in shifts], axis=0)
    points = dose[:, None] * factor
    volume = np.broadcast_to(across[:, None] / ALONG, points.shape)
    order = np.argsort(-points, axis=None)
    return points.reshape(-1)[order], np.cumsum(volume.reshape(-1)[order])


def dose_of_hottest(doses, volume, share):
    """Dose of the hottest shares of the volume [Gy]."""
    return np.interp(share, volume, doses)
