"""What series of a published size would show under a model, and where a real one falls."""

import numpy as np
import xarray as xr

from radsim.experiment.model import LATEST, Experiment
from radsim.experiment.series import Series
from radsim.simulation.patients import simulate
from radsim.trial.survival.incidence import cumulative_incidence
from radsim.trial.survival.subjects import CENSORED, DEATH, EVENT, RiskTable, risk_table
from radsim.trial.survival.survival_curve import kaplan_meier
from radsim.vocabulary.words import Variable, label

CHUNK = 4000  # patients simulated at a time
QUANTILES = (0.5, 0.025, 0.975)
SAME = 5e-4  # shares this near are equal: figures are published to 0.1 %
VOCABULARY = {
    "predictive_observed": Variable("1", "figure that the published series reported"),
    "predictive_median": Variable("1", "median of the figure over simulated series"),
    "predictive_lower": Variable("1", "2.5 % quantile of the figure over simulated series"),
    "predictive_upper": Variable("1", "97.5 % quantile of the figure over simulated series"),
    "predictive_at_or_below": Variable("1", "share of series whose figure is at most the observed"),
    "predictive_at_or_above": Variable("1", "share of series whose figure is at least that"),
}


def with_predictive(result: xr.Dataset, experiment: Experiment) -> xr.Dataset:
    """Add the predictive distribution of the figures of ``[predictive]`` to a result.

    The patients of the run, in their order, make series of the published size. A segment is a
    simulated patient; the segments of one patient share its death and nothing else. Everyone is
    followed until death or the time asked for, so a series that lost some of its patients to
    follow-up scatters more; and the models' parameters are taken as known.

    Parameters
    ----------
    result
        Of the experiment.
    experiment
        With a `Series`, and at least as many patients as that has segments.

    Returns
    -------
    xr.Dataset
        The result with the variables of `VOCABULARY`, by ``figure``.
    """
    series = experiment.predictive
    assert series is not None
    found = series_figures(experiment, series)
    observed = np.array([figure.value for figure in series.observed])
    median, lower, upper = np.quantile(found, QUANTILES, axis=1)
    columns = (
        observed,
        median,
        lower,
        upper,
        np.mean(found <= observed[:, None] + SAME, axis=1),
        np.mean(found >= observed[:, None] - SAME, axis=1),
    )
    names = [f"{one.endpoint} at {one.months:g} months" for one in series.observed]
    added = xr.Dataset(
        {name: ("figure", column) for name, column in zip(VOCABULARY, columns, strict=True)},
        coords={"figure": names},
    )
    return xr.merge([result, label(added, VOCABULARY)], combine_attrs="override")


def series_figures(experiment: Experiment, series: Series) -> np.ndarray:
    """Estimate every observed figure in every simulated series, shape (figure, series)."""
    arm = series.arm or experiment.reference
    size = series.segments
    total = experiment.patients // size * size
    step = max(CHUNK // size, 1) * size
    parts = []
    for first in range(0, total, step):
        patients = simulate(experiment, range(first, min(first + step, total))).sel(arm=arm)
        parts.append(_figures(patients, series))
    return np.concatenate(parts, axis=1)


def _figures(patients: xr.Dataset, series: Series) -> np.ndarray:
    owner = np.arange(series.segments) % series.patients
    death = _times(patients, "death", series)[:, owner]
    rows = []
    for figure in series.observed:
        if figure.endpoint == "survival":
            rows.append(np.mean(death[:, : series.patients] > figure.months, axis=1))
            continue
        name = "local_failure" if figure.endpoint == "local_control" else figure.endpoint
        table = _table(_times(patients, name, series), death)
        if figure.endpoint == "local_control":
            rows.append(kaplan_meier(table, figure.months, causes=(EVENT,)).value)
        else:
            rows.append(cumulative_incidence(table, figure.months).value)
    return np.stack(rows)


def _times(patients: xr.Dataset, event: str, series: Series) -> np.ndarray:
    """Times of an event under the file's own model, shape (series, segment) [months]."""
    name = f"time_to_{event}"
    if name not in patients:  # nobody dies
        return np.full((patients.sizes["patient"] // series.segments, series.segments), np.inf)
    times = patients[name]
    own = {dim: 0 for dim in times.dims if str(dim).endswith("_model")}
    return times.isel(own).values.reshape(-1, series.segments)


def _table(event: np.ndarray, death: np.ndarray) -> RiskTable:
    time = np.minimum(event, death)
    cause = np.where(event <= death, EVENT, DEATH)
    return risk_table(np.minimum(time, LATEST), np.where(time < LATEST, cause, CENSORED))
