"""Log-logistic tumor control in the generalized equivalent uniform dose of the whole DVH."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.radiobiology.reduction import reduced_dose
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

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        eqd2 = self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))
        return self._of(eqd2, patients)

    def distribution_hazard(
        self, bed: np.ndarray, weight: np.ndarray, patients: Patients, fractions: lq.Quantity
    ) -> np.ndarray:
        """Hazard of failure of a DVH; BED has the volume on its last axis, weights add up to 1."""
        eqd2 = self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))
        a = self._value("a", patients)
        reduced = reduced_dose(eqd2, weight, a[..., 0] if np.ndim(a) else a)
        return self._of(reduced[..., None], patients)[..., 0]

    def _of(self, dose: lq.Quantity, patients: Patients) -> lq.Quantity:
        return log_logistic_failure_hazard(
            dose,
            self._value("d50", patients),
            4.0 * self._value("gamma50", patients),
        )
