"""Every table of a result: its name, its columns, its lines, and which results have it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import xarray as xr

from radsim.report.tables.csv_text import csv_line
from radsim.report.tables.design import DESIGN, design_text
from radsim.report.tables.points import Lines, Points
from radsim.report.tables.rows import (
    BEST_COLUMNS,
    CHECK_COLUMNS,
    COMPARISON_COLUMNS,
    PREDICTIVE_COLUMNS,
    SUMMARY_COLUMNS,
    best_lines,
    check_lines,
    comparison_lines,
    predictive_lines,
    summary_lines,
)
from radsim.report.tables.sensitivity import (
    INDEX_COLUMNS,
    TORNADO_COLUMNS,
    index_lines,
    tornado_lines,
)
from radsim.report.tables.uncertainty import (
    DRAWN_COLUMNS,
    UNCERTAINTY_COLUMNS,
    best_over_draws_lines,
    uncertainty_lines,
)
from radsim.results.reading import has_role


@dataclass(frozen=True)
class Table:
    """A table of a result.

    Attributes
    ----------
    columns
        Behind those of the swept keys.
    lines
        Gives its lines.
    roles
        Variables of which a result must have any, to have the table; every one unless given.
    """

    name: str
    columns: tuple[str, ...]
    lines: Lines
    roles: tuple[str, ...] = ()

    def is_of(self, result: xr.Dataset) -> bool:
        """Say whether a result has it."""
        return not self.roles or has_role(result, *self.roles)


SUMMARY, COMPARISON, PREDICTIVE = "summary.csv", "comparison.csv", "predictive.csv"
LEDGER = (
    Table(SUMMARY, SUMMARY_COLUMNS, summary_lines),
    Table(COMPARISON, COMPARISON_COLUMNS, comparison_lines),
    Table("best.csv", BEST_COLUMNS, best_lines),
    Table("checks.csv", CHECK_COLUMNS, check_lines),
    Table(PREDICTIVE, PREDICTIVE_COLUMNS, predictive_lines, ("predictive",)),
    Table("uncertainty.csv", UNCERTAINTY_COLUMNS, uncertainty_lines, ("uncertainty",)),
    Table("best_over_draws.csv", DRAWN_COLUMNS, best_over_draws_lines, ("best_probability",)),
    Table("sobol_indices.csv", INDEX_COLUMNS, index_lines, ("first_order",)),
    Table("tornado.csv", TORNADO_COLUMNS, tornado_lines, ("tornado",)),
)
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
        yield DESIGN, design_text(points.experiment)


def records(result: xr.Dataset, name: str) -> list[dict[str, Any]]:
    """Give the rows of a table by column.

    Examples
    --------
    >>> from radsim import load_experiment, run
    >>> experiment = load_experiment("experiments/compare_strategies.toml")
    >>> result = run(experiment.model_copy(update={"patients": 20}), scheduler="single")
    >>> records(result, "summary.csv")[0]["endpoint"]
    'local_control'
    """
    table, points = TABLES[name], Points(result)
    columns = [*points.columns, *table.columns]
    if not table.is_of(result):
        return []
    return [dict(zip(columns, row, strict=True)) for row in points.rows(table.lines)]
