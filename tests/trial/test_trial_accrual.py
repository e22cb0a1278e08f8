"""Accrual by months or by a rate: what is held when the number of patients changes, and said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import radsim

from radsim.experiment.trial_file import load_trial
from radsim.report.text.trial import summary_text
from radsim.simulation.virtual_trial import run_scenario_of
from radsim.trial import (
    PiecewiseAccrual,
    RateAccrual,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    run_trials,
    sample_size,
)
from radsim.trial.questions.assumed import Assumed, entered_by

CASE = Path(__file__).parent / "cases" / "accrual.toml"
BY_RATE = (
    RateAccrual(rate=10.0),
    RateAccrual(rate=10.0, full=6.0),
    RateAccrual(rate=10.0, full=60.0),
    PiecewiseAccrual(until=(3.0, 9.0), rates=(2.0, 5.0, 12.0)),
    PiecewiseAccrual(until=(3.0, 9.0), rates=(0.0, 5.0, 12.0)),
)


def entered(accrual, month):
    """Patients who have entered by a month, by adding up the rate."""
    fine = (np.arange(200_000) + 0.5) * month / 200_000
    if isinstance(accrual, RateAccrual):
        rate = accrual.rate * np.minimum(fine / accrual.full, 1.0) if accrual.full else (
            np.full(len(fine), accrual.rate)
        )  # fmt: skip
    else:
        rate = np.array(accrual.rates)[np.searchsorted(accrual.until, fine, side="right")]
    return rate.mean() * month


@pytest.mark.parametrize("patients", [20, 120, 480])
@pytest.mark.parametrize("accrual", BY_RATE, ids=str)
def test_a_rate_that_is_held_is_the_same_for_any_number(accrual, patients):
    mine = accrual.of(patients)
    assert accrual.holds_rate
    assert not mine.holds_rate
    assert entered(accrual, mine.end) == pytest.approx(patients, rel=1e-4)
    for month in (0.4 * mine.end, 0.9 * mine.end):
        share = float(entered_by(mine, np.array(month)))
        assert share * patients == pytest.approx(entered(accrual, month), abs=0.002 * patients)
    u = np.linspace(0.01, 0.99, 50)
    assert (np.diff(mine.entry(u)) > 0.0).all()


def test_a_design_takes_its_length_from_its_patients():
    design = TrialDesign(patients=120, accrual=RateAccrual(rate=10.0), minimum_follow_up=12.0)
    assert (design.entering.end, design.cut, design.accrual_rate) == (12.0, 24.0, 10.0)
    larger = replace(design, patients=480)
    assert (larger.entering.end, larger.cut, larger.accrual_rate) == (48.0, 60.0, 10.0)
    held = replace(design, accrual=UniformAccrual(months=12.0), patients=480)
    assert (held.entering.end, held.cut, held.accrual_rate) == (12.0, 24.0, 40.0)


def test_a_rate_and_the_months_that_it_takes_are_the_same_trial():
    arms = StatedArm(failure_hazard=0.03), StatedArm(failure_hazard=0.02)
    shown = [
        run_trials(
            TrialPlan(
                design=TrialDesign(patients=120, accrual=accrual, minimum_follow_up=12.0),
                arms=arms, analyses=("logrank",),
            ),
            50, seed=1,
        )
        for accrual in (UniformAccrual(months=12.0), RateAccrual(rate=10.0))
    ]  # fmt: skip
    first, second = (s.outcomes["logrank"].z for s in shown)
    np.testing.assert_allclose(first, second, rtol=1e-9)


def test_more_patients_at_a_rate_are_watched_longer():
    section = load_trial(CASE).trial
    events = {}
    for accrual in (section.design.accrual, RateAccrual(rate=10.0)):
        for patients in (120, 480):
            changed = replace(
                section, patients=patients, design=replace(section.design, accrual=accrual)
            )
            plan = changed.plan((section.control, section.experimental))
            events[accrual.kind, patients] = Assumed(plan).events() / patients
    assert events["uniform", 120] == pytest.approx(events["uniform", 480])
    assert events["by_rate", 120] == pytest.approx(events["uniform", 120])
    assert events["by_rate", 480] > 1.3 * events["uniform", 480]


@pytest.mark.parametrize(
    ("accrual", "said"),
    [
        ("", "Its length is held (12 months), so 120 patients enter at 10 patients a month"),
        ('accrual = { kind = "by_rate", rate = 5 }',
         "Its rate is held (5 patients a month on average), so 120 patients take 24 months"),
    ],
)  # fmt: skip
def test_what_is_held_is_said(tmp_path, capsys, accrual, said):
    text = CASE.read_text()
    if accrual:
        text = text.replace('accrual = { kind = "uniform", months = 12 }', accrual)
    path = tmp_path / "file.toml"
    path.write_text(text)
    assert said in radsim(capsys, "check", path).output
    source = load_trial(path)
    result = run_scenario_of(replace(source.trial, trials=200, curve=None), source)
    held = "rate" if accrual else "months"
    assert f"the {held} being held)" in summary_text({"trial": result})


def test_a_search_ends_where_no_more_can_enter():
    arms = StatedArm(failure_hazard=0.02), StatedArm(failure_hazard=0.018)
    design = TrialDesign(patients=40, accrual=RateAccrual(rate=10.0), calendar_cut=24.0)
    plan = TrialPlan(design=design, arms=arms, analyses=("logrank",))
    found = sample_size(plan, analysis="logrank", trials=100, seed=1, most=2000)
    assert not found.reached
    assert max(n for n, _ in found.tried) == 240
    assert "no more than 240 patients enter before the trial must end" in found.why


@pytest.mark.parametrize(
    ("accrual", "message"),
    [
        ('{ kind = "by_rate" }', "trial.design.accrual.rate: is missing"),
        ('{ kind = "by_rate", rate = 0 }', "accrual.rate: must be above 0"),
        ('{ kind = "by_rate", rate = 5, months = 3 }', "accrual.months: unknown key"),
        ('{ kind = "piecewise", until = [3], rates = [1, 2, 3] }', "got 3 for 1"),
        ('{ kind = "piecewise", until = [3], rates = [1, 0] }', "the last one goes on until all"),
    ],
)
def test_an_impossible_rate_ends_with_one_line(tmp_path, capsys, accrual, message):
    path = tmp_path / "file.toml"
    path.write_text(CASE.read_text().replace('{ kind = "uniform", months = 12 }', accrual))
    ended = radsim(capsys, "check", path)
    assert ended.code == 2
    assert len(ended.errors) == 1
    assert message in ended.errors[0]
