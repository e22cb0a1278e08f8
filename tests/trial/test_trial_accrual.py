"""Accrual by months or by a rate: what is held when the number of patients changes, and said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import radsim
from trial_cases import cells_of

from radsim.experiment.trial_file import load_trial
from radsim.report.text.trial import assumptions_text, summary_text
from radsim.simulation.virtual_trial import run_scenario_of, run_trial
from radsim.trial import (
    PiecewiseAccrual,
    RateAccrual,
    SiteAccrual,
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
    SiteAccrual(opens=(0.0, 0.0, 3.0, 9.0), rates=(4.0,)),
    SiteAccrual(opens=(6.0, 2.0), rates=(9.0, 3.0)),
)


def entered(accrual, month):
    """Patients who have entered by a month, by adding up the rate."""
    fine = (np.arange(200_000) + 0.5) * month / 200_000
    if isinstance(accrual, RateAccrual):
        rate = accrual.rate * np.minimum(fine / accrual.full, 1.0) if accrual.full else (
            np.full(len(fine), accrual.rate)
        )  # fmt: skip
    elif isinstance(accrual, SiteAccrual):
        each = np.broadcast_to(accrual.rates, len(accrual.opens))
        rate = sum((fine >= month) * r for month, r in zip(accrual.opens, each, strict=True))
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


SCREENED = """
name = "screened"
seed = 1

[trial]
trials = 100
patients = 120
control = { failure_hazard = 0.06, death_hazard = 0.02 }
experimental = { failure_hazard = 0.03, death_hazard = 0.02 }
analyses = ["logrank"]
curve = { patients = [120, 240] }
most_patients = 600

[trial.design]
accrual = { kind = "sites", opens = [0, 0, 4], rates = [5.0], screened = true }
eligible = 0.6
minimum_follow_up = 12.0
"""


def test_of_those_screened_only_the_eligible_enter():
    """Two sites screen 10 a month, three from month 4 on 15."""
    accrual = SiteAccrual(opens=(0, 0, 4), rates=(5,), screened=True)
    design = TrialDesign(patients=120, accrual=accrual, eligible=0.6, minimum_follow_up=12.0)
    # 200 are screened: 40 by month 4, and 160 more at 15 a month
    assert design.screened == 200.0
    assert design.entering.end == pytest.approx(4.0 + 160.0 / 15.0)
    counted = replace(design, accrual=replace(accrual, screened=False))
    assert counted.entering.end == pytest.approx(4.0 + 80.0 / 15.0)
    assert not replace(design, calendar_cut=15.0, minimum_follow_up=None).fits(200)


def test_screening_is_told_with_what_is_held(tmp_path):
    path = tmp_path / "screened.toml"
    path.write_text(SCREENED, encoding="utf-8")
    source = load_trial(path)
    results = run_trial(source)
    rows = {row["quantity"]: row for row in cells_of("trial_expectations.csv", results)}
    assert rows["screened"]["total"] == 200 and rows["screening_failures"]["total"] == 80
    # a negative binomial: the number screened until the 120th is eligible
    assert rows["screened"]["sd"] == pytest.approx(np.sqrt(120 * 0.4) / 0.6, rel=1e-3)
    assert rows["screened"]["control"] == ""
    text = assumptions_text(results, source)
    for said in (
        "Of those screened 60 % are eligible, so that about 200 are to be screened, and rates",
        "3 sites open between months 0 and 4, with 5 patients a month each.",
        "Its rate is held",
    ):
        assert said in text
    size = results["trial"].size.patients
    assert f"{size / 0.6:.0f} are screened for them" in summary_text(results)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("opens = [0, 0, 4]", "opens = []", "opens must name the month"),
        ("opens = [0, 0, 4]", "opens = [-1, 0]", "opens must be months of 0 or more"),
        ("rates = [5.0]", "rates = [5.0, 1.0]", "rates must have one number for all sites, or 3"),
        ("rates = [5.0]", "rates = [0.0]", "rates must be above 0"),
        ("eligible = 0.6", "eligible = 0.0", "eligible must be above 0 and at most 1"),
        ("eligible = 0.6", "eligible = 1.2", "eligible must be above 0 and at most 1"),
        ('{ kind = "sites", opens = [0, 0, 4], rates = [5.0], screened = true }',
         '{ kind = "piecewise", until = [6], rates = [1], screened = true }',
         "screened: has no effect here: relative rates"),
        ('{ kind = "sites", opens = [0, 0, 4], rates = [5.0], screened = true }',
         '{ kind = "uniform", months = 6, screened = true }', "screened: unknown key"),
    ],
)  # fmt: skip
def test_mistakes_in_screening_are_named_in_one_line(tmp_path, capsys, old, new, message):
    assert old in SCREENED
    path = tmp_path / "file.toml"
    path.write_text(SCREENED.replace(old, new, 1), encoding="utf-8")
    for command in (("check", path), ("trial", path, "--out", tmp_path / "out")):
        ended = radsim(capsys, *command)
        assert ended.code == 2
        said = [line.replace(": must", " must") for line in ended.errors]
        assert len(said) == 1 and message in said[0], said
