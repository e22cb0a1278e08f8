"""The published figures to reproduce, each with the interval it is accepted in and its role."""

import tomllib
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator
from scipy.stats import binomtest


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
    figure
        Name of the published figure where several rows stand beside it; it counts once.
    sets
        The preset that the figure set a level, an anchor or a ratio of; empty if none.
    events, of, follow_up
        A crude count, and how long it was followed (median) [months].
    about
        What the row checks: an outcome of ``patients``, the ``mix`` of a cohort, ``rules`` for
        dose, or ``geometry``.
    explanation
        What a reader should know, above all of a miss.
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
    figure: str = ""
    sets: str = ""
    events: int | None = None
    of: int | None = None
    follow_up: float | None = None
    source: str
    about: Literal["patients", "mix", "rules", "geometry"] = "patients"
    explanation: str = ""

    @model_validator(mode="before")
    @classmethod
    def _count_has_an_exact_interval(cls, stated: dict) -> dict:
        """Give a crude count its share and exact interval [%], if its follow-up is stated."""
        if (events := stated.get("events")) is None:
            return stated
        if not stated.get("of") or not stated.get("follow_up"):
            raise ValueError(f"{stated['id']}: a crude count needs of and follow_up")
        of, months = stated["of"], stated["follow_up"]
        ends = binomtest(events, of).proportion_ci(method="exact")
        return {
            **stated, "observed": 100.0 * events / of, "lower": 100.0 * ends.low,
            "upper": 100.0 * ends.high,
            "interval": f"95 % exact, {events} of {of}, followed {months:g} months",
        }  # fmt: skip

    @model_validator(mode="after")
    def _interval_holds_the_figure(self) -> "Target":
        if not self.lower <= self.observed <= self.upper:
            raise ValueError(f"{self.id}: {self.lower} to {self.upper} must hold {self.observed}")
        if not self.lower < self.observed < self.upper and "exact" not in self.interval:
            raise ValueError(f"{self.id}: accepted on one side only")
        return self

    @property
    def role(self) -> str:
        """``calibration`` if the figure went into a preset, so that meeting it proves nothing."""
        return "calibration" if self.sets else "prediction"


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
