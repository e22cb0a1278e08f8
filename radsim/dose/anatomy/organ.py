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
from functools import cache

import numpy as np
from scipy.special import betainc

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
DEPTHS = np.linspace(0.0, 1.0, 97) ** 1.5  # at which an organ's dose is worked out
TAIL_STEPS = np.linspace(0.0, 1.0, 49)[1:]  # of the fall of dose beyond the field
TINY = 1e-9  # stands for no fall at all
SHAPES = np.linspace(1.0, 3.0, 201)  # of the table of shares


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

    @property
    def fall(self) -> np.ndarray:
        """Log of how far dose falls along what lies beyond the field, shape (patient,)."""
        return (1.0 - self.in_field) * self.reach

    def shares(self) -> np.ndarray:
        """Share of the cross section nearer than each of `DEPTHS`, shape (patient, depth)."""
        place = (self.shape - SHAPES[0]) / (SHAPES[1] - SHAPES[0])
        row = np.clip(place.astype(np.intp), 0, len(SHAPES) - 2)
        weight = (place - row)[:, None]
        table = _share_table()
        return table[row] * (1.0 - weight) + table[row + 1] * weight

    def positions(self) -> np.ndarray:
        """Distance from the target's surface at each of `DEPTHS` [mm], shape (patient, depth)."""
        return self.distance[:, None] + self.extent[:, None] * DEPTHS


@cache
def _share_table() -> np.ndarray:
    return betainc(SHAPES[:, None], SHAPES[:, None], DEPTHS)


@dataclass(frozen=True)
class OrganDose:
    r"""Dose over the volume of an organ in each patient.

    ``dose`` falls along ``share``, that of the cross section with at least this dose, both of shape
    (patient, step). The share ``in_field`` of the organ lies beside the target; along the rest dose
    falls exponentially, by ``fall`` on the log scale from the field's edge to the organ's end. So
    the share of the volume with at least the dose d is

    .. math:: V(d) = s\, G(d) + (1 - s) \int \min\Bigl(\max\Bigl(
              \frac{\ln D(q) - \ln d}{c}, 0\Bigr), 1\Bigr) dq

    with G(d) the share q of the cross section whose dose D(q) is at least d.
    """

    dose: np.ndarray
    share: np.ndarray
    in_field: np.ndarray
    fall: np.ndarray

    def mean(self) -> np.ndarray:
        """Mean dose, shape (patient,)."""
        between = 0.5 * (self.dose[:, 1:] + self.dose[:, :-1])
        fall = np.maximum(self.fall, TINY)
        along = self.in_field + (1.0 - self.in_field) * -np.expm1(-fall) / fall
        return (between * np.diff(self.share, axis=1)).sum(axis=1) * along

    def share_above(self, level: np.ndarray) -> np.ndarray:
        """Share of the volume with at least a dose, shape (patient, level)."""
        highest = self.dose[:, :1]
        beside = by_row(1.0 - level / highest, 1.0 - self.dose / highest, self.share)
        between = np.log(0.5 * (self.dose[:, 1:] + self.dose[:, :-1]))
        cells, asked = np.diff(self.share, axis=1), np.log(level)
        beyond = np.zeros(level.shape)
        fall = np.maximum(self.fall, TINY)[:, None]
        for log_dose, cell in zip(between.T, cells.T, strict=True):
            reached = (log_dose[:, None] - asked) / fall
            beyond += cell[:, None] * np.clip(reached, 0.0, 1.0, out=reached)
        share = self.in_field[:, None]
        return share * beside + (1.0 - share) * beyond

    def at(self, share: np.ndarray) -> np.ndarray:
        """Lowest dose in the hottest share of the volume, shape (patient, share).

        ``share`` are those of everyone, shape (share,), or of each patient, (patient, share).
        """
        tail = self.dose[:, -1:] * np.exp(-self.fall[:, None] * TAIL_STEPS)
        levels = np.concatenate([self.dose, tail], axis=1)
        above = np.maximum.accumulate(self.share_above(levels), axis=1)
        return by_row(np.broadcast_to(share, (len(levels), np.shape(share)[-1])), above, levels)


def by_row(wanted: np.ndarray, rising: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Interpolate each row by itself; ``rising`` lies in [0, 1] and holds its ends beyond them."""
    start = 2.0 * np.arange(len(rising))[:, None]  # each row on a stretch of its own
    inside = np.clip(wanted, rising[:, :1], rising[:, -1:])
    flat = np.interp((inside + start).ravel(), (rising + start).ravel(), values.ravel())
    return flat.reshape(wanted.shape)


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
