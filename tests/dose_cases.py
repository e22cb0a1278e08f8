"""Patients and plans that the tests of the dose engine share."""

from functools import cache

import numpy as np
import xarray as xr
from pydantic import TypeAdapter
from scipy.special import ndtr, ndtri

from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.plan import Plan
from radsim.presets import load_preset
from radsim.randomness.distributions.composed import Distribution
from radsim.randomness.streams import Streams

CORRELATION = 0.7  # of the log volumes, as in the preset of the cohort
ALL = frozenset({"gtv", "ptv", "cord_prv", "spinal_cord", "thecal_sac"})


@cache
def spine_patients(start: int, stop: int) -> xr.Dataset:
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
    patients = xr.Dataset(
        {name: ("patient", drawn[name].ppf(u[name])) for name in names},
        coords={"patient": np.arange(start, stop)},
    )
    for name in ("region", "lumbar_level", "bilsky"):
        patients[name].attrs["labels"] = list(drawn[name].labels)
    upper = patients["region"].values <= 1  # cervical, thoracic
    first_lumbar = (patients["region"].values == 2) & (patients["lumbar_level"].values == 0)
    return patients.assign(cord_present=("patient", (upper | first_lumbar).astype(float)))


def plan_of(**settings: object) -> Plan:
    """A plan as an experiment file would give it."""
    return TypeAdapter(Plan).validate_python(expand_plan(settings))
