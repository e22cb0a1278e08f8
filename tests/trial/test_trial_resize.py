"""Sizes that are reckoned anew on the way, without knowing the arms.

Seeds are fixed; a tolerance of 4 standard errors would fail by chance once in 16,000 choices of the
seed, one of 3 once in 370.
"""

import csv
from dataclasses import replace

import numpy as np
import pytest
from command_line import radsim
from scipy import stats

from radsim.randomness.streams import Streams
from radsim.trial import (
    RateAccrual,
    Resize,
    StatedArm,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    event_probability,
    mc_error,
    run_resized,
    run_trials,
    under_null,
)
from radsim.trial.conduct.draw import draw_enrolment, draw_numbers
from radsim.trial.interim.resize import _binary_block, _block

DESIGN = TrialDesign(
    patients=200, accrual=UniformAccrual(months=18.0), minimum_follow_up=12.0, drop_out_hazard=0.01
)
ARMS = (
    StatedArm(failure_hazard=0.02, death_hazard=0.04),
    StatedArm(failure_hazard=0.011, death_hazard=0.04),
)
PLAN = TrialPlan(design=DESIGN, arms=ARMS, analyses=("logrank",))
RULE = Resize(at=0.6, events=90, most_patients=600)
BINARY = TrialPlan(
    design=TrialDesign(patients=100), binary=True, analyses=("pearson",),
    arms=(StatedArm(proportion=0.35), StatedArm(proportion=0.55)),
)  # fmt: skip
BINARY_RULE = Resize(at=0.5, difference=0.2, most_patients=400)


def resized(plan, rule, trials=1000, seed=4, **options):
    return run_resized(plan, rule, analysis=plan.analyses[0], trials=trials, seed=seed, **options)


def test_the_size_is_what_the_events_take():
    """The mean size is near that of the true hazards, by the formula of Lachin and Foulkes."""
    found = resized(PLAN, RULE)
    chance = np.mean([
        event_probability(float(arm.failure_hazard), competing=0.04, drop_out=0.01, accrual=18.0,
                          cut=30.0)
        for arm in ARMS
    ])  # fmt: skip
    assert found.patients == pytest.approx(90.0 / chance, rel=0.04)
    assert found.favorable.value > found.planned.value + 0.1
    assert found.lower < found.patients < found.upper <= 600
    assert 30.0 < found.duration < 30.0 + 18.0 * 400 / 200
    assert found.grown.value > 0.95


def test_of_a_test_of_any_event_deaths_are_counted():
    """The mean size is near events over the chance to have failed or died, for nobody is lost."""
    design = replace(DESIGN, drop_out_hazard=0.0)
    plan = replace(PLAN, design=design, analyses=("logrank_any_event",))
    found = resized(plan, replace(RULE, events=200))
    follow_up = np.linspace(12.0, 30.0, 2001)
    chance = np.mean([-np.expm1(-hazard * follow_up).mean() for hazard in (0.06, 0.051)])
    assert found.patients == pytest.approx(200.0 / chance, rel=0.03)


def test_the_planned_size_is_the_trial_as_it_is_without():
    """With the same patients: trial by trial the same statistic as in a trial of that size."""
    size = _block(PLAN, RULE, range(60), Streams(4))
    plain = run_trials(PLAN, 60, seed=4).outcomes["logrank"]
    np.testing.assert_allclose(size[2], plain.z, atol=1e-12)


def test_where_nothing_is_to_be_added_the_trial_is_the_planned_one():
    kept = _block(PLAN, replace(RULE, events=1), range(60), Streams(4))
    np.testing.assert_array_equal(kept[0], kept[2])
    assert set(kept[5]) == {200}
    np.testing.assert_allclose(kept[6], 30.0)


def test_who_is_added_enters_at_the_planned_rate_and_the_trial_ends_later():
    _, _, _, _, _, size, end = _block(PLAN, RULE, range(60), Streams(4))
    np.testing.assert_allclose(end, 18.0 + (size - 200) * 18.0 / 200 + 12.0)
    by_rate = replace(PLAN, design=replace(DESIGN, accrual=RateAccrual(rate=10.0)))
    _, _, _, _, _, size, end = _block(by_rate, RULE, range(60), Streams(4))
    np.testing.assert_allclose(end, size / 10.0 + 12.0)


def test_the_binary_size_is_its_definition():
    """Trial by trial: who has answered, the formula, and chi-square of the larger trial."""
    z, p, _, _, _, size, _ = _binary_block(
        BINARY, BINARY_RULE, stats.norm.ppf(0.975) + stats.norm.ppf(0.8), range(20), Streams(4)
    )
    large = replace(BINARY.design, patients=400)
    arm = draw_enrolment(large, BINARY.arms, range(20), Streams(4)).arm
    u = draw_numbers(Streams(4), "proportion", range(20), 400)
    for trial in range(20):
        good = u[trial] < np.where(arm[trial] == 1, 0.55, 0.35)
        share = good[:50].mean()
        wanted = 4 * 7.8488797 * share * (1 - share) / 0.2**2
        number = int(max(100, np.ceil(wanted / 4 - 1e-9) * 4))
        assert size[trial] == number
        mine = [(good[:number] & (arm[trial, :number] == a)).sum() for a in (1, 0)]
        n = [(arm[trial, :number] == a).sum() for a in (1, 0)]
        table = [mine, [n[0] - mine[0], n[1] - mine[1]]]
        chi = stats.chi2_contingency(table, correction=False)
        assert (z[trial] ** 2 > 0, p[trial]) == (True, pytest.approx(chi.pvalue, rel=1e-9))


