import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from radsim.dose.plans.limits import AnyLimit, Limit
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.presets import load_preset, preset_names


def rule(preset, part):
    value = load_preset("limits", preset).parameters[part].value
    return CumulativeLimit(**value)


@pytest.mark.parametrize(
    ("part", "expected"),
    [("above_conus", [9.27, 15.00, 19.54]), ("below_conus", [19.82, 23.66, 27.09])],
)
def test_what_five_fractions_may_give_after_30_gy_in_10(part, expected):
    cumulative = rule("cumulative-bed3-75-106", part)
    prior = cumulative.effect_of(30.0, 10)
    allowed = cumulative.highest_dose(5, prior * np.array([1.0, 0.75, 0.5]))
    np.testing.assert_allclose(allowed, expected, atol=0.005)


def test_the_reirradiation_budget_agrees_with_another_tool():
    # rule of subbumishra92/reirradiation-eqd2-calculator: EQD2_2 of 45 Gy, 25 % recovered
    budget = CumulativeLimit(
        name="budget", structure="thecal_sac", effect="eqd2", alpha_beta=2.0, at_most=45.0
    )
    prior = budget.effect_of(30.0, 10)
    assert prior * 0.75 + 16.875 == pytest.approx(45.0)
    allowed = [float(budget.highest_dose(n, 0.75 * prior)) for n in (1, 2, 3, 5)]
    np.testing.assert_allclose(allowed, [7.276473, 9.789826, 11.54304, 14.039433], atol=1e-6)


def test_hytec_retreatment_alone_may_reach_eqd2_25():
    hytec = rule("hytec-reirradiation", "cumulative")
    allowed = [float(hytec.highest_dose(n, np.array(30.0))) for n in (1, 2, 3, 5)]
    np.testing.assert_allclose(allowed, [9.05, 12.28, 14.58, 17.91], atol=0.01)


@given(
    dose=st.floats(0, 60),
    fractions=st.integers(1, 30),
    new=st.integers(1, 10),
    recovered=st.floats(0, 1),
    at_most=st.floats(20, 200),
)
def test_the_highest_dose_just_meets_its_rule(dose, fractions, new, recovered, at_most):
    cumulative = CumulativeLimit(
        name="c", structure="thecal_sac", effect="bed", alpha_beta=3.0, at_most=at_most
    )
    prior = cumulative.effect_of(dose, fractions)
    left = (1 - recovered) * prior
    allowed = cumulative.highest_dose(new, left)
    total = cumulative.effect_of(allowed, new) + left
    if allowed > 0:
        assert total == pytest.approx(at_most)
    else:
        assert left >= at_most * (1 - 1e-9)
    months = np.array(60.0)
    met = cumulative.is_met(allowed * 1.001 + 0.01, new, left, months)
    assert not met


def test_an_interval_that_is_too_short_breaks_hytec_whatever_the_dose():
    hytec = rule("hytec-reirradiation", "cumulative")
    months = np.array([4.9, 5.0])
    met = hytec.is_met(np.array([1.0, 1.0]), 5, np.array(37.5), months)
    assert met.tolist() == [False, True]


def test_rules_about_the_cord_have_nothing_to_say_below_it():
    has_cord = np.array([True, False])
    assert rule("hytec-reirradiation", "cumulative").applies(has_cord).tolist() == [True, False]
    assert rule("cumulative-bed3-75-106", "below_conus").applies(has_cord).tolist() == [False, True]


@pytest.mark.parametrize("name", preset_names("limits"))
def test_every_preset_holds_limits(name):
    for value in load_preset("limits", name).settings().values():
        TypeAdapter(AnyLimit).validate_python({"kind": "dose", **value})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"structure": "cord_prv", "metric": "D2", "at_most": 10.0},
            "structure's limit is D0.03cc",
        ),
        ({"structure": "cord_prv", "metric": "D0.03cc", "at_least": 1.0}, "structure's limit"),
        ({"structure": "gtv", "metric": "D0.03cc", "at_most": 50.0}, "such as D98, got 'D0.03cc'"),
        ({"structure": "gtv", "metric": "D98"}, "give at_least, at_most or both"),
        ({"structure": "gtv", "metric": "D98", "at_least": -1.0}, "above 0 Gy, got -1.0"),
        ({"structure": "gtv", "metric": "D98", "at_least": 9.0, "at_most": 8.0}, "got 9.0, 8.0"),
    ],
)
def test_impossible_limits_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Limit(**settings)


def test_a_cumulative_limit_needs_a_bound():
    with pytest.raises(ValueError, match="give at least one bound"):
        CumulativeLimit(name="x", structure="thecal_sac", effect="bed", alpha_beta=3.0)


def test_cold_share_of_a_limit():
    assert Limit(structure="gtv", metric="D98", at_least=1.0).cold_share == pytest.approx(0.02)
    for wrong in ("D0", "D100", "V20Gy", "D98cc", "mean", "DVH"):
        with pytest.raises(ValueError, match="such as D98"):
            Limit(structure="gtv", metric=wrong, at_least=1.0)
