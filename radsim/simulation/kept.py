"""From simulated patients to the sums that a run keeps."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import Experiment
from radsim.simulation.steps import is_flag
from radsim.sums.best import best_shares
from radsim.sums.counts import CURVE_STEP, event_counts, happened, histogram
from radsim.sums.moments import BlockSums, Moments
from radsim.vocabulary.endpoints import BENEFITS, ESTIMATES, EVENTS, HARMS


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
            counts[f"{variable}_histogram"] = histogram(array.values)
    return BlockSums(moments, counts)


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
