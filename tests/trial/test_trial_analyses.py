"""Analyses of trials against R's survival, cmprsk, coin and mvtnorm, and against their definitions.

`reference/trial/analyses.R` made the values; R is not needed to read them.
"""

import json
from dataclasses import replace

import naive_trial as naive
import numpy as np
import pytest
from scipy import optimize, stats
from trial_cases import FOLDER, columns, random_trials

from radsim.trial import (
    Pieces,
    Settings,
    StatedArm,
    Stratum,
    TrialDesign,
    TrialPlan,
    UniformAccrual,
    cox_ratio,
    cox_regression,
    fine_gray_ratio,
    fleming_harrington,
    gray_test,
    incidence_differences,
    logrank,
    max_combo,
    mc_error,
    one_arm_power,
    one_sample_logrank,
    predictive_design,
    predictive_probability,
    risk_table,
    run_trials,
    simon_design,
    smallest_predictive_design,
    survival_quantile,
)
from radsim.trial.conduct.analyses import FIRST
from radsim.trial.questions.characteristics import rejections
from radsim.trial.survival.gray import gray_score
from radsim.trial.survival.weighted_log_rank import COMBINED, weighted_scores, within

R = json.loads((FOLDER / "analyses.json").read_text())
D = columns("d")


def table(patients=False, rows=slice(None)):
    return risk_table(
        D["time"][rows], D["cause"][rows], D["arm"][rows],
        patient=D["patient"][rows] if patients else None, stratum=D["stratum"][rows],
    )  # fmt: skip


def close(value, rel=1e-8):
    return pytest.approx(value, rel=rel, abs=1e-10)


def rows_of(trials):
    return [np.array(row) for row in zip(*trials, strict=True)]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_stratified_cox_is_that_of_r(ties):
    found, wanted = cox_ratio(table(), ties=ties, stratified=True), R[f"cox_stratified_{ties}"]
    assert (found.log_ratio, found.standard_error) == (
        close(wanted["log_ratio"]), close(wanted["standard_error"]),
    )  # fmt: skip


def test_a_stratified_robust_variance_sums_over_patients_as_in_r():
    found = cox_ratio(table(patients=True), stratified=True, robust=True)
    assert found.standard_error == close(R["cox_stratified_robust"]["standard_error"])


def test_cox_with_covariates_is_that_of_r():
    strata = [(D["stratum"] == s) * 1.0 for s in (1, 2)]
    found = cox_regression(table(), np.stack([D["age"], *strata], axis=-1))
    wanted = R["cox_adjusted"]
    assert found.coefficients.tolist() == close(wanted["coefficients"])
    assert np.sqrt(np.diag(found.covariance)).tolist() == close(wanted["standard_errors"])
    assert found.arm.standard_error == close(wanted["standard_errors"][0])
    died = cox_regression(table(), D["age"], cause=2)
    assert died.coefficients.tolist() == close(R["cox_adjusted_death"]["coefficients"])


def test_stratified_fine_gray_has_the_ratio_of_r():
    apart = D["time"] + 1e-4 * np.arange(1, len(D["time"]) + 1)  # without ties, as in the script
    untied = risk_table(apart, D["cause"], D["arm"], stratum=D["stratum"])
    assert fine_gray_ratio(untied, stratified=True).log_ratio == close(R["fine_gray_stratified"])
    plain = fine_gray_ratio(table())
    assert (plain.log_ratio, plain.standard_error) == (
        close(R["fine_gray"]["log_ratio"], rel=1e-6),
        close(R["fine_gray"]["standard_error"], rel=1e-6),
    )


def test_weighted_log_rank_tests_are_those_of_r():
    wanted = R["fleming_harrington"]
    pairs = [tuple(pair) for pair in wanted["pairs"]]
    score, covariance = weighted_scores(table(), pairs)
    assert score.tolist() == close(wanted["score"])
    assert np.diag(covariance).tolist() == close(wanted["variance"])
    for (rho, gamma), u, v in zip(pairs, wanted["score"], wanted["variance"], strict=True):
        assert fleming_harrington(table(), rho, gamma).z == close(u / np.sqrt(v))
    assert fleming_harrington(table(), 1, 0).chi_square == close(R["survdiff_rho_1"])
    # coin's scores are of permuted ranks: they are alike, and the same for rho 1
    assert -score[1] == close(R["coin_scores"][1])
    assert (-score[:4]).tolist() == pytest.approx(R["coin_scores"][:4], rel=0.02)


