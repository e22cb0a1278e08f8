"""Structures: delineated volumes, what they are called, and who has them."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

HIGHEST_DOSE = 150.0  # [Gy] above this a physical dose is almost certainly in cGy
HOT_SPOT = 0.03  # [cm3] the volume behind D0.03cc, the customary stand-in for a maximum

Target = Literal["gtv", "ptv"]
TARGETS: tuple[Target, ...] = ("gtv", "ptv")


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A structure as data.

    Attributes
    ----------
    name
        As files write it; a TG-263 name in small letters.
    words
        As a figure or a sentence says it.
    exists
        Cohort variable that is above 0 in who has it; everyone without one.
    regions
        Spinal regions beside which it lies; empty for all. Where it begins or ends inside a
        region, that whole region is taken (an assumption: cohorts state no level).
    serial
        Whether its hottest part decides, or (parallel) how much of it is spared.
    questioned_above
        Highest dose of a course that is believed without a question [Gy].
    """

    name: str
    words: str = ""
    exists: str = ""
    regions: tuple[str, ...] = ()
    serial: bool = True
    questioned_above: float = HIGHEST_DOSE

    @property
    def is_target(self) -> bool:
        """Say whether it is treated, and no organ."""
        return self.name in TARGETS

    @property
    def label(self) -> str:
        """Its words, for an organ of one's own its name."""
        return self.words or self.name.replace("_", " ")


KNOWN = {
    structure.name: structure
    for structure in (
        Structure(name="gtv", words="GTV"),
        Structure(name="ptv", words="PTV_Eval"),
        Structure(name="cord_prv", words="cord PRV", exists="cord_present"),
        Structure(name="spinal_cord", exists="cord_present"),
        Structure(name="thecal_sac"),
        Structure(name="cauda_equina", regions=("lumbar", "sacrum")),
        Structure(name="esophagus", regions=("cervical", "thoracic")),  # C6 to T11
        Structure(name="trachea", regions=("cervical", "thoracic")),  # C6 to T5
        Structure(name="larynx", regions=("cervical",)),  # C3 to C6
        Structure(name="brachial_plexus", regions=("cervical", "thoracic")),  # C5 to T1
        Structure(name="sacral_plexus", regions=("lumbar", "sacrum")),  # L4 to S4
        Structure(name="nerve_roots"),
        Structure(name="heart", regions=("thoracic",)),
        Structure(name="lung", regions=("cervical", "thoracic"), serial=False),
        Structure(name="liver", regions=("thoracic", "lumbar"), serial=False),
        Structure(name="kidney", regions=("thoracic", "lumbar"), serial=False),  # T12 to L3
        Structure(name="stomach", regions=("thoracic", "lumbar")),  # T10 to L3
        Structure(name="duodenum", regions=("lumbar",)),  # L1 to L4
        Structure(name="bowel", regions=("lumbar", "sacrum")),
        Structure(name="rectum", regions=("sacrum",)),
        Structure(name="skin"),
    )
}
NEURAL = ("cord_prv", "spinal_cord", "thecal_sac")  # that the anatomy has in everyone by level
STRUCTURES = (*TARGETS, *NEURAL)  # of every sampled plan


def structure_named(name: str) -> Structure:
    """Structure of this name: a known one, or an organ of the user's own that everyone has.

    Examples
    --------
    >>> structure_named("spinal_cord").exists, structure_named("pharynx").label
    ('cord_present', 'pharynx')
    """
    return KNOWN.get(name) or Structure(name=name)


class HotSpot(NamedTuple):
    """The hottest part of a structure, by its volume [cm3]."""

    structure: str
    volume: float = HOT_SPOT
