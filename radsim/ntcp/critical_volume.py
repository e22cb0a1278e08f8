"""A parallel organ: it fails when too large a share of it is damaged."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import Patients
from radsim.response.model import LARGEST
from radsim.vocabulary.numbers import Parameter, beside_parts


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

    def _probability(self, dose: np.ndarray, weight: Any, patients: Patients) -> np.ndarray:
        d50, k, reserve, sd = self._curve(patients)
        with np.errstate(divide="ignore"):
            logarithm = beside_parts(k) * (np.log(dose) - np.log(beside_parts(d50)))
        damaged = special.expit(np.clip(logarithm, -LARGEST, LARGEST))
        return special.ndtr(((damaged * weight).sum(axis=-1) - reserve) / sd)
