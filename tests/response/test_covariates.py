"""Covariates of complications: none is left out in silence."""

import tomllib
from dataclasses import replace
from pathlib import Path

import exact_models
import numpy as np
import pytest

from radsim import make_experiment
from radsim.experiment.model import ExperimentError
from radsim.ntcp.cox import CoxNTCP
from radsim.ntcp.logistic import LogisticNTCP
from radsim.patients.patients import Patients

SHIPPED = tomllib.loads(Path("tests/four_arms.toml").read_text(encoding="utf-8"))
MODELS = {
    "odds_ratios": LogisticNTCP(**exact_models.EXAMPLES["ntcp"]["logistic"]),
    "hazard_ratios": CoxNTCP(**exact_models.EXAMPLES["ntcp"]["cox"]),
}
both = pytest.mark.parametrize("ratios", MODELS)


def aged(ratios, ratio=1.02, reference=60.0):
    return replace(MODELS[ratios], **{ratios: {"age": ratio}, "references": {"age": reference}})


@both
def test_a_reference_of_what_has_no_ratio_is_refused(ratios):
    with pytest.raises(ValueError, match=r"references.agee: no such ratio; did you mean 'age'"):
        replace(MODELS[ratios], **{ratios: {"age": 1.02}, "references": {"agee": 60.0}})


@both
@pytest.mark.parametrize("ratio", [0.0, -1.0, np.nan, np.inf])
def test_a_ratio_that_cannot_be_is_refused(ratios, ratio):
    with pytest.raises(ValueError, match=rf"{ratios}.age must be above 0 and finite"):
        aged(ratios, ratio)
    with pytest.raises(ValueError, match=r"references.age must be a finite number"):
        aged(ratios, reference=np.inf)


@both
@pytest.mark.parametrize("patients", [{}, {"sex": [0.0]}])
def test_patients_without_the_covariate_are_refused_and_a_curve_is_of_its_reference(
    ratios, patients
):
    model = aged(ratios)
    with pytest.raises(ValueError, match="needs the variable 'age' of the patients"):
        model.probability(np.array([20.0]), fractions=10, patients=Patients.of(patients))
    plain = MODELS[ratios].curve_over_effect(20.0)
    assert float(model.curve_over_effect(20.0)) == pytest.approx(float(plain), rel=1e-14)
    older = Patients.of({"age": [70.0]})
    assert model.curve_over_effect(np.array([20.0]), older) > plain


@both
def test_labels_are_no_numbers(ratios):
    labels = Patients.of({"age": [0, 1]}, labels={"age": ("young", "old")})
    with pytest.raises(ValueError, match="'age' holds labels; a model needs numbers"):
        aged(ratios).probability(np.array([20.0, 20.0]), fractions=10, patients=labels)


def test_an_experiment_with_labels_as_a_covariate_is_refused_at_the_door():
    model = {
        "kind": "logistic", "intercept": -3.0, "slope": 0.05, "alpha_beta": 2.0,
        "odds_ratios": {"primary": 1.02},
        "dose": {"structure": "spinal_cord", "metric": "mean"},
        "onset": {"kind": "lognormal", "median": 6.0, "sigma": 0.4},
    }  # fmt: skip
    with pytest.raises(
        ExperimentError, match=r"ntcp.myelopathy: 'primary' holds labels; a covariate"
    ):
        make_experiment({**SHIPPED, "ntcp": {"myelopathy": model}})