@pytest.mark.parametrize(
    ("name", "rows"), [("max_combo", slice(None)), ("max_combo_stratum_0", D["stratum"] == 0)]
)
def test_the_largest_of_four_tests_has_the_p_value_of_r(name, rows):
    wanted, found = R[name], max_combo(table(rows=rows))
    assert found.p_value == pytest.approx(wanted["beyond"][0], abs=3e-5)
    score, covariance = weighted_scores(table(rows=rows), COMBINED)
    assert covariance.tolist() == [close(row) for row in wanted["covariance"]]
    for reach, beyond in zip(wanted["reach"], wanted["beyond"], strict=True):
        assert 1.0 - within(np.array(reach), covariance) == pytest.approx(beyond, abs=3e-5)
    assert np.sign(found.z) == np.sign(score[np.abs(wanted["z"]).argmax()])
    assert 2.0 * stats.norm.sf(abs(found.z)) == close(float(found.p_value))


def test_the_first_event_of_a_patient_is_that_of_r():
    first = table(patients=True).first_events()
    assert first.members().sum() == len(np.unique(D["patient"]))
    assert logrank(first).chi_square == close(R["first_event_chi_square"])
    assert gray_test(first).chi_square == close(R["first_event_gray"])


def test_the_one_sample_log_rank_test_is_that_of_r():
    wanted = R["one_sample"]
    found = one_sample_logrank(table(), lambda t: wanted["hazard"] * t, variance="expected")
    assert found.chi_square == close(wanted["chi_square"])
    gap, both = (wanted["observed"] + sign * wanted["expected"] for sign in (-1, 1))
    mean = one_sample_logrank(table(), lambda t: wanted["hazard"] * t)
    assert mean.z == close(gap / np.sqrt(both / 2.0))


def test_the_robust_variance_of_gray_is_that_of_the_influence_in_r():
    wanted = R["gray_influence"]
    each = risk_table(D["time"], D["cause"], D["arm"], patient=np.arange(len(D["time"])))
    for t, key in ((each, "variance_of_lesions"), (table(patients=True), "variance_of_patients")):
        score, variance = gray_score(t, robust=True)
        assert (score, variance) == (close(wanted["score"]), close(wanted[key], rel=1e-7))
    assert gray_test(table()).chi_square == close(R["gray"])


@pytest.mark.parametrize("who", ["lesions", "patients"])
def test_several_landmarks_at_once_are_those_of_r(who):
    wanted, found = R["landmarks"], None
    found = incidence_differences(table(patients=who == "patients"), wanted["months"])
    assert found.values.tolist() == close(wanted["values"])
    assert found.covariance.tolist() == [close(row) for row in wanted[who]["covariance"]]
    assert found.chi_square == close(wanted[who]["chi_square"])
    assert found.test.p_value == pytest.approx(wanted[who]["p_chi_square"], abs=0.01)
    assert found.test.p_value == close(wanted[who]["p_value"])
    assert int(found.degrees) == len(wanted["months"])


@pytest.mark.parametrize("wanted", R["medians"], ids=lambda w: f"{w['transform']}-{w['what']}")
def test_quantiles_and_their_intervals_are_those_of_r(wanted):
    causes = (1, 2) if wanted["what"] == "any" else (1,)
    found = survival_quantile(
        table(), arm=wanted["arm"], causes=causes, free=wanted["free"],
        transform=wanted["transform"],
    )  # fmt: skip
    rises = wanted["transform"] == "plain" and (wanted["arm"], wanted["free"]) == (0, 0.75)
    for key in ("value", "lower", *(() if rises else ("upper",))):  # R: where a limit rises again
        expected = np.inf if wanted[key] == "NA" else wanted[key]
        assert getattr(found, key) == expected


# --- each against its definition, trial by trial ---


