"""Predicted series beside the observed."""

import xarray as xr

from radsim.experiment.endpoints import endpoints_of
from radsim.report.tables.ledger import PREDICTIVE, records
from radsim.report.text.console import numbers_text
from radsim.results.result import experiment_of

SHARES = ("observed", "median", "lower", "upper", "at_or_below", "at_or_above")


def predictive_text(result: xr.Dataset) -> str:
    """Print where the figures of a published series fall among simulated series of its size."""
    rows = records(result, PREDICTIVE)
    if not rows:
        return ""
    experiment = experiment_of(result)
    title = (
        "{source}, among {series:,} simulated series of {patients} patients with {segments} "
        "segments, as {arm} [%]"
    ).format(**{**rows[0], "arm": experiment.called(rows[0]["arm"])})
    short = {m.endpoint.event: m.endpoint.short for m in endpoints_of(experiment)}
    cells = []
    for row in rows:
        name = short.get(row["endpoint"], row["endpoint"].replace("_", " "))
        observed, median, low, high, below, above = (f"{100 * row[key]:.1f}" for key in SHARES)
        label = f"{name} at {row['months']:g} months ({row['estimator']})"
        cells.append([label, observed, median, f"{low} to {high}", below, above])
    heads = ("observed", "median", "95 % of series", "at or below", "at or above")
    return numbers_text(heads, cells, title, width=130, no_wrap=False) + (
        "\nNobody is lost to follow-up and the models' parameters are taken as known, so a real "
        "series scatters more."
    )
