"""DICOM-RT: a plan from a folder with its RTDOSE, its RTSTRUCT and, best, its RTPLAN."""

import warnings
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from radsim.planfiles.assembly import NODES, agreed, agreed_count, assemble, from_samples
from radsim.planfiles.dicom.contours import GAP, Plane, own_spacing, sample
from radsim.planfiles.dicom.dose_grid import DoseGrid, DoseSum
from radsim.planfiles.dicom.files import open_folder
from radsim.planfiles.dicom.rtdose import OF_A_COURSE, FractionDose, course_dose
from radsim.planfiles.dicom.rtplan import Course, read_course
from radsim.planfiles.dicom.rtstruct import Region, read_regions, usual_spacing
from radsim.planfiles.dicom.stored import read_only_dvhs
from radsim.planfiles.dicom.tags import Tags
from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.planfiles.names import assign_structures, is_needed, readable

NO_PLAN = "no RTPLAN in the folder: fractions and prescription are not known from it"
SUM = "the dose is a sum of plans: give its prescription and fractions yourself"
SMALLEST = 1e-3  # [mm3] what rounding leaves of contours without area
DENSE = 3.0  # slices; a structure drawn on every third slice or denser is meant to be continuous


def read_dicom(
    folder: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    partly: bool = False,
    fractions: int | None = None,
    prescription: float | None = None,
    fraction_dose: FractionDose | None = None,
    add_doses: bool = False,
    only: Collection[str] = (),
    nodes: int = NODES,
) -> ImportedPlan:
    """Read the one plan in a folder; see `radsim.planfiles.read_plan` for the arguments.

    Where there are no contours or no dose grid, the DVHs that the RTDOSE carries are taken.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on values that nobody reads here
        files, others = open_folder(folder)
        doses = files["RTDOSE"]
        drawn = files["RTSTRUCT"] and all("PixelData" in dose.dataset for dose in doses)
        if len(doses) == 1 and not drawn and "DVHSequence" in doses[0]:
            return read_only_dvhs(
                files,
                notes=others,
                mapping=mapping,
                partly=partly,
                fractions=fractions,
                prescription=prescription,
                only=only,
                nodes=nodes,
            )
        structures, course, mismatches = _files_of_one_plan(folder, files, add_doses)
        fractions = agreed_count(fractions, course.fractions)
        prescription = agreed(prescription, course.prescription, "prescription")
        grid, remarks = course_dose(
            doses,
            course,
            prescription=prescription,
            fractions=fractions,
            fraction_dose=fraction_dose,
        )
        regions, unchecked = _regions_of_the_dose(read_regions(structures), doses, mapping)
        assigned, hints = assign_structures([region.name for region in regions], mapping, partly)
        if only:
            regions = [region for region in regions if assigned.get(region.name) in only]
        needed = {r.name for r in regions if is_needed(r.name, assigned, mapping)}
        found, complaints = _dose_of_regions(regions, assigned, needed, grid, nodes)
    return assemble(
        found,
        prescription=prescription,
        fractions=fractions,
        source="dicom",
        levels=course.levels,
        warnings=[
            *others,
            *mismatches,
            *course.warnings,
            *remarks,
            *hints,
            *unchecked,
            *complaints,
        ],
    )


def _files_of_one_plan(
    folder: Path, files: Mapping[str, list[Tags]], add_doses: bool
) -> tuple[Tags, Course, list[str]]:
    """Structure set and course of the doses in a folder, and notes."""
    doses, plans, sets = files["RTDOSE"], files["RTPLAN"], files["RTSTRUCT"]
    for kind in ("RTDOSE", "RTSTRUCT"):
        if not files[kind]:
            raise ValueError(f"no {kind} in {folder}: a plan's files belong in one folder")
    kinds = [dose.text("DoseSummationType", "").upper() for dose in doses]
    courses = sum(kind in OF_A_COURSE for kind in kinds)
    if courses > 1 and not add_doses:
        raise ValueError(
            f"{courses} plan doses in one folder: keep one plan's files in it, or have them added "
            "(add_doses, --add)"
        )
    _check_copies([dose for dose, kind in zip(doses, kinds, strict=True) if kind in OF_A_COURSE])
    summed = courses > 1 or "MULTI_PLAN" in kinds
    if plans and not summed:
        plans = [_referenced(plans, _references(doses[0], "ReferencedRTPlanSequence"))]
    for files_that_refer in (doses, plans):
        sought = {
            uid
            for file in files_that_refer
            for uid in _references(file, "ReferencedStructureSetSequence")
        }
        if sought:
            break
    structures = _referenced(sets, sought)
    if len({file.text("PatientID", "") for file in [*doses, *plans, structures]} - {""}) > 1:
        raise ValueError(f"{folder} holds files of more than one patient")
    notes = []
    if sought and structures.text("SOPInstanceUID", "") not in sought:
        notes.append(f"{structures.where} is not the structure set that the plan refers to")
    if summed:
        return structures, Course(warnings=(SUM,)), notes
    if not plans:
        return structures, Course(warnings=(NO_PLAN,)), notes
    for dose in doses:
        wanted = _references(dose, "ReferencedRTPlanSequence")
        if wanted and plans[0].text("SOPInstanceUID", "") not in wanted:
            raise ValueError(f"{dose.where} belongs to another plan than {plans[0].where}")
    return structures, read_course(plans[0]), notes


def _check_copies(doses: list[Tags]) -> None:
    """Refuse a dose that lies in a folder twice, before it is added twice."""
    seen: dict[tuple[object, ...], str] = {}
    for dose in doses:
        pixels, scaling = (dose.dataset.get(tag) for tag in ("PixelData", "DoseGridScaling"))
        stored = pixels if isinstance(pixels, bytes) else repr(pixels)
        what = (dose.text("SOPInstanceUID", dose.where), stored, repr(scaling))
        if (other := seen.setdefault(what, dose.where)) != dose.where:
            raise ValueError(f"{dose.where} is a copy of {other}: keep one of them")


def _referenced(files: list[Tags], wanted: set[str]) -> Tags:
    """Return the file that is referred to, or the only one."""
    matching = [file for file in files if file.text("SOPInstanceUID", "") in wanted]
    if len(matching) == 1:
        return matching[0]
    if len(files) > 1:
        kind = files[0].text("Modality")
        raise ValueError(f"{len(files)} {kind} files in one folder: keep one plan's files in it")
    return files[0]


def _references(file: Tags, sequence: str) -> set[str]:
    return {item.text("ReferencedSOPInstanceUID", "") for item in file.items(sequence)} - {""}


def _regions_of_the_dose(
    regions: list[Region], doses: list[Tags], mapping: Mapping[str, str] | None
) -> tuple[list[Region], list[str]]:
    """Regions with contours and a name of their own in the dose's frame of reference, and notes."""
    frames = {dose.text("FrameOfReferenceUID", "") for dose in doses}
    if len(frames) > 1:
        raise ValueError("the doses lie in different frames of reference")
    frame = frames.pop()
    apart = "lies in another frame of reference than the dose"
    elsewhere = [
        apart if frame and region.frame_of_reference not in ("", frame) else ""
        for region in regions
    ]
    if all(elsewhere):
        raise ValueError(f"{regions[0].name} {apart}, as all structures do")
    wrong = [
        place or ("" if region.encloses else "has no closed contours")
        for region, place in zip(regions, elsewhere, strict=True)
    ]
    names = [region.name for region in regions]
    kept, notes = readable(list(zip(names, wrong, strict=True)), mapping)
    regions = [regions[place] for place in kept]
    if not (frame and all(region.frame_of_reference for region in regions)):
        notes.append(
            "a frame of reference is not stated, so it is not sure that dose and contours match"
        )
    return regions, notes


