"""The steps of the walk: functions of values, each of which sees its inputs and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from radsim.dose.dose import Dose
from radsim.dose.metrics import Course, DoseMetric
from radsim.patients.patients import Patients
from radsim.randomness.streams import UniformSource
from radsim.response.fitted_range import outside_range
from radsim.response.onset import Onset
from radsim.response.risk import HazardRisk, LifetimeRisk, Risk
from radsim.response.survival import WeibullSurvival
from radsim.sums.best import best_shares

REPORTED_METRICS = {  # name of the variable: where it is read
    "gtv_d98": DoseMetric(structure="gtv", metric="D98"),
    "gtv_d90": DoseMetric(structure="gtv", metric="D90"),
    "gtv_d50": DoseMetric(structure="gtv", metric="D50"),
    "ptv_d90": DoseMetric(structure="ptv", metric="D90"),
    "spinal_cord_d003cc": DoseMetric(structure="spinal_cord", metric="D0.03cc"),
    "cord_prv_d003cc": DoseMetric(structure="cord_prv", metric="D0.03cc"),
    "thecal_sac_d003cc": DoseMetric(structure="thecal_sac", metric="D0.03cc"),
}
COURSES: tuple[Course, ...] = ("planned", "delivered")
METRICS = {  # the same of each course
    f"{name}_{course}": replace(metric, course=course)
    for name, metric in REPORTED_METRICS.items()
    for course in COURSES
}
Flags = Mapping[str, np.ndarray]

# steps that take a part of what another step made
PATIENTS, SCREENING = itemgetter(0), itemgetter(1)
FLAGS = attrgetter("flags")
FIRST_PATIENT = itemgetter((..., 0))


def draw_luck(source: UniformSource, event: str, patients: range) -> np.ndarray:
    """Draw the number that decides an event in each patient."""
    return source.uniforms(f"outcome/{event}", patients)


def risk_of(model: Any, ratio: float, patients: Patients, dose: Dose) -> Risk:
    """Risk under a model whose hazard an earlier course raises by a ratio."""
    risk = model.risk(patients, dose)
    return risk if ratio == 1.0 else HazardRisk(hazard=risk.hazard * ratio, onset=risk.onset)


def net_rows(free: bool, months: Sequence[float], risks: Sequence[Risk]) -> np.ndarray:
    """Probability of an event by each time, or of being free of it, shape (arm, month, patient)."""
    rows = [r.free(month) if free else r.probability(month) for r in risks for month in months]
    return np.stack(rows).reshape(len(risks), len(months), -1)


def lifetimes(risks: Sequence[LifetimeRisk]) -> np.ndarray:
    """Probability that an event ever happens, shape (arm, 1, patient)."""
    return np.stack([risk.lifetime for risk in risks])[:, np.newaxis]


def growths(onset: Onset, months: Sequence[float]) -> np.ndarray:
    """Growth by each time, shape (month,)."""
    return np.array([onset.growth(month) for month in months])


def times_of(risks: Sequence[Risk], luck: np.ndarray) -> np.ndarray:
    """Time of an event in each arm, infinite for never, shape (arm, patient) [months]."""
    return np.stack([risk.time(luck) for risk in risks])


def death_of(law: WeibullSurvival, luck: np.ndarray, patients: Patients) -> np.ndarray:
    """Time of death, shape (patient,) [months]."""
    return law.time(luck, patients)


def alive_of(law: WeibullSurvival, months: Sequence[float], patients: Patients) -> np.ndarray:
    """Probability to be alive at each time, shape (month, patient)."""
    everyone = np.ones(len(patients))
    return np.stack([law.alive(month, patients) * everyone for month in months])


def before_death(times: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """Times of an event that death ends: infinite where it does not come before [months]."""
    return np.where(times < deaths, times, np.inf)


def all_free(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Probability to be free of every event, in the order of the events."""
    product = rows[0]
    for free in rows[1:]:
        product = product * free
    return product


def are_alike(rows: np.ndarray) -> bool:
    """Say whether every patient has the same numbers; of nobody that is not said."""
    return rows.shape[-1] > 0 and bool((rows == rows[..., :1]).all())


def best_by_risk(months: Sequence[float], good: bool, risks: Sequence[Risk]) -> np.ndarray:
    """Share of being best of each arm, shape (arm, month or 1, patient)."""
    first = risks[0]
    if all(isinstance(r, HazardRisk) and r.onset == first.onset for r in risks):
        # the same at every time
        rank = np.stack([r.hazard for r in risks])[:, np.newaxis]  # type: ignore[union-attr]
    elif all(isinstance(r, LifetimeRisk) and r.onset == first.onset for r in risks):
        rank = lifetimes(risks)  # type: ignore[arg-type]
    else:
        rank = net_rows(False, months, risks)
    return best_shares(rank if good else -rank)


def best_by_rows(rows: np.ndarray, arms: Sequence[int]) -> np.ndarray:
    """Share of being best of some arms, more being better."""
    return best_shares(rows[list(arms)])


def outside(model: Any, patients: Patients, dose: Dose) -> tuple[np.ndarray, np.ndarray]:
    """Say who lies below and who above the range that a model was fitted on."""
    stated = outside_range(model, patients, dose)
    assert stated is not None
    return stated


def flag_rows(name: str, flags: Sequence[Flags]) -> np.ndarray:
    """One flag in every arm, shape (arm, patient); missing (NaN) where an arm does not have it."""
    there = next(arm[name] for arm in flags if name in arm)
    missing = np.full(len(there), np.nan)
    return np.stack([arm.get(name, missing) for arm in flags]).astype(float)


def side_rows(side: int, outside_of: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Who lies below a range (0) or above it (1) in every arm, shape (arm, patient)."""
    return np.stack([arm[side] for arm in outside_of]).astype(float)


def fact_rows(name: str, doses: Sequence[Dose]) -> np.ndarray:
    """A number of each patient in every arm, shape (arm, patient); missing (NaN) where none."""
    missing = np.full(len(doses[0].prescription), np.nan)
    return np.stack([dose.facts.get(name, missing) for dose in doses]).astype(float)


def metric_rows(metric: DoseMetric, doses: Sequence[Dose]) -> np.ndarray:
    """A metric in every arm, shape (arm, patient) [Gy]; missing (NaN) where an arm lacks it."""
    missing = np.full(len(doses[0].prescription), np.nan)
    return np.stack(
        [
            dose.sums(metric).total if metric.structure in dose.plan.gives else missing
            for dose in doses
        ]
    )


def eqd2_of(model: Any, patients: Patients, dose: Dose) -> np.ndarray:
    """EQD2 that a model reads, shape (patient,) [Gy]."""
    return model.eqd2(patients, dose)
