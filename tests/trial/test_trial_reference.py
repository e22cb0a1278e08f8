"""Trial statistics against R's survival and cmprsk, enumeration and closed forms."""

import naive_trial as naive
import numpy as np
import pytest
from scipy import stats
from trial_cases import VALUES, near, table

from radsim.trial import (
    assurance_of_events,
    assurance_of_proportions,
    boundaries,
    clopper_pearson,
    compare_proportions,
    cox_ratio,
    cumulative_incidence,
    event_probability,
    events_needed,
    exact_p_value,
    exact_power,
    exact_size,
    fine_gray_ratio,
    gray_test,
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
    trials_needed,
)
from radsim.trial.proportions.binary_tests import NORMAL_TESTS
from radsim.trial.proportions.restricted import restricted_proportions
from radsim.trial.survival.log_rank import logrank_score
from radsim.trial.survival.transforms import transformed_interval

KYPHO, SC24, SCORAD = VALUES["kypho"], VALUES["sc24"], VALUES["scorad"]
SC24_COUNTS = (SC24["x1"], SC24["n1"], SC24["x2"], SC24["n2"])
SCORAD_COUNTS = (SCORAD["x1"], SCORAD["n1"], SCORAD["x2"], SCORAD["n2"])
BARNARD = {"barnard_pooled": "barnard"}


@pytest.mark.parametrize("name", ["a", "c"])
def test_log_rank_and_gray_on_the_data_sets(name):
    wanted, t = VALUES[f"dataset_{name}"], table(name)
    assert logrank(t).chi_square == near(wanted["logrank"])
    assert logrank_score(t)[1] == near(wanted["V"])
    assert logrank(t, weight="peto").chi_square == near(wanted["peto"])
    assert logrank(t, causes=(1, 2)).chi_square == near(wanted["any"])
    assert [gray_test(t, cause=k).chi_square for k in (1, 2)] == [near(v) for v in wanted["gray"]]
    for arm, (mean, error) in enumerate(wanted["rmst18"]):
        found = restricted_mean(t, 18.0, arm=arm)
        assert (found.value, found.standard_error) == (near(mean), near(error))


def test_incidences_on_the_data_sets():
    wanted = VALUES["dataset_c"]
    for i, months in enumerate((6.0, 12.0, 24.0)):
        aalen = cumulative_incidence(table("c"), months, arm=0)
        jackknife = cumulative_incidence(table("c"), months, arm=0, variance="jackknife")
        assert aalen.value == near(wanted["cif1_arm0"][i])
        assert aalen.standard_error**2 == near(wanted["var_arm0"][i])
        assert jackknife.standard_error == near(wanted["jack_se_arm0"][i])
        other = cumulative_incidence(table("c"), months, arm=1).value
        assert other == near(wanted["cif1_arm1"][i])
    wanted = VALUES["dataset_a"]
    aalen = cumulative_incidence(table("a"), 24.0, arm=0)
    jackknife = cumulative_incidence(table("a"), 24.0, arm=0, variance="jackknife")
    assert aalen.value == near(wanted["cif1_arm0_24"])
    assert aalen.standard_error**2 == near(wanted["var"])
    assert jackknife.standard_error == near(wanted["jack_se"])


def test_regressions_on_data_set_c():
    wanted = VALUES["dataset_c"]
    for ties in ("efron", "breslow"):
        found = cox_ratio(table("c"), ties=ties)
        expected = wanted[f"cox_{ties}"]
        assert [found.log_ratio, found.standard_error] == [near(v) for v in expected]
    clustered = cox_ratio(table("c", patients=True), robust=True)
    assert clustered.standard_error == near(wanted["cluster_se"])
    found = fine_gray_ratio(table("c"))
    expected = pytest.approx(wanted["crr"], rel=1e-5)
    assert [found.log_ratio, found.standard_error] == expected


def test_a_hazard_ratio_without_events_in_an_arm_is_flagged():
    for estimate in (cox_ratio(table("a")), fine_gray_ratio(table("a"))):
        assert not estimate.estimable
        assert estimate.log_ratio == -np.inf
        assert estimate.p_value == 1.0
        assert [float(x) for x in estimate.interval()] == [0.0, np.inf]