def test_a_binary_trial_reaches_the_power_that_it_was_planned_for():
    found = resized(BINARY, BINARY_RULE, trials=2000, higher_is_better=True)
    assert found.favorable.value == pytest.approx(0.8, abs=4.0 * mc_error(0.8, 2000) + 0.01)
    assert found.planned.value < 0.6


@pytest.mark.parametrize(("plan", "rule"), [(PLAN, RULE), (BINARY, BINARY_RULE)])
def test_the_type_one_error_is_the_level_whatever_the_size_becomes(plan, rule):
    found = resized(under_null(plan, "no_difference"), rule, trials=2000)
    assert found.rejected.value == pytest.approx(0.05, abs=4.0 * mc_error(0.05, 2000))
    assert found.grown.value > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("plan", "rule"), [(PLAN, RULE), (BINARY, BINARY_RULE)])
def test_the_type_one_error_is_the_level_in_many_trials(plan, rule):
    found = resized(under_null(plan, "no_difference"), rule, trials=40_000, seed=3)
    assert found.rejected.value == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))


@pytest.mark.parametrize(
    ("plan", "rule", "message"),
    [
        (PLAN, replace(RULE, events=None), "events: is missing, for a time to an event"),
        (PLAN, replace(RULE, difference=0.2), "difference: has no effect here"),
        (
            replace(
                PLAN, arms=(*ARMS, ARMS[1]),
                design=replace(DESIGN, allocation=(1, 1, 1), block=3, patients=201),
            ),
            RULE, "at: a size is reckoned anew in trials of two arms",
        ),
        (BINARY, replace(BINARY_RULE, events=9), "events: has no effect here"),
        (PLAN, replace(RULE, most_patients=100), "most_patients: must be at least 200"),
        (
            replace(PLAN, design=replace(DESIGN, minimum_follow_up=None, calendar_cut=30.0)),
            RULE, "most_patients: 600 have entered by month 54, after the end of the trial",
        ),
        (
            replace(PLAN, design=replace(DESIGN, accrual=UniformAccrual(months=0.0))),
            RULE, "at: all patients enter at once",
        ),
        (PLAN, replace(RULE, at=0.001), "at: nobody of the 200 patients is known by then"),
        (
            replace(PLAN, design=replace(
                DESIGN, minimum_follow_up=None, event_target=60, latest=90.0)),
            RULE, "events: the trial waits for 60",
        ),
    ],
)  # fmt: skip
def test_what_can_t_be_resized_is_one_line(plan, rule, message):
    with pytest.raises(ValueError, match=message) as mistake:
        resized(plan, rule)
    assert "\n" not in str(mistake.value)


FILE = """
name = "resized"
seed = 1

[trial]
trials = 200
patients = 120
find_size = false
analyses = ["logrank"]
control = { control = 0.7, median_survival = 24.0 }
experimental = { control = 0.85, median_survival = 24.0 }

[trial.resize]
at = 0.6
events = 60
most_patients = 400

[trial.design]
accrual = { kind = "uniform", months = 18.0 }
minimum_follow_up = 12.0
"""


def test_a_file_asks_for_it_and_says_what_it_does(tmp_path, capsys):
    path, folder = tmp_path / "file.toml", tmp_path / "out"
    path.write_text(FILE, encoding="utf-8")
    ended = radsim(capsys, "trial", path, "--out", folder)
    assert ended.code == 0, ended.errors
    with (folder / "trial_resize.csv").open(newline="", encoding="utf-8") as lines:
        alternative, null = csv.DictReader(lines)
    assert (alternative["truth"], null["truth"]) == ("alternative", "no_difference")
    assert float(alternative["favorable"]) > float(alternative["favorable_planned_size"])
    assert float(null["rejected"]) < 0.12
    text = (folder / "trial_assumptions.txt").read_text()
    assert "reckoned anew without knowing the arms: the patients that 60 events take" in text
    assert "With a size that is reckoned anew, where both arms are the control arm: it re" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at = 0.6", "at = 1.6", "trial.resize.at: must lie between 0 and 1"),
        ("events = 60", "difference = 0.1", "resize.difference: has no effect here"),
        ("events = 60", "event = 60", "did you mean 'events'?"),
        ("most_patients = 400", "most_patients = 40", "resize.most_patients: must be at least 120"),
        (
            "[trial.resize]", "[trial.looks]\ninformation = [0.5, 1.0]\n[trial.resize]",
            "resize: is simulated without looks",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named_in_one_line(tmp_path, capsys, old, new, message):
    path = tmp_path / "file.toml"
    path.write_text(FILE.replace(old, new, 1), encoding="utf-8")
    ended = radsim(capsys, "check", path)
    assert ended.code == 2
    assert any(message in line for line in ended.errors), ended.errors
