"""What else happens to the patients of stated arms, beside the trial's own event and death."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from radsim.randomness.streams import UniformSource
from radsim.trial.conduct.draw import FAILURE, PROPORTION, draw_numbers
from radsim.trial.conduct.uncertainty import LawfulArm
from radsim.trial.protocol.arms import StatedArm

Stated = StatedArm | LawfulArm


@dataclass(frozen=True, kw_only=True)
class OtherEndpoint:
    """An endpoint of stated arms: the law of its time, or its proportion, in each of them.

    Attributes
    ----------
    correlation
        Of the normal score of how soon it comes with that of the trial's own event; of a
        proportion, of having it.
    """

    control: Stated
    experimental: Stated
    correlation: float = 0.0

    @property
    def binary(self) -> bool:
        """Whether patients have it or not, whenever that is."""
        return self.control.proportion is not None


@dataclass(frozen=True)
class Drawn:
    """Times of other endpoints, and who has them, by name; shapes (trial, patient)."""

    times: dict[str, np.ndarray] = field(default_factory=dict)
    had: dict[str, np.ndarray] = field(default_factory=dict)


def draw_others(
    others: Mapping[str, OtherEndpoint],
    arm: np.ndarray,
    trials: range,
    streams: UniformSource,
    *,
    binary: bool = False,
) -> Drawn:
    """Draw the other endpoints of every patient, each from the stream of its own name.

    Parameters
    ----------
    arm
        Shape (trial, patient).
    binary
        Whether the trial's own endpoint is a proportion; correlated ones take their luck from it.
    """
    patients, drawn = arm.shape[1], Drawn()
    own, side = (PROPORTION, -1.0) if binary else (f"{FAILURE}/0", 1.0)
    for name, other in others.items():
        u = draw_numbers(streams, f"other/{name}", trials, patients)
        if other.correlation:
            rho, mine = float(other.correlation), -1.0 if other.binary else 1.0
            soon = side * special.ndtri(draw_numbers(streams, own, trials, patients))
            score = rho * mine * soon + np.sqrt(1.0 - rho**2) * special.ndtri(u)
            u = special.ndtr(score)
        if other.binary:
            chance = [np.asarray(each.proportion) for each in (other.control, other.experimental)]
            drawn.had[name] = u < np.where(arm == 1, chance[1], chance[0])
            continue
        with np.errstate(divide="ignore"):  # what is certain never to come never does
            level = -np.log(u)
        control, experimental = (
            law.failure.time_of(level) for law in (other.control, other.experimental)
        )
        drawn.times[name] = np.where(arm == 1, experimental, control)
    return drawn
