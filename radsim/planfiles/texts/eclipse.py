"""Text DVHs as the planning system Eclipse exports them."""

from collections.abc import Collection, Mapping

import numpy as np

from radsim.planfiles.assembly import NODES, agreed, agreed_count, assemble, bin_warning, from_curve
from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.planfiles.names import assign_structures, is_needed, readable
from radsim.planfiles.texts.eclipse_text import Block, Prescription, gray, read_blocks
from radsim.radiobiology.dvh import cumulative_from_differential, mean_dose

VOLUME_ROUNDING = 0.06  # [cm3] volumes are printed with one decimal
VOLUME_TOLERANCE = 0.02  # share of the volume by which its two statements may differ
MEAN_TOLERANCE = 0.01  # share of the mean dose by which its two statements may differ
EVEN = 1e-3  # share of a bin by which the bins of a differential DVH may differ


def read_eclipse(
    text: str,
    *,
    mapping: Mapping[str, str] | None = None,
    partly: bool = False,
    fractions: int | None = None,
    prescription: float | None = None,
    only: Collection[str] = (),
    nodes: int = NODES,
) -> ImportedPlan:
    """Read the one plan in a text; see `radsim.planfiles.read_plan` for the arguments."""
    blocks, ordered = read_blocks(text)
    kept, notes = readable([(block.name, block.empty) for block in blocks], mapping)
    blocks = [blocks[place] for place in kept]
    assigned, hints = assign_structures([block.name for block in blocks], mapping, partly)
    notes += hints
    if ordered.dose is None and prescription is not None:
        ordered = Prescription(prescription, ordered.percent or 100.0)
    elif ordered.dose is None:
        notes.append("the file defines no prescription")
    structures = []
    for block in blocks:
        if only and assigned.get(block.name) not in only:
            continue
        try:
            structure, remarks = _structure(block, assigned.get(block.name), ordered, nodes)
        except ValueError as error:
            if is_needed(block.name, assigned, mapping):
                raise
            notes.append(f"{error}; it is left out")
            continue
        structures.append(structure)
        notes += remarks
    return assemble(
        structures,
        prescription=agreed(prescription, ordered.dose, "prescription"),
        fractions=agreed_count(fractions, None),
        source="eclipse",
        warnings=notes,
    )


def _structure(
    block: Block, structure: str | None, ordered: Prescription, nodes: int
) -> tuple[ImportedStructure, list[str]]:
    name, stated = block.name, block.volume
    if block.wrong:
        raise ValueError(f"{name}: {block.wrong}")
    if not stated or stated < 0.0:
        raise ValueError(f"{name}: the file states no volume")
    notes = []
    if block.cover is None:
        notes.append(f"{name}: the file does not state how much of it has a dose: taken as all")
    share = 1.0 if block.cover is None else block.cover
    dose, cumulative = _curve(block, stated, ordered)
    # some versions draw the curve of the whole structure, others that of the covered part
    differs = min(abs(cumulative[0] - stated), abs(cumulative[0] - stated * share))
    if not differs <= VOLUME_ROUNDING + VOLUME_TOLERANCE * stated:
        raise ValueError(
            f"{name}: the DVH holds {cumulative[0]:.4g} cm3, but the structure {stated:.4g} cm3"
        )
    if share < 1.0:
        cumulative = cumulative * (stated * share / cumulative[0])
        notes.append(f"{name}: {1.0 - share:.1%} of the volume has no dose and is left out")
    missing = stated * (1.0 - share)
    read, remarks = from_curve(name, structure, dose, cumulative, nodes, missing)
    notes += remarks + bin_warning(name, dose, cumulative)
    return read, notes + _check_mean(block, dose, cumulative, ordered)


def _curve(block: Block, stated: float, ordered: Prescription) -> tuple[np.ndarray, np.ndarray]:
    """Doses [Gy] and the volume that receives at least each [cm3], absolute where printed."""
    doses, volumes, densities = [], [], []
    for place, (label, unit) in enumerate(block.columns):
        column = (unit, block.table[:, place])
        if "/" in unit:  # dVolume / dDose
            densities.append(column)
        elif "vol" in label:
            volumes.append(column)
        elif "dos" in label:
            doses.append(column)
    if not doses:
        raise ValueError(f"{block.name}: no column of doses")
    unit, values = min(doses, key=lambda column: column[0] == "%")
    dose = values * _gray(unit, block.name, ordered)
    if volumes:
        unit, values = min(volumes, key=lambda column: column[0] == "%")
        return dose, values * _cubic_centimeters(unit, block.name, stated)
    if not densities:
        raise ValueError(f"{block.name}: no column of volumes")
    unit, density = densities[0]
    volume_unit, _, dose_unit = unit.partition("/")
    width = _bin_width(block.name, dose)
    in_bin = density * _cubic_centimeters(volume_unit.strip(), block.name, stated)
    in_bin *= width / _gray(dose_unit.strip(), block.name, ordered)
    edges = np.append(dose, dose[-1] + width) - width / 2.0  # rows stand at the middle of bins
    return np.maximum(edges, 0.0), cumulative_from_differential(in_bin)


def _bin_width(name: str, dose: np.ndarray) -> float:
    widths = np.diff(dose)
    width = float(widths.mean())
    if width <= 0.0 or np.ptp(widths) > EVEN * width:
        raise ValueError(f"{name}: a differential DVH needs bins of one width")
    return width


def _gray(unit: str, name: str, ordered: Prescription) -> float:
    """Gy in a unit of dose, per cent of the prescription included."""
    if unit != "%":
        return gray(unit, name)
    if not ordered.dose or not ordered.percent:
        raise ValueError(f"{name}: relative doses need a prescription, and none is defined")
    return ordered.dose / ordered.percent


def _cubic_centimeters(unit: str, name: str, stated: float) -> float:
    """Return cm3 in a unit of volume, per cent of the structure included."""
    if unit == "%":
        return stated / 100.0
    if unit not in ("cm³", "cm3", "cc", "ccm"):
        raise ValueError(f"{name}: volume must be in cm3 or %, got {unit!r}")
    return 1.0


def _check_mean(
    block: Block, dose: np.ndarray, cumulative: np.ndarray, ordered: Prescription
) -> list[str]:
    """Warning if the curve's mean is not the one that the file states."""
    if block.mean is None or (block.mean[1] == "%" and not ordered.dose):
        return []
    stated = block.mean[0] * _gray(block.mean[1], block.name, ordered)
    share = -np.diff(cumulative, append=0.0) / cumulative[0]
    middle = np.append((dose[1:] + dose[:-1]) / 2.0, dose[-1])
    mean = float(mean_dose(middle, share))
    if abs(mean - stated) <= MEAN_TOLERANCE * stated + float(np.diff(dose).max()):
        return []
    return [f"{block.name}: the DVH's mean is {mean:.4g} Gy, but the file says {stated:.4g} Gy"]
