"""Relative seriality: an organ of parts in series and in parallel, in the two forms in use."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import xarray as xr

from radsim import lq
from radsim.ntcp.complication import LARGEST, NOBODY, ComplicationModel
from radsim.schema import Parameter

Form = Literal["pow2", "exp"]


def log_response(
    dose: lq.Quantity, d50: lq.Quantity, gamma: lq.Quantity, form: Form
) -> lq.Quantity:
    r"""Log of the response of the whole organ to a uniform dose.

    .. math:: \text{pow2}: -\ln 2\, e^{e\gamma(1 - D/D_{50})} \qquad
              \text{exp}: -e^{e\gamma - (D/D_{50})(e\gamma - \ln\ln 2)}

    Both are ln 0.5 at D50, and they differ elsewhere. The normalized slope at D50 is
    :math:`\frac{e \ln 2}{2}\gamma = 0.942\gamma` of pow2, whose steepest normalized slope is
    :math:`\gamma`, and :math:`\frac{\ln 2}{2}(e\gamma - \ln\ln 2) = 0.942\gamma + 0.127` of exp.

    Examples
    --------
    >>> [round(float(np.exp(log_response(18.0, 18.0, 2.0, form))), 12) for form in ("pow2", "exp")]
    [0.5, 0.5]
    """
    with np.errstate(over="ignore"):
        relative = np.minimum(dose / d50, LARGEST)
        if form == "pow2":
            return -np.log(2.0) * np.exp(np.e * gamma * (1.0 - relative))
        return -np.exp(np.e * gamma - relative * (np.e * gamma - np.log(np.log(2.0))))


def relative_seriality(
    dose: lq.Quantity,
    weight: np.ndarray,
    d50: lq.Quantity,
    gamma: lq.Quantity,
    s: lq.Quantity,
    form: Form,
) -> lq.Quantity:
    r"""Probability of a complication of a DVH, whose volume is the last axis of dose and weight.

    .. math:: p = \Bigl(1 - \prod_j \bigl(1 - P(D_j)^s\bigr)^{v_j}\Bigr)^{1/s}

    Parameters
    ----------
    dose, weight
        Dose of each part [Gy] and its share of the volume.
    d50, gamma
        Uniform dose at which half get it [Gy], and the steepness, see `log_response`.
    s
        Relative seriality: 1 in series, towards 0 in parallel.
    form
        Of P, see `log_response`.

    Examples
    --------
    >>> bins, volume = np.arange(2.5, 25.0, 5.0), np.array([10.0, 20.0, 40.0, 25.0, 5.0]) / 100.0
    >>> round(float(relative_seriality(bins, volume, 18.0, 2.0, 1.0, "pow2")), 9)
    0.220508456

    References
    ----------
    Källman et al. (1992), Int. J. Radiat. Biol. 62, 249-262.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        spared = np.log(-np.expm1(s * log_response(dose, d50, gamma, form)))
        parts = np.where(np.asarray(weight) > 0, spared * weight, 0.0)
        s = s[..., 0] if np.ndim(s) else s
        return np.power(-np.expm1(parts.sum(axis=-1)), 1.0 / s)


@dataclass(frozen=True, kw_only=True)
class RelativeSeriality(ComplicationModel):
    r"""Relative seriality.

    .. math:: p = \Bigl(1 - \prod_j \bigl(1 - P(D_j)^s\bigr)^{v_j}\Bigr)^{1/s}

    At zero dose it is P(0), not 0.

    Attributes
    ----------
    d50, gamma
        Uniform dose at which half get it [Gy], and the steepness. It is about the normalized
        slope at D50 but not exactly, see `log_response`.
    s
        Relative seriality: 1 in series, towards 0 in parallel.
    form
        ``pow2``, :math:`P = 2^{-\exp(e\gamma(1 - D/D_{50}))}`, or ``exp``,
        :math:`P = \exp(-\exp(e\gamma - (D/D_{50})(e\gamma - \ln\ln 2)))`. Published parameters
        belong to one of them.
    """

    equation: ClassVar[str] = (
        "p = (1 - prod_j (1 - P(D_j)^s)^v_j)^(1/s); form pow2: P = 2^-exp(e g (1 - D/D50)), "
        "form exp: P = exp(-exp(e g - (D/D50)(e g - ln ln 2)))"
    )
    takes: ClassVar[str] = "the whole DVH"
    reads_dvh: ClassVar[bool] = True
    shape: ClassVar[tuple[str, ...]] = ("d50", "gamma", "s")
    increasing: ClassVar[tuple[str, ...]] = ("d50", "gamma", "s")

    kind: Literal["relative_seriality"] = "relative_seriality"
    d50: Parameter
    gamma: Parameter
    s: Parameter
    form: Form

    def response(
        self, dose: lq.Quantity, patients: xr.Dataset = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at a DVH; the last axis of the dose [Gy] is the volume."""
        assert weight is not None
        d50, gamma, s = (self._value(name, patients, dose) for name in ("d50", "gamma", "s"))
        return relative_seriality(dose, weight, d50, gamma, s, self.form)
