"""Organs beyond the target in each patient: how their volume lies in depth and along the spine.

An organ's volume is ranked twice: by depth behind its near wall, and along its length from the
middle of the target outward. The two are independent, and the dose is the product of what each of
them says, so the volume at or above a dose is an integral over a square.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv

from radsim.radiobiology.dvh import volume_nodes

DEPTHS = 64  # nodes of depth between the two walls
SHAPES = np.linspace(1.0, 3.0, 201)  # of Beta(a, a), step 0.01


@dataclass(frozen=True)
class OuterOrgan:
    """An organ beyond the target, every array of shape (patient,).

    Attributes
    ----------
    distance, extent
        From the target's far surface to the near wall, and from there to the far wall [mm].
    volume
        Of the whole organ [cm3].
    shape
        Of its depth, Beta(a, a).
    faced
        Length of the target along which it lies, over its own length; above 1 where it is shorter.
    rolloff, reach
        Loss of dose along that length, and length of the organ over that of both tails beyond.
    plateau, falloff, valley
        Dose inside the target from which it falls outward as a share of the prescription, scale of
        that fall [mm], and its end as a share of the prescription.
    present
        Who has it.
    """

    distance: np.ndarray
    extent: np.ndarray
    volume: np.ndarray
    shape: np.ndarray
    faced: np.ndarray
    rolloff: np.ndarray
    reach: np.ndarray
    plateau: np.ndarray
    falloff: np.ndarray
    valley: np.ndarray
    present: np.ndarray

    def rows(self, rows: slice | np.ndarray) -> "OuterOrgan":
        """Organs of some of the patients."""
        return OuterOrgan(**{name: values[rows] for name, values in vars(self).items()})

    @property
    def in_field(self) -> np.ndarray:
        """Share of the organ that lies along the target."""
        return np.minimum(self.faced, 1.0)

    def depths(self) -> np.ndarray:
        """Distances of the nodes of depth from the target's far surface [mm], (patient, node)."""
        return self.distance[:, None] + self.extent[:, None] * relative_depths(self.shape)

    def along(self, share: np.ndarray) -> np.ndarray:
        """Dose along the organ as a share of that in the middle of the target.

        At shares of its length that are hotter, of shape (share,) or (patient, share).
        """
        in_field, faced, rolloff, reach = (
            values[:, None] for values in (self.in_field, self.faced, self.rolloff, self.reach)
        )
        rolled = 1.0 - rolloff * np.minimum(share / faced, 1.0)
        return rolled * np.exp(-np.maximum(share - in_field, 0.0) * reach)


@lru_cache(maxsize=1)
def depth_nodes() -> np.ndarray:
    """Shares of the volume before the nodes of depth, both walls among them."""
    return np.concatenate([[0.0], volume_nodes(DEPTHS)[0], [1.0]])


@lru_cache(maxsize=1)
def depth_weights() -> np.ndarray:
    """Share of the volume that each node of depth stands for; the walls for none."""
    return np.concatenate([[0.0], volume_nodes(DEPTHS)[1], [0.0]])


def relative_depths(shape: np.ndarray) -> np.ndarray:
    """Relative depths of the nodes under Beta(a, a), shape (patient, node).

    Examples
    --------
    >>> slab = relative_depths(np.array([1.0]))[0]
    >>> bool(np.allclose(slab, depth_nodes()))
    True
    """
    table = _depth_table()
    place = (shape - SHAPES[0]) / (SHAPES[1] - SHAPES[0])
    row = np.clip(np.floor(place + 1e-9).astype(np.intp), 0, len(table) - 2)
    low = table[row]
    return low + (place - row)[:, None] * (table[row + 1] - low)


@lru_cache(maxsize=1)
def _depth_table() -> np.ndarray:
    return betaincinv(SHAPES[:, None], SHAPES[:, None], depth_nodes())
