"""Every model at random parameters, doses, covariates and uneven DVHs, in fifty digits."""

from dataclasses import fields, replace

import exact_models
import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mpf
from registry import COMPLICATIONS, CONTROL, EVERY, curve

from radsim.patients.patients import Patients
from radsim.radiobiology.dvh import TOLERATED_SUM
from radsim.vocabulary.numbers import NUMBERS

RANGES = {  # in which parameters are drawn; of others between half and twice the example's value
    "d50": (0.01, 1e3),
    "td50": (0.01, 1e3),
    "gamma50": (0.01, 30.0),
    "gamma": (0.01, 30.0),
    "k": (0.1, 60.0),
    "alpha_beta": (0.1, 60.0),
    "alpha": (1e-4, 3.0),
    "clonogen_density": (1e-6, 1e15),
    "volume": (1e-3, 1e4),
    "birth_rate": (1e-9, 30.0),
    "death_rate": (1e-9, 30.0),
    "evaluated_at": (1.0, 240.0),
    "slope": (1e-6, 10.0),
    "m": (0.01, 3.0),
    "n": (1e-3, 1e3),
    "s": (1e-3, 1e3),
    "floor": (1e-6, 0.99),
    "reserve": (1e-3, 2.0),
    "reserve_sd": (1e-3, 2.0),
    "baseline_hazard": (1e-15, 1e2),
    "reference_risk": (1e-9, 0.99),
    "below": (1e-9, 1.0),
    "above": (1e-9, 1.0),
    "hazard_ratio_fraction_dose": (0.1, 50.0),
    "hazard_ratio_per_gray": (0.9, 1.5),
    "share": (1e-6, 1.0),
}
SIGNED = {"intercept": 60.0, "a": 60.0}
HELD = (
    *("beyond", "center", "highest_fraction_dose", "threshold"),
    *("reirradiation_control", "reirradiation_hazard_ratio"),
)
EXTREMES = [1e-100, 1e-12, 1e12, 1e100]
EXTREME_DOSES = np.array([0.0, 5e-324, 1e-150, 1e-9, 1.0, 50.0, 1e9, 1e150, 1.7e308])
dose = st.one_of(st.floats(0.0, 120.0), st.sampled_from([0.0, 1e-300, 1e-9, 1e4]))
parts = st.lists(st.tuples(dose, st.integers(0, 9)), min_size=1, max_size=6)
every_model = pytest.mark.parametrize("name", EVERY)
whole_dvhs = pytest.mark.parametrize(
    "name", [n for n, m in EVERY.items() if n.startswith("tcp/") or m.reads_dvh]
)


def numbers(model):
    """Names of the numbers of a model's curve."""
    return [
        one.name
        for one in fields(model)
        if one.type in NUMBERS
        and one.name not in HELD
        and isinstance(getattr(model, one.name), (int, float))
    ]


def drawn(data, model):
    """The same model with other parameters."""
    changes = {}
    for name in numbers(model):
        if name in SIGNED:
            value = data.draw(st.floats(-SIGNED[name], SIGNED[name]), label=name)
            assume(name != "a" or abs(value) > 1e-3)
        else:
            here = getattr(model, name)
            low, high = RANGES.get(name, (0.5 * here, 2.0 * here))
            exponent = data.draw(st.floats(np.log(low), np.log(high)), label=f"log {name}")
            value = float(np.clip(np.exp(exponent), low, high))
        changes[name] = value
    return replace(model, **changes)


def volume(drawn_parts):
    """Doses and shares of the parts of a volume."""
    doses, counts = (np.array(column, dtype=float) for column in zip(*drawn_parts, strict=True))
    assume(counts.sum() > 0)
    return doses, counts / counts.sum()


@every_model
@settings(max_examples=30, deadline=None)
@given(data=st.data(), dose=dose)
def test_at_any_parameters_a_uniform_dose_agrees_with_fifty_digits(name, data, dose):
    model = drawn(data, EVERY[name])
    formula = exact_models.control if name in CONTROL_NAMES else exact_models.complication
    with mpmath.workdps(50):
        answer = float(formula(model, mpf(dose)))
    assert float(curve(model, dose)) == pytest.approx(answer, abs=1e-10)


CONTROL_NAMES = {f"tcp/{name}" for name in CONTROL}


@whole_dvhs
@settings(max_examples=30, deadline=None)
@given(data=st.data(), drawn_parts=parts)
def test_at_any_parameters_an_uneven_dvh_agrees_with_fifty_digits(name, data, drawn_parts):
    model = drawn(data, EVERY[name])
    doses, weight = volume(drawn_parts)
    with mpmath.workdps(50):
        shares = [mpf(float(share)) for share in weight]
        if name in CONTROL_NAMES:
            ratio = mpf(model.alpha_beta)
            eqd2 = [d * (1 + d / ratio) / (1 + 2 / ratio) for d in map(mpf, doses.tolist())]
            answer = float(exact_models.control_of_dvh(model, eqd2, shares))
        else:
            there = [mpf(d) for d in doses.tolist()]
            answer = float(exact_models.complication_of_dvh(model, there, shares))
    if name in CONTROL_NAMES:  # in one fraction
        hazard = model.course_hazard(doses, fractions=1, weight=weight)
        found = float(np.exp(-hazard))
    else:
        found = float(model.probability_at_effect(doses, weight=weight))
    assert found == pytest.approx(answer, abs=1e-10)


