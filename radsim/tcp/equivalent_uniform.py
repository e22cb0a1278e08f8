"""Log-logistic tumor control in the generalized equivalent uniform dose of the whole DVH."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import Patients
from radsim.radiobiology import lq
from radsim.radiobiology.dvh import reduced_dose
from radsim.tcp.control import ControlModel
from radsim.tcp.log_logistic import log_logistic_failure_hazard
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter


@dataclass(frozen=True, kw_only=True)
class EquivalentUniformTCP(ControlModel):
    r"""Control that is log-logistic in the gEUD of the EQD2 in each part of the volume.

    .. math:: TCP = \frac{1}{1 + (D_{50}/gEUD)^{4\gamma_{50}}}, \qquad
              gEUD = \Bigl(\sum_j v_j EQD2_j^a\Bigr)^{1/a}

    Attributes
    ----------
    d50
        Uniform EQD2 that controls half [Gy].
    gamma50
        Normalized slope at D50.
    a
        Exponent, below 0 for a tumor: cold parts count most.

    References
    ----------
    Niemierko (1999), Med. Phys. 26, 1100.
    """

    equation: ClassVar[str] = "TCP = 1 / (1 + (D50 / gEUD)^(4 g50)), gEUD of EQD2 with exponent a"
    takes: ClassVar[str] = "the whole DVH, as EQD2"
    shape: ClassVar[tuple[str, ...]] = ("d50", "gamma50")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "gamma50")

    kind: Literal["geud"] = "geud"
    d50: Parameter
    gamma50: Parameter
    a: Parameter
    dose: DoseMetric = field(default_factory=lambda: DoseMetric(structure="gtv", metric="DVH"))

    def __post_init__(self) -> None:
        super().__post_init__()
        zero = not isinstance(self.a, str) and bool(np.any(np.asarray(self.a) == 0))
        require(not zero, "a must not be 0")

    def hazard_at_eqd2(self, eqd2: lq.Quantity, patients: Patients) -> lq.Quantity:
        d50, gamma50 = self._curve(patients)
        return log_logistic_failure_hazard(eqd2, d50, 4.0 * gamma50)

    def distribution_hazard(
        self, bed: np.ndarray, weight: np.ndarray, patients: Patients, fractions: lq.Quantity
    ) -> np.ndarray:
        a = self._value("a", patients)
        geud = reduced_dose(self._eqd2(bed, patients), weight, a[..., 0] if np.ndim(a) else a)
        return self.hazard_at_eqd2(geud[..., None], patients)[..., 0]
