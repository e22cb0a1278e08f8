"""RTSTRUCT: the regions of interest and their contours."""

from dataclasses import dataclass

import numpy as np

from radsim.planfiles.dicom.contours import Plane, planes_from_contours
from radsim.planfiles.dicom.tags import Tags

XOR = "CLOSEDPLANAR_XOR"  # all contours of a plane combined by the even-odd rule
FILLED = ("CLOSED_PLANAR", XOR)
EMPTY = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")  # these enclose nothing


@dataclass(frozen=True)
class Region:
    """A region of interest; its contours are read only when asked for."""

    name: str
    frame_of_reference: str
    item: Tags | None  # of the ROIContourSequence

    @property
    def encloses(self) -> bool:
        """Whether anything is drawn that can enclose a volume."""
        contours = self.item.items("ContourSequence") if self.item else ()
        return any(contour.text("ContourGeometricType", "") not in EMPTY for contour in contours)

    def planes(self) -> list[Plane]:
        """Contour planes, ascending in z; none if no area is drawn."""
        contours, kinds = [], set()
        for contour in self.item.items("ContourSequence") if self.item else ():
            kind = contour.text("ContourGeometricType")
            if kind in EMPTY:
                continue
            if kind not in FILLED:
                raise ValueError(f"{self.name}: unknown kind of contour {kind[:20]!r}")
            numbers = contour.numbers("ContourData")
            if numbers.size != 3 * contour.whole("NumberOfContourPoints", numbers.size // 3):
                raise ValueError(f"{self.name}: a contour has more or fewer points than it says")
            contours.append(numbers.reshape(-1, 3))
            kinds.add(kind)
        try:
            return planes_from_contours([c for c in contours if len(c) > 2], XOR not in kinds)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error


def read_regions(structures: Tags) -> list[Region]:
    """Read the regions of a structure set in its own order."""
    named = _by_number(structures, "StructureSetROISequence", "ROINumber")
    drawn = _by_number(structures, "ROIContourSequence", "ReferencedROINumber")
    if not named:
        raise ValueError(f"{structures.where}: the structure set names no structures")
    return [
        Region(
            roi.text("ROIName", ""),
            roi.text("ReferencedFrameOfReferenceUID", ""),
            drawn.get(number),
        )
        for number, roi in named.items()
    ]


def _by_number(structures: Tags, sequence: str, keyword: str) -> dict[int, Tags]:
    items = list(structures.items(sequence))
    found = {item.whole(keyword): item for item in items}
    if len(found) < len(items):
        raise ValueError(f"{structures.where}: two items of {sequence} have the same number")
    return found


def usual_spacing(spacings: list[float | None]) -> float | None:
    """Slice distance of a structure set [mm]: the median over its structures."""
    known = [spacing for spacing in spacings if spacing is not None]
    return float(np.median(known)) if known else None
