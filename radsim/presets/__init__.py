"""Published parameter sets: data files, each with its source, its range and a flag.

A preset is a TOML file in the folder of its family, for example ``tcp/hytec-spine-2021.toml``.
Every parameter carries a value, units, a meaning, and a flag that says how far its source was
checked:

- ``verified``: read in the source (or in a page that states it);
- ``recalled``: known, but the source's text was not at hand, so provisional;
- ``derived``: computed from other published figures; the note says how;
- ``assumption``: nobody has published it; the uncertainty says how wide the guess is.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path, PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radsim.vocabulary.files import tables_of
from radsim.vocabulary.mistakes import validated
from radsim.vocabulary.numbers import Truth
from radsim.vocabulary.texts import unprintable
from radsim.vocabulary.words import nearest

PRESET_FILE = ".toml"  # what tells a file of one's own from a preset's name
Flag = Literal["verified", "recalled", "derived", "assumption"]


class _Stated(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Stated):
    """Where figures come from."""

    authors: str
    title: str = ""
    journal: str
    year: int | None = None
    doi: str = ""
    flag: Flag = "verified"
    note: str = ""

    def __str__(self) -> str:
        doi = f", doi {self.doi}" if self.doi else ""
        return f"{self.authors} ({self.year or 'undated'}), {self.journal}{doi}"


class PresetParameter(_Stated):
    """One figure of a preset: ``value`` is a number, a name, a list or a distribution."""

    value: Any
    units: str
    meaning: str
    flag: Flag
    source: str = ""  # its key; empty for an assumption
    uncertainty: list[float] | dict[str, Any] | None = None  # 95 % interval, or a distribution
    note: str = ""


class Anchor(_Stated):
    """An outcome of one schedule, which a preset was fitted to."""

    dose: float = Field(gt=0)  # prescribed [Gy]
    fractions: int = Field(gt=0)
    regimen: str = ""  # preset of its plans
    probability: float = Field(gt=0, lt=1)
    missed: float = 0.0  # by a calibration: its mean less that [percentage points]
    flag: Flag


class Reirradiated(_Stated):
    """Plans of a course after an earlier one, in which the ratio of hazards is solved for."""

    regimen: str
    cohort: str  # preset of the patients
    months: float  # after which control was published
    fractions: int
    doses: tuple[tuple[float, ...], ...]  # by what the model reads, one for each patient [Gy]


class Calibration(_Stated):
    """What a curve was calibrated through: whose plans, by what dose model, read where."""

    curve: str  # preset whose values the anchors have
    anchors: tuple[Anchor, ...]
    reads: str  # the dose metric, in words
    cohort: str  # preset of the patients
    dose: str  # preset of the dose model
    changed: dict[str, Any] = {}  # parameters that were others than those of ``distance``
    beyond: float = 0.0  # weight of the target beyond the GTV
    factors: tuple[tuple[float, ...], ...] = ()  # of each parameter of the curve, after a weight
    reirradiated: Reirradiated | None = None
    seed: int
    patients: int


class Preset(_Stated):
    """One published parameter set."""

    family: str
    name: str
    title: str
    kind: str = ""  # the model that the parameters belong to
    endpoint: str = ""  # that the model is of
    words: str = ""  # an endpoint of its own, in a sentence
    short: str = ""  # the same on an axis; the words unless given
    good: Truth = False  # whether the event is good for patients
    among: str = ""  # cohort variable above 0 in those whom it concerns; everyone unless given
    part_of: str = ""  # endpoint to some of whose people it comes
    caution: str = ""  # what is said wherever it is used
    bound: Literal["", "lower", "upper"] = ""  # what its number is, told wherever that is
    flag: Flag
    note: str = ""
    range: str  # what the parameters were fitted on, in words
    sources: dict[str, Source]
    parameters: dict[str, PresetParameter]
    correlations: list[dict[str, Any]] = []
    anchors: list[Anchor] = []
    calibration: Calibration | None = None
    series: str = ""  # preset of the series that parameters of fracture were solved for

    @model_validator(mode="after")
    def _sources_exist(self) -> "Preset":
        for name, parameter in self.parameters.items():
            where, source = f"parameters.{name}", parameter.source
            if source and source not in self.sources:
                raise ValueError(f"{where}.source: {nearest(source, self.sources)}")
            if not source and parameter.flag != "assumption":
                raise ValueError(f"{where}: flag {parameter.flag} needs a source")
            if not source and parameter.uncertainty is None and parameter.note == "":
                raise ValueError(f"{where}: an assumption needs a spread, or a note why not")
        return self

    def settings(self) -> dict[str, Any]:
        """Return the parameters' values by name, with kind and calibration where there are such."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
        if self.calibration is not None:
            values["calibration"] = self.calibration.model_dump(mode="json")
        return {"kind": self.kind, **values} if self.kind else values


def preset_names(family: str) -> list[str]:
    """List the presets of a family, sorted.

    Examples
    --------
    >>> "hytec-spine-2021" in preset_names("tcp")
    True
    """
    folder = resources.files(__name__) / family
    if not folder.is_dir():
        return []
    files = [PurePath(file.name) for file in folder.iterdir()]
    return sorted(file.stem for file in files if file.suffix == PRESET_FILE)


def presets_of(endpoint: str) -> list[str]:
    """List the presets of a complication, sorted.

    Examples
    --------
    >>> presets_of("vcf")[:2]
    ['vcf-2013', 'vcf-default']
    """
    return [name for name in preset_names("ntcp") if load_preset("ntcp", name).endpoint == endpoint]


def preset_families() -> list[str]:
    """List the families that have presets, sorted."""
    return sorted(
        entry.name
        for entry in resources.files(__name__).iterdir()
        if entry.is_dir() and preset_names(entry.name)
    )


def read_preset(family: str, path: Path | str) -> Preset:
    """Read a preset from a file of one's own; a ValueError has a line for each mistake."""
    path = Path(path)
    raw = tables_of(path)
    if hidden := list(unprintable(raw)):
        raise ValueError("\n".join(f"{path.name}: {line}" for line in hidden))
    data = {"family": family, "name": path.stem, **raw}
    preset: Preset = validated(Preset, data, f"{path.name}: ")
    return preset


@cache
def load_preset(family: str, name: str) -> Preset:
    """Read a preset that radsim ships; a ValueError lists those there are."""
    names = preset_names(family)
    if name not in names:
        raise ValueError(f"no {family} preset {name!r}; there are: {', '.join(names)}")
    text = (resources.files(__name__) / family / f"{name}.toml").read_text(encoding="utf-8")
    return Preset.model_validate({"family": family, "name": name, **tomllib.loads(text)})


def sources_of(presets: Iterable[str]) -> list[str]:
    """List the sources of presets given as ``family/name``, each once.

    Examples
    --------
    >>> sources_of(["tcp/hytec-spine-2021"])[0].split(":")[0]
    'tcp/hytec-spine-2021'
    """
    lines: dict[str, Any] = {}
    for key in presets:
        family, _, name = key.partition("/")
        for source in load_preset(family, name).sources.values():
            lines[f"{key}: {source} [{source.flag}]"] = None
    return list(lines)
