"""Tumor control with birth and death of clonogens (Zaider and Minerbo)."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from scipy import special

from radsim.dose.metrics import DoseMetric
from radsim.patients.patients import NOBODY, Patients
from radsim.radiobiology import lq
from radsim.response.model import LARGEST
from radsim.tcp.control import ControlModel
from radsim.vocabulary.mistakes import require
from radsim.vocabulary.numbers import Parameter, Real


def fraction_day(index: lq.Quantity) -> lq.Quantity:
    """Day of a fraction of a course with five a week that begins on a Monday, day 0.

    Examples
    --------
    >>> [int(fraction_day(i)) for i in (0, 4, 5)]
    [0, 4, 7]
    """
    return index + 2 * (np.asarray(index) // 5)


def log_odds_of_extinction(
    log_survival: lq.Quantity,
    fractions: int,
    birth_rate: lq.Quantity,
    death_rate: lq.Quantity,
    months: lq.Quantity,
) -> lq.Quantity:
    r"""Log of the odds that the clone of one clonogen has died out.

    Its probability to be alive at t is

    .. math:: p(t) = \Bigl(\frac{e^{-(b-d)t}}{S(t)}
              + b \int_0^t \frac{e^{-(b-d)t'}}{S(t')}\,dt'\Bigr)^{-1}

    with S the surviving fraction after the fractions given so far. With :math:`S_k` after the
    fraction on day :math:`t_k`, and :math:`S_0 = 1`, the same equation is

    .. math:: \frac{1 - p}{p}
              = \sum_k e^{-(b-d)t_k} \Bigl(\frac{1}{S_k} - \frac{1}{S_{k-1}}\Bigr)
              + d \int_0^t \frac{e^{-(b-d)t'}}{S(t')}\,dt'

    a sum of what is never negative, so that no digit is lost, and in logs nothing too large.

    Parameters
    ----------
    log_survival
        Natural log of the surviving fraction of the whole course, in equal fractions.
    birth_rate, death_rate
        Of clonogens, b and d [1/day].
    months
        Time, not before the last fraction [months].

    Examples
    --------
    >>> odds = log_odds_of_extinction(np.log(1e-6), 1, birth_rate=0.0, death_rate=0.0, months=1.0)
    >>> round(float(special.expit(-odds)) * 1e6, 9)  # the probability to be alive
    1.0

    References
    ----------
    Zaider and Minerbo (2000), Phys. Med. Biol. 45, 279-293.
    """
    log_survival, birth, death, months = (
        np.asarray(value, dtype=float)[..., None]
        for value in np.broadcast_arrays(log_survival, birth_rate, death_rate, months)
    )
    net = np.clip(birth - death, -LARGEST, LARGEST)
    start = fraction_day(np.arange(fractions))
    end = np.concatenate(
        [np.broadcast_to(start[1:], (*months.shape[:-1], fractions - 1)), months * DAYS_A_MONTH],
        axis=-1,
    )
    each = -log_survival / fractions
    log_killed = each * np.arange(1, fractions + 1)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        by_dose = log_killed - net * start + np.log(-np.expm1(-each))
        by_death = np.log(death) + log_killed + _log_integral(net, start, end)
        return special.logsumexp(np.concatenate([by_dose, by_death], axis=-1), axis=-1)


DAYS_A_MONTH = 30.4375
SLOW = 1e-8  # decay over an interval whose square is nothing beside 1


def _log_integral(rate: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Log of the integral of exp(-rate t) from start to end."""
    length = end - start
    steps = np.abs(rate) * length
    # the integrand is largest at the start where the rate is above 0, and else at the end
    largest = -rate * np.where(rate > 0, start, end)
    slow = np.log(length) - 0.5 * steps
    fast = np.log(-np.expm1(-steps)) - np.log(np.abs(rate))
    return largest + np.where(steps < SLOW, slow, fast)


@dataclass(frozen=True, kw_only=True)
class ZaiderMinerboTCP(ControlModel):
    r"""Control when clonogens divide and die between and after the fractions.

    .. math:: TCP(t) = \prod_j \bigl(1 - p_j(t)\bigr)^{\rho V v_j}

    with p the probability that a clone is alive at t (`log_odds_of_extinction`), fractions given
    five a week. Without births and deaths it is the Poisson model's limit of many clonogens. The
    curve is evaluated at the time where the onset's growth is 1.

    Attributes
    ----------
    alpha
        Linear radiosensitivity [1/Gy].
    clonogen_density, volume
        Clonogens in each volume [1/cm3], and the volume [cm3].
    birth_rate, death_rate
        Of clonogens [1/day].
    evaluated_at
        Time after the first fraction at which extinction is asked for [months].

    References
    ----------
    Zaider and Minerbo (2000), Phys. Med. Biol. 45, 279-293.
    """

    equation: ClassVar[str] = (
        "TCP = prod_j (1 - p_j)^(density V v_j), "
        "1/p = exp(-(b-d) t) / S(t) + b int_0^t exp(-(b-d) t') / S(t') dt'"
    )
    takes: ClassVar[str] = "the whole DVH (default) or a metric, as BED, with the fractions"
    shape: ClassVar[tuple[str, ...]] = ("alpha", "clonogen_density")
    increasing: ClassVar[tuple[str, ...]] = ("alpha", "clonogen_density", "volume", "evaluated_at")

    kind: Literal["zaider_minerbo"] = "zaider_minerbo"
    alpha: Parameter
    clonogen_density: Parameter
    volume: Parameter = "gtv_volume"
    birth_rate: Parameter
    death_rate: Parameter
    evaluated_at: Real = 24.0
    dose: DoseMetric = field(default_factory=lambda: DoseMetric(structure="gtv", metric="DVH"))

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("birth_rate", "death_rate"):
            value = getattr(self, name)
            require(
                isinstance(value, str) or bool(np.all(np.asarray(value) >= 0)),
                f"{name} must not be negative, got {value}",
            )

    def hazard_at_bed(
        self, bed: lq.Quantity, patients: Patients = NOBODY, fractions: lq.Quantity = 1
    ) -> lq.Quantity:
        """Hazard of failure of a volume with this BED [Gy] throughout, at the time evaluated."""
        bed, number = np.broadcast_arrays(
            np.asarray(bed, dtype=float), np.round(np.asarray(fractions, dtype=float))
        )
        latest = fraction_day(int(number.max(initial=1.0)) - 1) / DAYS_A_MONTH
        require(
            latest <= self.evaluated_at,
            f"evaluated_at must not be before the last fraction at {latest:.3g} months, "
            f"got {self.evaluated_at}",
        )
        with np.errstate(over="ignore"):
            log_survival = -np.minimum(self._value("alpha", patients) * bed, LARGEST)
        rates = (self._value(name, patients) for name in ("birth_rate", "death_rate"))
        log_survival, number, birth, death = np.broadcast_arrays(log_survival, number, *rates)
        odds = np.empty(log_survival.shape)
        for n in np.unique(number):
            here = number == n
            odds[here] = log_odds_of_extinction(
                log_survival[here], max(int(n), 1), birth[here], death[here], self.evaluated_at
            )
        density, volume = (self._value(name, patients) for name in ("clonogen_density", "volume"))
        hazard = np.logaddexp(0.0, -odds)  # -ln(1 - p)
        with np.errstate(divide="ignore", over="ignore"):  # of many clonogens, and of none alive
            return np.exp(np.log(density) + np.log(volume) + np.log(hazard))
