"""Patients and plans that the tests of the dose engine share."""

from functools import cache

import numpy as np
from pydantic import TypeAdapter
from scipy.special import ndtr, ndtri

from radsim.dose.dose import Dose
from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.plan import Plan
from radsim.patients.patients import Patients
from radsim.presets import load_preset
from radsim.randomness.distributions.composed import Distribution
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot

CORRELATION = 0.7  # of the log volumes, as in the preset of the cohort
ALL = frozenset({"gtv", "ptv", "cord_prv", "spinal_cord", "thecal_sac"})


@cache
def spine_patients(start: int, stop: int) -> Patients:
    """The variables that the dose step reads, drawn from the phase 2 trial's case mix."""
    settings = load_preset("cohort", "sib-phase2").settings()
    names = ("region", "lumbar_level", "bilsky", "gtv_volume", "ptv_volume")
    drawn = {name: TypeAdapter(Distribution).validate_python(settings[name]) for name in names}
    streams = Streams(seed=11)
    u = {name: streams.uniforms(f"cohort/{name}", range(start, stop)) for name in names}
    score = CORRELATION * ndtri(u["gtv_volume"]) + np.sqrt(1 - CORRELATION**2) * ndtri(
        u["ptv_volume"]
    )
    u["ptv_volume"] = ndtr(score)
    columns = {name: drawn[name].ppf(u[name]) for name in names}
    upper = columns["region"] <= 1  # cervical, thoracic
    first_lumbar = (columns["region"] == 2) & (columns["lumbar_level"] == 0)
    columns["cord_present"] = (upper | first_lumbar).astype(float)
    labels = {name: drawn[name].labels for name in ("region", "lumbar_level", "bilsky")}
    return Patients(range(start, stop), columns, labels)


def some_of(patients: Patients, start: int, stop: int) -> Patients:
    """Patients from one place to another."""
    columns = {name: column[start:stop] for name, column in patients.columns.items()}
    return Patients(patients.numbers[start:stop], columns, patients.labels)


def arrays_of(dose: Dose) -> dict[str, np.ndarray]:
    """Every array of a dose, by a name of its own."""
    named = {**dose.facts, **dose.flags}
    for what, courses in (("", dose.courses), ("hottest ", dose.hot_spots)):
        for place, course in courses.items():
            structure = place.structure if isinstance(place, HotSpot) else place
            named |= {f"{kind} {what}{structure}": a for kind, a in course.arrays.items()}
    return named


def plan_of(**settings: object) -> Plan:
    """A plan as an experiment file would give it."""
    return TypeAdapter(Plan).validate_python(expand_plan(settings))
