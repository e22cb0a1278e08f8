"""Everything after the dose step, one patient at a time, with plain floats: slow and obvious.

Nothing is shared with the package but the doses, the cohort and the uniform numbers. Figures are
written out here and not read from the presets.
"""

import math
from statistics import NormalDist
from typing import Any

NORMAL = NormalDist()
D50, GAMMA50, CONTROL_ALPHA_BETA = 19.44, 0.814, 6.0
REIRRADIATION_RATIO = 1.67
CORD = {  # intercept, structure
    "sbrt-cord-default": (-4.59512 - 0.0876 * 56.0, "spinal_cord"),  # 1 % at EQD2 56 Gy
    "sbrt-cord-case-control": (-6.854, "thecal_sac"),
}
CORD_SLOPE, CORD_ALPHA_BETA, CORD_THRESHOLD = 0.0876, 2.0, 15.0
CORD_MEDIAN, CORD_SIGMA = 6.0, 0.4
REFERENCE_RISK = 0.009
FRACTURE_MEDIAN, FRACTURE_SIGMA = 2.46, 1.26
Patient = dict[str, Any]


def bed(dose: float, fractions: int, alpha_beta: float) -> float:
    return dose * (1.0 + dose / fractions / alpha_beta)


def failure_hazard_at_two_years(dose: float, fractions: int) -> float:
    ab = CONTROL_ALPHA_BETA
    three = 3 * ab / 2 * (-1.0 + math.sqrt(1.0 + 4.0 * bed(dose, fractions, ab) / (3 * ab)))
    control = 1.0 / (1.0 + math.exp(4.0 * GAMMA50 * (1.0 - three / D50)))
    return -math.log(control)


def lifetime_myelopathy(
    dose: float, fractions: int, left_of_prior: float, intercept: float, cord: bool
) -> float:
    if not cord:
        return 0.0
    effect = bed(dose, fractions, CORD_ALPHA_BETA) + left_of_prior
    eqd2 = effect / (1.0 + 2.0 / CORD_ALPHA_BETA)
    if eqd2 < CORD_THRESHOLD:
        return 0.0
    return 1.0 / (1.0 + math.exp(-intercept - CORD_SLOPE * eqd2))


def fracture_hazard_at_one_year(patient: Patient, fraction_dose: float) -> float:
    ratio = 1.0
    if fraction_dose >= 20.0:
        ratio *= 5.0
    if patient["baseline_fracture"] == "below_half":
        ratio *= 8.98
    elif patient["baseline_fracture"] == "half_or_more":
        ratio *= 6.92
    elif patient["body_involved_over_half"]:
        ratio *= 4.46
    if patient["malalignment"]:
        ratio *= 2.99
    if patient["lesion_type"] == "lytic":
        ratio *= 3.53
    return -math.log(1.0 - REFERENCE_RISK) * ratio


def lognormal_cdf(months: float, median: float, sigma: float) -> float:
    return NORMAL.cdf(math.log(months / median) / sigma)


def lognormal_time(share: float, median: float, sigma: float) -> float:
    return median * math.exp(sigma * NORMAL.inv_cdf(share)) if share < 1.0 else math.inf


def fracture_growth(months: float) -> float:
    return lognormal_cdf(months, FRACTURE_MEDIAN, FRACTURE_SIGMA) / lognormal_cdf(
        12.0, FRACTURE_MEDIAN, FRACTURE_SIGMA
    )


