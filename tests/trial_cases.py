"""Reference values and data sets of trial statistics, and small trials to try things on."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from radsim.report.tables.trial import TABLES, table_rows
from radsim.trial import StatedArm, TrialDesign, UniformAccrual, risk_table

FOLDER = Path(__file__).parent / "reference" / "trial"
VALUES = json.loads((FOLDER / "trials.json").read_text())
FAILING = (
    StatedArm(failure_hazard=0.02, death_hazard=0.04),
    StatedArm(failure_hazard=0.01, death_hazard=0.04),
)
BENCH = TrialDesign(
    patients=200, accrual=UniformAccrual(months=12.0), calendar_cut=36.0, drop_out_hazard=0.01
)


def near(value):
    """Half a unit of the last digit given, or 1e-8 where there are more than eight."""
    digits = repr(float(value)).partition(".")[2].partition("e")[0]
    return pytest.approx(value, rel=1e-8, abs=0.5000001 * 10.0 ** -len(digits))


def columns(name):
    with (FOLDER / f"dataset-{name}.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def table(name, patients=False):
    data = columns(name)
    patient = data["patient"].astype(int) if patients else None
    return risk_table(data["time"], data["cause"], data["arm"], patient=patient)


def random_trials(seed, trials=6, subjects=40, grid=None):
    """Times, causes and arms of random trials; on a grid of visits they tie."""
    rng = np.random.default_rng(seed)
    time = rng.exponential(12.0, (trials, subjects))
    if grid is not None:
        time = np.ceil(time / grid) * grid
    return time, rng.integers(0, 3, time.shape), rng.integers(0, 2, time.shape)


def cells_of(name, results):
    """Rows of a table of virtual trials, by column."""
    head, rows = TABLES[name]
    return [dict(zip(head, row, strict=True)) for row in table_rows(results, rows)]
