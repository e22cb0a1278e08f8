"""Organs beyond the target as an experiment states them, ``[dose.organs.NAME]``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from radsim.randomness.distributions.composed import Continuous
from radsim.vocabulary.cohort_variables import LABELS
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Real
from radsim.vocabulary.structures import STRUCTURES, Structure, check_structure, structure_named

Spread = Real | Continuous  # the same for everyone, or different from patient to patient

ALLOWED = {  # where the equations hold, wider than anything plausible; what else may be meant
    "distance": (0.0, 200.0, "in other units than mm?"),
    "extent": (1.0, 200.0, "in other units than mm?"),
    "volume": (0.1, 3000.0, "in other units than cm3?"),
    "shape": (1.0, 3.0, ""),
    "overlap": (0.01, 1.0, "in per cent?"),
    "falloff": (0.2, 50.0, "in other units than mm?"),
    "valley": (0.0, 0.9, "in per cent?"),
}
LENGTHS = (2.0, 1000.0)  # [mm] that a volume and an extent may make an organ long
TAIL_CHECKED = 1e-9  # probability beyond which a distribution's tail is not held against it


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
        for name, (lowest, highest, other) in ALLOWED.items():
            for end in ends_of(getattr(self, name)):
                hint = "inside the target?" if name == "distance" and end < 0 else other
                said = f"{name} must lie between {lowest:g} and {highest:g}, got {end:.6g}"
                require(lowest <= end <= highest, f"{said}; {hint}" if hint else said)
        volume, extent = (_median(value) for value in (self.volume, self.extent))
        long = float(length_of(volume, extent))
        require(
            LENGTHS[0] <= long <= LENGTHS[1],
            f"volume of {volume:.4g} cm3 over an extent of {extent:.4g} mm makes it {long:.3g} mm "
            f"long, which must lie between {LENGTHS[0]:g} and {LENGTHS[1]:g}",
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


def _median(value: Spread) -> float:
    return value if isinstance(value, int | float) else float(value.ppf(np.array([0.5]))[0])


def length_of(volume: np.ndarray | float, extent: np.ndarray | float) -> np.ndarray:
    """Length [mm] of an organ of a volume [cm3] that is round, with a diameter [mm].

    Examples
    --------
    >>> round(float(length_of(30.0, 16.0)), 1)
    149.2
    """
    return np.asarray(1000.0 * volume / (0.25 * np.pi * extent * extent))


def check_names(organs: Mapping[str, SampledOrgan]) -> None:
    """Refuse names that no organ can have, or that another structure has."""
    for name in organs:
        try:
            check_structure(name)
        except ValueError as error:
            raise ValueError(f"organs: {error}") from None
        require(
            name not in STRUCTURES,
            f"organs: {name} is a structure of the anatomy itself; use another name",
        )
