r"""The edge of dose outward from the target, and what the target gives up for an organ there.

With y the distance from the far surface of PTV_Eval, outward, P the dose deep inside and V the
level far away,

.. math:: D(y) = V + \frac{P - V}{1 + k e^{y / \tau}}, \qquad k = \frac{P - D_s}{D_s - V}.

P is drawn as for a target of one level, and is the same share of the prescription in every arm:
nothing is published of how that edge differs between plans, and a boost of the GTV, which lies deep
inside, does not flatten it. The surface dose :math:`D_s = D(0)` is the prescription, the edge of
what it covers, unless a limit of the organ asks for less. Then the target keeps the share

.. math:: g(y) = \frac{D(y; D_s)}{D(y; \text{prescription})}

of its dose, near 1 deep inside. Each organ has an edge of its own, as if it alone lay there; of
several the target keeps what the strictest leaves at each depth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

LEAST_SURFACE = 0.01  # of the way from the level far away to the prescription, at least
HIGHEST_SURFACE = 0.999  # of the way to the plateau, where the prescription lies above it
HIGHEST_VALLEY = 0.95  # of the plateau
STEEPEST = 500.0  # exponent to which an exponential is followed


@dataclass(frozen=True)
class OuterEdge:
    """Edges towards an organ, every array of shape (patient,) [Gy, mm].

    ``surface`` is the dose at the target's surface, and ``usual`` what it is without a limit.
    """

    plateau: np.ndarray
    surface: np.ndarray
    usual: np.ndarray
    valley: np.ndarray
    falloff: np.ndarray

    @classmethod
    def without_limit(
        cls, prescription: np.ndarray, plateau: np.ndarray, valley: np.ndarray, falloff: np.ndarray
    ) -> "OuterEdge":
        """Edge of a plan that keeps no limit there.

        ``plateau`` and ``valley`` are shares of the prescription.
        """
        plateau = plateau * prescription
        level = np.minimum(valley * prescription, HIGHEST_VALLEY * plateau)
        usual = np.minimum(prescription, level + HIGHEST_SURFACE * (plateau - level))
        return cls(plateau, usual, usual, level, falloff)

    def with_surface(self, surface: np.ndarray) -> "OuterEdge":
        """The same with another dose at the target's surface, if that is lower [Gy]."""
        return replace(self, surface=np.minimum(surface, self.surface))

    @property
    def lowest(self) -> np.ndarray:
        """Surface dose below which no plan goes [Gy]."""
        return self.valley + LEAST_SURFACE * (self.usual - self.valley)

    @property
    def is_lowered(self) -> np.ndarray:
        """Say where a limit lowers the dose."""
        return self.surface < self.usual

    def rows(self, rows: slice | np.ndarray) -> "OuterEdge":
        """Edges of some of the patients."""
        return OuterEdge(**{name: values[rows] for name, values in vars(self).items()})

    def dose(self, growth: np.ndarray) -> np.ndarray:
        """Dose [Gy] at places with this `growth_of` their distance, shape (patient, place)."""
        return self._dose(growth, self.surface)

    def kept(self, outward: np.ndarray) -> np.ndarray:
        """Share of its dose that the target keeps at distances outward [mm], negative inside.

        Examples
        --------
        >>> ten = np.array([10.0])
        >>> edge = OuterEdge.without_limit(2 * ten, 0.15 * ten, np.array([0.1]), np.array([4.0]))
        >>> edge.with_surface(ten).kept(np.array([[0.0, -200.0]])).round(6).tolist()
        [[0.5, 1.0]]
        """
        growth = growth_of(outward, self.falloff)
        return self._dose(growth, self.surface) / self._dose(growth, self.usual)

    def _dose(self, growth: np.ndarray, surface: np.ndarray) -> np.ndarray:
        steepness = (self.plateau - surface) / (surface - self.valley)
        height = (self.plateau - self.valley)[:, None]
        return self.valley[:, None] + height / (1.0 + steepness[:, None] * growth)


def growth_of(outward: np.ndarray, falloff: np.ndarray) -> np.ndarray:
    """exp(y / falloff) at distances outward [mm], shape (patient, place)."""
    return np.exp(np.minimum(outward / falloff[:, None], STEEPEST))


def are_lowered(edges: Mapping[str, OuterEdge]) -> np.ndarray:
    """Say where a limit of any organ lowers the dose, shape (patient,)."""
    return np.logical_or.reduce([edge.is_lowered for edge in edges.values()])


def kept_of(edges: Mapping[str, OuterEdge], outward: np.ndarray) -> np.ndarray:
    """Share of its dose that the target keeps for all organs, shape (patient, place)."""
    return np.minimum.reduce([edge.kept(outward) for edge in edges.values()])
