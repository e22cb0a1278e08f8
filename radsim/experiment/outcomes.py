"""What an outcome section holds: the model of an endpoint, and those reported beside it."""

from dataclasses import dataclass

from radsim.ntcp import NTCPModel
from radsim.tcp import TCPModel


@dataclass(frozen=True, kw_only=True)
class Control:
    """The ``[tcp]`` section.

    Attributes
    ----------
    model
        The file's own.
    alternatives
        Further models, reported beside it patient by patient.
    """

    model: TCPModel
    alternatives: tuple[TCPModel, ...] = ()

    @property
    def models(self) -> tuple[TCPModel, ...]:
        """Every model, the file's own first."""
        return (self.model, *self.alternatives)


@dataclass(frozen=True, kw_only=True)
class Complication:
    """An ``[ntcp.NAME]`` section.

    Attributes
    ----------
    model, alternatives
        The file's own model, and further ones that are reported beside it.
    words, short
        What happens, in a sentence and on an axis; of an endpoint that radsim does not know.
    good
        Whether the event is good for patients, such as relief.
    among
        Of whom, such as of patients with a cord.
    """

    model: NTCPModel
    alternatives: tuple[NTCPModel, ...] = ()
    words: str = ""
    short: str = ""
    good: bool = False
    among: str = ""

    @property
    def models(self) -> tuple[NTCPModel, ...]:
        """Every model, the file's own first."""
        return (self.model, *self.alternatives)


ALTERNATIVES = "alternatives"  # key of a section: the models beside its own
ABOUT = ("words", "short", "good", "among")  # keys of a section that speak of its endpoint
SECTION_KEYS = {"tcp": (ALTERNATIVES,), "ntcp": (ALTERNATIVES, *ABOUT)}  # the rest is the model's
