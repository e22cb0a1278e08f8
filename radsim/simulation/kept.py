"""From simulated patients to the sums that a run keeps."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from radsim.experiment.model import Experiment
from radsim.simulation.steps import is_flag
from radsim.sums.comparison import best_shares
from radsim.sums.counts import event_counts, happened
from radsim.sums.moments import BlockSums, Moments
from radsim.vocabulary.words import ESTIMATES

BENEFITS = ("local_control_net", "complication_free_control_net")
HARMS = ("vcf_net", "myelopathy_net")
EVENTS = ("local_failure", "vcf", "myelopathy")
CURVE_STEP = 0.5  # months between the points of a curve over time
DOSE_STEP = 0.25  # Gy between the edges of a histogram of doses
DOSE_EDGES = np.arange(0.0, 200.0 + DOSE_STEP / 2, DOSE_STEP)  # Gy; the last bin is open


def curve_months(experiment: Experiment) -> np.ndarray:
    """Times of the cumulative incidence curves [months]."""
    steps = max(1, round(experiment.months[-1] / CURVE_STEP))
    return CURVE_STEP * np.arange(steps + 1)


def reduce_patients(experiment: Experiment, patients: xr.Dataset) -> BlockSums:
    """Reduce a block of patients to sums: estimates, differences, best arms, doses, checks."""
    reference = list(experiment.arms).index(experiment.reference)
    moments = {}
    for name, values in _estimates(experiment, patients):
        moments[name] = Moments.of(values)
        moments[f"{name}_difference"] = Moments.of(values - values[reference])
    for name, values in _best(experiment, patients):
        moments[f"{name}_best"] = Moments.of(values)
    for name, values in _checks(patients):
        moments[f"{name}_share"] = Moments.of(values)
    counts = dict(_curves(experiment, patients))
    for variable, array in patients.data_vars.items():
        if str(variable).endswith(("_planned", "_delivered", "_eqd2", "prescription")):
            counts[f"{variable}_histogram"] = _histogram(array.values)
    return BlockSums(moments, counts)


def ranked_arms(experiment: Experiment) -> list[int]:
    """Positions of the arms that may be called best for a patient.

    An arm with a prior course treats patients that the others do not, so it is left out unless
    every arm has one.
    """
    arms = list(experiment.arms.values())
    everyone = all(arm.has_prior for arm in arms)
    return [i for i, arm in enumerate(arms) if everyone or not arm.has_prior]


def _estimates(experiment: Experiment, patients: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    for name in ESTIMATES:
        if name in patients:
            yield name, patients[name].values
        event = name.removesuffix("_cumulative_incidence")
        if event != name and f"time_to_{event}" in patients and "time_to_death" in patients:
            times = patients[f"time_to_{event}"].values
            death = _death(patients, times)
            by_month = happened(times, death, experiment.months)  # months come first
            yield name, np.moveaxis(by_month, 0, -2)


def _death(patients: xr.Dataset, times: np.ndarray) -> np.ndarray:
    death = patients["time_to_death"].values
    return death if times.ndim == death.ndim else death[:, np.newaxis, :]


def _best(experiment: Experiment, patients: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    ranked = ranked_arms(experiment)
    if len(ranked) < 2:
        return
    for name in (*BENEFITS, *HARMS):
        if name in patients:
            values = patients[name].values[ranked]
            if name in ("local_control_net", "myelopathy_net"):
                values = values[:, 0]  # the file's own model
            yield name, best_shares(-values if name in HARMS else values)


def _checks(patients: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    for name in patients.data_vars:
        if is_flag(str(name)):
            yield str(name), patients[name].values


def _curves(experiment: Experiment, patients: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    if "time_to_death" not in patients:
        return
    edges = curve_months(experiment)
    for event in EVENTS:
        if f"time_to_{event}" in patients:
            times = patients[f"time_to_{event}"].values
            times = times if times.ndim == 2 else times[:, 0]  # the file's own model
            yield (
                f"{event}_curve",
                np.stack(
                    [
                        event_counts(arm, death, edges)
                        for arm, death in zip(times, patients["time_to_death"].values, strict=True)
                    ]
                ),
            )


def _histogram(values: np.ndarray) -> np.ndarray:
    """Count values in bins along the last axis; missing ones are left out."""
    rows = values.reshape(-1, values.shape[-1])
    counted = []
    for row in rows:
        known = row[~np.isnan(row)]
        bins = np.clip((known / DOSE_STEP).astype(np.int64), 0, len(DOSE_EDGES) - 2)
        counted.append(np.bincount(bins, minlength=len(DOSE_EDGES) - 1))
    return np.array(counted, dtype=np.int64).reshape(*values.shape[:-1], len(DOSE_EDGES) - 1)
