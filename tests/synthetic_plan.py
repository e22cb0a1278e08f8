"""A small synthetic DICOM-RT spine plan with exact reference DVHs.

The dose depends on one oblique coordinate u alone, as a logistic edge, so an exchanged or mirrored
axis or a shifted grid changes every DVH. The structures are balls and cylinders, whose volume below
a given u is known in closed form up to one integral. Bytes are the same on every run.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

CT_SLICE = 2.0  # [mm]
DIRECTION = np.array([0.4, 0.9, 0.2]) / np.linalg.norm([0.4, 0.9, 0.2])
LOW, HIGH, EDGE, WIDTH = 8.0, 42.0, -17.0, 2.5  # [Gy], [Gy], [mm], [mm]
FRACTIONS, PRESCRIPTION = 5, 30.0
CORNERS = 48  # vertices of a circle
FRAME = "1.2.3.4.5"  # frame of reference
SOP = {
    "RTDOSE": "1.2.840.10008.5.1.4.1.1.481.2",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "RTPLAN": "1.2.840.10008.5.1.4.1.1.481.5",
}
HEAD_FIRST_SUPINE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
ORIENTATIONS = {
    "head first, supine": HEAD_FIRST_SUPINE,
    "head first, prone": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "head first, decubitus": (0.0, 1.0, 0.0, -1.0, 0.0, 0.0),
    "feet first, supine": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "feet first, prone": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "oblique": (0.8, 0.6, 0.0, -0.6, 0.8, 0.0),
}


def dose_at(points):
    """Course dose [Gy] at points (..., 3) [mm]."""
    return dose_of(points @ DIRECTION)


def dose_of(u):
    return LOW + (HIGH - LOW) / (1.0 + np.exp(-(u - EDGE) / WIDTH))


@dataclass(frozen=True)
class Cylinder:
    """Along z from -half_length to half_length [mm]."""

    x: float
    y: float
    radius: float
    half_length: float

    def volume(self):
        return np.pi * self.radius**2 * 2.0 * self.half_length

    def share_below(self, u):
        """Share of the volume with a coordinate below u."""
        across = np.hypot(*DIRECTION[:2])
        z = (np.arange(200) + 0.5) / 100.0 - 1.0
        center = DIRECTION[0] * self.x + DIRECTION[1] * self.y
        depth = u[:, None] - center - DIRECTION[2] * self.half_length * z
        t = np.clip(depth / (across * self.radius), -1.0, 1.0)
        return (0.5 + (t * np.sqrt(1.0 - t * t) + np.arcsin(t)) / np.pi).mean(axis=1)

    def circle(self, z):
        return (self.x, self.y, self.radius) if abs(z) < self.half_length else None


@dataclass(frozen=True)
class Ball:
    x: float
    y: float
    radius: float

    def volume(self):
        return 4.0 / 3.0 * np.pi * self.radius**3

    def share_below(self, u):
        t = np.clip((u - DIRECTION[0] * self.x - DIRECTION[1] * self.y) / self.radius, -1.0, 1.0)
        return (2.0 + 3.0 * t - t**3) / 4.0

    def circle(self, z):
        inside = self.radius**2 - z * z
        return (self.x, self.y, np.sqrt(inside)) if inside > 0.0 else None


@dataclass(frozen=True)
class Holed:
    """A body with a smaller one cut out of it."""

    outer: Cylinder
    hole: Cylinder

    def volume(self):
        return self.outer.volume() - self.hole.volume()

    def share_below(self, u):
        kept = self.outer.volume() * self.outer.share_below(u)
        return (kept - self.hole.volume() * self.hole.share_below(u)) / self.volume()


BODIES = {
    "GTV": Ball(0.0, 0.0, 14.0),
    "PTV_Eval": Holed(Cylinder(0.0, 0.0, 17.0, 20.0), Cylinder(0.0, -6.0, 6.0, 20.0)),
    "SpinalCord": Cylinder(0.0, -25.0, 4.0, 24.0),
    "SpinalCord_PRV02": Cylinder(0.0, -25.0, 6.0, 24.0),
    "ThecalSac": Cylinder(0.0, -24.0, 8.0, 24.0),
}


ORGANS = {"Esophagus": Cylinder(-18.0, -10.0, 9.0, 30.0)}  # that a test adds by `add_region`


def exact_dose(name, fraction):
    """Lowest dose [Gy] in the hottest fraction of a structure's volume."""
    above, u = _quantiles(name)
    return dose_of(np.interp(fraction, above, u))


