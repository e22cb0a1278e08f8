"""RTDOSE: from a file's pixels to the course dose on a grid."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from radsim.planfiles.dicom.dose_grid import DoseGrid, DoseSum
from radsim.planfiles.dicom.rtplan import Course
from radsim.planfiles.dicom.tags import Tags

FractionDose = Literal["session", "course"]

OF_A_COURSE = ("PLAN", "MULTI_PLAN")  # summation types of a dose that is taken as it is
UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
BIG_ENDIAN = "1.2.840.10008.1.2.2"
LARGEST_GRID = 2**28  # [voxels] a guard against broken headers
PLACE = ("origin", "along_columns", "along_rows", "row_spacing", "column_spacing", "offsets")
PLACE_TOLERANCE = 0.01  # [mm]
REACHES_PRESCRIPTION = 0.9  # share of the prescription that a plan's maximum surely exceeds


def read_grid(file: Tags) -> DoseGrid:
    """Read one dose file as it is, whatever part of the course it stands for."""
    _require(file, "DoseUnits", "GY", "export the dose in Gy")
    _require(file, "DoseType", "PHYSICAL", "biologically weighted doses are not Gy")
    orientation = file.numbers("ImageOrientationPatient", 6)
    position = file.numbers("ImagePositionPatient", 3)
    spacing = file.numbers("PixelSpacing", 2)  # between rows (y) first, then columns (x)
    pixels = _pixels(file)
    normal = np.cross(orientation[:3], orientation[3:])
    offsets = _frame_offsets(file.numbers("GridFrameOffsetVector"), position, normal, file.where)
    try:
        return DoseGrid(
            dose=pixels * file.number("DoseGridScaling"),
            origin=position,
            along_columns=orientation[:3],
            along_rows=orientation[3:],
            row_spacing=float(spacing[0]),
            column_spacing=float(spacing[1]),
            offsets=offsets,
        )
    except ValueError as error:
        raise ValueError(f"{file.where}: {error}") from error


def course_dose(
    files: list[Tags],
    course: Course,
    *,
    prescription: float | None,
    fractions: int | None,
    fraction_dose: FractionDose | None,
) -> tuple[DoseGrid | DoseSum, list[str]]:
    """Dose of the whole course, and warnings, from all dose files of one plan.

    A PLAN dose, or a MULTI_PLAN dose, is taken as it is; several of them are added. A
    FRACTION dose is one session's in many systems, but by the present standard it is that of a
    whole fraction group; the prescription decides, or `fraction_dose`. BEAM doses are added, once
    it is sure that none is missing.
    """
    kinds = [file.text("DoseSummationType").upper() for file in files]
    plans = [file for file, kind in zip(files, kinds, strict=True) if kind in OF_A_COURSE]
    if plans:
        extra = len(files) - len(plans)
        warnings = [f"{extra} more dose files besides the plan's are not used"] if extra else []
        if len(plans) == 1:
            return read_grid(plans[0]), warnings
        added = f"the doses of {len(plans)} plans were added"
        return DoseSum(tuple(read_grid(file) for file in plans)), [added, *warnings]
    if set(kinds) == {"BEAM"}:
        return _sum_of_beams(files, course)
    if len(files) == 1 and kinds[0] in ("FRACTION", "FRACTION_SESSION"):
        if kinds[0] == "FRACTION_SESSION":
            fraction_dose = "session"
        levels = course.levels if prescription is None else (*course.levels, prescription)
        return _times_fractions(files[0], levels, fractions, fraction_dose)
    raise ValueError(
        f"doses of {', '.join(sorted(set(kinds)))} in {len(files)} files do not make up a course: "
        "export the plan's dose"
    )


def _times_fractions(
    file: Tags,
    levels: Sequence[float],
    fractions: int | None,
    fraction_dose: FractionDose | None,
) -> tuple[DoseGrid, list[str]]:
    if fractions is None:
        raise ValueError(
            f"{file.where}: a FRACTION dose needs the number of fractions, from an RTPLAN or "
            "given by hand"
        )
    grid = read_grid(file)
    if fractions == 1:
        return grid, []
    reading = fraction_dose or _reading(grid, levels, fractions)
    if reading is None:
        raise ValueError(
            f"{file.where}: cannot tell whether this FRACTION dose is one session's or the "
            "course's: say fraction_dose='session' or 'course'"
            + ("" if levels else ", or give the prescription")
        )
    if reading == "course":
        return grid, ["the FRACTION dose is taken as the course's"]
    return _scaled(grid, grid.dose * fractions), [
        f"the FRACTION dose is taken as one session's and multiplied by {fractions} fractions"
    ]


def _reading(grid: DoseGrid, levels: Sequence[float], fractions: int) -> FractionDose | None:
    """Which reading agrees with the highest prescribed level, if just one does."""
    if not levels:
        return None
    maximum = float(grid.dose.max()) / max(levels)
    as_course = REACHES_PRESCRIPTION <= maximum <= 2.0
    as_session = REACHES_PRESCRIPTION <= maximum * fractions <= 2.0
    if as_course == as_session:
        return None
    return "course" if as_course else "session"


def _sum_of_beams(files: list[Tags], course: Course) -> tuple[DoseGrid, list[str]]:
    numbers = [number for file in files for number in _beams_of(file)]
    if not course.beams:
        raise ValueError("BEAM doses need the RTPLAN that lists the beams, to know none is missing")
    if sorted(numbers) != sorted(course.beams):
        raise ValueError(
            f"the plan has beams {sorted(course.beams)}, but the doses are of {sorted(numbers)}"
        )
    grids = [read_grid(file) for file in files]
    total = grids[0]
    for file, grid in zip(files[1:], grids[1:], strict=True):
        if not _same_place(grid, total):
            raise ValueError(f"{file.where}: the beams' dose grids differ")
        total = _scaled(total, total.dose + grid.dose)
    return total, [f"the doses of {len(files)} beams were added, each taken as the course's"]


def _beams_of(file: Tags) -> list[int]:
    return [
        beam.whole("ReferencedBeamNumber")
        for plan in file.items("ReferencedRTPlanSequence")
        for group in plan.items("ReferencedFractionGroupSequence")
        for beam in group.items("ReferencedBeamSequence")
    ]


def _scaled(grid: DoseGrid, dose: np.ndarray) -> DoseGrid:
    return DoseGrid(
        dose=dose,
        origin=grid.origin,
        along_columns=grid.along_columns,
        along_rows=grid.along_rows,
        row_spacing=grid.row_spacing,
        column_spacing=grid.column_spacing,
        offsets=grid.offsets,
    )


def _same_place(one: DoseGrid, other: DoseGrid) -> bool:
    return one.dose.shape == other.dose.shape and all(
        np.allclose(getattr(one, name), getattr(other, name), atol=PLACE_TOLERANCE)
        for name in PLACE
    )


def _frame_offsets(
    stored: np.ndarray, position: np.ndarray, normal: np.ndarray, where: str
) -> np.ndarray:
    """Offsets along the normal from the first frame [mm].

    The stored vector begins at 0 and is relative, or begins at the z of the first frame and holds
    z itself, which is possible only for transverse frames.
    """
    if abs(stored[0]) < PLACE_TOLERANCE:
        return stored - stored[0]
    if abs(stored[0] - position[2]) < PLACE_TOLERANCE and abs(abs(normal[2]) - 1.0) < 1e-3:
        return (stored - stored[0]) * np.sign(normal[2])
    raise ValueError(
        f"{where}: GridFrameOffsetVector begins at {stored[0]:g}, neither 0 nor the z of the grid"
    )


def _pixels(file: Tags) -> np.ndarray:
    """Read the stored values, shape (frames, rows, columns)."""
    shape = (file.whole("NumberOfFrames", 1), file.whole("Rows"), file.whole("Columns"))
    bits = file.whole("BitsAllocated")
    if min(shape) < 1 or math.prod(shape) > LARGEST_GRID:
        raise ValueError(f"{file.where}: impossible dose grid of {shape} frames, rows, columns")
    if bits not in (16, 32) or file.whole("BitsStored", bits) != bits:
        raise ValueError(f"{file.where}: pixels must have 16 or 32 bits, all in use")
    if file.whole("SamplesPerPixel", 1) != 1:
        raise ValueError(f"{file.where}: a dose has one sample a pixel")
    signed = file.whole("PixelRepresentation", 0)
    syntax = str(getattr(file.dataset.file_meta, "TransferSyntaxUID", UNCOMPRESSED[0]))
    if syntax not in UNCOMPRESSED:
        return _decompressed(file, shape)
    try:
        stored = file.dataset["PixelData"].value
    except Exception as error:
        raise ValueError(f"{file.where}: PixelData is missing or cannot be read") from error
    length = math.prod(shape) * bits // 8
    if not isinstance(stored, bytes) or len(stored) < length:
        raise ValueError(f"{file.where}: the pixel data are cut short")
    order = ">" if syntax == BIG_ENDIAN else "<"
    kind = f"{order}{'i' if signed else 'u'}{bits // 8}"
    return np.frombuffer(stored[:length], dtype=kind).reshape(shape).astype(float)


def _decompressed(file: Tags, shape: tuple[int, ...]) -> np.ndarray:
    try:
        pixels = np.asarray(file.dataset.pixel_array, dtype=float)
    except Exception as error:  # a missing codec or broken data, each with its own exception
        raise ValueError(
            f"{file.where}: the pixel data are compressed and cannot be read: "
            "export them uncompressed"
        ) from error
    if pixels.size != math.prod(shape):
        raise ValueError(f"{file.where}: the pixel data do not fill the dose grid")
    return pixels.reshape(shape)


def _require(file: Tags, keyword: str, wanted: str, reason: str) -> None:
    got = file.text(keyword)
    if got.upper() != wanted:
        raise ValueError(f"{file.where}: {keyword} must be {wanted}, got {got[:20]}: {reason}")
