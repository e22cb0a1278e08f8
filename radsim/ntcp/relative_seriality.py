"""Relative seriality: an organ of parts in series and in parallel, in the two forms in use."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.ntcp.complication import ComplicationModel
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.vocabulary.numbers import Parameter

Form = Literal["pow2", "exp"]
LOG_2 = np.log(2.0)
SMALL = -40.0  # log of a probability that equals its hazard to the last digit


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
        below = (d50 - dose) / d50  # exact where dose is next to D50
        spared = np.exp(np.e * (gamma * below))
        return -LOG_2 * (spared if form == "pow2" else spared * np.exp(-below * np.log(LOG_2)))


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
        log_hazards = _log_hazard(s * log_response(dose, d50, gamma, form))
        # a part without any volume has no hazard, be its dose however large
        parts = np.where(np.asarray(weight) > 0, np.log(weight) + log_hazards, -np.inf)
        log_p = _log_probability(special.logsumexp(parts, axis=-1))
        return np.exp(log_p / (s[..., 0] if np.ndim(s) else s))


def _log_hazard(log_p: lq.Quantity) -> lq.Quantity:
    """Log of -ln(1 - p), also where p is too small for a number."""
    return np.where(log_p < SMALL, log_p, np.log(-_log_complement(log_p)))


def _log_probability(log_hazard: lq.Quantity) -> lq.Quantity:
    """The inverse of the above."""
    return np.where(log_hazard < SMALL, log_hazard, _log_complement(-np.exp(log_hazard)))


def _log_complement(log_p: lq.Quantity) -> lq.Quantity:
    """Log of 1 - p, to the last digits at both ends."""
    return np.where(log_p > -LOG_2, np.log(-np.expm1(log_p)), np.log1p(-np.exp(log_p)))


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

    def probability_at_effect(
        self, effect: lq.Quantity, patients: Patients = NOBODY, weight: np.ndarray | None = None
    ) -> lq.Quantity:
        """Probability at a DVH; the last axis of what ``effect`` names [Gy] is the volume."""
        dose = self._checked(effect, weight)
        assert weight is not None
        d50, gamma, s = (self._value_beside_parts(name, patients) for name in ("d50", "gamma", "s"))
        return relative_seriality(dose, weight, d50, gamma, s, self.form)
