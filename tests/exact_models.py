"""Every model at a uniform dose in fifty-digit arithmetic, by its kind, and an example of it."""

import mpmath
from mpmath import mpf

from radsim.arm_dose import DoseMetric
from radsim.onset import LognormalOnset

ONSET = LognormalOnset(median=6.0, sigma=0.4)
MEAN = DoseMetric(structure="spinal_cord", metric="mean")
WHOLE = DoseMetric(structure="spinal_cord", metric="DVH")
CORD = {"alpha_beta": 2.0, "onset": ONSET}

EXAMPLES = {  # parameters of the kinds that no preset has; of these only tests make use
    "tcp": {
        "probit": {"d50": 32.0, "gamma50": 0.7, "alpha_beta": 6.0},
        "poisson": {"alpha": 0.15, "clonogen_density": 300.0, "volume": 9.5, "alpha_beta": 6.0},
        "zaider_minerbo": {
            "alpha": 0.15, "clonogen_density": 300.0, "volume": 9.5, "alpha_beta": 6.0,
            "birth_rate": 0.03, "death_rate": 0.02,
        },
        "geud": {"d50": 32.0, "gamma50": 0.7, "a": -10.0, "alpha_beta": 6.0},
    },
    "ntcp": {
        "logistic": {"intercept": -3.0, "slope": 0.05, "dose": MEAN, **CORD},
        "logistic_d50": {"d50": 40.0, "gamma50": 1.2, "dose": MEAN, **CORD},
        "relative_seriality": {
            "d50": 55.0, "gamma": 1.9, "s": 0.5, "form": "pow2", "dose": WHOLE, **CORD
        },
        "critical_volume": {
            "d50": 30.0, "k": 6.0, "reserve": 0.4, "reserve_sd": 0.1, "dose": WHOLE, **CORD
        },
        "cox": {"baseline_hazard": 0.01, "slope": 0.04, "dose": MEAN, **CORD},
    },
}  # fmt: skip


def control(model, eqd2):
    """Control of a whole volume with this EQD2, growth 1."""
    if model.kind == "logistic_dose":
        bed, m, ratio = _bed(model, eqd2), mpf(model.reference_fractions), mpf(model.alpha_beta)
        dose = m * ratio / 2 * (-1 + mpmath.sqrt(1 + 4 * bed / (m * ratio)))
        return _logistic(4 * mpf(model.gamma50) * (dose / mpf(model.d50) - 1))
    if model.kind == "logistic_eqd2":
        return _logistic(mpf(model.intercept) + mpf(model.slope) * eqd2)
    if model.kind == "log_logistic":
        return _power(eqd2, model.d50, mpf(model.k))
    if model.kind == "log_logistic_floor":
        floor = mpf(model.floor)
        return floor + (1 - floor) * _power(eqd2, model.d50, mpf(model.k))
    if model.kind == "geud":
        return _power(eqd2, model.d50, 4 * mpf(model.gamma50))
    if model.kind == "probit":
        slope = mpmath.sqrt(2 * mpmath.pi) * mpf(model.gamma50)
        return mpmath.ncdf(slope * (eqd2 / mpf(model.d50) - 1))
    clonogens = mpf(model.clonogen_density) * mpf(model.volume)
    if model.kind == "poisson":
        return mpmath.exp(-clonogens * mpmath.exp(-mpf(model.alpha) * _bed(model, eqd2)))
    if model.kind == "zaider_minerbo":
        return zaider_minerbo(model, eqd2, clonogens)
    raise KeyError(f"state {model.kind} in fifty digits here")


def complication(model, dose):
    """Complication of a whole organ with this dose in the model's units."""
    if model.kind in ("logistic_eqd2", "logistic"):
        if dose < getattr(model, "threshold", 0.0):
            return mpf(0)
        return _logistic(mpf(model.intercept) + mpf(model.slope) * dose)
    if model.kind == "logistic_d50":
        return _logistic(4 * mpf(model.gamma50) * (dose / mpf(model.d50) - 1))
    if model.kind == "log_logistic":
        return _power(dose, model.d50, mpf(model.k))
    if model.kind == "probit":
        return mpmath.ncdf(mpf(model.intercept) + mpf(model.slope) * dose)
    if model.kind == "lkb":
        return mpmath.ncdf((dose - mpf(model.td50)) / (mpf(model.m) * mpf(model.td50)))
    if model.kind == "relative_seriality":
        return mpf(2) ** -mpmath.exp(mpmath.e * mpf(model.gamma) * (1 - dose / mpf(model.d50)))
    if model.kind == "critical_volume":
        lost = _power(dose, model.d50, mpf(model.k))
        return mpmath.ncdf((lost - mpf(model.reserve)) / mpf(model.reserve_sd))
    if model.kind == "cox":
        return 1 - mpmath.exp(-mpf(model.baseline_hazard) * mpmath.exp(mpf(model.slope) * dose))
    raise KeyError(f"state {model.kind} in fifty digits here")


def _bed(model, eqd2):
    return eqd2 * (1 + 2 / mpf(model.alpha_beta))


def _logistic(log_odds):
    return 1 / (1 + mpmath.exp(-log_odds))


def _power(dose, d50, k):
    return 1 / (1 + (mpf(d50) / dose) ** k) if dose > 0 else mpf(0)


def zaider_minerbo(model, eqd2, clonogens, fractions=1):
    """Equal fractions, five a week; all given at once as the curve has it."""
    b, d = mpf(model.birth_rate), mpf(model.death_rate)
    end = mpf(model.evaluated_at) * mpf("30.4375")
    days = [mpf(i + 2 * (i // 5)) for i in range(fractions)] + [end]
    log_survival = -mpf(model.alpha) * _bed(model, eqd2)
    inverse = mpmath.exp(-log_survival - (b - d) * end)
    for k in range(fractions):
        killed = mpmath.exp(-log_survival * (k + 1) / fractions)
        integral = (mpmath.exp(-(b - d) * days[k]) - mpmath.exp(-(b - d) * days[k + 1])) / (b - d)
        inverse += b * killed * integral
    return (1 - 1 / inverse) ** clonogens
