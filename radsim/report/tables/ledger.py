"""Every table of a result: its name, its columns, its lines, and which results have it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import xarray as xr

from radsim.experiment.designs.keys import label_of
from radsim.experiment.model import Experiment
from radsim.report.tables import rows, sensitivity, subgroups, uncertainty
from radsim.report.tables.csv_text import csv_line
from radsim.report.tables.points import Lines, Points
from radsim.results.reading import has_role


@dataclass(frozen=True)
class Table:
    """A table of a result.

    Its columns stand behind those of the swept keys; a result must have a variable of any of the
    roles to have the table, where there are such.
    """

    name: str
    columns: tuple[str, ...]
    lines: Lines
    roles: tuple[str, ...] = ()

    def is_of(self, result: xr.Dataset) -> bool:
        """Say whether a result has it."""
        return not self.roles or has_role(result, *self.roles)


SUMMARY, COMPARISON, PREDICTIVE = "summary.csv", "comparison.csv", "predictive.csv"
DESIGN = "design.csv"  # of the design itself; it has no numbers of a result
LEDGER = (
    Table(SUMMARY, rows.SUMMARY_COLUMNS, rows.summary_lines),
    Table(COMPARISON, rows.COMPARISON_COLUMNS, rows.comparison_lines),
    Table("best.csv", rows.BEST_COLUMNS, rows.best_lines),
    Table("checks.csv", rows.CHECK_COLUMNS, rows.check_lines),
    Table("subgroups.csv", subgroups.COLUMNS, subgroups.subgroup_lines, (subgroups.PATIENTS,)),
    Table(PREDICTIVE, rows.PREDICTIVE_COLUMNS, rows.predictive_lines, ("predictive",)),
    Table(
        "uncertainty.csv", uncertainty.UNCERTAINTY_COLUMNS, uncertainty.uncertainty_lines,
        ("uncertainty",),
    ),
    Table(
        "best_over_draws.csv", uncertainty.DRAWN_COLUMNS, uncertainty.best_over_draws_lines,
        ("best_probability",),
    ),
    Table(
        "sobol_indices.csv", sensitivity.INDEX_COLUMNS, sensitivity.index_lines, ("first_order",),
    ),
    Table("tornado.csv", sensitivity.TORNADO_COLUMNS, sensitivity.tornado_lines, ("tornado",)),
)  # fmt: skip
TABLES: dict[str, Table] = {table.name: table for table in LEDGER}


def tables_of(
    result: xr.Dataset, ledger: Iterable[Table] = LEDGER
) -> Iterator[tuple[str, Iterable[str]]]:
    """Give the name of each table of a result, and its text in pieces."""
    points = Points(result)
    for table in ledger:
        if table.is_of(result):
            header = csv_line([*points.columns, *table.columns])
            yield table.name, chain([header], points.text(table.lines))
    if points.experiment.has_design:
        yield DESIGN, _design_text(points.experiment)


def records(result: xr.Dataset, name: str) -> list[dict[str, Any]]:
    """Give the rows of a table by column.

    Examples
    --------
    >>> from radsim import load_experiment, run
    >>> experiment = load_experiment("experiments/sib_phase2.toml")
    >>> result = run(experiment.model_copy(update={"patients": 50}), scheduler="single")
    >>> records(result, "summary.csv")[0]["endpoint"]
    'local_control'
    """
    table, points = TABLES[name], Points(result)
    columns = [*points.columns, *table.columns]
    if not table.is_of(result):
        return []
    return [dict(zip(columns, row, strict=True)) for row in points.rows(table.lines)]


def _design_text(experiment: Experiment) -> Iterator[str]:
    """Write a row for each variant of a design: the part it belongs to, a column for each key."""
    design = experiment.study.design
    keys = design.keys
    yield csv_line(["variant", "part", *keys])
    names = [name for name, part in design.parts.items() for _ in range(len(part))]
    for index in range(len(design)):
        changes = design.variant(index)
        cells = [label_of(changes[key]) if key in changes else "" for key in keys]
        yield csv_line([index, names[index % design.inner], *cells])
