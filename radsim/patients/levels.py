"""Levels of the spine as clinics write them: T9, Th 9, BWK 9, T9-T10, or 9 in a region."""

import re

from radsim.patients.instability import JUNCTIONAL, LEVELS
from radsim.vocabulary.cohort_variables import COHORT
from radsim.vocabulary.csv_tables import cleaned

PREFIXES = {
    "c": "C", "hwk": "C", "hw": "C", "t": "T", "th": "T", "d": "T", "bwk": "T", "bw": "T",
    "l": "L", "lwk": "L", "lw": "L", "s": "S", "sw": "S", "swk": "S",
    "cervical": "C", "thoracic": "T", "dorsal": "T", "lumbar": "L", "sacral": "S",
}  # fmt: skip
LETTERS = {"cervical": "C", "thoracic": "T", "lumbar": "L", "sacrum": "S"}
REGIONS = {letter: region for region, letter in LETTERS.items()}
SPINE = tuple(level for name in LEVELS.values() for level in COHORT[name].labels)
ONLY_THORACIC = range(8, 13)  # numbers that no other region has
ONE = r"([a-z]*)\.?\s*0*(\d{1,2})"
SPAN = re.compile(rf"{ONE}(?:\s*(?:-|/|to)\s*{ONE})?")


def level_in(text: str, region: str = "") -> str:
    """Level that is written, nothing where it is none; a bare number is one of its region.

    Of a span its first level stands for all of them, where they are of one region and all or none
    of them lie at a junction: nothing that is computed can tell them apart then.

    Examples
    --------
    >>> level_in("Th. 9"), level_in("T9-10"), level_in("9"), level_in("3", "lumbar")
    ('T9', 'T9', 'T9', 'L3')
    >>> level_in("3"), level_in("T10-T11"), level_in("T13")
    ('', '', '')
    """
    match = SPAN.fullmatch(cleaned(text).casefold())
    if match is None:
        return ""
    prefix, number, until, last = match.groups()
    letter = PREFIXES.get(prefix, "") if prefix else LETTERS.get(region, "")
    if not prefix and not letter and int(number) in ONLY_THORACIC:
        letter = "T"
    first = f"{letter}{number}"
    end = first if last is None else f"{PREFIXES.get(until, '') if until else letter}{last}"
    if first not in SPINE or end not in SPINE:
        return ""
    span = SPINE[SPINE.index(first) : SPINE.index(end) + 1]
    counted = {(level[0], level in JUNCTIONAL) for level in span}
    return first if len(counted) == 1 else ""
