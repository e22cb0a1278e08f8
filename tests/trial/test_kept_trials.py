"""Blocks of trials that are kept: a stopped trial goes on, a finished one is drawn again."""

from dataclasses import fields, replace

import numpy as np
import pytest

from radsim import make_trial
from radsim.execution.journal import Records, writing
from radsim.execution.trial_journal import TrialJournal
from radsim.report.files.trial_files import kept_trial
from radsim.trial import StatedArm, TrialDesign, TrialPlan, run_trials
from radsim.trial.conduct.kept import digest_of, keeping
from radsim.trial.conduct.run import Shown

PLAN = TrialPlan(
    design=TrialDesign(patients=40, minimum_follow_up=24.0),
    arms=(StatedArm(control=0.6, median_survival=15.0), StatedArm(control=0.9)),
)
TRIALS = 600  # three blocks
TRIAL = {
    "name": "t",
    "seed": 1,
    "trial": {
        "patients": 60,
        "control": {"control": 0.7},
        "experimental": {"control": 0.85},
        "design": {"minimum_follow_up": 24.0},
    },
}


class Stopped(Exception):
    """Stands for a kill."""


class StopAfter:
    """A store that is stopped after so many blocks."""

    def __init__(self, journal, blocks):
        self.journal, self.blocks, self.kept = journal, blocks, 0

    def find(self, key):
        return self.journal.find(key)

    def keep(self, key, arrays):
        if self.kept == self.blocks:
            raise Stopped
        self.kept += 1
        self.journal.keep(key, arrays)


def equal(one, other):
    for field in fields(Shown):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if digest_of(mine) != digest_of(theirs):
            return False
    return True


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stopped_simulation_goes_on_to_the_same_bits(tmp_path, workers):
    fresh = run_trials(PLAN, TRIALS, seed=5)
    path = tmp_path / "trial.journal"
    first = StopAfter(TrialJournal(path, "a"), blocks=2)
    with pytest.raises(Stopped), keeping(first):
        run_trials(PLAN, TRIALS, seed=5, workers=workers)
    second = StopAfter(TrialJournal(path, "a"), blocks=1)
    with keeping(second):
        resumed = run_trials(PLAN, TRIALS, seed=5, workers=workers)
    assert second.kept == 1  # the two others were there
    assert equal(fresh, resumed)


def test_another_plan_seed_or_number_is_simulated_anew(tmp_path):
    journal = TrialJournal(tmp_path / "trial.journal", "a")
    with keeping(journal):
        run_trials(PLAN, 256, seed=5)
    later = replace(PLAN, design=replace(PLAN.design, minimum_follow_up=23.0))
    cases = [(later, 256, 5), (PLAN, 256, 6), (PLAN, 255, 5), (PLAN.with_patients(41), 256, 5)]
    for plan, trials, seed in cases:
        store = StopAfter(TrialJournal(tmp_path / "trial.journal", "a"), blocks=0)
        with pytest.raises(Stopped), keeping(store):
            run_trials(plan, trials, seed=seed)
    same = StopAfter(TrialJournal(tmp_path / "trial.journal", "a"), blocks=0)
    with keeping(same):
        run_trials(PLAN, 256, seed=5)


def test_records_of_another_trial_are_removed_and_torn_ones_do_not_count(tmp_path):
    path = tmp_path / "trial.journal"
    with keeping(TrialJournal(path, "a")):
        run_trials(PLAN, TRIALS, seed=5)
    whole = path.read_bytes()
    assert len(TrialJournal(path, "a").found) == 3
    path.write_bytes(whole[:-7])
    assert len(TrialJournal(path, "a").found) == 2
    assert len(TrialJournal(path, "b").found) == 0


def test_nothing_is_kept_outside():
    assert equal(run_trials(PLAN, 20, seed=5), run_trials(PLAN, 20, seed=5))


def test_the_digest_tells_every_number_and_type_apart():
    plans = [PLAN, replace(PLAN, alpha=0.1), PLAN.with_patients(41)]
    plans.append(replace(PLAN, arms=(PLAN.arms[0], replace(PLAN.arms[1], control=0.9000001))))
    values = [*plans, 1, 1.0, "1", (1,), [1, 1], {"a": 1}, {"b": 1}, np.array([1]), np.array([1.0])]
    assert len({digest_of(value) for value in values}) == len(values)


def test_a_disk_that_fills_up_is_named_with_what_goes_on(tmp_path, monkeypatch):
    trial = make_trial(TRIAL)

    def full(self, number, payload):
        with writing(self.path):
            raise OSError(28, "No space left on device")

    with kept_trial(tmp_path, trial):
        monkeypatch.setattr(Records, "append_payload", full)
        with pytest.raises(OSError, match=r"trial\.journal: No space .*the same command goes on"):
            run_trials(PLAN, 20, seed=5)