@pytest.mark.parametrize("test", list(KYPHO["exact_power"]))
def test_exact_power_and_size_at_22_an_arm(test):
    name = BARNARD.get(test, test)
    power = exact_power(KYPHO["p1"], KYPHO["p2"], 22, 22, test=name)
    assert power == near(KYPHO["exact_power"][test])
    # the size of lrt, 0.0862887, was cut rather than rounded: to a unit of the last digit
    assert exact_size(22, 22, test=name) == pytest.approx(KYPHO["exact_size"][test], abs=1e-6)


@pytest.mark.parametrize("formula", ["normal_pooled", "normal_unpooled", "arcsine"])
def test_normal_powers_at_22_an_arm(formula):
    assert power_of_proportions(0.40, 0.05, 22, 22, formula=formula) == near(KYPHO[formula])


def test_continuity_correction_at_22_an_arm():
    power = power_of_proportions(0.40, 0.05, 22, 22, formula="normal_pooled_cc")
    assert power == near(KYPHO["normal_pooled_cc"])


@pytest.mark.parametrize("counts", list(KYPHO["p_values"]))
def test_p_values_of_single_tables(counts):
    x1, x2 = (int(part) for part in counts.split(","))
    wanted = KYPHO["p_values"][counts]
    assert exact_p_value(x1, 22, x2, 22, test="pearson") == near(wanted["pearson"])
    for test in ("fisher", "boschloo", "barnard"):
        # the recorded maxima over the nuisance probability were found to 1e-6; SciPy's are exact
        assert exact_p_value(x1, 22, x2, 22, test=test) == pytest.approx(wanted[test], rel=2e-6)


@pytest.mark.parametrize(("x1", "x2"), [(8, 2), (10, 3), (7, 1), (0, 5), (12, 12)])
def test_exact_tests_agree_with_scipy(x1, x2):
    samples = np.array([[x1, x2], [22 - x1, 20 - x2]])  # SciPy wants the samples as columns
    fisher = stats.fisher_exact(samples).pvalue
    assert exact_p_value(x1, 22, x2, 20, test="fisher") == pytest.approx(fisher, rel=1e-10)
    boschloo = min(1.0, stats.boschloo_exact(samples, n=64).pvalue)
    assert exact_p_value(x1, 22, x2, 20, test="boschloo") == pytest.approx(boschloo, rel=1e-8)
    barnard = stats.barnard_exact(samples, n=64).pvalue
    assert exact_p_value(x1, 22, x2, 20, test="barnard") == pytest.approx(barnard, rel=1e-8)


@pytest.mark.parametrize(
    "counts", [(60, 1000, 40, 1000), (3, 5000, 15, 4000), (700, 900, 2, 3), (0, 450, 450, 450)]
)
def test_fishers_test_takes_groups_of_any_size(counts):
    x1, n1, x2, n2 = counts
    fisher = stats.fisher_exact([[x1, x2], [n1 - x1, n2 - x2]]).pvalue
    assert exact_p_value(*counts, test="fisher") == pytest.approx(fisher, rel=1e-9)
    observed = stats.hypergeom.pmf(x1, n1 + n2, x1 + x2, n1)
    wanted = pytest.approx(fisher - 0.5 * observed, rel=1e-9)
    assert exact_p_value(*counts, test="fisher_midp") == wanted


def test_groups_of_different_sizes_are_tested_together():
    sizes = np.array([22, 20, 22])
    for test in ("fisher", "boschloo", "pearson"):
        together = exact_p_value([8, 8, 7], sizes, [2, 3, 1], 22, test=test)
        alone = [exact_p_value(a, n, b, 22, test=test)
                 for a, n, b in zip((8, 8, 7), sizes, (2, 3, 1), strict=True)]  # fmt: skip
        assert together.tolist() == alone


@pytest.mark.parametrize("test", ["pearson", "boschloo", "fisher"])
def test_smallest_exact_sizes(test):
    assert smallest_exact_size(0.40, 0.05, test=test) == KYPHO["smallest_n_per_arm_80"][test]


