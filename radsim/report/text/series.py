"""Predicted series beside the observed."""

import xarray as xr
from rich import box
from rich.table import Table

from radsim.report.tables.rows import predictive_rows
from radsim.report.text.console import render


def predictive_text(result: xr.Dataset) -> str:
    """Print where the figures of a published series fall among simulated series of its size."""
    rows = predictive_rows(result)
    if not rows:
        return ""
    arm, _, _, _, patients, segments, series, *_, source = rows[0]
    title = (
        f"{source}, among {series:,} simulated series of {patients} patients with {segments} "
        f"segments, as {arm} [%]"
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    heads = ("observed", "median", "95 % of series", "at or below", "at or above")
    for head in heads:
        table.add_column(head, justify="right")
    for _, endpoint, estimator, months, *_, observed, median, low, high, below, above, _ in rows:
        name = endpoint.replace("_", " ").replace("vcf", "VCF")
        table.add_row(
            f"{name} at {months:g} months ({estimator})",
            f"{100 * observed:.1f}",
            f"{100 * median:.1f}",
            f"{100 * low:.1f} to {100 * high:.1f}",
            f"{100 * below:.1f}",
            f"{100 * above:.1f}",
        )
    return render(table, width=130) + (
        "\nNobody is lost to follow-up and the models' parameters are taken as known, so a real "
        "series scatters more."
    )
