"""Simulated patients from whom virtual trials draw theirs."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from radsim.experiment.designs.parts import DRAWS
from radsim.experiment.endpoints import endpoints_of
from radsim.experiment.model import Experiment
from radsim.experiment.variants import VariantMaker
from radsim.simulation.patients import simulate
from radsim.trial.protocol.arms import PatientPool
from radsim.trial.section import TrialSection
from radsim.vocabulary.endpoints import DEATH

POOL_BLOCK = 8192  # patients that are simulated at once; changes no result
MOST_PARTS = 20  # parts of a pool, between which the error of its size is seen
SMALLEST_PART = 500  # patients a part, so that few trials draw the same ones
MOST_POOLS = 64  # draws of an experiment's uncertain parameters
SMALLEST_POOL = 2000  # patients a draw, so that chance in the pool adds little


def draw_pool(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate the patients that the trials draw theirs from, under both arms.

    The pool stands in parts, from which the trials draw in turn: how much the trials of one part
    differ from those of another says what error the number of simulated patients leaves.
    """
    parts = min(MOST_PARTS, max(section.simulated_patients // SMALLEST_PART, 1))
    whole = section.simulated_patients // parts * parts
    return replace(simulate_pool(experiment, section, range(whole)), pools=parts)


def draw_uncertain_pools(experiment: Experiment, section: TrialSection) -> PatientPool:
    """Simulate a pool of patients for each draw of the experiment's uncertain parameters.

    Each pool has patients of its own, so that the pools are independent but for a design of the
    draws that spreads them, such as a Latin hypercube, which makes the error between them safe.
    """
    wanted = min(len(experiment.study.design.parts[DRAWS]), MOST_POOLS)
    fewer = {**experiment.uncertainty, "draws": wanted}
    experiment = experiment.model_copy(
        update={"uncertainty": fewer, "written": {**experiment.written, "uncertainty": fewer}}
    )
    maker, draws = VariantMaker(experiment), experiment.study.design.parts[DRAWS]
    size = max(section.simulated_patients // wanted, SMALLEST_POOL)
    pools = [
        simulate_pool(maker.make(draws.row(i)), section, range(i * size, (i + 1) * size))
        for i in range(wanted)
    ]

    def side_by_side(times: Callable[[PatientPool], np.ndarray]) -> np.ndarray:
        return np.concatenate([times(pool) for pool in pools], axis=1)

    return PatientPool(
        side_by_side(lambda pool: pool.failure),
        side_by_side(lambda pool: pool.death),
        {h: side_by_side(lambda pool, h=h: pool.harms[h]) for h in pools[0].harms},  # type: ignore[misc]
        wanted,
        pools[0].words,
    )


def simulate_pool(experiment: Experiment, section: TrialSection, numbers: range) -> PatientPool:
    """Simulate these patients of an experiment under both arms of a trial."""
    names = [str(section.control), str(section.experimental)]
    parts = [
        simulate(experiment, range(first, min(first + POOL_BLOCK, numbers.stop))).sel(arm=names)
        for first in range(numbers.start, numbers.stop, POOL_BLOCK)
    ]
    harms = {
        m.endpoint.event: m.endpoint.words
        for m in endpoints_of(experiment)
        if not (m.endpoint.good or m.endpoint.freedom or m.endpoint.event == section.endpoint)
    }
    return PatientPool(
        _times(parts, section.endpoint),
        _times(parts, DEATH),
        {harm: _times(parts, harm) for harm in harms},
        words=harms,
    )


def _times(parts: list[xr.Dataset], event: str) -> np.ndarray:
    """Times of an event, infinite for never, shape (2, patient) [months]."""
    name, columns = f"time_to_{event}", []
    for part in parts:
        if name not in part:
            return np.full((2, sum(p.sizes["patient"] for p in parts)), np.inf)
        values = part[name]
        models = {dim: 0 for dim in values.dims if dim not in ("arm", "patient")}
        values = values.isel(models)  # the experiment's own
        columns.append(values.transpose("arm", "patient").values)
    joined = np.concatenate(columns, axis=1)
    return np.where(np.isnan(joined), np.inf, joined)
