"""A parallel organ: it fails when too large a share of it is damaged."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.vocabulary.numbers import Parameter


def damaged_share(
    dose: lq.Quantity, weight: np.ndarray, d50: lq.Quantity, k: lq.Quantity
) -> lq.Quantity:
    r"""Share of an organ's subunits that a DVH destroys, :math:`\sum_j v_j / (1 + (D_{50}/D_j)^k)`.

    Examples
    --------
    >>> float(damaged_share(np.array([20.0]), np.array([1.0]), d50=20.0, k=5.0))
    0.5
    """
    with np.errstate(divide="ignore"):
        logarithm = np.clip(k * (np.log(dose) - np.log(d50)), -LARGEST, LARGEST)
    return (special.expit(logarithm) * weight).sum(axis=-1)


@dataclass(frozen=True, kw_only=True)
class CriticalVolume(ComplicationModel):
    r"""Parallel organ with a functional reserve that differs between patients.

    .. math:: p = \Phi\Bigl(\frac{\sum_j v_j\,(1 + (D_{50}/D_j)^k)^{-1} - f}{\sigma}\Bigr)

    At zero dose it is :math:`\Phi(-f/\sigma)`, and at very large dose
    :math:`\Phi((1-f)/\sigma)`, which is below 1 where the reserve may exceed the organ.

    Attributes
    ----------
    d50
        Dose that destroys half of the subunits [Gy].
    k
        Slope of their response.
    reserve, reserve_sd
        Mean and standard deviation of the share that may be lost, f and :math:`\sigma`.

    References
    ----------
    Jackson et al. (1995), Int. J. Radiat. Oncol. Biol. Phys. 31, 883-891; Niemierko and Goitein
    (1993), Int. J. Radiat. Oncol. Biol. Phys. 25, 135-145.
    """

    equation: ClassVar[str] = "p = Phi((sum_j v_j / (1 + (D50 / D_j)^k) - reserve) / reserve_sd)"
    takes: ClassVar[str] = "the whole DVH"
    reads_dvh: ClassVar[bool] = True
    shape: ClassVar[tuple[str, ...]] = ("d50", "k", "reserve", "reserve_sd")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "k", "reserve", "reserve_sd")

    kind: Literal["critical_volume"] = "critical_volume"
    d50: Parameter
    k: Parameter
    reserve: Parameter
    reserve_sd: Parameter

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at a DVH; the last axis of what ``effect`` names [Gy] is the volume."""
        dose = self._checked(effect, weight)
        assert weight is not None
        d50, k = (self._value_beside_parts(name, patients) for name in ("d50", "k"))
        reserve, sd = (self._value(name, patients) for name in ("reserve", "reserve_sd"))
        with np.errstate(over="ignore"):
            return special.ndtr((damaged_share(dose, weight, d50, k) - reserve) / sd)
