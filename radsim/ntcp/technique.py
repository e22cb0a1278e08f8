"""Levels by technique: how often something comes, whatever the dose."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from scipy import special

from radsim.dose.dose import Dose
from radsim.patients.patients import Patients
from radsim.radiobiology.lq import Quantity
from radsim.response.duration import Duration
from radsim.response.onset import LognormalOnset
from radsim.response.risk import LifetimeRisk
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter, Real, check_numbers

if TYPE_CHECKING:
    from radsim.dose.plans.plan import Plan

NODES = 64  # of the quadrature over times of onset


def share_in_state(months: float, onset: LognormalOnset, duration: Duration | None) -> float:
    r"""Share of those whom a state ever comes to who are in it at a time, death ignored.

    .. math:: S(t) = \int_0^t \bigl(1 - G(t - x)\bigr)\, dF(x)

    Without a duration it is :math:`F(t)`.

    Examples
    --------
    >>> onset = LognormalOnset(median=1.0, sigma=0.5)
    >>> round(share_in_state(3.0, onset, None), 3)
    0.986
    >>> round(share_in_state(3.0, onset, Duration(median=24.0)), 3)
    0.933
    """
    begun = onset.growth(months)
    if duration is None or begun == 0.0:
        return begun
    nodes, weights = special.roots_legendre(NODES)
    times = onset.time(begun * (nodes + 1.0) / 2.0)
    return float(begun * (weights * duration.lasting(months - times)).sum() / 2.0)


@dataclass(frozen=True, kw_only=True)
class TechniqueLevel:
    r"""How often something comes after each technique, with no slope in dose.

    .. math:: P(T \le t) = \frac{q}{S(t_0)} F(t)

    A conventional arm is one whose plan says that it is; every other one is conformal.

    Attributes
    ----------
    label
        Name of an alternative in results, where the preset does not tell models apart.
    conformal, conventional
        Share in the state after each technique, :math:`q`; an arm of a technique without one is
        refused.
    conventional_single
        After a single conventional fraction; that of the others unless given.
    evaluated_at
        When the shares were counted, among the living, :math:`t_0` [months]; without it they are
        of those to whom it ever comes, and :math:`S(t_0)` is 1.
    onset
        Time to the event of those who get it, :math:`F(t)`.
    duration
        How long the state lasts, the :math:`G(t)` in :math:`S(t)`
        (`radsim.ntcp.technique.share_in_state`); for good unless given.
    """

    equation: ClassVar[str] = "P(t) = q / S(t0) F(t), q by technique, S(t) = int_0^t (1-G(t-x)) dF"
    takes: ClassVar[str] = "the technique; no dose"
    reads_dvh: ClassVar[bool] = False
    shape: ClassVar[tuple[str, ...]] = ("conformal", "conventional")
    increasing: ClassVar[tuple[str, ...]] = ()

    kind: Literal["technique"] = "technique"
    label: str = ""
    preset: str = ""
    conformal: Parameter | None = None
    conventional: Parameter | None = None
    conventional_single: Parameter | None = None
    evaluated_at: Real | None = None
    onset: LognormalOnset
    duration: Duration | None = None

    def __post_init__(self) -> None:
        check_numbers(self, ("evaluated_at",))
        levels = {name: getattr(self, name) for name in (*self.shape, "conventional_single")}
        stated = {name: level for name, level in levels.items() if level is not None}
        require(bool(stated), "conformal or conventional is needed: a share in the state")
        require(self.onset.reference is None, "onset.reference: a level says all; leave it out")
        most = self._in_state
        said = "1" if most == 1.0 else f"{most:.3f}, what is left by then of a response in everyone"
        for name, level in stated.items():
            if not isinstance(level, str):
                inside = bool(np.all((np.asarray(level) >= 0) & (np.asarray(level) <= most)))
                require(inside, f"{name} must lie between 0 and {said}; got {level}")

    def missing_in(self, plan: "Plan") -> str:
        """Say what the model lacks for a plan, nothing if it has a level for it."""
        if self._level_of(plan) is not None:
            return ""
        technique = "conventional" if plan.is_conventional else "conformal"
        return f"{self.preset or 'this model'} has no level for a {technique} course"

    def level(self, plan: "Plan", patients: Patients) -> Quantity:
        """Share in the state after a plan, of all to whom it ever comes.

        Examples
        --------
        >>> from radsim.dose.plans.external_beam import ExternalBeam
        >>> from radsim.ntcp import load_ntcp
        >>> from radsim.patients.patients import NOBODY
        >>> field = ExternalBeam(prescription=20.0, fractions=5, field="uniform")
        >>> load_ntcp("pain-flare-naive").level(field, NOBODY)
        0.23
        """
        stated = self._level_of(plan)
        require(stated is not None, self.missing_in(plan))
        assert stated is not None
        return patients.value_of(stated) / self._in_state

    def risk(self, patients: Patients, dose: Dose) -> LifetimeRisk:
        """Risk of each patient."""
        level = np.minimum(self.level(dose.plan, patients), 1.0)
        lifetime = np.broadcast_to(level, np.broadcast_shapes(np.shape(level), (len(patients),)))
        return LifetimeRisk(lifetime=lifetime, onset=self.onset)

    def _level_of(self, plan: "Plan") -> Parameter | None:
        if not plan.is_conventional:
            return self.conformal
        single = self.conventional_single if plan.fractions == 1 else None
        return self.conventional if single is None else single

    @cached_property
    def _in_state(self) -> float:
        """Share in the state when the levels were counted, of all to whom it ever comes."""
        if self.evaluated_at is None:
            return 1.0
        return share_in_state(self.evaluated_at, self.onset, self.duration)
