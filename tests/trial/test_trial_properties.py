"""What must hold of trial statistics whatever the data."""

import naive_trial as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trial_cases import random_trials

from radsim.trial import (
    cox_ratio,
    cumulative_incidence,
    fine_gray_ratio,
    gray_test,
    incidence_difference,
    kaplan_meier,
    logrank,
    restricted_mean,
    restricted_mean_difference,
    risk_table,
    survival_difference,
    time_lost,
    time_lost_difference,
)
from radsim.trial.survival.log_rank import logrank_score

SEEDS = st.integers(0, 10**6)
GRIDS = st.sampled_from([None, 1.0, 3.0])


@settings(max_examples=15, deadline=None)
@given(SEEDS, GRIDS)
def test_vectorized_statistics_are_those_of_the_definitions(seed, grid):
    time, cause, arm = random_trials(seed, trials=3, subjects=25, grid=grid)
    t = risk_table(time, cause, arm)
    score, variance = logrank_score(t)
    ratio = cox_ratio(t)
    for i in range(3):
        one = (time[i].tolist(), cause[i].tolist(), arm[i].tolist())
        assert (score[i], variance[i]) == pytest.approx(naive.logrank(*one), abs=1e-10)
        for group in (0, 1):
            survival, first, second = naive.curves(*one, group, 12.0)
            found = [cumulative_incidence(t, 12.0, arm=group, cause=k).value[i] for k in (1, 2)]
            assert found == pytest.approx([first, second], abs=1e-12)
            assert kaplan_meier(t, 12.0, arm=group).value[i] == pytest.approx(survival, abs=1e-12)
            area = naive.area_under_survival(*one, group, 12.0)
            assert restricted_mean(t, 12.0, arm=group).value[i] == pytest.approx(area, abs=1e-10)
        if ratio.estimable[i]:
            assert naive.cox_score(*one, ratio.log_ratio[i]) == pytest.approx(0.0, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(SEEDS, GRIDS, st.floats(0.5, 60.0))
def test_incidences_and_survival_add_up_to_one(seed, grid, months):
    t = risk_table(*random_trials(seed, grid=grid))
    for arm in (0, 1, None):
        parts = [cumulative_incidence(t, months, arm=arm, cause=k).value for k in (1, 2)]
        whole = parts[0] + parts[1] + kaplan_meier(t, months, arm=arm).value
        assert np.abs(whole - 1.0).max() < 1e-12
        lost = [time_lost(t, months, arm=arm, cause=k).value for k in (1, 2)]
        lived = restricted_mean(t, months, arm=arm).value
        assert np.abs(lost[0] + lost[1] + lived - months).max() < 1e-10


@settings(max_examples=10, deadline=None)
@given(SEEDS, GRIDS)
def test_swapping_the_arms_inverts(seed, grid):
    time, cause, arm = random_trials(seed, grid=grid)
    t, swapped = risk_table(time, cause, arm), risk_table(time, cause, 1 - arm)
    for test in (logrank, gray_test):
        np.testing.assert_allclose(test(t).z, -test(swapped).z, atol=1e-10)
    for ratio in (cox_ratio, fine_gray_ratio):
        one, other = ratio(t), ratio(swapped)
        np.testing.assert_array_equal(one.estimable, other.estimable)
        np.testing.assert_allclose(one.log_ratio, -other.log_ratio, atol=1e-8)
    gap = incidence_difference(t, 12.0).estimate.value
    np.testing.assert_allclose(gap, -incidence_difference(swapped, 12.0).estimate.value, atol=1e-12)


def everything(t):
    """Numbers of every analysis, to be compared to the last bit."""
    for verdict in (
        logrank(t), logrank(t, robust=True), logrank(t, stratified=True), logrank(t, weight="peto"),
        gray_test(t), gray_test(t, cause=2), gray_test(t, stratified=True),
    ):  # fmt: skip
        yield verdict.z
    for ratio in (cox_ratio(t), cox_ratio(t, robust=True), fine_gray_ratio(t)):
        yield ratio.log_ratio
        yield ratio.standard_error
    for difference in (
        *(incidence_difference(t, 12.0, variance=v) for v in ("aalen", "delta", "jackknife")),
        survival_difference(t, 12.0), restricted_mean_difference(t, 12.0),
        time_lost_difference(t, 12.0),
    ):  # fmt: skip
        yield difference.estimate.value
        yield difference.estimate.standard_error


@settings(max_examples=15, deadline=None)
@given(SEEDS, GRIDS)
def test_the_order_of_patients_changes_nothing_to_the_last_bit(seed, grid):
    time, cause, arm = random_trials(seed, grid=grid)
    rng = np.random.default_rng(seed)
    patient, stratum = rng.integers(0, 15, time.shape), rng.integers(0, 3, time.shape)
    order = rng.permutation(time.shape[1])
    one = risk_table(time, cause, arm, patient=patient, stratum=stratum)
    other = risk_table(
        time[:, order], cause[:, order], arm[:, order],
        patient=patient[:, order], stratum=stratum[:, order],
    )  # fmt: skip
    for given_order, permuted in zip(everything(one), everything(other), strict=True):
        np.testing.assert_array_equal(given_order, permuted)


@pytest.mark.parametrize("start", [0, 10**9])
def test_any_whole_numbers_name_patients(start):
    time, cause, arm = random_trials(5, trials=2)
    patient = np.random.default_rng(5).integers(0, 15, time.shape)
    plain = logrank(risk_table(time, cause, arm, patient=patient), robust=True)
    named = logrank(risk_table(time, cause, arm, patient=start + 7 * patient), robust=True)
    np.testing.assert_allclose(plain.z, named.z, rtol=1e-14)


def test_everyone_failing_at_once_has_an_estimate_but_no_robust_variance():
    t = risk_table([5.0] * 4, [1] * 4, [0, 0, 1, 1])
    for ratio in (fine_gray_ratio(t), cox_ratio(t, robust=True)):
        assert not ratio.estimable
        assert ratio.log_ratio == pytest.approx(0.0, abs=1e-12)  # the score is 0 at HR 1
        assert [float(x) for x in ratio.interval()] == [0.0, np.inf]


def test_a_difference_without_events_stands_and_its_interval_says_nothing():
    t = risk_table([30.0] * 6, [0] * 6, [0, 0, 0, 1, 1, 1])
    for difference, widest in (
        (incidence_difference(t, 24.0), 1.0),
        (incidence_difference(t, 24.0, transform="log-log"), 1.0),
        (restricted_mean_difference(t, 24.0), 24.0),
    ):
        found = difference.estimate
        assert (found.value, found.lower, found.upper) == (0.0, -widest, widest)
        assert not difference.test.estimable


def test_one_patient_an_arm_has_no_variance_between_patients():
    time, cause, arm = [6.0, 6.0, 6.0, 4.0, 9.0], [1, 2, 1, 1, 0], [1, 1, 1, 0, 0]
    t = risk_table(time, cause, arm, patient=arm)
    for difference in (
        time_lost_difference(t, 9.0),
        incidence_difference(t, 9.0, variance="jackknife"),
    ):
        assert not difference.test.estimable
        assert (difference.test.z, difference.test.p_value) == (0.0, 1.0)


def test_the_interval_of_a_difference_of_incidences_stays_within_one():
    t = risk_table([1.0, 2.0, 30.0, 30.0, 30.0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1])
    found = incidence_difference(t, 24.0).estimate
    assert found.lower == -1.0
    assert found.upper <= 1.0


def test_trials_are_analysed_as_if_each_were_alone():
    time, cause, arm = random_trials(3, trials=5, grid=None)
    time[2] = np.ceil(time[2])  # one trial with ties among trials without
    t = risk_table(time, cause, arm)
    for i in range(5):
        alone = risk_table(time[i], cause[i], arm[i])
        assert logrank(t).z[i] == logrank(alone).z
        assert gray_test(t).z[i] == gray_test(alone).z
        assert cox_ratio(t).log_ratio[i] == cox_ratio(alone).log_ratio


def test_times_that_differ_by_rounding_are_tied():
    exact = risk_table([0.3, 0.3, 1.0, 2.0], [1, 1, 0, 1], [0, 1, 0, 1])
    rounded = risk_table([0.1 + 0.2, 0.3, 1.0, 2.0], [1, 1, 0, 1], [0, 1, 0, 1])
    assert logrank(exact).z == logrank(rounded).z
    assert gray_test(exact).z == gray_test(rounded).z


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    ("time", "cause", "arm"),
    [
        ([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0], [0, 1, 0, 1]),  # no event at all
        ([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0], [0, 1, 0, 1]),  # none in one arm
        ([1.0, 1.0, 1.0, 1.0], [2, 2, 2, 2], [0, 1, 0, 1]),  # all dead at once
        ([1.0, 2.0], [1, 1], [0, 1]),  # one patient an arm
        ([1.0, 2.0], [1, 2], [0, 0]),  # one arm only
        ([0.0, 0.0, 0.0], [0, 0, 0], [0, 1, 1]),  # nobody was followed up
        ([5.0, 5.0, 5.0, 5.0], [1, 1, 1, 1], [0, 0, 1, 1]),  # all fail together
        ([1.0], [1], [1]),  # one patient
    ],
)
def test_poor_data_give_flags_and_never_nan(time, cause, arm, swap):
    arm = np.array(arm)
    t = risk_table(time, cause, 1 - arm if swap else arm, patient=np.arange(len(time)))
    numbers = []
    for verdict in (
        logrank(t), logrank(t, causes=(1, 2)), logrank(t, robust=True), logrank(t, weight="peto"),
        gray_test(t), gray_test(t, cause=2), incidence_difference(t, 2.0).test,
        incidence_difference(t, 2.0, transform="log-log").test,
    ):  # fmt: skip
        numbers += [verdict.z, verdict.p_value]
        assert verdict.estimable or (verdict.z == 0.0 and verdict.p_value == 1.0)
    for ratio in (cox_ratio(t), cox_ratio(t, robust=True), fine_gray_ratio(t)):
        numbers += [ratio.log_ratio, ratio.standard_error, ratio.p_value, *ratio.interval()]
        assert ratio.estimable or ratio.p_value == 1.0
    for group in (0, 1, None):
        for variance in ("aalen", "delta", "jackknife"):
            e = cumulative_incidence(t, 2.0, arm=group, variance=variance)
            numbers += [e.value, e.standard_error, e.lower, e.upper]
        for e in (kaplan_meier(t, 2.0, arm=group), restricted_mean(t, 2.0, arm=group)):
            numbers += [e.value, e.standard_error, e.lower, e.upper]
        numbers.append(time_lost(t, 2.0, arm=group).standard_error)
    assert not np.isnan(np.array(numbers, float)).any()


