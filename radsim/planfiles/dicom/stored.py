"""The planning system's own DVHs, which an RTDOSE may carry: a check, or all that there is."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from radsim.planfiles.assembly import NODES
from radsim.planfiles.dicom.files import open_folder
from radsim.planfiles.dicom.rtdose import OF_A_COURSE
from radsim.planfiles.dicom.rtplan import Course, read_course
from radsim.planfiles.dicom.tags import Tags
from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.texts.written import WrittenDVH, plan_of, without_dvh
from radsim.radiobiology.dvh import cumulative_from_differential

SOURCE = "dicom-dvh"


def read_stored_dvhs(folder: Path | str, nodes: int = NODES) -> ImportedPlan:
    """Read the DVHs that the planning system stored in the one RTDOSE of a folder.

    Their minimum, maximum and mean tags are not read: some systems write them in per cent.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files, _ = open_folder(Path(folder))
        if len(files["RTDOSE"]) != 1 or len(files["RTSTRUCT"]) != 1:
            raise ValueError(f"{folder} must hold one RTDOSE and one RTSTRUCT")
        return plan_of(_dvhs(files), SOURCE, nodes=nodes)


def read_only_dvhs(
    files: Mapping[str, list[Tags]], *, notes: Sequence[str], **how: Any
) -> ImportedPlan:
    """Read a plan of which there are only stored DVHs; `how` is what the user says.

    Without an RTSTRUCT a structure is called after its number.
    """
    dose = files["RTDOSE"][0]
    kind = dose.text("DoseSummationType", "PLAN").upper()
    if kind not in OF_A_COURSE:
        raise ValueError(f"{dose.where}: the stored DVHs are of a {kind} dose, not of a course")
    course = Course(warnings=("no RTPLAN: fractions and prescription are not known from it",))
    if len(files["RTPLAN"]) == 1 and kind == "PLAN":
        course = read_course(files["RTPLAN"][0])
    only = "there is no dose grid with contours: the DVHs that the RTDOSE carries are taken"
    return plan_of(
        _dvhs(files),
        SOURCE,
        stated=course.prescription,
        stated_fractions=course.fractions,
        notes=[*notes, only, *course.warnings],
        **how,
    )


def _dvhs(files: Mapping[str, list[Tags]]) -> list[WrittenDVH]:
    names = {
        roi.whole("ROINumber"): roi.text("ROIName", "")
        for file in files["RTSTRUCT"]
        for roi in file.items("StructureSetROISequence")
    }
    dvhs = []
    for item in files["RTDOSE"][0].items("DVHSequence"):
        number = _region(item)
        name = names.get(number, f"ROI {number}")
        try:
            dvhs.append(WrittenDVH(name, *read_curve(item)))
        except ValueError as error:
            dvhs.append(without_dvh(name, wrong=str(error)))
    return dvhs


def read_curve(item: Tags) -> tuple[np.ndarray, np.ndarray]:
    """Doses [Gy] and the volume that receives at least each [cm3], of one item of DVHSequence.

    The data are pairs of a bin's *width* and a volume, not of dose and volume.
    """
    for keyword, wanted in (("DoseUnits", ("GY", "CGY")), ("DVHVolumeUnits", ("CM3",))):
        if item.text(keyword).upper() not in wanted:
            raise ValueError(f"{keyword} must be {wanted[0]}, got {item.text(keyword)}")
    gray = 0.01 if item.text("DoseUnits").upper() == "CGY" else 1.0
    pairs = item.numbers("DVHData")
    if pairs.size % 2 or pairs.size < 4:
        raise ValueError(f"DVHData must hold pairs, got {pairs.size} numbers")
    width, volume = pairs.reshape(-1, 2).T
    edges = np.concatenate([[0.0], np.cumsum(width * item.number("DVHDoseScaling") * gray)])
    kind = item.text("DVHType").upper()
    if kind == "DIFFERENTIAL":
        return edges, cumulative_from_differential(np.maximum(volume, 0.0))
    if kind != "CUMULATIVE":
        raise ValueError(f"DVHType must be CUMULATIVE or DIFFERENTIAL, got {kind}")
    # a bin's volume receives at least its lower edge; some systems end in tiny negative volumes
    return edges, np.append(np.maximum(volume, 0.0), 0.0)


def _region(item: Tags) -> int:
    for reference in item.items("DVHReferencedROISequence"):
        return reference.whole("ReferencedROINumber")
    raise ValueError(f"{item.where}: a stored DVH names no structure")
