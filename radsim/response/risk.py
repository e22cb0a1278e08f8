"""What a model says of one event: how likely it is by a time, and when it comes."""

from dataclasses import dataclass, replace

import numpy as np

from radsim.response.onset import LognormalOnset, Onset


@dataclass(frozen=True, kw_only=True)
class HazardRisk:
    r"""An event with a cumulative hazard that grows with time.

    .. math:: P(T \le t) = 1 - \exp(-\Lambda L(t))

    Attributes
    ----------
    hazard
        Cumulative hazard when the growth is 1, :math:`\Lambda`, shape (patient,).
    onset
        The growth :math:`L(t)`.
    """

    hazard: np.ndarray
    onset: Onset

    def only_in(self, present: np.ndarray) -> "HazardRisk":
        """Return the same risk, and none in patients who are not, shape (patient,)."""
        return replace(self, hazard=np.where(present, self.hazard, 0.0))

    def probability(self, months: float) -> np.ndarray:
        """Return the net probability that the event has happened, shape (patient,)."""
        return -np.expm1(-self.hazard * self.onset.growth(months))

    def free(self, months: float) -> np.ndarray:
        """Return the net probability that it has not, shape (patient,)."""
        return np.exp(-self.hazard * self.onset.growth(months))

    def time(self, u: np.ndarray, when: np.ndarray | None = None) -> np.ndarray:
        """Return when the event comes, from uniforms, shape (patient,) [months].

        Of a hazard one uniform decides whether and when.
        """
        with np.errstate(divide="ignore", over="ignore"):
            return self.onset.time(-np.log1p(-u) / self.hazard)


@dataclass(frozen=True, kw_only=True)
class LifetimeRisk:
    r"""An event that some patients get sooner or later, and the others never.

    .. math:: P(T \le t) = p F(t)

    Attributes
    ----------
    lifetime
        Probability that it ever happens, :math:`p`, shape (patient,).
    onset
        The share of the events that have happened, :math:`F(t)`.
    """

    lifetime: np.ndarray
    onset: LognormalOnset

    def only_in(self, present: np.ndarray) -> "LifetimeRisk":
        """Return the same risk, and none in patients who are not, shape (patient,)."""
        return replace(self, lifetime=np.where(present, self.lifetime, 0.0))

    def probability(self, months: float) -> np.ndarray:
        """Return the net probability that the event has happened, shape (patient,)."""
        return self.lifetime * self.onset.growth(months)

    def free(self, months: float) -> np.ndarray:
        """Return the net probability that it has not, shape (patient,)."""
        return 1.0 - self.lifetime * self.onset.growth(months)

    def time(self, u: np.ndarray, when: np.ndarray | None = None) -> np.ndarray:
        """Return when the event comes, from uniforms, shape (patient,) [months].

        With uniforms for ``when`` of their own, two risks with one luck come at the same time to
        whoever gets both.
        """
        if when is not None:
            return np.where(u < self.lifetime, self.onset.time(when), np.inf)
        share = np.full(len(u), np.inf)
        np.divide(u, self.lifetime, out=share, where=u < self.lifetime)
        return self.onset.time(share)


Risk = HazardRisk | LifetimeRisk
