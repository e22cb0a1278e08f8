"""Survival by covariates: classes, and hazard ratios on a baseline."""

import copy

import numpy as np
import pytest

from radsim import Streams, load_experiment, load_preset, make_experiment, simulate
from radsim.experiment.model import ExperimentError
from radsim.experiment.variants import VariantMaker
from radsim.patients.cohort import Cohort, PatientTable
from radsim.patients.patients import Patients
from radsim.report.tables.ledger import SUMMARY, records
from radsim.response.baseline import solve_baseline
from radsim.response.survival import (
    ProportionalHazards,
    SurvivalByClass,
    WeibullSurvival,
    mean_alive,
)
from radsim.results.run import run

BASE = {
    "name": "prognosis",
    "seed": 4,
    "patients": 40_000,
    "months": [12, 24],
    "cohort": {"preset": "sib-phase2"},
    "arms": {
        "stereotactic": {"regimen": "24x1"},
        "boosted": {"regimen": "sib-phase2"},
    },
    "tcp": {"preset": "hytec-spine-2021"},
    "survival": {"preset": "prism-2015"},
}


def changed(**changes):
    return {**copy.deepcopy(BASE), **changes}


def prism(**changes):
    settings = load_preset("survival", "prism-2015").settings()
    return ProportionalHazards(**{**settings, **changes})


def rpa():
    return SurvivalByClass(**load_preset("survival", "rpa-2018").settings())


def test_each_class_has_its_published_median():
    people = Patients.of({"rpa_class": [0, 1, 2]}, labels={"rpa_class": ("1", "2", "3")})
    for place, median in enumerate((26.7, 13.4, 4.5)):
        assert rpa().alive(median, people)[place] == pytest.approx(0.5, abs=1e-12)


def test_the_published_mix_has_nearly_the_published_median():
    mix = {"1": 142, "2": 207, "3": 95}
    assert mean_alive(rpa(), mix, 12.8) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("preset", ["sib-phase2", "rtog-0631", "reirradiation-series"])
def test_a_cohort_has_the_survival_that_is_stated_of_it(preset):
    made = make_experiment(changed(cohort={"preset": preset}, patients=30_000))
    stated = WeibullSurvival(**load_preset("survival", preset).settings())
    alive = simulate(made, range(30_000))["survival_alive"].isel(arm=0).mean("patient").values
    for months, mean in zip((12.0, 24.0), alive, strict=True):
        assert mean == pytest.approx(float(stated.alive(months)), abs=0.006)


def test_ratios_between_patients_are_the_published_ones():
    law = prism(baseline=WeibullSurvival(shape=1.3, scale=20.0))
    plain = {name: [0.0] for name in law.covariates}
    ratios = {
        "female": 0.7, "kps_above_60": 0.8, "previous_surgery": 0.7, "previous_radiation": 1.8,
        "only_metastasis": 0.5, "organ_systems": 1.4, "late_metastasis": 0.5,
    }  # fmt: skip
    usual = np.log(law.alive(10.0, Patients.of(plain)))[0]
    for name, ratio in ratios.items():
        other = np.log(law.alive(10.0, Patients.of({**plain, name: [1.0]})))[0]
        assert other / usual == pytest.approx(ratio)


@pytest.mark.parametrize("law", [rpa(), prism(baseline=WeibullSurvival(shape=1.3, scale=20.0))])
def test_the_share_alive_at_the_time_of_death_is_the_number_that_gave_it(law):
    u = np.array([1e-9, 0.2, 0.5, 0.9, 1 - 1e-9])
    columns = {name: np.array([0.0, 1.0, 1.0, 0.0, 1.0]) for name in law.covariates}
    labels = {}
    if isinstance(law, SurvivalByClass):
        columns, labels = {"rpa_class": np.array([0, 1, 2, 0, 1])}, {"rpa_class": ("1", "2", "3")}
    people = Patients.of(columns, labels=labels)
    times = law.time(u, people)
    alive = np.array([law.alive(t, people)[i] for i, t in enumerate(times)])
    np.testing.assert_allclose(alive, 1.0 - u, atol=1e-9)


@pytest.mark.parametrize("preset", ["prism-2015", "rpa-2018"])
def test_survival_is_no_property_of_the_technique_nor_of_instability(preset):
    made = simulate(make_experiment(changed(survival={"preset": preset})), range(500))
    deaths = made["time_to_death"]
    assert (deaths.isel(arm=0) == deaths.isel(arm=1)).all()
    unstable = changed(survival={"preset": preset})
    unstable["cohort"] = {**unstable["cohort"], "sins_pain": "mechanical", "malalignment": 1}
    other = simulate(make_experiment(unstable), range(500))
    assert (other["sins"] > made["sins"]).any()
    assert np.array_equal(other["time_to_death"], deaths)