def test_intervals_of_sc24():
    names = {
        "wald": "wald",
        "newcombe": "newcombe",
        "fm_score": "score",
        "mn": "miettinen-nurminen",
    }
    for key, interval in names.items():
        found = compare_proportions(*SC24_COUNTS, interval=interval)
        assert found.value == near(SC24["rd"])
        assert [found.lower, found.upper] == [near(v) for v in SC24[key]]
    for key, measure in (("rr", "ratio"), ("odds_ratio", "odds_ratio")):
        found = compare_proportions(*SC24_COUNTS, measure=measure, interval="wald")
        assert [found.value, found.lower, found.upper] == [near(v) for v in SC24[key]]
    without = (SC24["n2"] - SC24["x2"], SC24["n2"], SC24["n1"] - SC24["x1"], SC24["n1"])
    found = compare_proportions(*without, measure="ratio", interval="wald")
    wanted = SC24["rr_nonresponse_control_over_experimental"]
    assert [found.value, found.lower, found.upper] == [near(v) for v in wanted]


def test_tests_of_sc24():
    assert proportion_test(*SC24_COUNTS).chi_square == near(SC24["chi2"])
    assert proportion_test(*SC24_COUNTS).p_value == near(SC24["p"])
    assert proportion_test(*SC24_COUNTS, test="yates").p_value == near(SC24["yates_p"])
    assert exact_p_value(*SC24_COUNTS, test="fisher") == near(SC24["fisher"])


@pytest.mark.parametrize("test", ["boschloo", "barnard"])
def test_exact_tests_of_sc24(test):
    assert exact_p_value(*SC24_COUNTS, test=test) == near(SC24[test])


def test_non_inferiority_of_scorad():
    fm = non_inferiority_test(*SCORAD_COUNTS, SCORAD["margin"])
    assert fm.z == near(SCORAD["fm_z"])
    assert fm.p_value == pytest.approx(SCORAD["fm_p"], abs=1e-9)  # recorded one unit too low
    wald = non_inferiority_test(*SCORAD_COUNTS, SCORAD["margin"], test="wald")
    assert wald.p_value == near(SCORAD["wald_p"])
    p1, p2 = restricted_proportions(*SCORAD_COUNTS, SCORAD["margin"])
    assert [p1, p2] == [near(SCORAD["fm_p1"]), near(SCORAD["fm_p2"])]
    for key, interval in (("score_ci90", "score"), ("mn_ci90", "miettinen-nurminen")):
        found = compare_proportions(*SCORAD_COUNTS, interval=interval, level=0.90)
        assert [found.lower, found.upper] == [near(v) for v in SCORAD[key]]
    found = compare_proportions(*SCORAD_COUNTS, interval="wald", level=0.90)
    assert found.lower == near(SCORAD["wald_lower"])
    total = 2.0 * size_for_non_inferiority(0.7, 0.7, -0.11, alpha=0.05)
    assert total == near(SCORAD["n_total_70_70_80pct_one_sided_05"])


def test_the_recorded_interval_of_7_of_34_against_1_of_34_is_the_uncorrected_score_one():
    found = compare_proportions(7, 34, 1, 34, interval="score")
    assert [found.lower, found.upper] == pytest.approx(SCORAD["check_mn_7_34_1_34"], abs=1.1e-9)


def test_single_arm_designs():
    wanted = VALUES["single_arm"]
    for patients, successes, alpha, power in wanted["rows"]:
        found = single_arm_design(patients, wanted["p0"], p1=wanted["p1"], alpha=wanted["alpha"])
        assert found.successes == successes
        assert (found.alpha, found.power) == (near(alpha), near(power))
    assert clopper_pearson(24, 24)[0] == near(wanted["clopper_lower_24_24"])
    assert clopper_pearson(28, 28)[0] == near(wanted["clopper_lower_28_28"])


