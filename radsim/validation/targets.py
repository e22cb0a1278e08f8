"""The published figures to reproduce, each with the interval it is accepted in and its role."""

import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator


class Target(BaseModel):
    """One published figure.

    Attributes
    ----------
    experiment
        Which of the shipped runs it is compared with; empty where no run is needed.
    read
        What is taken from it, see `radsim.validation.readings`.
    lower, upper, interval
        Where the simulated figure is accepted, and what that interval is.
    role
        ``calibration`` if the figure went into a preset, so that meeting it proves nothing;
        ``prediction`` otherwise.
    about
        What the row checks: an outcome of ``patients``, the ``mix`` of a cohort, ``rules`` for
        dose, or ``geometry``.
    weak
        Whether the row could hardly fail, so that meeting it shows little.
    explanation
        What a reader should know, above all of a miss and of a weak row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    quantity: str
    experiment: str = ""
    read: str
    observed: float
    lower: float
    upper: float
    units: str
    interval: str
    role: Literal["calibration", "prediction"]
    source: str
    about: Literal["patients", "mix", "rules", "geometry"] = "patients"
    weak: bool = False
    explanation: str = ""

    @model_validator(mode="after")
    def _interval_holds_the_figure(self) -> "Target":
        if not self.lower <= self.observed <= self.upper:
            raise ValueError(f"{self.id}: {self.lower} to {self.upper} must hold {self.observed}")
        if self.weak and not self.explanation:
            raise ValueError(f"{self.id}: a weak row needs an explanation")
        return self


def load_targets() -> list[Target]:
    """Read the targets in the order in which they are reported.

    Examples
    --------
    >>> load_targets()[0].id
    'hytec-18x1'
    """
    text = (resources.files(__package__) / "targets.toml").read_text(encoding="utf-8")
    return [Target.model_validate(stated) for stated in tomllib.loads(text)["targets"]]


def experiment_settings(name: str) -> dict:
    """Read the settings of one of the shipped runs."""
    path = resources.files(__package__) / "experiments" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
