"""DVHs as a text writes them, and the plan that they make up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from radsim.planfiles.assembly import NODES, agreed, agreed_count, assemble, bin_warning, from_curve
from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.names import assign_structures, is_needed, readable
from radsim.radiobiology.dvh import TOLERATED_RISE, cumulative_from_differential

GRAY = {"gy": 1.0, "cgy": 0.01}
CUBIC_CENTIMETERS = ("cm3", "cm³", "cc", "ccm")
EVEN = 1e-3  # share of a bin by which the bins of a differential DVH may differ


@dataclass(frozen=True)
class WrittenDVH:
    """One structure of a text.

    Attributes
    ----------
    name
        In the text.
    dose, cumulative
        Ascending [Gy], and the volume that receives at least as much [cm3].
    missing, cut_dose
        Volume without a dose, beside those [cm3], and the highest dose at its border [Gy].
    notes
        What the text says of it.
    empty, wrong
        Why there is no DVH, or none that can be used; empty text where there is one.
    """

    name: str
    dose: np.ndarray
    cumulative: np.ndarray
    missing: float = 0.0
    cut_dose: float = float("nan")
    notes: tuple[str, ...] = ()
    empty: str = ""
    wrong: str = ""


def without_dvh(name: str, *, empty: str = "", wrong: str = "") -> WrittenDVH:
    """Structure of a text of which there is only the name."""
    return WrittenDVH(name, np.empty(0), np.empty(0), empty=empty, wrong=wrong)


def plan_of(
    dvhs: Sequence[WrittenDVH],
    source: str,
    *,
    stated: float | None = None,
    stated_fractions: int | None = None,
    notes: Sequence[str] = (),
    named: Mapping[str, str] | None = None,
    binned: bool = True,
    mapping: Mapping[str, str] | None = None,
    partly: bool = False,
    fractions: int | None = None,
    prescription: float | None = None,
    only: Collection[str] = (),
    nodes: int = NODES,
) -> ImportedPlan:
    """Plan of these DVHs, with what the text says of it and what the user says.

    Parameters
    ----------
    stated, stated_fractions, notes
        Prescription [Gy], fractions and warnings of the text.
    named
        Structures that the text itself states, by their names in it; the user's ones rule.
    binned
        Whether rows are bins, and not points of the curve itself.
    mapping, partly, fractions, prescription, only, nodes
        See `radsim.planfiles.read_plan`.
    """
    kept, unread = readable([(dvh.name, dvh.empty) for dvh in dvhs], mapping)
    dvhs = [dvhs[place] for place in kept]
    names = [dvh.name for dvh in dvhs]
    said = {n: s for n, s in (mapping or {}).items() if n in names or not partly}
    written = {n: s for n, s in (named or {}).items() if n in names and s not in said.values()}
    assigned, hints = assign_structures(names, written | said, partly)
    remarks = [*notes, *unread, *hints]
    structures = []
    for dvh in dvhs:
        if only and assigned.get(dvh.name) not in only:
            continue
        try:
            if dvh.wrong:
                raise ValueError(f"{dvh.name}: {dvh.wrong}")
            structure, more = from_curve(
                dvh.name,
                assigned.get(dvh.name),
                dvh.dose,
                dvh.cumulative,
                nodes,
                dvh.missing,
                dvh.cut_dose,
            )
        except ValueError as error:
            if is_needed(dvh.name, assigned, mapping):
                raise
            remarks.append(f"{error}; it is left out")
            continue
        structures.append(structure)
        remarks += more + (bin_warning(dvh.name, dvh.dose, dvh.cumulative) if binned else [])
        remarks += dvh.notes
    return assemble(
        structures,
        prescription=agreed(prescription, stated, "prescription"),
        fractions=agreed_count(fractions, stated_fractions),
        source=source,
        warnings=remarks,
    )


def gray_in(unit: str) -> float:
    """Gy in a unit of dose."""
    if unit.strip().lower() not in GRAY:
        raise ValueError(f"dose must be in Gy or cGy, got {unit.strip()[:20]!r}")
    return GRAY[unit.strip().lower()]


def is_cubic_centimeters(unit: str) -> bool:
    """Whether a unit of volume is cm3."""
    return unit.strip().lower() in CUBIC_CENTIMETERS


def falls(volume: np.ndarray) -> bool:
    """Whether a column of volumes can be a cumulative DVH: it never rises, but for rounding."""
    return bool(np.all(np.diff(volume) <= TOLERATED_RISE * volume[:1]))


def bins_to_curve(dose: np.ndarray, in_bin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ascending doses [Gy] and cumulative volumes of a differential DVH, rows at mid-bin."""
    widths = np.diff(dose)
    width = float(widths.mean())
    if width <= 0.0 or np.ptp(widths) > EVEN * width:
        raise ValueError("a differential DVH needs bins of one width")
    edges = np.append(dose, dose[-1] + width) - width / 2.0
    return np.maximum(edges, 0.0), cumulative_from_differential(in_bin)
