r"""Organs beyond the target, ``[dose.organs.NAME]``: where they lie, and which dose reaches them.

Such an organ lies beyond the target as seen from the cord, the distance y [mm] from the target's
far surface. The dose falls outward by a logistic edge of a scale of its own,

.. math:: D(y) = V + \frac{P - V}{1 + k e^{y / \tau}}, \qquad k = \frac{P - D_s}{D_s - V},

from the plateau P of PTV_Eval through :math:`D_s` at the target's surface, which is the
prescription unless a limit of the organ lowers it, to the valley V. A share of the organ lies
beside the target; the rest lies beyond its ends, where dose falls exponentially along the length.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import betainc, betaincinv

from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.distributions.composed import Continuous
from radsim.vocabulary.cohort_variables import LABELS
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.structures import STRUCTURES, Structure, structure_named

Spread = Real | Continuous  # the same for everyone, or different from patient to patient

NAME = re.compile(r"[a-z][a-z0-9_]*")
ALLOWED = {  # where the equations hold; wider than anything plausible
    "distance": (0.0, 200.0),
    "extent": (1.0, 200.0),
    "volume": (0.1, 3000.0),
    "shape": (1.0, 3.0),
    "overlap": (0.01, 1.0),
    "falloff": (0.2, 50.0),
    "valley": (0.0, 0.9),
}
TAIL_CHECKED = 1e-9  # probability beyond which a distribution's tail is not held against it
DEPTHS, LENGTHS = 96, 12  # points of an organ in depth, and along its length beyond the field
SHAPES = np.linspace(1.0, 3.0, 201)  # of the table of depths


@dataclass(frozen=True, kw_only=True)
class SampledOrgan:
    """An organ beyond the target; each parameter a number or a distribution between patients.

    Attributes
    ----------
    distance
        From the target's far surface to the organ's near wall [mm].
    extent
        From its near to its far wall, outward [mm].
    volume
        Of the contoured organ [cm3].
    shape
        Its depth is Beta(a, a): 1 a slab, 1.5 a round tube, 2 an ellipsoid.
    overlap
        Share of the target's length along which it lies.
    falloff
        Scale of the fall of dose outward [mm].
    valley
        Dose far from the target, as a share of the prescription.
    regions
        Spinal regions in which patients have it; those of the known structure unless given.
    source
        Where the numbers come from; they are an assumption unless it is given.
    """

    preset: str = ""
    distance: Spread
    extent: Spread
    volume: Spread
    shape: Spread = 1.5
    overlap: Spread = 1.0
    falloff: Spread
    valley: Spread
    regions: tuple[str, ...] | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name, (lowest, highest) in ALLOWED.items():
            for end in ends_of(getattr(self, name)):
                inside = "; inside the target?" if name == "distance" and end < 0 else ""
                require(
                    lowest <= end <= highest,
                    f"{name} must lie between {lowest:g} and {highest:g}, got {end:.6g}{inside}",
                )
        for region in self.regions or ():
            require(
                region in LABELS["region"],
                f"regions: no region {region!r}; known: {', '.join(LABELS['region'])}",
            )

    def structure(self, name: str) -> Structure:
        """The organ as a structure: who has it is as the file says."""
        known = structure_named(name)
        return known if self.regions is None else replace(known, regions=self.regions)


def ends_of(value: Spread) -> tuple[float, ...]:
    """Lowest and highest value, the tails of a distribution aside."""
    if isinstance(value, int | float):
        return (float(value),)
    return tuple(float(end) for end in value.ppf(np.array([TAIL_CHECKED, 1.0 - TAIL_CHECKED])))


def check_names(organs: Mapping[str, SampledOrgan]) -> None:
    """Refuse names that no organ can have, or that another structure has."""
    for name in organs:
        require(
            NAME.fullmatch(name) is not None,
            f"organs: the name {name!r} must be of small letters, digits and _",
        )
        require(
            name not in (*STRUCTURES, "prescribed"),
            f"organs: {name} is a structure of the anatomy itself; use another name",
        )


@dataclass(frozen=True)
class OuterOrgan:
    """An organ of each patient, every array of shape (patient,).

    ``distance`` and ``extent`` [mm], ``volume`` [cm3], ``shape`` of its depth, ``in_field``, the
    share of its volume beside the target, ``reach``, its length over the tail of dose beyond either
    end, ``falloff`` [mm], ``valley`` as a share of the prescription, ``present`` who has it.
    """

    distance: np.ndarray
    extent: np.ndarray
    volume: np.ndarray
    shape: np.ndarray
    in_field: np.ndarray
    reach: np.ndarray
    falloff: np.ndarray
    valley: np.ndarray
    present: np.ndarray

    def rows(self, rows: np.ndarray | slice) -> "OuterOrgan":
        """Some of the patients."""
        return OuterOrgan(**{name: values[rows] for name, values in vars(self).items()})

    def points(
        self, depths: int = DEPTHS, lengths: int = LENGTHS
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance from the target [mm], share of dose along the length, and share of volume.

        Shapes (patient, depth), (patient, length) and (patient, depth, length); the first length
        is the part beside the target.
        """
        share, weight = volume_nodes(depths)
        along, each = volume_nodes(lengths)
        position = self.distance[:, None] + self.extent[:, None] * self.depths(share)
        # beyond the field at both ends, so half of the length at each
        beyond = (1.0 - self.in_field)[:, None] * self.reach[:, None] * along
        factor = np.concatenate([np.ones((len(self.extent), 1)), np.exp(-beyond)], axis=1)
        outside = (1.0 - self.in_field)[:, None] * each
        parts = np.concatenate([self.in_field[:, None], outside], axis=1)
        return position, factor, weight[:, None] * parts[:, None, :]

    def depths(self, share: np.ndarray) -> np.ndarray:
        """Relative depth with this share of the cross section nearer, shape (patient, share)."""
        table = _depth_table(tuple(share.tolist()))
        place = (self.shape - SHAPES[0]) / (SHAPES[1] - SHAPES[0])
        row = np.clip(place.astype(np.intp), 0, len(SHAPES) - 2)
        weight = (place - row)[:, None]
        return table[row] * (1.0 - weight) + table[row + 1] * weight


