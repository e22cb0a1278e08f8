"""What can still be checked of a file in which some sections can't be read."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from radsim.experiment.designs.keys import lies_in
from radsim.experiment.designs.tables import DESIGN_SECTIONS
from radsim.experiment.filling_presets import fill_preset
from radsim.experiment.model import FEWEST_PATIENTS, Experiment

BY_NAME = ("arms", "ntcp", "eligibility")  # sections of which one table may be left out
STAND_INS = {  # of what a file must have
    "name": "unnamed",
    "seed": 0,
    "patients": FEWEST_PATIENTS,
    "cohort": {},
}
ASKING = ("compare", "trial", "predictive", "precision")  # about arms and endpoints
ASKED = ("arms", "tcp", "ntcp", "survival")


class Remainder:
    """An experiment without the sections that can't be read.

    Attributes
    ----------
    experiment
        None where too little is left.
    lacking
        Keys of the sections that are left out.
    """

    def __init__(self, full: Mapping[str, Any], error: ValidationError) -> None:
        places = (detail["loc"] for detail in error.errors())
        self.lacking = list(dict.fromkeys(_section(place) for place in places if place))
        rest = dict(full)
        for key in self.lacking:
            section, _, name = key.partition(".")
            if name:
                rest[section] = {n: table for n, table in rest[section].items() if n != name}
            else:
                rest.pop(section, None)
        stand_ins = {**STAND_INS, "dose": fill_preset("dose", {"preset": "distance"})}
        rest.update({key: stand_ins[key] for key in self.lacking if key in stand_ins})
        self.experiment: Experiment | None = None
        with suppress(ValidationError):  # no arm is left, for example
            self.experiment = Experiment.model_validate(rest)


def sure(lines: Iterable[str], lacking: Collection[str]) -> list[str]:
    """Leave out lines that may only follow from sections that could not be read.

    Examples
    --------
    >>> sure(["report.by[0]: no cohort variable 'bilsky'", "seed: must be above 0"], ["cohort"])
    ['seed: must be above 0']
    """
    return [line for line in lines if not _may_follow(line, lacking)]


def _may_follow(line: str, lacking: Collection[str]) -> bool:
    key = line.partition(": ")[0].replace("[", ".[")
    section, _, varied = key.partition(".")
    lacks_asked = any(lies_in(other, asked) for other in lacking for asked in ASKED)
    return (
        any(lies_in(key, other) or lies_in(other, key) for other in lacking)
        or ("cohort" in lacking and section in ("report", "eligibility"))
        or (section == "report" and any(lies_in(other, "arms") for other in lacking))
        or (lacks_asked and (section in (*ASKING, "dose") or key.endswith(".part_of")))
        or (section in DESIGN_SECTIONS and any(other in line for other in lacking))
        or (section in DESIGN_SECTIONS and varied.split(".")[0] in lacking)
        or (lacks_asked and key in ("tcp", "survival"))
    )


def _section(place: tuple[int | str, ...]) -> str:
    """Key of the section where a mistake is."""
    by_name = place[0] in BY_NAME and len(place) > 1
    return ".".join(map(str, place[: 2 if by_name else 1]))
