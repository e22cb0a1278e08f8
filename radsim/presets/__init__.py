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
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from radsim.vocabulary.mistakes import mistakes_of
from radsim.vocabulary.words import nearest

Flag = Literal["verified", "recalled", "derived", "assumption"]


class Source(BaseModel):
    """Where figures come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


class PresetParameter(BaseModel):
    """One figure of a preset: ``value`` is a number, a name, a list or a distribution."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Any
    units: str
    meaning: str
    flag: Flag
    source: str = Field(default="", description="the source's key; empty for an assumption")
    uncertainty: list[float] | dict[str, Any] | None = Field(
        default=None, description="95 % interval, or a distribution"
    )
    note: str = ""


class Anchor(BaseModel):
    """A published outcome of one schedule, which a preset was fitted to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dose: float = Field(gt=0, description="prescribed dose [Gy]")
    fractions: int = Field(gt=0)
    probability: float = Field(gt=0, lt=1)
    flag: Flag


class Preset(BaseModel):
    """One published parameter set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str
    name: str
    title: str
    kind: str = Field(default="", description="the model that the parameters belong to")
    endpoint: str = Field(default="", description="the endpoint that the model is of")
    words: str = Field(default="", description="an endpoint of its own, in a sentence")
    short: str = Field(default="", description="the same on an axis; the words unless given")
    good: bool = Field(default=False, description="whether the event is good for patients")
    among: str = Field(default="", description="of whom, such as of patients with a cord")
    beside: int = Field(
        default=0,
        ge=0,
        description="place among the models that are reported beside any other of the endpoint "
        "unless a file lists its own; 0 is not reported unasked",
    )
    flag: Flag
    note: str = ""
    range: str = Field(description="what the parameters were fitted on, in words")
    sources: dict[str, Source]
    parameters: dict[str, PresetParameter]
    correlations: list[dict[str, Any]] = Field(default_factory=list)
    anchors: list[Anchor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _sources_exist(self) -> "Preset":
        for name, parameter in self.parameters.items():
            if parameter.source:
                if parameter.source not in self.sources:
                    raise ValueError(
                        f"parameters.{name}.source: {nearest(parameter.source, self.sources)}"
                    )
            elif parameter.flag != "assumption":
                raise ValueError(f"parameters.{name}: flag {parameter.flag} needs a source")
            elif parameter.uncertainty is None and parameter.note == "":
                raise ValueError(
                    f"parameters.{name}: an assumption needs a spread, or a note why not"
                )
        return self

    def settings(self) -> dict[str, Any]:
        """Return the parameters' values by name, with the model's kind where there is one."""
        values = {name: parameter.value for name, parameter in self.parameters.items()}
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
    return sorted(f.name[: -len(".toml")] for f in folder.iterdir() if f.name.endswith(".toml"))


def presets_of(endpoint: str) -> list[str]:
    """List the presets of a complication, sorted.

    Examples
    --------
    >>> presets_of("vcf")
    ['vcf-2013', 'vcf-pooled']
    """
    return [name for name in preset_names("ntcp") if load_preset("ntcp", name).endpoint == endpoint]


def preset_families() -> list[str]:
    """List the families that have presets, sorted."""
    return sorted(
        entry.name
        for entry in resources.files(__name__).iterdir()
        if entry.is_dir() and preset_names(entry.name)
    )


def read_preset(family: str, path: Path) -> Preset:
    """Read a preset from a file of one's own.

    Raises
    ------
    ValueError
        If it can't be read, or lacks a source, units, a range; one line for each mistake.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"can't read {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name} is not valid TOML: {error}") from None
    data = {"family": family, "name": path.stem, **raw}
    try:
        return Preset.model_validate(data)
    except ValidationError as error:
        lines = mistakes_of(error, data, Preset.model_json_schema())
        raise ValueError("\n".join(f"{path.name}: {line}" for line in lines)) from None


@cache
def load_preset(family: str, name: str) -> Preset:
    """Read one preset.

    Raises
    ------
    ValueError
        If there is no such preset; the message lists those there are.
    """
    names = preset_names(family)
    if name not in names:
        raise ValueError(f"no {family} preset {name!r}; there are: {', '.join(names)}")
    text = (resources.files(__name__) / family / f"{name}.toml").read_text(encoding="utf-8")
    return Preset.model_validate({"family": family, "name": name, **tomllib.loads(text)})
