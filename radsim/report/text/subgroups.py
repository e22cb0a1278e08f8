"""What the command prints of groups of patients: what counts, and which arm it speaks for."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from radsim.report.figures.style import percent
from radsim.report.tables.points import Points
from radsim.report.tables.subgroups import FEW, VALUE, numbers_in
from radsim.report.text.console import PLAIN, table_text
from radsim.results.groups import PATIENTS
from radsim.results.reading import with_role
from radsim.vocabulary.endpoints import NET, Endpoint, Estimate


def subgroups_text(result: xr.Dataset) -> str:
    """Print what is good, by group, at the last time; everything else is in subgroups.csv."""
    points = Points(result)
    tables = [
        text
        for by, sizes in with_role(result, PATIENTS).items()
        for text in _tables(points, by, sizes)
    ]
    if not tables:
        return ""
    lines = ["Every endpoint and difference, with Monte Carlo intervals: subgroups.csv"]
    if points.experiment.report.metrics:
        plan = points.experiment.called(points.reference)
        lines.append(f"Groups by a metric of the dose are by each patient's plan of {plan}.")
    return "\n\n".join([*tables, "\n".join(lines)])


def _tables(points: Points, by: str, sizes: xr.DataArray) -> Iterator[str]:
    experiment = points.experiment
    arms = [arm for arm in experiment.arms if not experiment.treats_others(arm)]
    groups = [code for code, size in enumerate(sizes.values) if size]
    for estimate in _told(points):
        rows = []
        for code in groups:
            each = [numbers_in(points, estimate, arm, 0, by, code, VALUE)[-1] for arm in arms]
            size = int(sizes.values[code])
            few = ", few" if size < FEW else ""
            errors = max(float(n[1]) for n in each)
            values = [percent(n[0]) for n in each]
            best = experiment.called(arms[int(np.argmax([n[0] for n in each]))])
            label = str(points.result[by].values[code])
            highest = [best] if len(arms) > 1 else []
            rows.append((label, f"{size:,}{few}", *values, f"{100 * errors:.2f}", *highest))
        heads = (
            by,
            "patients",
            *map(experiment.called, arms),
            "± at most",
            *(["highest"] if len(arms) > 1 else []),
        )
        title = f"{estimate.label} by {by}, at {experiment.months[-1]:g} months"
        yield table_text(heads, rows, title, **PLAIN)


def _told(points: Points) -> list[Estimate]:
    """Net control, or what else is good, and what is read off several endpoints."""
    nets = [e for e in points.listed if e.estimator is NET and e.good]
    return nets or [e for e in points.listed if isinstance(e.of, Endpoint)][:1]
