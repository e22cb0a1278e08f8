"""DICOM files of a folder: the only module that imports pydicom (the extra `radsim[dicom]`)."""

import re
import warnings
import zlib
from io import BytesIO
from pathlib import Path

from radsim.planfiles.dicom.tags import Tags
from radsim.vocabulary.files import contents

MARK = slice(128, 132)  # where a DICOM file says DICM
BARE_STARTS = (b"\x02\x00", b"\x08\x00")  # first group of a file written without that mark
HEADER = 2048  # [bytes] enough to hold the kind of object and the name of the encoding
KIND = re.compile(rb"\x02\x00\x02\x00UI..([0-9.]+)", re.DOTALL)
DOSE = b"1.2.840.10008.5.1.4.1.1.481.2"
KINDS = (  # of objects that a plan is read from: dose, structure set, plan, ion plan
    DOSE,
    b"1.2.840.10008.5.1.4.1.1.481.3",
    b"1.2.840.10008.5.1.4.1.1.481.5",
    b"1.2.840.10008.5.1.4.1.1.481.8",
)
DEFLATED, PLAIN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1"
HEADING_LENGTH = slice(140, 144)  # the value of the first element, if it is what it should be
FIRST_ELEMENT = b"\x02\x00\x00\x00UL\x04\x00"
LARGEST = 2**29  # [bytes] that a deflated file may unpack to; a few bytes can hold any size


def is_dicom(path: Path) -> bool:
    """Whether a file begins like a DICOM file."""
    with path.open("rb") as file:
        start = file.read(MARK.stop)
    return start[MARK] == b"DICM" or (len(start) == MARK.stop and start[:2] in BARE_STARTS)


def plan_files(folder: Path) -> list[Path]:
    """DICOM files of a folder but those that say that they are no part of a plan."""
    return [path for path, kind in _kinds(folder).items() if kind in (b"", *KINDS)]


def holds_dose(folder: Path) -> bool:
    """Whether a folder holds an RTDOSE, and so a plan; or DICOM files that may be one, alone."""
    kinds = _kinds(folder)
    if DOSE in kinds.values():
        return True
    return b"" in kinds.values() and len(kinds) == len(list(folder.iterdir()))


def open_folder(folder: Path) -> tuple[dict[str, list[Tags]], list[str]]:
    """Open the RTDOSE, RTSTRUCT and RTPLAN files of a folder, by modality, with notes on others.

    What says that it is something else, such as an image, is not opened.
    """
    files: dict[str, list[Tags]] = {"RTDOSE": [], "RTSTRUCT": [], "RTPLAN": []}
    kinds = _kinds(folder)
    if not kinds:
        raise ValueError(f"no DICOM files in {folder}")
    unread = []
    for path, kind in kinds.items():
        if kind not in (b"", *KINDS):
            continue
        try:
            tags = open_file(path)
            modality = tags.text("Modality", "")
        except ValueError as error:
            if kind:
                raise
            unread.append(error)
            continue
        if modality in files:
            files[modality].append(tags)
    if unread and not (files["RTDOSE"] and files["RTSTRUCT"]):
        raise unread[0]
    return files, [f"{error}; it is left out" for error in unread]


def _kinds(folder: Path) -> dict[Path, bytes]:
    """What each DICOM file of a folder says that it is; empty where it does not say."""
    kinds = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and is_dicom(path):
            with path.open("rb") as file:
                kind = KIND.search(file.read(HEADER))
            kinds[path] = b"" if kind is None else kind[1]
    return kinds


def open_file(path: Path) -> Tags:
    """Open one DICOM file."""
    try:
        import pydicom
    except ImportError as error:
        raise ImportError(
            "reading DICOM needs pydicom: install it with pip install 'radsim[dicom]'"
        ) from error
    stored = contents(path)
    if DEFLATED in stored[:HEADER]:
        stored = _inflated(path.name, stored)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on values that nobody reads here
            # from memory, where an element that claims gigabytes gets no more than there is
            dataset = pydicom.dcmread(BytesIO(stored), force=True)
    except Exception as error:  # whatever a parser meets in a broken file
        raise ValueError(f"{path.name} cannot be read as DICOM: cut short or broken") from error
    return Tags(path.name, dataset)


def _inflated(name: str, stored: bytes) -> bytes:
    """Return a deflated file as it was before; only its heading is never deflated."""
    heading = HEADING_LENGTH.stop + int.from_bytes(stored[HEADING_LENGTH], "little")
    broken = f"{name} is deflated DICOM and cannot be unpacked: export it uncompressed"
    if stored[MARK.stop : HEADING_LENGTH.start] != FIRST_ELEMENT:
        raise ValueError(broken)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = inflate.decompress(stored[heading:], LARGEST)
    except zlib.error as error:
        raise ValueError(broken) from error
    if not inflate.eof:
        too_large = f"{name} is deflated DICOM of more than {LARGEST >> 20} MB"
        raise ValueError(too_large if len(body) == LARGEST else broken)
    plain = PLAIN.ljust(len(DEFLATED), b"\0")
    return stored[:heading].replace(DEFLATED, plain) + body
