"""Poisson tumor control: control means that no clonogen survives."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.tcp.control import ControlModel
from radsim.vocabulary.numbers import Parameter


def surviving_clonogens(
    clonogens: lq.Quantity, alpha: lq.Quantity, bed: lq.Quantity, volume: lq.Quantity = 1.0
) -> lq.Quantity:
    r"""Expected number of surviving clonogens, :math:`N_0 e^{-\alpha BED}`.

    Parameters
    ----------
    clonogens, volume
        Clonogens, or clonogens in each volume [1/cm3] and the volume [cm3].
    alpha, bed
        Linear radiosensitivity [1/Gy] and BED [Gy].

    Examples
    --------
    >>> tcp = np.exp(-surviving_clonogens(1e5, alpha=0.25, bed=24.0 * 3.0))
    >>> round(float(tcp), 10)
    0.9984781612
    """
    with np.errstate(over="ignore"):  # in logs no number of clonogens is too large
        return np.exp(np.log(clonogens) + np.log(volume) - alpha * bed)


@dataclass(frozen=True, kw_only=True)
class PoissonTCP(ControlModel):
    r"""Control when the number of surviving clonogens is Poisson.

    .. math:: TCP = \exp\Bigl(-\rho V \sum_j v_j e^{-\alpha BED_j}\Bigr)

    Attributes
    ----------
    alpha
        Linear radiosensitivity [1/Gy].
    clonogen_density
        Clonogens in each volume, :math:`\rho` [1/cm3].
    volume
        Volume that holds them, :math:`V` [cm3].

    References
    ----------
    Webb and Nahum (1993), Phys. Med. Biol. 38, 653-666.
    """

    equation: ClassVar[str] = "TCP = exp(-density V sum_j v_j exp(-alpha BED_j))"
    takes: ClassVar[str] = "the whole DVH (default) or a metric, as BED"
    shape: ClassVar[tuple[str, ...]] = ("alpha", "clonogen_density")
    increasing: ClassVar[tuple[str, ...]] = ("alpha", "clonogen_density", "volume")

    kind: Literal["poisson"] = "poisson"
    alpha: Parameter
    clonogen_density: Parameter
    volume: Parameter = "gtv_volume"
    dose: DoseMetric = field(default_factory=lambda: DoseMetric(structure="gtv", metric="DVH"))

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Expected survivors where the whole volume has this BED [Gy]."""
        density, alpha, volume = (
            self._value(name, patients) for name in ("clonogen_density", "alpha", "volume")
        )
        return surviving_clonogens(density, alpha, bed, volume)