def _dose_of_regions(
    regions: list[Region],
    assigned: Mapping[str, str],
    needed: Collection[str],
    grid: DoseGrid | DoseSum,
    nodes: int,
) -> tuple[list[ImportedStructure], list[str]]:
    """Structures with their dose; one that is not needed may fail with a warning."""
    notes: list[str] = []
    drawn: dict[str, list[Plane]] = {}
    for region in regions:
        try:
            drawn[region.name] = region.planes()
            if not drawn[region.name]:
                raise ValueError(f"{region.name} has no closed contours")
        except ValueError as error:
            drawn.pop(region.name, None)
            _give_up_or_note(region.name, error, needed, notes)
    usual = usual_spacing([own_spacing(planes) for planes in drawn.values()])
    found = []
    for name, planes in drawn.items():
        try:
            spacing, remarks = _slice_distance(name, planes, usual)
            points, volume = sample(planes, spacing)
            if not volume.sum() > SMALLEST:
                raise ValueError(f"{name}: its contours enclose no volume")
            dose = grid.at(points)
            outside = points[np.isnan(dose)]
            cut = float(grid.at_nearest(outside).max()) if len(outside) else float("nan")
            structure = from_samples(name, assigned.get(name), dose, volume, nodes, cut)
        except ValueError as error:
            _give_up_or_note(name, error, needed, notes)
            continue
        found.append(structure)
        notes += remarks
        if crossed := sum(plane.crosses for plane in planes):
            notes.append(
                f"{name}: contours cross or all but coincide in {crossed} planes, and are united "
                "there"
            )
        if structure.missing > 0.0:
            notes.append(
                f"{name}: {structure.missing:.3g} cm3 lie outside the dose grid and are left out"
                + ("" if np.isfinite(structure.d003cc) else ": its D0.03cc is unknown")
            )
    return found, notes


def _give_up_or_note(
    name: str, error: ValueError, needed: Collection[str], notes: list[str]
) -> None:
    message = str(error) if str(error).startswith(name) else f"{name}: {error}"
    if name in needed:
        raise ValueError(message) from error
    notes.append(f"{message}; it is left out")


def _slice_distance(name: str, planes: list[Plane], usual: float | None) -> tuple[float, list[str]]:
    """Distance between a structure's planes [mm], by itself and by its structure set."""
    own = own_spacing(planes)
    z = [plane.z for plane in planes]

    def gaps(spacing: float) -> int:
        return sum(upper - lower > GAP * spacing for lower, upper in pairwise(z))

    if own is None and usual is None:
        raise ValueError(f"{name} is drawn in one plane, and no slice distance is known")
    if own is None or (usual is not None and (own > DENSE * usual or gaps(usual) < gaps(own))):
        own = usual
    assert own is not None
    notes = []
    if usual is not None and own > GAP * usual:
        notes.append(f"{name} is drawn every {own:.3g} mm, others every {usual:.3g} mm")
    if len(planes) == 1:
        notes.append(f"{name} is drawn in one plane: taken as {own:.3g} mm thick")
    if empty := gaps(own):
        notes.append(f"{name} has {empty} gaps between its planes, which are left empty")
    return own, notes
