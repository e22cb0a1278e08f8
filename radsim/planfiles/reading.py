"""One door for all plans: a folder of DICOM files, or a text of DVHs of any layout."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from radsim.planfiles.assembly import NODES
from radsim.planfiles.dicom.files import is_dicom
from radsim.planfiles.dicom.plan import read_dicom
from radsim.planfiles.dicom.rtdose import FractionDose
from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.questions import answered
from radsim.planfiles.texts.eclipse import read_eclipse
from radsim.planfiles.texts.eclipse_text import is_eclipse
from radsim.planfiles.texts.monaco import is_monaco, read_monaco
from radsim.planfiles.texts.pinnacle import is_pinnacle, read_pinnacle
from radsim.planfiles.texts.raystation import is_raystation, read_raystation
from radsim.planfiles.texts.table import is_table, read_table
from radsim.planfiles.texts.text import read_text
from radsim.planfiles.texts.wide import is_wide, read_wide

TEXTS: tuple[tuple[Callable[[str], bool], Callable[..., ImportedPlan]], ...] = (
    (is_eclipse, read_eclipse),
    (is_raystation, read_raystation),
    (is_monaco, read_monaco),
    (is_table, read_table),
    (is_wide, read_wide),
)  # formats: what recognizes one, what reads it

SIGNS = {
    "doses in Gy": re.compile(r"\bc?gy\b", re.IGNORECASE),
    "volumes in cm3": re.compile(r"\bc(?:m3|cm?)\b|cm³", re.IGNORECASE),
    "words of a known layout": re.compile(r"structure|struktur|roi ?name|dvh", re.IGNORECASE),
}


def read_plan(
    path: Path | str,
    *,
    mapping: Mapping[str, str] | None = None,
    fractions: int | None = None,
    prescription: float | None = None,
    fraction_dose: FractionDose | None = None,
    add_doses: bool = False,
    only: Collection[str] = (),
    confirmed: bool = False,
    nodes: int = NODES,
) -> ImportedPlan:
    """Read one plan; names of patients, numbers, dates and identifiers are left behind.

    Parameters
    ----------
    path
        A folder of DICOM files (or one of them), a text DVH of Eclipse, or a CSV.
    mapping
        Plan name to structure, where the name says something else: {"Cord": "spinal_cord"}.
    fractions, prescription
        For the course, [Gy], where the file does not say; an error where it says otherwise.
    fraction_dose
        Whether a DICOM dose of type FRACTION is one `session` or the `course`, where the
        prescription cannot tell.
    add_doses
        Whether the doses of several plans in one folder of DICOM files are added, as of a boost.
    only
        radsim's names of the structures to read, which is faster; without any, all are read.
    confirmed
        Whether doses that do not fit the prescription and the fractions are meant; what was asked
        becomes a warning.
    nodes
        Number of volume nodes, see `radsim.radiobiology.dvh.volume_nodes`.

    Raises
    ------
    Questioned
        For a plan whose doses can hardly be meant, unless it is confirmed.
    ValueError
        In one line, for anything that cannot be read or would give a wrong number.
    ImportError
        For DICOM without pydicom, the extra `radsim[dicom]`.
    """
    path = Path(path)
    plan = read_unasked(
        path,
        mapping=mapping,
        fractions=fractions,
        prescription=prescription,
        fraction_dose=fraction_dose,
        add_doses=add_doses,
        only=only,
        nodes=nodes,
    )
    return answered(plan, path.name, confirmed)


def read_unasked(
    path: Path,
    *,
    fraction_dose: FractionDose | None = None,
    add_doses: bool = False,
    prescription: float | None = None,
    **how: Any,
) -> ImportedPlan:
    """Read one plan with its questions open; see `read_plan` for the arguments."""
    if prescription is not None and not prescription > 0.0:
        raise ValueError(f"prescription must be above 0 Gy, got {prescription:g}")
    how["prescription"] = prescription
    try:
        if not path.exists():
            raise ValueError(f"{path} does not exist")
        if path.is_dir() and is_pinnacle(path):
            return read_pinnacle(path, **how)
        folder = path if path.is_dir() else path.parent
        if path.is_dir() or (path.is_file() and is_dicom(path)):
            return read_dicom(folder, fraction_dose=fraction_dose, add_doses=add_doses, **how)
        text = read_text(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    read = next((read for recognizes, read in TEXTS if recognizes(text)), None)
    if read is None:
        raise ValueError(f"{path.name} is no DICOM and no text of DVHs: {recognized(text)}")
    try:
        return read(text, **how)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def is_plan_text(path: Path) -> bool:
    """Whether a file is a text of DVHs."""
    try:
        text = read_text(path)
    except (OSError, ValueError):
        return False
    return any(recognizes(text) for recognizes, _ in TEXTS)


def recognized(text: str) -> str:
    """Say what of a DVH there is in a text of an unknown layout.

    Examples
    --------
    >>> recognized("roi;d;v;GTV;1 Gy;2")
    'there are doses in Gy, but no volumes in cm3 and no words of a known layout'
    """
    start = text[:10_000]
    there = [what for what, pattern in SIGNS.items() if pattern.search(start)]
    absent = [what for what in SIGNS if what not in there]
    if not there:
        return "nothing of a DVH was recognized"
    lacking = f", but no {' and no '.join(absent)}" if absent else ", but in no known order"
    return f"there are {', '.join(there)}{lacking}"
