"""One door for all plans: a folder of DICOM files, an Eclipse text or a CSV."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from radsim.planfiles.assembly import NODES
from radsim.planfiles.dicom import read_dicom
from radsim.planfiles.dicom_files import is_dicom
from radsim.planfiles.eclipse import read_eclipse
from radsim.planfiles.eclipse_text import is_eclipse
from radsim.planfiles.imported import ImportedPlan
from radsim.planfiles.questions import answered
from radsim.planfiles.rtdose import FractionDose
from radsim.planfiles.table import is_table, read_table
from radsim.planfiles.text import read_text

TEXTS: tuple[tuple[Callable[[str], bool], Callable[..., ImportedPlan]], ...] = (
    (is_eclipse, read_eclipse),
    (is_table, read_table),
)  # formats: what recognizes one, what reads it


def read_plan(
    path: Path | str,
    *,
    mapping: Mapping[str, str] | None = None,
    fractions: int | None = None,
    prescription: float | None = None,
    fraction_dose: FractionDose | None = None,
    known_only: bool = False,
    confirmed: bool = False,
    nodes: int = NODES,
) -> ImportedPlan:
    """Read one plan; names of patients, numbers, dates and identifiers are left behind.

    Parameters
    ----------
    path
        A folder of DICOM files (or one of them), a text DVH of Eclipse, or a CSV.
    mapping
        Plan name to structure, for names that do not follow TG-263: {"Cord": "spinal_cord"}.
    fractions, prescription
        For the course, [Gy], where the file does not say; an error where it says otherwise.
    fraction_dose
        Whether a DICOM dose of type FRACTION is one `session` or the `course`, where the
        prescription cannot tell.
    known_only
        Leave out what is none of radsim's structures; faster.
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
        known_only=known_only,
        nodes=nodes,
    )
    return answered(plan, path.name, confirmed)


def read_unasked(
    path: Path, *, fraction_dose: FractionDose | None = None, **how: Any
) -> ImportedPlan:
    """Read one plan with its questions open; see `read_plan` for the arguments."""
    try:
        if not path.exists():
            raise ValueError(f"{path} does not exist")
        folder = path if path.is_dir() else path.parent
        if path.is_dir() or (path.is_file() and is_dicom(path)):
            return read_dicom(folder, fraction_dose=fraction_dose, **how)
        if not path.is_file():
            raise ValueError(f"{path} is no file")
        text = read_text(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    read = next((read for recognizes, read in TEXTS if recognizes(text)), None)
    if read is None:
        raise ValueError(f"{path.name} is no DICOM, no Eclipse DVH and no CSV of DVHs")
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
