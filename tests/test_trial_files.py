"""The [trial] section, the command, and what it writes."""

import csv
import tomllib
from dataclasses import replace

import pytest
from command_line import files, radsim
from examples import SMALL, TRIALS

from radsim import load_experiment, make_experiment
from radsim.trial_file import VirtualTrial, load_trial, states_trial_only
from radsim.trial_pool import SMALLEST_POOL, draw_uncertain_pools
from radsim.trial_tables import TABLES
from radsim.virtual_trial import run_scenario, run_virtual_trial

STATED = """
name = "stated"
seed = 1

[trial]
trials = 60
patients = 80
control = { control = 0.6, median_survival = 24.0 }
experimental = { control = 0.9, median_survival = 24.0 }
most_patients = 200
design = { minimum_follow_up = 12.0, accrual = { kind = "uniform", months = 6.0 } }
looks = { information = [0.5, 1.0], futility = "pocock" }
curve = { patients = [40, 80], median_survival = [6.0, 24.0] }

[trial.uncertainty]
"experimental.control" = { kind = "beta", a = 45, b = 5 }
"""


def written(tmp_path, text):
    path = tmp_path / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def rows(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def stated(tmp_path, capsys):
    path, folder = written(tmp_path, STATED), tmp_path / "out"
    ended = radsim(capsys, "run", path, "--out", folder)
    assert ended.code == 0, ended.errors
    return path, folder, ended


def test_a_trial_writes_its_tables_figures_and_text(stated):
    _, folder, ended = stated
    found = files(folder)
    figures = {f"figures/trial_{name}.png" for name in ("power", "incidence", "flow")}
    assert set(found) == {*TABLES, *figures, "trial_assumptions.txt"}
    for name, (header, _) in TABLES.items():
        assert found[name].decode().splitlines()[0] == ",".join(header)
    text = found["trial_assumptions.txt"].decode()
    assert "80 patients are randomized 1:1" in text
    assert "net control at 24 months is 60 %" in text
    assert "logrank" in ended.output
    assert b"nan" not in b"".join(v for k, v in found.items() if k.endswith(".csv")).lower()


def test_tables_agree_with_each_other(stated):
    _, folder, _ = stated
    powers = rows(folder, "trial_characteristics.csv")
    truths = {row["truth"] for row in powers}
    assert truths == {"alternative", "no_difference", "assurance"}
    curve = [r for r in rows(folder, "trial_power.csv") if r["over"] == "patients"]
    own = next(r for r in powers if r["truth"] == "alternative" and r["analysis"] == "logrank")
    assert next(r for r in curve if float(r["value"]) == 80)["power"] == own["rejected"]
    methods = {row["method"] for row in rows(folder, "trial_sizes.csv")}
    assert methods >= {"simulation", "schoenfeld", "freedman", "arcsine", "normal_pooled"}
    events = next(r for r in rows(folder, "trial_expectations.csv") if r["quantity"] == "events")
    total = float(events["control"]) + float(events["experimental"])
    assert total == pytest.approx(float(events["total"]))


def test_the_same_command_gives_the_same_bytes_on_any_workers(stated, tmp_path, capsys):
    path, folder, _ = stated
    again = tmp_path / "again"
    assert radsim(capsys, "trial", path, "--out", again, "--workers", 2).code == 0
    one, two = files(folder), files(again)
    assert {k: v for k, v in one.items() if k.endswith(("csv", "txt"))} == {
        k: v for k, v in two.items() if k.endswith(("csv", "txt"))
    }


def test_a_finished_trial_is_not_overwritten_unasked(stated, capsys):
    path, folder, _ = stated
    ended = radsim(capsys, "trial", path, "--out", folder)
    assert ended.code == 2
    assert "holds a trial already" in ended.errors[0]


def test_arms_can_come_from_the_experiment(tmp_path, capsys):
    settings = tomllib.loads(SMALL.read_text(encoding="utf-8"))
    first, second = list(settings["arms"])[:2]
    text = SMALL.read_text(encoding="utf-8") + (
        f'\n[trial]\ncontrol = "{first}"\nexperimental = "{second}"\ntrials = 40\npatients = 60\n'
        "simulated_patients = 500\nfind_size = false\n"
        "[trial.design]\nminimum_follow_up = 24.0\n"
    )
    folder = tmp_path / "out"
    ended = radsim(capsys, "run", written(tmp_path, text), "--out", folder, "--patients", 60)
    assert ended.code == 0, ended.errors
    found = files(folder)
    assert {"result.nc", "summary.csv", "trial_characteristics.csv"} <= set(found)
    harms = {row["harm"] for row in rows(folder, "trial_benefit_harm.csv")}
    assert harms == {"vcf", "myelopathy"}
    resolved = load_experiment(folder / "experiment.toml")
    assert resolved.trial is not None
    assert resolved.trial.control == first


def test_assurance_takes_the_uncertainty_that_the_experiment_declares():
    settings = tomllib.loads(SMALL.read_text(encoding="utf-8"))
    first, second = list(settings["arms"])[:2]
    sure = {
        "control": first, "experimental": second, "trials": 60, "patients": 100,
        "simulated_patients": 400, "find_size": False, "design": {"minimum_follow_up": 24.0},
    }  # fmt: skip
    spread = {"draws": 3, "tcp.gamma50": {"kind": "normal", "mean": 0.8, "sd": 0.1}}
    source = make_experiment({**settings, "trial": sure, "uncertainty": spread})
    result = run_virtual_trial(source)["trial"]
    assert result.assurance is not None
    pool = draw_uncertain_pools(source, source.trial)
    assert pool.pools == 3
    assert pool.failure.shape == (2, 3 * SMALLEST_POOL)
    thirds = (pool.failure < 24.0).mean(axis=0).reshape(3, -1).mean(axis=1)
    assert len(set(thirds)) == 3
    assert (
        run_virtual_trial(make_experiment({**settings, "trial": sure}))["trial"].assurance is None
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("patients = 80", "patients = -80", "patients"),
        ("control = 0.6", "control = 1.6", "must be above 0 and at most 1, got 1.6"),
        ("patients = 80", "patients = 80\nprimary = 'log_rank'", "must be one of the analyses"),
        ("patients = 80", "patients = 80\nanalyses = ['grey']", "no analysis 'grey'"),
        ("patients = 80", "patients = 80\npatient = 3", "patient: unknown key"),
        ("minimum_follow_up = 12.0", "allocation = [1, 0]", "allocation must give both arms"),
        ("[0.5, 1.0]", "[0.5, 0.9]", "must grow from above 0 to 1"),
        ('"experimental.control"', '"experimental.hazard"', "an arm has no 'hazard'"),
        ("control = { control = 0.6, median_survival = 24.0 }", 'control = "a"', "state both"),
    ],
)
def test_mistakes_in_a_trial_are_named_in_one_line(tmp_path, capsys, old, new, message):
    path = written(tmp_path, STATED.replace(old, new, 1))
    ended = radsim(capsys, "trial", path, "--out", tmp_path / "out")
    assert ended.code == 2
    assert any(message in line for line in ended.errors), ended.errors
    assert not (tmp_path / "out").exists()


def test_check_says_what_a_trial_would_do(tmp_path, capsys):
    ended = radsim(capsys, "check", written(tmp_path, STATED))
    assert ended.code == 0
    assert "60 trials of 80 patients" in ended.output


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_shipped_trials_load_and_run_at_a_small_size(path):
    source = load_trial(path)
    assert source.trial is not None
    assert isinstance(source, VirtualTrial) == states_trial_only(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Question:")
    assert "# Expect:" in text
    name, section = list(source.trial.variants().items())[-1]
    small = replace(
        section, trials=20, patients=40, find_size=False, simulated_patients=100, curve=None,
        analyses=(section.primary_analysis,),
        design=replace(section.design, block=sum(section.design.allocation)),
    )  # fmt: skip
    result = run_scenario(small, source)
    assert 0.0 <= result.primary.rejected.value <= 1.0, name
