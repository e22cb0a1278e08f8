import numpy as np
import pytest
from reference_cases import case

from radsim import lq
from radsim.recovery import half_time_share, recovered_share


def test_the_step_rule_agrees_with_two_public_tools_as_far_as_they_agree():
    inputs, expected, tolerance = case("A23")
    found = recovered_share("25-50", np.array(inputs["months"]))
    assert found == pytest.approx(expected["step_streamlit"], abs=tolerance)
    assert found[:3] == pytest.approx(expected["step_slicer"][:3], abs=tolerance)


def test_exponential_recovery_agrees_with_a_public_tool():
    inputs, expected, tolerance = case("A23")
    found = half_time_share(np.array(inputs["months"]), half_time=6.0, ceiling=1.0)
    assert found == pytest.approx(expected["exp_half_time_6"], abs=tolerance)


def test_what_a_new_course_may_give_after_an_earlier_one_agrees_with_a_public_tool():
    inputs, expected, tolerance = case("A22")
    ratio, (prior,) = inputs["ab"], inputs["prior"]
    earlier = lq.eqd2(*lq.equal_fractions(prior["D"], prior["n"]), ratio)
    room = inputs["limit_eqd2"] - (1 - prior["recovery"]) * earlier
    assert room == pytest.approx(expected["room"], abs=tolerance)
    doses = lq.equivalent_dose(room * (1 + 2 / ratio), np.array([1, 2, 3, 5]), ratio)
    assert doses == pytest.approx(expected["max_total"], abs=tolerance)


@pytest.mark.parametrize(
    ("rule", "months", "share"),
    [
        ("25-50", 5.99, 0.0),
        ("25-50", 6.0, 0.25),
        ("25-50", 11.99, 0.25),
        ("25-50", 12.0, 0.5),
        ("25-50", 600.0, 0.5),
        ("25-50-linear", 2.0, 0.0),
        ("25-50-linear", 6.0, 0.25),
        ("25-50-linear", 9.0, 0.375),
        ("25-50-linear", 12.0, 0.5),
        ("none", 100.0, 0.0),
        ("half-time", 6.0, 0.127),
        ("half-time", 12.0, 0.234),
        ("half-time", 24.0, 0.4),
    ],
)
def test_recovery_rules_are_the_stated_ones(rule, months, share):
    assert float(recovered_share(rule, np.array(months))) == pytest.approx(share, abs=5e-4)


@pytest.mark.parametrize(
    ("recovered", "above", "below"),
    [(0.0, 9.27, 19.82), (0.25, 15.0, 23.66), (0.5, 19.54, 27.09)],
)
def test_five_fractions_after_30_gy_in_10_may_give_the_series_doses(recovered, above, below):
    # cumulative BED at alpha/beta 3 of 75 Gy above the conus and 106 Gy below
    earlier = lq.bed(*lq.equal_fractions(30.0, 10), 3.0)
    for limit, expected in ((75.0, above), (106.0, below)):
        found = lq.equivalent_dose(limit - (1 - recovered) * earlier, 5, 3.0)
        assert found == pytest.approx(expected, abs=0.006)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="no recovery rule 'x'"):
        recovered_share("x", np.array([1.0]))
