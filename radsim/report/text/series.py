"""Predicted series beside the observed."""

import xarray as xr
from rich import box
from rich.table import Table

from radsim.experiment.endpoints import endpoints_of
from radsim.report.tables.ledger import PREDICTIVE, records
from radsim.report.text.console import render
from radsim.results.result import experiment_of


def predictive_text(result: xr.Dataset) -> str:
    """Print where the figures of a published series fall among simulated series of its size."""
    rows = records(result, PREDICTIVE)
    if not rows:
        return ""
    title = (
        "{source}, among {series:,} simulated series of {patients} patients with {segments} "
        "segments, as {arm} [%]"
    ).format(**rows[0])
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    heads = ("observed", "median", "95 % of series", "at or below", "at or above")
    for head in heads:
        table.add_column(head, justify="right")
    short = {m.endpoint.event: m.endpoint.short for m in endpoints_of(experiment_of(result))}
    for row in rows:
        name = short.get(row["endpoint"], row["endpoint"].replace("_", " "))
        shares = {key: 100 * row[key] for key in ("observed", "median", "at_or_below",
                                                  "at_or_above")}  # fmt: skip
        table.add_row(
            f"{name} at {row['months']:g} months ({row['estimator']})",
            f"{shares['observed']:.1f}",
            f"{shares['median']:.1f}",
            f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f}",
            f"{shares['at_or_below']:.1f}",
            f"{shares['at_or_above']:.1f}",
        )
    return render(table, width=130) + (
        "\nNobody is lost to follow-up and the models' parameters are taken as known, so a real "
        "series scatters more."
    )