@pytest.mark.parametrize("grid", [None, 3.0])
def test_many_trials_at_once_are_each_trial_alone(grid):
    time, cause, arm = random_trials(3, grid=grid)
    rng = np.random.default_rng(4)
    stratum, patient = rng.integers(0, 2, time.shape), rng.integers(0, 25, time.shape)
    covariate = rng.normal(size=time.shape)
    every = {
        "fh": lambda t, x: fleming_harrington(t, 0.5, 1.0).z,
        "combo": lambda t, x: max_combo(t).p_value,
        "gray": lambda t, x: gray_test(t, robust=True).z,
        "cox": lambda t, x: cox_ratio(t, stratified=True).log_ratio,
        "fine_gray": lambda t, x: fine_gray_ratio(t, stratified=True).standard_error,
        "adjusted": lambda t, x: cox_regression(t, x).arm.log_ratio,
        "median": lambda t, x: survival_quantile(t, arm=1).lower,
        "landmarks": lambda t, x: incidence_differences(t, [4.0, 9.0]).chi_square,
        "first": lambda t, x: logrank(t.first_events()).z,
        "one": lambda t, x: one_sample_logrank(t, lambda m: 0.03 * m).z,
    }
    columns = (time, cause, arm, patient, stratum)
    many = risk_table(*columns[:3], patient=patient, stratum=stratum)
    for name, run in every.items():
        together = run(many, covariate)
        for k, (t, c, a, p, s) in enumerate(rows_of(columns)):
            alone = run(risk_table(t, c, a, patient=p, stratum=s), covariate[k])
            assert together[k] == pytest.approx(float(alone), rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("grid", [None, 3.0])
def test_weighted_tests_are_their_definition(grid):
    time, cause, arm = random_trials(5, trials=3, grid=grid)
    pairs = [(0.0, 0.0), (1.0, 0.5), (0.0, 2.0)]
    score, covariance = weighted_scores(risk_table(time, cause, arm), pairs)
    for k, (t, c, a) in enumerate(rows_of((time, cause, arm))):
        wanted = naive.weighted_log_rank(t, c, a, pairs)
        assert score[k].tolist() == close(wanted[0])
        assert covariance[k].tolist() == [close(row) for row in wanted[1]]


def test_a_stratified_ratio_solves_the_sum_of_the_strata_s_scores():
    time, cause, arm = random_trials(6, trials=3, grid=2.0)
    stratum = np.random.default_rng(7).integers(0, 3, time.shape)
    t = risk_table(time, cause, arm, stratum=stratum)
    cox, fine_gray = cox_ratio(t, stratified=True), fine_gray_ratio(t, stratified=True)
    for k, (x, c, a, s) in enumerate(rows_of((time, cause, arm, stratum))):
        parts = [(x[s == n], c[s == n], a[s == n]) for n in range(3)]
        for score, found in ((naive.cox_score, cox), (naive.fine_gray_score, fine_gray)):
            total = sum(score(*part, float(found.log_ratio[k])) for part in parts)
            assert total == pytest.approx(0.0, abs=1e-8)


def test_an_adjusted_ratio_maximizes_efron_s_likelihood():
    time, cause, arm = random_trials(8, trials=3, grid=2.0)
    z = np.random.default_rng(9).normal(size=(*time.shape, 2))
    found = cox_regression(risk_table(time, cause, arm), z)
    for k, (t, c, a) in enumerate(rows_of((time, cause, arm))):
        x = np.column_stack([a, z[k]])
        best = optimize.minimize(
            lambda beta, t=t, c=c, x=x: -naive.efron_log_likelihood(t, c, x, beta),
            np.zeros(3), method="BFGS", options={"gtol": 1e-6},
        ).x  # fmt: skip
        assert found.coefficients[k].tolist() == pytest.approx(best.tolist(), abs=1e-4)


@pytest.mark.parametrize("grid", [None, 3.0])
def test_influences_are_what_a_little_more_weight_changes(grid):
    """Numerical slopes of the weighted estimates, one lesion at a time."""
    time, cause, arm = random_trials(10, trials=1, grid=grid)
    t, c, a = time[0], cause[0], arm[0]
    patient = np.random.default_rng(11).integers(0, 25, len(t))
    marks = [4.0, 9.0]
    at_landmarks, slopes = [], []
    for i in range(len(t)):
        weights = [np.where(np.arange(len(t)) == i, 1.0 + e, 1.0) for e in (-1e-6, 1e-6)]
        gray = [naive.gray_functional(t, c, a, w) for w in weights]
        slopes.append((gray[1] - gray[0]) / 2e-6)
        gaps = [
            [
                naive.weighted_incidence(t, c, w * (a == 1), m)
                - naive.weighted_incidence(t, c, w * (a == 0), m)
                for m in marks
            ]
            for w in weights
        ]
        at_landmarks.append((np.array(gaps[1]) - gaps[0]) / 2e-6)
    known = risk_table(t, c, a, patient=patient)
    by_patient = np.bincount(patient, slopes)
    assert gray_score(known, robust=True)[1] == pytest.approx((by_patient**2).sum(), rel=1e-4)
    sums = np.stack([np.bincount(patient, column) for column in np.array(at_landmarks).T])
    found = incidence_differences(known, marks).covariance
    np.testing.assert_allclose(found, sums @ sums.T, rtol=1e-4, atol=1e-9)


def test_the_first_event_of_a_patient_is_its_definition():
    time, cause, arm = random_trials(12, trials=2, grid=3.0)
    patient = np.random.default_rng(13).integers(0, 20, time.shape)
    first = risk_table(time, cause, arm, patient=patient).first_events()
    for k, (t, c, p) in enumerate(rows_of((time, cause, patient))):
        wanted = []
        for number in np.unique(p):
            mine = [
                (x, {1: 0, 2: 1, 0: 2}[y])
                for x, y in zip(t[p == number], c[p == number], strict=True)
            ]
            wanted.append(min(mine))
        kept = first.members()[k]
        found = [
            (x, {1: 0, 2: 1, 0: 2}[int(y)])
            for x, y in zip(first.time[k][kept], first.cause[k][kept], strict=True)
        ]
        assert sorted(found) == sorted(wanted)


def test_a_median_is_where_half_are_left():
    time, cause, arm = random_trials(14, trials=4)
    found = survival_quantile(risk_table(time, cause, arm), arm=0)
    for k, (t, c, a) in enumerate(rows_of((time, cause, arm))):
        left = {x: naive.curves(t, c, a, 0, x)[0] for x in sorted(t[a == 0])}
        at, past = ([x for x in left if left[x] < 0.5 + e] for e in (1e-9, -1e-9))
        assert found.value[k] == (np.mean([at[0], (past or at)[0]]) if at else np.inf)


# --- where the data say nothing ---


def test_without_events_nothing_is_estimable_and_nothing_is_nan():
    nothing = risk_table(
        [1.0, 2.0, 3.0, 4.0], [0, 0, 0, 2], [0, 1, 0, 1], patient=[0, 1, 2, 3],
        stratum=[0, 0, 1, 1],
    )  # fmt: skip
    verdicts = [
        fleming_harrington(nothing, 0, 1),
        max_combo(nothing),
        gray_test(nothing, robust=True),
        incidence_differences(nothing, [1.0, 2.0]).test,
    ]
    for verdict in verdicts:
        assert (float(verdict.z), float(verdict.p_value), bool(verdict.estimable)) == (
            0.0,
            1.0,
            False,
        )
    ratios = [
        cox_ratio(nothing, stratified=True),
        fine_gray_ratio(nothing, stratified=True),
        cox_regression(nothing, [1.0, 0.0, 2.0, 1.0]).arm,
    ]
    for ratio in ratios:
        assert (float(ratio.log_ratio), bool(ratio.estimable)) == (0.0, False)
    median = survival_quantile(nothing, causes=(1,))
    assert not median.estimable
    assert (median.value, median.lower, median.upper) == (np.inf, np.inf, np.inf)


def test_a_ratio_with_events_in_one_arm_only_is_driven_away_with_covariates_too():
    one_sided = risk_table([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 1, 0])
    found = cox_regression(one_sided, [0.3, 0.1, 0.2, 0.5, 0.3, 0.9]).arm
    assert (found.log_ratio, bool(found.estimable)) == (np.inf, False)


def test_a_covariate_that_says_nothing_leaves_the_ratio_alone():
    """A stratum without events, or a constant, changes neither the ratio nor its error."""
    keep = (D["cause"] != 1) | (D["stratum"] != 2)
    rows = np.flatnonzero(keep)
    t = table(rows=rows)
    with_both = cox_regression(t, np.stack([(D["stratum"][rows] == s) * 1.0 for s in (1, 2)], -1))
    others = rows[D["stratum"][rows] != 2]
    without = cox_regression(table(rows=others), (D["stratum"][others] == 1) * 1.0)
    assert with_both.arm.log_ratio == pytest.approx(float(without.arm.log_ratio), abs=1e-6)
    assert with_both.arm.standard_error == pytest.approx(
        float(without.arm.standard_error), abs=1e-6
    )
    constant = cox_regression(t, np.ones(len(rows)))
    assert constant.arm.log_ratio == close(float(cox_ratio(t).log_ratio))
    assert constant.arm.standard_error == close(float(cox_ratio(t).standard_error))


def test_landmarks_between_which_nothing_happens_count_once():
    t = risk_table([3.0, 5.0, 24.0, 4.0, 24.0, 24.0], [1, 1, 0, 1, 0, 0], [1, 1, 1, 0, 0, 0])
    both, alone = (incidence_differences(t, marks) for marks in ([12.0, 18.0], [12.0]))
    assert int(both.degrees) == 1
    assert both.test.p_value == close(float(alone.test.p_value))


def test_the_p_value_of_four_grows_from_that_of_one():
    """Where all four are one statistic, the p value is that of a single test."""
    single = risk_table([1.0, 2.0, 3.0, 4.0], [1, 0, 0, 0], [1, 0, 1, 0])  # one event: S is 1
    assert max_combo(single).p_value == close(float(logrank(single).p_value), rel=1e-6)
    rows = D["stratum"] == 1
    four, one = max_combo(table(rows=rows)), fleming_harrington(table(rows=rows), 0, 0)
    largest = max(abs(float(fleming_harrington(table(rows=rows), *w).z)) for w in COMBINED)
    assert 2.0 * stats.norm.sf(largest) < four.p_value < 4.0 * 2.0 * stats.norm.sf(largest)
    assert abs(one.z) <= largest


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: fleming_harrington(t, -1, 0), "rho must be 0 or more"),
        (lambda t: incidence_differences(t, []), "months must name each landmark once"),
        (lambda t: incidence_differences(t, [3.0, 3.0]), "months must name each landmark once"),
        (lambda t: cox_regression(t, [1.0]), "covariates must have the shape of time"),
        (lambda t: cox_regression(t, [1.0, np.inf]), "covariates must be finite"),
        (lambda t: one_sample_logrank(t, np.zeros_like, variance="null"), "variance"),
        (lambda t: survival_quantile(t, free=1.5), "free must lie between 0 and 1"),
        (lambda t: t.first_events(), "first events need patients"),
        (lambda t: gray_test(t, robust=True), "a robust variance needs patients"),
        (lambda t: cox_ratio(t, stratified=True), "needs strata"),
    ],
)
def test_what_means_nothing_is_one_line(call, message):
    with pytest.raises(ValueError, match=message) as mistake:
        call(risk_table([1.0, 2.0], [1, 0], [0, 1]))
    assert "\n" not in str(mistake.value)


