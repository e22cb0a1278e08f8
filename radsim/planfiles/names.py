"""Structure names: which of a plan's regions of interest are radsim's structures.

Only names of the AAPM TG-263 nomenclature that leave no doubt are taken, in any case and with any
separators. What may be something else is left out with a hint: a cord is not its planning risk
volume, the canal and the cauda equina are not the thecal sac, and a PTV is not PTV_Eval.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from radsim.vocabulary.structures import STRUCTURES
from radsim.vocabulary.words import nearest

CERTAIN = {
    "gtv": r"gtv[pn]?\d*",
    "ptv": r"ptv[pn]?\d*eval\d*",
    "spinal_cord": r"spinalcord",
    "cord_prv": r"spinalcordprv\d{0,2}|prv\d{0,2}spinalcord",
    "thecal_sac": r"thecalsac",
}
HINTS = {
    r"ptv.*": "radsim's ptv is PTV_Eval, the PTV without the spinal canal",
    r"(?=.*prv)(?=.*(cord|canal)).*": "a planning risk volume is named SpinalCord_PRVxx",
    r".*(canal|cauda).*": "the canal and the cauda equina are not the thecal sac",
    r".*thecal.*": "more than the name of the thecal sac",
    r".*(cord|medulla|myelon).*": "a cord may be drawn as the cord, its PRV or the canal",
    r".*gtv.*": "more than the name of a gross tumor volume",
}


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
    >>> assigned, warnings = assign_structures(["GTV", "SpinalCord_PRV02", "SpinalCanal"])
    >>> assigned
    {'GTV': 'gtv', 'SpinalCord_PRV02': 'cord_prv'}
    >>> warnings
    ['SpinalCanal is not used: the canal and the cauda equina are not the thecal sac']
    >>> assign_structures(["Cord"], {"Cord": "spinal_cord"})[0]
    {'Cord': 'spinal_cord'}
    """
    names, said = list(names), dict(mapping or {})
    mapping = {name: structure for name, structure in said.items() if name in names or not partly}
    for name, structure in said.items():
        if name not in names and not partly:
            raise ValueError(f"the plan has no {name!r}; {nearest(name, names)}")
        if structure not in STRUCTURES:
            raise ValueError(f"{structure!r} is no structure; {nearest(structure, STRUCTURES)}")
    assigned, warnings = {}, []
    for name in names:
        suggested = _certain(name)
        if name in mapping:
            assigned[name] = mapping[name]
        elif suggested and suggested not in mapping.values():
            assigned[name] = suggested
        elif hint := _hint(name):
            warnings.append(f"{name} is not used: {hint}")
    for structure in STRUCTURES:
        candidates = [name for name in assigned if assigned[name] == structure]
        if len(candidates) > 1:
            raise ValueError(
                f"{' and '.join(candidates)} could each be {structure}: "
                f"say which, as {candidates[0]}={structure}"
            )
    return assigned, warnings


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
    for place, (name, wrong) in enumerate(structures):
        if not name:
            notes.append("a structure without a name is left out")
        elif wrong and name in (mapping or {}):
            raise ValueError(f"{name} {wrong}")
        elif wrong:
            notes.append(f"{name} {wrong}; it is left out")
        else:
            kept.setdefault(name, []).append(place)
    for name, places in kept.items():
        if len(places) == 1:
            continue
        repeated = f"{len(places)} structures are named {name!r}"
        if name in (mapping or {}) or _certain(name):
            raise ValueError(repeated)
        notes.append(f"{repeated}; they are left out")
    return sorted(p for places in kept.values() if len(places) == 1 for p in places), notes


def _certain(name: str) -> str | None:
    plain = _plain(name)
    return next((s for s, pattern in CERTAIN.items() if re.fullmatch(pattern, plain)), None)


def _hint(name: str) -> str | None:
    if _certain(name):
        return "another one was named for its structure"
    plain = _plain(name)
    return next((hint for pattern, hint in HINTS.items() if re.fullmatch(pattern, plain)), None)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
