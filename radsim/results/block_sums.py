"""Today's sums of blocks as those of a run; goes when the pipeline hands these over itself."""

import numpy as np

from radsim.dose.drawing import available, draw_dose
from radsim.experiment.endpoints import estimates_of
from radsim.experiment.model import Experiment
from radsim.patients.eligibility import draw_eligible
from radsim.randomness.streams import Streams
from radsim.results.sample import COURSES, STRUCTURES
from radsim.simulation.patients import simulate
from radsim.simulation.series import series_figures
from radsim.sums.moments import BlockSums
from radsim.sums.run_sums import RunSums

SAMPLE = 1024


def run_sums(experiment: Experiment, sums: BlockSums) -> RunSums:
    """Put the variants of a design on the first axis, and models on an axis of their own."""
    design = experiment.has_design
    estimates = [n for e in estimates_of(experiment) for n in (str(e), str(e.difference))]

    def first(values: np.ndarray) -> np.ndarray:
        return values if design else values[np.newaxis]

    def with_models(values: np.ndarray) -> np.ndarray:
        values = first(values)
        return values if values.ndim == 4 else values[:, :, np.newaxis]

    moments, checks = {}, {}
    for name, rows in sums.moments.items():
        if name in estimates:
            moments[name] = rows.rearranged(with_models)
        elif name.endswith("_share"):
            checks[name.removesuffix("_share")] = rows.rearranged(first)
        else:
            moments[name] = rows.rearranged(first)
    counts = sums.counts
    return RunSums(
        patients=next(iter(sums.moments.values())).count,
        moments=moments,
        checks=checks,
        halves={
            n.removesuffix("_half"): with_models(v)
            for n, v in counts.items()
            if n.endswith("_half")
        },
        half_patients=counts.get("half_patients", np.zeros(1)),
        curves={n.removesuffix("_curve"): first(v) for n, v in counts.items() if "_curve" in n},
        histograms={
            n.removesuffix("_histogram"): with_models(v)
            for n, v in counts.items()
            if "_histogram" in n
        },
        sample={} if design else _sample(experiment),
        series=(
            None
            if design or experiment.predictive is None
            else series_figures(experiment, experiment.predictive)
        ),
    )


def _sample(experiment: Experiment) -> dict[str, np.ndarray]:
    patients = range(min(SAMPLE, experiment.patients))
    streams = Streams(experiment.seed)
    cohort, _ = draw_eligible(experiment.cohort, experiment.eligibility, patients, streams)
    arms = []
    for arm in experiment.arms.values():
        known = frozenset(available(arm.plan))
        arms.append(draw_dose(arm.plan, experiment.dose, cohort, streams, known))
    missing = np.full((experiment.dose.nodes, len(patients)), np.nan)
    names = [f"{s}_{c}" for s in STRUCTURES for c in COURSES]
    sample = {
        name: np.stack([arm[name].values.T if name in arm else missing for arm in arms])[np.newaxis]
        for name in names
    }
    metrics = simulate(experiment, patients)
    for name, values in metrics.data_vars.items():
        if str(name).endswith(tuple(COURSES)) or name == "gtv_distance":
            sample[str(name)] = values.values[np.newaxis]
    return sample
