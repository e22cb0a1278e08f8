"""Keys of a trial in [sweep], and scenarios that restate what is uncertain."""

import copy

import numpy as np
import pytest

import radsim
from radsim.experiment.model import ExperimentError
from radsim.experiment.trial_file import trials_of

UNCERTAIN = {"kind": "beta", "a": 17.0, "b": 3.0}
TRIAL = {
    "name": "t",
    "seed": 1,
    "trial": {
        "patients": 60,
        "trials": 40,
        "find_size": False,
        "control": {"control": 0.7, "median_survival": 15.0},
        "experimental": {"control": 0.85, "median_survival": 15.0},
        "design": {
            "minimum_follow_up": 24.0,
            "accrual": {"kind": "uniform", "months": 12.0},
        },
    },
}


def made(sweep=None, **changes):
    settings = copy.deepcopy(TRIAL)
    settings["trial"].update(changes)
    return radsim.make_trial({**settings, **({"sweep": sweep} if sweep else {})})


def test_every_combination_of_swept_keys_is_a_trial():
    sweep = {
        "trial.patients": [60, 80],
        "trial.design.accrual.months": {"from": 6, "to": 12, "step": 6},
    }
    sections = trials_of(made(sweep))
    told = {name: (s.patients, s.design.accrual.months) for name, s in sections.items()}
    assert told == {
        "patients_60_months_6": (60, 6.0),
        "patients_60_months_12": (60, 12.0),
        "patients_80_months_6": (80, 6.0),
        "patients_80_months_12": (80, 12.0),
    }


def test_a_swept_value_gives_what_a_file_with_it_gives():
    swept = radsim.run_trial(made({"trial.experimental.control": [0.8, 0.9]}))
    alone = radsim.run_trial(made(experimental={"control": 0.9, "median_survival": 15.0}))
    result = radsim.trial_dataset(swept).sel(scenario="control_0.9", drop=True)
    assert result.equals(radsim.trial_dataset(alone).sel(scenario="trial", drop=True))


def test_a_result_is_shown_in_a_line():
    result = radsim.run_trial(made())["trial"]
    power = f"{result.asked.value:.3f} (± {result.asked.mc_standard_error:.3f})"
    assert repr(result) == f"TrialResult(logrank: power {power} with 60 patients)"


def test_scenarios_are_swept_too_and_a_file_of_it_reads_back(tmp_path):
    trial = made({"trial.patients": [60, 80]}, scenarios={"more": {"alpha": 0.1}})
    assert list(trials_of(trial)) == ["more_patients_60", "more_patients_80"]
    file = tmp_path / "trial.toml"
    file.write_text(trial.to_toml(), encoding="utf-8")
    assert radsim.load_trial(file) == trial


def test_an_experiment_sweeps_its_trial_beside_itself():
    from examples import settings

    both = {"control": "one", "experimental": "boosted", "patients": 60, "trials": 20}
    both["design"] = {"minimum_follow_up": 12.0}
    file = {**settings(), "trial": both, "sweep": {"tcp.d50": [18.0, 20.0]}}
    file["sweep"]["trial.patients"] = [60, 80]
    experiment = radsim.make_experiment(file)
    assert experiment.study.design.keys == ["tcp.d50"]
    assert list(trials_of(experiment)) == ["patients_60", "patients_80"]
    only = radsim.make_experiment({**file, "sweep": {"trial.patients": [60, 80]}})
    assert not only.has_design


@pytest.mark.parametrize(
    ("sweep", "line"),
    [
        ({"trial.patients": [60]}, "sweep.trial.patients: one value is no sweep"),
        ({"trial.patients": 60}, "sweep.trial.patients: must be a list of values or a range"),
        ({"trial.trials": [60, 80]}, "sweep.trials: can't be swept"),
        ({"trial.patiens": [60, 80]}, "patiens: unknown key; did you mean 'patients'?"),
        ({"trial.control.control": [0.7, 1.7]}, "control_1.7"),
    ],
)
def test_what_can_not_be_swept_is_refused_in_one_line(sweep, line):
    with pytest.raises(ExperimentError) as refused:
        made(sweep)
    assert line in refused.value.mistakes[0]
    assert refused.value.mistakes[0].startswith(("sweep", "trial"))