# --- type-I error, with death in the picture ---

DESIGN = TrialDesign(
    patients=400, accrual=UniformAccrual(months=12.0), minimum_follow_up=24.0,
    drop_out_hazard=0.005,
)  # fmt: skip
STRATIFIED = replace(DESIGN, strata=(Stratum(share=1.0), Stratum(share=1.0, hazard_ratio=2.0)))
CLUSTERED = replace(DESIGN, lesions=(0.6, 0.3, 0.1), frailty=1.0)
ALIKE = (StatedArm(failure_hazard=0.015, death_hazard=0.03),) * 2
MARKS = Settings(landmarks=(6.0, 12.0, 24.0))
ERRORS = [
    (DESIGN, ("logrank_weighted", "maxcombo", "incidence_differences")),
    (STRATIFIED, ("cox_stratified", "cox_adjusted", "fine_gray_stratified")),
    (CLUSTERED, ("gray_cluster_robust", "fine_gray_cluster_robust", "incidence_differences")),
    (CLUSTERED, tuple(FIRST)),
]


def errors(design, names, trials, seed):
    plan = TrialPlan(design=design, arms=ALIKE, analyses=names, settings=MARKS)
    shown = run_trials(plan, trials, seed=seed)
    return {name: rejections(o, 0.05).mean() for name, o in shown.outcomes.items()}


