"""Parameters of a control model as one vector, on scales without bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from radsim.tcp.control import ControlModel
from radsim.vocabulary.mistakes import require

LARGEST_LOG = 600.0  # log of the largest parameter that a search tries


@dataclass(frozen=True)
class Scales:
    """Some parameters of a model; those that must be above 0 are there by their logarithm."""

    model: ControlModel
    names: Sequence[str]

    def __post_init__(self) -> None:
        for name in dict.fromkeys((*self.names, "alpha_beta")):
            value = getattr(self.model, name)
            require(
                not isinstance(value, str),
                f"refit needs numbers, and {name} is the cohort variable {value!r}",
            )

    @property
    def positive(self) -> np.ndarray:
        """Which of them must be above 0, shape (parameter,)."""
        return np.array([name in (*self.model.increasing, "alpha_beta") for name in self.names])

    @property
    def start(self) -> np.ndarray:
        """The model's own, shape (parameter,)."""
        values = np.array([float(getattr(self.model, name)) for name in self.names])
        return np.where(self.positive, np.log(np.abs(values)), values)

    def model_at(self, x: np.ndarray) -> ControlModel:
        """Give the model with these parameters."""
        values = np.where(self.positive, np.exp(np.clip(x, -LARGEST_LOG, LARGEST_LOG)), x)
        changed: dict[str, Any] = dict(zip(self.names, map(float, values), strict=True))
        return replace(self.model, **changed)
