"""What series of a published size would show under a model."""

from collections.abc import Sequence

import numpy as np

from radsim.experiment.model import LATEST
from radsim.experiment.series import Series
from radsim.sums.states import State
from radsim.trial.survival.incidence import cumulative_incidence
from radsim.trial.survival.subjects import CENSORED, DEATH, EVENT, RiskTable, risk_table
from radsim.trial.survival.survival_curve import kaplan_meier
from radsim.vocabulary.endpoints import SURVIVAL, Endpoint


def keep_series(
    series: Series,
    first: int,
    endpoints: Sequence[Endpoint],
    times: Sequence[np.ndarray],
    death: np.ndarray | None,
) -> State:
    """Keep the figures of the series that a block of patients holds, and who is left over.

    The patients of the run, in their order, make series of the published size. A segment is a
    simulated patient; the segments of one patient share its death and nothing else. Everyone is
    followed until death or the time asked for, so a series that lost some of its patients to
    follow-up scatters more; and the models' parameters are taken as known.

    Parameters
    ----------
    first
        Number of the first patient.
    times
        Of each endpoint under the file's own model, shape (patient,), infinite for never [months].

    Returns
    -------
    State
        ``figures`` (figure, series) of ``series``, and of ``patients`` whose series goes beyond
        the block the ``times`` that its figures need.
    """
    rows = _rows(series, endpoints, times, death)
    return _split(series, endpoints, np.arange(first, first + rows.shape[-1]), rows)


def series_figures(series: Series, endpoints: Sequence[Endpoint], state: State) -> np.ndarray:
    """Every observed figure in every simulated series, shape (figure, series).

    Parameters
    ----------
    state
        Of blocks that were joined in whatever order.
    """
    order = np.argsort(state["patients"])
    left = _split(series, endpoints, state["patients"][order], state["times"][:, order])
    figures = np.concatenate([state["figures"], left["figures"]], axis=1)
    return figures[:, np.argsort(np.concatenate([state["series"], left["series"]]))]


def _split(
    series: Series, endpoints: Sequence[Endpoint], patients: np.ndarray, rows: np.ndarray
) -> State:
    """Figures of the series that are whole, and the patients of those that are not."""
    numbers, counts = np.unique(patients // series.segments, return_counts=True)
    whole = numbers[counts == series.segments]
    inside = np.isin(patients // series.segments, whole)
    times = rows[:, inside].reshape(len(rows), len(whole), series.segments)
    figures = _figures(series, endpoints, times) if len(whole) else np.empty((len(rows) - 1, 0))
    return {
        "series": whole,
        "figures": figures,
        "patients": patients[~inside],
        "times": rows[:, ~inside],
    }


def _rows(
    series: Series,
    endpoints: Sequence[Endpoint],
    times: Sequence[np.ndarray],
    death: np.ndarray | None,
) -> np.ndarray:
    """Times of each figure's event, and of death last; infinite where there is no such event."""
    never = np.full(len(times[0]) if death is None else len(death), np.inf)
    dies = never if death is None else death
    by_name = {SURVIVAL.reported: dies}
    for endpoint, values in zip(endpoints, times, strict=True):
        by_name[endpoint.event] = by_name[endpoint.reported] = values
    return np.stack([*(by_name.get(figure.endpoint, never) for figure in series.observed), dies])


def _figures(series: Series, endpoints: Sequence[Endpoint], times: np.ndarray) -> np.ndarray:
    """Figures of whole series, from times of shape (figure and death, series, segment)."""
    freedoms = {endpoint.freedom for endpoint in endpoints}
    owner = np.arange(series.segments) % series.patients
    death = times[-1][:, owner]
    rows = []
    for figure, event in zip(series.observed, times, strict=False):
        if figure.endpoint == SURVIVAL.reported:
            rows.append(np.mean(death[:, : series.patients] > figure.months, axis=1))
        elif figure.endpoint in freedoms:
            table = _table(event, death)
            rows.append(kaplan_meier(table, figure.months, causes=(EVENT,)).value)
        else:
            rows.append(cumulative_incidence(_table(event, death), figure.months).value)
    return np.stack(rows)


def _table(event: np.ndarray, death: np.ndarray) -> RiskTable:
    time = np.minimum(event, death)
    cause = np.where(event <= death, EVENT, DEATH)
    return risk_table(np.minimum(time, LATEST), np.where(time < LATEST, cause, CENSORED))
