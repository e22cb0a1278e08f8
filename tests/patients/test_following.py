"""Variables that follow from others hang together with them."""

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import stats

from radsim import Streams
from radsim.patients.cohort import Cohort, PatientTable, draw_cohort
from radsim.presets.cohorts import cohort_settings

MANY = 60_000
PRESETS = ("sib-phase2", "rtog-0631", "reirradiation-series")


def preset(name):
    return TypeAdapter(Cohort).validate_python(cohort_settings(name))


def drawn(name, **columns):
    cohort = preset(name)
    kept = {n: v for n, v in cohort.variables.items() if n not in columns}
    table = PatientTable(columns=columns, rows="as-is") if columns else None
    pairs = tuple(pair for pair in cohort.correlations if kept.keys() >= set(pair.between))
    whole = Cohort(variables=kept, correlations=pairs, table=table)
    many = len(table) if table else MANY
    return draw_cohort(whole, range(many), Streams(8))


def label(patients, name):
    return np.array(patients.labels[name])[patients[name]]


def points(patient):
    """SINS by hand, of one patient."""
    level = {
        "cervical": patient["cervical_level"], "thoracic": patient["thoracic_level"],
        "lumbar": patient["lumbar_level"], "sacrum": patient["sacral_level"],
    }[patient["region"]]  # fmt: skip
    if level in {"C1", "C2", "C7", "T1", "T2", "T11", "T12", "L1", "L5", "S1"}:
        total = 3
    else:
        total = {"C": 2, "L": 2, "T": 1, "S": 0}[level[0]]
    total += {"none": 0, "occasional": 1, "mechanical": 3}[patient["sins_pain"]]
    total += {"lytic": 2, "mixed": 1, "blastic": 0}[patient["lesion_type"]]
    total += {"none": 0, "unilateral": 1, "bilateral": 3}[patient["posterolateral"]]
    if patient["malalignment"]:
        total += 4 if patient["subluxation"] else 2
    if patient["baseline_fracture"] == "half_or_more":
        return total + 3
    if patient["baseline_fracture"] == "below_half":
        return total + 2
    return total + (1 if patient["body_involved_over_half"] else 0)


@pytest.mark.parametrize("name", PRESETS)
def test_the_score_is_the_sum_of_its_six_parts(name):
    patients = drawn(name)
    for i in range(300):
        patient = {
            n: label(patients, n)[i] if n in patients.labels else column[i]
            for n, column in patients.columns.items()
        }
        assert patients["sins"][i] == points(patient)
    classes = label(patients, "sins_class")
    for named, (lowest, highest) in {"0-6": (0, 6), "7-12": (7, 12), "13-18": (13, 18)}.items():
        inside = (patients["sins"] >= lowest) & (patients["sins"] <= highest)
        assert np.array_equal(classes == named, inside)


def test_a_worst_and_a_best_vertebra_have_18_and_0_points():
    worst = {
        "region": "lumbar", "lumbar_level": "L1", "sins_pain": "mechanical", "lesion_type": "lytic",
        "posterolateral": "bilateral", "malalignment": 1.0, "subluxation": 1.0,
        "baseline_fracture": "half_or_more",
    }  # fmt: skip
    best = {
        "region": "sacrum", "sacral_level": "S3", "sins_pain": "none", "lesion_type": "blastic",
        "posterolateral": "none", "malalignment": 0.0, "baseline_fracture": "none",
        "gtv_volume": 0.1,
    }  # fmt: skip
    columns = [{name: (value,) for name, value in patient.items()} for patient in (worst, best)]
    assert [drawn("sib-phase2", **each)["sins"].tolist() for each in columns] == [[18.0], [0.0]]


def test_who_is_not_in_pain_scores_none_for_it():
    stated = {"in_pain": (0.0, 1.0, 1.0), "sins_pain": ("mechanical", "none", "mechanical")}
    without = {"sins_pain": ("none", "occasional", "mechanical")}
    assert (drawn("sib-phase2", **stated)["sins"] == drawn("sib-phase2", **without)["sins"]).all()


def test_involvement_follows_the_stated_curve_of_volume():
    for volume in (5.0, 15.0, 40.0):
        patients = drawn("sib-phase2", gtv_volume=(volume,) * MANY)
        share = patients["body_involved_over_half"].mean()
        expected = stats.norm.cdf(np.log(volume / 15.0) / 0.5)
        assert share == pytest.approx(expected, abs=5 * np.sqrt(0.25 / MANY))


@pytest.mark.parametrize("name", PRESETS)
def test_prognosis_hangs_together(name):
    p = drawn(name)
    assert ((p["organ_systems"] > 0) == (p["visceral_disease"] > 0)).all()
    assert (p["only_metastasis"] * p["visceral_disease"] == 0).all()
    ecog = label(p, "ecog").astype(float)
    assert set(np.unique(100.0 - 20.0 * ecog - p["kps"])) == {0.0, 10.0}
    rpa = label(p, "rpa_class")
    first = (p["kps"] > 70) & (p["systemic_control"] == 1)
    third = (p["kps"] <= 70) & ((p["age"] < 54) | (p["visceral_disease"] == 1))
    assert ((rpa == "1") == first).all() and ((rpa == "3") == third).all()
    primary = label(p, "primary")
    group = label(p, "histology")
    assert ((group == "breast_prostate") == np.isin(primary, ["breast", "prostate"])).all()


def test_what_is_stated_stays():
    p = drawn("sib-phase2", sins=(3.0, 9.0), rpa_class=("3", "1"), kps=(50.0, 60.0))
    assert p["sins"].tolist() == [3.0, 9.0] and label(p, "rpa_class").tolist() == ["3", "1"]
    assert label(p, "sins_class").tolist() == ["0-6", "7-12"]
    assert p["kps_above_60"].tolist() == [0.0, 0.0]


def test_other_words_for_the_sex_are_not_taken_for_men():
    assert "female" not in Cohort(table=PatientTable(columns={"sex": ("f", "m")})).names
    known = Cohort(table=PatientTable(columns={"sex": ("female", "male")}))
    assert draw_cohort(known, range(20), Streams(1))["female"].max() == 1.0


def test_scores_have_a_highest_value():
    for name, value in (("kps", 110.0), ("sins", 19.0)):
        with pytest.raises(ValueError, match=f"{name} must be at most"):
            Cohort(table=PatientTable(columns={name: (value,)}))


def test_no_other_variable_is_drawn_anew_beside_further_ones():
    whole = preset("sib-phase2")
    few = {n: whole.variables[n] for n in ("age", "region", "gtv_volume", "ptv_volume", "bilsky")}
    less = Cohort(variables=few, correlations=whole.correlations)
    a, b = (draw_cohort(cohort, range(500), Streams(2)) for cohort in (whole, less))
    assert all(np.array_equal(a[name], b[name]) for name in few)