@pytest.mark.parametrize(("design", "names"), ERRORS)
def test_the_type_one_error_is_the_level(design, names):
    """At 4 errors one of these 14 would fail by chance for one seed in a thousand."""
    wanted = pytest.approx(0.05, abs=4.0 * mc_error(0.05, 1000))
    assert errors(design, names, 1000, seed=11) == dict.fromkeys(names, wanted)


@pytest.mark.slow
@pytest.mark.parametrize(("design", "names"), ERRORS)
def test_the_type_one_error_is_the_level_in_many_trials(design, names):
    """At 3 errors one of these 14 would fail by chance for one seed in 27; the seed is fixed."""
    wanted = pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))
    assert errors(design, names, 40_000, seed=3) == dict.fromkeys(names, wanted)


def test_lesions_that_fail_together_fool_the_tests_that_do_not_know_it():
    fooled = errors(CLUSTERED, ("gray", "fine_gray"), 1000, seed=11)
    assert min(fooled.values()) > 0.05 + 2.0 * mc_error(0.05, 1000)


def test_a_weighted_test_sees_an_effect_that_comes_late():
    late = tuple(
        StatedArm(failure_pieces=Pieces(until=(8.0,), hazards=(0.03, hazard)), death_hazard=0.02)
        for hazard in (0.03, 0.01)
    )
    names = ("logrank", "logrank_weighted", "maxcombo")
    shown = run_trials(TrialPlan(design=DESIGN, arms=late, analyses=names), 500, seed=1)
    power = {name: rejections(o, 0.05).mean() for name, o in shown.outcomes.items()}
    assert power["logrank_weighted"] > power["maxcombo"] > power["logrank"] + 0.05


