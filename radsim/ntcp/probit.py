"""Complications that are a normal CDF of a dose metric."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.vocabulary.numbers import Parameter


@dataclass(frozen=True, kw_only=True)
class ProbitNTCP(ComplicationModel):
    r"""Normal CDF of a dose metric.

    .. math:: p = \Phi(b_0 + b_1 D), \qquad D_{50} = -b_0/b_1, \qquad m = -1/b_0

    At zero dose it is :math:`\Phi(b_0)`, not 0.

    Attributes
    ----------
    intercept, slope
        :math:`b_0` and :math:`b_1` [1, 1/Gy].

    Examples
    --------
    >>> from radsim.ntcp import load_ntcp
    >>> table = load_ntcp("sbrt-cord-case-control-probit")
    >>> round(float(table.curve_over_effect(90.4155)), 4)
    0.5
    """

    equation: ClassVar[str] = "p = Phi(b0 + b1 D)"
    shape: ClassVar[tuple[str, ...]] = ("intercept", "slope")
    increasing: ClassVar[tuple[str, ...]] = ("slope",)

    kind: Literal["probit"] = "probit"
    intercept: Parameter
    slope: Parameter

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at what ``effect`` names [Gy]."""
        dose = self._checked(effect, weight)
        with np.errstate(over="ignore"):
            raised = np.minimum(self._value("slope", patients) * dose, LARGEST)
        return special.ndtr(self._value("intercept", patients) + raised)
