"""Plans in a table: volumes, dose metrics and what to know before trusting them."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.radiobiology.dvh import mean_dose
from radsim.vocabulary.dose_metrics import Metric, parse_metric
from radsim.vocabulary.texts import as_cell

PERCENTS = (98, 90, 50, 2)
PLAN = ("plan", "prescription", "fractions")  # columns that tell plans apart
NONE: Mapping[str, Metric] = MappingProxyType({})
UNKNOWN = "-"
UNITS = {"dose": "Gy", "prescription": "Gy", "volume": "cm3", "cover": "share of the volume"}
CUT = "* of the part inside the dose grid alone"


def plan_metrics(plan: ImportedPlan) -> dict[str, dict[str, float]]:
    """Volume [cm3] and D98, D90, D50, D2, mean and D0.03cc [Gy] of each structure, by its name."""
    return {s.name: _metrics(s) for s in plan.structures}


def further_metrics(names: str) -> dict[str, Metric]:
    """Metrics to describe beside the usual ones, from their names with commas in between.

    Examples
    --------
    >>> list(further_metrics("D2.5cc, V20Gy_cc"))
    ['D2.5cc', 'V20Gy_cc']
    """
    metrics = {}
    for name in map(str.strip, names.split(",")):
        metric = parse_metric(name)
        if metric is None:
            raise ValueError(f"no number of a DVH: {name!r}")
        metrics[name] = metric
    return metrics


def plan_record(
    plan: ImportedPlan, name: str, further: Mapping[str, Metric] = NONE
) -> dict[str, Any]:
    """Everything about a plan that is worth storing, as JSON knows it: what is unknown is None."""
    structures = [
        {
            "name": structure.name,
            "structure": structure.structure,
            "cover": structure.cover,
            **{
                metric: None if np.isnan(value) else value
                for metric, value in _metrics(structure, further).items()
            },
        }
        for structure in plan.structures
    ]
    return {
        "plan": name,
        "source": plan.source,
        "prescription": plan.prescription,
        "fractions": plan.fractions,
        "units": UNITS | {metric: read.units for metric, read in further.items()},
        "structures": structures,
        "warnings": list(plan.warnings),
    }


def describe_plan(plan: ImportedPlan, further: Mapping[str, Metric] = NONE) -> str:
    """Table of a plan's structures, with its warnings below.

    Examples
    --------
    >>> from radsim.planfiles.assembly import from_samples
    >>> gtv = from_samples("GTV", "gtv", np.full(9, 30.0), np.full(9, 1e3), nodes=8)
    >>> plan = ImportedPlan(structures=(gtv,), prescription=30.0, fractions=5, source="csv")
    >>> print(describe_plan(plan))
    prescription 30 Gy in 5 fractions, from csv; volumes in cm3, doses in Gy
    name  structure  volume  outside    D98    D90    D50     D2   mean  D0.03cc
    GTV   gtv          9.00     0.00  30.00  30.00  30.00  30.00  30.00    30.00
    """
    prescription = "unknown" if plan.prescription is None else f"{plan.prescription:g} Gy"
    fractions = "an unknown number of" if plan.fractions is None else str(plan.fractions)
    head = f"prescription {prescription} in {fractions} fractions, from {plan.source}"
    table = _aligned(_rows([("", plan)], UNKNOWN, further), names=2)
    cut = [CUT] if any(s.missing > 0.0 for s in plan.structures) else []
    warnings = [f"warning: {warning}" for warning in plan.warnings]
    return "\n".join([f"{head}; {_units(further)}", *table, *cut, *warnings])


def describe_plans(
    plans: Sequence[tuple[str, ImportedPlan]], further: Mapping[str, Metric] = NONE
) -> str:
    """One table of several plans by name, a line for each structure, with their warnings below."""
    table = _aligned(_rows(plans, UNKNOWN, further, PLAN), names=5)
    cut = [CUT] if any(s.missing > 0.0 for _, plan in plans for s in plan.structures) else []
    warnings = [f"warning: {name}: {w}" for name, plan in plans for w in plan.warnings]
    return "\n".join([f"{len(plans)} plans; {_units(further)}", *table, *cut, *warnings])


def plans_table(
    plans: Sequence[tuple[str, ImportedPlan]], further: Mapping[str, Metric] = NONE
) -> str:
    """CSV of several plans by name, a line for each structure; doses in Gy, volumes in cm3."""
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows(
        [as_cell(cell) for cell in row] for row in _rows(plans, "", further, PLAN, digits=6)
    )
    return page.getvalue()


def _units(further: Mapping[str, Metric]) -> str:
    shares = any(metric.units == "1" for metric in further.values())
    return "volumes in cm3, doses in Gy" + (", shares of the volume from 0 to 1" if shares else "")


def _rows(
    plans: Iterable[tuple[str, ImportedPlan]],
    unknown: str,
    further: Mapping[str, Metric],
    of_plan: Sequence[str] = (),
    digits: int = 2,
) -> list[list[str]]:
    """Cells of a table with its heading; a part of a structure is marked in the rounded table."""
    rows: list[list[str]] = []
    for name, plan in plans:
        facts = [name, _cell(plan.prescription, unknown), _cell(plan.fractions, unknown)]
        for structure in plan.structures:
            metrics = _metrics(structure, further)
            if not rows:
                rows.append([*of_plan, "name", "structure", *metrics])
            mark = " *" if structure.missing > 0.0 and digits == 2 else ""
            numbers = [unknown if np.isnan(v) else f"{v:.{digits}f}" for v in metrics.values()]
            names = [f"{structure.name}{mark}", structure.structure or unknown]
            rows.append([*facts[: len(of_plan)], *names, *numbers])
    return rows


def _cell(value: float | None, unknown: str) -> str:
    return unknown if value is None else f"{value:g}"


def _aligned(rows: list[list[str]], names: int) -> list[str]:
    """Lines of a table whose first columns are names and whose others are numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        texts = [
            cell.ljust(width) if place < names else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(texts).rstrip())
    return lines


def _metrics(
    structure: ImportedStructure, further: Mapping[str, Metric] = NONE
) -> dict[str, float]:
    dvh = structure.dvh
    return {
        "volume": structure.volume,
        "outside": structure.missing,
        **{f"D{percent}": dvh.at(percent / 100.0) for percent in PERCENTS},
        "mean": float(mean_dose(*dvh.parts())),
        "D0.03cc": structure.d003cc,
        **{name: structure.read(metric) for name, metric in further.items()},
    }
