"""Arms that treat people of their own: who they are, and that they are set apart."""

import copy
import tomllib

import numpy as np
import pytest

import radsim
from radsim.experiment.endpoints import ranked_arms
from radsim.experiment.model import ExperimentError
from radsim.experiment.variants import VariantMaker
from radsim.report.tables.points import Points
from radsim.report.tables.rows import best_lines, comparison_lines, summary_lines
from radsim.report.text.comparison import comparison_text
from radsim.report.view import View
from radsim.results.names import ModelNames

AGAIN = {"regimen": "24x1", "cohort": {"preset": "reirradiation-series"}}
FILE = {
    "name": "people",
    "seed": 5,
    "patients": 2000,
    "months": [12, 24],
    "cohort": {"preset": "sib-phase2"},
    "arms": {
        "one": {"regimen": "24x1"},
        "five": {"regimen": "30-in-5"},
        "again": {**AGAIN, "survival": {"preset": "reirradiation-series"}},
    },
    "tcp": {"preset": "hytec-spine-2021"},
    "ntcp": {"vcf": {"preset": "vcf-2013"}, "myelopathy": {"preset": "sbrt-cord-default"}},
    "survival": {"preset": "sib-phase2"},
}


def changed(**arms):
    settings = copy.deepcopy(FILE)
    settings["arms"].update(arms)
    return settings


@pytest.fixture(scope="module")
def result():
    return radsim.run(radsim.make_experiment(FILE), scheduler="single")


def lines(result, of):
    points = Points(result)
    return list(of(points, ModelNames(points.experiment)))


def test_an_arm_has_the_numbers_that_its_people_have_alone(result):
    alone = copy.deepcopy(FILE)
    alone["cohort"] = alone["survival"] = {"preset": "reirradiation-series"}
    alone["arms"] = {"again": {"regimen": "24x1"}}
    expected = radsim.run(radsim.make_experiment(alone), scheduler="single")
    for name in ("local_control_net", "vcf_cumulative_incidence", "survival_alive"):
        np.testing.assert_array_equal(
            result[name].sel(arm="again"), expected[name].sel(arm="again"), err_msg=name
        )


def test_the_other_arms_do_not_notice(result):
    without = copy.deepcopy(FILE)
    del without["arms"]["again"]
    expected = radsim.run(radsim.make_experiment(without), scheduler="single")
    for name in ("local_control_net", "vcf_net_difference", "complication_free_control_alive"):
        np.testing.assert_allclose(  # sums may be formed in another order
            result[name].sel(arm=["one", "five"]), expected[name], rtol=1e-14, err_msg=name
        )


def test_other_people_are_set_apart(result):
    experiment = radsim.make_experiment(FILE)
    assert experiment.compared == ["five"] and ranked_arms(experiment) == [0, 1]
    assert {line.labels[0] for line in lines(result, comparison_lines)} == {"five"}
    assert {line.labels[0] for line in lines(result, summary_lines)} == {"one", "five", "again"}
    assert {line.labels[2] for line in lines(result, best_lines)} == {"one", "five"}
    assert View(result).arms["again"] == "again (other patients)"
    before, _, apart = comparison_text(result).partition("Other patients")
    assert "again" not in before and "again" in apart
    assert "again treats other people than one, those of reirradiation-series." in apart


def test_the_same_people_stated_twice_are_the_same(result):
    stated = changed(five={"regimen": "30-in-5", "cohort": {"preset": "sib-phase2"}})
    experiment = radsim.make_experiment(stated)
    assert experiment.compared == ["five"]
    again = radsim.run(experiment, scheduler="single")
    np.testing.assert_array_equal(
        again["vcf_net_difference"].sel(arm="five"), result["vcf_net_difference"].sel(arm="five")
    )


def test_patients_of_each_arm_are_told_apart():
    experiment = radsim.make_experiment(FILE)
    patients = radsim.simulate(experiment, range(50))
    assert patients["gtv_volume"].dims == patients["region"].dims == ("arm", "patient")
    labels = np.array(patients["region"].attrs["labels"])
    for arm in ("one", "again"):
        alone = changed()
        alone["cohort"] = FILE["arms"][arm].get("cohort", FILE["cohort"])
        alone["arms"] = {arm: {"regimen": "24x1"}}
        theirs = radsim.simulate(radsim.make_experiment(alone), range(50))
        np.testing.assert_array_equal(
            patients["gtv_volume"].sel(arm=arm), theirs["gtv_volume"].values
        )
        np.testing.assert_array_equal(
            labels[patients["region"].sel(arm=arm)],
            np.array(theirs["region"].attrs["labels"])[theirs["region"].values],
        )


def test_the_file_is_written_and_read_again():
    experiment = radsim.make_experiment(FILE)
    assert radsim.make_experiment(tomllib.loads(experiment.to_toml())) == experiment


def test_a_number_of_their_cohort_can_be_swept():
    key = "arms.again.cohort.gtv_volume.median"
    design = radsim.make_experiment({**FILE, "sweep": {key: [5.0, 50.0]}})
    variant = VariantMaker(design).make({key: 50.0})
    told = variant.arms["again"].cohort.variables["gtv_volume"].distribution
    assert told.median == 50.0
    shared = variant.cohort.variables["gtv_volume"]
    assert shared == radsim.make_experiment(FILE).cohort.variables["gtv_volume"]


@pytest.mark.parametrize(
    ("again", "line"),
    [
        ({**AGAIN, "cohort": {"preset": "nobody"}}, "arms.again.cohort.preset: no cohort preset"),
        (
            {**AGAIN, "cohort": {"region": "thoracic"}},
            "arms.again: needs the cohort variable 'bilsky' in arms.again.cohort",
        ),
        ({**AGAIN, "cohort": {}}, "arms.again.cohort: has no variables; give a preset"),
        ({**AGAIN, "cohort": {"preset": "sib-phase2", "gtv": 3.0}}, "arms.again.cohort.gtv: not"),
        ({**AGAIN, "cohort": 3}, "arms.again.cohort: must be a table"),
    ],
)
def test_a_mistake_is_told_where_it_is(again, line):
    with pytest.raises(ExperimentError) as told:
        radsim.make_experiment(changed(again=again))
    assert any(mistake.startswith(line) for mistake in told.value.mistakes), told.value.mistakes


def test_an_arm_set_apart_may_stand_before_the_reference():
    results = []
    for order in (["again", "five", "one"], ["five", "one", "again"]):
        arms = {name: FILE["arms"][name] for name in order}
        file = {**FILE, "patients": 64, "arms": arms, "compare": {"reference": "one"}}
        results.append(radsim.run(radsim.make_experiment(file), scheduler="single"))
    first, last = (result["vcf_net_best"].values for result in results)
    assert (first == last).all()


def test_nobody_is_randomized_between_different_people():
    trial = {"trials": 10, "patients": 40, "control": "one", "experimental": "again"}
    trial["design"] = {"minimum_follow_up": 12.0}
    with pytest.raises(ExperimentError) as told:
        radsim.make_experiment({**copy.deepcopy(FILE), "trial": trial})
    assert any("one and again treat different people" in line for line in told.value.mistakes)
    same = {**trial, "experimental": "five"}
    assert radsim.make_experiment({**copy.deepcopy(FILE), "trial": same}).trial is not None
