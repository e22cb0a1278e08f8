"""Log-logistic tumor control in EQD2 above a floor."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.tcp.control import ControlModel
from radsim.tcp.log_logistic import log_logistic_failure_hazard
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter


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

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, when the growth is 1."""
        eqd2 = self.cell_kill.eqd2(bed, self._value("alpha_beta", patients))
        above = log_logistic_failure_hazard(
            eqd2, self._value("d50", patients), self._value("k", patients)
        )
        with np.errstate(divide="ignore"):  # no control at no dose, where the floor is 0
            return -np.log1p(-(1.0 - self._value("floor", patients)) * -np.expm1(-above))
