import numpy as np
import pytest
from dose_cases import plan_of, spine_patients
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from radsim.dose.anatomy.dose_model import default_dose_model
from radsim.dose.drawing import draw_dose
from radsim.dose.metrics import Wanted
from radsim.dose.plans.filling import expand_plan
from radsim.dose.plans.limits import AnyLimit, Limit
from radsim.dose.plans.two_course_limits import CumulativeLimit
from radsim.presets import load_preset, preset_names
from radsim.randomness.streams import Streams
from radsim.vocabulary.structures import HotSpot


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
            {"structure": "cord_prv", "metric": "D0.03cc", "at_least": 1.0},
            "cord_prv D0.03cc: a limit of an organ is at_most a dose; at_least is for gtv and ptv",
        ),
        ({"structure": "lung", "metric": "mean", "at_least": 1.0}, "lung mean: a limit of an"),
        ({"structure": "gtv", "metric": "DVH", "at_least": 1.0}, "gtv DVH: a limit is on a dose"),
        ({"structure": "lung", "metric": "V20Gy", "at_most": 0.3}, "V20Gy: a limit is on a dose"),
        ({"structure": "gtv", "metric": "gEUD(0)", "at_least": 1.0}, "its number must not be 0"),
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
    assert Limit(structure="gtv", metric="D98", at_least=1.0).is_quantile
    for other in ("D0", "D100", "D98cc", "mean", "gEUD(-10)"):
        limit = Limit(structure="gtv", metric=other, at_least=1.0)
        assert limit.is_of_whole and not limit.is_quantile


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ({"metric": "V20Gy", "at_most": 0.3}, {"metric": "D30%", "at_most": 20.0}),
        ({"metric": "V15Gy_cc", "at_most": 5}, {"metric": "D5cc", "at_most": 15.0}),
        ({"metric": "V24Gy", "at_least": 0.9}, {"metric": "D90%", "at_least": 24.0}),
    ],
)
def test_a_limit_of_a_volume_is_the_limit_of_a_dose_that_it_says(stated, meant):
    found = expand_plan({"limits": [{"structure": "x", **stated}]})["limits"]
    assert found == [{"kind": "dose", "structure": "x", **meant}]


@pytest.mark.parametrize("share", [0, 1.0, 30, -0.1])
def test_a_share_of_a_volume_is_between_0_and_1(share):
    limit = {"structure": "lung", "metric": "V20Gy", "at_most": share}
    with pytest.raises(ValueError, match="lung V20Gy: at_most must be a share between 0 and 1"):
        expand_plan({"limits": [limit]})


def test_a_limit_of_a_larger_part_of_the_cord_is_kept_and_leaves_who_has_less_alone():
    sac = {"structure": "thecal_sac", "metric": "D0.03cc", "at_most": 18.0}
    hot = {"structure": "cord_prv", "metric": "D0.03cc", "at_most": 14.0}
    large = {"structure": "spinal_cord", "metric": "D0.35cc", "at_most": 8.0}
    spot = HotSpot("spinal_cord", 0.35)
    doses = []
    for limits in ([sac, hot], [sac, hot, large]):
        plan = plan_of(prescription=24.0, fractions=1, limits=limits)
        patients = spine_patients(0, 400)
        wanted = Wanted(frozenset(), frozenset({spot}))
        doses.append(draw_dose(plan, default_dose_model(), patients, Streams(2), wanted))
    free, held = (dose.hot_spots[spot].planned for dose in doses)
    cord = ~np.isnan(free)
    assert (free[cord] > 8.1).any()
    kept = doses[1].flags["plan_eligible"] & cord
    assert kept.mean() > 0.3 * cord.mean()
    assert (held[kept] <= 8.0 + 2e-3).all()
    np.testing.assert_array_equal(
        doses[0].hot_spots[HotSpot("thecal_sac")].planned[~cord],
        doses[1].hot_spots[HotSpot("thecal_sac")].planned[~cord],
    )
