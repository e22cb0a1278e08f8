"""Patients as columns, and the one door for a Dataset."""

import numpy as np
import pytest
import xarray as xr

from radsim import Streams
from radsim.patients.cohort import Cohort, CohortVariable, draw_cohort
from radsim.patients.patients import Patients, as_patients, to_dataset
from radsim.randomness.distributions.continuous import Normal
from radsim.randomness.distributions.discrete import Categorical


def drawn():
    regions = Categorical(shares={"cervical": 1, "lumbar": 1})
    variables = {
        "age": CohortVariable(distribution=Normal(mean=60.0, sd=5.0), units="years", meaning=""),
        "region": CohortVariable(distribution=regions, units="1", meaning=""),
    }
    return draw_cohort(Cohort(variables=variables), range(7, 19), Streams(1))


def test_patients_come_back_from_a_dataset_as_they_were():
    patients = drawn()
    again = as_patients(to_dataset(patients))
    assert (again.numbers, again.labels) == (range(7, 19), patients.labels)
    assert again.columns.keys() == patients.columns.keys()
    assert all(np.array_equal(again[name], patients[name]) for name in patients.columns)


def test_a_dataset_has_the_dimension_numbers_and_labels_of_its_patients():
    dataset = to_dataset(drawn())
    assert dataset["patient"].values.tolist() == list(range(7, 19))
    assert dataset["age"].dims == ("patient",)
    assert dataset["region"].attrs == {"labels": ["cervical", "lumbar"]}
    assert dataset["age"].attrs == {}


def test_patients_who_do_not_count_up_by_1_are_refused():
    numbers = xr.Dataset({"age": ("patient", [50.0, 60.0, 70.0])}, coords={"patient": [0, 2, 3]})
    with pytest.raises(ValueError, match="patient must count up by 1, got 0 to 3"):
        as_patients(numbers)
    numbers = xr.Dataset({"age": ("patient", [50.0, 60.0, 70.0])}, coords={"patient": [1, 3, 3]})
    with pytest.raises(ValueError, match="patient must count up by 1"):
        as_patients(numbers)
    nobody = xr.Dataset({"age": ("patient", [])}, coords={"patient": []})
    assert as_patients(nobody).numbers == range(0)


def test_draws_come_in_and_go_out_with_a_dimension_of_their_own():
    draws = xr.Dataset({"d50": ("draw", [18.0, 20.0]), "age": ("patient", [50.0, 60.0, 70.0])})
    patients = as_patients(draws)
    assert patients["d50"].shape == (2, 1)
    assert (patients["d50"] + patients["age"]).shape == (2, 3)
    assert to_dataset(patients)["d50"].dims == ("draw",)
    arms = xr.Dataset({"dose": (("arm", "patient"), np.ones((2, 3)))})
    with pytest.raises(ValueError, match=r"dose must have the dim patient, draw, or draw and pat"):
        as_patients(arms)


def test_a_column_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"age must have a value for each of 3 patients, got"):
        Patients(range(3), {"age": np.array([50.0, 60.0])})


def test_labels_of_the_vocabulary_are_known_and_others_are_nobodys():
    patients = drawn()
    assert (patients.has("region", "cervical") ^ patients.has("region", "lumbar")).all()
    assert not patients.has("region", "sacrum").any()
    with pytest.raises(KeyError, match="region has no label 'thorax'"):
        patients.has("region", "thorax")
    flags = Patients.of({"mass": [1.0, 0.0], "site": [0, 1]}, labels={"site": ("a", "b")})
    assert flags.has("mass", "1").tolist() == [True, False]
    assert flags.has("site", "b").tolist() == [False, True]
    assert not flags.has("site", "c").any()


def test_what_patients_lack_is_named():
    patients = Patients.of({"age": [50.0]})
    with pytest.raises(KeyError, match="no 'agee'; did you mean 'age'"):
        patients["agee"]
    with pytest.raises(ValueError, match="needs the variable 'sex' of the patients; there are:"):
        patients.value_of("sex")