@lru_cache
def _quantiles(name):
    u = np.linspace(-60.0, 40.0, 5001)
    above = 1.0 - (BODIES | ORGANS)[name].share_below(u)
    falls = np.concatenate([[True], np.diff(above) < 0.0])
    return above[falls][::-1], u[falls][::-1]


def exact_volume(name):
    """Volume [cm3]."""
    return (BODIES | ORGANS)[name].volume() / 1000.0


def circle(x, y, radius):
    """Polygon with the circle's area."""
    angle = 2.0 * np.pi * np.arange(CORNERS) / CORNERS
    radius = radius * np.sqrt(2.0 * np.pi / (CORNERS * np.sin(2.0 * np.pi / CORNERS)))
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def contours(name, keyhole=False):
    """Contours (n, 3) of a structure in every CT slice; a hole as its own contour or a keyhole."""
    body = (BODIES | ORGANS)[name]
    found = []
    for z in np.arange(-40.0 + CT_SLICE / 2, 40.0, CT_SLICE):
        outline = (body.outer if isinstance(body, Holed) else body).circle(z)
        if outline is None:
            continue
        rings = [circle(*outline)]
        if isinstance(body, Holed):
            hole = circle(*body.hole.circle(z))[::-1]
            if keyhole:
                ring = rings[0]
                rings = [np.concatenate([ring, ring[:1], hole, hole[:1]])]
            else:
                rings.append(hole)
        found += [np.column_stack([ring, np.full(len(ring), z)]) for ring in rings]
    return found


def synthetic_plan(
    *,
    orientation=HEAD_FIRST_SUPINE,
    spacing=(2.0, 1.5),
    frames=None,
    absolute_offsets=False,
    bits=32,
    summation="PLAN",
    factor=1.0,
    keyhole=False,
    size=(96.0, 96.0),
):
    """Datasets of the three files, by modality, for a test to change and `save` to write.

    Parameters
    ----------
    orientation
        Direction cosines of the dose grid.
    spacing
        Between rows and between columns [mm].
    frames
        Offsets of the frames from the patient's origin along the normal [mm], in stored order.
    factor
        Stored dose over course dose: 1 / fractions for one session.
    size
        Extent of rows and columns [mm].
    """
    frames = np.arange(-50.0, 51.0, 2.0) if frames is None else np.asarray(frames, dtype=float)
    dose = _file("RTDOSE")
    columns, rows = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(columns, rows)
    counts = [round(extent / step) + 1 for extent, step in zip(size, spacing, strict=True)]
    place = [step * (np.arange(n) - (n - 1) / 2) for n, step in zip(counts, spacing, strict=True)]
    points = (
        frames[:, None, None, None] * normal
        + place[0][None, :, None, None] * rows
        + place[1][None, None, :, None] * columns
        + np.array([0.0, -12.0, 0.0])
    )
    stored = factor * dose_at(points)
    scaling = stored.max() / (2**bits - 2)
    dose.ImagePositionPatient = [f"{value:.10g}" for value in points[0, 0, 0]]
    dose.ImageOrientationPatient = [f"{value:g}" for value in orientation]
    dose.PixelSpacing = [f"{step:g}" for step in spacing]
    offsets = frames * normal[2] if absolute_offsets else frames - frames[0]
    dose.GridFrameOffsetVector = [f"{offset:g}" for offset in offsets]
    dose.NumberOfFrames, dose.Rows, dose.Columns = points.shape[:3]
    dose.BitsAllocated = dose.BitsStored = bits
    dose.HighBit, dose.PixelRepresentation, dose.SamplesPerPixel = bits - 1, 0, 1
    dose.PhotometricInterpretation = "MONOCHROME2"
    dose.DoseUnits, dose.DoseType, dose.DoseSummationType = "GY", "PHYSICAL", summation
    dose.DoseGridScaling = f"{scaling:.10e}"
    dose.PixelData = np.round(stored / float(f"{scaling:.10e}")).astype(f"<u{bits // 8}").tobytes()
    dose["PixelData"].VR = "OW"
    dose.ReferencedRTPlanSequence = Sequence([_item(ReferencedSOPInstanceUID="1.2.3.3")])
    structures = _file("RTSTRUCT")
    structures.StructureSetROISequence = Sequence()
    structures.ROIContourSequence = Sequence()
    for name in BODIES:
        add_region(structures, name, contours(name, keyhole))
    plan = _file("RTPLAN")
    plan.DoseReferenceSequence = Sequence([prescribe(PRESCRIPTION)])
    beams = Sequence([_item(ReferencedBeamNumber=number) for number in (1, 2)])
    plan.FractionGroupSequence = Sequence(
        [_item(NumberOfFractionsPlanned=FRACTIONS, ReferencedBeamSequence=beams)]
    )
    return {"RTDOSE": dose, "RTSTRUCT": structures, "RTPLAN": plan}


