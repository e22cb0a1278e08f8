"""Every model in fifty-digit arithmetic, by its kind, and an example of it."""

import mpmath
from mpmath import mpf

from radsim.dose.metrics import DoseMetric
from radsim.response.onset import LognormalOnset

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
        "log_logistic": {"d50": 60.0, "k": 8.0, "dose": MEAN, **CORD},
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


def control_of_dvh(model, doses, weight):
    """Control of a volume whose parts have these EQD2."""
    if model.kind == "geud":
        return _power(_power_mean(doses, weight, mpf(model.a)), model.d50, 4 * mpf(model.gamma50))
    answer = mpf(1)
    for dose, share in zip(doses, weight, strict=True):
        answer *= control(model, dose) ** share
    return answer


def complication_of_dvh(model, doses, weight):
    """Complication of an organ whose parts have these doses in the model's units."""
    if model.kind == "lkb":
        return lyman(_power_mean(doses, weight, 1 / mpf(model.n)), model.td50, model.m, model.link)
    if model.kind == "relative_seriality":
        return relative_seriality(doses, weight, model.d50, model.gamma, model.s, model.form)
    if model.kind == "critical_volume":
        lost = sum(
            v * _power(d, model.d50, mpf(model.k)) for d, v in zip(doses, weight, strict=True)
        )
        return mpmath.ncdf((lost - mpf(model.reserve)) / mpf(model.reserve_sd))
    raise KeyError(f"state {model.kind} of a DVH in fifty digits here")


def complication(model, dose, log_ratio=0):
    """Complication of a whole organ with this dose in the model's units.

    Covariates raise the log of the odds or of the hazard by ``log_ratio``.
    """
    if model.kind == "proportional_hazards":
        high = dose >= model.fraction_dose_threshold
        ratio = mpf(model.hazard_ratio_fraction_dose) if high else mpf(1)
        ratio *= mpf(model.hazard_ratio_per_gray) ** (dose - mpf(model.reference_fraction_dose))
        hazard = -mpmath.log(1 - mpf(model.reference_risk)) * mpf(model.share) * ratio
        return 1 - mpmath.exp(-min(hazard, mpf(1000)))  # of more nothing is left in fifty digits
    if model.reads_dvh:
        return complication_of_dvh(model, [dose], [mpf(1)])
    if model.kind in ("logistic_eqd2", "logistic"):
        if dose < getattr(model, "threshold", 0.0):
            return mpf(0)
        above = dose - mpf(getattr(model, "center", 0.0))
        return _logistic(mpf(model.intercept) + mpf(model.slope) * above + log_ratio)
    if model.kind == "logistic_d50":
        return _logistic(4 * mpf(model.gamma50) * (dose / mpf(model.d50) - 1) + log_ratio)
    if model.kind == "log_logistic":
        odds = (dose / mpf(model.d50)) ** mpf(model.k) * mpmath.exp(log_ratio)
        return odds / (1 + odds)
    if model.kind == "probit":
        return mpmath.ncdf(mpf(model.intercept) + mpf(model.slope) * dose)
    if model.kind == "levels":
        reached = dose >= mpf(model.threshold)
        return max(mpf(model.below), mpf(model.above)) if reached else mpf(model.below)
    if model.kind == "cox":
        log_hazard = mpmath.log(mpf(model.baseline_hazard)) + mpf(model.slope) * dose + log_ratio
        return -mpmath.expm1(-mpmath.exp(min(log_hazard, mpf(1000))))
    raise KeyError(f"state {model.kind} in fifty digits here")


def relative_seriality(doses, weight, d50, gamma, s, form):
    """Whole DVHs; log1p and expm1 because P^s may be any number of digits below 1."""
    log_spared = mpf(0)
    for dose, share in zip(doses, weight, strict=True):
        relative, slope = mpf(float(dose)) / mpf(d50), mpmath.e * mpf(gamma)
        if form == "pow2":
            log_p = -mpmath.log(2) * mpmath.exp(slope * (1 - relative))
        else:
            log_p = -mpmath.exp(slope - relative * (slope - mpmath.log(mpmath.log(2))))
        if share > 0:
            log_spared += mpf(float(share)) * _log_complement(mpf(s) * log_p)
    return (-mpmath.expm1(log_spared)) ** (1 / mpf(s))


def _log_complement(log_p):
    """Log of 1 - p."""
    return mpmath.log1p(-mpmath.exp(log_p)) if log_p < -1 else mpmath.log(-mpmath.expm1(log_p))


def lyman(dose, td50, m, link):
    """Of a uniform dose."""
    relative = dose / mpf(td50)
    gamma50 = 1 / (mpf(m) * mpmath.sqrt(2 * mpmath.pi))
    if link == "probit":
        return mpmath.ncdf((relative - 1) / mpf(m))
    if link == "log_logistic":
        return _power(dose, td50, 4 * gamma50)
    return mpf(2) ** -mpmath.exp(mpmath.e * gamma50 * (1 - relative))


def _power_mean(doses, weight, a):
    held = [(d, v) for d, v in zip(doses, weight, strict=True) if v > 0]
    if a < 0 and any(d == 0 for d, _ in held):
        return mpf(0)
    return sum(v * mpf(d) ** a for d, v in held) ** (1 / a)


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
        integral = days[k + 1] - days[k]
        if b != d:
            ends = (mpmath.exp(-(b - d) * day) for day in days[k : k + 2])
            integral = (next(ends) - next(ends)) / (b - d)
        inverse += b * killed * integral
    return (1 - 1 / inverse) ** clonogens