@pytest.mark.parametrize(
    ("time", "cause", "arm", "message"),
    [
        ([-1.0, 2.0], [1, 0], [0, 1], "time must be 0 or more, got -1.0"),
        ([np.nan, 2.0], [1, 0], [0, 1], "time must be 0 or more, got nan"),
        ([np.inf, 2.0], [1, 0], [0, 1], "time must be finite, got inf"),
        ([1.0, 2.0], [3, 0], [0, 1], r"cause must be 0 \(censored\), 1 \(event\) or 2"),
        ([1.0, 2.0], [1, 0], [0, 2], "arm must be 0 or 1, or -1 for nobody, got 2"),
        ([1.0, 2.0], [1, 0, 1], [0, 1], "cause must have the shape of time"),
        ([], [], [], "at least one subject"),
        (3.0, 1, 0, "time must be a list of times"),
        ([[1.0], [1.0, 2.0]], 1, 0, "time must be a table of numbers, got rows of unequal length"),
        (["1", "2"], [1, 0], [0, 1], "time must hold numbers, got '1'"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), [1, 0], [0, 1], "time must hold numbers, got a mas"),
        (np.array(["2026-01-01"], "datetime64[D]"), [1], [0], "time must hold numbers"),
        ([1.0, None], [1, 0], [0, 1], "time must hold numbers, got None"),
    ],
)
def test_impossible_data_are_refused_in_one_line(time, cause, arm, message):
    with pytest.raises(ValueError, match=message) as caught:
        risk_table(time, cause, arm)
    assert "\n" not in str(caught.value)
