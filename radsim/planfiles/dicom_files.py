"""DICOM files of a folder: the only module that imports pydicom (the extra `radsim[dicom]`)."""

import warnings
from io import BytesIO
from pathlib import Path

from radsim.planfiles.tags import Tags

MARK = slice(128, 132)  # where a DICOM file says DICM
BARE_STARTS = (b"\x02\x00", b"\x08\x00")  # first group of a file written without that mark
DEFLATED = b"1.2.840.10008.1.2.1.99"  # a few bytes of it may unpack to any size
HEADER = 2048  # [bytes] enough to hold the name of the encoding


def is_dicom(path: Path) -> bool:
    """Whether a file begins like a DICOM file."""
    with path.open("rb") as file:
        start = file.read(MARK.stop)
    return start[MARK] == b"DICM" or (len(start) == MARK.stop and start[:2] in BARE_STARTS)


def open_folder(folder: Path) -> dict[str, list[Tags]]:
    """Open the RTDOSE, RTSTRUCT and RTPLAN files of a folder, by modality."""
    files: dict[str, list[Tags]] = {"RTDOSE": [], "RTSTRUCT": [], "RTPLAN": []}
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and is_dicom(path)]
    if not paths:
        raise ValueError(f"no DICOM files in {folder}")
    for path in paths:
        tags = open_file(path)
        modality = tags.text("Modality", "")
        if modality in files:
            files[modality].append(tags)
    return files


def open_file(path: Path) -> Tags:
    """Open one DICOM file."""
    try:
        import pydicom
    except ImportError as error:
        raise ImportError(
            "reading DICOM needs pydicom: install it with pip install 'radsim[dicom]'"
        ) from error
    contents = path.read_bytes()
    if DEFLATED in contents[:HEADER]:
        raise ValueError(f"{path.name} is deflated DICOM: export it uncompressed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on values that nobody reads here
            # from memory, where an element that claims gigabytes gets no more than there is
            dataset = pydicom.dcmread(BytesIO(contents), force=True)
    except Exception as error:  # whatever a parser meets in a broken file
        raise ValueError(f"{path.name} cannot be read as DICOM: cut short or broken") from error
    return Tags(path.name, dataset)
