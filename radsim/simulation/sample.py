"""Doses of a fixed sample of patients, kept in a result so that figures can show them."""

import numpy as np
import xarray as xr

from radsim.dose.drawing import draw_dose
from radsim.experiment.model import Experiment
from radsim.patients.eligibility import draw_eligible
from radsim.radiobiology.dvh import volume_nodes
from radsim.randomness.streams import Streams
from radsim.simulation.patients import simulate
from radsim.vocabulary.words import Variable, label

SAMPLE = 1024  # patients; the first of the cohort, so that every run has the same
SINGLE = 6  # patients whose whole DVH is kept
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
STRUCTURES = ("gtv", "ptv", "spinal_cord", "cord_prv", "thecal_sac")
KINDS = ("planned", "delivered")


def sample_doses(experiment: Experiment) -> xr.Dataset:
    """Draw the doses of the first patients under every arm.

    Returns
    -------
    xr.Dataset
        ``dvh_planned`` and ``dvh_delivered``: quantiles between patients of the dose at volume
        nodes, dims (arm, structure, quantile, node) [Gy]; ``dvh_single``: planned dose of single
        patients, (arm, structure, single, node) [Gy]. Missing where an arm, or a patient, has no
        such structure; patients without a cord are left out of the cord's quantiles.
    """
    patients = range(min(SAMPLE, experiment.patients))
    streams = Streams(experiment.seed)
    cohort, _ = draw_eligible(experiment.cohort, experiment.eligibility, patients, streams)
    nodes = experiment.dose.nodes
    shape = (len(experiment.arms), len(STRUCTURES))
    bands = {kind: np.full((*shape, len(QUANTILES), nodes), np.nan) for kind in KINDS}
    single = np.full((*shape, SINGLE, nodes), np.nan)
    volume, _ = volume_nodes(nodes)
    for row, arm in enumerate(experiment.arms.values()):
        known = frozenset(arm.plan.gives)
        dose = draw_dose(arm.plan, experiment.dose, cohort, Streams(experiment.seed), known)
        for column, structure in enumerate(STRUCTURES):
            for kind in KINDS:
                course = dose.courses.get(structure)
                values = None if course is None else course.arrays.get(kind)
                if values is None:
                    continue
                present = values[~np.isnan(values).any(axis=1)].astype(float)
                if len(present):
                    bands[kind][row, column] = np.quantile(present, QUANTILES, axis=0)
                if kind == "planned":
                    some = present[:SINGLE]
                    single[row, column, : len(some)] = some
    dims = ("arm", "structure", "quantile", "node")
    dataset = xr.Dataset(
        {
            **{f"dvh_{kind}": (dims, bands[kind].astype(np.float32)) for kind in KINDS},
            "dvh_single": (("arm", "structure", "single", "node"), single.astype(np.float32)),
        },
        coords={
            "structure": list(STRUCTURES),
            "quantile": list(QUANTILES),
            "volume": ("node", volume, {"units": "1", "long_name": "share of the volume"}),
        },
    )
    meanings = {
        "dvh_planned": Variable("Gy", "planned dose at volume nodes, quantiles between patients"),
        "dvh_delivered": Variable("Gy", "delivered dose at volume nodes, quantiles"),
        "dvh_single": Variable("Gy", "planned dose at volume nodes of single patients"),
    }
    return label(dataset, meanings)


def sample_metrics(experiment: Experiment) -> xr.Dataset:
    """Keep the dose metrics of the first patients, dims (arm, sample) [Gy], and distances [mm]."""
    patients = simulate(experiment, range(min(SAMPLE, experiment.patients)))
    names = [
        str(name)
        for name in patients.data_vars
        if str(name).endswith(KINDS) or name == "gtv_distance"
    ]
    kept = patients[names].rename({name: f"sample_{name}" for name in names})
    kept = kept.rename(patient="sample").drop_vars("sample").astype(np.float32, keep_attrs=True)
    return kept.drop_vars([c for c in kept.coords if c not in ("arm", "sample")])
