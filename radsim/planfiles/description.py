"""A plan in a table: volumes, dose metrics and what to know before trusting them."""

import numpy as np

from radsim.planfiles.imported import ImportedPlan, ImportedStructure
from radsim.radiobiology.dvh import mean_dose

PERCENTS = (98, 90, 50, 2)
UNKNOWN = "-"


def plan_metrics(plan: ImportedPlan) -> dict[str, dict[str, float]]:
    """Volume [cm3] and D98, D90, D50, D2, mean and D0.03cc [Gy] of each structure, by its name."""
    return {s.name: _metrics(s) for s in plan.structures}


def describe_plan(plan: ImportedPlan) -> str:
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
    lines = [
        f"prescription {prescription} in {fractions} fractions, from {plan.source}; "
        "volumes in cm3, doses in Gy"
    ]
    metrics = plan_metrics(plan)
    rows = [["name", "structure", *next(iter(metrics.values()))]]
    cut = [structure.name for structure in plan.structures if structure.missing > 0.0]
    for structure in plan.structures:
        numbers = [_shown(value) for value in metrics[structure.name].values()]
        name = f"{structure.name} *" if structure.name in cut else structure.name
        rows.append([name, structure.structure or UNKNOWN, *numbers])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        texts = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        texts += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(texts).rstrip())
    if cut:
        lines.append("* of the part inside the dose grid alone")
    return "\n".join([*lines, *(f"warning: {warning}" for warning in plan.warnings)])


def _metrics(structure: ImportedStructure) -> dict[str, float]:
    dvh = structure.dvh
    return {
        "volume": structure.volume,
        "outside": structure.missing,
        **{f"D{percent}": dvh.at(percent / 100.0) for percent in PERCENTS},
        "mean": float(mean_dose(*dvh.parts())),
        "D0.03cc": structure.d003cc,
    }


def _shown(value: float) -> str:
    return UNKNOWN if np.isnan(value) else f"{value:.2f}"