@pytest.mark.parametrize(
    ("sweep", "changes", "line"),
    [
        (
            {"trial.control.control": [0.6, 0.7], "trial.control.failure_hazard": [0.02, 0.03]},
            {},
            "trial.sweep.control.control: has no effect beside what is swept",
        ),
        (
            {"trial.patients": [60, 80]},
            {"scenarios": {"few": {"patients": 40}}},
            "trial.scenarios.few.patients: has no effect beside what is swept",
        ),
        (
            {"trial.control.control": [0.6, 0.7]},
            {"scenarios": {"hazard": {"control": {"failure_hazard": 0.02}}}},
            "trial.scenarios.hazard.control.failure_hazard: has no effect beside what is swept",
        ),
        (
            {"trial.experimental.control": [0.8, 0.9]},
            {"experimental": [{"control": 0.85}, {"control": 0.9}]},
            "trial.sweep.experimental.control: there are several; list what experimental is",
        ),
    ],
)
def test_a_swept_key_acts_and_leaves_what_scenarios_state(sweep, changes, line):
    with pytest.raises(ExperimentError) as refused:
        made(sweep, **changes)
    (mistake,) = refused.value.mistakes
    assert mistake.startswith(line)


def test_what_a_scenario_states_is_no_longer_uncertain():
    sections = trials_of(
        made(
            uncertainty={"both.control": UNCERTAIN, "both.median_survival": {**UNCERTAIN}},
            scenarios={
                "same": {"alpha": 0.1},
                "stated": {"experimental": {"control": 0.9}},
                "anew": {"uncertainty": {"experimental.control": {**UNCERTAIN, "a": 34.0}}},
            },
        )
    )
    assert set(sections["same"].uncertainty) == {"both.control", "both.median_survival"}
    assert set(sections["stated"].uncertainty) == {"control.control", "both.median_survival"}
    assert sections["stated"].experimental.control == 0.9
    anew = sections["anew"].uncertainty
    assert set(anew) == {"control.control", "experimental.control", "both.median_survival"}
    assert (anew["control.control"].a, anew["experimental.control"].a) == (17.0, 34.0)


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"patients": [60, 80]}, "sweep.patients: a file without [arms] sweeps keys that begin"),
        ({}, "sweep: must be a table of keys of the trial"),
    ],
)
def test_a_sweep_of_something_else_than_the_trial_is_named(sweep, message):
    with pytest.raises(ExperimentError) as caught:
        radsim.make_trial({**copy.deepcopy(TRIAL), "sweep": sweep})
    (line,) = str(caught.value).splitlines()
    assert message in line


def test_a_scenario_that_empties_what_is_uncertain_is_told_that_it_changes_nothing():
    uncertain = {"uncertainty": {"control.control": UNCERTAIN}}
    with pytest.raises(ExperimentError, match=r"scenarios\.s\.uncertainty: is empty and changes"):
        made(scenarios={"s": {"uncertainty": {}}}, **uncertain)
    made(scenarios={"s": {"control": {"control": 0.7}}}, **uncertain)


def test_counts_and_months_stand_apart_each_with_its_error():
    result = radsim.run_trial(made())["trial"]
    told = radsim.trial_dataset({"trial": result}).sel(scenario="trial")
    (months,) = [each for each in result.expected if each.name == "duration"]
    assert (float(told["duration"]), told["duration"].attrs["units"]) == (months.total, "months")
    assert float(told["duration_error"]) == months.mc_standard_error
    assert "duration" not in told["quantity"].values
    (events,) = [each for each in result.expected if each.name == "events"]
    assert float(told["expected"].sel(quantity="events", of="control")) == events.control
    assert float(told["expected_error"].sel(quantity="events")) == events.mc_standard_error
    power = told["rejected"].sel(truth="alternative", analysis="logrank")
    assert float(power) == result.primary.rejected.value
    assert np.isnan(told["size"])  # none was asked for