def test_a_table_taken_as_it_is_meets_the_stated_survival_with_its_own_rows():
    columns = {name: (0.0, 1.0, 1.0) for name in prism().covariates}
    cohort = Cohort(table=PatientTable(columns=columns, rows="as-is"))
    stated = WeibullSurvival(shape=1.0, scale=20.0)
    law = solve_baseline(prism(stated=stated), cohort, {})
    people = Patients.of({name: np.array(values) for name, values in columns.items()})
    for months in (12.0, 24.0):
        assert law.alive(months, people).mean() == pytest.approx(float(stated.alive(months)))


def test_a_solved_file_runs_again_as_it_is(tmp_path):
    made = make_experiment(changed(patients=2_000))
    (tmp_path / "again.toml").write_text(made.to_toml(), encoding="utf-8")
    assert load_experiment(tmp_path / "again.toml").survival == made.survival


def test_a_variant_is_solved_anew():
    made = make_experiment(changed(patients=64, sweep={"survival.stated.scale": [20.0, 43.5]}))
    laws = [VariantMaker(made).make({"survival.stated.scale": s}).survival for s in (20.0, 43.5)]
    assert laws[0].baseline.scale < 0.6 * laws[1].baseline.scale
    assert laws[1].baseline == made.survival.baseline


def test_an_arm_of_other_people_has_its_own_baseline():
    arms = {
        "first": {"regimen": "24x1"},
        "again": {
            "regimen": "24x1",
            "cohort": {"preset": "reirradiation-series"},
            "survival": {"preset": "prism-2015"},
        },
    }
    made = make_experiment(changed(arms=arms))
    assert made.arms["again"].survival.stated.preset == "reirradiation-series"
    assert made.arms["again"].survival.baseline != made.survival.baseline


def test_groups_by_class_tell_survival():
    by = changed(survival={"preset": "rpa-2018"}, patients=8_000, report={"by": ["rpa_class"]})
    rows = records(run(make_experiment(by), scheduler="single"), "subgroups.csv")
    alive = {
        row["group"]: row["estimate"]
        for row in rows
        if row["endpoint"] == "survival" and row["months"] == 12.0 and row["arm"] == "boosted"
    }
    for group, median in {"1": 26.7, "2": 13.4, "3": 4.5}.items():
        assert alive[group] == pytest.approx(2.0 ** (-12.0 / median), abs=1e-9)


def test_results_name_the_preset():
    rows = records(run(make_experiment(changed(patients=64)), scheduler="single"), SUMMARY)
    assert {row["model"] for row in rows if row["endpoint"] == "survival"} == {"prism-2015"}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"cohort": {"preset": "hytec-reference"}, "survival": {"preset": "rpa-2018"}},
            "survival: rpa-2018 needs the cohort variables 'kps', 'systemic_control', 'age', "
            "'visceral_disease'; hytec-reference lacks them",
        ),
        (
            {"survival": {"kind": "classes", "variable": "histology", "medians": {"other": 9.0}}},
            "survival.medians: none for 'breast_prostate' of 'histology'",
        ),
        (
            {"survival": {"kind": "classes", "variable": "age", "medians": {"old": 9.0}}},
            "survival: classes needs labels, and 'age' holds numbers",
        ),
        (
            {"survival": {"preset": "rpa-2018", "medians": {"1": -3.0}}},
            "survival: medians.1 must be above 0, got -3.0",
        ),
        (
            {"survival": {"preset": "prism-2015", "stated": "rpa-2018"}},
            "survival: stated must be a weibull law, got classes",
        ),
        (
            {"survival": {"preset": "prism-2015", "hazard_ratios": {"sex": 2.0}}},
            "survival.hazard_ratios: 'sex' holds labels; a ratio for each unit needs numbers",
        ),
        (
            {"survival": {"preset": "prism-2015", "met_at": [24.0, 12.0]}},
            "survival.met_at: must be above 0 and rise, got 24 and 12",
        ),
        (
            {"survival": {"preset": "prism-2015", "stated": {"shape": 1.0, "scale": 1e-3}}},
            "survival.stated: 0 alive can't be met by any baseline; take other times (met_at)",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes, line):
    with pytest.raises(ExperimentError) as refused:
        make_experiment(changed(**changes))
    assert refused.value.mistakes == [line]


def test_a_cohort_without_stated_survival_is_refused():
    columns = {name: (0.0, 1.0) for name in prism().covariates}
    cohort = Cohort(table=PatientTable(columns=columns, rows="as-is"))
    with pytest.raises(ValueError, match="stated: is missing"):
        solve_baseline(prism(), cohort, {})


def test_times_of_death_do_not_depend_on_the_order_of_classes():
    u = Streams(1).uniforms("death", range(100))
    code = np.arange(100) % 3
    one = Patients.of({"rpa_class": code}, labels={"rpa_class": ("1", "2", "3")})
    other = Patients.of({"rpa_class": 2 - code}, labels={"rpa_class": ("3", "2", "1")})
    assert np.array_equal(rpa().time(u, one), rpa().time(u, other))