SIMON = [  # Simon (1989), tables 1 and 2: p0, p1, alpha, power, optimal and minimax r1/n1, r/n
    (0.05, 0.25, 0.10, 0.90, (0, 9, 2, 24), (0, 13, 2, 20)),
    (0.05, 0.25, 0.05, 0.80, (0, 9, 2, 17), (0, 12, 2, 16)),
    (0.10, 0.30, 0.05, 0.80, (1, 10, 5, 29), (1, 15, 5, 25)),
    (0.10, 0.30, 0.05, 0.90, (2, 18, 6, 35), (2, 22, 6, 33)),
    (0.20, 0.40, 0.05, 0.80, (3, 13, 12, 43), (4, 18, 10, 33)),
    (0.20, 0.40, 0.05, 0.90, (4, 19, 15, 54), (5, 24, 13, 45)),
    (0.40, 0.60, 0.05, 0.80, (7, 16, 23, 46), (17, 34, 20, 39)),
    (0.40, 0.60, 0.05, 0.90, (11, 25, 32, 66), (12, 29, 27, 54)),
    (0.05, 0.20, 0.05, 0.80, (0, 10, 3, 29), (0, 13, 3, 27)),
    (0.50, 0.65, 0.05, 0.80, (15, 28, 48, 83), (39, 66, 40, 68)),
]


@pytest.mark.parametrize(("p0", "p1", "alpha", "power", "optimal", "minimax"), SIMON)
def test_simons_designs(p0, p1, alpha, power, optimal, minimax):
    for kind, expected in (("optimal", optimal), ("minimax", minimax)):
        found = simon_design(p0, p1, alpha=alpha, power=power, kind=kind)
        assert (found.stop, found.first, found.reject, found.patients) == expected


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power", "most"),
    [
        (0.10, 0.30, 0.05, 0.80, 32),
        (0.20, 0.40, 0.05, 0.80, 36),  # two stages of 33 do what takes 35 in one
        (0.80, 0.95, 0.05, 0.80, 30),
        (0.05, 0.25, 0.10, 0.90, 26),
    ],
)
def test_simons_designs_are_the_best_of_all(p0, p1, alpha, power, most):
    every = naive.two_stage_designs(p0, p1, alpha, power, most)
    for kind, best in (("optimal", min(every, key=lambda row: row[1])), ("minimax", min(every))):
        found = simon_design(p0, p1, alpha=alpha, power=power, kind=kind, most=most)
        row = found.patients, found.expected, found.stop, found.first, found.reject
        assert row == pytest.approx(best, rel=1e-9)


def test_the_planning_script_that_forgets_death():
    wanted = VALUES["workshop"]
    d3 = [round(9.0 * (np.sqrt(1.0 + 4.0 * n * d * (1.0 + d / 6.0) / 18.0) - 1.0), 2)
          for n, d in ((2, 12.0), (2, 14.0), (3, 12.5))]  # fmt: skip
    low, middle, high = (1.0 / (1.0 + 25.9455 * np.exp(-0.16759 * d)) for d in d3)
    events = events_needed(2.5)
    assert events == near(wanted["events_hr25"])
    hazards = -np.log(low) / 24.0, -np.log(1.0 - (1.0 - low) / 2.5) / 24.0
    seen = tuple(event_probability(h, accrual=36.0, cut=48.0) for h in hazards)
    assert seen == tuple(near(v) for v in wanted["p_event"])
    assert patients_needed(events, seen) == near(wanted["n"])
    assert hazards[0] / hazards[1] == near(wanted["true_hazard_ratio"])
    for other, name in ((high, "12x2 v 12.5x3"), (middle, "12x2 v 14x2")):
        found = size_for_proportions(low, other, formula="arcsine")
        assert found == near(wanted["n_arcsine"][name])


def test_closed_forms_of_constant_hazards():
    wanted = VALUES["closed"]
    accrual = {"accrual": 12.0, "cut": 36.0}
    for key, hazard, lost in (
        ("h02_04_eta0", 0.02, 0.0), ("h02_04_eta01", 0.02, 0.01), ("h01_04_eta01", 0.01, 0.01),
    ):  # fmt: skip
        found = event_probability(hazard, competing=0.04, drop_out=lost, **accrual)
        assert found == near(wanted["p_event"][key])
    for key, value in wanted["events"].items():
        ratio, formula = (0.65 if "65" in key else 0.5), key.split("_")[2]
        allocation = 2.0 if key.endswith("2to1") else 1.0
        assert events_needed(ratio, formula=formula, allocation=allocation) == near(value)
    control = np.log(2.0) / 12.0
    seen = tuple(event_probability(h, drop_out=0.01, **accrual) for h in (control, 0.65 * control))
    for formula, value in wanted["n_hr65"].items():
        assert patients_needed(events_needed(0.65, formula=formula), seen) == near(value)
    events = [100.0 * p for p in seen]  # the second is recorded one unit too high
    assert events == pytest.approx(wanted["bench_events"], abs=1e-6)
    power = power_of_events(0.65, 100.0 * sum(seen))
    assert power == near(wanted["bench_schoenfeld_power"])