def add_region(structures, name, outlines, kind="CLOSED_PLANAR"):
    """Append a region of interest with these contours (n, 3)."""
    number = len(structures.StructureSetROISequence) + 1
    structures.StructureSetROISequence.append(
        _item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=FRAME)
    )
    structures.ROIContourSequence.append(
        _item(
            ReferencedROINumber=number,
            ContourSequence=Sequence(
                _item(
                    ContourGeometricType=kind,
                    NumberOfContourPoints=len(outline),
                    ContourData=[f"{value:.6f}" for value in np.ravel(outline)],
                )
                for outline in outlines
            ),
        )
    )


def prescribe(dose, place="SITE"):
    return _item(
        DoseReferenceType="TARGET",
        DoseReferenceStructureType=place,
        TargetPrescriptionDose=f"{dose:g}",
    )


def for_beam(dose, number):
    """Make a dose the dose of one beam."""
    beams = Sequence([_item(ReferencedBeamNumber=number)])
    dose.ReferencedRTPlanSequence[0].ReferencedFractionGroupSequence = Sequence(
        [_item(ReferencedBeamSequence=beams)]
    )
    dose.DoseSummationType = "BEAM"
    return dose


def save(plan, folder):
    """Write the datasets as files; a list of datasets becomes as many files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for modality, datasets in plan.items():
        for i, dataset in enumerate(datasets if isinstance(datasets, list) else [datasets]):
            path = folder / f"{modality.lower()}{i}.dcm"
            dataset.save_as(path, enforce_file_format=True)
    return folder


def _file(modality):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = SOP[modality]
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = "1.2.3"
    dataset.file_meta.ImplementationVersionName = "SYNTHETIC"
    dataset.SOPClassUID = SOP[modality]
    dataset.SOPInstanceUID = f"1.2.3.{list(SOP).index(modality) + 1}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.Modality = modality
    dataset.PatientName, dataset.PatientID = "Secret^Patient", "SECRET-1"
    dataset.PatientBirthDate, dataset.StudyDate = "19440404", "20230303"
    dataset.FrameOfReferenceUID = FRAME
    return dataset


def _item(**values):
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


if __name__ == "__main__":
    import sys

    save(synthetic_plan(), Path(sys.argv[1]))
