"""The planning system's own DVHs, which an RTDOSE may carry; the check of `read_dicom`."""

import warnings
from pathlib import Path

import numpy as np

from radsim.planfiles.assembly import NODES, assemble, bin_warning, from_curve
from radsim.planfiles.dicom_files import open_folder
from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.names import assign_structures
from radsim.planfiles.tags import Tags
from radsim.radiobiology.dvh import cumulative_from_differential


def read_stored_dvhs(folder: Path | str, nodes: int = NODES) -> ImportedPlan:
    """Read the DVHs that the planning system stored in the one RTDOSE of a folder.

    Their minimum, maximum and mean tags are not read: some systems write them in per cent.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files, _ = open_folder(Path(folder))
        if len(files["RTDOSE"]) != 1 or len(files["RTSTRUCT"]) != 1:
            raise ValueError(f"{folder} must hold one RTDOSE and one RTSTRUCT")
        dose, regions = files["RTDOSE"][0], files["RTSTRUCT"][0]
        names = {
            roi.whole("ROINumber"): roi.text("ROIName")
            for roi in regions.items("StructureSetROISequence")
        }
        assigned, notes = assign_structures(list(names.values()))
        structures = []
        for item in dose.items("DVHSequence"):
            name = names.get(_region(item), "")
            gray, volume = read_curve(item, name)
            found, remarks = from_curve(name, assigned.get(name), gray, volume, nodes)
            structures.append(found)
            notes += remarks + bin_warning(name, gray, volume)
    return assemble(
        structures,
        prescription=None,
        fractions=None,
        source="dicom-dvh",
        warnings=notes,
    )


def read_curve(item: Tags, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Doses [Gy] and the volume that receives at least each [cm3], of one item of DVHSequence.

    The data are pairs of a bin's *width* and a volume, not of dose and volume.
    """
    for keyword, wanted in (("DoseUnits", "GY"), ("DVHVolumeUnits", "CM3")):
        if item.text(keyword) != wanted:
            raise ValueError(f"{name}: {keyword} must be {wanted}, got {item.text(keyword)}")
    pairs = item.numbers("DVHData")
    if pairs.size % 2 or pairs.size < 4:
        raise ValueError(f"{name}: DVHData must hold pairs, got {pairs.size} numbers")
    width, volume = pairs.reshape(-1, 2).T
    edges = np.concatenate([[0.0], np.cumsum(width * item.number("DVHDoseScaling"))])
    kind = item.text("DVHType")
    if kind == "DIFFERENTIAL":
        return edges, cumulative_from_differential(np.maximum(volume, 0.0))
    if kind != "CUMULATIVE":
        raise ValueError(f"{name}: DVHType must be CUMULATIVE or DIFFERENTIAL, got {kind}")
    # a bin's volume receives at least its lower edge; some systems end in tiny negative volumes
    return edges, np.append(np.maximum(volume, 0.0), 0.0)


def _region(item: Tags) -> int:
    for reference in item.items("DVHReferencedROISequence"):
        return reference.whole("ReferencedROINumber")
    raise ValueError(f"{item.where}: a stored DVH names no structure")