@lru_cache(maxsize=8)
def _depth_table(shares: tuple[float, ...]) -> np.ndarray:
    return betaincinv(SHAPES[:, None], SHAPES[:, None], np.array(shares))


@dataclass(frozen=True)
class OuterEdge:
    """The fall of dose outward from the target, every array of shape (patient,) [Gy, mm]."""

    plateau: np.ndarray
    surface: np.ndarray  # dose at the target's surface
    valley: np.ndarray
    falloff: np.ndarray

    def rows(self, rows: np.ndarray) -> "OuterEdge":
        """Some of the patients."""
        return OuterEdge(**{name: values[rows] for name, values in vars(self).items()})

    def dose(self, outward: np.ndarray) -> np.ndarray:
        """Dose at a distance outward [mm], shape (patient, ...); negative inside the target."""
        column = (slice(None), *(None,) * (outward.ndim - 1))
        plateau, surface, valley, falloff = (values[column] for values in vars(self).values())
        steepness = (plateau - surface) / (surface - valley)
        with np.errstate(over="ignore"):
            return valley + (plateau - valley) / (1.0 + steepness * np.exp(outward / falloff))


def sorted_doses(
    doses: np.ndarray, weights: np.ndarray, order: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Doses of points, hottest first, and the share of volume up to the middle of each.

    Both of shape (patient, point); ``order`` is that of other doses of the same points.
    """
    flat = doses.reshape(len(doses), -1)
    share = np.broadcast_to(weights, doses.shape).reshape(len(doses), -1)
    if order is None:
        order = np.argsort(-flat, axis=1, kind="stable")
    falling = np.take_along_axis(flat, order, axis=1)
    ranked = np.take_along_axis(share, order, axis=1)
    return falling, np.cumsum(ranked, axis=1) - 0.5 * ranked


def dose_at_shares(falling: np.ndarray, middle: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Dose at shares of the volume, linear between points, shape (patient, share).

    ``shares`` are those of everyone, shape (share,), or of each patient, (patient, share).
    """
    wanted = np.broadcast_to(shares, (len(falling), np.shape(shares)[-1]))
    # one search for all rows: each lies on a stretch of its own
    start = 2.0 * np.arange(len(falling))[:, None]
    inside = np.clip(wanted, middle[:, :1], middle[:, -1:])
    flat = np.interp((inside + start).ravel(), (middle + start).ravel(), falling.ravel())
    return flat.reshape(wanted.shape)


def share_nearer(depth: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Share of an organ's cross section nearer than a relative depth, the CDF of Beta(a, a)."""
    return betainc(shape, shape, np.clip(depth, 0.0, 1.0))
