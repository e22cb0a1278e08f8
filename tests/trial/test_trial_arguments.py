"""Arguments that mean nothing are refused in one line, which names them and shows what came."""

import numpy as np
import pytest

from radsim.trial import (
    StatedArm,
    TrialDesign,
    UniformAccrual,
    assurance_of_events,
    assurance_of_proportions,
    boundaries,
    clopper_pearson,
    compare_proportions,
    cox_ratio,
    cumulative_incidence,
    dose_response_power,
    event_probability,
    events_needed,
    exact_p_value,
    exact_power,
    fine_gray_ratio,
    gray_test,
    incidence_difference,
    kaplan_meier,
    logrank,
    mc_error,
    non_inferiority_test,
    patients_needed,
    power_of_events,
    power_of_proportions,
    proportion_test,
    restricted_mean,
    risk_table,
    simon_design,
    single_arm_design,
    size_for_non_inferiority,
    size_for_proportions,
    smallest_exact_size,
    smallest_single_arm,
    survival_difference,
    time_lost,
)

NAN, INF = float("nan"), float("inf")
TABLE = risk_table([3.0, 5.0, 8.0, 12.0], [1, 2, 1, 0], [0, 1, 0, 1])
CURVE = (-3.0, 0.1)
WRONG = {
    "months, not a number": (lambda: kaplan_meier(TABLE, NAN), "months must be a finite"),
    "months below 0": (lambda: cumulative_incidence(TABLE, -1.0), "months must be 0 or more, got"),
    "months in text": (lambda: kaplan_meier(TABLE, "12"), "months must be one number, got '12'"),
    "no months": (lambda: incidence_difference(TABLE, None), "months must be one number, got None"),
    "many months": (lambda: survival_difference(TABLE, [12, 24]), "months must be one number"),
    "horizon infinite": (lambda: restricted_mean(TABLE, INF), "horizon must be a finite number"),
    "horizon 0": (lambda: time_lost(TABLE, 0), "horizon must be above 0, got 0"),
    "level": (lambda: kaplan_meier(TABLE, 9.0, level=95), "level must lie between 0 and 1"),
    "third arm": (lambda: kaplan_meier(TABLE, 9.0, arm=2), "arm must be 0, 1 or None for both"),
    "arm in text": (lambda: time_lost(TABLE, 9.0, arm="1"), "arm must be 0, 1 or None for both"),
    "unknown cause": (lambda: kaplan_meier(TABLE, 9.0, causes=(3,)), "causes must be one or more"),
    "censoring as a cause": (lambda: restricted_mean(TABLE, 9.0, causes=(0,)), "causes must be"),
    "no causes": (lambda: logrank(TABLE, causes=()), "causes must be one or more of 1, 2"),
    "causes not listed": (lambda: logrank(TABLE, causes=1), "in a tuple, got 1"),
    "cause": (lambda: fine_gray_ratio(TABLE, cause=3), r"cause must be 1 \(event\) or 2"),
    "cause listed": (lambda: gray_test(TABLE, cause=(1,)), r"cause must be 1 \(event\) or 2"),
    "ties": (lambda: cox_ratio(TABLE, ties="efrom"), "no ties 'efrom'; did you mean 'efron'"),
    "weight": (lambda: logrank(TABLE, weight="petto"), "no weight 'petto'; did you mean 'peto'"),
    "variance": (lambda: incidence_difference(TABLE, 9.0, variance="alen"), "did you mean 'aalen'"),
    "transform": (lambda: kaplan_meier(TABLE, 9.0, transform="loglog"), "did you mean 'log-log'"),
    "patients in text": (
        lambda: risk_table([1.0], [1], [0], patient=["a"]), "patient must hold numbers, got 'a'",
    ),
    "strata in text": (
        lambda: risk_table([1.0], [1], [0], stratum=["a"]), "stratum must hold numbers",
    ),
    "no counts": (lambda: compare_proportions([], 9, 1, 9), "x1 must hold at least one number"),
    "shapes": (lambda: proportion_test([1, 2], 9, [1, 2, 3], 9), "arrays must have one shape"),
    "half an event": (lambda: proportion_test(1.5, 9, 1, 9), "x1 must be whole numbers, got 1.5"),
    "no count": (lambda: proportion_test(NAN, 9, 1, 9), "x1 must be whole numbers, got nan"),
    "test": (lambda: proportion_test(1, 9, 1, 9, test="pearsen"), "did you mean 'pearson'"),
    "margin": (lambda: non_inferiority_test(1, 9, 1, 9, None), "margin must be one number"),
    "exact test": (lambda: exact_p_value(1, 9, 1, 9, test="fischer"), "did you mean 'fisher'"),
    "too many to list": (
        lambda: exact_power(0.1, 0.2, 500, 500, test="boschloo"), "up to 400 subjects a group",
    ),
    "size": (lambda: power_of_proportions(0.1, 0.2, 0, 9), "n1 must be above 0, got 0"),
    "nobody is enough": (lambda: size_for_proportions(0.1, 0.3, power=0.01), "any number of"),
    "0 against 1": (
        lambda: size_for_proportions(0.0, 1.0, formula="normal_unpooled"), "any number of patients",
    ),
    "most": (lambda: smallest_exact_size(0.1, 0.4, test="fisher", most=1), "most must be a whole"),
    "no allocation": (
        lambda: size_for_non_inferiority(0.7, 0.7, -0.1, allocation=0), "allocation must be above",
    ),
    "ratio infinite": (lambda: events_needed(INF, formula="freedman"), "hazard_ratio must be a"),
    "formula": (lambda: events_needed(0.5, formula="freeman"), "did you mean 'freedman'"),
    "power below the error": (lambda: events_needed(0.5, power=0.01), "power must be above alpha"),
    "events": (lambda: power_of_events(0.5, -3.0), "events must be 0 or more, got -3"),
    "events wanted": (lambda: patients_needed(-30, (0.2, 0.3)), "events must be above 0, got -30"),
    "probabilities": (lambda: patients_needed(30, (0.2, 1.3)), "must be two numbers between 0 and"),
    "hazard": (lambda: event_probability(NAN, accrual=1.0, cut=2.0), "hazard must be a finite"),
    "spread": (lambda: assurance_of_events(0.5, -0.1, 30), "spread must be 0 or more, got -0.1"),
    "alpha": (
        lambda: assurance_of_proportions((8, 12), (2, 38), 9, 9, alpha=2), "alpha must lie between",
    ),
    "dose-response": (
        lambda: dose_response_power([10, 20], 5, (NAN, 1.0), CURVE, trials=9, seed=1),
        "control must hold two finite numbers",
    ),
    "doses alike": (
        lambda: dose_response_power([10, 10], 5, CURVE, CURVE, trials=9, seed=1),
        "two or more different doses",
    ),
    "dose-response alpha": (
        lambda: dose_response_power([10, 20], 5, CURVE, CURVE, trials=9, seed=1, alpha=7),
        "alpha must lie between 0 and 1",
    ),
    "half a patient": (lambda: single_arm_design(26.5, 0.8, p1=0.9), "patients must be a whole"),
    "nobody to look at": (lambda: smallest_single_arm(0.8, 0.9, most=0), "most must be a whole"),
    "kind": (lambda: simon_design(0.1, 0.3, kind="minmax"), "did you mean 'minimax'"),
    "level of 95": (lambda: clopper_pearson(1, 3, level=95), "level must lie between 0 and 1"),
    "half a success": (lambda: clopper_pearson(1.5, 3), "successes must be a whole number"),
    "drift": (lambda: boundaries([0.5, 1.0]).power(NAN), "drift must be a finite number"),
    "certain power": (
        lambda: boundaries([0.5, 1.0]).inflation(1, 0.025), "power must lie between 0 and 1",
    ),
    "power below alpha": (
        lambda: boundaries([0.5, 1.0], futility="pocock", power=0.02), "power must be above alpha",
    ),
    "accrual without end": (lambda: UniformAccrual(months=INF), "months must be a finite number"),
    "half a patient randomized": (
        lambda: TrialDesign(patients=10.5, minimum_follow_up=1.0), "patients must be a whole",
    ),
    "allocation": (
        lambda: TrialDesign(patients=10, allocation=(1, 1.5)),
        r"allocation\[1\]: must be a whole number, got 1.5",
    ),
    "drop-out": (
        lambda: TrialDesign(patients=10, drop_out_hazard=INF), "drop_out_hazard must be a finite",
    ),
    "no law of accrual": (
        lambda: TrialDesign(patients=10, accrual=12.0), "accrual must be a table, got 12.0",
    ),
    "control in text": (lambda: StatedArm(control="0.8"), "control must be a number, got '0.8'"),
    "a share of 2": (lambda: mc_error(2, 10), "p must lie between 0 and 1, got 2"),
    "no trials": (lambda: mc_error(0.5, 0), "trials must be a whole number from 1, got 0"),
    "looks": (lambda: boundaries(["half", 1.0]), "information must hold numbers"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_impossible_arguments_are_refused_in_one_line(wrong):
    call, message = WRONG[wrong]
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_lists_and_whole_numbers_do_as_well_as_arrays():
    lists = risk_table([3, 5, 8, 12], [1, 2, 1, 0], [False, True, False, True])
    assert logrank(lists).z == logrank(TABLE).z
    assert kaplan_meier(TABLE, np.int64(8)).value == kaplan_meier(TABLE, 8.0).value


def test_one_patient_a_group_allows_no_wald_test():
    found = proportion_test(0, 1, 1, 1, test="unpooled_z")
    assert (found.z, found.p_value, bool(found.estimable)) == (0.0, 1.0, False)
