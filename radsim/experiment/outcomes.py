"""What an outcome section holds: the model of an endpoint, and those reported beside it."""

from dataclasses import dataclass

from radsim.ntcp import NTCPModel
from radsim.tcp import TCPModel
from radsim.vocabulary.numbers import Truth


@dataclass(frozen=True, kw_only=True)
class Control:
    """The ``[tcp]`` section."""

    model: TCPModel  # the file's own
    alternatives: tuple[TCPModel, ...] = ()  # reported beside it, patient by patient

    @property
    def models(self) -> tuple[TCPModel, ...]:
        """Every model, the file's own first."""
        return (self.model, *self.alternatives)


@dataclass(frozen=True, kw_only=True)
class Complication:
    """An ``[ntcp.NAME]`` section; of an endpoint that radsim does not know it says what happens."""

    model: NTCPModel
    alternatives: tuple[NTCPModel, ...] = ()
    words: str = ""  # what happens, in a sentence
    short: str = ""  # the same on an axis
    good: Truth = False  # whether it is good for patients, such as relief
    among: str = ""  # cohort variable above 0 in those whom it concerns
    part_of: str = ""  # endpoint to some of whose people it comes, with that one's luck

    @property
    def models(self) -> tuple[NTCPModel, ...]:
        """Every model, the file's own first."""
        return (self.model, *self.alternatives)


ALTERNATIVES = "alternatives"  # key of a section: the models beside its own
ABOUT = ("words", "short", "good", "among", "part_of")  # keys of a section about its endpoint
SECTION_KEYS = {"tcp": (ALTERNATIVES,), "ntcp": (ALTERNATIVES, *ABOUT)}  # the rest is the model's
