"""RTSTRUCT: the regions of interest and their contours."""

from dataclasses import dataclass

import numpy as np

from radsim.planfiles.contours import Plane, planes_from_contours
from radsim.planfiles.tags import Tags

FILLED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True)
class Region:
    """A region of interest; its contours are read only when asked for."""

    name: str
    frame_of_reference: str
    item: Tags | None  # of the ROIContourSequence

    def planes(self) -> list[Plane]:
        """Contour planes, ascending in z; none if no area is drawn."""
        contours = []
        for contour in self.item.items("ContourSequence") if self.item else ():
            if contour.text("ContourGeometricType", FILLED[0]) not in FILLED:
                continue  # points and open lines enclose nothing
            numbers = contour.numbers("ContourData")
            if numbers.size % 3:
                raise ValueError(f"{self.name}: a contour of {numbers.size} coordinates")
            contours.append(numbers.reshape(-1, 3))
        try:
            return planes_from_contours([c for c in contours if len(c) > 2])
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from error


def read_regions(structures: Tags) -> list[Region]:
    """Read the regions of a structure set in its own order."""
    drawn = {
        item.whole("ReferencedROINumber"): item for item in structures.items("ROIContourSequence")
    }
    regions = [
        Region(
            roi.text("ROIName"),
            roi.text("ReferencedFrameOfReferenceUID", ""),
            drawn.get(roi.whole("ROINumber")),
        )
        for roi in structures.items("StructureSetROISequence")
    ]
    if not regions:
        raise ValueError(f"{structures.where}: the structure set names no structures")
    names = [region.name for region in regions]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"{structures.where}: {names.count(name)} structures are named {name!r}"
            )
    return regions


def usual_spacing(spacings: list[float | None]) -> float | None:
    """Slice distance of a structure set [mm]: the median over its structures."""
    known = [spacing for spacing in spacings if spacing is not None]
    return float(np.median(known)) if known else None