def test_estimators_meet_the_closed_forms_in_a_large_sample():
    wanted = VALUES["closed"]
    n = 40_001
    u = (np.arange(1, n) / n)[np.newaxis]
    total = -np.log1p(-u) / 0.06  # event or death at a hazard of 0.06, a third of them events
    cause = np.where(np.arange(n - 1) % 3 == 0, 1, 2)[np.newaxis]
    t = risk_table(total, cause)
    for months, value in wanted["cif_02_04"].items():
        found = cumulative_incidence(t, float(months)).value[0]
        assert found == pytest.approx(value, abs=1e-4)
    for months, value in wanted["naive_1_minus_km_02"].items():
        found = 1.0 - kaplan_meier(t, float(months), causes=(1,)).value[0]
        assert found == pytest.approx(value, abs=1e-4)
    assert restricted_mean(t, 24.0).value[0] == pytest.approx(wanted["rmst24_rate06"], abs=1e-3)


def test_group_sequential_boundaries():
    wanted = VALUES["group_sequential"]
    half = boundaries([0.5, 1.0])
    assert list(half.efficacy) == [near(v) for v in wanted["ld_obf_50"]]
    assert half.alpha_spent[0] == near(wanted["alpha1"])
    assert half.inflation(0.80, 0.025) == near(wanted["inflation"])
    thirds = boundaries([1.0 / 3.0, 2.0 / 3.0, 1.0])
    assert list(thirds.efficacy) == [near(v) for v in wanted["ld_obf_thirds"]]
    classical = boundaries([0.5, 1.0], kind="classical-obrien-fleming").efficacy
    assert list(classical) == [near(v) for v in wanted["obf2"]]
    assert boundaries([0.5, 1.0], kind="classical-pocock").efficacy[0] == near(wanted["pocock2"])


def test_monte_carlo_errors():
    wanted = VALUES["mcse"]
    assert mc_error(0.8, 1000) == near(wanted["power80_1000"])
    assert mc_error(0.05, 10_000) == near(wanted["alpha05_10000"])
    assert trials_needed(0.95, 0.005) == wanted["coverage95_mcse005"]


def test_assurance():
    wanted = VALUES["assurance"]
    for key, ratio, spread, events in (
        ("hr65_s20_D133", 0.65, 0.20, 133), ("hr70_s25_D200", 0.70, 0.25, 200),
    ):  # fmt: skip
        found = [power_of_events(ratio, events), assurance_of_events(ratio, spread, events)]
        assert found == [near(v) for v in wanted[key]]
    for test, value in wanted["binomial22"].items():
        assert assurance_of_proportions((8, 12), (2, 38), 22, 22, test=test) == near(value)


def test_intervals_on_named_scales():
    wanted = VALUES["km"]
    two_of_25 = risk_table([3.0, 7.0] + [24.0] * 23, [2, 2] + [0] * 23)
    found = kaplan_meier(two_of_25, 12.0)
    assert [found.value, found.lower, found.upper] == [near(v) for v in wanted["os1"]]
    at_risk = wanted["lc2"][0]
    one = risk_table([18.0] + [24.0] * (at_risk - 1), [1] + [0] * (at_risk - 1))
    found = kaplan_meier(one, 24.0, causes=(1,))
    assert [found.value, found.lower, found.upper] == [near(v) for v in wanted["lc2"][1:]]
    estimate, *ends = wanted["vcf1"]
    found = transformed_interval(np.array(1 / 28), np.array(1 / 28**2), "log-log", 1.9599639845)
    assert near(estimate) == 1 / 28
    assert [float(x) for x in found] == [near(v) for v in ends]


def test_every_normal_test_has_a_name_of_its_own():
    assert len(set(NORMAL_TESTS)) == len(NORMAL_TESTS) == 4