@whole_dvhs
@settings(max_examples=25, deadline=None)
@given(data=st.data(), drawn_parts=parts, more=st.floats(0.0, 30.0))
def test_at_any_parameters_more_dose_to_a_part_never_lowers_it(name, data, drawn_parts, more):
    model = drawn(data, EVERY[name])
    doses, weight = volume(drawn_parts)
    part = data.draw(st.integers(0, len(doses) - 1))
    higher = doses.copy()
    higher[part] += more

    def probability(d):
        if name in CONTROL_NAMES:
            return model.probability(d, fractions=1, weight=weight)
        return model.probability_at_effect(d, weight=weight)

    before, after = float(probability(doses)), float(probability(higher))
    assert 0.0 <= before <= after + 1e-12 <= 1.0 + 1e-12


@pytest.mark.parametrize(
    "name",
    [
        n
        for n, m in COMPLICATIONS.items()
        if hasattr(m, "odds_ratios") or hasattr(m, "hazard_ratios")
    ],
)
@settings(max_examples=30, deadline=None)
@given(
    data=st.data(), dose=dose, age=st.floats(0.0, 100.0), reference=st.floats(0.0, 100.0),
    log_ratio=st.floats(-3.0, 3.0),
)  # fmt: skip
def test_covariates_agree_with_fifty_digits(name, data, dose, age, reference, log_ratio):
    ratios = "odds_ratios" if hasattr(COMPLICATIONS[name], "odds_ratios") else "hazard_ratios"
    ratio = float(np.exp(log_ratio))
    model = replace(
        drawn(data, COMPLICATIONS[name]),
        **{ratios: {"age": ratio}, "references": {"age": reference}},
    )
    patients = Patients.of({"age": [age, reference]})
    found = model.probability_at_effect(np.array([dose, dose]), patients)
    with mpmath.workdps(50):
        shift = (mpf(age) - mpf(reference)) * mpmath.log(mpf(ratio))
        answers = [float(exact_models.complication(model, mpf(dose), x)) for x in (shift, mpf(0))]
    assert found == pytest.approx(answers, abs=1e-10)
    assert float(curve(model, dose)) == pytest.approx(answers[1], abs=1e-10)


@every_model
def test_no_extreme_of_a_parameter_overflows(name):
    model = EVERY[name]
    for parameter in numbers(model):
        signs = (-1.0, 1.0) if parameter in SIGNED else (1.0,)
        for value in [sign * extreme for sign in signs for extreme in EXTREMES]:
            try:
                one = replace(model, **{parameter: value})
            except ValueError:  # outside of what the parameter may be
                continue
            found = curve(one, EXTREME_DOSES)
            assert np.all((found >= 0) & (found <= 1)), (parameter, value)
            rises = np.all(np.diff(found) >= 0)
            ratios = ("hazard_ratio_fraction_dose", "hazard_ratio_per_gray")
            protects = parameter in ratios and value < 1.0
            assert rises or protects, (parameter, value)


@every_model
@pytest.mark.parametrize("dose", [-1.0, np.nan, [10.0, -3.0]])
def test_a_dose_that_cannot_be_is_refused(name, dose):
    with pytest.raises(ValueError, match="dose must be a number that is not negative, got"):
        curve(EVERY[name], dose)


@every_model
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_refused(name, value):
    for parameter in numbers(EVERY[name]):
        with pytest.raises(ValueError, match=f"{parameter} must be a finite number"):
            replace(EVERY[name], **{parameter: value})


@whole_dvhs
@pytest.mark.parametrize(
    ("weight", "says"),
    [
        ([5.0, 5.0], "must add up to 1, got 10"),
        ([0.5, 0.5 + 10 * TOLERATED_SUM], "must add up to 1, got 1.00001"),
        ([2.0, -1.0], "shares that are not negative"),
        ([np.nan, 1.0], "shares that are not negative"),
        ([[0.5, 0.5], [0.5, 0.4]], "must add up to 1, got 0.9"),
    ],
)
def test_volumes_that_do_not_add_up_are_refused(name, weight, says):
    doses = np.array([20.0, 30.0])
    with pytest.raises(ValueError, match=says):
        if name in CONTROL_NAMES:
            EVERY[name].probability(doses, fractions=1, weight=np.array(weight))
        else:
            EVERY[name].probability_at_effect(doses, weight=np.array(weight))


@pytest.mark.parametrize("name", [n for n, m in COMPLICATIONS.items() if hasattr(m, "response")])
def test_a_metric_where_a_dvh_is_wanted_is_refused_and_the_reverse(name):
    model = COMPLICATIONS[name]
    weight = None if model.reads_dvh else np.array([1.0])
    wanted = "the whole DVH, with weight" if model.reads_dvh else "a metric, without weight"
    with pytest.raises(ValueError, match=f"takes {wanted}"):
        model.probability_at_effect(np.array([20.0]), weight=weight)