# --- single arms ---


@pytest.mark.parametrize("name", ["lee_liu", "lee_liu_other"])
def test_designs_by_predictive_probability_are_those_that_r_enumerates(name):
    """The first is the example of Lee and Liu (2008): 0.088, 0.906, 27.67, 0.86."""
    wanted = R[name]
    found = predictive_design(
        wanted["patients"], wanted["p0"], wanted["p1"], threshold=wanted["threshold"],
        futility=wanted["futility"], first=wanted["first"], prior=tuple(wanted["prior"]),
    )  # fmt: skip
    assert list(found.stops) == wanted["limits"]
    for key in ("alpha", "power", "expected", "early"):
        assert getattr(found, key) == close(wanted[key])


def test_predictive_probabilities_are_those_of_r():
    for x, wanted in zip(*R["predictive"].values(), strict=True):
        assert predictive_probability(x, 20, 36, 0.2) == close(wanted)


def test_the_smallest_design_keeps_what_was_asked_and_no_smaller_one_does():
    found = smallest_predictive_design(0.2, 0.4, alpha=0.1, power=0.9)
    assert (found.alpha <= 0.1, found.power >= 0.9) == (True, True)
    assert found.patients <= simon_design(0.2, 0.4, alpha=0.1, power=0.9, kind="minimax").patients
    with pytest.raises(ValueError, match="most: no design of up to"):
        smallest_predictive_design(0.2, 0.4, alpha=0.1, power=0.9, most=found.patients - 1)


SINGLE = TrialDesign(patients=50, accrual=UniformAccrual(months=12.0), minimum_follow_up=18.0)
BEFORE = StatedArm(failure_hazard=0.03, death_hazard=0.03)


@pytest.mark.parametrize(("variance", "trials"), [("mean", 2000), ("expected", 2000)])
def test_a_single_arm_keeps_its_one_sided_error(variance, trials):
    """The test as first proposed is too strict; with the mean of both it is near its level."""
    error = one_arm_power(SINGLE, BEFORE, BEFORE, variance=variance, trials=trials).value
    if variance == "mean":
        assert error == pytest.approx(0.05, abs=4.0 * mc_error(0.05, trials))
    else:
        assert error < 0.05


@pytest.mark.slow
def test_a_single_arm_keeps_its_one_sided_error_in_many_trials():
    large = replace(SINGLE, patients=200)
    error = one_arm_power(large, BEFORE, BEFORE, trials=40_000, seed=3).value
    assert error == pytest.approx(0.05, abs=3.0 * mc_error(0.05, 40_000))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predictive_probability(5, 4, 10, 0.2), "successes must be at most 4"),
        (lambda: predictive_probability(5, 14, 10, 0.2), "seen must be at most 10"),
        (lambda: predictive_design(10, 0.2, 0.4, first=12), "first"),
        (lambda: predictive_design(20, 0.2, 0.4, prior=(0.0, 1.0)), "prior must be above 0"),
        (lambda: smallest_predictive_design(0.4, 0.2), "p1 must be above p0"),
        (lambda: one_arm_power(SINGLE, BEFORE, BEFORE, alpha=1.5), "alpha must lie between"),
    ],
)
def test_impossible_single_arms_are_one_line(call, message):
    with pytest.raises(ValueError, match=message) as mistake:
        call()
    assert "\n" not in str(mistake.value)
