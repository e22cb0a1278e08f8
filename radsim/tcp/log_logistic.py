"""Log-logistic tumor control in EQD2: of a metric, above a floor, of the gEUD of a DVH."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import Patients
from radsim.radiobiology import lq
from radsim.radiobiology.dvh import reduced_dose
from radsim.response.model import LARGEST
from radsim.tcp.control import ControlModel
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter


def log_logistic_failure_hazard(dose: lq.Quantity, d50: lq.Quantity, k: lq.Quantity) -> lq.Quantity:
    r"""Cumulative hazard of failure whose control is log-logistic, :math:`\ln(1 + (D_{50}/D)^k)`.

    Examples
    --------
    >>> round(float(np.exp(-log_logistic_failure_hazard(32.9, d50=32.9, k=3.01))), 12)
    0.5
    """
    with np.errstate(divide="ignore", over="ignore"):
        logarithm = k * (np.log(d50) - np.log(dose))
        return np.logaddexp(0.0, np.clip(logarithm, -LARGEST, LARGEST))


@dataclass(frozen=True, kw_only=True)
class LogLogisticTCP(ControlModel):
    r"""Control that is log-logistic in EQD2; 0 at zero dose.

    .. math:: TCP = \frac{1}{1 + (D_{50}/EQD2)^k}, \qquad \gamma_{50} = k/4

    Attributes
    ----------
    d50
        EQD2 that controls half [Gy].
    k
        Exponent, four times the normalized slope at D50.
    """

    equation: ClassVar[str] = "TCP = 1 / (1 + (D50 / EQD2)^k)"
    shape: ClassVar[tuple[str, ...]] = ("d50", "k")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "k")

    kind: Literal["log_logistic"] = "log_logistic"
    d50: Parameter
    k: Parameter

    def hazard_at_eqd2(self, eqd2: lq.Quantity, patients: Patients) -> lq.Quantity:
        return log_logistic_failure_hazard(eqd2, *self._curve(patients))


@dataclass(frozen=True, kw_only=True)
class LogLogisticFloorTCP(ControlModel):
    r"""Control that rises log-logistically in EQD2 from a floor.

    .. math:: TCP = c + \frac{1 - c}{1 + (D_{50}/EQD2)^k}

    At zero dose it is c, not 0: the floor stands for lesions that do not fail within the time
    whatever they get.

    Attributes
    ----------
    floor
        c, in [0, 1). A fit holds it.
    d50
        EQD2 that controls half of what is above the floor [Gy].
    k
        Exponent.

    Examples
    --------
    >>> from radsim.tcp import load_tcp
    >>> model = load_tcp("spine-cross-strategy-floor")
    >>> [round(float(control), 3) for control in model.curve_over_effect([0.0, 52.1])]
    [0.621, 0.81]
    """

    equation: ClassVar[str] = "TCP = c + (1 - c) / (1 + (D50 / EQD2)^k)"
    shape: ClassVar[tuple[str, ...]] = ("d50", "k")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "k")

    kind: Literal["log_logistic_floor"] = "log_logistic_floor"
    floor: Parameter
    d50: Parameter
    k: Parameter

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            isinstance(self.floor, str)
            or bool(np.all((np.asarray(self.floor) >= 0) & (np.asarray(self.floor) < 1))),
            f"floor must be at least 0 and below 1, got {self.floor}",
        )

    def hazard_at_eqd2(self, eqd2: lq.Quantity, patients: Patients) -> lq.Quantity:
        above = log_logistic_failure_hazard(eqd2, *self._curve(patients))
        with np.errstate(divide="ignore"):  # no control at no dose, where the floor is 0
            return -np.log1p(-(1.0 - self._value("floor", patients)) * -np.expm1(-above))


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
    reduction: ClassVar[str] = "gEUD"
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

    def exponent(self, patients: Patients) -> lq.Quantity:
        """Exponent of its gEUD."""
        return self._value("a", patients)
