"""Structure names: what a plan's regions of interest are to radsim.

Names of the AAPM TG-263 nomenclature that leave no doubt are radsim's structures, in any case and
with any separators (`radsim.vocabulary.structures`). Any other organ keeps its own name. What may
be a target or a neural structure is left out with a hint: a cord is not its planning risk volume,
the canal is not the thecal sac, and a PTV is not PTV_Eval. So is what may be one or both of a pair.
Supports, outlines of the body, other targets and helpers of the optimization are no organs.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from radsim.vocabulary.structures import KNOWN, NAME, RESERVED, STRUCTURES, check_structure
from radsim.vocabulary.words import listed, nearest

HINTS = {
    r"ptv.*": "radsim's ptv is PTV_Eval, the PTV without the spinal canal",
    r"(?=.*prv)(?=.*(cord|canal)).*": "a planning risk volume is named SpinalCord_PRVxx",
    r"(?!canalanal|analcanal).*(canal|cauda).*": (
        "the canal and the cauda equina are not the thecal sac"
    ),
    r".*thecal.*": "more than the name of the thecal sac",
    r"(?!vocal).*(cord|medulla|myelon).*": "a cord may be drawn as the cord, its PRV or the canal",
    r".*gtv.*": "more than the name of a gross tumor volume",
}
DOUBTFUL = "it may be one of a pair or both: say which"
NO_ORGAN = re.compile(
    r"[z_].*"  # by TG-263, what is not for evaluation
    r"|.*[gcp]tv.*"
    r"|(body|external|outline|skincontour|patient)\d*"
    r"|(couch|table|board|baseplate|bolus|mask|support|iso(dose|cent)|dose|ring|shell|itv|idl).*"
    r"|(.*[\W_])?(opt|optim\w*|avoid\w*|dummy|help\w*|temp|tmp|art[ei]facts?|markers?"
    r"|fiducials?|iso|poi|rings?|shell|hotspot|coldspot|overlap|couch|bolus)\d*([\W_].*)?"
)  # in small letters


def assign_structures(
    names: Iterable[str], mapping: Mapping[str, str] | None = None, partly: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Map names of a plan to radsim's structures.

    Parameters
    ----------
    names
        The plan's names, each once.
    mapping
        What the user says: plan name to structure. It rules over what the name suggests.
    partly
        Whether the mapping may hold names that this plan does not have.

    Returns
    -------
    assigned, warnings
        Plan name to structure for those that have one; and hints about names that might.

    Examples
    --------
    >>> assigned, warnings = assign_structures(["GTV", "SpinalCord_PRV2", "Pharynx Const", "Canal"])
    >>> assigned
    {'GTV': 'gtv', 'SpinalCord_PRV2': 'cord_prv', 'Pharynx Const': 'pharynx_const'}
    >>> warnings
    ['Canal is not used: the canal and the cauda equina are not the thecal sac']
    >>> assign_structures(["Cord"], {"Cord": "spinal_cord"})[0]
    {'Cord': 'spinal_cord'}
    """
    names, said = list(names), dict(mapping or {})
    mapping = {name: structure for name, structure in said.items() if name in names or not partly}
    for name, structure in said.items():
        if name not in names and not partly:
            raise ValueError(f"the plan has no {name!r}; {nearest(name, names)}")
        check_structure(structure)
    assigned, warnings = {}, []
    for name in names:
        suggested = _certain(name)
        if name in mapping:
            assigned[name] = mapping[name]
        elif suggested and suggested not in mapping.values():
            assigned[name] = suggested
        elif hint := _hint(name):
            warnings.append(f"{name} is not used: {hint}")
        elif (organ := _of_its_own(name)) and organ not in mapping.values():
            assigned[name] = organ
    for structure in dict.fromkeys(assigned.values()):
        candidates = [name for name in assigned if assigned[name] == structure]
        if len(candidates) == 1:
            continue
        choice = f"say which, as {candidates[0]}={structure}"
        if structure in STRUCTURES or any(name in mapping for name in candidates):
            raise ValueError(f"{listed(candidates)} could each be {structure}: {choice}")
        warnings.append(f"{listed(candidates)} could each be {structure}, so none is: {choice}")
        for name in candidates:
            del assigned[name]
    return assigned, warnings


def is_needed(
    name: str, assigned: Mapping[str, str], mapping: Mapping[str, str] | None = None
) -> bool:
    """Whether a plan can't be read without one of its structures: a target, a neural one, a named.

    Examples
    --------
    >>> assigned = {"GTV": "gtv", "Heart": "heart"}
    >>> is_needed("GTV", assigned), is_needed("Heart", assigned)
    (True, False)
    >>> is_needed("Heart", assigned, {"Heart": "heart"})
    True
    """
    return assigned.get(name) in STRUCTURES or name in (mapping or {})


def readable(
    structures: Sequence[tuple[str, str]], mapping: Mapping[str, str] | None = None
) -> tuple[list[int], list[str]]:
    """Places of the structures of a plan that can be used, and a note on each of the others.

    Parameters
    ----------
    structures
        Name of each, and why it can't be used; empty where it can.
    mapping
        What the user says: plan name to structure. What is named there must be usable.

    Examples
    --------
    >>> readable([("GTV", ""), ("", ""), ("Couch", ""), ("Couch", ""), ("Old", "has no DVH")])
    ... # doctest: +NORMALIZE_WHITESPACE
    ([0], ['a structure without a name is left out', 'Old has no DVH; it is left out',
           "2 structures are named 'Couch'; they are left out"])
    """
    kept: dict[str, list[int]] = {}
    notes = []
    usable = {name for name, wrong in structures if not wrong}
    for place, (name, wrong) in enumerate(structures):
        if not name:
            notes.append("a structure without a name is left out")
        elif wrong and name in (mapping or {}) and name not in usable:
            raise ValueError(f"{name} {wrong}")
        elif wrong:
            notes.append(f"{name} {wrong}; it is left out")
        else:
            kept.setdefault(name, []).append(place)
    for name, places in kept.items():
        if len(places) == 1:
            continue
        repeated = f"{len(places)} structures are named {name!r}"
        if name in (mapping or {}) or _certain(name) in STRUCTURES:
            raise ValueError(repeated)
        notes.append(f"{repeated}; they are left out")
    return sorted(p for places in kept.values() if len(places) == 1 for p in places), notes


def _certain(name: str) -> str | None:
    plain = _plain(name)
    return next(
        (s.name for s in KNOWN.values() if s.pattern and re.fullmatch(s.pattern, plain)), None
    )


def _hint(name: str) -> str | None:
    if _certain(name):
        return "another one was named for its structure"
    plain = _plain(name)
    hints = (hint for pattern, hint in HINTS.items() if re.fullmatch(pattern, plain))
    return next(hints, DOUBTFUL if plain in {s.replace("_", "") for s in KNOWN} else None)


def _of_its_own(name: str) -> str | None:
    """Name of an organ that radsim does not know, after the plan's; None of what is no organ."""
    if NO_ORGAN.fullmatch(name.strip().lower()):
        return None
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    own = re.sub(r"[\W_]+", "_", letters.lower()).strip("_")
    return own if NAME.fullmatch(own) and own not in RESERVED else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