def outcomes(
    patient: Patient, arm: Patient, luck: dict[str, float], months: list[float]
) -> Patient:
    """Probabilities and times of one patient under one arm.

    Parameters
    ----------
    patient
        ``baseline_fracture`` and ``lesion_type`` as text, flags as numbers, ``cord_present``, and
        the Weibull ``shape`` and ``scale`` of survival.
    arm
        ``fractions``, ``prescription``, ``control_dose``, the doses ``spinal_cord`` and
        ``thecal_sac``; after a prior course also ``prior_bed`` at alpha/beta 2 and ``recovery``.
    luck
        A number for each of ``local_failure``, ``vcf``, ``myelopathy`` and ``death``.
    """
    n = arm["fractions"]
    left = arm.get("prior_bed", 0.0) * (1.0 - arm.get("recovery", 0.0))
    plain = failure_hazard_at_two_years(arm["control_dose"], n)
    hazards = {
        "without": plain,
        "own": plain * REIRRADIATION_RATIO if "prior_bed" in arm else plain,
    }
    fracture = fracture_hazard_at_one_year(patient, arm["prescription"] / n)
    cord = bool(patient["cord_present"])
    lifetime = {
        name: lifetime_myelopathy(arm[structure], n, left, intercept, cord)
        for name, (intercept, structure) in CORD.items()
    }
    own = lifetime["sbrt-cord-default"]
    found: Patient = {"control": {}, "vcf": [], "myelopathy": {}, "free": [], "alive": []}
    for name, hazard in hazards.items():
        found["control"][name] = [math.exp(-hazard * t / 24.0) for t in months]
    for name, p in lifetime.items():
        found["myelopathy"][name] = [p * lognormal_cdf(t, CORD_MEDIAN, CORD_SIGMA) for t in months]
    for k, t in enumerate(months):
        found["vcf"].append(1.0 - math.exp(-fracture * fracture_growth(t)))
        found["alive"].append(math.exp(-((t / patient["scale"]) ** patient["shape"])))
        found["free"].append(
            found["control"]["own"][k]
            * (1.0 - found["vcf"][k])
            * (1.0 - own * lognormal_cdf(t, CORD_MEDIAN, CORD_SIGMA))
        )
    found["time"] = {
        "local_failure": {
            name: 24.0 * -math.log(1.0 - luck["local_failure"]) / hazard
            for name, hazard in hazards.items()
        },
        "vcf": lognormal_time(
            -math.log(1.0 - luck["vcf"])
            / fracture
            * lognormal_cdf(12.0, FRACTURE_MEDIAN, FRACTURE_SIGMA),
            FRACTURE_MEDIAN,
            FRACTURE_SIGMA,
        ),
        "myelopathy": {
            name: lognormal_time(luck["myelopathy"] / p, CORD_MEDIAN, CORD_SIGMA)
            if luck["myelopathy"] < p
            else math.inf
            for name, p in lifetime.items()
        },
        "death": patient["scale"] * (-math.log(1.0 - luck["death"])) ** (1.0 / patient["shape"]),
    }
    return found


def came(event: float, death: float, months: list[float]) -> list[float]:
    """One at each time by which the event has come, if it came before death."""
    return [1.0 if event <= t and event < death else 0.0 for t in months]


def mean_and_error(values: list[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    n = len(values)
    mean = math.fsum(values) / n
    variance = math.fsum((v - mean) ** 2 for v in values) / (n - 1)
    return mean, math.sqrt(variance / n)


def counted_mean_and_error(values: list[float]) -> tuple[float, float]:
    """Mean of what was counted, 1, 0 or -1, and its error, which few events do not make small."""
    n = len(values)
    mean, error = mean_and_error(values)
    events = math.fsum(v * v for v in values)
    least = 1.0 / n
    if min(events, n - events) < 10:  # half the Wilson interval of the events, in standard errors
        z, p = 1.959963984540054, events / n
        spread = math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n))
        least = spread / (1.0 + z * z / n)
    return mean, max(error, least)


def share_best(values: dict[str, float], higher_is_better: bool) -> dict[str, float]:
    """Each arm's part in being best for one patient."""
    best = max(values.values()) if higher_is_better else min(values.values())
    winners = [name for name, value in values.items() if value == best]
    return {name: 1.0 / len(winners) if name in winners else 0.0 for name in values}


RELIEF = {"sbrt": 0.524, "conventional": 0.479}  # of the living in pain, at 3 months
RELIEF_MEDIAN, RELIEF_SIGMA, HALF_LIFE = 0.92, 0.48, 24.0


def share_still_relieved(months: float, steps: int = 20_000) -> float:
    """Share of all who are ever relieved who are so at a time, by the middles of many steps."""
    answer = 0.0
    for k in range(steps):
        time = lognormal_time((k + 0.5) / steps, RELIEF_MEDIAN, RELIEF_SIGMA)
        answer += 0.5 ** ((months - time) / HALF_LIFE) if time <= months else 0.0
    return answer / steps


def relief(in_pain: bool, ever: float, luck: dict[str, float]) -> tuple[float, float]:
    """When one patient's relief begins and ends, infinite for never.

    ``luck`` has a number for ``whether`` it comes, ``when`` and until its ``end``.
    """
    if not in_pain or luck["whether"] >= ever:
        return math.inf, math.inf
    begins = lognormal_time(luck["when"], RELIEF_MEDIAN, RELIEF_SIGMA)
    return begins, begins + HALF_LIFE * math.log(1.0 - luck["end"], 0.5)


def relieved(begins: float, ends: float, death: float, months: list[float]) -> list[float]:
    """One at each time at which a patient is alive and relieved."""
    return [1.0 if begins <= t < ends and t < death else 0.0 for t in months]
