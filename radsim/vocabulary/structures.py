"""Structures: delineated volumes, what they are called, and who has them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal, NamedTuple

HIGHEST_DOSE = 150.0  # [Gy] above this a physical dose is almost certainly in cGy
HOTTEST_ORGAN = 100.0  # [Gy] an assumption: well above any course's dose to a target of the spine
HOT_SPOT = 0.03  # [cm3] the volume behind D0.03cc, the customary stand-in for a maximum

Target = Literal["gtv", "ptv"]
TARGETS: tuple[Target, ...] = ("gtv", "ptv")
NAME = re.compile(r"[a-z][a-z0-9_]*")
MISSPELLED = 0.85  # likeness from which a name is taken for another one's misspelling
RESERVED = ("prescribed", "preset")  # that mean something else where a structure may stand


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A structure as data.

    Attributes
    ----------
    name
        As files write it; a TG-263 name in small letters.
    words
        As a figure or a sentence says it.
    pattern
        Names in a plan that leave no doubt, as a regular expression over their small letters and
        digits: those of AAPM TG-263, and their spelling in full.
    exists
        Cohort variable that is above 0 in who has it; everyone without one.
    regions
        Spinal regions beside which it lies; empty for all. Where it begins or ends inside a
        region, that whole region is taken (an assumption: cohorts state no level).
    serial
        Whether its hottest part decides, or (parallel) how much of it is spared.
    questioned_above
        Highest dose of a course that is believed of an organ without a question [Gy].
    """

    name: str
    words: str = ""
    pattern: str = ""
    exists: str = ""
    regions: tuple[str, ...] = ()
    serial: bool = True
    questioned_above: float = HOTTEST_ORGAN

    @property
    def is_target(self) -> bool:
        """Say whether it is treated, and no organ."""
        return self.name in TARGETS

    @property
    def variables(self) -> frozenset[str]:
        """Cohort variables that say who has it."""
        return frozenset(filter(None, (self.exists, "region" if self.regions else "")))

    @property
    def label(self) -> str:
        """Its words, for an organ of one's own its name."""
        return self.words or self.name.replace("_", " ")


def _pair(both: Structure, stem: str, plural: str) -> Iterator[Structure]:
    """Both of a pair, and the left and the right one, each a structure of its own."""
    yield replace(both, pattern=plural)
    for side, word in (("l", "left"), ("r", "right")):
        yield replace(
            both,
            name=f"{both.name}_{side}",
            words=f"{word} {both.label}",
            pattern=f"{stem}{side}|{side}{stem}",
        )


KNOWN = {
    structure.name: structure
    for structure in (
        Structure(name="gtv", words="GTV", pattern=r"gtv[pn]?\d*"),
        Structure(name="ptv", words="PTV_Eval", pattern=r"ptv[pn]?\d*eval\d*"),
        Structure(
            name="cord_prv",
            words="cord PRV",
            pattern=r"spinalcordprv\d{0,2}|prv\d{0,2}spinalcord",
            exists="cord_present",
        ),
        Structure(name="spinal_cord", pattern="spinalcord", exists="cord_present"),
        Structure(name="thecal_sac", pattern="thecalsac"),
        Structure(name="cauda_equina", pattern="caudaequina", regions=("lumbar", "sacrum")),
        Structure(  # C6 to T11
            name="esophagus", pattern="o?esophagus", regions=("cervical", "thoracic")
        ),
        Structure(name="trachea", pattern="trachea", regions=("cervical", "thoracic")),  # C6 to T5
        Structure(name="larynx", pattern="larynx", regions=("cervical",)),  # C3 to C6
        *_pair(  # C5 to T1
            Structure(name="brachial_plexus", regions=("cervical", "thoracic")),
            "brachialplex(us)?",
            "brachialplexs",
        ),
        Structure(  # L4 to S4
            name="sacral_plexus", pattern="sacralplex(us)?", regions=("lumbar", "sacrum")
        ),
        Structure(name="nerve_roots", pattern="nerveroots"),
        Structure(name="heart", pattern="heart", regions=("thoracic",)),
        *_pair(
            Structure(name="lung", regions=("cervical", "thoracic"), serial=False), "lung", "lungs"
        ),
        Structure(name="liver", pattern="liver", regions=("thoracic", "lumbar"), serial=False),
        *_pair(  # T12 to L3
            Structure(name="kidney", regions=("thoracic", "lumbar"), serial=False),
            "kidney",
            "kidneys",
        ),
        Structure(name="stomach", pattern="stomach", regions=("thoracic", "lumbar")),  # T10 to L3
        Structure(name="duodenum", pattern="duodenum", regions=("lumbar",)),  # L1 to L4
        Structure(name="bowel", pattern="bowel", regions=("lumbar", "sacrum")),
        Structure(name="rectum", pattern="rectum", regions=("sacrum",)),
        Structure(name="skin", pattern="skin"),
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


def check_structure(name: str) -> None:
    """Raise ValueError for what can't be the name of a structure, or is a known one misspelled.

    Examples
    --------
    >>> check_structure("pharynx_const")
    >>> check_structure("spinal_crd")
    Traceback (most recent call last):
        ...
    ValueError: 'spinal_crd' is no structure; did you mean 'spinal_cord'?
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no structure: its name is of small letters, digits and _, and starts "
            "with a letter"
        )
    if name in RESERVED:
        raise ValueError(f"{name!r} is no structure: the name means something else; use another")
    if name not in KNOWN and (meant := get_close_matches(name, STRUCTURES, 1, MISSPELLED)):
        raise ValueError(f"{name!r} is no structure; did you mean {meant[0]!r}?")


class HotSpot(NamedTuple):
    """The hottest part of a structure, by its volume [cm3]."""

    structure: str
    volume: float = HOT_SPOT
