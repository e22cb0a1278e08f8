"""An endpoint of an organ that nobody knows goes from a file and plans to everything told."""

import csv

import pytest
from command_line import radsim
from library_cases import add_organ, write_library
from test_any_endpoint import texts

from radsim import load_experiment, open_result, run, save_result
from radsim.report.figures.dose_response import plot_dose_response
from radsim.report.figures.incidence import plot_cumulative_incidence
from radsim.report.figures.outcomes import plot_outcomes, plot_therapeutic_plane
from radsim.report.figures.sensitivity import plot_sobol, plot_tornado
from radsim.report.figures.sweep_lines import plot_lines
from radsim.report.figures.uncertainty import plot_uncertainty
from radsim.report.tables.ledger import LEDGER, records
from radsim.report.text.comparison import comparison_text
from radsim.report.text.warnings import warnings_of

pytestmark = pytest.mark.filterwarnings("ignore:near. .* of 26 plans")
EVENT, SHORT, WORDS = "swallowing_disorder", "dysphagia", "swallowing disorder"
FILE = """
name = "throat"
seed = 3
patients = 60
months = [6, 12]

[cohort]
preset = "sib-phase2"

[arms.near]
kind = "library"
folder = "near"
smoothing = 0.1
limits = [{ structure = "pharynx_const", metric = "D0.03cc", at_most = 26.0 }]

[arms.far]
kind = "library"
folder = "far"
smoothing = 0.1

[tcp]
preset = "hytec-spine-2021"

[ntcp.swallowing_disorder]
words = "swallowing disorder"
short = "dysphagia"
kind = "lkb"
effect = "eqd2"
alpha_beta = 3.0
dose = { structure = "pharynx_const", metric = "DVH" }
td50 = 40.0
m = 0.3
n = 0.5
valid_eqd2 = [30.0, 80.0]
onset = { kind = "lognormal", median = 3.0, sigma = 0.5 }

[[ntcp.swallowing_disorder.alternatives]]
label = "hottest"
kind = "logistic"
effect = "physical"
intercept = -8.0
slope = 0.3
dose = { structure = "pharynx_const", metric = "D2.5cc" }
onset = { kind = "lognormal", median = 3.0, sigma = 0.5 }

[survival]
shape = 1.4
scale = 30.0

[compare]
reference = "far"
"""
GROUPS = """
[report]
by = [{ "pharynx_const D2.5cc planned" = [9.5, 12.0] }]
"""
DESIGN = """
[sweep]
"ntcp.swallowing_disorder.n" = [0.2, 0.5]

[uncertainty]
draws = 4
"ntcp.swallowing_disorder.td50" = { kind = "uniform", lower = 30.0, upper = 50.0 }

[sensitivity]
samples = 64
"""
TRIAL = """
[trial]
trials = 60
patients = 80
control = "near"
experimental = "far"
endpoint = "swallowing_disorder"
analyses = ["logrank"]
primary = "logrank"

[trial.design]
accrual = { kind = "uniform", months = 12.0 }
minimum_follow_up = 12.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file, and two folders of plans with an organ that only they know."""
    top = tmp_path_factory.mktemp("throat")
    for name, hottest in (("near", 24.0), ("far", 14.0)):
        write_library(top / name, 26)
        for place, path in enumerate(sorted((top / name).iterdir())):
            add_organ(path, "Pharynx Const", hottest + 0.1 * place, 6.0, coldest=4.0)
    (top / "throat.toml").write_text(FILE + GROUPS)
    (top / "design.toml").write_text(FILE + DESIGN)
    (top / "trial.toml").write_text(FILE + TRIAL)
    return top


@pytest.fixture(scope="module")
def plain(folder):
    return run(load_experiment(folder / "throat.toml"), scheduler="single")


@pytest.fixture(scope="module")
def design(folder):
    made = load_experiment(folder / "design.toml").model_copy(update={"patients": 40})
    return run(made, scheduler="single")


def test_more_dose_to_it_is_more_risk(plain):
    near, far = (plain[f"{EVENT}_net"].sel(arm=arm).values for arm in ("near", "far"))
    assert (near[:, -1] > far[:, -1] + 0.01).all()  # of each model


@pytest.mark.parametrize("table", [
    "summary.csv", "comparison.csv", "best.csv", "subgroups.csv", "checks.csv",
])  # fmt: skip
def test_it_is_in_every_table_of_a_run(plain, table):
    rows = records(plain, table)
    of = "check" if table == "checks.csv" else "endpoint"
    assert any(row[of].startswith(EVENT) for row in rows)


def test_it_is_in_every_table_of_a_design(design, tmp_path):
    save_result(design, tmp_path / "design")
    written = {path.name for path in (tmp_path / "design").glob("*.csv")} - {"design.csv"}
    assert written == {table.name for table in LEDGER} - {"predictive.csv", "subgroups.csv"}
    for name in written - {"checks.csv"}:
        with (tmp_path / "design" / name).open(newline="", encoding="utf-8") as lines:
            assert EVENT in {row["endpoint"] for row in csv.DictReader(lines)}, name


def test_it_is_warned_of_and_compared(plain, design):
    assert any(f"{SHORT} " in line for line in warnings_of(plain))
    for result in (plain, design):
        assert f"{SHORT}, net" in comparison_text(result)


def test_it_is_in_every_figure(plain, design, tmp_path):
    for draw in (plot_outcomes, plot_therapeutic_plane, plot_cumulative_incidence):
        assert WORDS in texts(draw(plain))
    assert SHORT in texts(plot_dose_response(plain))
    for draw in (plot_lines, plot_uncertainty, plot_sobol, plot_tornado):
        assert f"{SHORT}, net" in texts(draw(design))


def test_check_run_plot_and_trial_take_it_from_the_file(folder, tmp_path, capsys):
    checked = radsim(capsys, "check", folder / "throat.toml")
    assert checked.code == 0 and EVENT in checked.output
    ended = radsim(capsys, "run", folder / "throat.toml", "--out", tmp_path / "out")
    assert ended.code == 0, ended.errors
    assert f"{SHORT}, net" in ended.output
    assert f"{EVENT}_net" in open_result(tmp_path / "out")
    assert any((tmp_path / "out").rglob("*.png"))
    again = radsim(capsys, "run", tmp_path / "out" / "experiment.toml", "--out", tmp_path / "again")
    assert again.code == 0, again.errors
    trial = radsim(capsys, "trial", folder / "trial.toml", "--out", tmp_path / "trial")
    assert trial.code == 0, trial.errors
    assert "swallowing disorder" in trial.output
