"""Simulated patients from whom virtual trials draw theirs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from radsim.config import Experiment
from radsim.design_file import DRAWS
from radsim.simulation import simulate
from radsim.trial.arms import PatientPool
from radsim.trial.section import TrialSection
from radsim.variants import VariantMaker

POOL_BLOCK = 8192
MOST_POOLS = 64  # draws of an experiment's uncertain parameters
SMALLEST_POOL = 2000  # patients a draw, so that chance in the pool adds little
HARMS = ("vcf", "myelopathy")


def draw_pool(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate the patients that the trials draw theirs from, under both arms."""
    wanted = section.simulated_patients
    names = [str(section.control), str(section.experimental)]
    parts = []
    for first in range(0, wanted, POOL_BLOCK):
        patients = simulate(experiment, range(first, min(first + POOL_BLOCK, wanted)))
        parts.append(patients.sel(arm=names))

    def times(event: str) -> np.ndarray:
        name = f"time_to_{event}"
        columns = []
        for part in parts:
            if name not in part:
                return np.full((2, wanted), np.inf)
            values = part[name]
            for dim in ("control_model", "myelopathy_model"):
                if dim in values.dims:
                    values = values.isel({dim: 0})  # the experiment's own model
            columns.append(values.transpose("arm", "patient").values)
        joined = np.concatenate(columns, axis=1)
        return np.where(np.isnan(joined), np.inf, joined)

    harms = {h: times(h) for h in HARMS if h != section.endpoint and f"time_to_{h}" in parts[0]}
    return PatientPool(times(section.endpoint), times("death"), harms)


def draw_uncertain_pools(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate a pool of patients for each draw of the experiment's uncertain parameters."""
    maker, draws = VariantMaker(experiment), experiment.study.design.parts[DRAWS]
    count = min(len(draws), MOST_POOLS)
    size = max(section.simulated_patients // count, SMALLEST_POOL)
    smaller = replace(section, simulated_patients=size)
    pools = [draw_pool(maker.make(draws.row(i)), smaller) for i in range(count)]

    def side_by_side(times: Callable[[PatientPool], np.ndarray]) -> np.ndarray:
        return np.concatenate([times(pool) for pool in pools], axis=1)

    return PatientPool(
        side_by_side(lambda pool: pool.failure),
        side_by_side(lambda pool: pool.death),
        {h: side_by_side(lambda pool, h=h: pool.harms[h]) for h in pools[0].harms},  # type: ignore[misc]
        count,
    )
